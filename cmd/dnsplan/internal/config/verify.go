package config

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/report"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/verify"
)

// Verify asks every server about the inventory's records, or about those at
// names, and judges the answers. A resolver is asked only for what the
// authoritative servers hold, so that asking never teaches it that a name does
// not exist. A zone that cannot be read, or whose servers say nothing, is an error,
// and so are resolvers that say nothing; what the others say comes with it, and the
// zone of which nothing is known among Unread.
func (s *Session) Verify(ctx context.Context, names []zone.Name, now time.Time) (report.Verification, error) {
	v := report.Verification{Checked: now, Require: s.Inventory.Verify.Require}
	seen := map[zone.Name]bool{}
	var failed []error
	for _, z := range s.zonesOf(names) {
		found, err := s.verifyZone(ctx, z, names)
		if ctx.Err() != nil {
			return v, cmp.Or(err, ctx.Err())
		}
		if err != nil && !slices.ContainsFunc(failed, func(e error) bool { return e.Error() == err.Error() }) {
			failed = append(failed, err) // resolvers are those of every zone
		}
		if err != nil && len(found) == 0 {
			v.Unread = append(v.Unread, plan.ZoneRef{Zone: z.Name, View: z.View})
			continue
		}
		for _, r := range found {
			seen[r.Want.Name] = true
		}
		v.RRsets = append(v.RRsets, found...)
	}
	if len(failed) > 0 {
		return v, errors.Join(failed...)
	}
	for _, n := range names {
		if !seen[n] {
			return v, s.noSuchName(n)
		}
	}
	return v, nil
}

// verifyZone is Verify for one zone. What servers say comes with the error that no
// resolver does.
func (s *Session) verifyZone(ctx context.Context, z inventory.Zone, names []zone.Name) ([]report.Verified, error) {
	d, live, err := s.read(ctx, z)
	if err != nil {
		return nil, err
	}
	out := wantsOf(d, live, names)
	if len(out) == 0 {
		return nil, nil
	}
	p, err := s.Provider(ctx, z.Provider)
	if err != nil {
		return nil, err
	}
	resolvers, err := s.servers(s.policy(Request{}).Resolvers, s.sandboxes())
	if err != nil {
		return nil, err
	}
	ns, err := s.nameServers(ctx, plan.Zone{ZoneRef: d.ZoneRef, Servers: d.Servers, Discover: d.Discover}, p, resolvers)
	if err != nil {
		return nil, fmt.Errorf("authoritative servers of %s: %w", z.Name.Display(), err)
	}
	var servers []resolver.Server
	for _, n := range ns {
		servers = append(servers, n.Servers...)
	}
	s.ask(ctx, out, servers, false)
	if err := heard(out, false, "authoritative server of "+z.Name.Display()); err != nil {
		return nil, err
	}
	s.ask(ctx, out, resolvers, true)
	return out, heard(out, true, "resolver")
}

// wantsOf are the inventory's records as servers should answer them.
func wantsOf(d *plan.Desired, live *zone.Snapshot, names []zone.Name) []report.Verified {
	var out []report.Verified
	for _, r := range d.Records {
		if len(names) > 0 && !slices.Contains(names, r.Name) {
			continue
		}
		w := verify.Want{Key: r.Key, Values: r.Addrs, TTL: max(r.TTL, d.MinTTL)}
		if l, ok := live.Find(r.Key); ok {
			w.Proxied = l.Proxied
		}
		if r.Proxied != nil {
			w.Proxied = *r.Proxied
		}
		out = append(out, report.Verified{Zone: d.ZoneRef, Want: w})
	}
	return out
}

// ask puts every want to every server, all at once, and adds the lines.
// Resolvers are not asked for what no authoritative server holds.
func (s *Session) ask(ctx context.Context, out []report.Verified, servers []resolver.Server, recurse bool) {
	var queries []resolver.Query
	var at []int
	for i, v := range out {
		if recurse && absent(v.Lines) {
			continue
		}
		for _, server := range servers {
			queries = append(queries, resolver.Query{Server: server, Key: v.Want.Key, Recurse: recurse})
			at = append(at, i)
		}
	}
	for i, a := range s.client.Ask(ctx, queries) {
		v := &out[at[i]]
		v.Lines = append(v.Lines, verify.Judge(v.Want, a))
	}
}

// absent tells whether servers were asked and one says that there is no such
// RRset.
func absent(lines []verify.Line) bool {
	return slices.ContainsFunc(lines, func(l verify.Line) bool { return l.Verdict == verify.Missing })
}

// heard makes sure that one of the servers of a kind has said something, if any
// was asked: silence is no difference, it is a failed read. So is an error from
// all authoritative servers; that all resolvers fail is worth seeing.
func heard(out []report.Verified, resolvers bool, kind string) error {
	var silent *verify.Line
	for _, v := range out {
		for i := range v.Lines {
			l := &v.Lines[i]
			switch {
			case l.Resolver != resolvers:
			case l.Verdict != verify.Silent && (resolvers || l.Verdict != verify.Failing):
				return nil
			case silent == nil:
				silent = l
			}
		}
	}
	if silent == nil {
		return nil
	}
	return fmt.Errorf("no %s answers: %s: %s", kind, silent.Who(), silent.Status)
}
