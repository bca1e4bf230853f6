package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

var errTooLong = errors.New("the reply is longer than 64 MiB")

// attempt is one try of a request and what came of it.
type attempt struct {
	resp *http.Response // without its body; nil when there is none
	body []byte
	err  error
	// sent tells whether the vendor may have got the request.
	sent  bool
	began time.Time
	took  time.Duration
}

// attempt makes the request once and reads the whole reply.
func (c *Chain) attempt(r *http.Request, body []byte, writes bool) (a attempt) {
	var on trail
	ctx, cancel := context.WithTimeout(r.Context(), c.opts.Timeout)
	defer cancel()
	out := outgoing(httptrace.WithClientTrace(ctx, on.trace()), r, body, writes)
	a.began = time.Now()
	a.resp, a.err = c.opts.Base.RoundTrip(out) //nolint:bodyclose // readReply closes it
	a.sent = on.sent(a.err)
	if a.err == nil {
		a.body, a.err = readReply(a.resp)
	}
	if a.resp == nil && errors.Is(a.err, io.EOF) {
		a.err = fmt.Errorf("the connection was closed in the place of a reply: %w", a.err)
	}
	a.took = time.Since(a.began)
	if a.err != nil && r.Context().Err() == nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		// The caller's context has not ended, so its error must not be found.
		a.err = fmt.Errorf("no whole reply within %s", c.opts.Timeout)
	}
	c.note(a)
	return a
}

// outgoing is r with a body of its own.
func outgoing(ctx context.Context, r *http.Request, body []byte, writes bool) *http.Request {
	out := r.Clone(ctx)
	out.Body, out.GetBody, out.ContentLength = http.NoBody, nil, int64(len(body))
	switch {
	case len(body) > 0:
		open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		out.Body, _ = open()
		out.GetBody = open
	case writes && replayed(r.Method):
		out.Body = io.NopCloser(bytes.NewReader(nil))
	}
	if writes {
		// With these net/http takes it that the vendor knows a repeated request.
		out.Header.Del("Idempotency-Key")
		out.Header.Del("X-Idempotency-Key")
	}
	return out
}

// replayed tells the methods whose requests net/http sends again by itself when
// a connection that was used before breaks under them, unless they have a body
// that it cannot rewind. An empty one is not sent.
func replayed(method string) bool {
	switch method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// trail is how far a request got.
type trail struct {
	// traced tells that the RoundTripper reports at all.
	traced, wrote atomic.Bool
}

func (p *trail) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { p.traced.Store(true) },
		WroteHeaders: func() { p.wrote.Store(true) },
	}
}

// sent tells whether the vendor may have got a request that ended with err.
// Without a trace that is so unless no connection was made.
func (p *trail) sent(err error) bool {
	if err == nil || p.wrote.Load() {
		return true
	}
	return !p.traced.Load() && !unconnected(err)
}

// unconnected tells errors of a connection that was never made.
func unconnected(err error) bool {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

func readReply(resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err != nil {
		return nil, fmt.Errorf("the reply breaks off: %w", err)
	}
	if len(body) > maxReply {
		return nil, errTooLong
	}
	return body, nil
}

// note counts the request, and keeps what the reply's headers tell of the budget
// and of the clock.
func (c *Chain) note(a attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.budget.Used++
	if a.resp == nil {
		return
	}
	if b, ok := readBudget(a.resp.Header, time.Now()); ok {
		b.Used = c.budget.Used
		c.budget = b
	}
	if date, err := http.ParseTime(a.resp.Header.Get("Date")); err == nil {
		middle := a.began.Add(a.took / 2)
		c.skew, c.hasSkew = middle.Sub(date).Round(time.Second), true
	}
}
