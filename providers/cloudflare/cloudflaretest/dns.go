package cloudflaretest

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// automatic is what the name servers give for a TTL of 1, and for every name that is
// proxied (https://developers.cloudflare.com/dns/manage-dns-records/reference/ttl/).
const automatic = 300

// DNS is what the name servers answer for the first zone of the name, over the
// records as they are at that moment: its SOA and NS records, addresses and CNAME
// records. There is nothing else in it.
//
// A proxied name has the addresses of the edge in place of its own, and so has a name
// of which one record alone is; an edge without IPv6 leaves its AAAA set
// empty (https://developers.cloudflare.com/dns/proxy-status/). A zone that is not
// active proxies nothing.
func (s *Server) DNS(zone string, edge ...netip.Addr) dns.Handler {
	return dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		m.Authoritative = true
		s.mu.Lock()
		s.first(zone).resolve(m, q.Question[0], edge)
		s.mu.Unlock()
		_ = w.WriteMsg(m) // a client that has gone asks again
	})
}

// resolve fills in the answer to one question. Names outside of the zone are refused.
func (z *Zone) resolve(m *dns.Msg, q dns.Question, edge []netip.Addr) {
	name := dns.CanonicalName(q.Name)
	apex := dns.Fqdn(z.Name)
	if !dns.IsSubDomain(apex, name) {
		m.Authoritative, m.Rcode = false, dns.RcodeRefused
		return
	}
	exists := name == apex
	for _, r := range z.Records {
		exists = exists || dns.IsSubDomain(name, dns.CanonicalName(r.Name))
	}
	switch {
	case name == apex && q.Qtype == dns.TypeSOA:
		m.Answer = append(m.Answer, z.soa())
	case name == apex && q.Qtype == dns.TypeNS:
		for _, server := range nameServers() {
			m.Answer = append(m.Answer, &dns.NS{Hdr: header(apex, dns.TypeNS, 86400), Ns: server + "."})
		}
	default:
		m.Answer = z.addresses(q.Name, q.Qtype, edge)
	}
	if !exists {
		m.Rcode = dns.RcodeNameError
	}
	if len(m.Answer) == 0 {
		m.Ns = append(m.Ns, z.soa())
	}
}

// addresses are the records of one type at a name, or its CNAME record.
func (z *Zone) addresses(name string, qtype uint16, edge []netip.Addr) (out []dns.RR) {
	for _, r := range z.Records {
		if !strings.EqualFold(dns.Fqdn(r.Name), name) || !r.proxiable() {
			continue
		}
		if r.Proxied && z.Status == "active" {
			return addressRecords(name, qtype, automatic, edge)
		}
		ttl := uint32(r.TTL) //nolint:gosec // G115: the fake lets no other TTL in
		if r.TTL == 1 {
			ttl = automatic
		}
		if r.Type == "CNAME" {
			return []dns.RR{&dns.CNAME{Hdr: header(name, dns.TypeCNAME, ttl), Target: dns.Fqdn(r.Content)}}
		}
		if a, err := netip.ParseAddr(r.Content); err == nil {
			out = append(out, addressRecords(name, qtype, ttl, []netip.Addr{a})...)
		}
	}
	return out
}

// addressRecords are records of those addresses that are of the type's family.
func addressRecords(name string, qtype uint16, ttl uint32, addrs []netip.Addr) (out []dns.RR) {
	for _, a := range addrs {
		switch {
		case qtype == dns.TypeA && a.Is4():
			out = append(out, &dns.A{Hdr: header(name, qtype, ttl), A: a.AsSlice()})
		case qtype == dns.TypeAAAA && a.Is6():
			out = append(out, &dns.AAAA{Hdr: header(name, qtype, ttl), AAAA: a.AsSlice()})
		}
	}
	return out
}

// soa is the zone's; negative answers are kept for half an hour.
func (z *Zone) soa() dns.RR {
	return &dns.SOA{
		Hdr: header(dns.Fqdn(z.Name), dns.TypeSOA, 1800), Ns: nameServers()[0] + ".", Mbox: "dns.example.net.",
		Serial: 1, Refresh: 10000, Retry: 2400, Expire: 604800, Minttl: 1800,
	}
}

func header(name string, rrtype uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}

// nameServers are those of every zone.
func nameServers() []string { return []string{"ada.ns.example.net", "lee.ns.example.net"} }
