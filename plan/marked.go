package plan

import (
	"net/netip"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Marked is a name whose records say that its proxy is to go on again.
type Marked struct {
	Name zone.Name
	// Marker is the latest of those at the name.
	Marker Marker
	// Changed are the RRsets whose addresses are not those that they had as the
	// window was opened, as far as their markers tell.
	Changed []zone.RRset
}

// FindMarked returns the DNS-only names of a zone that bear a marker (Marker), in
// order. Foreign sets are not looked at, nor what the inventory ignores.
func FindMarked(d *Desired, live *zone.Snapshot) (out []Marked) {
	for name, marker := range markersIn(live) {
		if !zone.MatchAny(d.Ignore, name, d.Zone) {
			out = append(out, Marked{name, marker, changedSince(live, name)})
		}
	}
	slices.SortFunc(out, func(a, b Marked) int { return zone.CompareNames(a.Name, b.Name) })
	return out
}

// markersIn are the markers of the DNS-only names, the latest of each.
func markersIn(live *zone.Snapshot) (out map[zone.Name]Marker) {
	for i := range live.RRsets {
		r := &live.RRsets[i]
		if r.Proxied || r.Foreign != "" {
			continue
		}
		for _, m := range r.Members {
			mark, _, ok := ParseMarker(m.Comment)
			if !ok || !mark.Until.After(out[r.Name].Until) {
				continue
			}
			if out == nil {
				out = map[zone.Name]Marker{}
			}
			out[r.Name] = mark
		}
	}
	return out
}

// changedSince are the marked RRsets of a name that somebody has changed since.
func changedSince(live *zone.Snapshot, name zone.Name) (out []zone.RRset) {
	for _, t := range []zone.Type{zone.A, zone.AAAA} {
		r, ok := live.Find(zone.Key{Name: name, Type: t})
		if ok && !r.Proxied && r.Foreign == "" && Overtaken(r) {
			out = append(out, r)
		}
	}
	return out
}

// Overtaken tells whether a marker of the RRset says that it had other addresses as
// its window was opened.
func Overtaken(r zone.RRset) bool {
	return slices.ContainsFunc(r.Members, func(m zone.Member) bool {
		mark, _, ok := ParseMarker(m.Comment)
		return ok && !mark.Fits(r)
	})
}

// HeldOpen begins the reason of a conflict with an issuance window that is open.
const HeldOpen = "an issuance window "

// heldOpen is why nothing is changed at a name that bears the marker.
func (m Marker) heldOpen() string {
	return HeldOpen + "of run " + m.Run + " has the proxy off until " + m.Until.Format(time.RFC3339)
}

// held tells whether an issuance window keeps the RRset as it is, which is a conflict.
func (w *differ) held(k zone.Key) bool {
	m, held := w.open[k.Name]
	if held {
		w.conflict(k, m.heldOpen())
	}
	return held
}

// DiffMarked turns the proxy of marked names on, without the run that has turned it
// off: all address sets of each go back behind it, as one proxied record takes the
// name there, and comments lose their markers. Values stay.
//
//	live                   result
//	DNS-only               proxied, the comment without the marker
//	proxied by now         nothing
func DiffMarked(d *Desired, live *zone.Snapshot, names []zone.Name) ZoneDiff {
	w := newDiffer(d, live, Selection{})
	for _, name := range names {
		for _, t := range []zone.Type{zone.A, zone.AAAA} {
			r, ok := live.Find(zone.Key{Name: name, Type: t})
			if !ok || r.Proxied || r.Foreign != "" {
				continue
			}
			before, after := stateOf(r), stateOf(r)
			after.Proxied, after.Auto, after.TTL = true, true, zone.AutoTTL
			if r.HasBeside() {
				before.Members, after.Members = MembersOf(r), commented(r, unmarked)
			}
			w.diff.Changes = append(w.diff.Changes, w.change(&Record{Key: r.Key}, Proxied, before, after))
		}
	}
	return w.diff
}

// commented are the comments and tags of an RRset, each comment as edit leaves it.
func commented(r zone.RRset, edit func(string) string) []Member {
	out := MembersOf(r)
	for i := range out {
		out[i].Comment = edit(out[i].Comment)
	}
	return out
}

// Unmarked is a move that closes the plan's issuance window, as live is by now:
// comments and tags stay as they stand there, whoever has written them, without the
// marker of this window. Any other move is returned as it is.
func (p *Plan) Unmarked(m Move, live zone.RRset) Move {
	if p.Window == nil || m.To == nil || !m.To.Proxied || !live.SameValues(*m.To) || m.To.Members == nil && !live.HasBeside() {
		return m
	}
	to := State{Values: live.Addrs, Members: commented(live, p.takeOut)}
	out := m.To.Clone()
	out.Members = to.members()
	m.To = &out
	return m
}

// takeOut is a comment without the marker of the plan's own window.
func (p *Plan) takeOut(comment string) string { return TakeOut(comment, p.ID) }

// MarkedMove is the move that opens the plan's issuance window at a moment, over what
// stands beside the addresses then: the comments get its marker, where there is room,
// in place of those that other windows have left. Bare are the
// addresses whose comments have no room.
func (p *Plan) MarkedMove(m Move, beside []Member, opened time.Time) (marked Move, bare []netip.Addr) {
	marker := p.marker(opened).of(m.To.Addrs)
	from, to := m.From.Clone(), m.To.Clone()
	from.Members, to.Members = (&State{Members: beside}).members(), (&State{Members: beside}).members()
	for i := range to.Members {
		text, fits := marker.mark(to.Members[i].Comment, CommentMax)
		if !fits {
			bare = append(bare, beside[i].Value)
		}
		to.Members[i].Comment = text
	}
	m.From, m.To = &from, &to
	return m, bare
}
