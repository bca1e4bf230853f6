package execute

import (
	"context"
	"net/netip"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/preflight"
	"github.com/dnsplan/dnsplan/plan/probe"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/providers"
)

// Clock is the only time that a run knows.
type Clock interface {
	Now() time.Time
	// SleepUntil returns nil at t or later, or the context's error at once.
	SleepUntil(ctx context.Context, t time.Time) error
}

// Asker asks DNS servers; a *resolver.Client is one.
type Asker interface {
	Ask(ctx context.Context, queries []resolver.Query) []resolver.Answer
	SOA(ctx context.Context, s resolver.Server, z zone.Name, recurse bool) resolver.SOAAnswer
}

// Prober asks services; a *probe.Client is one. It is safe for concurrent use.
type Prober interface {
	// Probe makes one attempt, within the time that the probe gives it.
	Probe(ctx context.Context, t probe.Target) probe.Result
}

// Challenger asks for challenges of HTTP-01; a *preflight.Client is one. It is safe
// for concurrent use.
type Challenger interface {
	// Ask makes one attempt at one new address. What it has placed to ask for is
	// gone again when it returns, also when the context has ended.
	Ask(ctx context.Context, q preflight.Question) preflight.Result
}

// Router knows ways; a *probe.Client is one. It is safe for concurrent use.
type Router interface {
	// Route returns why this machine has no way to the address, and nil where it
	// has one or that cannot be told. It sends nothing.
	Route(ctx context.Context, a netip.Addr) error
}

// Commander runs the command of an issuance window. A run asks it once at most.
type Commander interface {
	// Command runs the command to its end and returns its exit code; 128 and the
	// signal's number where a signal ended it. When the context ends, it tells the
	// command to end and returns the context's error at once: the proxy is not to
	// stay off for one that does not. Another error says that the command could not
	// be started.
	Command(ctx context.Context) (code int, err error)
}

// Certifier asks for the certificates that the addresses behind a proxy serve. It is
// safe for concurrent use.
type Certifier interface {
	// Certificate returns the certificate that is served for the name at the address,
	// past the proxy; one without a serial number where there is none. The error says
	// why it is not known.
	Certificate(ctx context.Context, name zone.Name, a netip.Addr) (plan.OriginCertificate, error)
}

// World is what a run needs from outside: who holds a zone, who serves it, who
// is asked about it, and where copies go. It is safe for concurrent use.
type World interface {
	// Provider returns the provider of the zone, or an *UnopenedError.
	Provider(z plan.ZoneRef) (providers.Provider, error)
	// NameServers returns the zone's authoritative servers, each with the
	// addresses to ask; none where the zone is not to be asked about.
	NameServers(ctx context.Context, z plan.ZoneRef) ([]resolver.NameServer, error)
	// Resolvers returns the resolvers to ask.
	Resolvers() []resolver.Server
	// Save keeps a copy of the zone and returns where it is. Its error says
	// that this is what failed, and for which zone.
	Save(z plan.ZoneRef, s *zone.Snapshot) (path string, err error)
}
