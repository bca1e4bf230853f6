package transport

import (
	"context"
	"time"
)

// Wait lasts for d, no time where that is not positive. The end of ctx ends it, and
// its cause is the error.
func Wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
