package embedded

import (
	"context"
	"time"
)

// SystemClock is the machine's wall clock.
type SystemClock struct{}

// Now returns the wall clock's time.
func (SystemClock) Now() time.Time { return time.Now().Round(0) }

// SleepUntil waits for the wall clock to show t. A timer counts monotonic time,
// so when the wall clock was set back meanwhile it waits on.
func (c SystemClock) SleepUntil(ctx context.Context, t time.Time) error {
	for {
		d := t.Sub(c.Now())
		if d <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(d)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}
