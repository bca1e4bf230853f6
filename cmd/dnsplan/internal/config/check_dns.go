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
			if p, left := past.pending(Touched{sub.Zone.ZoneRef, zone.Key{Name: sub.Name, Type: t}}); left {
				sub.Pending = append(sub.Pending, p)
			}
		}
		sub.Zone.RunsErr = past.unreadable()
	}
	return nil
}

// pending is what runs have left of one RRset; left is false where that is nothing.
func (p *Past) pending(k Touched) (out acme.Pending, left bool) {
	out = acme.Pending{Type: k.Type, Until: p.Cached[k.ZoneRef][k.Key]}
	for _, h := range p.held[k] {
		out.Held = append(out.Held, acme.Held{Addrs: h.Addrs, Proxied: h.Proxied, Until: h.Until})
	}
	for _, u := range p.unfinished {
		if phase, ours := u.phases[k]; ours {
			out.Run, out.Phase, out.TTL, out.Waits = u.ID, phase.Addrs, phase.TTL, phase.Until
			if !u.goesOn() {
				out.Stands = string(u.State)
			}
		}
	}
	return out, out.Run != "" || !out.Until.IsZero()
}

// unreadable is which runs could not be read; nil where all could.
func (p *Past) unreadable() error {
	var errs []error
	for _, w := range p.unknown {
		errs = append(errs, errors.New("run "+w.Name+": "+w.Message))
	}
	return errors.Join(errs...)
}
