package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/dnsplan/dnsplan/plan"
)

// Target is an address and what it is asked.
type Target struct {
	Addr  netip.Addr
	Probe plan.Probe
}

// endpoint is where the target is connected to.
func (t *Target) endpoint() string { return netip.AddrPortFrom(t.Addr, t.Probe.Port).String() }

// Result is what came of one attempt.
type Result struct {
	// Asked says what was asked of whom, and Answer what came: "GET
	// http://www.example.org/ at 203.0.113.11:80", "200 OK".
	Asked, Answer string
	// Err is nil where the answer is the wanted one.
	Err error
	// Unroutable says that this machine has no way to the address's family at
	// all, so that nothing was asked and nothing can be said.
	Unroutable bool
}

// Good tells whether the service is well.
func (r Result) Good() bool { return r.Err == nil }

// Options are what a Client needs. The zero value asks the network, with the
// system's certificates.
type Options struct {
	// Dial makes connections; nil is a net.Dialer's DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// ReadFile reads a probe's ca; nil is os.ReadFile.
	ReadFile func(path string) ([]byte, error)
	// Folder resolves the path of a ca; nil leaves it as it is.
	Folder func(path string) string
	// Now is when certificates must be valid; nil is the system's clock.
	Now func() time.Time
	// AtOnce bounds how many attempts are under way at the same time; 0 is 32.
	AtOnce int
}

// Client asks. It keeps no connection and is safe for concurrent use.
type Client struct {
	opts  Options
	turns chan struct{}
}

// atOnce is how many attempts are under way at the same time unless the options
// say otherwise: each holds one open file.
const atOnce = 32

// New returns a client. It makes no request.
func New(o Options) *Client {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.AtOnce == 0 {
		o.AtOnce = atOnce
	}
	return &Client{o, make(chan struct{}, o.AtOnce)}
}

// Probe makes one attempt. It ends within the probe's timeout, waiting for its
// turn left aside, or with the context.
func (c *Client) Probe(ctx context.Context, t Target) Result {
	r := Result{Asked: t.asked()}
	select {
	case c.turns <- struct{}{}:
		defer func() { <-c.turns }()
	case <-ctx.Done():
		r.Err = ctx.Err()
		return r
	}
	limited, stop := context.WithTimeout(ctx, time.Duration(t.Probe.Timeout)*time.Second)
	defer stop()
	if t.Addr.Is6() && !t.Addr.Is4In6() && c.Route(limited, t.Addr) != nil {
		r.Unroutable, r.Answer = true, "this machine has no route to it"
		r.Err = errors.New(r.Answer)
		return r
	}
	r.Answer, r.Err = c.ask(limited, &t)
	if r.Err != nil {
		r.Err = explain(limited, r.Err, &t)
	}
	return r
}

// asked says what is asked of whom.
func (t *Target) asked() string {
	switch t.Probe.Type {
	case plan.ProbeTCP:
		return "connection to " + t.endpoint()
	case plan.ProbeTLS:
		return "TLS with " + t.endpoint() + " for " + t.Probe.Host
	}
	return "GET " + t.Probe.URL() + " at " + t.endpoint()
}

func (c *Client) ask(ctx context.Context, t *Target) (string, error) {
	switch t.Probe.Type {
	case plan.ProbeTCP:
		return c.connect(ctx, t)
	case plan.ProbeTLS:
		return c.handshake(ctx, t)
	case plan.ProbeHTTP:
		return c.get(ctx, t)
	}
	return "", fmt.Errorf("no such probe: %q", t.Probe.Type)
}

func (c *Client) connect(ctx context.Context, t *Target) (string, error) {
	conn, err := c.opts.Dial(ctx, "tcp", t.endpoint())
	if err != nil {
		return "", err
	}
	conn.Close()
	return "connected", nil
}

// handshake makes sure that the certificate is valid for the host, trusted, and
// not expired (RFC 5280, section 6; RFC 9525).
func (c *Client) handshake(ctx context.Context, t *Target) (string, error) {
	config, err := c.tls(t)
	if err != nil {
		return "", err
	}
	raw, err := c.opts.Dial(ctx, "tcp", t.endpoint())
	if err != nil {
		return "", err
	}
	defer raw.Close()
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return "", err
	}
	leaf := conn.ConnectionState().PeerCertificates[0]
	return "certificate valid until " + leaf.NotAfter.UTC().Format(time.DateOnly), nil
}
