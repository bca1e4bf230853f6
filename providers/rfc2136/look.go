package rfc2136

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
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
// It transfers the zone where that takes less, for many keys, and where answers
// do not tell what the zone holds: below a zone cut or a DNAME record.
//
// Of a server that refuses the transfer, all sets are asked for. Then glue is
// what a referral shows of it, and other records below a zone cut or a DNAME
// record count as absent; the prerequisites of a write find those that are not.
//
// The zone's SOA and NS records are in the snapshot too, because the negative TTL
// and the servers to ask follow from them.
func (p *Provider) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	s, err := p.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("look into %s at %v: %w", z, p.server, err)
	}
	defer s.close()
	snap, err := p.look(ctx, s, z, keys)
	if err != nil {
		return nil, err
	}
	apex, err := p.askApex(ctx, s.remote, z)
	if err != nil {
		return nil, fmt.Errorf("look into %s at %v: ask for the SOA record: %w", z, p.server, err)
	}
	if len(apex) == 0 {
		return nil, fmt.Errorf("look into %s at %v: %w: the server does not answer for it", z, p.server, providers.ErrZoneNotFound)
	}
	snap.Others = append(snap.Others, apex...)
	return snap, nil
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
	snap, err := p.lookSomehow(ctx, s, z, keys)
	if err != nil {
		return nil, fmt.Errorf("look into %s at %v: %w", z, p.server, err)
	}
	return snap, nil
}

// lookSomehow looks by questions where they tell enough and take less, else by
// a transfer, else by questions as far as they tell.
func (p *Provider) lookSomehow(ctx context.Context, s *session, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	if len(keys) <= maxQuestions {
		snap, err := lookByQuestions(ctx, s, z, keys, whole)
		if !errors.Is(err, errUntold) {
			return snap, err
		}
	}
	snap, err := p.transfer(ctx, s, z)
	if err == nil {
		return providers.Only(snap, keys), nil
	}
	if !errors.Is(err, providers.ErrNoListing) {
		return nil, err
	}
	again, err := p.dialTo(ctx, s.remote) // the server may close a connection that it refused something on
	if err != nil {
		return nil, err
	}
	defer again.close()
	return lookByQuestions(ctx, again, z, keys, shown)
}

// reading is what is made of replies to questions.
type reading uint8

const (
	whole reading = iota // they must tell what the zone holds, also what it does not serve
	shown                // what they do not show counts as absent
)

// errUntold: the replies do not tell what the zone holds.
var errUntold = errors.New("the answer does not tell what the zone holds")

// lookByQuestions returns an errUntold when the replies do not tell.
func lookByQuestions(ctx context.Context, s *session, z zone.Name, keys []zone.Key, how reading) (*zone.Snapshot, error) {
	questions := make([]question, len(keys))
	for i, k := range keys {
		questions[i] = question{k.Name, uint16(k.Type)}
	}
	replies, err := ask(ctx, s, questions)
	if err != nil {
		return nil, err
	}
	answers := make(map[question]answer, len(keys))
	for i, q := range questions {
		if answers[q], err = readAnswer(replies[i], q, how); err != nil {
			return nil, fmt.Errorf("ask for %s %s: %w", q.name, dns.Type(q.rrtype), err)
		}
	}
	if err := dropSynthesized(ctx, s, z, answers, how); err != nil {
		return nil, err
	}
	return assemble(z, questions, answers), nil
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
		m, err := s.receive(ctx)
		if err == nil && !m.signed && tells(m) {
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
