package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/dnsplan/dnsplan/providers"
)

const (
	longestPause = 8 * time.Second
	// refusedTries is how often a connection is tried that nobody takes: a server
	// that starts anew is back soon, and a port with a typo never is.
	refusedTries = 3
)

// pauses returns how long to wait before each further try.
func (c *Chain) pauses() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval: c.opts.Pause, Multiplier: 2, RandomizationFactor: 0.5, MaxInterval: longestPause,
	}
}

func (c *Chain) throttled(a attempt) bool {
	return a.resp != nil && (a.resp.StatusCode == http.StatusTooManyRequests || c.opts.Throttled(a.resp.StatusCode, a.body))
}

func (a attempt) failing() bool { return a.resp != nil && a.resp.StatusCode >= 500 }

// hopeless tells errors that the next try would meet too.
func (a attempt) hopeless(try int) bool {
	if errors.Is(a.err, syscall.ECONNREFUSED) && try >= refusedTries {
		return true
	}
	if e, ok := errors.AsType[*net.DNSError](a.err); ok && e.IsNotFound {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](a.err); ok {
		return true
	}
	_, ok := errors.AsType[tls.RecordHeaderError](a.err)
	return ok || errors.Is(a.err, errTooLong)
}

// again tells whether the request may be made once more, and when.
func (c *Chain) again(a attempt, writes bool, try int, pauses *backoff.ExponentialBackOff) (time.Time, bool) {
	switch {
	case c.throttled(a):
	case a.err == nil && !a.failing(), writes && a.sent, a.hopeless(try):
		return time.Time{}, false
	}
	pause, now := pauses.NextBackOff(), time.Now()
	if until, ok := a.retryAfter(now); ok {
		// Everybody was told the same moment: do not all come back at once.
		return until.Add(time.Duration(rand.Int64N(int64(c.opts.Pause)))), until.Sub(now) <= c.opts.Patience
	}
	return now.Add(pause), true
}

// conclude is what the caller gets of the last attempt.
func (c *Chain) conclude(r *http.Request, a attempt, writes bool) (*http.Response, error) {
	switch {
	case c.throttled(a):
		return nil, &providers.RateLimitError{Until: c.comeBack(a, time.Now())}
	case a.err != nil && writes && a.sent:
		return nil, fmt.Errorf("%w: %s was sent: %w", providers.ErrUnknown, c.name(r), c.Redact(a.err))
	case a.err != nil:
		return nil, c.Redact(a.err)
	case writes && (a.failing() || notAPI(a) && a.resp.StatusCode < 300):
		// A page in the place of a reply does not tell what became of the request.
		return nil, fmt.Errorf("%w: %s: %w", providers.ErrUnknown, c.name(r), c.answerError(r, a))
	case a.failing() || notAPI(a) && !c.leadsOn(r, a, writes):
		return nil, c.answerError(r, a)
	}
	if a.resp.StatusCode >= http.StatusBadRequest {
		a.body = []byte(c.hide(r, string(a.body)))
	}
	return a.response(r), nil
}

// comeBack is when a throttled request may be made again: when the vendor says,
// when its budget is renewed, or a little later.
func (c *Chain) comeBack(a attempt, now time.Time) time.Time {
	if until, ok := a.retryAfter(now); ok {
		return until
	}
	if b := c.Budget(); b.Limit > 0 && b.Remaining <= 0 && b.Reset.After(now) {
		return b.Reset
	}
	return now.Add(longestPause)
}

// interrupted is the error of a request whose context has ended.
func (c *Chain) interrupted(r *http.Request, a attempt, writes bool) error {
	cause := context.Cause(r.Context())
	if writes && a.sent && !c.throttled(a) {
		return fmt.Errorf("%w: %s was sent: %w", providers.ErrUnknown, c.name(r), cause)
	}
	return cause
}

// name is a request as a person reads it, without its query, which may be long
// and hold secrets.
func (c *Chain) name(r *http.Request) string {
	return c.redact.text(r.Method + " " + r.URL.Path)
}
