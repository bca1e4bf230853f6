package embedded_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// clocks are a machine's two clocks, over a bubble's time: the wall clock can be
// set, and both go on while the machine sleeps, in which no timer does.
type clocks struct {
	began      time.Time
	set, slept atomic.Int64
}

func (c *clocks) wall() time.Time {
	return time.Now().Add(time.Duration(c.set.Load() + c.slept.Load()))
}

func (c *clocks) steady() time.Duration { return time.Since(c.began) + time.Duration(c.slept.Load()) }

// put sets the wall clock by some time, and sleep has the machine sleep for it.
func (c *clocks) put(by time.Duration)   { c.set.Add(int64(by)) }
func (c *clocks) sleep(by time.Duration) { c.slept.Add(int64(by)) }

// after changes the clocks after a while.
func (c *clocks) after(d time.Duration, change func()) {
	go func() {
		time.Sleep(d)
		change()
	}()
}

// A wait of two hours, with what happens to the clocks an hour into it.
func TestNoWaitIsCutShort(t *testing.T) {
	tests := map[string]struct {
		change func(c *clocks)
		takes  time.Duration // on a stopwatch, in which the machine is awake
	}{
		"nothing":              {func(*clocks) {}, 2 * time.Hour},
		"an hour forward":      {func(c *clocks) { c.put(time.Hour) }, 2 * time.Hour},
		"a day forward":        {func(c *clocks) { c.put(24 * time.Hour) }, 2 * time.Hour},
		"an hour back":         {func(c *clocks) { c.put(-time.Hour) }, 3 * time.Hour},
		"asleep for half":      {func(c *clocks) { c.sleep(30 * time.Minute) }, 90 * time.Minute},
		"asleep for long":      {func(c *clocks) { c.sleep(8 * time.Hour) }, time.Hour},
		"asleep, then forward": {func(c *clocks) { c.sleep(30 * time.Minute); c.put(time.Hour) }, 90 * time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &clocks{began: time.Now()}
				clock := embedded.NewTestClock(c.wall, c.steady)
				c.after(time.Hour, func() { tt.change(c) })
				began := time.Now()
				if err := clock.SleepUntil(t.Context(), clock.Now().Add(2*time.Hour)); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took < tt.takes || took > tt.takes+30*time.Second {
					t.Errorf("it took %s, want %s", took, tt.takes)
				}
			})
		})
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &clocks{began: time.Now()}
		clock := embedded.NewTestClock(c.wall, c.steady)
		ctx, stop := context.WithCancel(t.Context())
		c.after(10*time.Second, stop)
		began := time.Now()
		if err := clock.SleepUntil(ctx, clock.Now().Add(time.Hour)); !errors.Is(err, context.Canceled) || time.Since(began) != 10*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if err := clock.SleepUntil(t.Context(), clock.Now().Add(-time.Hour)); err != nil || time.Since(began) != 10*time.Second {
			t.Errorf("a wait that is over: %v after %s", err, time.Since(began))
		}
	})
}

// The machine's own clocks go on, and a wait for them ends.
func TestMachineClock(t *testing.T) {
	c := embedded.MachineClock()
	until := c.Now().Add(20 * time.Millisecond)
	if err := c.SleepUntil(t.Context(), until); err != nil || c.Now().Before(until) {
		t.Errorf("it ended at %s, before %s: %v", c.Now(), until, err)
	}
	if c.Steady != nil && c.Steady() <= 0 {
		t.Errorf("the machine has run for %s", c.Steady())
	}
}

// A run whose wall clock is set in the middle of a wait, or of a poll: what
// resolvers hold is waited out all the same, and nobody is given up early.
func TestRunsWithAClockThatIsSet(t *testing.T) {
	for name, by := range map[string]time.Duration{"forward": time.Hour, "back": -time.Hour} {
		for _, kind := range []plan.Kind{plan.StepExpire, plan.StepPropagate, plan.StepSettle} {
			t.Run(name+" at "+string(kind), func(t *testing.T) {
				update.inBubble(t, func(t *testing.T, r *rig) {
					c := &clocks{began: time.Now()}
					r.clock = embedded.NewTestClock(c.wall, c.steady)
					r.eng = r.engine(r.state, r.rec)
					r.rec.at(began(r.step(kind, 1)), func() { c.after(time.Second, func() { c.put(by) }) })
					if kind != plan.StepPropagate {
						r.rec.at(armed(r.step(kind, 1)), func() { c.after(time.Second, func() { c.put(by) }) })
					}
					o := r.watch()
					r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
					done := time.Now()
					o.end(oldTTL * time.Second)
					o.wantForgotten(r, done)
					if most := 2*time.Hour + 30*time.Minute; done.Sub(r.began) > most {
						t.Errorf("it took %s", done.Sub(r.began))
					}
					if gap := r.wroteAt(2).Sub(r.wroteAt(1)); gap < oldTTL*time.Second {
						t.Errorf("switched %s after the TTL was lowered", gap)
					}
				})
			})
		}
	}
}

// A poll of servers that lag is given the whole of its time-out, whatever the
// clock shows meanwhile.
func TestPollsWithAClockThatIsSet(t *testing.T) {
	for name, by := range map[string]time.Duration{"forward": time.Hour, "back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			update.inBubble(t, func(t *testing.T, r *rig) {
				c := &clocks{began: time.Now()}
				r.clock = embedded.NewTestClock(c.wall, c.steady)
				r.eng = r.engine(r.state, r.rec)
				r.w.servers[org][1].lag = 400 * time.Second // of 600
				r.rec.at(began(r.step(plan.StepPropagate, 1)), func() { c.after(100*time.Second, func() { c.put(by) }) })
				r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
				if took := time.Since(r.began); took > 2*time.Hour { // set back, waits count from the latest event
					t.Errorf("it took %s", took)
				}
			})
			update.inBubble(t, func(t *testing.T, r *rig) {
				c := &clocks{began: time.Now()}
				r.clock = embedded.NewTestClock(c.wall, c.steady)
				r.eng = r.engine(r.state, r.rec)
				r.rec.at(began(r.step(plan.StepLower, 1)), func() { r.w.set(r.w.servers[org][1].freeze) })
				r.rec.onEvent = chain(r.rec.onEvent, func(e journal.Event) {
					if began(r.step(plan.StepPropagate, 1))(e) {
						c.after(100*time.Second, func() { c.put(by) })
					}
				})
				r.wantOutcome(r.run(), execute.OutcomeFailed, execute.RolledBack)
				if took := time.Since(r.began); took < 600*time.Second || took > 700*time.Second {
					t.Errorf("given up after %s", took)
				}
			})
		})
	}
}

// An old answer that a resolver gave is not believed to be over because the
// clock was set forward.
func TestStaleAnswersWithAClockThatIsSet(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		c := &clocks{began: time.Now()}
		r.clock = embedded.NewTestClock(c.wall, c.steady)
		r.eng = r.engine(r.state, r.rec)
		r.w.resolvers[1].stale = 90 * time.Second
		r.rec.at(began(r.step(plan.StepVerify, 1)), func() { c.after(10*time.Second, func() { c.put(time.Hour) }) })
		o := r.watch()
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		var verified time.Time
		for _, e := range r.events() {
			if e.Kind == journal.Done && e.Step == r.step(plan.StepVerify, 1).ID {
				verified = e.At.Add(-time.Duration(c.set.Load()))
			}
		}
		o.end(oldTTL * time.Second)
		for what, at := range o.last {
			if strings.HasPrefix(what, "r2 ") && strings.HasSuffix(what, "192.0.2.1") && verified.Before(at.Add(20*time.Second)) {
				t.Errorf("verified %s after %s was given with 30 s", verified.Sub(at), what)
			}
		}
	})
}

// A process that takes a run over knows the wall clock alone. Where that was set
// forward meanwhile, what resolvers really show is what counts.
func TestTakenOverWithAClockThatWasSet(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		c := &clocks{began: time.Now()}
		r.clock = embedded.NewTestClock(c.wall, c.steady)
		r.eng = r.engine(r.state, r.rec)
		ctx, stop := contextOf(t)
		defer stop()
		r.rec.at(armed(r.step(plan.StepExpire, 1)), stop)
		o := r.watch()
		r.start()
		result, err := r.eng.Wait(ctx, r.plan.ID)
		if err != nil {
			t.Fatal(err)
		}
		r.wantOutcome(result, execute.OutcomeInterrupted)
		c.put(time.Hour)
		r.eng = r.engine(r.state, &recorder{})
		r.wantOutcome(r.signal(engine.Resume), execute.OutcomeDone, execute.Applied)
		done := time.Now()
		o.end(oldTTL * time.Second)
		o.wantForgotten(r, done)
		if gap := r.wroteAt(2).Sub(r.wroteAt(1)); gap < (oldTTL-10)*time.Second {
			t.Errorf("switched %s after the TTL was lowered", gap)
		}
	})
}
