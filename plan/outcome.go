package plan

import (
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Outcome returns the zone as it will be once every change of d is made: what
// is live, with the changed RRsets in their new state and without the CNAME
// records that they replace. What conflicts, and what is unmanaged or foreign,
// is as it is live; an RRset that stays keeps what the provider knows beside it.
func (d ZoneDiff) Outcome() *zone.Snapshot {
	out := &zone.Snapshot{Zone: d.Live.Zone, Blind: d.Live.Blind}
	changes := map[zone.Key]*Change{}
	replaced := map[zone.Name]bool{}
	for i := range d.Changes {
		c := &d.Changes[i]
		changes[c.Key] = c
		if c.Replaces != "" {
			replaced[c.Name] = true
		}
	}
	for _, r := range d.Live.RRsets {
		if c, ok := changes[r.Key]; !ok {
			out.RRsets = append(out.RRsets, r.Clone())
		} else if c.After != nil {
			out.RRsets = append(out.RRsets, kept(r, c.After.RRset(c.Key).Clone()))
		}
	}
	for _, c := range changes {
		if c.Before == nil {
			out.RRsets = append(out.RRsets, c.After.RRset(c.Key).Clone())
		}
	}
	for _, r := range d.Live.Others {
		if r.Type != "CNAME" || !replaced[r.Name] {
			out.Others = append(out.Others, r)
		}
	}
	out.Sort()
	return out
}

// kept returns after with what before knows beside the addresses that stay, or
// with the comments and tags that after says itself.
func kept(before, after zone.RRset) zone.RRset {
	if before.Members == nil {
		return after
	}
	said := after.Members
	after.Members = make([]zone.Member, len(after.Addrs))
	for i, a := range after.Addrs {
		if j := slices.Index(before.Addrs, a); j >= 0 {
			after.Members[i] = before.Members[j]
		}
		if said != nil {
			after.Members[i].Comment, after.Members[i].Tags = said[i].Comment, said[i].Tags
		}
	}
	return after
}
