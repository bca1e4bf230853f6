package rfc2136

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

func addressSet(name zone.Name, typ zone.Type, n int) *zone.RRset {
	r := &zone.RRset{Key: zone.Key{Name: name, Type: typ}, TTL: 60}
	for i := range n {
		a := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		if typ == zone.AAAA {
			a = netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 14: byte(i >> 8), 15: byte(i)})
		}
		r.Addrs = append(r.Addrs, a)
	}
	return r
}

// Every message fits, none could have taken the next name too, the order is
// kept and no name is in two.
func TestSplit(t *testing.T) {
	var changes []providers.Change
	for i := range 1600 {
		name := zone.Name(fmt.Sprintf("host-%d.example.org.", i%1000)) // 600 names come twice
		typ := zone.A
		if i >= 1000 {
			typ = zone.AAAA
		}
		changes = append(changes, providers.Change{Before: addressSet(name, typ, i%3+1), After: addressSet(name, typ, i%5+1)})
	}
	groups, err := groupChanges("example.org.", changes)
	if err != nil {
		t.Fatal(err)
	}
	if len(groups) != 1000 || len(groups[0].changes) != 2 {
		t.Fatalf("%d groups, %d changes in the first", len(groups), len(groups[0].changes))
	}
	const limit = 65535 - 90
	batches, err := split("example.org.", groups, limit)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range batches {
		packed, err := buildUpdate("example.org.", b).Pack()
		if err != nil || len(packed) > limit {
			t.Errorf("message %d: %d octets, %v", i, len(packed), err)
		}
		if i < len(batches)-1 && fits("example.org.", append(slices.Clone(b), batches[i+1][0]), limit) {
			t.Errorf("message %d has room left", i)
		}
	}
	joined := slices.Concat(batches...)
	if !slices.EqualFunc(joined, groups, func(a, b group) bool { return a.name == b.name }) {
		t.Error("the order changed")
	}
}

func TestSplitTooLarge(t *testing.T) {
	changes := []providers.Change{{After: addressSet("www.example.org.", zone.AAAA, 3000)}}
	groups, err := groupChanges("example.org.", changes)
	if err != nil {
		t.Fatal(err)
	}
	_, err = split("example.org.", groups, dns.MaxMsgSize)
	if refused, ok := errors.AsType[*providers.RefusedError](err); !ok || refused.Culprit != changes[0].Key() {
		t.Errorf("%v", err)
	}
}

func BenchmarkSplit(b *testing.B) {
	var groups []group
	for i := range 10_000 {
		name := zone.Name(fmt.Sprintf("host-%d.example.org.", i))
		groups = append(groups, group{name: name, changes: []providers.Change{{After: addressSet(name, zone.A, 2)}}})
	}
	for b.Loop() {
		if _, err := split("example.org.", groups, dns.MaxMsgSize); err != nil {
			b.Fatal(err)
		}
	}
}
