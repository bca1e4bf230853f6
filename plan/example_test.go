package plan_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

func Example() {
	key := zone.Key{Name: "www.example.org.", Type: zone.A}
	live := &zone.Snapshot{Zone: "example.org.", RRsets: []zone.RRset{
		{Key: key, TTL: 86400, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}},
	}}
	desired := &plan.Desired{
		ZoneRef: plan.ZoneRef{Zone: "example.org."}, Provider: "cf", Discover: true,
		Records: []plan.Record{{Key: key, TTL: 3600, Addrs: []netip.Addr{netip.MustParseAddr("203.0.113.11")}}},
	}
	policy := plan.Policy{
		Strategy: plan.Staged, ChangeTTL: 300, Settle: 600, Require: "all", Timeout: 600,
		Resolvers: []plan.Resolver{{Name: "google", Address: "8.8.8.8", Protocol: "udp"}},
	}

	diffs := []plan.ZoneDiff{plan.Diff(desired, live, plan.Selection{})}
	p := plan.Build(diffs, policy, plan.Origin{
		ID: "01KAR5TQ6B8M2J4Z7XW9C3D5EF", Created: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC),
	})
	p.Refusals = plan.Check(diffs, plan.Allowances{})
	for _, st := range p.Steps {
		fmt.Printf("%-3s %-9s %5d s  %s\n", st.ID, st.Kind, st.Seconds, st.Detail)
	}
	fmt.Println(len(p.Refusals), "refusals,", zone.FormatDuration(time.Duration(p.Summary.Duration)*time.Second))
	// Output:
	// s1  backup        0 s  keep a copy of example.org
	// s2  preflight     0 s  authoritative servers answer, resolvers give a baseline
	// s3  lower-ttl     0 s  86400 -> 300
	// s4  propagate     0 s  all authoritative servers agree
	// s5  expire    86400 s  resolvers may hold the old TTL
	// s6  gate          0 s  resolvers have forgotten the old TTL, switching is allowed now
	// s7  switch        0 s  update www.example.org A
	// s8  propagate     0 s  all authoritative servers agree
	// s9  expire      300 s  resolvers may hold the old answer
	// s10 verify        0 s  servers and resolvers give the new answer
	// s11 settle      600 s  the new state stays good
	// s12 raise-ttl     0 s  300 -> 3600
	// 0 refusals, 1d15m
}

func ExampleDecode() {
	p := plan.Build(nil, plan.Policy{Strategy: plan.Staged}, plan.Origin{ID: "01KAR5TQ6B8M2J4Z7XW9C3D5EF"})
	data, err := plan.Encode(p)
	if err != nil {
		fmt.Println(err)
		return
	}
	back, err := plan.Decode(data)
	fmt.Println(back.ID, err)
	_, err = plan.Decode(data[:len(data)-20])
	fmt.Println(err)
	// Output:
	// 01KAR5TQ6B8M2J4Z7XW9C3D5EF <nil>
	// the plan file is damaged or was edited: unexpected end of JSON input
}
