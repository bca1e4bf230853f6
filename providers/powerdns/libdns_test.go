package powerdns_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/libdns/libdns"
	libpowerdns "github.com/libdns/powerdns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// These tests show why github.com/libdns/powerdns is not used: each does what
// this adapter does right beside it, against the real server.

func address(name, addr string) libdns.Address {
	return libdns.Address{Name: name, TTL: time.Minute, IP: netip.MustParseAddr(addr)}
}

func TestLibdnsTakesDisabledForLive(t *testing.T) {
	s := start(t, exampleZone)
	patched(t, s, "part.example.org.", "A", "192.0.2.41 !192.0.2.42", "")
	lib := &libpowerdns.Provider{ServerURL: s.API(), APIToken: config("").APIKey}
	recs, err := lib.GetRecords(t.Context(), "example.org.")
	if err != nil {
		t.Fatal(err)
	}
	var part []libdns.Record
	for _, r := range recs {
		if r.RR().Name == "part" {
			part = append(part, r)
		}
	}
	if len(part) != 2 {
		t.Errorf("libdns reads %v: it tells disabled records from live ones now", part)
	}
	if _, err := lib.SetRecords(t.Context(), "example.org.", part); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(stored(t, s), "part.example.org. 300 A 192.0.2.42") {
		t.Errorf("libdns keeps disabled records disabled now: %v", stored(t, s))
	}

	patched(t, s, "part.example.org.", "A", "192.0.2.41 !192.0.2.42", "")
	p := provider(t, config(s.API()))
	before, _ := read(t, p).Find(set("part.example.org. 300 A").Key)
	after := before.Clone()
	after.TTL = 60
	if err := write(t, p, providers.Change{Before: &before, After: &after}); err != nil || len(before.Addrs) != 1 {
		t.Errorf("%v, error %v", before, err)
	}
	if !slices.Contains(stored(t, s), "part.example.org. 60 A 192.0.2.42 (disabled)") {
		t.Errorf("stored: %v", stored(t, s))
	}
}

func TestLibdnsWritesAPart(t *testing.T) {
	s := start(t, exampleZone)
	was := stored(t, s)
	names := []string{"n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "bad name"}
	var recs []libdns.Record
	var changes []providers.Change
	for _, n := range names {
		recs = append(recs, address(n, "192.0.2.1"))
		changes = append(changes, providers.Change{After: &zone.RRset{
			Key: zone.Key{Name: zone.Canonical(n + ".example.org"), Type: zone.A}, TTL: 60, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
		}})
	}
	if err := write(t, provider(t, config(s.API())), changes...); err == nil {
		t.Error("no error")
	}
	wantLines(t, "stored", stored(t, s), was...)

	// The order is a map's, so that the bad name may come first.
	lib := &libpowerdns.Provider{ServerURL: s.API(), APIToken: config("").APIKey}
	for range 20 {
		if _, err := lib.SetRecords(t.Context(), "example.org.", recs); err == nil {
			t.Fatal("libdns: no error")
		}
		if n := len(stored(t, s)) - len(was); n > 0 {
			t.Logf("libdns has written %d of %d sets, and returned an error", n, len(names))
			return
		}
	}
	t.Error("libdns writes all sets or none now")
}

func TestLibdnsPanicsWithoutAScheme(t *testing.T) {
	lib := &libpowerdns.Provider{ServerURL: "dns.example.org", APIToken: "k"}
	defer func() {
		if recover() == nil {
			t.Error("libdns takes a URL without a scheme now")
		}
	}()
	_, err := lib.GetRecords(t.Context(), "example.org.")
	t.Logf("error %v", err)
}
