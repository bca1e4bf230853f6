package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// raw writes m after change had its bytes.
func raw(w dns.ResponseWriter, m *dns.Msg, change func(b []byte) []byte) {
	b, err := m.Pack()
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(change(b))
}

// noise are replies that are none.
var noise = map[string]func(w dns.ResponseWriter, good *dns.Msg){
	"wrong id":       func(w dns.ResponseWriter, m *dns.Msg) { raw(w, m, func(b []byte) []byte { b[0]++; return b }) },
	"wrong question": func(w dns.ResponseWriter, m *dns.Msg) { raw(w, m, func(b []byte) []byte { b[13] = 'x'; return b }) },
	"no question":    func(w dns.ResponseWriter, m *dns.Msg) { m.Question = nil; _ = w.WriteMsg(m) },
	"a query":        func(w dns.ResponseWriter, m *dns.Msg) { m.Response = false; _ = w.WriteMsg(m) },
	"cut off":        func(w dns.ResponseWriter, m *dns.Msg) { raw(w, m, func(b []byte) []byte { return b[:len(b)-3] }) },
	"header only":    func(w dns.ResponseWriter, m *dns.Msg) { raw(w, m, func(b []byte) []byte { return b[:12] }) },
	"garbage":        func(w dns.ResponseWriter, _ *dns.Msg) { _, _ = w.Write([]byte("HTTP/1.1 400 Bad Request\r\n")) },
	"one octet":      func(w dns.ResponseWriter, _ *dns.Msg) { _, _ = w.Write([]byte{0}) },
	"short address": func(w dns.ResponseWriter, m *dns.Msg) {
		raw(w, m, func(b []byte) []byte { b = b[:len(b)-1]; b[len(b)-4] = 3; return b })
	},
}

func TestOnlyNoiseIsMalformed(t *testing.T) {
	t.Parallel()
	var queries []Query
	for what, write := range noise {
		s := udp(resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
			write(w, reply(q, func(m *dns.Msg) { m.Answer = []dns.RR{rr("www.example.org. 300 IN A 192.0.2.1")} }))
		})))
		s.Name = what
		queries = append(queries, Query{Server: s, Key: key("www.example.org.", zone.A)})
	}
	c := newClient(t, Options{Timeout: 5 * time.Second, Attempts: 1})
	for _, a := range c.Ask(t.Context(), queries) {
		if a.Status != Malformed || a.Addrs != nil {
			t.Errorf("%s (%v)", show(a), a.Err)
		}
	}
}

func TestTruthBehindNoise(t *testing.T) {
	for what, write := range noise {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := udp(resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
				forged := reply(q, func(m *dns.Msg) { m.Answer = []dns.RR{rr("www.example.org. 300 IN A 203.0.113.66")} })
				write(w, forged)
				_ = w.WriteMsg(reply(q, func(m *dns.Msg) { m.Answer = []dns.RR{rr("www.example.org. 300 IN A 192.0.2.1")} }))
			})))
			a := one(t, newClient(t, patient), Query{Server: s, Key: key("www.example.org.", zone.A)})
			if want := "answered 300 192.0.2.1"; show(a) != want {
				t.Errorf("%s, want %s (%v)", show(a), want, a.Err)
			}
		})
	}
}

func TestDroppedFirstTry(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var ids []uint16
	ports := map[string]bool{}
	z := resolvertest.NewZone(t, exampleOrg...)
	s := udp(resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		mu.Lock()
		ids = append(ids, q.Id)
		ports[w.RemoteAddr().String()] = true
		first := len(ids) == 1
		mu.Unlock()
		if !first {
			z.ServeDNS(w, q)
		}
	})))
	c := newClient(t, Options{Timeout: 500 * time.Millisecond, Attempts: 10})
	a := one(t, c, Query{Server: s, Key: key("www.example.org.", zone.A)})
	if a.Status != Answered {
		t.Fatalf("%v (%v)", a.Status, a.Err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(ports) != len(ids) || len(slices.Compact(slices.Clone(ids))) < 2 {
		t.Errorf("tries with ids %v from %d ports", ids, len(ports))
	}
}

func TestSilenceTimesOut(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := udp(resolvertest.Serve(t, dns.HandlerFunc(func(dns.ResponseWriter, *dns.Msg) { asked.Add(1) })))
	c := newClient(t, Options{Timeout: 50 * time.Millisecond, Attempts: 3})
	a := one(t, c, Query{Server: s, Key: key("www.example.org.", zone.A)})
	if a.Status != Timeout || !strings.Contains(fmt.Sprint(a.Err), "no reply in 3 tries") {
		t.Errorf("%v (%v)", a.Status, a.Err)
	}
	for end := time.Now().Add(2 * time.Minute); asked.Load() != 3; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("asked %d times, want 3", asked.Load())
		}
	}
}

// A dead server costs its tries, however much it is asked.
func TestDeadServerIsGivenUp(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := udp(resolvertest.Serve(t, dns.HandlerFunc(func(dns.ResponseWriter, *dns.Msg) { asked.Add(1) })))
	c := newClient(t, Options{Timeout: 50 * time.Millisecond, Attempts: 2})
	queries := manyQueries(5000, s)
	for _, a := range c.Ask(t.Context(), queries) {
		if a.Status != Timeout {
			t.Fatalf("%v: %v", a.Key, a.Status)
		}
	}
	if n := asked.Load(); n > 4*firstWindow {
		t.Errorf("a dead server was asked %d times", n)
	}
}

func manyQueries(n int, servers ...Server) []Query {
	out := make([]Query, 0, n*len(servers))
	for i := range n {
		k := key(fmt.Sprintf("host-%d.example.org.", i), zone.A)
		for _, s := range servers {
			out = append(out, Query{Server: s, Key: k})
		}
	}
	return out
}

func TestClosedPort(t *testing.T) {
	ap := resolvertest.ClosedPort(t)
	for _, p := range []Protocol{UDP, TCP, TLS, HTTPS} {
		s := Server{Name: "ns1", Protocol: p, Addr: ap, URL: "https://" + ap.String() + "/dns-query"}
		a := one(t, newClient(t, patient), Query{Server: s, Key: key("www.example.org.", zone.A)})
		if a.Status != ConnRefused || !a.Status.Unreachable() {
			t.Errorf("%s: %v (%v)", p, a.Status, a.Err)
		}
	}
}

// A TCP port that is closed behind a truncated UDP reply.
func TestNoTCPBehindTruncation(t *testing.T) {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: handler(func(m *dns.Msg) { m.Truncated = true })}
	ended := make(chan error, 1)
	go func() { ended <- server.ActivateAndServe() }()
	t.Cleanup(func() {
		_ = conn.Close()
		t.Logf("served until %v", <-ended)
	})
	s := udp(conn.LocalAddr().(*net.UDPAddr).AddrPort())
	a := one(t, newClient(t, patient), Query{Server: s, Key: key("www.example.org.", zone.A)})
	if a.Status != ConnRefused || !strings.Contains(fmt.Sprint(a.Err), "over TCP after a truncated reply") {
		t.Errorf("%v (%v)", a.Status, a.Err)
	}
}

func TestUnroutable(t *testing.T) {
	// Whether an address can be routed depends on the machine; what its error
	// means does not.
	for _, err := range []error{syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT} {
		wrapped := &net.OpError{Op: "dial", Err: err}
		if got := statusOf(wrapped); got != NoRoute {
			t.Errorf("%v: %v", err, got)
		}
	}
	s := Server{Addr: netip.MustParseAddrPort("[2001:db8::1]:53")}
	c := newClient(t, Options{Timeout: 50 * time.Millisecond, Attempts: 1})
	a := one(t, c, Query{Server: s, Key: key("www.example.org.", zone.AAAA)})
	if a.Status.Definite() || !strings.Contains(fmt.Sprint(a.Err), "[2001:db8::1]:53") {
		t.Errorf("%v (%v)", a.Status, a.Err)
	}
}

func TestCancelReturnsAtOnce(t *testing.T) {
	z := resolvertest.NewZone(t, exampleOrg...)
	asked := make(chan struct{}, 1000)
	silent := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		if strings.HasPrefix(q.Question[0].Name, "host-1.") {
			z.ServeDNS(w, q)
		}
		asked <- struct{}{}
	})
	ap := resolvertest.Serve(t, silent)
	for _, p := range []Protocol{UDP, TCP} {
		ctx, cancel := context.WithCancel(t.Context())
		c := newClient(t, Options{Timeout: time.Hour})
		go func() {
			for range 3 {
				<-asked
			}
			cancel()
		}()
		answers := c.Ask(ctx, manyQueries(3, Server{Protocol: p, Addr: ap}))
		cancel()
		cancelled := 0
		for _, a := range answers {
			if a.Status == Cancelled && errors.Is(a.Err, context.Canceled) {
				cancelled++
			} else if a.Status != NXDomain {
				t.Errorf("%s: %v: %v (%v)", p, a.Key, a.Status, a.Err)
			}
		}
		if cancelled < 2 {
			t.Errorf("%s: %d cancelled", p, cancelled)
		}
	}
}

func TestCancelledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ap := resolvertest.Serve(t, resolvertest.NewZone(t, exampleOrg...))
	for _, p := range []Protocol{UDP, TCP, TLS, HTTPS} {
		s := Server{Protocol: p, Addr: ap, URL: "https://" + ap.String() + "/dns-query"}
		for _, a := range newClient(t, patient).Ask(ctx, manyQueries(100, s)) {
			if a.Status != Cancelled {
				t.Fatalf("%s: %v (%v)", p, a.Status, a.Err)
			}
		}
	}
}
