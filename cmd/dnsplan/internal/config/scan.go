package config

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// ScannedZone is a zone whose records were looked through for markers of issuance
// windows.
type ScannedZone struct {
	Marked  []plan.Marked
	desired *plan.Desired
	live    *zone.Snapshot
}

// Scan reads the zone, in all views whose provider has a proxy and keeps comments,
// and finds the names that a marker says are to be proxied again. The error is
// ErrNoSuchZone where the inventory has no such zone.
func (s *Session) Scan(ctx context.Context, name zone.Name) ([]ScannedZone, error) {
	var out []ScannedZone
	known := false
	for _, z := range s.Inventory.Zones {
		if z.Name != name {
			continue
		}
		known = true
		marks, err := s.marks(ctx, z)
		if err != nil {
			return nil, err
		}
		if !marks {
			continue
		}
		d, live, err := s.read(ctx, z)
		if err != nil {
			return nil, err
		}
		out = append(out, ScannedZone{plan.FindMarked(d, live), d, live})
	}
	switch {
	case !known:
		return nil, s.NoSuchZone(name)
	case len(out) == 0:
		return nil, fmt.Errorf("zone %s: its provider has no proxy or keeps no comments: no record can tell of a window", name.Display())
	}
	return out, nil
}

// marks tells whether records of the zone can bear markers.
func (s *Session) marks(ctx context.Context, z inventory.Zone) (bool, error) {
	p, err := s.Provider(ctx, z.Provider)
	if err != nil {
		return false, err
	}
	limits := p.Limits(z.Name)
	return limits.Proxy && limits.Comments, nil
}

// CloseMarked plans to turn the proxy on for those marked names that due tells.
func (s *Session) CloseMarked(zones []ScannedZone, due func(plan.Marked) bool, by string, now time.Time, entropy io.Reader) (*plan.Plan, error) {
	var diffs []plan.ZoneDiff
	for _, z := range zones {
		var names []zone.Name
		for _, m := range z.Marked {
			if due(m) {
				names = append(names, m.Name)
			}
		}
		diffs = append(diffs, plan.DiffMarked(z.desired, z.live, names))
	}
	id, err := ulid.New(ulid.Timestamp(now), entropy)
	if err != nil {
		return nil, fmt.Errorf("make an id for the plan: %w", err)
	}
	req := Request{Strategy: string(plan.Direct), Reason: "closing issuance windows that records tell of", By: by}
	return plan.Build(diffs, s.policy(req), plan.Origin{
		ID: id.String(), Created: now, Inventory: plan.Inventory{Path: s.Inventory.Path, SHA256: s.Inventory.SHA256},
	}), nil
}
