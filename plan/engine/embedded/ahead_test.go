package embedded_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// Someone else sets what the run wants, with the TTL that it shall end with: it is
// done, however far the run is. Nothing more is written, and every wait is served,
// so that no resolver gives the old answer at its end.
func TestSomeoneElseIsAhead(t *testing.T) {
	ahead := moments()
	ahead["before the TTL goes down"] = moment{func(r *rig) func(journal.Event) bool { return began(r.step(plan.StepLower, 1)) }, []string{lowWWW + " ! not written"}, ""}
	ahead["as it goes down"] = moment{func(r *rig) func(journal.Event) bool { return began(r.step(plan.StepPropagate, 1)) }, []string{lowWWW, switchWWW + " ! not written"}, ""}
	for name, m := range ahead {
		t.Run(name, func(t *testing.T) {
			update.inBubble(t, func(t *testing.T, r *rig) {
				seen := r.watch()
				r.rec.at(m.is(r), func() { r.w.edit(t, org, "www 600 A 203.0.113.1") })
				r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
				seen.end(time.Hour)
				r.wantLive(org, isWWW)
				r.wantLaws()
				seen.wantForgotten(r, r.doneAt(r.step(plan.StepVerify, 1), org))
				for _, e := range r.events() {
					if e.Kind == journal.Warning && !strings.HasPrefix(e.Message, "someone else has set what the run wants already") {
						t.Errorf("warned: %s", e.Message)
					}
				}
				for i, wrote := range r.w.writes() {
					if i >= len(m.writes) && !strings.HasSuffix(wrote, " ! not written") {
						t.Errorf("written over it: %s", wrote)
					}
				}
			})
		})
	}
}

// The new addresses with a TTL of someone else's own are theirs: they may mean it.
func TestTheNewAddressesWithAnotherTTLAreTheirs(t *testing.T) {
	for name, m := range moments() {
		t.Run(name, func(t *testing.T) {
			update.inBubble(t, func(t *testing.T, r *rig) {
				r.rec.at(m.is(r), func() { r.w.edit(t, org, "www 300 A 203.0.113.1") })
				result := r.run()
				r.wantOutcome(result, execute.OutcomeHeld, execute.Pending)
				r.wantFailure(result, execute.Moved, "someone else has set 203.0.113.1 (TTL 300)")
				r.wantWrites(m.writes...)
				r.w.edit(t, org, "www 600 A 203.0.113.1")
				r.wantOutcome(r.signal(engine.Resume), execute.OutcomeDone, execute.Applied)
			})
		})
	}
}

// What someone else has set is not taken back, although it is what the run wants.
func TestCancelBehindSomeoneElseWhoIsAhead(t *testing.T) {
	for _, n := range []int{1, 2} {
		update.inBubble(t, func(t *testing.T, r *rig) {
			r.rec.at(armed(r.step(plan.StepExpire, n)), func() {
				r.w.edit(t, org, "www 600 A 203.0.113.1")
				if err := r.eng.Signal(t.Context(), r.plan.ID, engine.Cancel); err != nil {
					t.Errorf("cancel: %v", err)
				}
			})
			r.wantOutcome(r.run(), execute.OutcomeCancelled, execute.LeftOpen)
			r.wantLive(org, isWWW)
		})
	}
}

// So it is with an RRset that someone else has created, deleted, or given its TTL.
func TestSomeoneElseHasDoneIt(t *testing.T) {
	for name, tt := range map[string]struct {
		scenario
		edit   func(*zone.Snapshot)
		writes []string
	}{
		"created": {
			scenario{live: "@ 600 A 192.0.2.9", want: "@ 600 A 192.0.2.9\n" + wantWWW},
			func(s *zone.Snapshot) {
				s.RRsets = append(s.RRsets, snapshotOf(t, org, wantWWW, negative).RRsets...)
				s.Sort()
			},
			[]string{switchWWW + " ! not written", isWWW + " ! not written"},
		},
		"deleted": {
			scenario{live: "@ 600 A 192.0.2.9\n" + liveWWW, want: "@ 600 A 192.0.2.9", prune: true},
			func(s *zone.Snapshot) { s.RRsets = s.RRsets[:1] },
			[]string{"delete www.example.org. A ! not written"},
		},
		"given its TTL": {
			scenario{live: liveWWW, want: "www 300 A 192.0.2.1"},
			func(s *zone.Snapshot) { s.RRsets[0].TTL = 300 },
			[]string{"www.example.org. 300 A 192.0.2.1 ! not written"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tt.inBubble(t, func(t *testing.T, r *rig) {
				first := slices.IndexFunc(r.plan.Steps, func(st plan.Step) bool { return st.Kind.Writes() })
				r.rec.at(began(&r.plan.Steps[first]), func() { r.w.provider.Edit(org, tt.edit); r.w.note(org) })
				r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
				r.wantWrites(tt.writes...)
			})
		})
	}
}
