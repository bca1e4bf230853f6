package transport

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Carrier is an http.RoundTripper for the place of http.DefaultTransport. Client
// code that takes no other, as that of many vendors, goes through a Chain by it
// all the same. The program puts it there once, before anything else runs:
//
//	http.DefaultTransport = transport.NewCarrier(transport.Bounded(http.DefaultTransport))
//
// A request goes to the RoundTripper in its context (Through), else to the one
// that has claimed it (Claim), else unchanged to the transport below. A Carrier
// is safe for concurrent use.
type Carrier struct {
	below http.RoundTripper

	mu     sync.RWMutex
	claims []*claim
}

// claim is a RoundTripper for requests that can be told by themselves alone.
type claim struct {
	made func(*http.Request) bool
	by   http.RoundTripper
}

// NewCarrier returns a Carrier over a transport.
func NewCarrier(below http.RoundTripper) *Carrier { return &Carrier{below: below} }

// HeaderTimeout is how long a server that has taken a request may be silent. It is
// longer than any try of a Chain, which has a time-out of its own.
const HeaderTimeout = 2 * time.Minute

// Bounded returns a copy of a transport that gives a silent server up after
// HeaderTimeout. It is for client code that takes no context, whose request would
// else be waited for until the server hangs up. What is no *http.Transport comes
// back as it is.
func Bounded(rt http.RoundTripper) http.RoundTripper {
	t, ok := rt.(*http.Transport)
	if !ok {
		return rt
	}
	t = t.Clone()
	t.ResponseHeaderTimeout = HeaderTimeout
	return t
}

// Installed returns the Carrier in the place of http.DefaultTransport.
func Installed() (*Carrier, bool) {
	c, ok := http.DefaultTransport.(*Carrier)
	return c, ok
}

// Plain returns the program's own transport: http.DefaultTransport, or what is
// below the Carrier in its place.
func Plain() http.RoundTripper {
	if c, ok := Installed(); ok {
		return c.below
	}
	return http.DefaultTransport
}

// throughKey is the key of the RoundTripper in a context.
type throughKey struct{}

// Through returns a context whose requests a Carrier hands to rt.
func Through(ctx context.Context, rt http.RoundTripper) context.Context {
	return context.WithValue(ctx, throughKey{}, rt)
}

// Claim hands requests without a RoundTripper in their context to rt, as long as
// made tells them to be rt's. Of several claims to one request the oldest wins.
// The claim ends with release, which may be called again.
func (c *Carrier) Claim(made func(*http.Request) bool, rt http.RoundTripper) (release func()) {
	mine := &claim{made, rt}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.claims = append(c.claims, mine)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.claims = slices.DeleteFunc(c.claims, func(other *claim) bool { return other == mine })
	}
}

// RoundTrip hands the request on.
func (c *Carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	if rt, ok := r.Context().Value(throughKey{}).(http.RoundTripper); ok {
		return rt.RoundTrip(r)
	}
	if rt, ok := c.claimed(r); ok {
		return rt.RoundTrip(r)
	}
	return c.below.RoundTrip(r)
}

func (c *Carrier) claimed(r *http.Request) (http.RoundTripper, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, other := range c.claims {
		if other.made(r) {
			return other.by, true
		}
	}
	return nil, false
}

// CloseIdleConnections closes those of the transport below, for
// http.Client.CloseIdleConnections.
func (c *Carrier) CloseIdleConnections() {
	if t, ok := c.below.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}
