package main

import (
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/journal"
)

// openedAt is the state folder of a window that is opened now, for 20 minutes.
func openedAt(t *testing.T, now time.Time) string {
	t.Helper()
	dir := t.TempDir()
	if err := journal.MarkWindow(dir, journal.OpenWindow{Run: windowRun, Holder: journal.Holder{Run: windowRun}, Deadline: now.Add(windowDeadline)}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestOverdue: a window is neither late nor early because the clock was set.
func TestOverdue(t *testing.T) {
	for name, tt := range map[string]struct{ before, set, passed, want time.Duration }{
		"at once":                  {0, 0, 0, -windowDeadline},
		"seen late":                {time.Minute, 0, time.Minute, 2*time.Minute - windowDeadline},
		"seen behind the deadline": {windowDeadline + time.Minute, 0, 0, time.Minute},
		"the clock is set forward": {0, time.Hour, time.Minute, time.Minute - windowDeadline},
		"the clock is set back":    {0, -time.Hour, windowDeadline + time.Minute, time.Minute},
		"it was set back before":   {-time.Hour, 0, windowDeadline, 0},
	} {
		wall, steady := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC), 5*time.Hour
		o := &overdue{state: openedAt(t, wall), run: windowRun, deadline: windowDeadline, wall: func() time.Time { return wall }, steady: func() time.Duration { return steady }}
		wall = wall.Add(tt.before)
		if _, open, err := o.look(); !open || err != nil {
			t.Fatalf("%s: open %t, %v", name, open, err)
		}
		wall, steady = wall.Add(tt.set+tt.passed), steady+tt.passed
		if late, open, err := o.look(); late != tt.want || !open || err != nil {
			t.Errorf("%s: late by %s, open %t, %v, want %s", name, late, open, err, tt.want)
		}
	}
}

// TestGuardLetsLive: a process that says that it lives has its time behind the deadline,
// and has it again where it was stopped together with its guard.
func TestGuardLetsLive(t *testing.T) {
	const slow = guardLook + 2*guardStall
	for name, tt := range map[string]struct {
		looks time.Duration // for how long the guard looks as it should
		stops []time.Duration
		hangs bool
	}{
		"in time":           {windowDeadline + guardGrace, nil, false},
		"late":              {windowDeadline + guardGrace + guardLook, nil, true},
		"stopped":           {windowDeadline, []time.Duration{time.Hour, guardLook, guardLook}, false},
		"and still late":    {windowDeadline, []time.Duration{time.Hour, guardGrace - 1, guardLook}, true},
		"stopped once more": {windowDeadline, []time.Duration{time.Hour, slow, slow, slow}, true},
	} {
		now, steady := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC), time.Hour
		due := &overdue{state: openedAt(t, now), run: windowRun, deadline: windowDeadline, wall: func() time.Time { return now }, steady: func() time.Duration { return steady }}
		g := &guarding{due: due, looked: steady, heard: time.Now()}
		looks := slices.Concat([]time.Duration{0}, slices.Repeat([]time.Duration{guardLook}, int(tt.looks/guardLook)), tt.stops)
		hangs := slices.ContainsFunc(looks, func(passes time.Duration) bool {
			steady += passes
			spared := g.spares()
			_, late := g.late(g.grace())
			return late && !spared
		})
		if hangs != tt.hangs {
			t.Errorf("%s: it hangs: %t", name, hangs)
		}
	}
}

// The process is stopped together with its guard, past its deadline, as in a machine
// that swaps: it closes the window itself when both go on.
func TestWindowStoppedWithItsGuard(t *testing.T) {
	if testing.Short() {
		t.Skip("waits in real time")
	}
	t.Parallel()
	inTime(t, func(r *windowRig, deadline time.Duration) bool {
		p := r.start("window", "www.example.org", "--deadline", deadline.String(), "--", "sh", "-c", hanging)
		eventually(t, "the command runs, or is late", func() bool {
			_, err := os.Stat(r.path("pid"))
			return err == nil || r.toggles() == "off on"
		})
		r.kill(p.Process.Pid, syscall.SIGSTOP)
		if _, err := os.Stat(r.path("pid")); err != nil || r.toggles() != "off" {
			r.kill(p.Process.Pid, syscall.SIGCONT)
			_ = p.wait()
			return false
		}
		guard := r.guardOf(p.Process.Pid)
		r.kill(guard, syscall.SIGSTOP)
		time.Sleep(deadline + guardSoon)
		r.kill(guard, syscall.SIGCONT) // it may look first
		time.Sleep(100 * time.Millisecond)
		r.kill(p.Process.Pid, syscall.SIGCONT)
		if got := p.wait(); got.code < 0 {
			t.Errorf("it was killed: %s", got.stderr)
		}
		r.closes()
		r.closedOnce()
		return true
	})
}
