package config

import (
	"errors"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// issuer is the certificate authority of the inventory.
func (s *Session) issuer() acme.Issuer {
	c := s.Inventory.Check
	out := acme.Issuer{Name: c.CA.Name, Directory: c.CA.Directory, Identities: c.CA.Identities}
	if c.AccountURI != "" {
		out.Accounts = []string{c.AccountURI}
	}
	return out
}

// inside are this machine's own resolvers, where they can know a zone: they do not
// know one that is served on this machine alone.
func (s *Session) inside(servers []resolver.NameServer) []resolver.Server {
	elsewhere := slices.ContainsFunc(servers, func(ns resolver.NameServer) bool {
		return slices.ContainsFunc(ns.Servers, func(r resolver.Server) bool { return !r.Addr.Addr().IsLoopback() })
	})
	if !elsewhere {
		return nil
	}
	all, err := s.client.MachineResolvers()
	if err != nil {
		return nil // D-SPLIT says that they are not asked
	}
	return all
}

// addPending says of each subject what the runs of the state folder have left of it.
func (s *Session) addPending(subjects []*acme.Subject, now time.Time) error {
	past, err := s.Settings.Past(now)
	if err != nil {
		return err
	}
	for _, sub := range subjects {
		for _, t := range []zone.Type{zone.A, zone.AAAA} {
			if p := past.pending(Touched{sub.Zone.ZoneRef, zone.Key{Name: sub.Name, Type: t}}); p != (acme.Pending{Type: t}) {
				sub.Pending = append(sub.Pending, p)
			}
		}
		sub.Zone.RunsErr = past.unreadable()
	}
	return nil
}

// pending is what runs have left of one RRset.
func (p *Past) pending(k Touched) acme.Pending {
	out := acme.Pending{Type: k.Type, Until: p.Cached[k.ZoneRef][k.Key]}
	for _, u := range p.unfinished {
		if slices.Contains(u.Keys, k) {
			out.Run = u.ID
		}
	}
	return out
}

// unreadable is which runs could not be read; nil where all could.
func (p *Past) unreadable() error {
	var errs []error
	for _, w := range p.unknown {
		errs = append(errs, errors.New("run "+w.Name+": "+w.Message))
	}
	return errors.Join(errs...)
}
