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
			bad := z.change(c.before, c.after)
			_, err := z.Provider.Write(t.Context(), z.Name, []providers.Change{bad})
			wantConflict(t, err, bad.Key())
			check()
			_, err = z.Provider.Write(t.Context(), z.Name, []providers.Change{
				z.change("api 300 A 192.0.2.3", "api 300 A 203.0.113.3"), bad, z.change("", "new 300 A 203.0.113.4"),
			})
			wantConflict(t, err, bad.Key())
			check()
		})
	}
}

func testConflictTTL(t *testing.T, h Harness) {
	z := open(t, h, two)
	check := z.watch(t)
	bad := z.change("www 3600 A 192.0.2.1 192.0.2.2", "www 60 A 192.0.2.1 192.0.2.2")
	_, err := z.Provider.Write(t.Context(), z.Name, []providers.Change{bad})
	wantConflict(t, err, bad.Key())
	check()
}

// testConcurrent lets two writers loose with one precondition.
func testConcurrent(t *testing.T, h Harness) {
	z := open(t, h, two)
	before := z.read(t)
	changes := []providers.Change{
		z.change("www 300 A 192.0.2.1 192.0.2.2", "www 300 A 203.0.113.1"),
		z.change("www 300 A 192.0.2.1 192.0.2.2", "www 300 A 203.0.113.2"),
	}
	errs := make([]error, len(changes))
	var wg sync.WaitGroup
	for i, c := range changes {
		wg.Go(func() { _, errs[i] = z.Provider.Write(t.Context(), z.Name, []providers.Change{c}) })
	}
	wg.Wait()
	z.judge(t, before, changes, errs)
}

// judge looks at what two writers of one set left behind. One that is
// Conditional lets one of them win. With the others, both may have read before
// either wrote: then the later one overwrites, which leaves the set as one of
// them wanted it whole. Where a write is not even atomic the set may be mixed,
// which one of them must have noticed.
func (z Zone) judge(t *testing.T, before *zone.Snapshot, changes []providers.Change, errs []error) {
	t.Helper()
	l := z.Provider.Limits(z.Name)
	var losers int
	for _, err := range errs {
		if err == nil {
			continue
		}
		losers++
		if l.Atomic || !errors.Is(err, providers.ErrPartial) {
			wantConflict(t, err, changes[0].Key())
		}
	}
	now := Sets(z.read(t))
	winner := slices.IndexFunc(changes, func(c providers.Change) bool { return slices.Equal(now, applied(before, c)) })
	switch {
	case losers == len(errs) && l.Atomic:
		t.Errorf("both writers failed: %v", errs)
	case winner < 0 && l.Atomic, winner < 0 && losers == 0:
		t.Errorf("the zone is as neither wanted it, errors %v: %q", errs, now)
	case winner >= 0 && losers == 1 && errs[winner] != nil:
		t.Errorf("the zone is as the writer with error %v wanted it", errs[winner])
	case l.Conditional && losers != 1:
		t.Errorf("two writers with one precondition: %v, want one conflict", errs)
	}
}

func testForeign(t *testing.T, h Harness) {
	if h.Foreign == nil {
		t.Skip("the provider has no foreign sets")
	}
	z, key := h.Foreign(t)
	z.scale = h.Scale
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
	_, err := z.Provider.Write(ctx, z.Name, []providers.Change{z.change("", "new 300 A 192.0.2.1")})
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
	keys := []zone.Key{z.set("www 300 A").Key, z.set("gone 300 A").Key, z.set("alias 300 AAAA").Key}
	s, err := providers.Look(t.Context(), z.Provider, z.Name, keys)
	if err != nil {
		t.Fatal(err)
	}
	if r, ok := s.Find(keys[0]); !ok || !r.Equal(*z.set("www 300 A 192.0.2.1 192.0.2.2")) {
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
	if l.MaxTTL != 0 && l.MinTTL > l.MaxTTL || l.Sync < 0 || l.Batch < 0 {
		t.Errorf("limits %+v", l)
	}
	if l.Conditional && !l.Atomic {
		t.Error("a set that is compared as it is written, yet not written at once")
	}
	if again := z.Provider.Limits(z.Name); again != l {
		t.Errorf("limits %+v, asked again %+v", l, again)
	}
	if _, ok := z.Provider.(providers.Syncer); ok && l.Sync == 0 {
		t.Error("a provider that can tell when it is in sync says nothing of how long that takes")
	}
}
