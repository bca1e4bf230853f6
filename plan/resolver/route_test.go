package resolver

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// routed is two zones with servers of their own, whose CNAMEs lead to each other
// and outside, and a resolver for the rest.
func routed(t *testing.T) Route {
	t.Helper()
	const soa = " 300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60"
	serve := func(recursive bool, lines ...string) []Server {
		z := resolvertest.NewZone(t, lines...)
		z.Recursive = recursive
		return []Server{udp(resolvertest.Serve(t, z))}
	}
	return Route{
		Zones: map[zone.Name][]Server{
			"example.org.": serve(false, "example.org."+soa,
				"www.example.org.   300 IN A 192.0.2.1",
				"in.example.org.     90 IN CNAME www.example.org.",
				"over.example.org.   80 IN CNAME host.example.net.",
				"out.example.org.    70 IN CNAME www.example.com.",
				"gone.example.org.   70 IN CNAME gone.example.net.",
				"lost.example.org.   70 IN CNAME lost.example.org.invalid.",
				"loop.example.org.   70 IN CNAME loop.example.net.",
				"back.example.org.   70 IN CNAME back.example.net.",
				"sub.example.org.   300 IN NS ns.sub.example.org."),
			"example.net.": serve(false, "example.net."+soa,
				"host.example.net.  200 IN A 192.0.2.2",
				"loop.example.net.   60 IN CNAME loop.example.org.",
				"back.example.net.   60 IN CNAME in.example.org."),
		},
		Resolvers: serve(true, "example.com."+soa, "www.example.com. 50 IN A 192.0.2.3"),
	}
}

func TestLookup(t *testing.T) {
	r := routed(t)
	c := newClient(t, patient)
	lines := []string{
		"www.example.org.  answered 300 192.0.2.1",
		"in.example.org.   answered 90 192.0.2.1 via www.example.org.",
		"over.example.org. answered 80 192.0.2.2 via host.example.net.",
		"out.example.org.  answered 50 192.0.2.3 via www.example.com.",
		"back.example.org. answered 60 192.0.2.1 via back.example.net. in.example.org. www.example.org.",
		"gone.example.org. NXDOMAIN 70 via gone.example.net.",
		"lost.example.org. REFUSED 70 via lost.example.org.invalid.",
		"loop.example.org. connection broken 60 via loop.example.net. loop.example.org. loop.example.net.",
		"none.example.org. NXDOMAIN 0",
		"www.example.com.  answered 50 192.0.2.3",
	}
	var keys []zone.Key
	for _, l := range lines {
		keys = append(keys, key(strings.Fields(l)[0], zone.A))
	}
	for i, a := range c.Lookup(t.Context(), r, keys) {
		if got, want := show(a), strings.Join(strings.Fields(lines[i])[1:], " "); got != want || a.Key != keys[i] {
			t.Errorf("%s: %s, want %s (%v)", a.Key, got, want, a.Err)
		}
		if a.Status.Definite() != (a.Err == nil) {
			t.Errorf("%s: %s with error %v", a.Key, a.Status, a.Err)
		}
	}
}

// A chain that goes on and on from zone to zone is given up.
func TestLookupOfALongChain(t *testing.T) {
	const soa = " 300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60"
	zones := [][]string{{"example.org." + soa}, {"example.net." + soa}}
	name := func(i int) string { return fmt.Sprintf("n%d.example.%s.", i, []string{"org", "net"}[i%2]) }
	for i := range 20 {
		zones[i%2] = append(zones[i%2], name(i)+" 300 IN CNAME "+name(i+1))
	}
	zones[0] = append(zones[0], name(20)+" 300 IN A 192.0.2.1")
	r := Route{Zones: map[zone.Name][]Server{
		"example.org.": {udp(resolvertest.Serve(t, resolvertest.NewZone(t, zones[0]...)))},
		"example.net.": {udp(resolvertest.Serve(t, resolvertest.NewZone(t, zones[1]...)))},
	}}
	got := newClient(t, patient).Lookup(t.Context(), r, []zone.Key{key(name(0), zone.A), key(name(10), zone.A)})
	if got[0].Status != Broken || got[1].Status != Answered || len(got[1].CNAME) != 10 {
		t.Errorf("%s; %s", show(got[0]), show(got[1]))
	}
}

// A zone's servers refer to the servers of what they have delegated: then the
// resolvers are asked, where there are any.
func TestLookupBelowADelegation(t *testing.T) {
	child := resolvertest.NewZone(t, "sub.example.org. 300 IN SOA ns.sub.example.org. h.example.org. 1 3600 600 86400 60", "www.sub.example.org. 30 IN A 192.0.2.4")
	child.Recursive = true
	parent := udp(resolvertest.Serve(t, referral("sub.example.org. 300 IN NS ns.sub.example.org.")))
	r := Route{Zones: map[zone.Name][]Server{"example.org.": {parent}}, Resolvers: []Server{udp(resolvertest.Serve(t, child))}}
	c := newClient(t, patient)
	k := []zone.Key{key("www.sub.example.org.", zone.A)}
	if a := c.Lookup(t.Context(), r, k)[0]; show(a) != "answered 30 192.0.2.4" || !a.Recurse {
		t.Errorf("%s %v", show(a), a.Err)
	}
	r.Resolvers = nil
	if a := c.Lookup(t.Context(), r, k)[0]; a.Status != Lame {
		t.Errorf("%s %v", show(a), a.Err)
	}
}

// One server after the other is asked until one is definite; the failure of the
// first counts where none is.
func TestLookupTurnsToTheNextServer(t *testing.T) {
	z := resolvertest.NewZone(t, exampleOrg...)
	z.Recursive = true
	good, dead, lame := udp(resolvertest.Serve(t, z)), udp(resolvertest.ClosedPort(t)), udp(resolvertest.Serve(t, referral("org. 300 IN NS a.example.net.")))
	c := newClient(t, patient)
	k := []zone.Key{key("www.example.org.", zone.A)}
	for _, tt := range []struct {
		servers []Server
		want    Status
	}{
		{[]Server{good}, Answered},
		{[]Server{dead, lame, good}, Answered},
		{[]Server{dead, lame}, ConnRefused},
		{[]Server{lame, dead}, Lame},
		{nil, Broken},
	} {
		a := c.Lookup(t.Context(), Route{Resolvers: tt.servers}, k)[0]
		if a.Status != tt.want || a.Server != good && a.Status == Answered || (a.Err == nil) != (a.Status == Answered) {
			t.Errorf("%v: %s from %s (%v)", tt.servers, a.Status, a.Server, a.Err)
		}
		if tt.servers == nil && a.Err.Error() != "ask for www.example.org. A: no server is known that could be asked" {
			t.Errorf("without a server: %v", a.Err)
		}
		if !slices.Contains(tt.servers, a.Server) && tt.servers != nil {
			t.Errorf("%s was not asked", a.Server)
		}
	}
}

// referral answers everything with one NS record and no authority.
func referral(ns string) dns.Handler {
	return handler(func(m *dns.Msg) {
		m.Authoritative = false
		m.Ns = []dns.RR{rr(ns)}
	})
}
