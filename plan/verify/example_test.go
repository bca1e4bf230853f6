package verify_test

import (
	"fmt"
	"net/netip"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/verify"
)

func ExampleJudge() {
	key := zone.Key{Name: "www.example.org.", Type: zone.A}
	want := verify.Want{Key: key, Values: []netip.Addr{netip.MustParseAddr("203.0.113.11")}, TTL: 300}
	answer := resolver.Answer{
		Query:  resolver.Query{Server: resolver.Server{Name: "google", Addr: netip.MustParseAddrPort("8.8.8.8:53")}, Key: key, Recurse: true},
		Status: resolver.Answered, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, TTL: 41,
	}
	line := verify.Judge(want, answer)
	fmt.Println(line.Server, line.Verdict, line.Values, line.TTL, line.Verdict.Good())
	// Output: google differs [192.0.2.1] 41 false
}

func ExampleQuorum() {
	need, err := verify.Quorum("majority", 4)
	fmt.Println(need, err)
	// Output: 3 <nil>
}
