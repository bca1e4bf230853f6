package cloudflare

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

var errChange = errors.New("a change needs a before or an after, of one key, once in a batch")

// group is all changes to one name, which are never parted.
type group struct {
	name     zone.Name
	changes  []providers.Change
	replaces zone.Name // the CNAME record's target; empty when none is replaced
}

// groupByName puts the changes to each name together, names in the order in
// which they first come.
func groupByName(z zone.Name, changes []providers.Change) ([]group, error) {
	var groups []group
	place := map[zone.Name]int{}
	seen := map[zone.Key]bool{}
	for _, c := range changes {
		if c.Before == nil && c.After == nil || c.Before != nil && c.After != nil && c.Before.Key != c.After.Key || seen[c.Key()] {
			return nil, errChange
		}
		seen[c.Key()] = true
		i, ok := place[c.Key().Name]
		if !ok {
			i = len(groups)
			place[c.Key().Name] = i
			groups = append(groups, group{name: c.Key().Name})
		}
		g := &groups[i]
		g.changes = append(g.changes, providers.Change{Before: ordered(c.Before), After: ordered(c.After), Replaces: c.Replaces})
		if c.Replaces != "" {
			g.replaces = c.Replaces
		}
	}
	for _, g := range groups {
		for _, c := range g.changes {
			reason := impossible(z, c.After)
			if c.Replaces != "" && c.Replaces != g.replaces {
				reason = "A and AAAA replace different CNAME records"
			}
			if reason != "" {
				return nil, &providers.RefusedError{Keys: keysOf(groups), Culprit: c.Key(), Reason: reason}
			}
		}
	}
	return groups, nil
}

// ordered returns a copy of r in order, with Members only where there is one for
// each address. They count where a record is made, as out of a backup; those of
// live records stay what they are.
func ordered(r *zone.RRset) *zone.RRset {
	if r == nil {
		return nil
	}
	c := r.Clone()
	if len(c.Members) != len(c.Addrs) {
		c.Members = nil
	}
	c.Normalize()
	return &c
}

// impossible says why r cannot be a set of z.
func impossible(z zone.Name, r *zone.RRset) string {
	switch {
	case r == nil:
		return ""
	case !r.Name.IsSubdomainOf(z):
		return "outside the zone " + string(z)
	case len(r.Addrs) == 0:
		return "no address"
	}
	for _, a := range r.Addrs {
		if zone.TypeOf(a) != r.Type || a.Zone() != "" {
			return fmt.Sprintf("%s is no address of type %s", a, r.Type)
		}
	}
	return ""
}

// within checks TTLs against the plan's limits.
func within(l providers.Limits, groups []group) error {
	for _, g := range groups {
		for _, c := range g.changes {
			if r := c.After; r != nil && !r.Auto && !r.Proxied && (r.TTL < l.MinTTL || r.TTL > l.MaxTTL) {
				reason := fmt.Sprintf("TTL %d is not from %d to %d, which Cloudflare takes", r.TTL, l.MinTTL, l.MaxTTL)
				return &providers.RefusedError{Keys: keysOf(groups), Culprit: c.Key(), Reason: reason}
			}
		}
	}
	return nil
}

func keysOf(groups []group) []zone.Key {
	var keys []zone.Key
	for _, g := range groups {
		for _, c := range g.changes {
			keys = append(keys, c.Key())
		}
	}
	return keys
}

// obstacle finds what is in the way of the changes: first a set that is not
// dnsplan's, then one that has moved, then a CNAME record.
func (v *view) obstacle(groups []group) error {
	for _, g := range groups {
		for _, c := range g.changes {
			if live, ok := v.snapshot.Find(c.Key()); ok && live.Foreign != "" {
				return fmt.Errorf("%s (%s: %s): %w", c.Key(), live.Foreign, live.Detail, providers.ErrForeign)
			}
		}
	}
	for _, g := range groups {
		for _, c := range g.changes {
			if err := v.moved(c); err != nil {
				return err
			}
		}
		if err := v.alias(g, groups); err != nil {
			return err
		}
	}
	return nil
}

// moved is a conflict where live is not what c holds as seen.
func (v *view) moved(c providers.Change) error {
	live, ok := v.snapshot.Find(c.Key())
	if ok == (c.Before != nil) && (!ok || c.Before.Equal(live)) {
		return nil
	}
	conflict := &providers.ConflictError{Keys: []zone.Key{c.Key()}, Seen: c.Before}
	if ok {
		conflict.Live = &live
	}
	return conflict
}

// alias checks the CNAME record at the group's name against what is to be
// replaced there.
func (v *view) alias(g group, all []group) error {
	target := zone.Name("")
	for _, r := range v.cnames[g.name] {
		if why := r.readOnly(); why != "" && g.replaces != "" {
			return fmt.Errorf("%s CNAME (%s): %w", g.name, why, providers.ErrForeign)
		}
		target = targetOf(r)
	}
	key := g.changes[0].Key()
	switch {
	case target == g.replaces:
		return nil
	case g.replaces != "":
		return fmt.Errorf("the CNAME record to replace points to %s, now to %s: %w",
			g.replaces, cmp.Or(string(target), "nothing"), &providers.ConflictError{Keys: []zone.Key{key}})
	case !g.adds():
		return nil
	}
	return &providers.RefusedError{Keys: keysOf(all), Culprit: key, Reason: "there is a CNAME record to " + string(target)}
}

// adds tells whether the group leaves an address at its name.
func (g group) adds() bool {
	for _, c := range g.changes {
		if c.After != nil {
			return true
		}
	}
	return false
}

// targetOf is where a CNAME record points to, as a reader of the snapshot has it.
func targetOf(r record) zone.Name { return zone.Canonical(presentation(r)) }
