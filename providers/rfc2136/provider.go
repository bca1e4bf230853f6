package rfc2136

import (
	"context"
	"fmt"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Provider changes the zones of one primary. It holds no connection between
// calls, and its methods may be called concurrently.
type Provider struct {
	server  endpoint
	key     key
	now     func() time.Time
	timeout time.Duration
}

var (
	_ providers.Provider = (*Provider)(nil)
	_ providers.Looker   = (*Provider)(nil)
	_ providers.Examiner = (*Provider)(nil)
)

// New checks the settings; it asks nobody.
func New(c Config) (*Provider, error) {
	server, err := parseEndpoint(c.Server)
	if err != nil {
		return nil, fmt.Errorf("rfc2136: %w", err)
	}
	k, err := newKey(c.TSIGName, c.TSIGAlgorithm, c.TSIGSecret)
	if err != nil {
		return nil, fmt.Errorf("rfc2136: %w", err)
	}
	if c.Timeout < 0 {
		return nil, fmt.Errorf("rfc2136: timeout %v is negative", c.Timeout)
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	return &Provider{server: server, key: k, now: time.Now, timeout: c.Timeout}, nil
}

// String names the server and the key, and shows no secret.
func (p *Provider) String() string {
	return fmt.Sprintf("rfc2136 server %v tsig key %q", p.server, p.key.name)
}

// GoString is String, so that %#v shows no secret either.
func (p *Provider) GoString() string { return p.String() }

// Limits returns what the DNS allows (RFC 2181, section 8), without the TTL 0.
// An update is served by the primary at once; when its secondaries follow it
// does not tell.
func (p *Provider) Limits(zone.Name) providers.Limits {
	return providers.Limits{MinTTL: 1, MaxTTL: zone.MaxTTL, Late: providers.LateServer, Atomic: true, Conditional: true}
}

// Read transfers the zone (AXFR, RFC 5936). Records of other types than A and
// AAAA, those of DNSSEC included, are Others, the SOA record once.
func (p *Provider) Read(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
	s, err := p.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("read %s from %v: %w", z, p.server, err)
	}
	defer s.close()
	snap, err := p.transfer(ctx, s, z)
	if err != nil {
		return nil, fmt.Errorf("read %s from %v: %w", z, p.server, err)
	}
	return snap, nil
}

// rcodeName returns an rcode as RFC 6895 names it.
func rcodeName(rcode int) string {
	if s, ok := dns.RcodeToString[rcode]; ok {
		return s
	}
	return fmt.Sprintf("RCODE%d", rcode)
}
