package http01

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Path is where challenges stand on a server (RFC 8555, section 8.3).
const Path = "/.well-known/acme-challenge/"

// UserAgent is what requests say they are unless the Options say otherwise: as Let's
// Encrypt's in access logs, by which filters go, and behind that who really asks.
const UserAgent = "Mozilla/5.0 (compatible; Let's Encrypt validation server; +https://www.letsencrypt.org) dnsplan"

// Ports are where HTTP and HTTPS are connected to.
type Ports struct {
	// HTTP is 80 where it is 0, HTTPS 443.
	HTTP, HTTPS uint16
}

// DialFunc connects to an address, from a local one where source is valid.
type DialFunc func(ctx context.Context, source netip.Addr, to netip.AddrPort) (net.Conn, error)

// Options are what a Validator needs. Lookup alone must be set, and only where
// a request has no Pin.
type Options struct {
	// Lookup finds the addresses of hosts.
	Lookup Lookup
	// Dial makes connections; nil asks the network.
	Dial DialFunc
	// Ports are other than 80 and 443 in tests and for private authorities. A
	// URL may then name either pair: 80 and 443 lead to these.
	Ports Ports
	// Reserved tells which addresses do not count; nil lets all count. Public
	// authorities do as the function Reserved does.
	Reserved func(netip.Addr) bool
	// PublicName tells whether a redirect's host is below a public top-level
	// domain; nil is the function PublicName.
	PublicName func(host string) bool
	// UserAgent is sent with each request; empty is the constant UserAgent.
	UserAgent string
	// ConnectTimeout bounds each connection, and TLS on it again; 0 is 10 s.
	ConnectTimeout time.Duration
	// Timeout bounds a whole validation; 0 is 14.8 s.
	Timeout time.Duration
	// Sample is how many octets of a body are kept to tell what answered; 0 is
	// 4096. What is behind the first 128 has no part in the verdict and is
	// waited for at most a second.
	Sample int
	// Now tells the time for Hop.At and durations; nil is time.Now. Time-outs
	// follow the machine's own clock.
	Now func() time.Time
}

// ForPrivate returns o for a private authority, which connects to reserved addresses
// and knows names below no public top-level domain.
func (o Options) ForPrivate() Options {
	o.Reserved, o.PublicName = nil, func(string) bool { return true }
	return o
}

func (o Options) withDefaults() Options {
	if o.Dial == nil {
		o.Dial = dial
	}
	if o.Ports.HTTP == 0 {
		o.Ports.HTTP = 80
	}
	if o.Ports.HTTPS == 0 {
		o.Ports.HTTPS = 443
	}
	if o.Reserved == nil {
		o.Reserved = func(netip.Addr) bool { return false }
	}
	if o.PublicName == nil {
		o.PublicName = PublicName
	}
	if o.UserAgent == "" {
		o.UserAgent = UserAgent
	}
	if o.ConnectTimeout <= 0 {
		o.ConnectTimeout = 10 * time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = 15*time.Second - 200*time.Millisecond
	}
	if o.Sample <= 0 {
		o.Sample = 4096
	}
	o.Sample = max(o.Sample, MaxBody)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Request is one challenge.
type Request struct {
	// Host is the name, in any form of zone.ParseName, or an address.
	Host string
	// Token is the last part of the URL's path.
	Token string
	// Path, where it is set, is fetched in place of the challenge's, by the same
	// rules: what else a server answers may tell who it is.
	Path string
	// Want is the body to find, the key authorization.
	Want string
	// Pin, where it is valid, is connected to in place of the addresses that
	// the DNS has for Host, also after redirects back to Host. It shows what an
	// authority finds that chooses this address, or will find once the name has
	// no other.
	Pin netip.Addr
	// Source, where it is valid, is the local address to connect from; it
	// must be of the family that is connected to.
	Source netip.Addr
}

// Validator asks for challenges. It keeps no connection and is safe for
// concurrent use.
type Validator struct{ opts Options }

// New returns a Validator. It asks nothing.
func New(o Options) *Validator { return &Validator{o.withDefaults()} }

// Validate asks once and judges. It ends within the Options' Timeout, or with
// ctx.
func (v *Validator) Validate(ctx context.Context, q Request) Result {
	run := &run{v: v, request: q, began: v.opts.Now()}
	host, err := parseHost(q.Host)
	if err != nil {
		return run.end(&Error{Kind: BadHost, URL: q.Host, Cause: err})
	}
	run.host = host
	limited, stop := context.WithTimeout(ctx, v.opts.Timeout)
	defer stop()
	failed := run.follow(limited, &url.URL{Scheme: "http", Host: bracketed(host), Path: cmp.Or(q.Path, Path+q.Token)})
	if failed != nil && ctx.Err() != nil {
		failed.Kind, failed.Cause = Cancelled, ctx.Err()
	}
	return run.end(failed)
}

var (
	errWildcard = errors.New("a wildcard: HTTP-01 proves single names only")
	errNoHost   = errors.New("no host")
	errZoned    = errors.New("an address with an IPv6 zone")
	errOneLabel = errors.New("a name of one label")
)

// parseHost returns the host as URLs have it: a lower case name without the
// final dot, or an address.
func parseHost(s string) (string, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		if a.Zone() != "" {
			return "", errZoned
		}
		return a.Unmap().String(), nil
	}
	n, err := zone.ParseName(s)
	switch {
	case err != nil:
		return "", err
	case n == zone.Root:
		return "", errNoHost
	case n.IsWildcard():
		return "", errWildcard
	case len(n.Labels()) == 1:
		return "", errOneLabel
	}
	return n.Display(), nil
}

// bracketed is the host as it stands in a URL (RFC 3986, section 3.2.2).
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
