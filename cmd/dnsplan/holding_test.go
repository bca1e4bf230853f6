package main

import (
	"encoding/json"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
)

// twoZones is a plan of the staged kind for www in two zones.
func twoZones() *plan.Plan {
	var diffs []plan.ZoneDiff
	for _, z := range []zone.Name{"example.net.", "example.org."} {
		key := zone.Key{Name: "www." + z, Type: zone.A}
		live := &zone.Snapshot{Zone: z, RRsets: []zone.RRset{{Key: key, TTL: 86400, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}}
		d := &plan.Desired{ZoneRef: plan.ZoneRef{Zone: z}, Records: []plan.Record{{Key: key, TTL: 86400, Addrs: []netip.Addr{netip.MustParseAddr("203.0.113.1")}}}}
		diffs = append(diffs, plan.Diff(d, live, plan.Selection{}))
	}
	return plan.Build(diffs, plan.Policy{Strategy: plan.Staged, ChangeTTL: 300, Require: "all", Timeout: 600}, plan.Origin{ID: "01A", Created: time.Unix(1e9, 0)})
}

// A run that holds in one zone and goes on in the other is told of as soon as that is
// known, once, and not again at its end where that is all; one that holds everywhere
// is told of by its end alone.
func TestAHoldIsToldAtOnce(t *testing.T) {
	p := twoZones()
	hold := func(z string) journal.Event {
		return journal.Event{Kind: journal.Hold, Step: "s1", Zone: z, Error: "someone else", Data: json.RawMessage(`{"class":"moved"}`)}
	}
	done := journal.Event{Kind: journal.Done, Step: "s1", Zone: "example.org."}
	begin, start, next := journal.Event{Kind: journal.Begin}, journal.Event{Kind: journal.Start, Step: "s1"}, journal.Event{Kind: journal.Start, Step: "s2"}
	for name, tt := range map[string]struct {
		events []journal.Event
		told   int
		knows  bool
	}{
		"not known yet":             {[]journal.Event{begin, start, hold("example.net."), done}, 0, false},
		"the other goes on":         {[]journal.Event{begin, start, hold("example.net."), done, next}, 1, true},
		"and on":                    {[]journal.Event{begin, start, hold("example.net."), done, next, next}, 1, true},
		"and holds too, in the end": {[]journal.Event{begin, start, hold("example.net."), done, next, hold("example.org.")}, 1, false},
		"both hold":                 {[]journal.Event{begin, start, hold("example.net."), hold("example.org.")}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := &follower{clock: embedded.SystemClock{}, view: report.NewPlain(io.Discard, report.Options{})}
			var told []execute.Result
			f.holding.tell = func(r execute.Result) func() { return func() { told = append(told, r) } }
			f.Begin(p, nil)
			for _, e := range tt.events {
				f.Event(e)
			}
			knows := f.holding.knows(execute.Fold(p, tt.events).Result())
			if len(told) != tt.told || knows != tt.knows {
				t.Errorf("told %d times, and all is known: %t; want %d, %t", len(told), knows, tt.told, tt.knows)
			}
			for _, r := range told {
				if r.Outcome != execute.OutcomeHeld || len(r.Failures) != 1 || r.Failures[0].Zone.Zone != "example.net." {
					t.Errorf("told of %+v", r)
				}
			}
		})
	}
}
