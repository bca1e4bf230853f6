package config

import (
	"context"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// mayProxy tells whether the zone's provider has a CDN proxy, by its type alone.
func (s *Session) mayProxy(z inventory.Zone) bool {
	p, _ := s.Inventory.Provider(z.Provider)
	return p.Type == "cloudflare"
}

// serversUnread are the authoritative servers of a zone whose provider cannot be
// read, because of err: those of the inventory, or those that resolvers know. What
// they know of a zone in several views is one of them, whichever that is, and of a
// sandbox it is another zone.
func (s *Session) serversUnread(ctx context.Context, z inventory.Zone, err error, via []resolver.Server) ([]resolver.NameServer, error) {
	in := plan.Zone{ZoneRef: plan.ZoneRef{Zone: z.Name, View: z.View}, Discover: s.discovers(z)}
	for _, a := range z.Servers {
		in.Servers = append(in.Servers, a.String())
	}
	return s.nameServersIn(ctx, in, nil, via, func() (*zone.Snapshot, error) {
		if p, _ := s.Inventory.Provider(z.Provider); z.View != "" || p.Type == "sandbox" {
			return nil, err
		}
		return &zone.Snapshot{Zone: z.Name}, nil
	})
}
