package memory

import (
	"context"
	"fmt"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Write checks all preconditions of the batch, then makes all changes. Both
// happen at once for every other caller. Each call is logged.
func (p *Provider) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	b, err := providers.NewBatch(z, changes, providers.Rules{Limits: p.opts.Limits})
	if err == nil {
		err = p.wait(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		err = p.write(b)
	}
	if err != nil {
		err = fmt.Errorf("write zone %s: %w", z, err)
	}
	now := p.opts.Now()
	call := Call{At: now, Zone: z, Err: err}
	if b != nil {
		call.Changes = b.Changes
	}
	p.writes = append(p.writes, call)
	if err != nil {
		return providers.Receipt{}, err
	}
	return providers.Receipt{ID: fmt.Sprintf("write-%d", len(p.writes)), Requests: 1, Accepted: now}, nil
}

func (p *Provider) write(b *providers.Batch) error {
	z, changes := b.Zone, b.Changes
	s, ok := p.zones[z]
	if !ok {
		return providers.ErrZoneNotFound
	}
	if f, ok := p.take(beforeCheck); ok {
		s = clone(s)
		f.edit(s)
		s.Sort()
		p.zones[z] = s
	}
	if f, ok := p.take(insteadWrite); ok {
		return f.failure(b)
	}
	if err := b.Check(s, nil); err != nil {
		return err
	}
	if f, ok := p.take(amidWrite); ok {
		p.zones[z] = p.apply(s, changes[:min(f.landed, len(changes))])
		return f.err
	}
	p.zones[z] = p.apply(s, changes)
	if f, ok := p.take(afterWrite); ok {
		return f.err
	}
	return nil
}

// failure is the error of a fault that struck in place of a write.
func (f Fault) failure(b *providers.Batch) error {
	switch {
	case f.moved:
		return &providers.ConflictError{Keys: b.Keys()}
	case f.refused != nil:
		return b.Refuse(f.refused.culprit, f.refused.reason)
	}
	return f.err
}

// apply returns s with the changes made.
func (p *Provider) apply(s *zone.Snapshot, changes []providers.Change) *zone.Snapshot {
	touched := make(map[zone.Key]bool, len(changes))
	next := &zone.Snapshot{Zone: s.Zone, Blind: s.Blind}
	gone := make(map[zone.Name]bool)
	for _, c := range changes {
		touched[c.Key()] = true
		gone[c.Key().Name] = gone[c.Key().Name] || c.Replaces != ""
		if c.After == nil {
			continue
		}
		live, _ := s.Find(c.Key())
		next.RRsets = append(next.RRsets, p.stored(*c.After, live))
	}
	for _, r := range s.RRsets {
		if !touched[r.Key] {
			next.RRsets = append(next.RRsets, r)
		}
	}
	for _, r := range s.Others {
		if r.Type != "CNAME" || !gone[r.Name] {
			next.Others = append(next.Others, r)
		}
	}
	next.Sort()
	return next
}

// stored is after as the provider keeps it in the place of live.
func (p *Provider) stored(after, live zone.RRset) zone.RRset {
	r := cloneSet(after)
	p.identify(&r, live)
	if r.Proxied {
		r.Auto = true
	}
	if r.Auto {
		r.TTL = zone.AutoTTL
	}
	return r
}
