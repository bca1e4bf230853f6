package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/zonefile"
)

// DefaultLag is how long ns2 serves the old content of a zone after a change.
const DefaultLag = 300 * time.Millisecond

// resolverCount is how many caching resolvers a sandbox runs.
const resolverCount = 3

// Options say where a sandbox keeps its zones and how it behaves.
type Options struct {
	// Dir is the folder of the zone files, named <zone>.zone. It is made,
	// with mode 0700, when it is not there, and gets one zone, example.org,
	// when it holds no zone file.
	Dir string
	// Lag is how far ns2 is behind ns1; 0 is DefaultLag, negative is none.
	Lag time.Duration
	// Now is the clock of the servers: caches age by it, and Lag. nil is
	// time.Now.
	Now func() time.Time
}

// Endpoint is a server of the sandbox, as others are told to ask it.
type Endpoint struct {
	// Name is ns1, ns2, or resolver-1 to resolver-3.
	Name string
	// Addrs are its addresses on loopback, each the same for UDP and TCP:
	// IPv4 first, then IPv6 where the machine has it.
	Addrs []netip.AddrPort
}

// Sandbox is the provider with its servers. It is safe for concurrent use.
type Sandbox struct {
	files       *zonefile.Provider
	store       *Store
	lag         time.Duration
	authorities []*Authority
	resolvers   []*Resolver
}

var (
	_ providers.Provider = (*Sandbox)(nil)
	_ providers.Looker   = (*Sandbox)(nil)
	_ providers.Lister   = (*Sandbox)(nil)
)

// Open makes and seeds the folder where needed and starts all servers. They run
// until Close, also after ctx has ended: see Serve. After an error nothing runs.
func Open(ctx context.Context, o Options) (*Sandbox, error) {
	if o.Lag == 0 {
		o.Lag = DefaultLag
	}
	s := &Sandbox{lag: max(o.Lag, 0)}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open sandbox %s: %w", o.Dir, err), s.Close())
	}
	return s, nil
}

func (s *Sandbox) open(ctx context.Context, o Options) (err error) {
	if err = seed(o.Dir); err != nil {
		return err
	}
	if s.files, err = zonefile.New(o.Dir); err != nil {
		return err
	}
	if s.store, err = OpenStore(o.Dir, o.Now); err != nil {
		return err
	}
	if err = s.startAuthorities(ctx); err != nil {
		return err
	}
	return s.startResolvers(ctx, o.Now)
}

// startAuthorities starts ns1 and, behind it by the lag, ns2.
func (s *Sandbox) startAuthorities(ctx context.Context) error {
	for i, lag := range []time.Duration{0, s.lag} {
		a, err := StartAuthority(ctx, AuthorityOptions{Name: "ns" + strconv.Itoa(i+1), Store: s.store, Lag: lag})
		if err != nil {
			return err
		}
		s.authorities = append(s.authorities, a)
	}
	return nil
}

func (s *Sandbox) startResolvers(ctx context.Context, now func() time.Time) error {
	var upstreams []netip.AddrPort
	for _, a := range s.authorities {
		upstreams = append(upstreams, a.Addr())
	}
	for i := range resolverCount {
		r, err := StartResolver(ctx, ResolverOptions{
			Name:      "resolver-" + strconv.Itoa(i+1),
			Upstreams: upstreams,
			Now:       now,
		})
		if err != nil {
			return err
		}
		s.resolvers = append(s.resolvers, r)
	}
	return nil
}

// Close stops all servers and returns when nothing of them runs any more. The
// zone files stay. It may be called more than once.
func (s *Sandbox) Close() error {
	var closers []io.Closer
	for _, r := range s.resolvers {
		closers = append(closers, r)
	}
	for _, a := range s.authorities {
		closers = append(closers, a)
	}
	var errs []error
	for _, c := range closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// NameServers returns the authoritative servers, ns1 first. They serve every
// zone of the folder.
func (s *Sandbox) NameServers() []Endpoint {
	var out []Endpoint
	for _, a := range s.authorities {
		out = append(out, Endpoint{Name: a.Name(), Addrs: a.Addrs()})
	}
	return out
}

// Resolvers returns the caching resolvers, resolver-1 first.
func (s *Sandbox) Resolvers() []Endpoint {
	var out []Endpoint
	for _, r := range s.resolvers {
		out = append(out, Endpoint{Name: r.Name(), Addrs: r.Addrs()})
	}
	return out
}

// Authorities returns the running authoritative servers, for their switches.
func (s *Sandbox) Authorities() []*Authority { return slices.Clone(s.authorities) }

// CachingResolvers returns the running resolvers, for their switches.
func (s *Sandbox) CachingResolvers() []*Resolver { return slices.Clone(s.resolvers) }

// Read returns the zone as its file holds it; see zonefile.
func (s *Sandbox) Read(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
	return s.files.Read(ctx, z)
}

// Look reads some RRsets of the zone; see zonefile.
func (s *Sandbox) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	return s.files.Look(ctx, z, keys)
}

// Write rewrites the zone's file; see zonefile. ns1 serves the change when
// Write returns, ns2 after the lag.
func (s *Sandbox) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	defer s.store.reload(z)
	return s.files.Write(ctx, z, changes)
}

// Limits returns the bounds of a zone file, and the lag of ns2 as Sync.
func (s *Sandbox) Limits(z zone.Name) providers.Limits {
	l := s.files.Limits(z)
	l.Sync = s.lag
	return l
}

// ListZones returns the zones in the folder.
func (s *Sandbox) ListZones(ctx context.Context) ([]zone.Name, error) {
	return s.files.ListZones(ctx)
}
