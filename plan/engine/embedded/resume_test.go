package embedded_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers"
)

// killed is what a test's process dies of.
type killed struct{}

// die runs the plan until the event of the number is on disk, and ends the
// process there, without a word. It tells whether it came that far.
func (r *rig) die(seq int) (died bool) {
	r.start()
	if seq == 1 {
		return true
	}
	r.rec.onEvent = func(e journal.Event) {
		if e.Seq == seq {
			panic(killed{})
		}
	}
	defer func() {
		if v := recover(); v != nil {
			if _, ok := v.(killed); !ok {
				panic(v)
			}
			died = true
		}
	}()
	r.wait()
	return false
}

// reborn is another process, over what is on disk of the journal's first
// events.
func (r *rig) reborn(events int) {
	r.t.Helper()
	from, to := filepath.Join(r.state, journal.RunsDir, r.plan.ID), stateDir(r.t)
	dir := filepath.Join(to, journal.RunsDir, r.plan.ID)
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		r.t.Fatal(err)
	}
	path := filepath.Join(dir, journal.JournalFile)
	b, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	lines := bytes.SplitAfter(b, []byte("\n"))
	if err := os.WriteFile(path, bytes.Join(lines[:events], nil), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.state, r.rec = to, &recorder{}
	r.eng = r.engine(to, r.rec)
}

// ending is how a run went, as far as it must not depend on who lived.
type ending struct {
	Outcome execute.Outcome
	Made    []execute.Made
	Writes  []string
	Live    []string
	LiveNet []string
	Log     int
}

func (r *rig) ending(got execute.Result) ending {
	r.t.Helper()
	e := ending{Outcome: got.Outcome, Writes: r.w.writes(), Live: r.w.live(org)}
	if r.w.provider.Snapshot(net) != nil {
		e.LiveNet = r.w.live(net)
	}
	for _, c := range got.Changes {
		e.Made = append(e.Made, c.Made)
	}
	slices.Sort(e.Writes) // zones are written at the same time
	log, err := journal.ReadChanges(r.state)
	if err != nil {
		r.t.Fatal(err)
	}
	e.Log = len(log)
	return e
}

// wantLaws wants what holds for every run: each wait is armed once, and no
// switched RRset's TTL goes up before its verification, or with values that
// were taken back.
func (r *rig) wantLaws() {
	r.t.Helper()
	armed := map[string]int{}
	verified := map[string]time.Time{}
	for _, e := range r.events() {
		switch {
		case e.Kind == journal.Wait:
			armed[e.Step+" "+e.Zone]++
		case e.Kind == journal.Done && !e.Undo && r.kindOf(e.Step) == plan.StepVerify:
			for _, id := range r.stepByID(e.Step).Changes {
				verified[id] = e.At
			}
		}
	}
	for wait, n := range armed {
		if n != 1 {
			r.t.Errorf("wait %s was armed %d times", wait, n)
		}
	}
	for _, call := range r.w.landed() {
		for _, c := range call.Changes {
			if id, up := r.raises(c); up && (verified[id].IsZero() || call.At.Before(verified[id])) {
				r.t.Errorf("%s at %s, verified at %s", setOf(c), call.At, verified[id])
			}
		}
	}
}

// raises tells whether a write leaves a switched RRset with more than its change
// TTL.
func (r *rig) raises(c providers.Change) (id string, up bool) {
	for _, ch := range r.plan.Changes {
		if c.After == nil || ch.After == nil || ch.Key != c.Key() || ch.Action == plan.TTL {
			continue
		}
		return ch.ID, slices.Equal(c.After.Addrs, ch.After.Values) && c.After.TTL > ch.ChangeTTL && ch.ChangeTTL > 0
	}
	return "", false
}

func (r *rig) stepByID(id string) *plan.Step {
	i := slices.IndexFunc(r.plan.Steps, func(st plan.Step) bool { return st.ID == id })
	return &r.plan.Steps[i]
}

func (r *rig) kindOf(step string) plan.Kind { return r.stepByID(step).Kind }

// freezeOnSwitch freezes a server as soon as a new address is written.
func freezeOnSwitch(w *world) {
	w.onWrite = func(z zone.Name, changes []providers.Change) {
		if c := changes[0]; c.After != nil && c.After.TTL == lowTTL && c.After.Addrs[0].String() == "203.0.113.1" {
			w.set(w.servers[z][1].freeze)
		}
	}
}

// Kill and resume: the process dies at every entry of the journal, right behind
// it, and right before it with what it did on the way there.
func TestKilledAtEachEntry(t *testing.T) {
	rollback := update
	rollback.world = freezeOnSwitch
	tests := map[string]scenario{
		"update":       update,
		"create":       {live: "@ 600 A 192.0.2.1", want: "@ 600 A 192.0.2.1\n" + wantWWW},
		"delete":       {live: liveWWW + "\n@ 600 A 192.0.2.1", want: "@ 600 A 192.0.2.1", prune: true},
		"two groups":   {live: liveGroups, want: wantGroups},
		"rollback":     rollback,
		"group in two": groupInTwoZones,
	}
	for name, s := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.killEverywhere(t)
		})
	}
}

func (s scenario) killEverywhere(t *testing.T) {
	var want ending
	var took time.Duration
	var entries int
	s.inBubble(t, func(t *testing.T, r *rig) {
		want = r.ending(r.run())
		took, entries = time.Since(r.began), len(r.events())
		r.wantLaws()
	})
	for seq := 1; seq <= entries; seq++ {
		for _, lost := range []int{0, 1} {
			if lost == seq {
				continue // a run without an entry never began
			}
			s.inBubble(t, func(t *testing.T, r *rig) {
				if !r.die(seq) {
					t.Fatalf("ended before entry %d", seq)
				}
				r.reborn(seq - lost)
				// A write that was begun is outlasted, and an agreement whose time-out was
				// lost is waited for anew.
				late := 15*time.Second + lateness + time.Duration(lost)*600*time.Second
				r.goOn(fmt.Sprintf("killed at %d of %d, %d lost", seq, entries, lost), want, took+late)
			})
		}
	}
}

func (r *rig) goOn(what string, want ending, within time.Duration) {
	r.t.Helper()
	err := r.eng.Signal(r.t.Context(), r.plan.ID, engine.Resume)
	if errors.Is(err, engine.ErrEnded) {
		run, err := r.eng.Show(r.t.Context(), r.plan.ID)
		if err != nil || run.Result.Outcome != want.Outcome {
			r.t.Errorf("%s: %v, %v", what, run.Result.Outcome, err)
		}
		return
	}
	if err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
	if diff := cmp.Diff(want, r.ending(r.wait())); diff != "" {
		r.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
	if took := time.Since(r.began); took > within {
		r.t.Errorf("%s: took %s, want at most %s: waits were served again", what, took, within)
	}
	r.wantLaws()
}

// The time in which no process lives counts.
func TestWaitsGoOnWithoutAProcess(t *testing.T) {
	for _, tt := range []struct{ dead, late time.Duration }{{400 * time.Second, 0}, {700 * time.Second, 700*time.Second - (oldTTL*time.Second + execute.Margin)}} {
		update.inBubble(t, func(t *testing.T, r *rig) {
			r.run()
			took := time.Since(r.began)
			r2 := update.build(t)
			e := slices.IndexFunc(r.events(), armed(r.step(plan.StepExpire, 1)))
			if !r2.die(e + 1) {
				t.Fatal("ended before the wait")
			}
			r2.reborn(e + 1)
			time.Sleep(tt.dead)
			r2.wantOutcome(r2.signal(engine.Resume), execute.OutcomeDone, execute.Applied)
			if late := time.Since(r2.began) - took - tt.late; late < 0 || late > time.Second {
				t.Errorf("dead for %s: %s later than it should be", tt.dead, late)
			}
		})
	}
}

func TestInterruptedRunIsResumed(t *testing.T) {
	for _, kind := range []plan.Kind{plan.StepPropagate, plan.StepExpire, plan.StepVerify} {
		t.Run(string(kind), func(t *testing.T) {
			update.inBubble(t, func(t *testing.T, r *rig) {
				st := r.step(kind, 1)
				ctx, stop := contextOf(t)
				r.rec.onEvent = func(e journal.Event) {
					if e.Step == st.ID && (e.Kind == journal.Start || e.Kind == journal.Wait) {
						stop()
					}
				}
				r.start()
				result, err := r.eng.Wait(ctx, r.plan.ID)
				if err != nil {
					t.Fatal(err)
				}
				r.wantOutcome(result, execute.OutcomeInterrupted, execute.Pending)
				r.wantOutcome(r.signal(engine.Resume), execute.OutcomeDone, execute.Applied)
				r.wantWrites(lowWWW, switchWWW, isWWW)
				r.wantLaws()
			})
		})
	}
}

// A journal that cannot be written ends the run at once, and another process
// takes it to its end.
func TestFullDiskEndsTheRun(t *testing.T) {
	for _, kind := range []plan.Kind{plan.StepLower, plan.StepExpire, plan.StepSwitch, plan.StepRaise} {
		t.Run(string(kind), func(t *testing.T) {
			update.inBubble(t, func(t *testing.T, r *rig) {
				st := r.step(kind, 1)
				r.start()
				r.rec.at(func(e journal.Event) bool { return e.Step == st.ID }, func() { r.eng.BreakJournal(r.plan.ID) })
				if _, err := r.eng.Wait(t.Context(), r.plan.ID); !errors.Is(err, os.ErrClosed) {
					t.Fatalf("wait: %v", err)
				}
				r.rec.onEvent = nil
				r.wantOutcome(r.signal(engine.Resume), execute.OutcomeDone, execute.Applied)
				r.wantWrites(lowWWW, switchWWW, isWWW)
				r.wantLaws()
			})
		})
	}
}
