package config

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/providers"
)

// zonesAtOnce is how many zones are read at the same time.
const zonesAtOnce = 8

// Request is what a plan is to be about.
type Request struct {
	// Names limits it to these owner names; empty is all.
	Names []zone.Name
	Group string
	// Strategy overrides the inventory's when it is not empty.
	Strategy string
	Allow    plan.Allowances
	// IgnoreWindows lets the run switch at any time, AwaitWindow lets it begin at
	// any time and switch as the windows open.
	IgnoreWindows, AwaitWindow bool
	// CompareOnly says that nothing is to be applied: what matters to a run alone,
	// as certificates, is neither looked at nor told of.
	CompareOnly bool
	// NoACMECheck lets the run switch without asking whether challenges are answered.
	NoACMECheck bool
	// Reason, Ticket and By go into the change log.
	Reason, Ticket, By string
	// Now and Entropy make the plan's id (a ULID).
	Now     time.Time
	Entropy io.Reader
	// Cached are RRsets of which resolvers may hold an answer from before an
	// earlier run.
	Cached map[plan.ZoneRef]map[zone.Key]time.Time
}

// Plan reads every zone of the inventory and returns the plan. Any read that
// fails is an error: half of live never yields a plan.
func (s *Session) Plan(ctx context.Context, req Request) (*plan.Plan, error) {
	if !s.hasGroup(req.Group) {
		return nil, fmt.Errorf("group %q: %w: no record of the inventory is in it", req.Group, ErrNoSuchGroup)
	}
	diffs, err := s.diffs(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := known(req.Names, diffs); err != nil {
		return nil, err
	}
	id, err := ulid.New(ulid.Timestamp(req.Now), req.Entropy)
	if err != nil {
		return nil, fmt.Errorf("make an id for the plan: %w", err)
	}
	policy, origin := s.policy(req), plan.Origin{
		ID: id.String(), Created: req.Now,
		Inventory: plan.Inventory{Path: s.Inventory.Path, SHA256: s.Inventory.SHA256},
		Warnings:  warnings(s.Inventory.Warnings),
	}
	if !req.CompareOnly {
		policy.Authority = s.authority()
		origin.Renewals, origin.Signings = s.ending(ctx, diffs, policy, req.Now)
	}
	p := plan.Build(diffs, policy, origin)
	p.Refusals, p.Lifted = plan.Check(diffs, req.Allow), plan.Lifted(diffs, req.Allow)
	return p, s.KeepToWindows(p, req)
}

// hasGroup tells whether a record is in the group; every one is in "".
func (s *Session) hasGroup(group string) bool {
	return group == "" || slices.ContainsFunc(s.Inventory.Zones, func(z inventory.Zone) bool {
		return slices.ContainsFunc(z.Records, func(r inventory.Record) bool { return r.Group == group })
	})
}

// warnings are the plan's, of what the inventory's reader has found.
func warnings(found inventory.Diagnostics) []plan.Warning {
	out := make([]plan.Warning, 0, len(found))
	for _, d := range found {
		message := d.Summary
		if d.Fix != "" {
			message += " (" + d.Fix + ")"
		}
		out = append(out, plan.Warning{Code: d.Code, Name: placeOf(d), Message: message})
	}
	return out
}

// placeOf is where a finding stands, in people's words where it has a line. The
// file's path is none of a plan's, which is the same from wherever it is made.
func placeOf(d inventory.Diagnostic) string {
	if d.Line > 0 {
		return fmt.Sprintf("line %d of the inventory", d.Line)
	}
	return d.Subject
}

func (s *Session) policy(req Request) plan.Policy {
	inv := s.Inventory
	p := plan.Policy{
		Strategy: plan.Strategy(inv.Defaults.Strategy), ChangeTTL: inv.Defaults.ChangeTTL,
		Settle: int64(inv.Defaults.Settle / time.Second), Require: inv.Verify.Require,
		Timeout: int64(inv.Verify.Timeout / time.Second), OnFailure: onFailure(inv.Defaults.OnFailure),
		NoACMECheck: req.NoACMECheck,
		Reason:      req.Reason, Ticket: req.Ticket, By: req.By,
	}
	if req.Strategy != "" {
		p.Strategy = plan.Strategy(req.Strategy)
	}
	for _, r := range s.resolvers() {
		p.Resolvers = append(p.Resolvers, plan.Resolver{Name: r.Name, Address: r.Address, Protocol: r.Protocol})
	}
	return p
}

func onFailure(word string) plan.OnFailure {
	if word == inventory.Hold {
		return plan.Hold
	}
	return plan.Rollback
}

// diffs reads and compares the zones, several at once, in the inventory's order.
func (s *Session) diffs(ctx context.Context, req Request) ([]plan.ZoneDiff, error) {
	sel := plan.Selection{Group: req.Group}
	for _, n := range req.Names {
		if sel.Names == nil {
			sel.Names = map[zone.Name]bool{}
		}
		sel.Names[n] = true
	}
	zones := s.zonesOf(req.Names)
	diffs := make([]plan.ZoneDiff, len(zones))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(zonesAtOnce)
	for i, z := range zones {
		g.Go(func() error {
			d, live, err := s.read(ctx, z, req.Names...)
			if err != nil {
				return err
			}
			if !req.CompareOnly {
				s.addChecks(d, z, req)
			}
			d.Cached = remaining(req.Cached[d.ZoneRef], req.Now)
			diffs[i] = plan.Diff(d, live, sel)
			return nil
		})
	}
	return diffs, g.Wait()
}

// zonesOf returns the zones that names lie in; all for no names.
func (s *Session) zonesOf(names []zone.Name) []inventory.Zone {
	if len(names) == 0 {
		return s.Inventory.Zones
	}
	var out []inventory.Zone
	for _, z := range s.Inventory.Zones {
		if slices.ContainsFunc(names, func(n zone.Name) bool { return n.IsSubdomainOf(z.Name) }) {
			out = append(out, z)
		}
	}
	return out
}

// known makes sure that every name was found somewhere.
func known(names []zone.Name, diffs []plan.ZoneDiff) error {
	var missing []string
	for _, n := range names {
		if !slices.ContainsFunc(diffs, func(d plan.ZoneDiff) bool { return d.Seen[n] }) {
			missing = append(missing, n.Display())
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s: %w in the inventory or in its zones", strings.Join(missing, ", "), ErrNoSuchName)
	}
	return nil
}

// read returns what is wanted of a zone and what its provider holds. Further
// names are those that are asked about beside the inventory's.
func (s *Session) read(ctx context.Context, z inventory.Zone, further ...zone.Name) (*plan.Desired, *zone.Snapshot, error) {
	p, err := s.Provider(ctx, z.Provider)
	if err != nil {
		return nil, nil, err
	}
	live, err := s.Live(ctx, p, z, further...)
	if err != nil {
		return nil, nil, err
	}
	limits := p.Limits(z.Name)
	d := &plan.Desired{
		ZoneRef: plan.ZoneRef{Zone: z.Name, View: z.View}, Provider: z.Provider,
		Records: records(z.Records), Prune: z.Prune, Ignore: z.Ignore, Protect: z.Protect,
		MinTTL: limits.MinTTL, MaxTTL: limits.MaxTTL, Sync: int64(limits.Sync / time.Second),
		Discover: s.discovers(z), AllowReserved: s.Inventory.Check.AllowReserved,
	}
	for _, a := range z.Servers {
		d.Servers = append(d.Servers, a.String())
	}
	return d, live, nil
}

// Live reads the zone or, where its provider does not list it, the names of the
// inventory and further ones, as far as they lie in the zone.
func (s *Session) Live(ctx context.Context, p providers.Provider, z inventory.Zone, further ...zone.Name) (*zone.Snapshot, error) {
	defer s.waiting(z.Provider, z.Name)()
	live, err := providers.ReadOrLook(ctx, p, z.Name, lookedAt(z, further))
	if err != nil {
		return nil, &ProviderError{fmt.Errorf("provider %q: %w", z.Provider, err)}
	}
	return live, nil
}

// lookedAt are the RRsets that matter to the zone's records: both address types
// at each name, and at each wildcard above it, whose TTL a new name waits for;
// and those at further names in the zone.
func lookedAt(z inventory.Zone, further []zone.Name) []zone.Key {
	names := map[zone.Name]bool{}
	for _, n := range further {
		if n.IsSubdomainOf(z.Name) {
			names[n] = true
		}
	}
	for _, r := range z.Records {
		names[r.Name] = true
		for n := r.Name; n != z.Name && n != zone.Root; {
			n = n.Parent()
			names["*."+n] = true
		}
	}
	return addressesAt(slices.SortedFunc(maps.Keys(names), zone.CompareNames))
}

// addressesAt are the keys of both address types at each name.
func addressesAt(names []zone.Name) []zone.Key {
	var keys []zone.Key
	for _, n := range names {
		keys = append(keys, zone.Key{Name: n, Type: zone.A}, zone.Key{Name: n, Type: zone.AAAA})
	}
	return keys
}

// discovers tells whether the zone's NS set is asked: not when the inventory
// gives the servers, or an empty list of them, nor for files, which may be
// served by nobody. The sandbox brings its own servers.
func (s *Session) discovers(z inventory.Zone) bool {
	entry, _ := s.Inventory.Provider(z.Provider)
	return !z.ServersGiven && entry.Type != "zonefile"
}

func records(in []inventory.Record) []plan.Record {
	out := make([]plan.Record, len(in))
	for i, r := range in {
		out[i] = plan.Record{
			Key: r.Key, Addrs: r.Addrs, TTL: r.TTL, Proxied: r.Proxied, Group: r.Group,
			Owner: r.Owner, Comment: r.Comment, ACME: r.ACME, ReplaceCNAME: r.ReplaceCNAME,
			Probe: probeOf(r.Probe),
		}
	}
	return out
}

// probeOf is a record's probe as a plan holds it.
func probeOf(p *inventory.RecordProbe) *plan.Probe {
	if p == nil {
		return nil
	}
	return &plan.Probe{
		Type: plan.ProbeType(p.Type), Port: p.Port, Scheme: p.Scheme, Host: p.Host, Path: p.Path,
		Status: p.Status, Body: p.Body, CA: p.CA, Timeout: int64(p.Timeout / time.Second),
	}
}

// remaining turns moments into the seconds that are left until them.
func remaining(until map[zone.Key]time.Time, now time.Time) map[zone.Key]zone.TTL {
	out := map[zone.Key]zone.TTL{}
	for k, t := range until {
		if left := t.Sub(now); left > 0 {
			out[k] = zone.TTL((left + time.Second - 1) / time.Second)
		}
	}
	return out
}
