package zone_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

func ExampleParseName() {
	for _, s := range []string{"WWW.Example.org", "ööö.example.org", "www..example.org"} {
		fmt.Println(zone.ParseName(s))
	}
	// Output:
	// www.example.org. <nil>
	// xn--ndaaa.example.org. <nil>
	//  name "www..example.org": empty label
}

func ExampleParseTTL() {
	ttl, err := zone.ParseTTL("1h30m")
	fmt.Println(ttl, err)
	_, err = zone.ParseTTL("0")
	fmt.Println(err)
	// Output:
	// 5400 <nil>
	// "0": a TTL is from 1 second to 2147483647 seconds (RFC 2181, section 8)
}

func ExampleFormatDuration() {
	fmt.Println(zone.FormatDuration(36*time.Hour + 90*time.Second))
	// Output: 1d12h1m30s
}

func ExampleGlob_Match() {
	g, err := zone.ParseGlob("**.lab")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(g.Match("a.b.lab.example.org.", "example.org."), g.Match("lab.example.org.", "example.org."))
	// Output: true false
}

func ExampleSnapshot_Find() {
	live := &zone.Snapshot{Zone: "example.org.", RRsets: []zone.RRset{{
		Key: zone.Key{Name: "www.example.org.", Type: zone.A}, TTL: 300,
		Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.1")},
	}}}
	live.Sort()
	fmt.Println(live.Find(zone.Key{Name: "www.example.org.", Type: zone.A}))
	// Output: www.example.org. 300 A 192.0.2.1 192.0.2.2 true
}
