package resolver

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Options tune a Client. The zero value is good for the Internet.
type Options struct {
	// Timeout is how long one try waits for its reply; 0 is 2 s.
	Timeout time.Duration
	// Attempts is how often a question is sent before it counts as timed out;
	// 0 is 3. Only silence is tried again, after a pause that doubles.
	Attempts int
	// PerServer is how many queries are in flight at one server in one call;
	// 0 is 256, and more than 16384 is 16384. Over TCP and TLS at most 256,
	// over HTTPS at most 64.
	PerServer int
	// Rate bounds the queries per second to one server, over all calls; 0 is
	// no bound.
	Rate float64
	// TLSConfig is the base for TLS and HTTPS, as with a CA of one's own; nil
	// is the system's. It is cloned.
	TLSConfig *tls.Config
	// ResolvConf is where NameServers finds the machine's resolvers; empty is
	// /etc/resolv.conf.
	ResolvConf string
	// Now tells the time for Answer.At; nil is time.Now. Deadlines always
	// follow the machine's own clock.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Attempts <= 0 {
		o.Attempts = 3
	}
	if o.PerServer <= 0 {
		o.PerServer = 256
	}
	o.PerServer = min(o.PerServer, 1<<14) // ids must stay easy to find
	if o.ResolvConf == "" {
		o.ResolvConf = "/etc/resolv.conf"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// ErrClosed is the cause of every answer of a closed Client.
var ErrClosed = errors.New("client is closed")

// Client asks servers. It is safe for concurrent use. It keeps idle TCP, TLS
// and HTTPS connections for the next call until Close; nothing else outlives a
// call.
type Client struct {
	opts Options

	mu       sync.Mutex
	closed   bool
	limiters map[string]*rate.Limiter
	idle     map[Server]idleStream
	https    map[Server]*http.Client
}

// New makes a Client. Close it to let go of kept connections.
func New(opts Options) *Client {
	return &Client{
		opts:     opts.withDefaults(),
		limiters: map[string]*rate.Limiter{},
		idle:     map[Server]idleStream{},
		https:    map[Server]*http.Client{},
	}
}

// Close closes kept connections. Calls that run finish; later ones answer
// Broken with ErrClosed. The error is always nil.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, s := range c.idle {
		_ = s.stream.Close() // nothing is lost with it
	}
	clear(c.idle)
	for _, h := range c.https {
		h.CloseIdleConnections()
	}
	return nil
}

func (c *Client) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// limiter returns what paces the queries to s, or nil. Servers of several names
// at one address share it.
func (c *Client) limiter(s Server) *rate.Limiter {
	if c.opts.Rate <= 0 {
		return nil
	}
	key := s.Addr.String()
	if s.Protocol == HTTPS {
		key = s.URL
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l, ok := c.limiters[key]
	if !ok {
		l = rate.NewLimiter(rate.Limit(c.opts.Rate), burst(c.opts.Rate))
		c.limiters[key] = l
	}
	return l
}

// burst is what may be sent at once under a rate: 50 ms of it, so that coarse
// timers do not eat the rate.
func burst(perSecond float64) int { return max(1, int(perSecond/20)) }

// Ask asks all queries and returns their answers in the same order, one each,
// always. Servers are asked at the same time, each through its own window. A
// server that is silent for a whole Timeout with every query in flight is
// asked no further in that try, so a dead one costs Attempts times Timeout and
// the pauses, however many queries it has. Over HTTPS a server whose first
// question has failed without a reply is not asked the others.
//
// When ctx ends, the answers that are missing are Cancelled, with ctx.Err() as
// their cause, and Ask returns at once. No goroutine outlives the call.
func (c *Client) Ask(ctx context.Context, queries []Query) []Answer {
	answers := make([]Answer, len(queries))
	var flights sync.WaitGroup
	for server, at := range byServer(queries) {
		questions := make([]question, len(at))
		for i, n := range at {
			questions[i] = queries[n].question()
		}
		deliver := func(i int, o outcome) { answers[at[i]] = queries[at[i]].answer(o) }
		flights.Go(func() { c.fly(ctx, server, questions, deliver) })
	}
	flights.Wait()
	return answers
}

// byServer returns the positions of each server's queries.
func byServer(queries []Query) map[Server][]int {
	groups := map[Server]*[]int{}
	for i, q := range queries {
		at, ok := groups[q.Server]
		if !ok {
			at = new([]int)
			groups[q.Server] = at
		}
		*at = append(*at, i)
	}
	out := make(map[Server][]int, len(groups))
	for s, at := range groups {
		out[s] = slices.Clip(*at)
	}
	return out
}
