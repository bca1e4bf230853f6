package transport

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/dnsplan/dnsplan/providers"
)

// RoundTrip makes the request, again where that is safe.
func (c *Chain) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	ctx, writes, pauses := r.Context(), c.opts.Writes(r), c.pauses()
	for try := 1; ; try++ {
		if err := c.admit(ctx); err != nil {
			return nil, err
		}
		a := c.attempt(r, body, writes)
		c.log(r, a, try)
		if a.err != nil && ctx.Err() != nil {
			return nil, c.interrupted(r, a, writes)
		}
		until, again := c.again(a, writes, try, pauses)
		if !again || try >= c.opts.Tries || late(ctx, until) {
			return c.conclude(r, a, writes)
		}
		if err := Wait(ctx, time.Until(until)); err != nil {
			return nil, err
		}
	}
}

// readBody takes the body, so that it can be sent again.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read what is to be sent: %w", err)
	}
	return body, nil
}

// admit waits for the rate limit, and for the vendor's budget where the wait is
// short.
func (c *Chain) admit(ctx context.Context) error {
	b := c.Budget()
	if wait := time.Until(b.Reset); b.Limit > 0 && b.Remaining <= 0 && wait > 0 {
		if wait > c.opts.Patience || late(ctx, b.Reset) {
			return &providers.RateLimitError{Until: b.Reset}
		}
		if err := Wait(ctx, time.Until(b.Reset)); err != nil {
			return err
		}
	}
	if err := c.limiter.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("the request would not be made in time: %w", err)
	}
	return nil
}

// late tells whether ctx ends before t.
func late(ctx context.Context, t time.Time) bool {
	deadline, ok := ctx.Deadline()
	return ok && deadline.Before(t)
}
