package rfc2136

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

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

// readAnswer returns an errUntold when the reply is an error and, unless what
// is shown is enough, when it is a referral or comes through a DNAME record.
func readAnswer(m *message, q question, how reading) (answer, error) {
	switch {
	case m.truncated || !tells(m):
		return answer{}, fmt.Errorf("%w: it is %s", errUntold, rcodeName(m.rcode))
	case !m.authoritative && !m.refers(), !m.authoritative && how == whole:
		return answer{}, fmt.Errorf("%w: it is not authoritative", errUntold)
	case !m.authoritative:
		return m.collect(m.additional, q)
	case !slices.ContainsFunc(m.answer, func(r record) bool { return r.rrtype == dns.TypeDNAME }):
		return m.collect(m.answer, q)
	case how == whole:
		return answer{}, fmt.Errorf("%w: it comes through a DNAME record", errUntold)
	}
	return answer{}, nil
}

// tells reports whether a reply is about the zone's contents; one that is not
// need not be signed, because nothing is believed for it.
func tells(m *message) bool {
	return m.rcode == dns.RcodeSuccess || m.rcode == dns.RcodeNameError
}

// refers tells a referral to the servers of a zone below.
func (m *message) refers() bool {
	return len(m.answer) == 0 && slices.ContainsFunc(m.authority, func(r record) bool { return r.rrtype == dns.TypeNS })
}

// collect takes what is at the very name of q out of a section.
func (m *message) collect(section []record, q question) (a answer, err error) {
	for _, r := range section {
		switch {
		case r.name != q.name:
			continue
		case r.rrtype == dns.TypeCNAME:
			if a.cname, err = m.data(r); err != nil {
				return answer{}, fmt.Errorf("%w: %w", errUntold, err)
			}
			a.ttl = r.ttl
		case r.rrtype == q.rrtype:
			addr, ok := netip.AddrFromSlice(m.raw[r.off:r.end])
			if !ok {
				return answer{}, fmt.Errorf("%w: it holds no address", errUntold)
			}
			a.addrs = append(a.addrs, addr)
			a.ttl = max(a.ttl, r.ttl)
		}
	}
	slices.SortFunc(a.addrs, netip.Addr.Compare)
	a.addrs = slices.Compact(a.addrs)
	return a, nil
}

// dropSynthesized empties the answers that a wildcard made up (RFC 4592).
func dropSynthesized(ctx context.Context, s *session, z zone.Name, answers map[question]answer, how reading) error {
	suspects, err := likeWildcard(ctx, s, z, answers, how)
	if err != nil || len(suspects) == 0 {
		return err
	}
	probes := make([]question, len(suspects))
	for i, q := range suspects {
		if probes[i] = (question{probeBelow(q.name), q.rrtype}); len(probes[i].name) > maxName {
			return fmt.Errorf("ask for %s %s: %w: a wildcard has the same", q.name, dns.Type(q.rrtype), errUntold)
		}
	}
	replies, err := ask(ctx, s, probes)
	if err != nil {
		return err
	}
	for i, q := range suspects {
		a, err := readAnswer(replies[i], probes[i], how)
		switch {
		case err != nil:
			return fmt.Errorf("ask for %s: %w", probes[i].name, err)
		case a.equal(answers[q]):
			answers[q] = answer{}
		}
	}
	return nil
}

// probeBelow is a name that only a wildcard above n answers for, and only if n
// does not exist: below a name that does, the closest encloser is that name or
// the wildcard right below it (RFC 4592, section 3.3.1), and neither has a
// wildcard that fits.
func probeBelow(n zone.Name) zone.Name { return "_dnsplan-exists." + wildcardBelow(n) }

// maxName is how long a name may be in text to fit the wire for certain.
const maxName = 254

// likeWildcard returns the questions whose answer a wildcard above the name has
// too.
func likeWildcard(ctx context.Context, s *session, z zone.Name, answers map[question]answer, how reading) ([]question, error) {
	above := map[question][]question{}
	for q, a := range answers {
		if a.empty() {
			continue
		}
		for n := q.name; n != z; {
			n = n.Parent()
			if w := (question{wildcardBelow(n), q.rrtype}); w.name != q.name {
				above[w] = append(above[w], q)
			}
		}
	}
	wildcards := make([]question, 0, len(above))
	for w := range above {
		wildcards = append(wildcards, w)
	}
	replies, err := ask(ctx, s, wildcards)
	if err != nil {
		return nil, err
	}
	suspects := map[question]bool{}
	for i, w := range wildcards {
		a, err := readAnswer(replies[i], w, how)
		if err != nil {
			return nil, fmt.Errorf("ask for %s %s: %w", w.name, dns.Type(w.rrtype), err)
		}
		for _, q := range above[w] {
			if a.equal(answers[q]) {
				suspects[q] = true
			}
		}
	}
	out := make([]question, 0, len(suspects))
	for q := range suspects {
		out = append(out, q)
	}
	return out, nil
}

func wildcardBelow(n zone.Name) zone.Name {
	if n == zone.Root {
		return "*."
	}
	return "*." + n
}
