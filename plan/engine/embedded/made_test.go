package embedded_test

import (
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers/memory"
)

// What was refused whole was not applied: nothing of it has ever been live.
func TestRefusedWholeIsNotRolledBack(t *testing.T) {
	s := scenario{live: "@ 600 A 192.0.2.1", want: "@ 600 A 192.0.2.1\n" + wantWWW}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.w.provider.Inject(memory.RefuseWrite("quota", zone.Key{}))
		r.wantOutcome(r.run(), execute.OutcomeFailed, execute.NotApplied)
		r.wantLog()
	})
}

// A switch that has landed was live, also where the process died before it could
// write that down, and the run was cancelled then.
func TestKilledBehindTheSwitchAndCancelled(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		st, seq := r.step(plan.StepSwitch, 1), 0
		r2 := update.build(t)
		r.run()
		for _, e := range r.events() {
			if e.Kind == journal.Done && e.Step == st.ID {
				seq = e.Seq
			}
		}
		if !r2.die(seq) {
			t.Fatal("ended before the switch")
		}
		r2.reborn(seq - 1)
		r2.wantOutcome(r2.signal(engine.Cancel), execute.OutcomeCancelled, execute.RolledBack)
		r2.wantWrites(lowWWW, switchWWW, lowWWW, wasWWW)
		r2.wantLog("rolled back")
	})
}

// Killed before the switch was sent, it was never live.
func TestKilledBeforeTheSwitchAndCancelled(t *testing.T) {
	s := scenario{live: "@ 600 A 192.0.2.1", want: "@ 600 A 192.0.2.1\n" + wantWWW}
	s.inBubble(t, func(t *testing.T, r *rig) {
		st, seq := r.step(plan.StepSwitch, 1), 0
		r2 := s.build(t)
		r.run()
		for _, e := range r.events() {
			if began(st)(e) {
				seq = e.Seq
			}
		}
		if !r2.die(seq) {
			t.Fatal("ended before the switch")
		}
		r2.reborn(seq)
		r2.wantOutcome(r2.signal(engine.Cancel), execute.OutcomeCancelled, execute.NotApplied)
		r2.wantWrites()
		r2.wantLog()
	})
}

// wantLog wants these outcomes in the change log.
func (r *rig) wantLog(want ...string) {
	r.t.Helper()
	log, err := journal.ReadChanges(r.state)
	if err != nil {
		r.t.Fatal(err)
	}
	if len(log) != len(want) {
		r.t.Fatalf("change log %+v, want %q", log, want)
	}
	for i := range log {
		if log[i].Outcome != want[i] {
			r.t.Errorf("entry %d is %q, want %q", i, log[i].Outcome, want[i])
		}
	}
}
