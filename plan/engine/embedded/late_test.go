package embedded_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
)

// diesWriting lets the process die with the first write of a step under way, which is
// applied after a while; never where that is 0. Another process is there then.
func (r *rig) diesWriting(st *plan.Step, after time.Duration) {
	r.t.Helper()
	seq := 0
	r.rec.at(began(st), func() { panic(killed{}) })
	if onEvent := r.rec.onEvent; onEvent != nil {
		r.rec.onEvent = func(e journal.Event) { seq = e.Seq; onEvent(e) }
	}
	r.start()
	func() {
		defer func() { _ = recover() }()
		r.wait()
	}()
	var changes []providers.Change
	for i := range r.plan.Changes {
		m := r.plan.Changes[i].Move(st.Kind)
		changes = append(changes, providers.Change{Before: m.From, After: m.To})
	}
	r.w.landsIn(after, org, changes)
	from := r.state
	r.reborn(seq)
	if marks := filepath.Join(from, "windows"); r.plan.Window != nil {
		if err := os.CopyFS(filepath.Join(r.state, "windows"), os.DirFS(marks)); err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestWriteThatLandsLate: a write that is applied only after its process has died, and
// after it was looked for, is taken back all the same.
func TestWriteThatLandsLate(t *testing.T) {
	for name, tt := range map[string]struct {
		scenario
		while  plan.Kind
		writes []string
	}{
		"a window": {scenario{live: liveProxied, window: renewal}, plan.StepProxyOff, []string{direct60, again}},
		"a switch": {scenario{live: "www 60 A 192.0.2.1", want: "www 60 A 192.0.2.2"}, plan.StepSwitch, []string{"www.example.org. 60 A 192.0.2.2", "www.example.org. 60 A 192.0.2.1"}},
		"a TTL":    {scenario{live: "www 300 A 192.0.2.1", want: "www 300 A 192.0.2.2"}, plan.StepLower, []string{"www.example.org. 60 A 192.0.2.1", "www.example.org. 300 A 192.0.2.1"}},
	} {
		for _, after := range []time.Duration{0, 100 * time.Millisecond, 3 * time.Second, lateness - time.Millisecond} {
			t.Run(fmt.Sprint(name, " after ", after), func(t *testing.T) {
				tt.inBubble(t, func(t *testing.T, r *rig) {
					before := r.w.live(org)
					r.diesWriting(r.step(tt.while, 1), after)
					began := time.Now()
					r.wantOutcome(r.signal(engine.Cancel), execute.OutcomeCancelled)
					if took := time.Since(began); took < lateness || took > lateness+time.Minute {
						t.Errorf("it took %s", took)
					}
					r.wantLive(org, before...)
					if tt.writes == nil || after == 0 {
						r.wantWrites()
						return
					}
					r.wantWrites(tt.writes...)
					if back := r.wroteAt(2).Sub(r.wroteAt(1)); back > 10*time.Second {
						t.Errorf("it was taken back %s after it landed", back)
					}
				})
			})
		}
	}
}

// TestWriteThatLandsLaterStill: who goes on with a closing that was waiting for such a
// write waits for it afresh, and is found by the window's mark until then.
func TestWriteThatLandsLaterStill(t *testing.T) {
	scenario{live: liveProxied, window: renewal}.inBubble(t, func(t *testing.T, r *rig) {
		r.diesWriting(r.step(plan.StepProxyOff, 1), lateness+10*time.Second)
		ctx, stop := context.WithTimeoutCause(t.Context(), 20*time.Second, execute.ErrLetGo)
		defer stop()
		if err := r.eng.Signal(ctx, r.plan.ID, engine.Resume); err != nil {
			t.Fatal(err)
		}
		if got, err := r.eng.Wait(ctx, r.plan.ID); err == nil || got.Outcome != execute.OutcomeRunning {
			t.Fatalf("%s, %v", got.Outcome, err)
		}
		if open, err := journal.OpenWindows(r.state); err != nil || len(open) != 1 {
			t.Errorf("open windows %+v, %v", open, err)
		}
		r.wantOutcome(r.signal(engine.Resume), execute.OutcomeCancelled, execute.Closed, execute.Closed)
		r.wantWrites(direct60, again)
		r.wantClosed()
	})
}

// TestLostAnswers: no answer comes to the process itself, and one of its requests is
// applied when it has given up.
func TestLostAnswers(t *testing.T) {
	scenario{live: liveProxied, window: renewal}.inBubble(t, func(t *testing.T, r *rig) {
		sent := 0
		r.w.late = func() (time.Duration, bool) {
			sent++
			if sent == 1 {
				return 20 * time.Second, true
			}
			return 0, sent <= 6
		}
		r.wantOutcome(r.run(), execute.OutcomeFailed, execute.Closed, execute.Closed)
		r.wantWrites(direct60, again)
		r.wantClosed()
		found := false
		for _, p := range r.rec.progress {
			found = found || p.Closing && p.Then == execute.Ends && strings.Contains(p.Doing, "may still be applied")
		}
		if !found {
			t.Errorf("nobody was told: %+v", r.rec.progress)
		}
	})
}

// TestLostAnswerIsOutlasted: a step whose request was lost, and sent again, is not done
// before the first can be applied no more.
func TestLostAnswerIsOutlasted(t *testing.T) {
	scenario{live: "www 60 A 192.0.2.1", want: "www 60 A 192.0.2.2"}.inBubble(t, func(t *testing.T, r *rig) {
		sent := 0
		r.w.late = func() (time.Duration, bool) {
			sent++
			return 0, sent == 1
		}
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		if waited := r.doneAt(r.step(plan.StepSwitch, 1), org).Sub(r.wroteAt(1)); waited < lateness-time.Second || waited > lateness {
			t.Errorf("it was done %s after the second request", waited)
		}
	})
}

// TestLostAnswerWithAClockThatIsSet: nor much later, whoever sets the clock back.
func TestLostAnswerWithAClockThatIsSet(t *testing.T) {
	scenario{live: "www 60 A 192.0.2.1", want: "www 60 A 192.0.2.2"}.inBubble(t, func(t *testing.T, r *rig) {
		c := &clocks{began: time.Now()}
		r.clock = embedded.NewTestClock(c.wall, c.steady)
		r.eng = r.engine(r.state, r.rec)
		sent := 0
		r.w.late = func() (time.Duration, bool) {
			if sent++; sent == 1 {
				c.after(lateness/2, func() { c.put(-time.Hour) })
			}
			return 0, sent == 1
		}
		var done time.Time
		st := r.step(plan.StepSwitch, 1)
		r.rec.at(func(e journal.Event) bool { return e.Kind == journal.Done && e.Step == st.ID }, func() { done = time.Now() })
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		if waited := done.Sub(r.wroteAt(1)); waited > lateness+10*time.Second {
			t.Errorf("it was done %s after the second request", waited)
		}
	})
}

// TestHeldStepIsNotInDoubt: a step that has held, each of its requests answered, is gone
// on with at once.
func TestHeldStepIsNotInDoubt(t *testing.T) {
	scenario{live: "www 60 A 192.0.2.1", want: "www 60 A 192.0.2.2"}.inBubble(t, func(t *testing.T, r *rig) {
		st := r.step(plan.StepSwitch, 1)
		r.rec.at(began(st), func() { r.w.edit(t, org, "www 300 A 192.0.2.2") })
		r.wantOutcome(r.run(), execute.OutcomeHeld, execute.Pending)
		r.w.edit(t, org, "www 60 A 192.0.2.1")
		resumed := time.Now()
		r.wantOutcome(r.signal(engine.Resume), execute.OutcomeDone, execute.Applied)
		if took := r.doneAt(st, org).Sub(resumed); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// TestWriteOfADeadProcessIsOutlasted: so is a step whose process has died with a request
// under way, and which another process does again.
func TestWriteOfADeadProcessIsOutlasted(t *testing.T) {
	scenario{live: "www 60 A 192.0.2.1", want: "www 60 A 192.0.2.2"}.inBubble(t, func(t *testing.T, r *rig) {
		st := r.step(plan.StepSwitch, 1)
		r.diesWriting(st, 3*time.Second)
		r.wantOutcome(r.signal(engine.Resume), execute.OutcomeDone, execute.Applied)
		if waited := r.doneAt(st, org).Sub(r.wroteAt(1)); waited < lateness-time.Second || waited > lateness {
			t.Errorf("it was done %s after the second request", waited)
		}
	})
}

// TestRefusedWriteIsNotInDoubt: what the provider has refused does not come later.
func TestRefusedWriteIsNotInDoubt(t *testing.T) {
	scenario{live: liveProxied, window: renewal}.inBubble(t, func(t *testing.T, r *rig) {
		var refused time.Time
		r.w.onWrite = func(zone.Name, []providers.Change) { refused = time.Now() }
		r.w.provider.Inject(memory.RefuseWrite("quota", zone.Key{}))
		r.wantOutcome(r.run(), execute.OutcomeFailed)
		if took := time.Since(refused); took > 5*time.Second {
			t.Errorf("it was waited for %s", took)
		}
		r.wantClosed()
	})
}
