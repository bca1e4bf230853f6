package resolver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/dnsplan/dnsplan/plan/netfault"
)

// flight is all that is asked of one server in one call.
type flight struct {
	c         *Client
	server    Server
	questions []question
	deliver   func(i int, o outcome) // once for each question
	odd       []bool                 // a malformed reply came for the question
	truncated []int                  // to be asked again over TCP
}

// fly asks s all questions and delivers an outcome for each, under its index.
// Over HTTPS deliver is called from several goroutines, else from one.
func (c *Client) fly(ctx context.Context, s Server, questions []question, deliver func(int, outcome)) {
	f := &flight{c: c, server: s, questions: questions, deliver: deliver, odd: make([]bool, len(questions))}
	all := make([]int, len(questions))
	for i := range all {
		all[i] = i
	}
	if c.isClosed() {
		f.fail(all, Broken, ErrClosed)
		return
	}
	switch s.Protocol {
	case HTTPS:
		f.overHTTPS(ctx, all)
	case TCP, TLS:
		f.tries(ctx, all, s.Protocol)
	default:
		f.tries(ctx, all, UDP)
		f.tries(ctx, f.truncated, TCP)
	}
}

// tries asks pending until each question has its outcome. Only silence is
// tried again, and a server that answered before its connection broke.
func (f *flight) tries(ctx context.Context, pending []int, p Protocol) {
	for try := 1; len(pending) > 0; {
		l, err := f.try(ctx, pending, p)
		pending = l.rest()
		if len(pending) == 0 {
			return
		}
		if ctx.Err() != nil {
			f.fail(pending, Cancelled, ctx.Err())
			return
		}
		if err != nil && p != UDP && (l.replies > 0 || l.reused) {
			continue // a server may close a connection when it likes (RFC 7766, 6.2.3)
		}
		if status := statusOf(err); status != Timeout && l.replies == 0 || try == f.c.opts.Attempts {
			f.giveUp(pending, p, status, err)
			return
		}
		pause(ctx, backoff(f.c.opts.Timeout, try))
		try++
	}
}

// try asks pending once, over one socket.
func (f *flight) try(ctx context.Context, pending []int, p Protocol) (*lane, error) {
	l := &lane{f: f, queue: pending, reliable: p != UDP, limiter: f.c.limiter(f.server)}
	t, reused, err := f.c.open(ctx, f.server, p)
	if err != nil {
		return l, err
	}
	l.t, l.reused = t, reused
	err = l.run(ctx)
	if s, ok := t.(*stream); ok && err == nil && len(l.lost) == 0 && ctx.Err() == nil {
		f.c.keep(f.server, p, s)
		return l, nil
	}
	_ = t.Close() // all that was read from it has been used
	return l, err
}

// giveUp ends what the last try left over.
func (f *flight) giveUp(pending []int, p Protocol, s Status, err error) {
	if s == Timeout {
		err = fmt.Errorf("no reply in %d tries of %v", f.c.opts.Attempts, f.c.opts.Timeout)
	}
	if p == TCP && f.server.Protocol != TCP {
		err = fmt.Errorf("over TCP after a truncated reply: %w", err)
	}
	if s != Timeout {
		f.fail(pending, s, err)
		return
	}
	malformed, silent := []int(nil), []int(nil)
	for _, i := range pending {
		if f.odd[i] {
			malformed = append(malformed, i)
		} else {
			silent = append(silent, i)
		}
	}
	f.fail(malformed, Malformed, errOnlyGarbage)
	f.fail(silent, Timeout, err)
}

var errOnlyGarbage = errors.New("only malformed replies came")

// fail ends questions without a reply.
func (f *flight) fail(at []int, s Status, cause error) {
	now := f.c.opts.Now()
	for _, i := range at {
		f.deliver(i, outcome{status: s, cause: cause, at: now})
	}
}

// backoff is the pause after a try that got no reply: an eighth of the timeout,
// doubled with each try, give or take half, so that many clients spread.
func backoff(timeout time.Duration, try int) time.Duration {
	d := min(timeout/8<<min(try-1, 8), timeout)
	return d/2 + rand.N(d+1)
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// statusOf tells what an error of a socket means; none means silence.
func statusOf(err error) Status {
	switch netfault.Of(err) {
	case "", netfault.Timeout:
		return Timeout
	case netfault.Refused:
		return ConnRefused
	case netfault.NoRoute, netfault.Unreachable:
		return NoRoute
	}
	return Broken
}
