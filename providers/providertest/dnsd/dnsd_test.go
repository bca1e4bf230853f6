package dnsd_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

const exampleZone = `$ORIGIN example.test.
$TTL 300
@   IN SOA ns1 hostmaster 1 3600 600 86400 60
@   IN NS ns1
ns1 IN A 127.0.0.1
www 172800 IN A 192.0.2.1
`

func zones() map[string]string { return map[string]string{"example.test": exampleZone} }

func change(s *dnsd.Server, ttl, from, to string) {
	s.Update("example.test", []string{"www A " + from}, []string{"www " + ttl + " A " + to})
}

func TestPrimariesTakeUpdates(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *dnsd.Server{
		"BIND": func(tb testing.TB) *dnsd.Server { return dnsd.BIND(tb, dnsd.BINDOptions{Zones: zones()}) },
		"Knot": func(tb testing.TB) *dnsd.Server { return dnsd.Knot(tb, dnsd.KnotOptions{Zones: zones()}) },
		"PowerDNS": func(tb testing.TB) *dnsd.Server {
			return dnsd.PowerDNS(tb, dnsd.PowerDNSOptions{Zones: zones()})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			change(s, "60", "192.0.2.1", "192.0.2.2")
			if ttl, data := s.Answer(dns.TypeA, "www.example.test"); ttl != 60 || !slices.Equal(data, []string{"192.0.2.2"}) {
				t.Errorf("answer after the update: %d %v", ttl, data)
			}
			if !slices.Contains(s.AXFR("example.test"), "www.example.test.\t60\tIN\tA\t192.0.2.2") {
				t.Errorf("transfer: %q", s.AXFR("example.test"))
			}
			if len(s.Updates()) == 0 {
				t.Errorf("no update in the log:\n%s", s.Log())
			}
			s.Stop()
			s.Start()
			if _, data := s.Answer(dns.TypeA, "www.example.test"); !slices.Equal(data, []string{"192.0.2.2"}) {
				t.Errorf("answer after a restart: %v", data)
			}
		})
	}
}

func TestSecondaryFollowsAndFreezes(t *testing.T) {
	addr := dnsd.Reserve(t)
	primary := dnsd.BIND(t, dnsd.BINDOptions{Zones: zones(), Notify: []netip.AddrPort{addr}})
	secondary := dnsd.Knot(t, dnsd.KnotOptions{Listen: addr, Primary: primary, Secondary: []string{"example.test"}})
	serves := func(want string) func() bool {
		return func() bool {
			_, data := secondary.Answer(dns.TypeA, "www.example.test")
			return slices.Equal(data, []string{want})
		}
	}
	change(primary, "60", "192.0.2.1", "192.0.2.2")
	dnsd.Eventually(t, "the secondary follows", serves("192.0.2.2"))

	secondary.Freeze()
	notified := strings.Count(secondary.Log(), "notify, incoming")
	change(primary, "60", "192.0.2.2", "192.0.2.3")
	dnsd.Eventually(t, "the secondary is notified", func() bool {
		return strings.Count(secondary.Log(), "notify, incoming") > notified
	})
	if !serves("192.0.2.2")() {
		t.Error("a frozen secondary does not serve what it held")
	}
	secondary.Thaw()
	dnsd.Eventually(t, "the secondary catches up", serves("192.0.2.3"))
}

// tryUpdate adds an address to the zone, and returns what BIND answers. It fails
// the test where the answer is not signed.
func tryUpdate(t *testing.T, s *dnsd.Server, name string) string {
	t.Helper()
	m := new(dns.Msg).SetUpdate("example.test.")
	rr, err := dns.NewRR(name + ".example.test. 60 A 192.0.2.7")
	if err != nil {
		t.Fatal(err)
	}
	m.Insert([]dns.RR{rr})
	m.SetTsig(dns.Fqdn(s.Key.Name), dns.Fqdn(s.Key.Algorithm), 300, time.Now().Unix())
	c := &dns.Client{Net: "tcp", Timeout: dnsd.Patience, TsigSecret: map[string]string{dns.Fqdn(s.Key.Name): s.Key.Secret}}
	in, _, err := c.Exchange(m, s.Addr.String())
	if err != nil || in.IsTsig() == nil {
		t.Fatalf("update: %v, %v", in, err)
	}
	return dns.RcodeToString[in.Rcode]
}

// BIND says no and signs it: frozen, and where it cannot keep its journal. It
// goes on as before when that is over.
func TestBINDRefusesAndFails(t *testing.T) {
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: zones(), Control: true})
	serial := s.Serial("example.test")
	want := func(name, rcode string) {
		t.Helper()
		if got := tryUpdate(t, s, name); got != rcode {
			t.Errorf("%s: answered %s, want %s", name, got, rcode)
		}
		if rcode == "NOERROR" {
			serial++
		}
		_, data := s.Answer(dns.TypeA, name+".example.test")
		if is := s.Serial("example.test"); is != serial || (len(data) == 1) != (rcode == "NOERROR") {
			t.Errorf("%s: serial %d, want %d; the name has %v", name, is, serial, data)
		}
	}
	mend := s.BreakJournals()
	want("broken-first", "SERVFAIL")
	mend()
	want("mended", "NOERROR")
	mend = s.BreakJournals()
	want("broken", "SERVFAIL")
	mend()
	want("again", "NOERROR")
	s.Freeze()
	want("frozen", "REFUSED")
	s.Thaw()
	dnsd.Eventually(t, "updates are taken again", func() bool { return tryUpdate(t, s, "thawed") == "NOERROR" })
	serial++
	s.Stop()
	s.Start()
	want("restarted", "NOERROR")
	s.Freeze()
	want("frozen-again", "REFUSED")
}

func TestResolverCachesUnderFakeTime(t *testing.T) {
	primary := dnsd.BIND(t, dnsd.BINDOptions{Zones: zones()})
	r := dnsd.Unbound(t, dnsd.UnboundOptions{
		Stubs:    map[string][]netip.AddrPort{"example.test": {primary.Addr}},
		FakeTime: true,
	})
	if ttl, data := r.Answer(dns.TypeA, "www.example.test"); ttl != 172800 || !slices.Equal(data, []string{"192.0.2.1"}) {
		t.Fatalf("first answer: %d %v", ttl, data)
	}
	change(primary, "60", "192.0.2.1", "192.0.2.2")
	r.SetFakeTime(24 * time.Hour)
	if ttl, data := r.Answer(dns.TypeA, "www.example.test"); ttl < 86000 || ttl > 86400 || !slices.Equal(data, []string{"192.0.2.1"}) {
		t.Errorf("after a day: %d %v", ttl, data)
	}
	r.SetFakeTime(48*time.Hour + time.Minute)
	if ttl, data := r.Answer(dns.TypeA, "www.example.test"); ttl > 60 || !slices.Equal(data, []string{"192.0.2.2"}) {
		t.Errorf("after two days: %d %v", ttl, data)
	}
}

// A resolver like an authority's keeps nothing, whatever the TTL, beside a cache that
// does.
func TestResolverLikeAuthority(t *testing.T) {
	primary := dnsd.BIND(t, dnsd.BINDOptions{Zones: zones()})
	stubs := map[string][]netip.AddrPort{"example.test": {primary.Addr}}
	cache := dnsd.Unbound(t, dnsd.UnboundOptions{Stubs: stubs})
	like := dnsd.Unbound(t, dnsd.UnboundOptions{Stubs: stubs, LikeAuthority: true})
	for _, r := range []*dnsd.Server{cache, like} {
		if _, data := r.Answer(dns.TypeA, "www.example.test"); !slices.Equal(data, []string{"192.0.2.1"}) {
			t.Fatalf("first answer: %v", data)
		}
		r.Answer(dns.TypeA, "new.example.test")
	}
	change(primary, "172800", "192.0.2.1", "192.0.2.2")
	primary.Update("example.test", nil, []string{"new 60 A 192.0.2.3"})
	for _, tt := range []struct {
		r        *dnsd.Server
		www, new []string
	}{{cache, []string{"192.0.2.1"}, nil}, {like, []string{"192.0.2.2"}, []string{"192.0.2.3"}}} {
		_, www := tt.r.Answer(dns.TypeA, "www.example.test")
		_, made := tt.r.Answer(dns.TypeA, "new.example.test")
		if !slices.Equal(www, tt.www) || !slices.Equal(made, tt.new) {
			t.Errorf("www %v, new %v; want %v, %v", www, made, tt.www, tt.new)
		}
	}
}

func TestResolverClampsAndServesExpired(t *testing.T) {
	primary := dnsd.BIND(t, dnsd.BINDOptions{Zones: zones()})
	change(primary, "60", "192.0.2.1", "192.0.2.2")
	stubs := map[string][]netip.AddrPort{"example.test": {primary.Addr}}
	clamp := dnsd.Unbound(t, dnsd.UnboundOptions{Stubs: stubs, CacheMin: 2 * time.Hour})
	if ttl, _ := clamp.Answer(dns.TypeA, "www.example.test"); ttl != 7200 {
		t.Errorf("a resolver with a minimum shows TTL %d", ttl)
	}
	stale := dnsd.Unbound(t, dnsd.UnboundOptions{Stubs: stubs, ServeExpired: true, FakeTime: true})
	stale.Answer(dns.TypeA, "www.example.test")
	change(primary, "60", "192.0.2.2", "192.0.2.3")
	stale.SetFakeTime(5 * time.Minute)
	if _, data := stale.Answer(dns.TypeA, "www.example.test"); !slices.Equal(data, []string{"192.0.2.2"}) {
		t.Errorf("a resolver that serves expired answers gave %v", data)
	}
	dnsd.Eventually(t, "the stale resolver learns the new address", func() bool {
		_, data := stale.Answer(dns.TypeA, "www.example.test")
		return slices.Equal(data, []string{"192.0.2.3"})
	})
}
