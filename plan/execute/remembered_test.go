package execute_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// Until when resolvers may hold an answer from before the last write, in
// seconds from the run's begin: what is seen, left over, or taken back counts.
func TestRememberedCountsAllThatStood(t *testing.T) {
	const day = 86400
	low := rrset{zone: org, name: "www", before: 60, after: 60}
	created := rrset{zone: org, name: "www", after: 3600}
	deleted := rrset{zone: org, name: "www", before: 600}
	ttlOnly := rrset{zone: org, name: "www", before: 300, after: day, same: true}
	for _, tt := range []struct {
		name     string
		strategy plan.Strategy
		set      rrset
		cached   int
		script   string
		want     int // seconds from the last event; negative: nothing is left
	}{
		{"a fresh write", plan.Direct, deleted, 0, "to switch ok", 600},
		{"a create leaves nothing", plan.Direct, created, 0, "to switch ok", -1},
		{"a create over leftovers", plan.Direct, created, 5000, "to switch ok", 5000},
		{"an update over leftovers", plan.Direct, low, 5000, "to switch ok", 5000},
		{"leftovers below the TTL", plan.Direct, deleted, 100, "to switch ok", 600},
		{"nothing was written", plan.Staged, low, 5000, "to switch", -1},
		{"servers take their time", plan.Staged, deleted, 0, "to propagate interrupt", 600},
		{"lowered and waited for", plan.Staged, update, 0, "to switch ok", 60},
		{"taken back", plan.Staged, created, 0, "to verify cancel ok", 60},
		{"a new TTL taken back", plan.Staged, ttlOnly, 0, "to propagate fail ok", day},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := planOf(tt.strategy, tt.set)
			p.Changes[0].Cached = zone.TTL(tt.cached)
			r := newRun(p)
			r.do(t, tt.script)
			until, found := r.state.Remembered()[p.Changes[0].ZoneRef][p.Changes[0].Key]
			got := int(until.Sub(r.now) / time.Second)
			if tt.cached == tt.want {
				got = int(until.Sub(epoch) / time.Second) // counted from the plan
			}
			if tt.want < 0 && found && got > 0 || tt.want >= 0 && got != tt.want {
				t.Errorf("for %d s (%t), want %d s", got, found, tt.want)
			}
		})
	}
}

// What the preflight saw counts where the plan knows of less.
func TestRememberedCountsWhatThePreflightSaw(t *testing.T) {
	p := planOf(plan.Staged, rrset{zone: org, name: "www", before: 60, after: 60})
	r := newRun(p)
	r.do(t, "to preflight")
	a := r.next()
	r.take(journal.Event{Kind: journal.Done, Step: a.Step.ID, Zone: org, Data: json.RawMessage(`{"seen":{"c1":7200}}`)})
	r.do(t, "to switch ok")
	if got := r.state.Remembered()[p.Changes[0].ZoneRef][p.Changes[0].Key].Sub(r.now); got != 2*time.Hour {
		t.Errorf("for %s, want 2h", got)
	}
}

// What was taken back before the zone's next step was left alone still is in
// caches.
func TestRememberedKeepsWhatWasTakenBackBeforeAnAlarm(t *testing.T) {
	p := planOf(plan.Staged, update)
	r := newRun(p)
	r.do(t, "to verify cancel ok")
	at := r.now
	a := r.next()
	if !a.Closing || a.Step.Kind != plan.StepLower {
		t.Fatalf("next is %s", describe(a))
	}
	r.take(journal.Event{
		Kind: journal.Failed, Step: a.Step.ID, Undo: true, Zone: org, Error: "left as it is",
		Data: json.RawMessage(`{"class":"` + string(execute.Moved) + `","left":["c1"]}`),
	})
	if got := r.state.Remembered()[p.Changes[0].ZoneRef][p.Changes[0].Key].Sub(at); got != time.Minute {
		t.Errorf("for %s, want 1m", got)
	}
}

// Each of what resolvers may hold is told with its addresses, so that a reader sees
// whether it is another than what is live: until when, in seconds from now.
func TestHeld(t *testing.T) {
	created := rrset{zone: org, name: "www", after: 3600}
	for _, tt := range []struct {
		name   string
		set    rrset
		change func(*plan.Change)
		script string
		want   string
	}{
		{"nothing written", update, nil, "to lower-ttl", ""},
		{"lowered", update, nil, "to propagate ok", "[192.0.2.1] 600"},
		{"switched", update, nil, "to switch ok ok", "[192.0.2.1] 60"},
		{"raised", update, nil, "to raise-ttl ok ok", "[203.0.113.1] 60"},
		{"taken back", update, nil, "to verify cancel ok", "[203.0.113.1] 60"},
		{"created", created, nil, "to switch ok ok", ""},
		{"created below a wildcard", created, func(c *plan.Change) {
			c.Wildcard, c.WildcardValues = 300, []netip.Addr{netip.MustParseAddr("192.0.2.7")}
		}, "to switch ok ok", "[192.0.2.7] 300"},
		{"in place of an alias", created, func(c *plan.Change) { c.Replaces, c.ReplacesTTL = "CNAME example.net.", 120 }, "to switch ok ok", "[] 120"},
		{"what an earlier run has left is its own", created, func(c *plan.Change) { c.Cached = 5000 }, "to switch ok ok", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := planOf(plan.Staged, tt.set)
			if tt.change != nil {
				tt.change(&p.Changes[0])
			}
			r := newRun(p)
			r.do(t, tt.script)
			var got []string
			for _, h := range r.state.Held()[p.Changes[0].ZoneRef][p.Changes[0].Key] {
				if left := h.Until.Sub(r.now); left > 0 {
					got = append(got, fmt.Sprintf("%v %d", h.Addrs, left/time.Second))
				}
			}
			if text := strings.Join(got, ", "); text != tt.want {
				t.Errorf("%q, want %q", text, tt.want)
			}
		})
	}
}
