package main

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

// movedClock is the real clock and an offset. Asked to sleep for longer than
// patient it moves the offset instead, and the clocks of the caches with it;
// shorter sleeps are real, because what they wait for is. The name servers and
// TSIG stay in real time.
type movedClock struct {
	caches  []*dnsd.Server
	patient time.Duration
	// before, when set, is called before the nth move (from 1) with its end.
	before func(n int, until time.Time)
	// behind is taken off the caches' clocks at the first move: the program
	// then believes in a wait that was longer than the caches'.
	behind time.Duration

	mu    sync.Mutex
	ahead time.Duration
	moves []time.Time // the end of each
}

var _ execute.Clock = (*movedClock)(nil)

// patientPolls lets all pauses between questions be real.
const patientPolls = 6 * time.Second

// move puts the test bed under a clock that moves; the caches need fakeTime.
func (b *testbed) move(patient time.Duration) *movedClock {
	c := &movedClock{caches: b.caches, patient: patient}
	b.clock = c
	return c
}

func (c *movedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Round(0).Add(c.ahead)
}

func (c *movedClock) SleepUntil(ctx context.Context, t time.Time) error {
	if d := t.Sub(c.Now()); d <= c.patient {
		return embedded.SystemClock{}.SleepUntil(ctx, time.Now().Add(d))
	}
	c.mu.Lock()
	c.moves = append(c.moves, t)
	n := len(c.moves)
	c.mu.Unlock()
	if c.before != nil {
		c.before(n, t)
	}
	if ctx.Err() == nil {
		c.advance(t)
	}
	return ctx.Err()
}

// advance moves the clock to t or, because the caches' clocks know only whole
// seconds, to less than a second later.
func (c *movedClock) advance(t time.Time) {
	d := t.Sub(c.Now())
	if d <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = (c.ahead + d + time.Second - 1).Truncate(time.Second)
	for _, s := range c.caches {
		s.SetFakeTime(c.ahead - c.behind)
	}
}

// moved is the end of the nth move.
func (c *movedClock) moved(t *testing.T, n int) time.Time {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.moves) < n {
		t.Fatalf("the clock was moved %d times: %v", len(c.moves), slices.Clone(c.moves))
	}
	return c.moves[n-1]
}
