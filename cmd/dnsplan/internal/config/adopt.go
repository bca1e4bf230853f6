package config

import (
	"context"
	"errors"
	"fmt"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/providers"
)

// Adopt is Open for an inventory that stands in no file yet.
func Adopt(settings Settings, inv *inventory.Inventory, env Env) *Session {
	return &Session{
		Settings: settings, Inventory: inv, env: env,
		client: resolver.New(resolver.Options{Rate: float64(inv.Verify.Rate)}), opened: map[string]providers.Provider{},
	}
}

// Draft reads the one zone of the session's inventory and makes an inventory of
// it, of all of it or of names. Where the provider does not list the zone, names
// are looked at.
func (s *Session) Draft(ctx context.Context, names []zone.Name) (*inventory.Draft, error) {
	z := s.Inventory.Zones[0]
	p, err := s.Provider(ctx, z.Provider)
	if err != nil {
		return nil, err
	}
	defer s.waiting(z.Provider, z.Name)()
	live, err := readZone(ctx, p, z.Name, names)
	if err != nil {
		return nil, &ProviderError{fmt.Errorf("provider %q: %w", z.Provider, err)}
	}
	return inventory.FromLive(s.Inventory, live, inventory.LiveOptions{Proxy: p.Limits(z.Name).Proxy, Names: names}), nil
}

func readZone(ctx context.Context, p providers.Provider, z zone.Name, names []zone.Name) (*zone.Snapshot, error) {
	if len(names) == 0 {
		s, err := p.Read(ctx, z)
		if errors.Is(err, providers.ErrNoListing) {
			return nil, fmt.Errorf("%w; names that are given can be imported all the same: dnsplan import %s NAME", err, z.Display())
		}
		return s, err
	}
	return providers.ReadOrLook(ctx, p, z, addressesAt(names))
}

// Compare reads a zone and compares it with what the inventory wants of it.
func (s *Session) Compare(ctx context.Context, z inventory.Zone) (plan.ZoneDiff, error) {
	d, live, err := s.read(ctx, z)
	if err != nil {
		return plan.ZoneDiff{}, err
	}
	return plan.Diff(d, live, plan.Selection{}), nil
}
