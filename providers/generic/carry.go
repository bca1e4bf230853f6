package generic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/dnsplan/dnsplan/providers/transport"
)

// reachable tells why requests would not come to the chain.
func (p *Provider) reachable() error {
	_, installed := transport.Installed()
	switch {
	case p.quirks.Chain == ChainByClaim && p.hooks.Claims == nil:
		return errors.New("no Claims")
	case p.chain != nil && p.quirks.Chain != ChainByClient && !installed:
		return fmt.Errorf("%T would bypass its chain: the program has no transport.Carrier in the place of http.DefaultTransport", p.libdns)
	}
	return nil
}

// heard is what the chain said to the requests of one call. Most libdns providers
// make text of it.
type heard struct {
	mu   sync.Mutex
	errs []error
}

// err joins all that went wrong, or is nil. One request may have failed and the
// next been made all the same.
func (h *heard) err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return errors.Join(h.errs...)
}

// listening is a RoundTripper over the chain that keeps what it says.
type listening struct {
	*heard
	chain *transport.Chain
}

// RoundTrip makes the request through the chain.
func (l listening) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.chain.RoundTrip(r)
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.errs = append(l.errs, err)
	}
	return resp, err
}

// carry returns the context of a call whose requests go through the chain, and
// what it will have heard. The call ends with done.
func (p *Provider) carry(ctx context.Context) (_ context.Context, _ *heard, done func()) {
	h := &heard{}
	if p.chain == nil {
		return ctx, h, func() {}
	}
	l := listening{h, p.chain}
	carrier, ok := transport.Installed()
	if p.hooks.Claims == nil || !ok {
		return transport.Through(ctx, l), h, func() {}
	}
	return transport.Through(ctx, l), h, carrier.Claim(p.hooks.Claims, until(ctx, l))
}

// roundTripper is an http.RoundTripper of a function.
type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// until is rt for requests without a context of ours, which the end of ctx ends.
func until(ctx context.Context, rt http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		within, cancel := context.WithCancelCause(r.Context())
		defer cancel(nil)
		defer context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })()
		return rt.RoundTrip(r.WithContext(within))
	})
}
