package cert

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/dnsplan/dnsplan/plan/netfault"
)

// DialFunc connects to an address.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Options are what a Client asks with. The zero value asks the network.
type Options struct {
	// Dial makes connections; nil is a net.Dialer's DialContext.
	Dial DialFunc
	// Port is connected to; 0 is 443.
	Port uint16
	// Connect bounds the connection, Total all of one question; 0 is 3 s and 10 s.
	Connect, Total time.Duration
	// HSTS has / fetched too, to see whether clients are told to insist on TLS, and
	// who answers.
	HSTS bool
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// HTTP asks authorities when they want a certificate renewed; nil is a client
	// with the system's certificates. Each of its requests takes Total at most.
	HTTP *http.Client
}

// Client asks. It keeps no connection and is safe for concurrent use.
type Client struct{ opts Options }

// New returns a client. It makes no request.
func New(o Options) *Client {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.Port == 0 {
		o.Port = 443
	}
	if o.Connect == 0 {
		o.Connect = 3 * time.Second
	}
	if o.Total == 0 {
		o.Total = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment}}
	}
	return &Client{o}
}

// Ask shakes hands with the server at the address for a name, without a final
// dot, and returns what it shows. Any certificate is accepted, and TLS from
// version 1.0: Judge says what is wrong with it. It takes no longer than Total.
func (c *Client) Ask(ctx context.Context, name string, at netip.Addr) Served {
	s := Served{Name: name, At: netip.AddrPortFrom(at, c.opts.Port), Asked: c.opts.Now()}
	limited, stop := context.WithTimeout(ctx, c.opts.Total)
	defer stop()
	if err := c.ask(limited, &s); err != nil {
		kind := kindOf(err)
		if ctx.Err() != nil {
			kind = Cancelled
		}
		s.Chain, s.Err = nil, &Error{Kind: kind, Name: s.Name, At: s.At, Cause: err}
	}
	return s
}

func (c *Client) ask(ctx context.Context, s *Served) error {
	connecting, stop := context.WithTimeout(ctx, c.opts.Connect)
	raw, err := c.opts.Dial(connecting, "tcp", s.At.String())
	stop()
	if err != nil {
		return err
	}
	conn := tls.Client(raw, &tls.Config{
		ServerName: s.Name, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS10,
		InsecureSkipVerify: true, // what is served is asked for; Judge verifies
	})
	defer func() { _ = conn.Close() }()
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	state := conn.ConnectionState()
	s.Chain, s.Version = state.PeerCertificates, state.Version
	if len(s.Chain) == 0 {
		return errors.New("the server showed no certificate")
	}
	if c.opts.HSTS {
		s.Header = fetchHeader(ctx, conn, s.Name)
		s.HSTS = parseHSTS(s.Header.Get("Strict-Transport-Security"))
	}
	return nil
}

// fetchHeader asks for / and returns the answer's header alone; nil without one.
func fetchHeader(ctx context.Context, conn *tls.Conn, name string) http.Header {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	request := &http.Request{
		Method: http.MethodGet, URL: &url.URL{Scheme: "https", Host: name, Path: "/"}, Host: name, Close: true,
		Header: http.Header{"User-Agent": {"dnsplan"}, "Accept": {"*/*"}},
	}
	if err := request.Write(conn); err != nil {
		return nil
	}
	const most = 64 << 10
	answer, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, most)), request) //nolint:bodyclose // closing waits for the body's end; who has conn closes that
	if err != nil {
		return nil
	}
	return answer.Header
}

// kindOf sorts an error of the network or of TLS.
func kindOf(err error) Kind {
	if kind := ofTLS(err); kind != "" {
		return kind
	}
	switch netfault.Of(err) {
	case netfault.Timeout:
		return Timeout
	case netfault.Refused:
		return Refused
	case netfault.NoRoute:
		return NoRoute
	case netfault.Unreachable:
		return Unreachable
	case netfault.Reset, netfault.Closed:
		return Reset
	}
	return Failed
}

// ofTLS sorts what a server says in TLS, or says that is not TLS; empty is neither.
func ofTLS(err error) Kind {
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return Alert
	}
	if remote, ok := errors.AsType[*net.OpError](err); ok && remote.Op == "remote error" {
		return Alert
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return NotTLS
	}
	return ""
}
