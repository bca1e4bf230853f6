package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
func (c *Chain) attempt(r *http.Request, body []byte) (a attempt) {
	var sent atomic.Bool
	a.began = time.Now()
	ctx, cancel := context.WithTimeout(r.Context(), c.opts.Timeout)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	out := r.Clone(ctx)
	switch {
	case body != nil:
		out.Body = io.NopCloser(bytes.NewReader(body))
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		out.ContentLength = int64(len(body))
	case replayed(r.Method) && c.opts.Writes(r):
		out.Body, out.GetBody = io.NopCloser(bytes.NewReader(nil)), nil
	}
	a.resp, a.err = c.opts.Base.RoundTrip(out)
	if a.err == nil {
		sent.Store(true)
		a.body, a.err = readReply(a.resp)
	}
	a.sent = sent.Load()
	a.took = time.Since(a.began)
	a.settle(ctx, r, c.opts.Timeout)
	if a.resp != nil {
		c.note(a)
	}
	return a
}

// replayed tells the methods whose requests net/http sends again by itself when
// a connection that was used before breaks under them, unless they have a body
// that it cannot rewind. An empty one is not sent.
func replayed(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// settle names a time-out, which the context's error alone would not tell from
// a cancelled caller.
func (a *attempt) settle(ctx context.Context, r *http.Request, limit time.Duration) {
	if a.err != nil && r.Context().Err() == nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		a.err = fmt.Errorf("no whole reply within %s: %w", limit, a.err)
	}
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

// note keeps what the headers tell of the budget and of the clock.
func (c *Chain) note(a attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.budget.Used++
	now := time.Now()
	if b, ok := readBudget(a.resp.Header, now); ok {
		b.Used = c.budget.Used
		c.budget = b
	}
	if date, err := http.ParseTime(a.resp.Header.Get("Date")); err == nil {
		middle := a.began.Add(a.took / 2)
		c.skew, c.hasSkew = middle.Sub(date).Round(time.Second), true
	}
}
