package rfc2136

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// maxQuestions is up to how many sets a look asks one by one; above, a transfer
// takes less.
const maxQuestions = 64

// window is how many questions are sent ahead of their replies.
const window = 16

// question is a name and a type.
type question struct {
	name   zone.Name
	rrtype uint16
}

// Look asks the primary for the sets of keys, without recursion, and for a
// CNAME record at their names, which comes as the answer to the same question.
// It transfers the zone where answers cannot tell what the zone holds: for many
// keys, below a zone cut or a DNAME record, and where a wildcard may have
// answered.
func (p *Provider) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	s, err := p.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("look into %s at %v: %w", z, p.server, err)
	}
	defer s.close()
	return p.look(ctx, s, z, keys)
}

// lookAt is Look at one address of the primary.
func (p *Provider) lookAt(ctx context.Context, at netip.AddrPort, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	s, err := p.dialTo(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("look into %s at %v: %w", z, p.server, err)
	}
	defer s.close()
	return p.look(ctx, s, z, keys)
}

func (p *Provider) look(ctx context.Context, s *session, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	keys = slices.Compact(slices.SortedFunc(slices.Values(keys), zone.CompareKeys))
	for _, k := range keys {
		if !k.Name.IsSubdomainOf(z) {
			return nil, fmt.Errorf("look into %s: %s lies outside the zone", z, k)
		}
	}
	told := false
	var snap *zone.Snapshot
	var err error
	if len(keys) <= maxQuestions {
		snap, told, err = lookByQuestions(ctx, s, z, keys)
	}
	if err == nil && !told {
		snap, err = p.transfer(ctx, s, z)
		snap = only(snap, keys)
	}
	if err != nil {
		return nil, fmt.Errorf("look into %s at %v: %w", z, p.server, err)
	}
	return snap, nil
}

// only reduces a snapshot to keys, which are sorted, and the CNAME records at
// their names.
func only(snap *zone.Snapshot, keys []zone.Key) *zone.Snapshot {
	if snap == nil {
		return nil
	}
	names := make(map[zone.Name]bool, len(keys))
	out := &zone.Snapshot{Zone: snap.Zone}
	for _, k := range keys {
		names[k.Name] = true
		if set, ok := snap.Find(k); ok {
			out.RRsets = append(out.RRsets, set)
		}
	}
	for _, r := range snap.Others {
		if r.Type == "CNAME" && names[r.Name] {
			out.Others = append(out.Others, r)
		}
	}
	return out
}

// lookByQuestions returns told false when the answers do not tell what the zone
// holds.
func lookByQuestions(ctx context.Context, s *session, z zone.Name, keys []zone.Key) (snap *zone.Snapshot, told bool, err error) {
	questions := make([]question, len(keys))
	for i, k := range keys {
		questions[i] = question{k.Name, uint16(k.Type)}
	}
	replies, err := ask(ctx, s, questions)
	if err != nil {
		return nil, false, err
	}
	answers := make(map[question]answer, len(keys))
	for i, q := range questions {
		a, ok := readAnswer(replies[i], q)
		if !ok {
			return nil, false, nil
		}
		answers[q] = a
	}
	synthesized, err := fromWildcard(ctx, s, z, answers)
	if err != nil || synthesized {
		return nil, false, err
	}
	return assemble(z, questions, answers), true, nil
}

func assemble(z zone.Name, questions []question, answers map[question]answer) *zone.Snapshot {
	snap := &zone.Snapshot{Zone: z}
	for _, q := range questions {
		a := answers[q]
		if len(a.addrs) > 0 {
			key := zone.Key{Name: q.name, Type: zone.Type(q.rrtype)}
			snap.RRsets = append(snap.RRsets, zone.RRset{Key: key, TTL: a.ttl, Addrs: a.addrs})
		}
		if a.cname != "" {
			r := zone.Record{Name: q.name, Type: "CNAME", TTL: a.ttl, Data: a.cname}
			if !slices.Contains(snap.Others, r) { // A and AAAA were both asked for
				snap.Others = append(snap.Others, r)
			}
		}
	}
	snap.Sort()
	return snap
}

// answer is what a server answers with at the very name of a question: an
// address set, a CNAME record, or nothing.
type answer struct {
	ttl   zone.TTL
	addrs []netip.Addr
	cname string
}

func (a answer) empty() bool { return len(a.addrs) == 0 && a.cname == "" }

func (a answer) equal(b answer) bool {
	return a.ttl == b.ttl && a.cname == b.cname && slices.Equal(a.addrs, b.addrs)
}

// readAnswer returns false when the reply does not tell: it is an error or a
// referral, or comes through a DNAME record.
func readAnswer(m *message, q question) (a answer, ok bool) {
	if !m.authoritative || m.truncated || !tells(m) {
		return answer{}, false
	}
	for _, r := range m.answer {
		switch {
		case r.rrtype == dns.TypeDNAME:
			return answer{}, false
		case r.name != q.name:
			continue
		case r.rrtype == dns.TypeCNAME:
			data, err := m.data(r)
			if err != nil {
				return answer{}, false
			}
			a.cname, a.ttl = data, r.ttl
		case r.rrtype == q.rrtype:
			addr, ok := netip.AddrFromSlice(m.raw[r.off:r.end])
			if !ok {
				return answer{}, false
			}
			a.addrs = append(a.addrs, addr)
			a.ttl = max(a.ttl, r.ttl)
		}
	}
	slices.SortFunc(a.addrs, netip.Addr.Compare)
	a.addrs = slices.Compact(a.addrs)
	return a, true
}

// tells reports whether a reply is about the zone's contents; one that is not
// need not be signed, because nothing is believed for it.
func tells(m *message) bool {
	return m.rcode == dns.RcodeSuccess || m.rcode == dns.RcodeNameError
}

// fromWildcard tells whether one of the answers may have been made up from a
// wildcard (RFC 4592): one above its name answers with the same.
func fromWildcard(ctx context.Context, s *session, z zone.Name, answers map[question]answer) (bool, error) {
	above := map[question][]answer{}
	for q, a := range answers {
		if a.empty() {
			continue
		}
		for n := q.name; n != z; {
			n = n.Parent()
			if w := (question{wildcardBelow(n), q.rrtype}); w.name != q.name {
				above[w] = append(above[w], a)
			}
		}
	}
	questions := make([]question, 0, len(above))
	for w := range above {
		questions = append(questions, w)
	}
	replies, err := ask(ctx, s, questions)
	if err != nil {
		return false, err
	}
	for i, w := range questions {
		a, ok := readAnswer(replies[i], w)
		if !ok || slices.ContainsFunc(above[w], a.equal) {
			return true, nil
		}
	}
	return false, nil
}

func wildcardBelow(n zone.Name) zone.Name {
	if n == zone.Root {
		return "*."
	}
	return "*." + n
}

// ask sends all questions, a window of them ahead of the replies, which may
// come in any order (RFC 7766, section 7). The replies are in the order of the
// questions. Those that tell something are signed.
func ask(ctx context.Context, s *session, questions []question) ([]*message, error) {
	at := make(map[uint16]int, len(questions))
	replies := make([]*message, len(questions))
	for sent, got := 0, 0; got < len(questions); {
		if sent < len(questions) && sent-got < window {
			id, err := s.sendQuestion(ctx, questions[sent])
			if err != nil {
				return nil, err
			}
			at[id] = sent
			sent++
			continue
		}
		m, signed, err := s.receive(ctx)
		if err == nil && !signed && tells(m) {
			err = errUnsigned
		}
		if err != nil {
			return nil, fmt.Errorf("ask for %d sets: %w", len(questions), err)
		}
		i, ok := at[m.id]
		if !ok || replies[i] != nil {
			return nil, fmt.Errorf("ask for %d sets: a reply came twice", len(questions))
		}
		replies[i] = m
		got++
	}
	return replies, nil
}

func (s *session) sendQuestion(ctx context.Context, q question) (uint16, error) {
	m := new(dns.Msg).SetQuestion(string(q.name), q.rrtype)
	m.RecursionDesired = false
	id, err := s.send(ctx, m)
	if err != nil {
		return 0, fmt.Errorf("ask for %s %s: %w", q.name, dns.Type(q.rrtype), err)
	}
	return id, nil
}
