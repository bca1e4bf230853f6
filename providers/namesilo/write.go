package namesilo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

var errChange = errors.New("a change needs a before or an after, of one key, once in a batch")

// Write lists the zone, compares every Before, and makes the changes record by
// record, names in the order given and A and AAAA of one name together; see the
// package comment. A failure of the first request is an error by itself; behind
// it, it is wrapped in ErrPartial. One Write runs at a time.
func (p *Provider) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	receipt, err := p.write(ctx, z, changes)
	if err != nil {
		return providers.Receipt{}, fmt.Errorf("write zone %s: %w", z, err)
	}
	return receipt, nil
}

func (p *Provider) write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	if err := p.begin(ctx); err != nil {
		return providers.Receipt{}, err
	}
	defer func() { <-p.turn }()
	changes, err := prepare(z, changes)
	if err != nil || len(changes) == 0 {
		return providers.Receipt{}, err
	}
	records, err := p.list(ctx, z)
	if err != nil {
		return providers.Receipt{}, err
	}
	live := newHeld(z, records)
	if err := live.check(changes); err != nil {
		return providers.Receipt{}, err
	}
	b := &batch{p: p, zone: z, changes: changes, steps: live.steps(changes)}
	if err := b.run(ctx); err != nil {
		return providers.Receipt{}, err
	}
	return providers.Receipt{Requests: 1 + len(b.steps), Accepted: time.Now()}, nil
}

// begin waits for the Write that is under way.
func (p *Provider) begin(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// prepare checks what can be told without a request, and returns the changes
// with their values in order and the names together.
func prepare(z zone.Name, changes []providers.Change) ([]providers.Change, error) {
	out := slices.Clone(changes)
	place, seen := make(map[zone.Name]int), make(map[zone.Key]bool)
	for i, c := range out {
		if !valid(c) || seen[c.Key()] {
			return nil, errChange
		}
		seen[c.Key()] = true
		if _, ok := place[c.Key().Name]; !ok {
			place[c.Key().Name] = i
		}
		out[i].Before, out[i].After = normal(c.Before), normal(c.After)
	}
	for _, c := range out {
		if reason := impossible(z, c); reason != "" {
			return nil, &providers.RefusedError{Keys: keysOf(out), Culprit: c.Key(), Reason: reason}
		}
	}
	slices.SortStableFunc(out, func(a, b providers.Change) int { return place[a.Key().Name] - place[b.Key().Name] })
	return out, nil
}

func valid(c providers.Change) bool {
	if c.Before == nil || c.After == nil {
		return c.Before != nil || c.After != nil
	}
	return c.Before.Key == c.After.Key
}

func normal(r *zone.RRset) *zone.RRset {
	if r == nil {
		return nil
	}
	c := r.Clone()
	c.Members = nil // the list has them
	c.Normalize()
	return &c
}

// impossible says why NameSilo cannot hold what c wants.
func impossible(z zone.Name, c providers.Change) string {
	if !c.Key().Name.IsSubdomainOf(z) {
		return "outside the zone " + string(z)
	}
	r := c.After
	switch {
	case r == nil:
		return ""
	case len(r.Addrs) == 0:
		return "no address"
	case r.Proxied:
		return "NameSilo has no proxy"
	case r.Auto:
		return "NameSilo has no automatic TTL"
	case c.Before != nil && r.Equal(*c.Before): // what is there may stay
		return ""
	case r.TTL < minTTL, r.TTL > maxTTL:
		return fmt.Sprintf("TTL %d: NameSilo takes %d to %d", r.TTL, minTTL, maxTTL)
	}
	for _, a := range r.Addrs {
		if zone.TypeOf(a) != r.Type {
			return fmt.Sprintf("%s is no address of type %s", a, r.Type)
		}
	}
	return ""
}

func keysOf(changes []providers.Change) []zone.Key {
	keys := make([]zone.Key, len(changes))
	for i, c := range changes {
		keys[i] = c.Key()
	}
	return keys
}
