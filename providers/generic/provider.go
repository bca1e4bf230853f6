package generic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/libdns/libdns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

const (
	defaultTimeout = 2 * time.Minute
	defaultPause   = time.Second
)

// Config is what a Provider needs beside the libdns provider.
type Config struct {
	// Name is the provider's name in the inventory.
	Name string `json:"name"`
	// Secrets are taken out of every error.
	Secrets []string `json:"-"`
	// Chain makes the requests of the libdns provider; nil leaves them to that,
	// with nothing that limits, repeats or logs them.
	Chain *transport.Chain `json:"-"`
	// Pause is how long to wait before a read-back that is not as wanted is
	// made once more; 0 is a second.
	Pause time.Duration `json:"-"`
}

// String returns the name and no secret.
func (c Config) String() string { return fmt.Sprintf("generic %q", c.Name) }

// GoString is String, so that %#v shows no secret either.
func (c Config) GoString() string { return c.String() }

// account is the name of the only turn.
const account zone.Name = ""

// Provider is a libdns provider that has learnt the contract of providers. It
// is safe for concurrent use.
type Provider struct {
	name    string
	libdns  Libdns
	quirks  Quirks
	hooks   Hooks
	redact  func(error) error
	chain   *transport.Chain // may be nil
	timeout time.Duration
	pause   time.Duration
	// turns let one write at a time work on the account, and one read of a Serial
	// provider.
	turns providers.Turns
	// exact are the zones that the vendor is known to hold, for ExactZone.
	exact atomic.Pointer[[]zone.Name]
}

// lister is a Provider whose libdns provider lists zones.
type lister struct{ *Provider }

var (
	_ providers.Provider = (*Provider)(nil)
	_ providers.Lister   = lister{}
	_ providers.Budgeter = (*Provider)(nil)
)

// New checks that the quirks can be had from l; it makes no request. The
// provider is a providers.Lister where l is a libdns.ZoneLister.
func New(l Libdns, q Quirks, h Hooks, c Config) (providers.Provider, error) {
	p := &Provider{
		name: c.Name, libdns: l, quirks: q, hooks: h,
		redact: func(err error) error { return transport.Redact(c.Secrets, err) },
		chain:  c.Chain, timeout: q.Timeout, pause: c.Pause,
	}
	if p.timeout == 0 {
		p.timeout = defaultTimeout
	}
	if p.pause == 0 {
		p.pause = defaultPause
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("generic %q: %w", c.Name, err)
	}
	if _, ok := l.(libdns.ZoneLister); ok {
		return lister{p}, nil
	}
	return p, nil
}

// check tells what the quirks ask for and the libdns provider lacks.
func (p *Provider) check() error {
	_, sets := p.libdns.(libdns.RecordSetter)
	_, lists := p.libdns.(libdns.ZoneLister)
	q := p.quirks
	switch {
	case p.libdns == nil:
		return errors.New("no libdns provider")
	case slices.Contains([]TTLRoute{TTLReplace, TTLInPlace, TTLInPlaceSet}, q.TTL) && !sets:
		return fmt.Errorf("%T has no SetRecords", p.libdns)
	case q.TTL == TTLInPlace && q.Retime == nil:
		return errors.New("no Retime")
	case q.TTL == TTLHook && p.hooks.SetTTL == nil:
		return errors.New("no SetTTL")
	case q.TTLFirst && q.TTL != TTLHook:
		return errors.New("TTLFirst without TTLHook")
	case q.ExactZone && !lists:
		return fmt.Errorf("%T lists no zones", p.libdns)
	}
	return p.reachable()
}

// String names the provider.
func (p *Provider) String() string { return fmt.Sprintf("generic %q", p.name) }

// GoString is String, so that %#v shows no secret.
func (p *Provider) GoString() string { return p.String() }

// Limits returns those of the quirks.
func (p *Provider) Limits(zone.Name) providers.Limits {
	l := p.quirks.Limits
	l.Late = providers.LateHTTP
	return l
}

// Budget returns what the vendor's answers said last of its budget.
func (p *Provider) Budget() providers.Budget {
	if p.chain == nil {
		return providers.Budget{}
	}
	return p.chain.Budget()
}

// Read takes one GetRecords.
func (p *Provider) Read(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
	l, err := p.readInTurn(ctx, z)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", z, err)
	}
	return l.snap, nil
}

func (p *Provider) readInTurn(ctx context.Context, z zone.Name) (*listing, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if p.quirks.Serial {
		done, err := p.turns.Take(ctx, account)
		if err != nil {
			return nil, err
		}
		defer done()
	}
	return p.read(ctx, z)
}

// ListZones returns the zones that the libdns provider lists, in order.
func (l lister) ListZones(ctx context.Context) ([]zone.Name, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	zones, err := l.zones(ctx)
	if err != nil {
		return nil, fmt.Errorf("list zones: %w", err)
	}
	return zones, nil
}

func (p *Provider) zones(ctx context.Context) ([]zone.Name, error) {
	var zones []zone.Name
	err := p.call(ctx, "ListZones", 0, func(ctx context.Context) error {
		list, err := p.libdns.(libdns.ZoneLister).ListZones(ctx)
		if err != nil {
			return err
		}
		for _, z := range list {
			name, err := zone.ParseName(z.Name)
			if err != nil {
				return err
			}
			zones = append(zones, name)
		}
		return nil
	})
	if err != nil {
		return nil, p.judge(err)
	}
	slices.SortFunc(zones, zone.CompareNames)
	return zones, nil
}

// exactly makes sure that the vendor holds a zone of just that name.
func (p *Provider) exactly(ctx context.Context, z zone.Name) error {
	if known := p.exact.Load(); known != nil && slices.Contains(*known, z) {
		return nil
	}
	zones, err := p.zones(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(zones, z) {
		return fmt.Errorf("%w: the provider lists %s", providers.ErrZoneNotFound, listed(zones))
	}
	p.exact.Store(&zones)
	return nil
}

// listed names at most ten zones.
func listed(zones []zone.Name) string {
	if len(zones) == 0 {
		return "none"
	}
	var names []string
	for _, z := range zones[:min(len(zones), 10)] {
		names = append(names, z.Display())
	}
	text := strings.Join(names, ", ")
	if more := len(zones) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
