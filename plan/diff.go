package plan

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Desired is one zone as the inventory wants it.
type Desired struct {
	ZoneRef
	Provider string
	// Records are in canonical order (zone.CompareKeys), one for each RRset.
	Records []Record
	// Prune says that live address names outside Records are deleted.
	Prune           bool
	Ignore, Protect []zone.Glob
	// AllowReserved lifts ReservedAddress, the guard and the warning.
	AllowReserved bool
	// MinTTL and MaxTTL are the provider's; 0 is no bound.
	MinTTL, MaxTTL zone.TTL
	// Servers, Discover and Sync go into the plan's Zone.
	Servers  []string
	Discover bool
	Sync     int64
	// Cached are the RRsets of which resolvers may hold an answer from before
	// an earlier run's write, with the seconds that are left of it.
	Cached map[zone.Key]zone.TTL
}

// Selection limits a plan. Its zero value selects everything.
type Selection struct {
	Names map[zone.Name]bool
	Group string
}

func (s Selection) wants(name zone.Name, group string) bool {
	return (s.Names == nil || s.Names[name]) && (s.Group == "" || s.Group == group)
}

// ZoneDiff is what Diff found in one zone.
type ZoneDiff struct {
	Desired   *Desired
	Live      *zone.Snapshot
	Changes   []Change
	Unmanaged []Unmanaged
	Conflicts []Conflict
	Warnings  []Warning
	// Counted is how many live address RRsets are not ignored; thresholds are
	// a share of it.
	Counted int
	// Seen are the selected names that the inventory or live holds.
	Seen map[zone.Name]bool
	// Unasked are the names of which some new address is not asked for a challenge,
	// because it is reserved.
	Unasked []zone.Name
	// Past says that the changes bring back what was: a rollback, or a restore.
	Past bool
}

// Diff compares one zone's desired RRsets with the live ones. Both sides are in
// canonical order; the result is too.
//
//	desired  live        result
//	yes      no          create (or a conflict with a CNAME)
//	yes      differs     update, ttl or proxied
//	yes      same        nothing
//	yes      foreign     conflict
//	no       yes         unmanaged; with prune, delete
//
// What would change at a name that bears the marker of an issuance window is a
// conflict, here and in whatever else compares: the window puts back what was, and
// cannot once someone has changed it.
func Diff(d *Desired, live *zone.Snapshot, sel Selection) ZoneDiff {
	w := newDiffer(d, live, sel)
	w.walk()
	return w.diff
}

func newDiffer(d *Desired, live *zone.Snapshot, sel Selection) *differ {
	w := &differ{d: d, live: live, sel: sel, open: markersIn(live), diff: ZoneDiff{Desired: d, Live: live, Seen: map[zone.Name]bool{}}}
	w.index()
	return w
}

// walk goes through both sides at once.
func (w *differ) walk() {
	i, j := 0, 0
	for i < len(w.d.Records) || j < len(w.live.RRsets) {
		switch c := w.compare(i, j); {
		case c < 0:
			w.missing(&w.d.Records[i])
			i++
		case c > 0:
			w.extra(&w.live.RRsets[j])
			j++
		default:
			w.both(&w.d.Records[i], &w.live.RRsets[j])
			i++
			j++
		}
	}
	w.siblings()
}

type differ struct {
	// exact says that Records are to be met to the letter, as those of a backup.
	exact bool
	// spared are live RRsets that are never pruned.
	spared map[zone.Key]bool

	d      *Desired
	live   *zone.Snapshot
	sel    Selection
	diff   ZoneDiff
	cnames map[zone.Name]zone.Record
	cuts   map[zone.Name]bool
	// targets are the names that the zone's NS records point at.
	targets map[zone.Name]bool
	// open are the names that an issuance window has turned the proxy off at, and
	// nobody else is to change.
	open map[zone.Name]Marker
}

// index finds the CNAME records and the zone cuts (RFC 1034, section 4.2.1).
func (w *differ) index() {
	for _, r := range w.live.Others {
		switch {
		case r.Type == "CNAME":
			if w.cnames == nil {
				w.cnames = map[zone.Name]zone.Record{}
			}
			w.cnames[r.Name] = r
		case r.Type == "NS":
			if w.targets == nil {
				w.targets, w.cuts = map[zone.Name]bool{}, map[zone.Name]bool{}
			}
			w.targets[zone.Canonical(r.Data)] = true
			if r.Name != w.live.Zone {
				w.cuts[r.Name] = true
			}
		}
	}
}

func (w *differ) compare(i, j int) int {
	switch {
	case i == len(w.d.Records):
		return 1
	case j == len(w.live.RRsets):
		return -1
	}
	return zone.CompareKeys(w.d.Records[i].Key, w.live.RRsets[j].Key)
}

// selected tells whether the selection takes in name, and remembers that it is known.
func (w *differ) selected(name zone.Name, group string) bool {
	if w.sel.Names != nil && w.sel.Names[name] {
		w.diff.Seen[name] = true
	}
	return w.sel.wants(name, group)
}

// missing handles a wanted RRset that is not live.
func (w *differ) missing(r *Record) {
	if !w.selected(r.Name, r.Group) {
		return
	}
	after := w.after(r, nil)
	c := w.change(r, Create, nil, &after)
	if cname, ok := w.cnames[r.Name]; ok {
		if !r.ReplaceCNAME {
			w.conflict(r.Key, "live CNAME "+cname.Data)
			return
		}
		c.Replaces, c.ReplacesTTL = cnamePrefix+cname.Data, cname.TTL
	}
	c.Wildcard, c.WildcardValues = w.wildcardAbove(r.Key)
	c.Add = c.After.Values
	w.add(c)
}

// both handles a wanted RRset that is live in some form.
func (w *differ) both(r *Record, live *zone.RRset) {
	w.diff.Counted++
	if !w.selected(r.Name, r.Group) {
		return
	}
	if live.Foreign != "" {
		w.conflict(r.Key, "live "+live.Foreign+" set, which dnsplan never writes")
		return
	}
	if r.isLive(live) && (!w.exact || r.isExactly(live)) {
		return
	}
	after := w.after(r, live)
	action := compareStates(live, &after)
	if action == "" && w.exact {
		action = compareRest(live, &after)
	}
	if action != "" {
		w.changed(r, action, live, after)
	}
}

// isLive tells whether live is what the inventory says to the letter, so that
// there is nothing to write. The provider's bounds on a TTL are for writes: one
// that is live all the same, from before the bounds or on a better tariff, stays.
func (r *Record) isLive(live *zone.RRset) bool {
	return slices.Equal(live.Addrs, r.Addrs) && (live.TTL == r.TTL && !live.Mixed || live.Auto) && (r.Proxied == nil || *r.Proxied == live.Proxied)
}

// isExactly tells of a record that is live whether it is so in what an inventory
// says nothing of, too.
func (r *Record) isExactly(live *zone.RRset) bool {
	return live.TTL == r.TTL && live.Auto == r.Auto && (r.Members == nil || live.SameBeside(zone.RRset{Addrs: r.Addrs, Members: r.Members}))
}

// compareRest tells what it takes where compareStates finds nothing, and live is
// to be after to the letter: who chooses the TTL, comments and tags.
func compareRest(live *zone.RRset, after *State) Action {
	switch {
	case live.Auto != after.Auto:
		return TTL
	case after.Members != nil && !live.SameBeside(*after.RRset(live.Key)):
		return Update
	}
	return ""
}

// compareStates tells what it takes to get from live to after; nothing is "".
func compareStates(live *zone.RRset, after *State) Action {
	switch {
	case !slices.Equal(live.Addrs, after.Values):
		return Update
	case live.Proxied != after.Proxied:
		return Proxied
	case (live.TTL != after.TTL || live.Mixed) && !live.Auto && !after.Auto:
		return TTL
	}
	return ""
}

func (w *differ) changed(r *Record, action Action, live *zone.RRset, after State) {
	c := w.change(r, action, stateOf(*live), &after)
	if after.Members != nil {
		c.Before.Members = MembersOf(*live)
		if !live.HasBeside() && !after.RRset(r.Key).HasBeside() {
			c.Before.Members, c.After.Members = nil, nil
		}
	}
	c.Add, c.Remove = without(after.Values, live.Addrs), without(live.Addrs, after.Values)
	w.add(c)
}

// extra handles a live RRset that the inventory does not hold.
func (w *differ) extra(live *zone.RRset) {
	if zone.MatchAny(w.d.Ignore, live.Name, w.d.Zone) {
		return
	}
	w.diff.Counted++
	if !w.selected(live.Name, "") {
		return
	}
	if !w.prunes(live) {
		w.diff.Unmanaged = append(w.diff.Unmanaged, Unmanaged{
			Zone: w.d.Zone, View: w.d.View, Name: live.Name, Type: live.Type, Foreign: live.Foreign,
			Values: append([]netip.Addr{}, live.Addrs...), // an alias has none
		})
		return
	}
	c := w.change(&Record{Key: live.Key}, Delete, stateOf(*live), nil)
	c.Remove = c.Before.Values
	c.Wildcard, c.WildcardValues = w.wildcardAbove(live.Key)
	w.add(c)
}

// prunes tells whether a live RRset outside the inventory is to be deleted; none
// is where the rest of the zone cannot be seen, and so nothing be weighed. The
// addresses of the zone's own name servers never are: without them nobody finds
// the zone.
func (w *differ) prunes(live *zone.RRset) bool {
	if !w.d.Prune || w.live.Blind != "" || live.Foreign != "" || w.spared[live.Key] || w.isGlue(live.Name) {
		return false
	}
	if w.targets[live.Name] {
		message := "not pruned: NS records of the zone point here; to manage it, put it into the inventory"
		if w.exact {
			message = "not deleted, although the backup lacks it: NS records of the zone point here"
		}
		w.warn("name-server", live.Name, message)
		return false
	}
	return true
}

// isGlue tells whether name lies at or below a zone cut, where addresses are
// another zone's glue.
func (w *differ) isGlue(name zone.Name) bool {
	for n := name; len(w.cuts) > 0 && n != w.live.Zone && n != zone.Root; n = n.Parent() {
		if w.cuts[n] {
			return true
		}
	}
	return false
}

// wildcardAbove returns the TTL, and the values where it is no CNAME, of the
// nearest live wildcard above key, which answers for it where it does not
// exist; or 0 (RFC 4592, section 3.3.1). That
// a name between may hide the wildcard is left aside: it only lengthens a wait.
func (w *differ) wildcardAbove(key zone.Key) (zone.TTL, []netip.Addr) {
	for n := key.Name; n != w.live.Zone && n != zone.Root; {
		n = n.Parent()
		star := zone.Key{Name: "*." + n, Type: key.Type}
		if star.Name == key.Name {
			continue
		}
		if r, ok := w.live.Find(star); ok {
			return r.TTL, r.Addrs
		}
		if c, ok := w.cnames[star.Name]; ok {
			return c.TTL, nil
		}
	}
	return 0, nil
}

// after returns the wanted state, with the provider's bounds on the TTL.
func (w *differ) after(r *Record, live *zone.RRset) State {
	s := State{TTL: r.TTL, Values: r.Addrs, Members: r.besideIn(live)}
	switch {
	case r.Proxied != nil:
		s.Proxied = *r.Proxied
	case live != nil:
		s.Proxied = live.Proxied
	default:
		s.Proxied = w.proxiedName(r.Key)
	}
	if s.Proxied || r.Auto {
		s.TTL, s.Auto = zone.AutoTTL, true
		return s
	}
	if clamped := clamp(s.TTL, w.d.MinTTL, w.d.MaxTTL); clamped != s.TTL {
		w.warn("ttl-clamped", r.Name, "TTL "+s.TTL.String()+" is outside what the provider takes: "+clamped.String()+" is used")
		s.TTL = clamped
	}
	return s
}

// besideIn are the record's comments and tags; nil where neither it nor what is
// live has any.
func (r *Record) besideIn(live *zone.RRset) []Member {
	set := zone.RRset{Addrs: r.Addrs, Members: r.Members}
	if r.Members == nil || !set.HasBeside() && (live == nil || !live.HasBeside()) {
		return nil
	}
	return MembersOf(set)
}

// proxiedName tells whether the name of key, which is not live, is proxied: its
// other family says so.
func (w *differ) proxiedName(key zone.Key) bool {
	live, ok := w.live.Find(sibling(key))
	return ok && live.Proxied
}

// sibling is the key of the other family.
func sibling(k zone.Key) zone.Key { return zone.Key{Name: k.Name, Type: zone.A + zone.AAAA - k.Type} }

func clamp(ttl, low, high zone.TTL) zone.TTL {
	ttl = max(ttl, low)
	if high != 0 {
		ttl = min(ttl, high)
	}
	return ttl
}

func (w *differ) change(r *Record, a Action, before, after *State) Change {
	c := Change{
		ZoneRef: w.d.ZoneRef, Key: r.Key, Action: a, Before: before, After: after,
		Add: []netip.Addr{}, Remove: []netip.Addr{}, Cached: w.d.Cached[r.Key],
		Group: r.Group, Owner: r.Owner, Comment: r.Comment, ACME: r.ACME,
	}
	if c.probed() {
		c.Probe, c.Challenge, c.Certificate = r.Probe, r.Challenge, r.Certificate
	}
	return c
}

func (w *differ) add(c Change) {
	if w.held(c.Key) {
		return
	}
	if w.isGlue(c.Name) {
		w.warn("below-zone-cut", c.Name, "the name lies below a zone cut: the zone's servers refer to another zone for it")
	}
	w.warnReserved(&c)
	if n := len(w.diff.Unasked); len(c.keepChecks()) > 0 && (n == 0 || w.diff.Unasked[n-1] != c.Name) {
		w.diff.Unasked = append(w.diff.Unasked, c.Name)
	}
	w.diff.Changes = append(w.diff.Changes, c)
}

func (w *differ) conflict(k zone.Key, reason string) {
	w.diff.Conflicts = append(w.diff.Conflicts, Conflict{
		Zone: w.d.Zone, View: w.d.View, Name: k.Name, Type: k.Type, Reason: reason,
	})
}

// warn says each thing once, also where it holds for both types of a name.
func (w *differ) warn(code string, name zone.Name, message string) {
	warning := Warning{Code: code, Name: string(name), Message: message}
	if n := len(w.diff.Warnings); n == 0 || w.diff.Warnings[n-1] != warning {
		w.diff.Warnings = append(w.diff.Warnings, warning)
	}
}

// siblings adds the other family's RRset of a name whose proxy is toggled: a
// name is proxied as a whole, so a sibling that the inventory does not hold
// toggles too, and an ignored one is a conflict. A sibling that goes in the
// same switch needs no toggle; one that goes later, behind a group, toggles now
// and goes with the next plan.
func (w *differ) siblings() {
	more := map[zone.Key]Change{}
	for i := range w.diff.Changes {
		c := &w.diff.Changes[i]
		if !c.toggles() {
			continue
		}
		key := sibling(c.Key)
		live, ok := w.live.Find(key)
		if !ok || live.Proxied == c.After.Proxied || w.desires(key) || (c.Group == "" && w.prunes(&live)) {
			continue
		}
		if zone.MatchAny(w.d.Ignore, key.Name, w.d.Zone) || live.Foreign != "" {
			w.conflict(c.Key, "its proxy toggles with "+key.String()+", which is not dnsplan's to write")
			continue
		}
		after := stateOf(live)
		after.Proxied, after.Auto = c.After.Proxied, c.After.Auto
		if live.Auto != after.Auto {
			after.TTL = c.After.TTL
		}
		more[key] = w.change(&Record{Key: key, Group: c.Group}, Proxied, stateOf(live), after)
	}
	if len(more) > 0 {
		w.toggle(more)
	}
}

// toggle puts more in place of what was found about the same RRsets.
func (w *differ) toggle(more map[zone.Key]Change) {
	w.diff.Unmanaged = slices.DeleteFunc(w.diff.Unmanaged, func(u Unmanaged) bool {
		_, ok := more[zone.Key{Name: u.Name, Type: u.Type}]
		return ok
	})
	w.diff.Changes = slices.DeleteFunc(w.diff.Changes, func(c Change) bool {
		_, ok := more[c.Key]
		return ok
	})
	w.diff.Changes = slices.AppendSeq(w.diff.Changes, maps.Values(more))
	slices.SortFunc(w.diff.Changes, func(a, b Change) int { return zone.CompareKeys(a.Key, b.Key) })
}

// toggles tells whether the name's proxy state may become another one.
func (c *Change) toggles() bool {
	return c.After != nil && (c.Before == nil || c.Before.Proxied != c.After.Proxied)
}

func (w *differ) desires(k zone.Key) bool {
	_, ok := slices.BinarySearchFunc(w.d.Records, k, func(r Record, k zone.Key) int { return zone.CompareKeys(r.Key, k) })
	return ok
}

// without returns the values of a that b does not hold, never nil.
func without(a, b []netip.Addr) []netip.Addr {
	out := []netip.Addr{}
	for _, v := range a {
		if !slices.Contains(b, v) {
			out = append(out, v)
		}
	}
	return out
}

// compareZones orders zones by name, then view.
func compareZones(a, b ZoneRef) int {
	if c := zone.CompareNames(a.Zone, b.Zone); c != 0 {
		return c
	}
	return strings.Compare(a.View, b.View)
}
