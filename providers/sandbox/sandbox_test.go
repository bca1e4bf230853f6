package sandbox_test

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/sandbox"
)

func open(t testing.TB, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	sb, err := sandbox.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	closer(t, sb)
	return sb
}

func TestOpenSeedsOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "sandbox")
	sb := open(t, sandbox.Options{Dir: dir})
	path := filepath.Join(dir, "example.org.zone")
	for p, mode := range map[string]os.FileMode{dir: 0o700 | os.ModeDir, path: 0o600} {
		if info, err := os.Stat(p); err != nil || info.Mode() != mode {
			t.Errorf("%s: got %v, %v", p, info.Mode(), err)
		}
	}
	snap, err := sb.Read(t.Context(), "example.org.")
	if err != nil {
		t.Fatal(err)
	}
	if soa, ok := snap.SOA(); !ok || snap.NegativeTTL(0) != 2 || len(snap.RRsets) != 7 {
		t.Errorf("got SOA %v and %d RRsets", soa, len(snap.RRsets))
	}
	for i, s := range sb.NameServers() {
		want(t, ask(t, sb.Authorities()[i], "www.example.org. AAAA"), "NOERROR aa\nwww.example.org. 8 IN AAAA 2001:db8::1")
		want(t, ask(t, sb.Authorities()[i], "none.example.org. A"), "NXDOMAIN aa\nns example.org. 2 IN SOA ns1.example.org. hostmaster.example.org. 2026010101 60 30 86400 2")
		if s.Name != []string{"ns1", "ns2"}[i] {
			t.Errorf("got name %s", s.Name)
		}
	}

	// What is there is never seeded over, whatever it is.
	if err := os.Rename(path, filepath.Join(dir, "example.com.zone")); err != nil {
		t.Fatal(err)
	}
	again := open(t, sandbox.Options{Dir: dir})
	zones, err := again.ListZones(t.Context())
	if err != nil || !slices.Equal(zones, []zone.Name{"example.com."}) {
		t.Errorf("got %v, %v", zones, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".seed-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestServersHaveAddresses(t *testing.T) {
	sb := open(t, sandbox.Options{Dir: t.TempDir()})
	seen := map[netip.AddrPort]bool{}
	var names []string
	for _, e := range append(sb.NameServers(), sb.Resolvers()...) {
		names = append(names, e.Name)
		if len(e.Addrs) == 0 || !e.Addrs[0].Addr().Is4() {
			t.Errorf("%s: got %v, want IPv4 first", e.Name, e.Addrs)
		}
		for _, a := range e.Addrs {
			if seen[a] || !a.Addr().IsLoopback() || a.Port() == 0 {
				t.Errorf("%s: bad address %s", e.Name, a)
			}
			seen[a] = true
		}
	}
	if w := []string{"ns1", "ns2", "resolver-1", "resolver-2", "resolver-3"}; !slices.Equal(names, w) {
		t.Errorf("got %v, want %v", names, w)
	}
	if l := sb.Limits("example.org."); l.MinTTL != 1 || l.Sync != sandbox.DefaultLag || l.Proxy {
		t.Errorf("got %+v", l)
	}
}

func TestAChangeTravels(t *testing.T) {
	const www, old = "www.example.org. A", "NOERROR aa\nwww.example.org. 8 IN A 192.0.2.1"
	clk := newClock()
	sb := open(t, sandbox.Options{Dir: t.TempDir(), Lag: time.Minute, Now: clk.Now})
	ns, r := sb.Authorities(), sb.CachingResolvers()
	want(t, recurse(t, r[0], www), ra+"www.example.org. 8 IN A 192.0.2.1")

	clk.advance(time.Second)
	live, err := sb.Look(t.Context(), "example.org.", []zone.Key{key("www.example.org.", zone.A)})
	if err != nil {
		t.Fatal(err)
	}
	before, _ := live.Find(key("www.example.org.", zone.A))
	after := before.Clone()
	after.TTL, after.Addrs = 2, []netip.Addr{netip.MustParseAddr("203.0.113.10")}
	change := []providers.Change{{Before: &before, After: &after}}
	if _, err := sb.Write(t.Context(), "example.org.", change); err != nil {
		t.Fatal(err)
	}
	const now = "NOERROR aa\nwww.example.org. 2 IN A 203.0.113.10"
	want(t, ask(t, ns[0], www), now)
	want(t, ask(t, ns[1], www), old)
	want(t, recurse(t, r[0], www), ra+"www.example.org. 7 IN A 192.0.2.1")
	clk.advance(time.Minute)
	want(t, ask(t, ns[1], www), now)
	for _, each := range r {
		want(t, recurse(t, each, www), ra+"www.example.org. 2 IN A 203.0.113.10")
	}
	if _, err := sb.Write(t.Context(), "example.org.", change); err == nil {
		t.Error("the same write again must conflict")
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	sb, err := sandbox.Open(ctx, sandbox.Options{Dir: t.TempDir(), Lag: -1})
	if err != nil {
		t.Fatal(err)
	}
	cancel() // the servers outlive it
	want(t, recurse(t, sb.CachingResolvers()[2], "api.example.org. A"), ra+"api.example.org. 8 IN A 192.0.2.2")
	for _, a := range sb.Authorities() {
		a.SetFaults(sandbox.Faults{Silent: true})
	}
	var clients sync.WaitGroup
	for _, r := range sb.CachingResolvers() { // a resolver that waits for its upstream
		conn := mustDial(t, r.Addr())
		q := question("www.example.org. A")
		q.RecursionDesired = true
		wire, _ := q.Pack()
		clients.Go(func() { _, _ = conn.Write(wire) })
	}
	clients.Wait()
	for range 2 {
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	}
	noGoroutines(t)
}

func TestOpenFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	for _, dir := range []string{"", file, filepath.Join(file, "below")} {
		if _, err := sandbox.Open(t.Context(), sandbox.Options{Dir: dir}); err == nil {
			t.Errorf("%q: no error", dir)
		}
	}
	noGoroutines(t)
}

func TestManyAskWhileTheZoneChanges(t *testing.T) {
	sb := open(t, sandbox.Options{Dir: t.TempDir(), Lag: -1})
	var g sync.WaitGroup
	for _, r := range sb.CachingResolvers() {
		g.Go(func() {
			for range 50 {
				recurse(t, r, "www.example.org. A")
				r.Flush()
			}
		})
	}
	for i := range 5 {
		live, err := sb.Read(t.Context(), "example.org.")
		if err != nil {
			t.Fatal(err)
		}
		before, _ := live.Find(key("www.example.org.", zone.A))
		after := before.Clone()
		after.TTL = zone.TTL(100 + i)
		if _, err := sb.Write(t.Context(), "example.org.", []providers.Change{{Before: &before, After: &after}}); err != nil {
			t.Fatal(err)
		}
	}
	g.Wait()
}
