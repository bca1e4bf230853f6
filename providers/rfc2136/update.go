package rfc2136

import (
	"fmt"
	"net"
	"slices"
	"sort"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// maxNames bounds how many names are tried for one message: a name takes at
// least 40 octets, with a prerequisite and an update of its own.
const maxNames = dns.MaxMsgSize / 40

// group is the changes of one name, which stay in one message.
type group struct {
	name     zone.Name
	replaces zone.Name // target of the CNAME record that goes, or empty
	changes  []providers.Change
}

// groupChanges checks the changes and puts those of one name together, in the
// order in which the names first come.
func groupChanges(z zone.Name, changes []providers.Change) ([]group, error) {
	var groups []group
	at := map[zone.Name]int{}
	seen := map[zone.Key]bool{}
	for _, c := range changes {
		if err := validate(z, c); err != nil {
			return nil, err
		}
		key := c.Key()
		if seen[key] {
			return nil, refuse(c, "two changes of one RRset in one write")
		}
		seen[key] = true
		i, ok := at[key.Name]
		if !ok {
			i = len(groups)
			at[key.Name] = i
			groups = append(groups, group{name: key.Name})
		}
		g := &groups[i]
		if c.Replaces != "" && g.replaces != "" && c.Replaces != g.replaces {
			return nil, refuse(c, "A and AAAA replace different CNAME records")
		}
		g.replaces = max(g.replaces, c.Replaces)
		g.changes = append(g.changes, c)
	}
	return groups, nil
}

// validate refuses what the wire or the server cannot hold.
func validate(z zone.Name, c providers.Change) error {
	if c.Before == nil && c.After == nil {
		return fmt.Errorf("a change of nothing into nothing")
	}
	key := c.Key()
	switch {
	case !key.Name.IsSubdomainOf(z):
		return refuse(c, "the name lies outside the zone "+string(z))
	case key.Type != zone.A && key.Type != zone.AAAA:
		return refuse(c, "only A and AAAA are written")
	case c.Before != nil && c.Before.Foreign != "" || c.After != nil && c.After.Foreign != "":
		return fmt.Errorf("%s: %w", key, providers.ErrForeign)
	case c.After == nil && c.Replaces != "":
		return refuse(c, "a deletion replaces no CNAME record")
	case c.After == nil:
		return nil
	}
	return validateAfter(c, *c.After)
}

// validateAfter refuses an RRset that a server cannot hold. A TTL of 0 it can:
// it is what an RRset may go back to, whatever Limits say of new ones.
func validateAfter(c providers.Change, after zone.RRset) error {
	switch {
	case after.Key != c.Key():
		return refuse(c, "before and after have different keys")
	case after.Proxied:
		return refuse(c, "a DNS server has no proxy")
	case after.TTL > zone.MaxTTL:
		return refuse(c, "a TTL is at most 2147483647 seconds")
	case len(after.Addrs) == 0:
		return refuse(c, "an RRset without addresses")
	}
	for _, a := range after.Addrs {
		if !a.IsValid() || a.Zone() != "" || (after.Type == zone.A && !a.Unmap().Is4()) {
			return refuse(c, fmt.Sprintf("%v is no address for it", a))
		}
	}
	return nil
}

func refuse(c providers.Change, reason string) error {
	return &providers.RefusedError{Keys: []zone.Key{c.Key()}, Culprit: c.Key(), Reason: reason}
}

// adds tells whether the group leaves an address at the name.
func (g group) adds() bool {
	return slices.ContainsFunc(g.changes, func(c providers.Change) bool { return c.After != nil })
}

// isNew tells whether the group has seen no address at the name.
func (g group) isNew() bool {
	return !slices.ContainsFunc(g.changes, func(c providers.Change) bool { return c.Before != nil })
}

// addTo appends the group's prerequisites (RFC 2136, section 2.4) and updates
// (section 2.5) to m. Each old set is a value-dependent prerequisite, or its
// absence one; the CNAME record that goes is one too, and for a new name, that
// there is none: beside it, additions would be ignored (section 3.4.2.2).
func (g group) addTo(m *dns.Msg) {
	cname := &dns.CNAME{Hdr: header(g.name, dns.TypeCNAME, dns.ClassINET, 0), Target: string(g.replaces)}
	switch {
	case g.replaces != "":
		m.Answer = append(m.Answer, cname)
		m.Ns = append(m.Ns, bare(g.name, dns.TypeCNAME, dns.ClassANY))
	case g.isNew():
		m.Answer = append(m.Answer, bare(g.name, dns.TypeCNAME, dns.ClassNONE))
	}
	for _, c := range g.changes {
		rrtype := uint16(c.Key().Type)
		if c.Before == nil {
			m.Answer = append(m.Answer, bare(g.name, rrtype, dns.ClassNONE))
		} else {
			m.Answer = append(m.Answer, addresses(*c.Before, 0)...)
			m.Ns = append(m.Ns, bare(g.name, rrtype, dns.ClassANY))
		}
		if c.After != nil {
			m.Ns = append(m.Ns, addresses(*c.After, c.After.TTL)...)
		}
	}
}

func header(name zone.Name, rrtype, class uint16, ttl zone.TTL) dns.RR_Header {
	return dns.RR_Header{Name: string(name), Rrtype: rrtype, Class: class, Ttl: uint32(ttl)}
}

// bare is a record without data.
func bare(name zone.Name, rrtype, class uint16) dns.RR {
	return &dns.ANY{Hdr: header(name, rrtype, class, 0)}
}

func addresses(set zone.RRset, ttl zone.TTL) []dns.RR {
	out := make([]dns.RR, 0, len(set.Addrs))
	h := header(set.Name, uint16(set.Type), dns.ClassINET, ttl)
	for _, a := range set.Addrs {
		raw := a.As16() // an IPv4-mapped address in an AAAA set stays one
		if set.Type == zone.A {
			out = append(out, &dns.A{Hdr: h, A: net.IP(raw[12:])})
		} else {
			out = append(out, &dns.AAAA{Hdr: h, AAAA: net.IP(raw[:])})
		}
	}
	return out
}

// buildUpdate is the UPDATE message of groups.
func buildUpdate(z zone.Name, groups []group) *dns.Msg {
	m := new(dns.Msg).SetUpdate(string(z))
	m.Compress = true
	for _, g := range groups {
		g.addTo(m)
	}
	return m
}

// split cuts groups into as few messages as their size allows, in order. limit
// is the size of a message without its signature, in octets.
func split(z zone.Name, groups []group, limit int) ([][]group, error) {
	var out [][]group
	for len(groups) > 0 {
		n := min(len(groups), maxNames)
		if !fits(z, groups[:n], limit) {
			n = sort.Search(n, func(i int) bool { return !fits(z, groups[:i+1], limit) })
		}
		if n == 0 {
			return nil, &providers.RefusedError{
				Keys:    keysOf(groups[:1]),
				Culprit: groups[0].changes[0].Key(),
				Reason:  "it does not fit into one message of 64 KiB",
			}
		}
		out = append(out, groups[:n])
		groups = groups[n:]
	}
	return out, nil
}

// fits packs, because only that tells the size: names are compressed.
func fits(z zone.Name, groups []group, limit int) bool {
	packed, err := buildUpdate(z, groups).Pack()
	return err == nil && len(packed) <= limit
}

func keysOf(groups []group) []zone.Key {
	var keys []zone.Key
	for _, g := range groups {
		for _, c := range g.changes {
			keys = append(keys, c.Key())
		}
	}
	return keys
}
