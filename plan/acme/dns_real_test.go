package acme_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

// A zone that BIND has signed, and a validating Unbound: with the zone's key, with
// another one, and with none.
func TestDNSSECOfRealServers(t *testing.T) {
	text := "$TTL 300\n@ IN SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ IN NS ns1\nns1 IN A 192.0.2.53\nwww IN A 8.8.4.10\n"
	signed := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": text}, Signed: true})
	ds := anchor(t, signed.Addr)
	for _, tt := range []struct {
		what    string
		anchors []string
		outcome acme.Outcome
		says    string
	}{
		{"the right key", []string{ds}, acme.Pass, "DNSSEC of www.example.org is valid"},
		{"a wrong key", []string{ds[:len(ds)-4] + "0000"}, acme.Fail, "is bogus: unbound ("},
		{"no key", nil, acme.Unknown, "is signed, and no resolver of the inventory validates it"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			u := dnsd.Unbound(t, dnsd.UnboundOptions{Stubs: map[string][]netip.AddrPort{"example.org": {signed.Addr}}, Anchors: tt.anchors})
			found := examineReal(t, signed.Addr, resolver.Server{Name: "unbound", Addr: u.Addr}, "D-DNSSEC")
			if len(found) != 1 || found[0].Outcome != tt.outcome || !strings.Contains(found[0].Summary, tt.says) {
				t.Errorf("%+v", found)
			}
		})
	}
}

// Real servers pass what the checks ask of name servers.
func TestDNSOfRealServers(t *testing.T) {
	text := "$TTL 3600\n@ IN SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ IN NS ns1\n@ IN A 8.8.4.1\nns1 IN A 192.0.2.53\nwww IN A 8.8.4.10\n@ IN CAA 0 issue \"letsencrypt.org\"\n"
	zones := map[string]string{"example.org": text}
	for name, start := range map[string]func(t *testing.T) netip.AddrPort{
		"BIND": func(t *testing.T) netip.AddrPort { return dnsd.BIND(t, dnsd.BINDOptions{Zones: zones}).Addr },
		"Knot": func(t *testing.T) netip.AddrPort { return dnsd.Knot(t, dnsd.KnotOptions{Zones: zones}).Addr },
	} {
		t.Run(name, func(t *testing.T) {
			at := start(t)
			u := dnsd.Unbound(t, dnsd.UnboundOptions{Stubs: map[string][]netip.AddrPort{"example.org": {at}}})
			for _, f := range examineReal(t, at, resolver.Server{Name: "unbound", Addr: u.Addr}, "D-APEX", "D-WWW", "D-AUTH", "D-RESOLV", "D-EXPECT",
				"D-SINGLE", "D-AAAA", "D-RESERVED", "D-CNAME", "D-TTL", "D-WAIT", "D-NEG", "D-NSOK", "D-CAA", "D-SPLIT") {
				if f.Outcome != acme.Pass {
					t.Errorf("%s: %s: %s", f.Check, f.Outcome, f.Summary)
				}
			}
		})
	}
}

// examineReal checks www.example.org at a server and a resolver, which is this
// machine's own, too.
func examineReal(t *testing.T, at netip.AddrPort, by resolver.Server, only ...string) []acme.Finding {
	t.Helper()
	client := resolver.New(resolver.Options{Timeout: dnsd.Patience})
	t.Cleanup(func() { _ = client.Close() })
	z := &acme.Zone{
		ZoneRef: plan.ZoneRef{Zone: "example.org."}, Provider: "bind", Live: &zone.Snapshot{Zone: "example.org."},
		Servers:   []resolver.NameServer{{Name: "ns1", Servers: []resolver.Server{{Name: "ns1", Addr: at}}}},
		Resolvers: []resolver.Server{by}, Inside: []resolver.Server{by},
	}
	s := &acme.Subject{Zone: z, Name: "www.example.org.", ACME: acme.HTTP01}
	for _, r := range records(t, s.Name, []string{"A 8.8.4.10"}) {
		s.Records = append(s.Records, acme.Record{RRset: r})
	}
	x := acme.New(acme.Options{DNS: client, Now: time.Now, Issuer: acme.Issuer{Name: "letsencrypt", Identities: []string{"letsencrypt.org"}}})
	return acme.Examined(t.Context(), x, []*acme.Subject{s}, acme.Selection{Only: only}).Findings
}

// anchor returns the DS record for the zone's key-signing key, as soon as the
// server has signed.
func anchor(t *testing.T, at netip.AddrPort) (ds string) {
	t.Helper()
	c := dns.Client{Net: "tcp", Timeout: dnsd.Patience}
	dnsd.Eventually(t, "a signed zone", func() bool {
		keys, _, err := c.Exchange(new(dns.Msg).SetQuestion("example.org.", dns.TypeDNSKEY), at.String())
		if err != nil {
			return false
		}
		sigs, _, err := c.Exchange(new(dns.Msg).SetQuestion("www.example.org.", dns.TypeRRSIG), at.String())
		for _, rr := range keys.Answer {
			if k, ok := rr.(*dns.DNSKEY); ok && k.Flags&dns.SEP != 0 && err == nil && len(sigs.Answer) > 0 {
				ds = strings.Join(strings.Fields(k.ToDS(dns.SHA256).String()), " ")
			}
		}
		return ds != ""
	})
	return ds
}
