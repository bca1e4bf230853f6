package plan

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// LeftAsLive is the code of a warning about an RRset that a rollback leaves as
// it is.
const LeftAsLive = "left-as-live"

// Revert compares one zone with how it was before a run of p: it is the inverse
// of the changes with the given ids, which the run has written, as far as live
// is still what the run left. D says where the zone is and what its provider
// takes; its Records and Prune play no part.
//
//	live is                         result
//	as before the run               nothing
//	as the run left it, in part or  the change from live to before
//	as a whole
//	the same, in place of a CNAME   conflict: only addresses are ever written
//	a third value                   conflict that shows before, ours and theirs
//
// A TTL that the provider does not take is clamped, with a warning.
func Revert(p *Plan, ids []string, d *Desired, live *zone.Snapshot) ZoneDiff {
	w := newReverter(p, d, live)
	w.diff.Past = true
	w.diff.Counted = w.counted()
	for c := range changesOf(p, ids, d.ZoneRef) {
		w.revert(c)
	}
	w.alone("is not taken back")
	return w.diff
}

// changesOf are the changes of p in a zone that have one of the ids.
func changesOf(p *Plan, ids []string, ref ZoneRef) iter.Seq[*Change] {
	return func(yield func(*Change) bool) {
		for i := range p.Changes {
			if c := &p.Changes[i]; c.ZoneRef == ref && slices.Contains(ids, c.ID) && !yield(c) {
				return
			}
		}
	}
}

// counted is how many live address RRsets are not ignored.
func (w *differ) counted() (n int) {
	for i := range w.live.RRsets {
		if !zone.MatchAny(w.d.Ignore, w.live.RRsets[i].Name, w.d.Zone) {
			n++
		}
	}
	return n
}

// Leave turns the conflicts of a diff that Revert or Rest made into warnings: those
// RRsets stay as they are.
func (d *ZoneDiff) Leave() {
	for _, c := range d.Conflicts {
		d.Warnings = append(d.Warnings, Warning{Code: LeftAsLive, Name: string(c.Name), Message: fmt.Sprintf("%s: stays as it is: %s", c.Type, c.Reason)})
	}
	d.Conflicts = nil
}

type reverter struct {
	differ
	plan *Plan
}

// newReverter compares for a run of p, whose own issuance window is no obstacle.
func newReverter(p *Plan, d *Desired, live *zone.Snapshot) reverter {
	own := *d
	own.Records, own.Prune = nil, false
	w := reverter{differ: *newDiffer(&own, live, Selection{}), plan: p}
	maps.DeleteFunc(w.open, func(_ zone.Name, m Marker) bool { return m.Run == p.ID })
	return w
}

// revert adds what takes c back.
func (w *reverter) revert(c *Change) {
	live, ok := w.live.Find(c.Key)
	cname, aliased := w.cnames[c.Name]
	switch before := c.Before.RRset(c.Key); {
	case c.Replaces == "" && !aliased && stands(live, ok, before) && !c.restLeft(live, before):
		return
	case aliased && c.Replaces == cnamePrefix+cname.Data && !ok:
		return // the CNAME is there as before
	case aliased:
		w.theirs(c.Key, third(c, cnamePrefix+cname.Data))
		return
	case !w.ours(c, live, ok), c.Replaces != "" && !ok:
		w.theirs(c.Key, third(c, showSet(live, ok)))
		return
	case c.Replaces != "":
		w.conflict(c.Key, fmt.Sprintf("the run has put %s in place of the %s, which is not dnsplan's to write", showSet(live, ok), c.Replaces))
		return
	}
	w.back(c, live, ok)
}

// theirs is a conflict with what someone else has set, or with an open window that
// has: then it is known who.
func (w *reverter) theirs(k zone.Key, reason string) {
	if !w.held(k) {
		w.conflict(k, reason)
	}
}

// back adds the change from live, which is the run's, to what was before.
func (w *reverter) back(c *Change, live zone.RRset, ok bool) {
	r := &Record{Key: c.Key, Group: c.Group, Owner: c.Owner, Comment: c.Comment, ACME: c.ACME}
	if c.Before == nil {
		out := w.change(r, Delete, stateOf(live), nil)
		out.Remove = out.Before.Values
		out.Wildcard, out.WildcardValues = w.wildcardAbove(c.Key)
		w.add(out)
		return
	}
	after := w.bounded(c)
	if w.plan.Window != nil { // comments are whose they are by now
		after.Members = MembersOf(*w.plan.Unmarked(Move{To: after.RRset(c.Key)}, live).To)
	}
	if err := checkValues(after.Values, c.Type, ok && slices.Equal(after.Values, live.Addrs)); err != nil {
		w.conflict(c.Key, fmt.Sprintf("before the run it was %s, which dnsplan does not write: %v", c.Before.RRset(c.Key).Brief(), err))
		return
	}
	if !ok {
		out := w.change(r, Create, nil, &after)
		out.Add = out.After.Values
		out.Wildcard, out.WildcardValues = w.wildcardAbove(c.Key)
		w.add(out)
		return
	}
	action := compareStates(&live, &after)
	if action == "" && c.onlyRest() {
		action = compareRest(&live, &after)
	}
	if action != "" {
		w.changed(r, action, &live, after)
	}
}

// onlyRest tells whether the change is about nothing that Equal compares, as a
// restore of comments is.
func (c *Change) onlyRest() bool {
	return c.Before != nil && c.After != nil && compareStates(c.Before.RRset(c.Key), c.After) == ""
}

// restLeft tells whether such a change still stands where live is before.
func (c *Change) restLeft(live zone.RRset, before *zone.RRset) bool {
	return c.onlyRest() && compareRest(&live, c.Before) != "" && before != nil
}

// bounded is the state before c with a TTL that can be written.
func (w *reverter) bounded(c *Change) State {
	s := *c.Before
	if s.Auto {
		return s
	}
	low, high := max(w.d.MinTTL, 1), zone.TTL(zone.MaxTTL)
	if w.d.MaxTTL != 0 {
		high = min(high, w.d.MaxTTL)
	}
	if clamped := clamp(s.TTL, low, high); clamped != s.TTL {
		w.warn("ttl-clamped", c.Name, "TTL "+s.TTL.String()+" from before the run is outside what the provider takes: "+clamped.String()+" is used")
		s.TTL = clamped
	}
	return s
}

// ours tells whether live is a state that the run leaves: one on the way, or the
// last one.
func (w *reverter) ours(c *Change, live zone.RRset, ok bool) bool {
	for i := range w.plan.Steps {
		st := &w.plan.Steps[i]
		if !st.Kind.Writes() || !slices.Contains(st.Changes, c.ID) {
			continue
		}
		if m := c.Move(st.Kind); stands(live, ok, m.From) || stands(live, ok, m.To) {
			return true
		}
	}
	return false
}

// stands tells whether the live set is the state; nil is no set.
func stands(live zone.RRset, ok bool, state *zone.RRset) bool {
	if state == nil || !ok {
		return state == nil && !ok
	}
	return live.Foreign == "" && live.Equal(*state)
}

// third says what is where neither the run's value nor the one before it is.
func third(c *Change, now string) string {
	before := c.Before.RRset(c.Key).Brief()
	if c.Replaces != "" {
		before = c.Replaces
	}
	return fmt.Sprintf("before the run: %s; wanted by the run: %s; %s", before, c.After.RRset(c.Key).Brief(), since(now))
}

// nothing is what is said of an RRset that is not there.
var nothing = (*zone.RRset)(nil).Brief()

// since says what someone else has made of an RRset.
func since(now string) string {
	if now == nothing {
		return "someone else has deleted it since"
	}
	return "now: " + now + ", which someone else has set since"
}

func showSet(r zone.RRset, ok bool) string {
	if !ok {
		return nothing
	}
	return r.Brief()
}

// alone takes out, as conflicts, the changes that toggle the proxy of a name of
// which the other family does not go along: it is the run's too, and for the reason
// in not it stays; or it is somebody else's, who set it since. A name is proxied as
// a whole.
func (w *reverter) alone(not string) {
	stays, goes := map[zone.Key]bool{}, map[zone.Key]bool{}
	for _, c := range w.diff.Conflicts {
		stays[zone.Key{Name: c.Name, Type: c.Type}] = true
	}
	for i := range w.diff.Changes {
		goes[w.diff.Changes[i].Key] = true
	}
	w.diff.Changes = slices.DeleteFunc(w.diff.Changes, func(c Change) bool {
		if !c.toggles() {
			return false
		}
		other := sibling(c.Key)
		live, ok := w.live.Find(other)
		switch {
		case c.Before != nil && stays[other]:
			w.conflict(c.Key, "its proxy toggles with "+other.String()+", which "+not)
		case ok && live.Foreign == "" && !goes[other] && live.Proxied != c.After.Proxied:
			w.conflict(c.Key, "its proxy toggles with "+other.String()+", which is "+showSet(live, ok)+" and is not the run's")
		default:
			return false
		}
		return true
	})
}

// reverts tells whether the id can be that of a run: letters and digits, as
// ULIDs are.
func reverts(id string) bool {
	const longest = 64
	return len(id) <= longest && strings.IndexFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0
}
