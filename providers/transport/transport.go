package transport

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/dnsplan/dnsplan/providers"
)

const (
	defaultTimeout = 60 * time.Second
	defaultPause   = 500 * time.Millisecond
	defaultPatient = 30 * time.Second
	// maxReply bounds a reply; the largest page of any vendor is a fraction of it.
	maxReply = 64 << 20
)

// Options say how a vendor wants to be asked.
type Options struct {
	// Name is the provider's name in the inventory, for the log.
	Name string
	// Base makes the connections; nil is what Plain returns.
	Base http.RoundTripper
	// Secrets are values that must show nowhere, in any form that a URL, a
	// header, JSON, XML or Go source gives them. One of less than 4 characters is
	// taken out only where it stands as a word of its own: it protects little,
	// and texts without its letters could not be read.
	Secrets []string `json:"-"`
	// Rate is the most requests per second, and Burst how many may be made at
	// once; a Rate of 0 is no limit.
	Rate  float64
	Burst int
	// Writes tells requests that change something; nil is every method but GET
	// and HEAD. It must not read the body.
	Writes func(*http.Request) bool
	// Throttled tells a refusal for the rate from other answers, beside the
	// status 429; nil is for vendors that use that alone.
	Throttled func(status int, body []byte) bool
	// Redirects hands the redirect of a read to a place of the same scheme, host
	// and port on, for a client that follows it. Every other redirect is an
	// *AnswerError.
	Redirects bool
	// Tries is how often a request is made at most; 0 is 5. A connection that is
	// refused is tried 3 times.
	Tries int
	// Pause is how long to wait before the second try, twice as long before the
	// next, up to 8 s, each with up to half of it added or taken at random;
	// 0 is 500 ms. Retry-After wins, to which up to one Pause is added. A pause
	// that the context's deadline would cut short is not begun.
	Pause time.Duration
	// Patience is the longest that a vendor's Retry-After is waited for; 0 is
	// 30 s. A longer one is a *providers.RateLimitError.
	Patience time.Duration
	// Timeout bounds each try, its whole reply included; 0 is 60 s.
	Timeout time.Duration
	// Log takes a line for each try, from any goroutine; nil takes none.
	Log func(line string)
}

// String names whose options they are, and shows no secret.
func (o Options) String() string { return "options of the transport of " + strconv.Quote(o.Name) }

// GoString is String, so that %#v shows no secret either.
func (o Options) GoString() string { return o.String() }

// Chain is an http.RoundTripper. It is safe for concurrent use. Of its errors,
// *providers.RateLimitError and providers.ErrUnknown say what to do; an
// *AnswerError is an answer that is not the API's.
type Chain struct {
	opts    Options
	limiter *rate.Limiter
	redact  *redactor

	mu      sync.Mutex
	budget  providers.Budget
	skew    time.Duration
	hasSkew bool
}

// New returns a chain.
func New(o Options) *Chain {
	if o.Base == nil {
		o.Base = Plain()
	}
	if o.Writes == nil {
		o.Writes = func(r *http.Request) bool { return r.Method != http.MethodGet && r.Method != http.MethodHead }
	}
	if o.Throttled == nil {
		o.Throttled = func(int, []byte) bool { return false }
	}
	o.Tries = orDefault(o.Tries, 5)
	o.Pause = orDefault(o.Pause, defaultPause)
	o.Patience = orDefault(o.Patience, defaultPatient)
	o.Timeout = orDefault(o.Timeout, defaultTimeout)
	c := &Chain{opts: o, redact: newRedactor(o.Secrets), limiter: rate.NewLimiter(rate.Inf, 0)}
	if o.Rate > 0 {
		c.limiter = rate.NewLimiter(rate.Limit(o.Rate), max(o.Burst, 1))
	}
	return c
}

// String names whose chain it is, and shows no secret.
func (c *Chain) String() string { return "transport of " + strconv.Quote(c.opts.Name) }

// GoString is String, so that %#v shows no secret either.
func (c *Chain) GoString() string { return c.String() }

func orDefault[T cmp.Ordered](v, fallback T) T {
	var none T
	if v <= none {
		return fallback
	}
	return v
}

// Client returns a client over the chain. It follows no redirect, because that
// would carry credentials to another place.
func (c *Chain) Client() *http.Client {
	return &http.Client{Transport: c, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Budget returns what is left of the vendor's budget, as its headers said last.
func (c *Chain) Budget() providers.Budget {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.budget
}

// Skew is how far this machine's clock is ahead of the vendor's, to the second;
// known is false before the first reply with a date.
func (c *Chain) Skew() (ahead time.Duration, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.skew, c.hasSkew
}

// Redact returns err without secrets: what it wraps is still found by errors.Is
// and, as far as its own text holds none, by errors.As. A *url.Error, which an
// http.Client makes of each error of the chain, is taken off.
func (c *Chain) Redact(err error) error { return c.redact.err(err) }

// Redact does what Chain.Redact does, for secrets that no chain knows: those of
// an SDK or a library that signs by itself.
func Redact(secrets []string, err error) error {
	if err == nil {
		return nil
	}
	return newRedactor(secrets).err(err)
}

// response makes a reply out of what was read of it.
func (a attempt) response(r *http.Request) *http.Response {
	resp := *a.resp
	resp.Request = r
	resp.Body = io.NopCloser(bytes.NewReader(a.body))
	resp.ContentLength = int64(len(a.body))
	resp.Header = a.resp.Header.Clone()
	resp.Header.Del("Content-Length")
	resp.TransferEncoding = nil
	return &resp
}
