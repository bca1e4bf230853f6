package resolver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

var exampleOrg = []string{
	"example.org.          3600 IN SOA ns1.example.org. hostmaster.example.org. 7 3600 600 86400 60",
	"example.org.          3600 IN NS  ns1.example.org.",
	"example.org.          3600 IN NS  ns2.example.net.",
	"ns1.example.org.       300 IN A    127.0.0.1",
	"www.example.org.       300 IN A    192.0.2.2",
	"www.example.org.       300 IN A    192.0.2.1",
	"www.example.org.       120 IN AAAA 2001:db8::1",
	"alias.example.org.      90 IN CNAME Second.Example.org.",
	"second.example.org.    600 IN CNAME www.example.org.",
	"out.example.org.        90 IN CNAME www.example.net.",
	"dangling.example.org.   90 IN CNAME gone.example.org.",
	"loop1.example.org.      90 IN CNAME loop2.example.org.",
	"loop2.example.org.      90 IN CNAME loop1.example.org.",
	`odd\.dot.example.org.   45 IN A 192.0.2.3`,
	`\032sp\255.example.org. 45 IN A 192.0.2.4`,
}

// newClient makes a Client whose timeout is long enough for a loaded machine
// and short enough for tests that need it to pass.
func newClient(tb testing.TB, o Options) *Client {
	tb.Helper()
	c := New(o)
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

// patient is for questions that a server does answer.
var patient = Options{Timeout: 20 * time.Second}

func key(name string, t zone.Type) zone.Key { return zone.Key{Name: zone.Name(name), Type: t} }

func udp(ap netip.AddrPort) Server { return Server{Name: "ns1", Protocol: UDP, Addr: ap} }

func addrs(s ...string) (out []netip.Addr) {
	for _, a := range s {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

func one(tb testing.TB, c *Client, q Query) Answer {
	tb.Helper()
	got := c.Ask(tb.Context(), []Query{q})
	if len(got) != 1 {
		tb.Fatalf("%d answers to one query", len(got))
	}
	if got[0].Query != q {
		tb.Errorf("answer to %v, asked %v", got[0].Query, q)
	}
	if a := got[0]; a.Status.Definite() != (a.Err == nil) {
		tb.Errorf("%v: status %v with error %v", q.Key, a.Status, a.Err)
	}
	if got[0].At.IsZero() {
		tb.Errorf("%v: no time", q.Key)
	}
	return got[0]
}

// TestAskZone reads like dig: the question, then status, TTL, data and chain.
func TestAskZone(t *testing.T) {
	auth := udp(resolvertest.Serve(t, resolvertest.NewZone(t, exampleOrg...)))
	c := newClient(t, patient)
	for _, tt := range []struct {
		name string
		typ  zone.Type
		want string
		neg  zone.TTL
	}{
		{"www.example.org.", zone.A, "answered 300 192.0.2.1 192.0.2.2", 0},
		{"www.example.org.", zone.AAAA, "answered 120 2001:db8::1", 0},
		{"ns1.example.org.", zone.AAAA, "no data 0", 60},
		{"nope.example.org.", zone.A, "NXDOMAIN 0", 60},
		{"alias.example.org.", zone.A, "answered 90 192.0.2.1 192.0.2.2 via second.example.org. www.example.org.", 0},
		{"second.example.org.", zone.AAAA, "answered 120 2001:db8::1 via www.example.org.", 0},
		{"out.example.org.", zone.A, "no data 90 via www.example.net.", 60},
		{"dangling.example.org.", zone.A, "NXDOMAIN 90 via gone.example.org.", 60},
		{`odd\.dot.example.org.`, zone.A, "answered 45 192.0.2.3", 0},
		{`\032sp\255.example.org.`, zone.A, "answered 45 192.0.2.4", 0},
		{"www.example.com.", zone.A, "REFUSED 0", 0},
		{".", zone.A, "REFUSED 0", 0},
	} {
		a := one(t, c, Query{Server: auth, Key: key(tt.name, tt.typ)})
		if got := show(a); got != tt.want {
			t.Errorf("%s %s: %s, want %s (%v)", tt.name, tt.typ, got, tt.want, a.Err)
		}
		if a.NegativeTTL != tt.neg {
			t.Errorf("%s %s: negative TTL %d, want %d", tt.name, tt.typ, a.NegativeTTL, tt.neg)
		}
		if a.Status.Definite() && !a.Authoritative {
			t.Errorf("%s %s: AA not seen", tt.name, tt.typ)
		}
	}
}

func show(a Answer) string {
	var s strings.Builder
	fmt.Fprint(&s, a.Status, " ", a.TTL)
	for _, x := range a.Addrs {
		s.WriteString(" " + x.String())
	}
	for i, n := range a.CNAME {
		if i == 0 {
			s.WriteString(" via")
		}
		s.WriteString(" " + string(n))
	}
	return s.String()
}

func TestCNAMELoopEnds(t *testing.T) {
	auth := udp(resolvertest.Serve(t, resolvertest.NewZone(t, exampleOrg...)))
	a := one(t, newClient(t, patient), Query{Server: auth, Key: key("loop1.example.org.", zone.A)})
	if a.Status != NoData || len(a.CNAME) < 2 {
		t.Errorf("loop: %s", show(a))
	}
}

// reply builds what a handler answers.
func reply(q *dns.Msg, change func(m *dns.Msg)) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(q)
	m.Authoritative = true
	change(m)
	return m
}

func rr(s string) dns.RR {
	r, err := dns.NewRR(s)
	if err != nil {
		panic(err)
	}
	return r
}

// handler answers with what change makes of a reply.
func handler(change func(m *dns.Msg)) dns.Handler {
	return dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(reply(q, change)) })
}

func ede(m *dns.Msg, code uint16, text string) {
	m.SetEdns0(1232, false)
	m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_EDE{InfoCode: code, ExtraText: text})
}

func TestStatuses(t *testing.T) {
	www := "www.example.org. 300 IN A 192.0.2.1"
	for _, tt := range []struct {
		what    string
		recurse bool
		reply   func(m *dns.Msg)
		want    Status
		err     string // part of it
	}{
		{"authoritative", false, func(m *dns.Msg) { m.Answer = []dns.RR{rr(www)} }, Answered, ""},
		{"cached answer of no authority", false, func(m *dns.Msg) {
			m.Answer, m.Authoritative = []dns.RR{rr(www)}, false
		}, Lame, "not authoritative"},
		{"NXDOMAIN of no authority", false, func(m *dns.Msg) { m.Rcode, m.Authoritative = 3, false }, Lame, "not authoritative"},
		{"referral to a resolver's client", true, func(m *dns.Msg) {
			m.Authoritative = false
			m.Ns = []dns.RR{rr("org. 300 IN NS a.example.net.")}
		}, Lame, "referral"},
		{"nothing, no recursion", true, func(m *dns.Msg) { m.Authoritative = false }, Lame, "referral"},
		{"nothing, with recursion", true, func(m *dns.Msg) {
			m.Authoritative, m.RecursionAvailable = false, true
		}, NoData, ""},
		{"resolver answers", true, func(m *dns.Msg) {
			m.Answer, m.Authoritative, m.RecursionAvailable = []dns.RR{rr(www)}, false, true
		}, Answered, ""},
		{"upper case owner", true, func(m *dns.Msg) { m.Answer = []dns.RR{rr("WWW.Example.ORG. 300 IN A 192.0.2.1")} }, Answered, ""},
		{"upper case question", true, func(m *dns.Msg) {
			m.Question[0].Name = "WWW.EXAMPLE.ORG."
			m.Answer = []dns.RR{rr(www)}
		}, Answered, ""},
		{"another name's answer", true, func(m *dns.Msg) { m.Answer = []dns.RR{rr("a.example.org. 300 IN A 192.0.2.1")} }, NoData, ""},
		{"SERVFAIL", true, func(m *dns.Msg) { m.Rcode = 2 }, ServFail, "SERVFAIL"},
		{"SERVFAIL with reason", true, func(m *dns.Msg) {
			m.Rcode = 2
			ede(m, 7, "RRSIG expired\x1b[31m")
		}, ServFail, "SERVFAIL (Signature Expired: RRSIG expired [31m)"},
		{"REFUSED", false, func(m *dns.Msg) { m.Rcode, m.Authoritative = 5, false }, Refused, "REFUSED"},
		{"REFUSED without the question", false, func(m *dns.Msg) { m.Rcode, m.Question = 5, nil }, Refused, "REFUSED"},
		{"NOTIMP", false, func(m *dns.Msg) { m.Rcode = 4 }, OtherRcode, "NOTIMP"},
		{"BADVERS", false, func(m *dns.Msg) {
			m.SetEdns0(1232, false)
			m.Rcode = dns.RcodeBadVers
		}, OtherRcode, "BADVERS"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			s := udp(resolvertest.Serve(t, handler(tt.reply)))
			a := one(t, newClient(t, patient), Query{Server: s, Key: key("www.example.org.", zone.A), Recurse: tt.recurse})
			if a.Status != tt.want {
				t.Errorf("%v, want %v (%v)", a.Status, tt.want, a.Err)
			}
			if tt.err == "" {
				return
			}
			for _, part := range []string{tt.err, s.Addr.String(), "ns1", "www.example.org. A"} {
				if !strings.Contains(fmt.Sprint(a.Err), part) {
					t.Errorf("error %q lacks %q", a.Err, part)
				}
			}
		})
	}
}

func TestEDEAndBits(t *testing.T) {
	var sent atomic.Pointer[dns.Msg]
	s := udp(resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		sent.Store(q)
		_ = w.WriteMsg(reply(q, func(m *dns.Msg) {
			m.Answer = []dns.RR{rr("www.example.org. 2147483648 IN A 192.0.2.1")}
			ede(m, 3, "")
			ede(m, 999, "own word")
		}))
	})))
	a := one(t, newClient(t, patient), Query{Server: s, Key: key("www.example.org.", zone.A), Recurse: true})
	if want := "Stale Answer; extended error 999: own word"; a.EDE != want {
		t.Errorf("EDE %q, want %q", a.EDE, want)
	}
	if a.TTL != 0 {
		t.Errorf("TTL %d; beyond 31 bits it is 0", a.TTL)
	}
	q := sent.Load()
	if o := q.IsEdns0(); o == nil || o.UDPSize() != 1232 || o.Do() || !q.RecursionDesired || q.CheckingDisabled {
		t.Errorf("query sent: %v", q)
	}
}

func TestTruncatedGoesToTCP(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	s := udp(resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		network := w.LocalAddr().Network()
		mu.Lock()
		asked[network]++
		mu.Unlock()
		_ = w.WriteMsg(reply(q, func(m *dns.Msg) {
			if m.Truncated = network == "udp"; !m.Truncated {
				for i := range 200 {
					m.Answer = append(m.Answer, rr(fmt.Sprintf("%s 60 IN A 192.0.2.%d", q.Question[0].Name, i)))
				}
			}
		}))
	})))
	c := newClient(t, patient)
	queries := make([]Query, 50)
	for i := range queries {
		queries[i] = Query{Server: s, Key: key(fmt.Sprintf("n%d.example.org.", i), zone.A)}
	}
	for _, a := range c.Ask(t.Context(), queries) {
		if a.Status != Answered || len(a.Addrs) != 200 {
			t.Errorf("%v: %v, %d addresses (%v)", a.Key, a.Status, len(a.Addrs), a.Err)
		}
	}
	if asked["udp"] != 50 || asked["tcp"] != 50 {
		t.Errorf("asked %v", asked)
	}
}

func TestTruncatedOverTCPIsMalformed(t *testing.T) {
	ap := resolvertest.Serve(t, handler(func(m *dns.Msg) { m.Truncated = true }))
	a := one(t, newClient(t, patient), Query{Server: udp(ap), Key: key("www.example.org.", zone.A)})
	if a.Status != Malformed {
		t.Errorf("%v (%v)", a.Status, a.Err)
	}
}

func TestClosedClient(t *testing.T) {
	c := New(Options{})
	_ = c.Close()
	a := one(t, c, Query{Server: udp(netip.MustParseAddrPort("127.0.0.1:53")), Key: key("www.example.org.", zone.A)})
	if a.Status != Broken || !errors.Is(a.Err, ErrClosed) {
		t.Errorf("%v (%v)", a.Status, a.Err)
	}
}

func TestNameThatFitsNoQuery(t *testing.T) {
	var asked atomic.Int32
	s := udp(resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		asked.Add(1)
		_ = w.WriteMsg(reply(q, func(*dns.Msg) {}))
	})))
	label := strings.Repeat("a", 63)
	long := strings.Repeat(label+".", 4)
	queries := []Query{{Server: s, Key: key("www.example.org.", zone.A)}}
	for _, bad := range []string{"", "relative", "a..b.", ".a.", label + "a.", long, `x\`, `x\25`, `x\999.`} {
		queries = append(queries, Query{Server: s, Key: key(bad, zone.A)})
	}
	for i, a := range newClient(t, patient).Ask(t.Context(), queries) {
		if want := a.Key.Name == "www.example.org."; (a.Status == NoData) != want || (a.Status == Broken) == want {
			t.Errorf("%d %q: %v (%v)", i, a.Key.Name, a.Status, a.Err)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestNoQueries(t *testing.T) {
	if got := newClient(t, patient).Ask(t.Context(), nil); len(got) != 0 {
		t.Errorf("answers %v", got)
	}
}

// Many queries at several servers, of which one loses every hundredth packet.
func TestManyInFlightWithLoss(t *testing.T) {
	t.Parallel()
	z := resolvertest.NewZone(t, exampleOrg...)
	var n, dropped atomic.Int64
	lossy := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		if n.Add(1)%100 == 0 {
			dropped.Add(1)
			return
		}
		_ = w.WriteMsg(reply(q, func(m *dns.Msg) {
			m.Answer = []dns.RR{rr(q.Question[0].Name + " 30 IN A 192.0.2.9")}
		}))
	})
	good := udp(resolvertest.Serve(t, z))
	bad := udp(resolvertest.Serve(t, lossy))
	queries := manyQueries(5000, bad)
	queries = append(queries, Query{Server: good, Key: key("www.example.org.", zone.A)})
	c := newClient(t, Options{Timeout: time.Second, Attempts: 10, PerServer: 1024})
	for i, a := range c.Ask(t.Context(), queries) {
		if a.Query != queries[i] {
			t.Fatalf("answer %d is to %v", i, a.Key)
		}
		if a.Status != Answered {
			t.Fatalf("%v: %v (%v)", a.Key, a.Status, a.Err)
		}
	}
	if dropped.Load() == 0 {
		t.Error("nothing was dropped")
	}
}

func TestManyCallersAtOnce(t *testing.T) {
	s := udp(resolvertest.Serve(t, resolvertest.NewZone(t, exampleOrg...)))
	c := newClient(t, Options{Timeout: 20 * time.Second, Rate: 1e6})
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			tcp := s
			tcp.Protocol = TCP
			for _, q := range []Server{s, tcp} {
				for _, a := range c.Ask(t.Context(), []Query{{Server: q, Key: key("www.example.org.", zone.A)}}) {
					if a.Status != Answered {
						t.Errorf("%v (%v)", a.Status, a.Err)
					}
				}
			}
		})
	}
	callers.Wait()
}

// A rate paces the queries: with a burst of one, no query leaves before its
// time, so n queries take at least n-1 intervals.
func TestRate(t *testing.T) {
	t.Parallel()
	s := udp(resolvertest.Serve(t, resolvertest.NewZone(t, exampleOrg...)))
	c := newClient(t, Options{Timeout: 20 * time.Second, Rate: 20})
	if l := c.limiter(s); l.Limit() != 20 || l.Burst() != 1 {
		t.Fatalf("limit %v, burst %d", l.Limit(), l.Burst())
	}
	other := s
	other.Name = "another name of it"
	if c.limiter(s) != c.limiter(other) {
		t.Error("one address has two limiters")
	}
	start := time.Now()
	for _, a := range c.Ask(t.Context(), []Query{
		{Server: s, Key: key("www.example.org.", zone.A)},
		{Server: s, Key: key("www.example.org.", zone.AAAA)},
		{Server: s, Key: key("ns1.example.org.", zone.A)},
		{Server: s, Key: key("ns1.example.org.", zone.AAAA)},
	}) {
		if !a.Status.Definite() {
			t.Errorf("%v: %v (%v)", a.Key, a.Status, a.Err)
		}
	}
	if took := time.Since(start); took < 3*45*time.Millisecond {
		t.Errorf("4 queries at 20/s took %v", took)
	}
}

func TestRateEndsOnCancel(t *testing.T) {
	s := udp(resolvertest.Serve(t, resolvertest.NewZone(t, exampleOrg...)))
	c := newClient(t, Options{Timeout: time.Hour, Rate: 0.0001})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan []Answer)
	go func() { done <- c.Ask(ctx, manyQueries(2, s)) }()
	cancel()
	if got := <-done; got[1].Status != Cancelled {
		t.Errorf("%v (%v)", got[1].Status, got[1].Err)
	}
}

func TestSOA(t *testing.T) {
	s := udp(resolvertest.Serve(t, resolvertest.NewZone(t, exampleOrg...)))
	c := newClient(t, patient)
	a := c.SOA(t.Context(), s, "example.org.", false)
	if a.Status != Answered || a.SOA != (zone.SOA{TTL: 3600, Serial: 7, Minimum: 60}) || a.NegativeTTL() != 60 || a.Err != nil {
		t.Errorf("%+v", a)
	}
	if a := c.SOA(t.Context(), s, "www.example.org.", false); a.Status != NoData || a.SOA != (zone.SOA{}) {
		t.Errorf("below the apex: %+v", a)
	}
	a = c.SOA(t.Context(), udp(resolvertest.ClosedPort(t)), "example.org.", false)
	if a.Status != ConnRefused || !strings.Contains(fmt.Sprint(a.Err), "example.org. SOA") {
		t.Errorf("closed port: %v (%v)", a.Status, a.Err)
	}
}
