package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Options say what kind of provider it is.
type Options struct {
	// Limits hold for all zones. With Proxy, sets can be proxied; a proxied
	// set has an automatic TTL, as with Cloudflare.
	Limits providers.Limits
	// IDs gives each value an id in Members. Without it, only sets that were
	// put with Members have them.
	IDs bool
	// Now is the clock of receipts and of the log; nil is time.Now.
	Now func() time.Time
}

// Call is one Write as the log holds it. Its changes are copies.
type Call struct {
	At      time.Time
	Zone    zone.Name
	Changes []providers.Change
	// Err is what the caller got; a lost reply has landed all the same.
	Err error
}

// Provider holds zones in memory. It is a providers.Provider, Looker and Lister,
// and safe for concurrent use.
type Provider struct {
	opts Options

	mu     sync.Mutex
	zones  map[zone.Name]*zone.Snapshot
	faults []Fault
	delay  time.Duration
	reads  int
	writes []Call
	lastID int
}

// New returns a provider without zones.
func New(opts Options) *Provider {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Provider{opts: opts, zones: make(map[zone.Name]*zone.Snapshot)}
}

// Put makes a copy of s the zone s.Zone, in place of one of that name.
func (p *Provider) Put(s *zone.Snapshot) {
	c := clone(s)
	c.Sort()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range c.RRsets {
		p.identify(&c.RRsets[i], zone.RRset{})
	}
	p.zones[c.Zone] = c
}

// Snapshot returns a copy of the zone as it stands; nil when there is none. It
// does not count as a read.
func (p *Provider) Snapshot(z zone.Name) *zone.Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.zones[z]; ok {
		return clone(s)
	}
	return nil
}

// Edit changes the zone as somebody else would. It does not count as a write.
// A zone that does not exist is made.
func (p *Provider) Edit(z zone.Name, edit func(*zone.Snapshot)) {
	s := p.Snapshot(z)
	if s == nil {
		s = &zone.Snapshot{Zone: z}
	}
	edit(s)
	p.Put(s)
}

// Delay makes each later call wait for d, or until its context ends.
func (p *Provider) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Reads returns how many times Read and Look were called.
func (p *Provider) Reads() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reads
}

// Writes returns all calls of Write, in order, refused ones included.
func (p *Provider) Writes() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.writes)
}

// Limits returns the Limits of the options.
func (p *Provider) Limits(zone.Name) providers.Limits { return p.opts.Limits }

// ListZones returns the zones in order.
func (p *Provider) ListZones(ctx context.Context) ([]zone.Name, error) {
	if err := p.wait(ctx); err != nil {
		return nil, fmt.Errorf("list zones: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []zone.Name
	for z := range p.zones {
		out = append(out, z)
	}
	slices.SortFunc(out, zone.CompareNames)
	return out, nil
}

// Read returns a copy of the zone, or the error of an injected fault.
func (p *Provider) Read(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
	s, err := p.read(ctx, z)
	if err != nil {
		return nil, fmt.Errorf("read zone %s: %w", z, err)
	}
	return s, nil
}

// Look returns the sets of keys and the CNAME records at their names. It meets
// the same faults as Read.
func (p *Provider) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	s, err := p.Read(ctx, z)
	if err != nil {
		return nil, err
	}
	return providers.Only(s, keys), nil
}

func (p *Provider) read(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
	p.mu.Lock()
	p.reads++
	p.mu.Unlock()
	if err := p.wait(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if f, ok := p.take(onRead); ok {
		return nil, f.err
	}
	s, ok := p.zones[z]
	if !ok {
		return nil, providers.ErrZoneNotFound
	}
	return clone(s), nil
}

// wait lasts for the delay. The context's end ends it.
func (p *Provider) wait(ctx context.Context) error {
	p.mu.Lock()
	d := p.delay
	p.mu.Unlock()
	if d <= 0 || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return context.Cause(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// identify gives the values of r the Members that old keeps for them, and new
// ids to the others. Comments and tags that r has itself count.
func (p *Provider) identify(r *zone.RRset, old zone.RRset) {
	if !p.opts.IDs && r.Members == nil && old.Members == nil {
		return
	}
	given := r.Members
	r.Members = make([]zone.Member, len(r.Addrs))
	for i, a := range r.Addrs {
		if j := slices.Index(old.Addrs, a); j >= 0 && old.Members != nil {
			r.Members[i] = old.Members[j]
		}
		if given != nil {
			r.Members[i].Comment, r.Members[i].Tags = given[i].Comment, given[i].Tags
			r.Members[i].ID = cmp.Or(r.Members[i].ID, given[i].ID)
		}
		if r.Members[i].ID == "" {
			p.lastID++
			r.Members[i].ID = "r" + strconv.Itoa(p.lastID)
		}
	}
}

// clone returns a copy of s that shares no memory with it.
func clone(s *zone.Snapshot) *zone.Snapshot {
	c := *s
	c.Others = slices.Clone(s.Others)
	c.RRsets = slices.Clone(s.RRsets)
	for i := range c.RRsets {
		c.RRsets[i] = cloneSet(c.RRsets[i])
	}
	return &c
}

func cloneSet(r zone.RRset) zone.RRset {
	c := r.Clone()
	for i := range c.Members {
		c.Members[i].Tags = slices.Clone(c.Members[i].Tags)
	}
	return c
}
