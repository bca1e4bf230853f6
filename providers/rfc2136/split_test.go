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
	b, err := providers.NewBatch("example.org.", changes, providers.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Groups) != 1000 || len(b.Groups[0].Changes) != 2 {
		t.Fatalf("%d groups, %d changes in the first", len(b.Groups), len(b.Groups[0].Changes))
	}
	const limit = 65535 - 90
	messages, err := split(b, limit)
	if err != nil {
		t.Fatal(err)
	}
	var joined []providers.Group
	for i, m := range messages {
		joined = append(joined, m.Groups...)
		packed, err := buildUpdate("example.org.", m.Groups).Pack()
		if err != nil || len(packed) > limit {
			t.Errorf("message %d: %d octets, %v", i, len(packed), err)
		}
		if i < len(messages)-1 && fits("example.org.", append(slices.Clone(m.Groups), messages[i+1].Groups[0]), limit) {
			t.Errorf("message %d has room left", i)
		}
	}
	if !slices.EqualFunc(joined, b.Groups, func(a, b providers.Group) bool { return a.Name == b.Name }) {
		t.Error("the order changed")
	}
}

func TestSplitTooLarge(t *testing.T) {
	changes := []providers.Change{{After: addressSet("www.example.org.", zone.AAAA, 3000)}}
	b, err := providers.NewBatch("example.org.", changes, providers.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = split(b, dns.MaxMsgSize)
	if refused, ok := errors.AsType[*providers.RefusedError](err); !ok || refused.Culprit != changes[0].Key() {
		t.Errorf("%v", err)
	}
}

func BenchmarkSplit(b *testing.B) {
	all := &providers.Batch{Zone: "example.org."}
	for i := range 10_000 {
		name := zone.Name(fmt.Sprintf("host-%d.example.org.", i))
		all.Add(providers.Group{Name: name, Changes: []providers.Change{{After: addressSet(name, zone.A, 2)}}})
	}
	for b.Loop() {
		if _, err := split(all, dns.MaxMsgSize); err != nil {
			b.Fatal(err)
		}
	}
}
