package config

import (
	"context"
	"fmt"
	"slices"

	"github.com/oklog/ulid/v2"
	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
)

// Rollback reads the zones that a run has written and returns the plan that
// takes back what stands of it. Accept leaves what someone else has set since
// as it is; without it, that is a conflict. Of req, Names and Group play no
// part.
func (s *Session) Rollback(ctx context.Context, r engine.Run, accept bool, req Request) (*plan.Plan, error) {
	standing, left := standing(r.Result)
	diffs, err := s.compareWith(ctx, r.Plan, standing, req, plan.Revert)
	if err != nil {
		return nil, err
	}
	if accept {
		for i := range diffs {
			diffs[i].Leave()
		}
	}
	id, err := ulid.New(ulid.Timestamp(req.Now), req.Entropy)
	if err != nil {
		return nil, fmt.Errorf("make an id for the plan: %w", err)
	}
	p := plan.Build(diffs, s.policy(req), plan.Origin{
		ID: id.String(), Created: req.Now, RollbackOf: r.ID,
		Inventory: plan.Inventory{Path: s.Inventory.Path, SHA256: s.Inventory.SHA256},
		Warnings:  append(warnings(s.Inventory.Warnings), left...),
	})
	req.Allow.Thresholds = true // what the run could do is no more when it goes back
	p.Refusals, p.Lifted = plan.Check(diffs, req.Allow), plan.Lifted(diffs, req.Allow)
	p.Lifted = slices.DeleteFunc(p.Lifted, func(r plan.Refusal) bool { return r.Code == plan.TooManyUpdates || r.Code == plan.TooManyDeletes })
	return p, s.WarnOutside(p, req.Now)
}

// standing are the changes of a run that has ended, of which something stands,
// by zone, and warnings about those that a person has left to someone else.
func standing(r execute.Result) (ids map[plan.ZoneRef][]string, left []plan.Warning) {
	ids = map[plan.ZoneRef][]string{}
	for _, c := range r.Changes {
		switch c.Made {
		case execute.Applied, execute.LeftOpen:
			ids[c.Change.ZoneRef] = append(ids[c.Change.ZoneRef], c.Change.ID)
		case execute.Left:
			left = append(left, plan.Warning{
				Code: plan.LeftAsLive, Name: string(c.Change.Name),
				Message: fmt.Sprintf("%s: stays as it is: it was left to someone else in the run", c.Change.Type),
			})
		}
	}
	return ids, left
}

// comparison is how a zone is compared with what a run was to do there; plan.Revert
// and plan.Rest are such.
type comparison func(p *plan.Plan, ids []string, d *plan.Desired, live *zone.Snapshot) plan.ZoneDiff

// compareWith compares each zone of changes of p, which are given by their ids,
// several at once, in the plan's order.
func (s *Session) compareWith(ctx context.Context, p *plan.Plan, ids map[plan.ZoneRef][]string, req Request, compare comparison) ([]plan.ZoneDiff, error) {
	var zones []plan.Zone
	for _, z := range p.Zones {
		if len(ids[z.ZoneRef]) > 0 {
			zones = append(zones, z)
		}
	}
	diffs := make([]plan.ZoneDiff, len(zones))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(zonesAtOnce)
	for i, z := range zones {
		g.Go(func() error {
			d, live, err := s.readBack(ctx, p, z)
			if err != nil {
				return err
			}
			d.Cached = remaining(req.Cached[d.ZoneRef], req.Now)
			diffs[i] = compare(p, ids[z.ZoneRef], d, live)
			return nil
		})
	}
	return diffs, g.Wait()
}

// readBack reads a zone that a run is about, at the provider of the run. One
// that has left the inventory since is asked about as the plan says.
func (s *Session) readBack(ctx context.Context, p *plan.Plan, z plan.Zone) (*plan.Desired, *zone.Snapshot, error) {
	of, known := s.Inventory.Zone(z.Zone, z.View)
	entry := inventory.Zone{Name: z.Zone, View: z.View}
	if known {
		entry = of
	}
	entry.Provider = z.Provider
	d, live, err := s.read(ctx, entry, touchedNames(p, z.ZoneRef)...)
	if err == nil && !known {
		d.Servers, d.Discover = z.Servers, z.Discover
	}
	return d, live, err
}

// touchedNames are the names of a plan's changes in a zone, and the wildcards above
// them.
func touchedNames(p *plan.Plan, ref plan.ZoneRef) (names []zone.Name) {
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.ZoneRef != ref {
			continue
		}
		names = append(names, c.Name)
		for n := c.Name; n != c.Zone && n != zone.Root; {
			n = n.Parent()
			names = append(names, "*."+n)
		}
	}
	return names
}
