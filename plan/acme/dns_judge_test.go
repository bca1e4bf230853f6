package acme

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/mpic"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// What this machine has no way to is no fault of the zone, and no pass either.
func TestDNSWithoutRoute(t *testing.T) {
	four := resolver.Server{Name: "ns1", Addr: netip.MustParseAddrPort("192.0.2.53:53")}
	six := resolver.Server{Name: "ns1", Addr: netip.MustParseAddrPort("[2001:db8::53]:53")}
	answer := func(s resolver.Server, t zone.Type, status resolver.Status) resolver.Answer {
		a := resolver.Answer{Query: resolver.Query{Server: s, Key: zone.Key{Name: "www.example.org.", Type: t}}, Status: status}
		if status == resolver.Answered {
			a.Addrs, a.TTL = []netip.Addr{netip.MustParseAddr("8.8.4.10")}, 300
		}
		return a
	}
	conduct := func(s resolver.Server, status resolver.Status) resolver.Conduct {
		t := resolver.Trial{Status: status, Good: status.Definite()}
		if !t.Good {
			t.Err = &resolver.QueryError{Server: s, Status: status}
		}
		return resolver.Conduct{Server: s, Alive: t, EDNS: t, Case: t, TCP: t, CAA: t, UnknownType: t}
	}
	for _, tt := range []struct {
		what      string
		four, six resolver.Status
		agree     Outcome
		conduct   Outcome
		because   ID
		says      string
	}{
		{"both answer", resolver.Answered, resolver.Answered, Pass, Pass, "", "the same answer comes from the one name server"},
		{"one has no route", resolver.Answered, resolver.NoRoute, Pass, Pass, "", "no way from here to ns1 ([2001:db8::53]:53)"},
		{"none has a route", resolver.NoRoute, resolver.NoRoute, Unknown, Unknown, "D-AUTH", "no way from here"},
		{"one has no route, the other is silent", resolver.Timeout, resolver.NoRoute, Fail, Unknown, "D-AUTH", "does not answer"},
		{"one is silent", resolver.Timeout, resolver.Answered, Pass, Fail, "", "the same answer comes from the one name server"},
		{"one has no route, the other is lame", resolver.Lame, resolver.NoRoute, Fail, Fail, "D-AUTH", "does not answer"},
		{"one is lame", resolver.Lame, resolver.Answered, Pass, Fail, "", "the same answer comes from the one name server"},
	} {
		s := &Subject{Name: "www.example.org.", Zone: &Zone{
			ZoneRef: plan.ZoneRef{Zone: "example.org."}, Servers: []resolver.NameServer{{Name: "ns1", Servers: []resolver.Server{four, six}}},
		}}
		got := judgeAgree(s, []resolver.Answer{answer(four, zone.A, tt.four), answer(six, zone.A, tt.six)}, nil, nil, func(_ []netip.Addr, share float64) string { return mpic.Words(share) })[0]
		if got.Outcome != tt.agree || !strings.Contains(got.Summary, tt.says) {
			t.Errorf("%s: %s: %s", tt.what, got.Outcome, got.Summary)
		}
		switch {
		case got.Outcome == Fail && tt.four == resolver.Lame:
			Offers(t, got, "Load zone example.org on ns1, or")
		case got.Outcome == Fail:
			Offers(t, got, "Repair ns1, or")
		}
		if got := judgeConduct(s, []resolver.Conduct{conduct(four, tt.four), conduct(six, tt.six)})[0]; got.Outcome != tt.conduct || got.Because != tt.because {
			t.Errorf("%s: conduct %s because of %q: %s", tt.what, got.Outcome, got.Because, got.Summary)
		}
	}
}
