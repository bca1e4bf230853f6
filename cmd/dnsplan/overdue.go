package main

import (
	"time"

	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// overdue tells how late it is for the issuance window of a run to be closed. Its
// deadline counts from the first look that finds its mark, by a clock that nobody sets
// and that goes on while the machine sleeps: who holds the window goes by such a one
// too, and is neither late nor early because the wall clock was set.
type overdue struct {
	state, run string
	deadline   time.Duration
	wall       func() time.Time
	steady     func() time.Duration

	seen bool
	due  time.Duration // by steady, once it is seen
}

// newOverdue watches the window of a run of a state folder; look is to be called from
// before it opens, some times a minute.
func newOverdue(state, run string, deadline time.Duration, wall func() time.Time) *overdue {
	o := &overdue{state: state, run: run, deadline: deadline, wall: wall, steady: embedded.MachineClock().Steady}
	if o.steady == nil {
		began := time.Now()
		o.steady = func() time.Duration { return time.Since(began) }
	}
	return o
}

// look returns how long ago the deadline was, which is negative before, and whether the
// window is open. The error is about a mark that cannot be read.
func (o *overdue) look() (late time.Duration, open bool, err error) {
	w, open, err := journal.FindWindow(o.state, o.run)
	if err != nil || !open {
		return 0, open, err
	}
	now := o.steady()
	if !o.seen {
		o.seen, o.due = true, now+min(w.Deadline.Sub(o.wall()), o.deadline)
	}
	return now - o.due, true, nil
}
