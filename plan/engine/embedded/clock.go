package embedded

import (
	"context"
	"time"
)

// longestNap is how long SystemClock sleeps before it looks at its clocks again:
// a timer does not see that the machine slept, or that the wall clock was set.
const longestNap = 30 * time.Second

// SystemClock is the machine's wall clock, and a second clock that nobody sets.
// Its zero value can be used; MachineClock knows more.
type SystemClock struct {
	// Steady returns how long the machine has run, time in which it slept
	// counted; nil is the process's monotonic time, which may stand still while
	// the machine sleeps, so that a wait is then longer than it has to be.
	Steady func() time.Duration
	// wall shows the wall clock; nil is time.Now. Tests set it.
	wall func() time.Time
}

// MachineClock is a SystemClock that counts time in which the machine sleeps,
// where the system tells.
func MachineClock() SystemClock { return SystemClock{Steady: uptime()} }

// Now returns the wall clock's time.
func (c SystemClock) Now() time.Time {
	if c.wall != nil {
		return c.wall().Round(0)
	}
	return time.Now().Round(0)
}

// SleepUntil waits until the wall clock shows t, and until as much time has
// really passed as it showed to be left when the wait began:
//
//	the wall clock is set forward   the steady clock is waited for
//	it is set back                  the wall clock is waited for
//	the machine sleeps              both go on
//
// So no wait is shorter than it was meant to be, whoever sets the clock. What is
// left is what the wall clock shows when the wait begins: in a process that
// takes a run over nothing else is known.
func (c SystemClock) SleepUntil(ctx context.Context, t time.Time) error {
	steady := c.steady()
	due := steady() + t.Sub(c.Now())
	for {
		left := max(t.Sub(c.Now()), due-steady())
		if left <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(min(left, longestNap))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// steady is the steady clock of one wait.
func (c SystemClock) steady() func() time.Duration {
	if c.Steady != nil {
		return c.Steady
	}
	began := time.Now()
	return func() time.Duration { return time.Since(began) }
}
