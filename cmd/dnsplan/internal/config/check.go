package config

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme"
)

// ErrNothingToCheck is an inventory without a name that is validated by HTTP-01.
var ErrNothingToCheck = errors.New("no record of the inventory is validated by http-01")

// Check examines the names, or every name that may be validated by HTTP-01: those
// whose records say so, and, where no record of the inventory does, those that say
// nothing else. A zone that cannot be read is an error; what was found of others,
// and of its names without its provider, comes with it. Other errors come with no
// finding.
func (s *Session) Check(ctx context.Context, names []zone.Name, sel acme.Selection, now func() time.Time) (acme.Found, error) {
	out := acme.Found{Checked: now(), Made: []acme.ID{}}
	subjects, unread, err := s.Subjects(ctx, names)
	if err != nil {
		return out, err
	}
	if err := s.addPending(subjects, now()); err != nil {
		return out, err
	}
	x, err := s.Examiner(now)
	if err != nil {
		return out, err
	}
	out = x.Examine(ctx, subjects, sel).WithCommands(s.Settings.Command)
	return out, cmp.Or(ctx.Err(), unread)
}

// Examiner is what checks are made with, as the inventory has it. Roots of a private
// authority that cannot be read are an error.
func (s *Session) Examiner(now func() time.Time) (*acme.Examiner, error) {
	certificates, roots, err := s.certificateClient(now)
	if err != nil {
		return nil, err
	}
	ranges, _ := s.Settings.Ranges() // a damaged list counts for nothing, and `cdn` tells of it
	return acme.New(acme.Options{
		DNS: s.client, Now: now, HTTPPort: s.Inventory.Check.HTTPPort, HTTPSPort: s.Inventory.Check.HTTPSPort,
		AllowReserved: s.Inventory.Check.AllowReserved, Client: s.clientFor, Vantages: s.Vantages(), Ranges: ranges,
		Issuer: s.issuer(), Certificates: certificates, Roots: roots, Past: s.checkPast(now), Folder: s.Settings.folder(),
	}), nil
}

// Subjects are the names with what the inventory wants of them, in its order. A
// wildcard is an error, since HTTP-01 proves none. Unread is about the zones that
// could not be read; nil where all could.
func (s *Session) Subjects(ctx context.Context, names []zone.Name) (out []*acme.Subject, unread, err error) {
	for _, n := range names {
		if n.IsWildcard() {
			return nil, nil, fmt.Errorf("%s: %w: a wildcard cannot be (RFC 8555, section 8.3)", n.Display(), ErrNotHTTP01)
		}
	}
	zones, err := s.checkZones(ctx, names)
	if err != nil {
		return nil, nil, err
	}
	wanted := s.checked(names)
	for i, z := range s.zonesOf(names) {
		for _, sub := range subjectsOf(z, zones[i], s.Inventory) {
			if wanted(sub) {
				out = append(out, sub)
			}
		}
	}
	for _, n := range names {
		if !slices.ContainsFunc(out, func(sub *acme.Subject) bool { return sub.Name == n }) {
			return nil, nil, s.noSuchName(n)
		}
	}
	if len(out) == 0 {
		return nil, nil, ErrNothingToCheck
	}
	out = validated(out)
	return out, unreadOf(out), nil
}

// unreadOf is why zones of the subjects could not be read; nil where all could.
func unreadOf(subjects []*acme.Subject) error {
	var errs []error
	seen := map[*acme.Zone]bool{}
	for _, sub := range subjects {
		if !seen[sub.Zone] && sub.Zone.LiveErr != nil {
			errs = append(errs, sub.Zone.LiveErr)
		}
		seen[sub.Zone] = true
	}
	return errors.Join(errs...)
}

// validated leaves out views in which a name is not validated, where it is in
// another one: authorities see one view alone.
func validated(all []*acme.Subject) []*acme.Subject {
	return slices.DeleteFunc(slices.Clone(all), func(s *acme.Subject) bool {
		return s.ACME == acmeNone && slices.ContainsFunc(all, func(o *acme.Subject) bool {
			return o.Name == s.Name && o.ACME != acmeNone
		})
	})
}

// acmeNone is how a record is marked whose name is validated by nobody.
const acmeNone = "none"

// checked tells which subjects to examine.
func (s *Session) checked(names []zone.Name) func(*acme.Subject) bool {
	if len(names) > 0 {
		return func(sub *acme.Subject) bool { return slices.Contains(names, sub.Name) }
	}
	given := slices.ContainsFunc(s.Inventory.Zones, func(z inventory.Zone) bool {
		return slices.ContainsFunc(z.Records, func(r inventory.Record) bool { return r.ACME == acme.HTTP01 })
	})
	return func(sub *acme.Subject) bool {
		return sub.ACME == acme.HTTP01 || !given && sub.ACME == "" && !sub.Name.IsWildcard()
	}
}

// checkZones reads the zones that names lie in, several at once, in the
// inventory's order. Zones of one name know each other.
func (s *Session) checkZones(ctx context.Context, names []zone.Name) ([]*acme.Zone, error) {
	list := s.zonesOf(names)
	out := make([]*acme.Zone, len(list))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(zonesAtOnce)
	for i, z := range list {
		g.Go(func() (err error) {
			out[i], err = s.checkZone(gctx, z)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, z := range out {
		for _, other := range out {
			if z != other && z.Zone == other.Zone {
				z.Twins = append(z.Twins, other)
			}
		}
	}
	return out, nil
}

// checkZone gathers what is known of a zone. One that cannot be read says why; its
// names can be looked at from outside all the same.
func (s *Session) checkZone(ctx context.Context, z inventory.Zone) (*acme.Zone, error) {
	d, live, err := s.read(ctx, z)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	resolvers, bad := s.servers(s.policy(Request{}).Resolvers, s.sandboxes())
	if bad != nil {
		return nil, bad
	}
	out := &acme.Zone{ZoneRef: plan.ZoneRef{Zone: z.Name, View: z.View}, Provider: z.Provider, Live: live, LiveErr: err, Resolvers: resolvers}
	for _, r := range z.Records {
		if r.Name == z.Name {
			out.Apex = append(out.Apex, checkRecord(r, s.Inventory))
		}
	}
	if err != nil {
		out.Proxy = s.mayProxy(z)
		out.Servers, out.ServersErr = s.serversUnread(ctx, z, err, resolvers)
	} else {
		p, err := s.Provider(ctx, z.Provider)
		if err != nil {
			return nil, err
		}
		out.Proxy, out.MinTTL = p.Limits(z.Name).Proxy, d.MinTTL
		out.Servers, out.ServersErr = s.nameServers(ctx, plan.Zone{ZoneRef: d.ZoneRef, Servers: d.Servers, Discover: d.Discover}, p, resolvers)
	}
	out.Inside = s.inside(out.Servers)
	return out, ctx.Err()
}

// subjectsOf are the names of a zone, each with its RRsets; names of one group
// know each other.
func subjectsOf(z inventory.Zone, in *acme.Zone, inv *inventory.Inventory) (out []*acme.Subject) {
	for _, r := range z.Records {
		i := slices.IndexFunc(out, func(s *acme.Subject) bool { return s.Name == r.Name })
		if i < 0 {
			i, out = len(out), append(out, &acme.Subject{Zone: in, Name: r.Name, Group: r.Group})
		}
		sub := out[i]
		sub.Records = append(sub.Records, checkRecord(r, inv))
		sub.ACME = firstOf(sub.ACME, r.ACME)
		sub.Owner, sub.Comment = firstOf(sub.Owner, r.Owner), firstOf(sub.Comment, r.Comment)
	}
	for _, a := range out {
		for _, b := range out {
			if a != b && a.Group != "" && a.Group == b.Group {
				a.Siblings = append(a.Siblings, b)
			}
		}
	}
	return out
}

func checkRecord(r inventory.Record, inv *inventory.Inventory) acme.Record {
	out := acme.Record{RRset: r.RRset(), ProxiedGiven: r.Proxied != nil, RoundRobin: r.RoundRobin}
	for _, name := range r.Hosts {
		if h, ok := inv.Host(name); ok {
			out.Hosts = append(out.Hosts, checkHost(h))
		}
	}
	return out
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
