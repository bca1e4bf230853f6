package cloudflaretest_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// answered returns the reply code and the answer's records, in zone-file form.
func answered(t *testing.T, server netip.AddrPort, name, qtype string) string {
	t.Helper()
	m := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.StringToType[qtype])
	in, _, err := new(dns.Client).ExchangeContext(t.Context(), m, server.String())
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{dns.RcodeToString[in.Rcode]}
	for _, rr := range in.Answer {
		lines = append(lines, strings.ReplaceAll(rr.String(), "\t", " "))
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "; ")
}

// What the name servers answer follows the records, the proxy's switch above all.
func TestDNS(t *testing.T) {
	s := cloudflaretest.Start(t)
	s.AddZone(cloudflaretest.Zone{Name: "example.org"})
	s.Put("example.org",
		cloudflaretest.Record{Type: "A", Name: "www", Content: "192.0.2.1", Proxied: true},
		cloudflaretest.Record{Type: "AAAA", Name: "www", Content: "2001:db8::1"},
		cloudflaretest.Record{Type: "A", Name: "@", Content: "192.0.2.2"},
		cloudflaretest.Record{Type: "A", Name: "@", Content: "192.0.2.3"},
		cloudflaretest.Record{Type: "CNAME", Name: "shop", Content: "shop.example.net", TTL: 120},
		cloudflaretest.Record{Type: "CNAME", Name: "docs", Content: "docs.example.net", Proxied: true},
		cloudflaretest.Record{Type: "A", Name: "a.b", Content: "192.0.2.4", TTL: 60})
	server := resolvertest.Serve(t, s.DNS("example.org", netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("198.51.100.2")))
	says := func(name, qtype, want string) {
		t.Helper()
		if got := answered(t, server, name, qtype); got != want {
			t.Errorf("%s %s: %s\nwant %s", name, qtype, got, want)
		}
	}
	says("www.example.org", "A", "NOERROR; www.example.org. 300 IN A 198.51.100.1; www.example.org. 300 IN A 198.51.100.2")
	says("www.example.org", "AAAA", "NOERROR")
	says("example.org", "A", "NOERROR; example.org. 300 IN A 192.0.2.2; example.org. 300 IN A 192.0.2.3")
	says("shop.example.org", "A", "NOERROR; shop.example.org. 120 IN CNAME shop.example.net.")
	says("docs.example.org", "A", "NOERROR; docs.example.org. 300 IN A 198.51.100.1; docs.example.org. 300 IN A 198.51.100.2")
	says("b.example.org", "A", "NOERROR")
	says("nobody.example.org", "A", "NXDOMAIN")
	says("www.example.net", "A", "REFUSED")
	says("example.org", "NS", "NOERROR; example.org. 86400 IN NS ada.ns.example.net.; example.org. 86400 IN NS lee.ns.example.net.")
	says("example.org", "SOA", "NOERROR; example.org. 1800 IN SOA ada.ns.example.net. dns.example.net. 1 10000 2400 604800 1800")

	s.Edit("example.org", func(r *cloudflaretest.Record) bool { r.Proxied = false; return true })
	says("www.example.org", "A", "NOERROR; www.example.org. 300 IN A 192.0.2.1")
	says("www.example.org", "AAAA", "NOERROR; www.example.org. 300 IN AAAA 2001:db8::1")
	s.Edit("example.org", func(r *cloudflaretest.Record) bool { r.Proxied = true; return true })
	s.SetStatus("example.org", "pending")
	says("www.example.org", "A", "NOERROR; www.example.org. 300 IN A 192.0.2.1")
}
