package rfc2136

import (
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

// isNew tells whether the group has seen no address at the name.
func isNew(g providers.Group) bool {
	return !slices.ContainsFunc(g.Changes, func(c providers.Change) bool { return c.Before != nil })
}

// addGroup appends a group's prerequisites (RFC 2136, section 2.4) and updates
// (section 2.5) to m. Each old set is a value-dependent prerequisite, or its
// absence one; the CNAME record that goes is one too, and for a new name, that
// there is none: beside it, additions would be ignored (section 3.4.2.2).
func addGroup(m *dns.Msg, g providers.Group) {
	cname := &dns.CNAME{Hdr: header(g.Name, dns.TypeCNAME, dns.ClassINET, 0), Target: string(g.Replaces)}
	switch {
	case g.Replaces != "":
		m.Answer = append(m.Answer, cname)
		m.Ns = append(m.Ns, bare(g.Name, dns.TypeCNAME, dns.ClassANY))
	case isNew(g):
		m.Answer = append(m.Answer, bare(g.Name, dns.TypeCNAME, dns.ClassNONE))
	}
	for _, c := range g.Changes {
		rrtype := uint16(c.Key().Type)
		if c.Before == nil {
			m.Answer = append(m.Answer, bare(g.Name, rrtype, dns.ClassNONE))
		} else {
			m.Answer = append(m.Answer, addresses(*c.Before, 0)...)
			m.Ns = append(m.Ns, bare(g.Name, rrtype, dns.ClassANY))
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
func buildUpdate(z zone.Name, groups []providers.Group) *dns.Msg {
	m := new(dns.Msg).SetUpdate(string(z))
	m.Compress = true
	for _, g := range groups {
		addGroup(m, g)
	}
	return m
}

// split cuts a batch into as few messages as their size allows, in order. limit
// is the size of a message without its signature, in octets.
func split(b *providers.Batch, limit int) ([]*providers.Batch, error) {
	var out []*providers.Batch
	for groups := b.Groups; len(groups) > 0; {
		n := min(len(groups), maxNames)
		if !fits(b.Zone, groups[:n], limit) {
			n = sort.Search(n, func(i int) bool { return !fits(b.Zone, groups[:i+1], limit) })
		}
		if n == 0 {
			return nil, b.Refuse(groups[0].Changes[0].Key(), "it does not fit into one message of 64 KiB")
		}
		out = append(out, b.Part(groups[:n]...))
		groups = groups[n:]
	}
	return out, nil
}

// fits packs, because only that tells the size: names are compressed.
func fits(z zone.Name, groups []providers.Group, limit int) bool {
	packed, err := buildUpdate(z, groups).Pack()
	return err == nil && len(packed) <= limit
}
