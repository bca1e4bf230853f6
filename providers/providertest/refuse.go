package providertest

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

func isRefused(err error) bool {
	_, ok := errors.AsType[*providers.RefusedError](err)
	return ok
}

func isCNAME(line string) bool { return slices.Contains(strings.Fields(line), "CNAME") }

// testConflict writes with preconditions that do not hold, alone and between
// two changes whose own would.
func testConflict(t *testing.T, h Harness) {
	for _, c := range []struct{ name, before, after string }{
		{"other value", "www 300 A 192.0.2.1 192.0.2.9", "www 300 A 203.0.113.11"},
		{"one value more", "www 300 A 192.0.2.1 192.0.2.2 192.0.2.3", "www 300 A 203.0.113.11"},
		{"one value less", "www 300 A 192.0.2.1", "www 300 A 203.0.113.11"},
		{"create of what is there", "", "www 300 A 203.0.113.11"},
		{"update of what is gone", "gone 300 A 192.0.2.1", "gone 300 A 203.0.113.11"},
		{"delete of what is gone", "gone 300 A 192.0.2.1", ""},
		{"delete of another value", "www 300 A 192.0.2.7", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			z := open(t, h, two+"api 300 IN A 192.0.2.3\n")
			check := z.watch(t)
			bad := z.change(t, c.before, c.after)
			_, err := z.Provider.Write(t.Context(), z.Name, []providers.Change{bad})
			wantConflict(t, err, bad.Key())
			check()
			_, err = z.Provider.Write(t.Context(), z.Name, []providers.Change{
				z.change(t, "api 300 A 192.0.2.3", "api 300 A 203.0.113.3"), bad, z.change(t, "", "new 300 A 203.0.113.4"),
			})
			wantConflict(t, err, bad.Key())
			check()
		})
	}
}

func testConflictTTL(t *testing.T, h Harness) {
	z := open(t, h, two)
	check := z.watch(t)
	bad := z.change(t, "www 3600 A 192.0.2.1 192.0.2.2", "www 60 A 192.0.2.1 192.0.2.2")
	_, err := z.Provider.Write(t.Context(), z.Name, []providers.Change{bad})
	wantConflict(t, err, bad.Key())
	check()
}

func testConcurrent(t *testing.T, h Harness) {
	z := open(t, h, two)
	check := z.watch(t)
	changes := []providers.Change{
		z.change(t, "www 300 A 192.0.2.1 192.0.2.2", "www 300 A 203.0.113.1"),
		z.change(t, "www 300 A 192.0.2.1 192.0.2.2", "www 300 A 203.0.113.2"),
	}
	errs := make([]error, len(changes))
	var wg sync.WaitGroup
	for i, c := range changes {
		wg.Go(func() { _, errs[i] = z.Provider.Write(t.Context(), z.Name, []providers.Change{c}) })
	}
	wg.Wait()
	winner := slices.Index(errs, nil)
	if winner < 0 {
		t.Fatalf("both writers failed: %v", errs)
	}
	wantConflict(t, errs[1-winner], changes[0].Key())
	check(changes[winner])
}

func testForeign(t *testing.T, h Harness) {
	if h.Foreign == nil {
		t.Skip("the provider has no foreign sets")
	}
	z, key := h.Foreign(t)
	check := z.watch(t)
	before, ok := z.read(t).Find(key)
	if !ok || before.Foreign == "" {
		t.Fatalf("%s is %v, want a foreign set", key, before)
	}
	after := before.Clone()
	after.TTL++
	_, err := z.Provider.Write(t.Context(), z.Name, []providers.Change{{Before: &before, After: &after}})
	if !errors.Is(err, providers.ErrForeign) {
		t.Errorf("error %v, want ErrForeign", err)
	}
	check()
}

func testCancel(t *testing.T, h Harness) {
	z := open(t, h, two)
	check := z.watch(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := z.Provider.Read(ctx, z.Name); !errors.Is(err, context.Canceled) {
		t.Errorf("read: error %v, want context.Canceled", err)
	}
	_, err := z.Provider.Write(ctx, z.Name, []providers.Change{z.change(t, "", "new 300 A 192.0.2.1")})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("write: error %v, want context.Canceled", err)
	}
	check()
}

func testNoZone(t *testing.T, h Harness) {
	z := open(t, h, "")
	s, err := z.Provider.Read(t.Context(), "not-held.example.net.")
	if !errors.Is(err, providers.ErrZoneNotFound) || s != nil {
		t.Errorf("%v, error %v, want ErrZoneNotFound", s, err)
	}
}

// testIsolation changes a snapshot, which must not reach the provider.
func testIsolation(t *testing.T, h Harness) {
	z := open(t, h, two)
	check := z.watch(t)
	s := z.read(t)
	for i := range s.RRsets {
		s.RRsets[i].TTL = 1
		s.RRsets[i].Addrs[0] = netip.MustParseAddr("203.0.113.200")
	}
	clear(s.Others)
	check()
}

func testLook(t *testing.T, h Harness) {
	z := open(t, h, two)
	keys := []zone.Key{z.set(t, "www 300 A").Key, z.set(t, "gone 300 A").Key, z.set(t, "alias 300 AAAA").Key}
	s, err := providers.Look(t.Context(), z.Provider, z.Name, keys)
	if err != nil {
		t.Fatal(err)
	}
	if r, ok := s.Find(keys[0]); !ok || !r.Equal(*z.set(t, "www 300 A 192.0.2.1 192.0.2.2")) {
		t.Errorf("%v, want both values", r)
	}
	if r, ok := s.Find(keys[1]); ok {
		t.Errorf("%v, want nothing", r)
	}
	if !slices.ContainsFunc(s.Others, func(r zone.Record) bool { return r.Type == "CNAME" && r.Name == keys[2].Name }) {
		t.Errorf("no CNAME record of %s in %v", keys[2].Name, s.Others)
	}
}

func testList(t *testing.T, h Harness) {
	z := open(t, h, "")
	l, ok := z.Provider.(providers.Lister)
	if !ok {
		t.Skip("the provider does not list zones")
	}
	zones, err := l.ListZones(t.Context())
	if err != nil || !slices.Contains(zones, z.Name) {
		t.Errorf("%v, error %v, want %s among them", zones, err, z.Name)
	}
}

func testBounds(t *testing.T, h Harness) {
	z := open(t, h, "")
	l := z.Provider.Limits(z.Name)
	if l.MaxTTL != 0 && l.MinTTL > l.MaxTTL || l.Sync < 0 {
		t.Errorf("limits %+v", l)
	}
}
