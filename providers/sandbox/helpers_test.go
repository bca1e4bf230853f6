package sandbox_test

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/sandbox"
)

// patience is how long a client waits for a loopback server on a busy machine.
const patience = 2 * time.Minute

// clock is a clock that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// closer closes s when the test ends.
func closer(t testing.TB, s interface{ Close() error }) {
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// storeOf returns a store that holds text as the zone example.org.
func storeOf(t testing.TB, now func() time.Time, text string) *sandbox.Store {
	t.Helper()
	store := sandbox.NewStore(now)
	put(t, store, text)
	return store
}

func put(t testing.TB, store *sandbox.Store, text string) {
	t.Helper()
	if err := store.Put("example.org.", text); err != nil {
		t.Fatal(err)
	}
}

func authority(t testing.TB, store *sandbox.Store, name string, lag time.Duration) *sandbox.Authority {
	t.Helper()
	a, err := sandbox.StartAuthority(t.Context(), sandbox.AuthorityOptions{Name: name, Store: store, Lag: lag})
	if err != nil {
		t.Fatal(err)
	}
	closer(t, a)
	return a
}

// question reads "www.example.org. A" into a query that does not ask for recursion.
func question(s string) *dns.Msg {
	name, qtype, _ := strings.Cut(s, " ")
	q := new(dns.Msg).SetQuestion(name, dns.StringToType[qtype])
	q.RecursionDesired = false
	return q
}

func exchange(t testing.TB, network string, addr netip.AddrPort, q *dns.Msg) *dns.Msg {
	t.Helper()
	c := &dns.Client{Net: network, Timeout: patience, UDPSize: 4096}
	m, _, err := c.ExchangeContext(t.Context(), q, addr.String())
	if err != nil {
		t.Fatalf("%s over %s: %v", q.Question[0].String(), network, err)
	}
	return m
}

// ask asks an authoritative server and renders the reply.
func ask(t testing.TB, s interface{ Addr() netip.AddrPort }, what string) string {
	t.Helper()
	return render(exchange(t, "udp", s.Addr(), question(what)))
}

// recurse asks a resolver and renders the reply.
func recurse(t testing.TB, s interface{ Addr() netip.AddrPort }, what string) string {
	t.Helper()
	q := question(what)
	q.RecursionDesired = true
	return render(exchange(t, "udp", s.Addr(), q))
}

// render writes a reply as its rcode and flags, and its records a line each;
// "ns" and "add" start those of the other sections.
func render(m *dns.Msg) string {
	rcode := dns.RcodeToString[m.Rcode]
	if m.Rcode == dns.RcodeBadVers {
		rcode = "BADVERS" // the number is BADSIG's too
	}
	lines := []string{rcode + flags(m)}
	for _, s := range []struct {
		mark string
		rrs  []dns.RR
	}{{"", m.Answer}, {"ns ", m.Ns}, {"add ", m.Extra}} {
		for _, rr := range s.rrs {
			if rr.Header().Rrtype != dns.TypeOPT {
				lines = append(lines, s.mark+strings.Join(strings.Fields(rr.String()), " "))
			}
		}
	}
	return strings.Join(lines, "\n")
}

func flags(m *dns.Msg) string {
	var b strings.Builder
	for _, f := range []struct {
		on   bool
		name string
	}{{m.Authoritative, "aa"}, {m.Truncated, "tc"}, {m.RecursionDesired, "rd"}, {m.RecursionAvailable, "ra"}} {
		if f.on {
			fmt.Fprintf(&b, " %s", f.name)
		}
	}
	return b.String()
}

// want compares a rendered reply with lines that a raw string indents.
func want(t testing.TB, got, lines string) {
	t.Helper()
	var clean []string
	for l := range strings.Lines(lines) {
		if l = strings.TrimSpace(l); l != "" {
			clean = append(clean, l)
		}
	}
	if w := strings.Join(clean, "\n"); got != w {
		t.Errorf("got\n%s\nwant\n%s", got, w)
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func key(name string, typ zone.Type) zone.Key { return zone.Key{Name: zone.Name(name), Type: typ} }
