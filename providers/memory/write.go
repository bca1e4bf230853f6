package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

var errChange = errors.New("a change needs a before or an after, of one key, once in a batch")

// Write checks all preconditions of the batch, then makes all changes. Both
// happen at once for every other caller. Each call is logged.
func (p *Provider) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	changes = cloneChanges(changes)
	err := p.wait(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		err = p.write(z, changes)
	}
	if err != nil {
		err = fmt.Errorf("write zone %s: %w", z, err)
	}
	now := p.opts.Now()
	p.writes = append(p.writes, Call{At: now, Zone: z, Changes: changes, Err: err})
	if err != nil {
		return providers.Receipt{}, err
	}
	return providers.Receipt{ID: fmt.Sprintf("write-%d", len(p.writes)), Requests: 1, Accepted: now}, nil
}

func (p *Provider) write(z zone.Name, changes []providers.Change) error {
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
		return f.failure(changes)
	}
	if err := p.check(s, changes); err != nil {
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

// failure is the error of a fault that struck in place of a write of changes.
func (f Fault) failure(changes []providers.Change) error {
	switch {
	case f.moved:
		return &providers.ConflictError{Keys: keysOf(changes)}
	case f.refused != nil:
		return &providers.RefusedError{Keys: keysOf(changes), Culprit: f.refused.culprit, Reason: f.refused.reason}
	}
	return f.err
}

// check finds what is wrong with a batch, in this order: no change at all, what
// the provider cannot hold, what is foreign, what has moved.
func (p *Provider) check(s *zone.Snapshot, changes []providers.Change) error {
	seen := make(map[zone.Key]bool, len(changes))
	cleared := make(map[zone.Name]bool)
	for _, c := range changes {
		if !valid(c) || seen[c.Key()] {
			return errChange
		}
		seen[c.Key()] = true
		if c.Replaces != "" {
			cleared[c.Key().Name] = true
		}
		if reason := p.impossible(s.Zone, c.After); reason != "" {
			return &providers.RefusedError{Keys: keysOf(changes), Culprit: c.Key(), Reason: reason}
		}
	}
	for _, c := range changes {
		if err := checkLive(s, c); err != nil {
			return err
		}
		if target, ok := cname(s, c.Key().Name); ok && c.Before == nil && c.After != nil && !cleared[c.Key().Name] {
			reason := "CNAME " + string(target) + " stands at the name"
			return &providers.RefusedError{Keys: keysOf(changes), Culprit: c.Key(), Reason: reason}
		}
	}
	return nil
}

func valid(c providers.Change) bool {
	if c.Before == nil || c.After == nil {
		return c.Before != nil || c.After != nil
	}
	return c.Before.Key == c.After.Key
}

func (p *Provider) impossible(z zone.Name, r *zone.RRset) string {
	l := p.opts.Limits
	switch {
	case r == nil:
		return ""
	case !r.Name.IsSubdomainOf(z):
		return "outside the zone " + string(z)
	case len(r.Addrs) == 0:
		return "no address"
	case r.Proxied && !l.Proxy:
		return "no proxy here"
	case r.Auto || r.Proxied:
	case l.MinTTL != 0 && r.TTL < l.MinTTL, l.MaxTTL != 0 && r.TTL > l.MaxTTL:
		return fmt.Sprintf("TTL %d is not from %d to %d", r.TTL, l.MinTTL, l.MaxTTL)
	}
	for _, a := range r.Addrs {
		if zone.TypeOf(a) != r.Type {
			return fmt.Sprintf("%s is no address of type %s", a, r.Type)
		}
	}
	return ""
}

// checkLive compares what c expects with what is there.
func checkLive(s *zone.Snapshot, c providers.Change) error {
	key := c.Key()
	live, ok := s.Find(key)
	if ok && live.Foreign != "" {
		return fmt.Errorf("%s (%s): %w", key, live.Foreign, providers.ErrForeign)
	}
	if ok != (c.Before != nil) || ok && !c.Before.Equal(live) {
		conflict := &providers.ConflictError{Keys: []zone.Key{key}, Seen: c.Before}
		if ok {
			l := cloneSet(live)
			conflict.Live = &l
		}
		return conflict
	}
	if target, _ := cname(s, key.Name); c.Replaces != "" && target != c.Replaces {
		return fmt.Errorf("seen CNAME %s, now %q: %w", c.Replaces, string(target), &providers.ConflictError{Keys: []zone.Key{key}})
	}
	return nil
}

// cname returns the target of the CNAME record at name.
func cname(s *zone.Snapshot, name zone.Name) (target zone.Name, ok bool) {
	for _, r := range s.Others {
		if r.Type == "CNAME" && r.Name == name {
			return zone.Canonical(r.Data), true
		}
	}
	return "", false
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
	r.Foreign, r.Members = "", nil
	if after.Members != nil && len(after.Members) == len(after.Addrs) {
		r.Members = slices.Clone(after.Members)
	}
	r.Normalize()
	p.identify(&r, live)
	if r.Proxied {
		r.Auto = true
	}
	if r.Auto {
		r.TTL = zone.AutoTTL
	}
	return r
}

func keysOf(changes []providers.Change) []zone.Key {
	keys := make([]zone.Key, 0, len(changes))
	for _, c := range changes {
		if valid(c) {
			keys = append(keys, c.Key())
		}
	}
	return keys
}

// cloneChanges copies changes and puts their values in order.
func cloneChanges(changes []providers.Change) []providers.Change {
	out := slices.Clone(changes)
	for i, c := range out {
		out[i].Before, out[i].After = normal(c.Before), normal(c.After)
	}
	return out
}

func normal(r *zone.RRset) *zone.RRset {
	if r == nil {
		return nil
	}
	c := cloneSet(*r)
	if c.Members != nil && len(c.Members) != len(c.Addrs) {
		c.Members = nil
	}
	c.Normalize()
	return &c
}
