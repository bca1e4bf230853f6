package providers_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Comments and tags that a change has seen, and replaces, are as it has seen them, or
// it is a conflict; where it says nothing of them, or keeps them, they are anybody's.
func TestEditedBeside(t *testing.T) {
	set := func(members ...zone.Member) *zone.RRset {
		return &zone.RRset{Key: zone.Key{Name: "www.example.org.", Type: zone.A}, TTL: 300, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, Members: members}
	}
	live := &zone.Snapshot{Zone: "example.org.", RRsets: []zone.RRset{*set(zone.Member{ID: "1", Comment: "web", Tags: []string{"a", "b"}})}}
	mine := set(zone.Member{Comment: "mine"})
	for name, c := range map[string]struct {
		before, after *zone.RRset
		conflict      bool
	}{
		"as seen":         {set(zone.Member{ID: "2", Comment: "web", Tags: []string{"b", "a"}}), mine, false},
		"another comment": {set(zone.Member{Comment: "other", Tags: []string{"a", "b"}}), mine, true},
		"a tag less":      {set(zone.Member{Comment: "web", Tags: []string{"a"}}), mine, true},
		"not looked at":   {set(), mine, false},
		"kept":            {set(zone.Member{Comment: "other"}), set(), false},
		"deleted":         {set(zone.Member{Comment: "other"}), nil, false},
	} {
		b, err := providers.NewBatch("example.org.", []providers.Change{{Before: c.before, After: c.after}}, providers.Rules{})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Check(live, nil); errors.Is(err, providers.ErrConflict) != c.conflict || !c.conflict && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
