package embedded_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// The disk fails at each write of the journal: behind that nothing is written
// to the provider, the run says what is wrong, and with a good disk it goes on
// to the same end.
func TestTheDiskFailsAtEachEntry(t *testing.T) {
	rollback := update
	rollback.world = freezeOnSwitch
	for name, s := range map[string]scenario{"update": update, "rollback": rollback, "two groups": {live: liveGroups, want: wantGroups}} {
		for _, lands := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, on disk %t", name, lands), func(t *testing.T) {
				t.Parallel()
				s.failEverywhere(t, lands)
			})
		}
	}
}

func (s scenario) failEverywhere(t *testing.T, lands bool) {
	disk := map[bool]error{false: syscall.ENOSPC, true: syscall.EIO}[lands]
	var want ending
	var took time.Duration
	s.inBubble(t, func(t *testing.T, r *rig) {
		want = r.ending(r.run())
		took = time.Since(r.began)
	})
	for good, failed := 0, true; failed; good++ {
		s.inBubble(t, func(t *testing.T, r *rig) {
			r.start()
			failed = false
			var then []string
			r.eng.FailJournal(r.plan.ID, good, lands, disk, func() { failed, then = true, r.w.writes() })
			_, err := r.eng.Wait(r.t.Context(), r.plan.ID)
			if !failed {
				return // it has ended before
			}
			if !errors.Is(err, disk) {
				t.Fatalf("behind %d entries: %v", good, err)
			}
			r.wantWrites(then...)
			r.rec = &recorder{}
			r.eng = r.engine(r.state, r.rec)
			r.goOn(fmt.Sprintf("failed behind %d entries", good), want, took+615*time.Second)
		})
	}
}

// The change log cannot be written: everything else is done, the run has not
// ended, and it ends when the log can be.
func TestTheChangeLogCannotBeWritten(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		path := filepath.Join(r.state, journal.ChangeLogFile)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		r.start()
		if _, err := r.eng.Wait(t.Context(), r.plan.ID); err == nil {
			t.Fatal("no error")
		}
		r.wantWrites(lowWWW, switchWWW, isWWW)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		r.eng = r.engine(r.state, r.rec)
		r.wantOutcome(r.signal(engine.Resume), execute.OutcomeDone, execute.Applied)
		r.wantWrites(lowWWW, switchWWW, isWWW)
		if v, err := journal.VerifyChanges(r.state); err != nil || v.Fault != nil || v.Entries != 1 || v.Vouching != 1 {
			t.Errorf("change log: %+v, %v", v, err)
		}
		log, err := journal.ReadChanges(r.state)
		if err != nil || len(log) != 1 {
			t.Fatalf("change log: %+v, %v", log, err)
		}
		if e := log[0]; len(e.VerifiedBy) == 0 || !e.VerifiedAt.After(e.At) {
			t.Errorf("live at %s, verified at %s by %q", e.At, e.VerifiedAt, e.VerifiedBy)
		}
	})
}

// What stands in the change log's last line and is no entry is kept, and the run
// that sets it aside tells.
func TestALineSetAsideIsTold(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		path := filepath.Join(r.state, journal.ChangeLogFile)
		if err := os.WriteFile(path, []byte("a note\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var told []string
		r.rec.onEvent = func(e journal.Event) {
			if e.Kind == journal.Warning {
				told = append(told, e.Message)
			}
		}
		r.start()
		r.wantOutcome(r.wait(), execute.OutcomeDone, execute.Applied)
		v, err := journal.VerifyChanges(r.state)
		if err != nil || v.Fault != nil || v.Entries != 1 || len(v.Aside) != 1 {
			t.Fatalf("change log: %+v, %v", v, err)
		}
		if b, err := os.ReadFile(v.Aside[0]); err != nil || string(b) != "a note\n" {
			t.Errorf("set aside %q, %v", b, err)
		}
		if len(told) != 1 || !strings.Contains(told[0], v.Aside[0]) {
			t.Errorf("told %q, want where %s is", told, v.Aside[0])
		}
	})
}

// A byte of a half-way run's journal or plan is another one: the run is refused,
// or what was the last entry is lost and the run comes to the same end, by the
// same writes.
func TestEachByteFlipped(t *testing.T) {
	var want ending
	var took time.Duration
	var entries int
	update.inBubble(t, func(t *testing.T, r *rig) {
		want = r.ending(r.run())
		took, entries = time.Since(r.began), len(r.events())
	})
	for _, f := range []struct {
		name        string
		seq, stride int
	}{{journal.JournalFile, entries / 2, 1}, {journal.JournalFile, entries - 2, 3}, {journal.PlanFile, entries / 2, 11}} {
		t.Run(fmt.Sprintf("%s at %d of %d", f.name, f.seq, entries), func(t *testing.T) {
			t.Parallel()
			for i, size := 0, 1; i < size; i += f.stride {
				update.inBubble(t, func(t *testing.T, r *rig) {
					r.die(f.seq)
					r.reborn(f.seq)
					size = len(r.file(f.name))
					r.flip(f.name, i)
					r.refusedOrTheSame(fmt.Sprintf("%s, byte %d", f.name, i), want, took+615*time.Second)
				})
			}
		})
	}
}

func (r *rig) path(name string) string {
	return filepath.Join(r.state, journal.RunsDir, r.plan.ID, name)
}

func (r *rig) file(name string) []byte {
	r.t.Helper()
	b, err := os.ReadFile(r.path(name))
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

// flip changes a bit of a file, another one at each place.
func (r *rig) flip(name string, at int) {
	r.t.Helper()
	b := r.file(name)
	b[at] ^= 1 << (at % 8)
	if err := os.WriteFile(r.path(name), b, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// refusedOrTheSame resumes a run that was tampered with.
func (r *rig) refusedOrTheSame(what string, want ending, within time.Duration) {
	r.t.Helper()
	before := r.w.writes()
	kept := r.file(journal.JournalFile)
	if err := r.eng.Signal(r.t.Context(), r.plan.ID, engine.Resume); err != nil {
		r.wantWrites(before...)
		if _, damaged := errors.AsType[*journal.DamageError](err); !damaged && !errors.Is(err, journal.ErrPlanChanged) {
			r.t.Errorf("%s: %v", what, err)
		}
		if !bytes.Equal(kept, r.file(journal.JournalFile)) {
			r.t.Errorf("%s: refused, and the journal is another one", what)
		}
		return
	}
	if diff := cmp.Diff(want, r.ending(r.wait())); diff != "" {
		r.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
	if took := time.Since(r.began); took > within {
		r.t.Errorf("%s: took %s", what, took)
	}
}
