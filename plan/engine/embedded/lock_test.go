package embedded_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// another is a second plan over the same world, for another process.
func (r *rig) another(id string) (*embedded.Engine, *plan.Plan) {
	p := *r.plan
	p.ID = id
	return r.engine(r.state, nil), &p
}

func TestSecondRunOnAZoneIsRefused(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.start()
		e, p := r.another("RUN2")
		_, err := e.Start(t.Context(), p)
		held, ok := errors.AsType[*journal.HeldError](err)
		if !ok || held.Holder.Run != "RUN" || held.Name.Zone != org {
			t.Fatalf("start: %v", err)
		}
		if _, err := os.Stat(filepath.Join(r.state, journal.RunsDir, "RUN2")); err == nil {
			t.Error("the refused plan counts as used")
		}
		if err := e.Signal(t.Context(), "RUN", engine.Cancel); !errors.Is(err, journal.ErrBusy) {
			t.Errorf("cancel from another process: %v", err)
		}
		if run, err := e.Show(t.Context(), "RUN"); err != nil || !run.Busy {
			t.Errorf("show: busy %t, %v", run.Busy, err)
		}
		r.wantOutcome(r.wait(), execute.OutcomeDone)
		_, err = e.Start(t.Context(), p)
		if _, ok := errors.AsType[*execute.StaleError](err); !ok {
			t.Errorf("start behind the first run: %v", err)
		}
	})
}

func TestPlanIsUsedOnce(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.run()
		if _, err := r.eng.Start(t.Context(), r.plan); !errors.Is(err, journal.ErrUsed) {
			t.Errorf("start: %v", err)
		}
		if err := r.eng.Signal(t.Context(), r.plan.ID, engine.Cancel); !errors.Is(err, engine.ErrEnded) {
			t.Errorf("cancel: %v", err)
		}
		if result, err := r.eng.Wait(t.Context(), r.plan.ID); err != nil || result.Outcome != execute.OutcomeDone {
			t.Errorf("wait: %v, %v", result.Outcome, err)
		}
		r.wantWrites(lowWWW, switchWWW, isWWW)
	})
}

func TestStalePlan(t *testing.T) {
	const beside = "\nother 600 A 192.0.2.9"
	tests := map[string]struct {
		edit string
		want []string // in the error; none: it starts
	}{
		"values":    {"www 600 A 198.51.100.5", []string{"www.example.org A: ", "192.0.2.1", "198.51.100.5"}},
		"TTL":       {"www 601 A 192.0.2.1", []string{"www.example.org A: the plan saw 600 192.0.2.1, there is now 601 192.0.2.1"}},
		"unrelated": {"other 600 A 198.51.100.5", nil},
		"new name":  {"more 600 A 198.51.100.5", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := scenario{live: liveWWW + beside, want: wantWWW + beside}
			s.inBubble(t, func(t *testing.T, r *rig) {
				r.w.edit(t, org, tt.edit)
				_, err := r.eng.Start(t.Context(), r.plan)
				stale, ok := errors.AsType[*execute.StaleError](err)
				if ok != (tt.want != nil) || err != nil && !ok {
					t.Fatalf("start: %v", err)
				}
				for _, word := range tt.want {
					if !strings.Contains(stale.Error(), word) {
						t.Errorf("%q does not hold %q", stale, word)
					}
				}
				if !ok {
					r.wantOutcome(r.wait(), execute.OutcomeDone, execute.Applied)
				}
			})
		})
	}
}

func TestPlanOfAMissingRRsetIsStale(t *testing.T) {
	s := scenario{live: "@ 600 A 192.0.2.1", want: "@ 600 A 192.0.2.1\n" + wantWWW}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.w.edit(t, org, liveWWW)
		_, err := r.eng.Start(t.Context(), r.plan)
		if err == nil || !strings.Contains(err.Error(), "the plan saw nothing") {
			t.Errorf("start: %v", err)
		}
	})
}

func TestReadThatFailedStartsNothing(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.w.down = true
		if _, err := r.eng.Start(t.Context(), r.plan); !errors.Is(err, errDown) {
			t.Fatalf("start: %v", err)
		}
		r.w.down = false
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied) // nothing was used up
	})
}

func TestStateFolderThatCannotBeWritten(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		file := filepath.Join(r.state, "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := r.engine(file, nil).Start(t.Context(), r.plan); err == nil {
			t.Error("started")
		}
		r.wantWrites()
	})
}

func TestTwoWaitsOfOneRun(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.start()
		r.rec.at(armed(r.step(plan.StepExpire, 1)), func() {
			if _, err := r.eng.Wait(t.Context(), r.plan.ID); !errors.Is(err, journal.ErrBusy) {
				t.Errorf("wait: %v", err)
			}
		})
		r.wantOutcome(r.wait(), execute.OutcomeDone)
	})
}

// Signals come from other goroutines while Wait is at it, at any moment.
func TestSignalsWhileWaiting(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.start()
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				time.Sleep(time.Duration(n*61) * time.Second)
				if err := r.eng.Signal(t.Context(), r.plan.ID, engine.Resume); err != nil {
					t.Errorf("resume: %v", err)
				}
			})
		}
		r.wantOutcome(r.wait(), execute.OutcomeDone, execute.Applied)
		wg.Wait()
		r.wantWrites(lowWWW, switchWWW, isWWW)
		r.wantLaws()
	})
}

func TestListShowAndWatch(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.run()
		if err := os.Mkdir(filepath.Join(r.state, journal.RunsDir, "BROKEN"), 0o700); err != nil {
			t.Fatal(err)
		}
		runs, err := r.eng.List(t.Context())
		if err != nil || len(runs) != 2 || runs[0].ID != "RUN" || runs[1].Err == nil {
			t.Errorf("list: %+v, %v", runs, err)
		}
		run, err := r.eng.Show(t.Context(), "ru")
		if err != nil || run.Result.Outcome != execute.OutcomeDone || run.Busy {
			t.Errorf("show: %+v, %v", run.Result, err)
		}
		if _, err := r.eng.Show(t.Context(), "nope"); !errors.Is(err, journal.ErrNoRun) {
			t.Errorf("show: %v", err)
		}
		if err := r.eng.Signal(t.Context(), "nope", engine.Resume); !errors.Is(err, journal.ErrNoRun) {
			t.Errorf("resume: %v", err)
		}
		for _, err := range r.eng.Watch(t.Context(), "nope") {
			if !errors.Is(err, journal.ErrNoRun) {
				t.Errorf("watch: %v", err)
			}
		}
	})
}

func TestSystemClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := embedded.SystemClock{}
		start := c.Now()
		if err := c.SleepUntil(t.Context(), start.Add(48*time.Hour)); err != nil || c.Now().Sub(start) != 48*time.Hour {
			t.Errorf("slept %s: %v", c.Now().Sub(start), err)
		}
		before := c.Now()
		if err := c.SleepUntil(t.Context(), start); err != nil || !c.Now().Equal(before) {
			t.Errorf("the past: %v", err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := c.SleepUntil(ctx, before.Add(time.Hour)); !errors.Is(err, context.DeadlineExceeded) || c.Now().Sub(before) != time.Second {
			t.Errorf("cancelled after %s: %v", c.Now().Sub(before), err)
		}
		if err := c.SleepUntil(ctx, start); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the past, cancelled: %v", err)
		}
	})
}
