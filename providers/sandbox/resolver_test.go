package sandbox_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/providers/sandbox"
)

const cacheZone = `
@     60 SOA ns1 host 1 1h 1h 1h 5
www    8 A 192.0.2.1
www    8 A 192.0.2.2
short  2 A 192.0.2.3
zero   0 A 192.0.2.4
alias  4 CNAME www
away   8 CNAME www.example.net.
gone   8 CNAME nowhere
loop   8 CNAME loop
sub    8 NS ns.example.net.
`

// bed is two authoritative servers over one store and a resolver in front.
type bed struct {
	clk      *clock
	store    *sandbox.Store
	auth     []*sandbox.Authority
	asked    atomic.Int32 // questions that reached an authoritative server
	resolver *sandbox.Resolver
}

func newBed(t testing.TB, text string, timeout time.Duration) *bed {
	t.Helper()
	b := &bed{clk: newClock()}
	b.store = storeOf(t, b.clk.Now, text)
	var ups []netip.AddrPort
	for _, name := range []string{"ns1", "ns2"} {
		a := authority(t, b.store, name, 0)
		a.Watch(func(dns.Question) { b.asked.Add(1) })
		b.auth = append(b.auth, a)
		ups = append(ups, a.Addr())
	}
	r, err := sandbox.StartResolver(t.Context(), sandbox.ResolverOptions{
		Name: "resolver-1", Upstreams: ups, Now: b.clk.Now, Timeout: timeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	closer(t, r)
	b.resolver = r
	return b
}

// wantAsked tells how many questions have reached the authoritative servers since the last look.
func (b *bed) wantAsked(t *testing.T, n int32) {
	t.Helper()
	if got := b.asked.Swap(0); got != n {
		t.Errorf("asked upstream %d times, want %d", got, n)
	}
}

const ra = "NOERROR rd ra\n"

func TestTTLCountsDownAndExpires(t *testing.T) {
	b := newBed(t, cacheZone, patience)
	answer := func(ttl int, addr string) string {
		return fmt.Sprintf(ra+"short.example.org. %d IN A %s", ttl, addr)
	}
	want(t, recurse(t, b.resolver, "short.example.org. A"), answer(2, "192.0.2.3"))
	put(t, b.store, strings.ReplaceAll(cacheZone, "192.0.2.3", "203.0.113.3"))
	for _, step := range []struct {
		wait time.Duration
		want string
	}{
		{999 * time.Millisecond, answer(2, "192.0.2.3")},
		{time.Millisecond, answer(1, "192.0.2.3")},
		{time.Second, answer(0, "192.0.2.3")}, // the last second, as Unbound
		{999 * time.Millisecond, answer(0, "192.0.2.3")},
		{time.Millisecond, answer(2, "203.0.113.3")},
		{2 * time.Second, answer(0, "203.0.113.3")},
	} {
		b.clk.advance(step.wait)
		want(t, recurse(t, b.resolver, "short.example.org. A"), step.want)
	}
	b.wantAsked(t, 2)
}

func TestNegativeAnswersAreRemembered(t *testing.T) {
	b := newBed(t, cacheZone, patience)
	neg := func(rcode string, ttl int) string {
		return fmt.Sprintf("%s rd ra\nns example.org. %d IN SOA ns1.example.org. host.example.org. 1 3600 3600 3600 5", rcode, ttl)
	}
	want(t, recurse(t, b.resolver, "new.example.org. A"), neg("NXDOMAIN", 5))
	want(t, recurse(t, b.resolver, "www.example.org. AAAA"), neg("NOERROR", 5))
	put(t, b.store, cacheZone+"new 8 A 192.0.2.9\nwww 8 AAAA 2001:db8::9\n")
	b.clk.advance(3 * time.Second)
	want(t, recurse(t, b.resolver, "NEW.example.org. AAAA"), neg("NXDOMAIN", 2)) // of the name, not the type
	want(t, recurse(t, b.resolver, "www.example.org. AAAA"), neg("NOERROR", 2))
	b.wantAsked(t, 2)
	b.clk.advance(3 * time.Second)
	want(t, recurse(t, b.resolver, "new.example.org. A"), ra+"new.example.org. 8 IN A 192.0.2.9")
	want(t, recurse(t, b.resolver, "www.example.org. AAAA"), ra+"www.example.org. 8 IN AAAA 2001:db8::9")
}

func TestDeletedNameStaysCached(t *testing.T) {
	b := newBed(t, cacheZone, patience)
	www := ra + "www.example.org. 8 IN A 192.0.2.1\nwww.example.org. 8 IN A 192.0.2.2"
	want(t, recurse(t, b.resolver, "www.example.org. A"), www)
	put(t, b.store, "@ 60 SOA ns1 host 2 1h 1h 1h 5\n")
	want(t, recurse(t, b.resolver, "www.example.org. AAAA"), "NXDOMAIN rd ra\nns example.org. 5 IN SOA ns1.example.org. host.example.org. 2 3600 3600 3600 5")
	want(t, recurse(t, b.resolver, "www.example.org. A"), www)
	b.resolver.Flush()
	want(t, recurse(t, b.resolver, "www.example.org. A"), "NXDOMAIN rd ra\nns example.org. 5 IN SOA ns1.example.org. host.example.org. 2 3600 3600 3600 5")
}

func TestEachLinkOfAChainHasItsOwnTTL(t *testing.T) {
	b := newBed(t, cacheZone, patience)
	chain := func(alias, www int) string {
		return fmt.Sprintf(ra+`alias.example.org. %d IN CNAME www.example.org.
			www.example.org. %d IN A 192.0.2.1
			www.example.org. %[2]d IN A 192.0.2.2`, alias, www)
	}
	want(t, recurse(t, b.resolver, "alias.example.org. CNAME"), ra+"alias.example.org. 4 IN CNAME www.example.org.")
	want(t, recurse(t, b.resolver, "alias.example.org. A"), chain(4, 8))
	b.clk.advance(4 * time.Second)
	want(t, recurse(t, b.resolver, "alias.example.org. A"), chain(0, 4))
	b.wantAsked(t, 2)
	b.clk.advance(time.Second) // the alias is fetched anew, and what comes with it
	want(t, recurse(t, b.resolver, "alias.example.org. A"), chain(4, 8))
	want(t, recurse(t, b.resolver, "WWW.example.org. A"), ra+"WWW.example.org. 8 IN A 192.0.2.1\nWWW.example.org. 8 IN A 192.0.2.2")
	b.wantAsked(t, 1)
}

func TestResolverRefusesAndFails(t *testing.T) {
	b := newBed(t, cacheZone, patience)
	for _, c := range []struct{ ask, want string }{
		{"away.example.org. A", "SERVFAIL rd ra"},    // the target is not served here
		{"www.example.net. A", "SERVFAIL rd ra"},     // nor is this
		{"www.sub.example.org. A", "SERVFAIL rd ra"}, // a referral to nowhere
		{"loop.example.org. A", "SERVFAIL rd ra"},    // an alias of itself
		{"example.org. AXFR", "REFUSED rd"},          // never
		{"www.example.org. ANY", ra + "www.example.org. 8 IN A 192.0.2.1\nwww.example.org. 8 IN A 192.0.2.2"},
		{"gone.example.org. A", "NXDOMAIN rd ra\ngone.example.org. 8 IN CNAME nowhere.example.org.\nns example.org. 5 IN SOA ns1.example.org. host.example.org. 1 3600 3600 3600 5"},
		{"zero.example.org. A", ra + "zero.example.org. 0 IN A 192.0.2.4"},
	} {
		t.Run(c.ask, func(t *testing.T) { want(t, recurse(t, b.resolver, c.ask), c.want) })
	}
	b.asked.Store(0)
	recurse(t, b.resolver, "zero.example.org. A")
	b.wantAsked(t, 1) // a TTL of 0 is not kept
	recurse(t, b.resolver, "www.example.org. A")
	want(t, ask(t, b.resolver, "www.example.org. A"), "REFUSED ra") // without RD: no look into the cache
}

func TestUpstreamsTakeTurns(t *testing.T) {
	b := newBed(t, cacheZone, patience)
	var first, second atomic.Int32
	b.auth[0].Watch(func(dns.Question) { first.Add(1) })
	b.auth[1].Watch(func(dns.Question) { second.Add(1) })
	for i := range 6 {
		recurse(t, b.resolver, fmt.Sprintf("n%d.example.org. A", i))
	}
	if first.Load() != 3 || second.Load() != 3 {
		t.Errorf("asked %d and %d times, want 3 each", first.Load(), second.Load())
	}
}

func TestABadUpstreamIsPassedOver(t *testing.T) {
	b := newBed(t, cacheZone, 100*time.Millisecond)
	answer := ra + "www.example.org. 8 IN A 192.0.2.1\nwww.example.org. 8 IN A 192.0.2.2"
	for name, f := range map[string]sandbox.Faults{
		"silent": {Silent: true}, "servfail": {ServFail: true}, "garbage": {Garbage: true},
	} {
		t.Run(name, func(t *testing.T) {
			b.auth[0].SetFaults(f)
			for range 2 { // whoever is first
				b.resolver.Flush()
				wantSoon(t, b.resolver, "www.example.org. A", answer)
			}
			b.auth[0].SetFaults(sandbox.Faults{})
		})
	}
	for _, a := range b.auth {
		a.SetFaults(sandbox.Faults{ServFail: true})
	}
	b.resolver.Flush()
	want(t, recurse(t, b.resolver, "www.example.org. A"), "SERVFAIL rd ra")
	for _, a := range b.auth {
		a.SetFaults(sandbox.Faults{})
	}
	wantSoon(t, b.resolver, "www.example.org. A", answer) // a failure is not remembered
}

// wantSoon asks until the reply is right: on a busy machine the good upstream
// may miss the short timeout of the test.
func wantSoon(t *testing.T, r *sandbox.Resolver, what, answer string) {
	t.Helper()
	got := recurse(t, r, what)
	for end := time.Now().Add(patience); got != answer && time.Now().Before(end); {
		got = recurse(t, r, what)
	}
	want(t, got, answer)
}

func TestLargeAnswersComeOverTCP(t *testing.T) {
	b := newBed(t, manyText(200), patience)
	q := question("many.example.org. A")
	q.RecursionDesired = true
	if m := exchange(t, "tcp", b.resolver.Addr(), q); len(m.Answer) != 200 || m.Truncated {
		t.Errorf("got %d records, tc %v", len(m.Answer), m.Truncated)
	}
	if m := exchange(t, "udp", b.resolver.Addr(), q); !m.Truncated {
		t.Error("no TC over UDP")
	}
	b.wantAsked(t, 2) // UDP, then TCP; then the cache
}

func TestClampingResolver(t *testing.T) {
	b := newBed(t, cacheZone, patience)
	b.resolver.SetPolicy(sandbox.CachePolicy{MinTTL: 12})
	want(t, recurse(t, b.resolver, "short.example.org. A"), ra+"short.example.org. 12 IN A 192.0.2.3")
	b.clk.advance(12 * time.Second)
	want(t, recurse(t, b.resolver, "short.example.org. A"), ra+"short.example.org. 0 IN A 192.0.2.3")
	b.wantAsked(t, 1)
}

func TestStaleResolver(t *testing.T) {
	b := newBed(t, cacheZone, patience)
	b.resolver.SetPolicy(sandbox.CachePolicy{ServeStale: true})
	recurse(t, b.resolver, "short.example.org. A")
	put(t, b.store, strings.ReplaceAll(cacheZone, "192.0.2.3", "203.0.113.3"))
	b.clk.advance(3 * time.Second)
	want(t, recurse(t, b.resolver, "short.example.org. A"), ra+"short.example.org. 30 IN A 192.0.2.3")
	want(t, recurse(t, b.resolver, "short.example.org. A"), ra+"short.example.org. 2 IN A 203.0.113.3")
	for _, a := range b.auth {
		a.SetFaults(sandbox.Faults{ServFail: true})
	}
	b.clk.advance(time.Hour)
	for range 3 {
		want(t, recurse(t, b.resolver, "short.example.org. A"), ra+"short.example.org. 30 IN A 203.0.113.3")
	}
}

func TestResolverNeedsAnUpstream(t *testing.T) {
	_, err := sandbox.StartResolver(t.Context(), sandbox.ResolverOptions{Name: "r"})
	if err == nil || err.Error() != "start server r: no upstream" {
		t.Errorf("got %v", err)
	}
}

func TestRepliesToOtherQuestionsAreNotBelieved(t *testing.T) {
	for name, spoil := range map[string]func(*dns.Msg){
		"another name":          func(m *dns.Msg) { m.Question[0].Name = "other.example.org." },
		"another type":          func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeAAAA },
		"no question":           func(m *dns.Msg) { m.Question = nil },
		"a query":               func(m *dns.Msg) { m.Response = false },
		"records of a stranger": func(m *dns.Msg) { m.Answer[0].Header().Name = "other.example.org." },
		"class CH":              func(m *dns.Msg) { m.Answer[0].Header().Class = dns.ClassCHAOS },
	} {
		t.Run(name, func(t *testing.T) {
			liar, err := sandbox.Serve(t.Context(), "liar", func(_ context.Context, q *dns.Msg) *dns.Msg {
				m := new(dns.Msg).SetReply(q)
				m.Answer = []dns.RR{&dns.A{
					Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 9},
					A:   net.IPv4(192, 0, 2, 66),
				}}
				spoil(m)
				return m
			})
			if err != nil {
				t.Fatal(err)
			}
			closer(t, liar)
			r, err := sandbox.StartResolver(t.Context(), sandbox.ResolverOptions{Name: "r", Upstreams: []netip.AddrPort{liar.Addr()}})
			if err != nil {
				t.Fatal(err)
			}
			closer(t, r)
			want(t, recurse(t, r, "www.example.org. A"), "SERVFAIL rd ra")
		})
	}
}
