package plan

import (
	"fmt"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Rest compares one zone with what a run of p was to make of it: it is the rest of
// the changes with the given ids, which the run has not made, as far as live is
// still what the run saw or left. D says where the zone is and what its provider
// takes; its Records and Prune play no part.
//
//	live is                         result
//	as the run was to leave it      nothing
//	as before the run, or on the    the change from live to what was wanted
//	way from there
//	a third value                   conflict that shows before, wanted and theirs
func Rest(p *Plan, ids []string, d *Desired, live *zone.Snapshot) ZoneDiff {
	w := newReverter(p, d, live)
	w.exact = true
	for c := range changesOf(p, ids, d.ZoneRef) {
		w.rest(c)
	}
	w.alone("cannot be applied")
	w.diff.Counted = w.counted()
	return w.diff
}

// rest adds what is left of c.
func (w *reverter) rest(c *Change) {
	live, ok := w.live.Find(c.Key)
	cname, aliased := w.cnames[c.Name]
	replaces := aliased && c.Replaces == cnamePrefix+cname.Data && !ok
	switch {
	case replaces:
		w.missing(c.wanted())
	case aliased:
		w.theirs(c.Key, thirdOfRest(c, cnamePrefix+cname.Data))
	case c.Replaces != "" && !ok, !w.ours(c, live, ok):
		w.theirs(c.Key, thirdOfRest(c, showSet(live, ok)))
	case c.After == nil && !ok:
	case c.After == nil:
		w.gone(c, live)
	case !ok:
		w.missing(c.wanted())
	default:
		w.both(c.wanted(), &live)
	}
}

// gone adds the deletion of live.
func (w *reverter) gone(c *Change, live zone.RRset) {
	r := &Record{Key: c.Key, Group: c.Group, Owner: c.Owner, Comment: c.Comment, ACME: c.ACME}
	out := w.change(r, Delete, stateOf(live), nil)
	out.Remove = out.Before.Values
	out.Wildcard, out.WildcardValues = w.wildcardAbove(c.Key)
	w.add(out)
}

// wanted is the state after c as an inventory would want it.
func (c *Change) wanted() *Record {
	after := c.After.RRset(c.Key)
	return &Record{
		Key: c.Key, Addrs: after.Addrs, TTL: after.TTL, Proxied: &after.Proxied, Auto: after.Auto, Members: after.Members,
		Group: c.Group, Owner: c.Owner, Comment: c.Comment, ACME: c.ACME, ReplaceCNAME: c.Replaces != "", Probe: c.Probe,
		Challenge: c.Challenge, Certificate: c.Certificate,
	}
}

// thirdOfRest says what is where neither the wanted value nor the one before is.
func thirdOfRest(c *Change, now string) string {
	before := c.Before.RRset(c.Key).Brief()
	if c.Replaces != "" {
		before = c.Replaces
	}
	return fmt.Sprintf("before the run: %s; the run was to set: %s; %s", before, c.After.RRset(c.Key).Brief(), since(now))
}
