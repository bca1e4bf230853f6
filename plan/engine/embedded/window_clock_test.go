package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// TestDeadlineWithAClockThatIsSet: a window is open for no longer than its deadline,
// on a stopwatch, whoever sets the clock back in it, and what is under way is not ended
// sooner because it is set forward.
func TestDeadlineWithAClockThatIsSet(t *testing.T) {
	for name, by := range map[string]time.Duration{"forward": time.Hour, "back": -time.Hour} {
		for _, tt := range []struct {
			at     plan.Kind
			frozen bool // a server never agrees
			sooner bool // where the clock was set forward
		}{
			{plan.StepPropagate, true, false},
			{plan.StepPropagate, false, true},
			{plan.StepExpire, false, true},
			{plan.StepCommand, false, false},
		} {
			t.Run(fmt.Sprintf("%s at %s, frozen %t", name, tt.at, tt.frozen), func(t *testing.T) {
				scenario{live: liveProxied, window: renewal, policy: func(p *plan.Policy) { p.Timeout = 7200 }}.inBubble(t, func(t *testing.T, r *rig) {
					c := &clocks{began: time.Now()}
					r.clock = embedded.NewTestClock(c.wall, c.steady)
					r.eng = r.engine(r.state, r.rec)
					r.command = hang
					if tt.frozen {
						r.w.set(r.w.servers[org][1].freeze)
					}
					step, set := r.step(tt.at, 1), false
					r.rec.onEvent = func(e journal.Event) {
						if !set && (began(step)(e) || armed(step)(e)) {
							set = true
							c.after(3*time.Second, func() { c.put(by) })
						}
					}
					r.wantOutcome(r.run(), execute.OutcomeFailed, execute.Closed, execute.Closed)
					open := r.wroteAt(2).Sub(r.wroteAt(1)) // by the bubble's own clock
					sooner := by > 0 && tt.sooner
					if !set || open > 20*time.Minute+time.Second || !sooner && open < 20*time.Minute-time.Second {
						t.Errorf("it was open for %s", open)
					}
					r.wantClosed()
				})
			})
		}
	}
}

// TestDeadlineCountsFromTheOpening: what comes before the write that opens the window
// takes nothing from its deadline.
func TestDeadlineCountsFromTheOpening(t *testing.T) {
	scenario{live: liveProxied, window: renewal}.inBubble(t, func(t *testing.T, r *rig) {
		down := func(is bool) func() { return func() { r.w.set(func() { r.w.down = is }) } }
		preflight := r.step(plan.StepPreflight, 1)
		r.rec.at(func(e journal.Event) bool { return e.Kind == journal.Done && e.Step == preflight.ID }, func() {
			down(true)()
			time.AfterFunc(10*time.Second, down(false))
		})
		r.command = hang
		r.wantOutcome(r.run(), execute.OutcomeFailed, execute.Closed, execute.Closed)
		if open := r.wroteAt(2).Sub(r.wroteAt(1)); open < 20*time.Minute-time.Second || open > 20*time.Minute+time.Second {
			t.Errorf("it was open for %s", open)
		}
	})
}

// TestHookIsInterruptedAsItOpens: a signal that comes with the last step closes the
// window of a hook as one that comes before.
func TestHookIsInterruptedAsItOpens(t *testing.T) {
	scenario{live: liveProxied, window: hook}.inBubble(t, func(t *testing.T, r *rig) {
		ctx, stop := contextOf(t)
		defer stop()
		ready := r.step(plan.StepCommand, 1).After[0]
		r.rec.at(func(e journal.Event) bool { return e.Kind == journal.Done && e.Step == ready }, stop)
		r.start()
		got, err := r.eng.Wait(ctx, r.plan.ID)
		if err != nil {
			t.Fatal(err)
		}
		r.wantOutcome(got, execute.OutcomeCancelled, execute.Closed, execute.Closed)
		r.wantClosed()
	})
}

// TestSignalThatIsNotWritten: a word that cannot be written down is not heard, and
// nobody holds the run behind it.
func TestSignalThatIsNotWritten(t *testing.T) {
	for _, word := range []engine.Signal{engine.Resume, engine.Cancel, engine.AcceptLive} {
		scenario{live: liveProxied, window: hook}.inBubble(t, func(t *testing.T, r *rig) {
			r.start()
			r.eng.FailJournal(r.plan.ID, 0, false, syscall.ENOSPC, nil)
			if err := r.eng.Signal(t.Context(), r.plan.ID, word); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%s: %v", word, err)
			}
			if run, err := r.eng.Show(t.Context(), r.plan.ID); err != nil || run.Busy {
				t.Errorf("%s: busy %t, %v", word, run.Busy, err)
			}
			got := r.wait() // with a good disk
			if r.wantOutcome(got, execute.OutcomeOpen); slices.ContainsFunc(r.events(), func(e journal.Event) bool { return e.Kind == journal.Cancel }) {
				t.Errorf("%s was heard", word)
			}
		})
	}
}

// TestClosingWithAClockThatIsSet: a window is closed soon after its provider is back,
// whoever has set the clock back meanwhile.
func TestClosingWithAClockThatIsSet(t *testing.T) {
	scenario{live: liveProxied, window: renewal}.inBubble(t, func(t *testing.T, r *rig) {
		c := &clocks{began: time.Now()}
		r.clock = embedded.NewTestClock(c.wall, c.steady)
		r.eng = r.engine(r.state, r.rec)
		var back time.Time
		r.command = func(context.Context) (int, error) {
			r.w.set(func() { r.w.down = true })
			c.after(20*time.Second, func() { c.put(-time.Hour) })
			c.after(time.Minute, func() {
				r.w.set(func() { r.w.down, back = false, time.Now() })
			})
			return 0, nil
		}
		got := r.run()
		r.w.set(func() {
			if late := r.wroteAt(2).Sub(back); got.Window.Open() || late > 30*time.Second {
				t.Errorf("closed %s after the provider was back: %+v", late, got.Failures)
			}
		})
		r.wantClosed()
	})
}
