package config

import (
	"slices"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/plan/acme"
)

// clientFor is what places tokens for a name under examination, with the machine
// that its ACME client runs on: that of [host.challenge], or the only one of the
// inventory that says acme_client, unless its tokens are placed elsewhere.
func (s *Session) clientFor(sub *acme.Subject) (out acme.Client) {
	z, ok := s.Inventory.Zone(sub.Zone.ZoneRef.Zone, sub.Zone.View)
	if !ok {
		return out
	}
	p, host := s.Planter(z, sub.Name)
	out.Planter = p
	for _, c := range s.Inventory.Clients() {
		out.Clients = append(out.Clients, checkHost(c))
	}
	if h, ok := s.Inventory.Host(host); ok {
		out.Host = checkHost(h)
	} else if len(out.Clients) == 1 && (p == nil || !out.Clients[0].OwnPlace) {
		out.Host = out.Clients[0]
	}
	return out
}

func checkHost(h inventory.Host) acme.Host {
	return acme.Host{Name: h.Name, Addrs: slices.Concat(h.IPv4, h.IPv6), ACMEClient: h.ACMEClient, OwnPlace: h.Challenge != nil}
}
