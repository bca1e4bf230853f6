package config

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// outsideView looks up RRsets of zones with several views. Authorities see one of
// them, and what resolvers answer now tells which:
//
//	resolvers answer what one view holds    what the plan makes of it there
//	several views hold that, and differ     an error
//	no view of the plan's holds that        what resolvers answer
//	the RRset is missing in a view          an error: a resolver that is asked for
//	                                        what is to be created remembers that
type outsideView struct {
	changes map[zone.Key][]*plan.Change
	// kept are the wanted addresses in views that the plan does not change.
	kept map[zone.Key][][]netip.Addr
	// now is what resolvers answer.
	now http01.Lookup
}

var errWhichView = errors.New("it cannot be told which view of the zone authorities see")

// Lookup answers by the plan for the RRsets that it changes, and leaves the others
// to the resolvers.
func (o outsideView) Lookup(ctx context.Context, name zone.Name, t zone.Type) http01.Addrs {
	key := zone.Key{Name: name, Type: t}
	changes := o.changes[key]
	if slices.ContainsFunc(changes, func(c *plan.Change) bool { return c.Before == nil }) {
		return http01.Addrs{Err: errWhichView}
	}
	now := o.now.Lookup(ctx, name, t)
	if now.Err != nil || len(changes) == 0 {
		return now
	}
	addrs, ok := then(now.Addrs, changes, o.kept[key])
	if !ok {
		return http01.Addrs{Err: errWhichView}
	}
	return http01.Addrs{Addrs: slices.Clone(addrs), By: "the plan"}
}

// then is what takes the place of the addresses that are seen now; ok is false where
// it could be several things. Behind a proxy nothing does.
func then(now []netip.Addr, changes []*plan.Change, kept [][]netip.Addr) (out []netip.Addr, ok bool) {
	var may [][]netip.Addr
	for _, c := range changes {
		var after []netip.Addr
		switch {
		case c.After != nil && c.After.Proxied:
			after = now
		case c.After != nil:
			after = c.After.Values
		}
		if sameSet(now, c.Before.Values) || sameSet(now, after) {
			may = append(may, after)
		}
	}
	for _, k := range kept {
		if sameSet(now, k) {
			may = append(may, now)
		}
	}
	if len(may) == 0 {
		return now, true
	}
	return may[0], !slices.ContainsFunc(may, func(m []netip.Addr) bool { return !sameSet(m, may[0]) })
}

func sameSet(a, b []netip.Addr) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.SortFunc(a, netip.Addr.Compare)
	slices.SortFunc(b, netip.Addr.Compare)
	return slices.Equal(a, b)
}

// split tells whether the inventory has a zone in several views.
func split(zones []inventory.Zone, name zone.Name) bool {
	n := 0
	for _, z := range zones {
		if z.Name == name {
			n++
		}
	}
	return n > 1
}

// seenOutside is the outsideView of a plan.
func seenOutside(p *plan.Plan, zones []inventory.Zone, now http01.Lookup) outsideView {
	out := outsideView{map[zone.Key][]*plan.Change{}, map[zone.Key][][]netip.Addr{}, now}
	changed := map[Touched]bool{}
	for i := range p.Changes {
		c := &p.Changes[i]
		if !split(zones, c.Zone) {
			continue
		}
		for _, key := range becoming(c) {
			out.changes[key] = append(out.changes[key], c)
			changed[Touched{c.ZoneRef, key}] = true
		}
	}
	for _, z := range zones {
		ref := plan.ZoneRef{Zone: z.Name, View: z.View}
		for _, r := range z.Records {
			if !changed[Touched{ref, r.Key}] {
				out.kept[r.Key] = append(out.kept[r.Key], r.Addrs)
			}
		}
	}
	return out
}
