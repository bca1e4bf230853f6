package plan

import (
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Marked is a name whose records say that its proxy is to go on again.
type Marked struct {
	Name zone.Name
	// Marker is the latest of those at the name.
	Marker Marker
}

// FindMarked returns the DNS-only names of a zone that bear a marker (Marker), in
// order. Foreign sets are not looked at, nor what the inventory ignores.
func FindMarked(d *Desired, live *zone.Snapshot) (out []Marked) {
	for name, marker := range markersIn(live) {
		if !zone.MatchAny(d.Ignore, name, d.Zone) {
			out = append(out, Marked{name, marker})
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

// HeldOpen begins the reason of a conflict with an issuance window that is open.
const HeldOpen = "an issuance window "

// heldOpen is why nothing is changed at a name that bears the marker.
func (m Marker) heldOpen() string {
	return HeldOpen + "of run " + m.Run + " has the proxy off until " + m.Until.Format(time.RFC3339)
}

// DiffMarked turns the proxy of marked names on, without the run that has turned it
// off: all address sets of each go back behind it, as one proxied record takes the
// name there, and comments are what they were before the marker. Values stay.
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
				before.Members, after.Members = membersOf(r), unmarked(r)
			}
			w.diff.Changes = append(w.diff.Changes, w.change(&Record{Key: r.Key}, Proxied, before, after))
		}
	}
	return w.diff
}

// unmarked are the comments and tags without markers.
func unmarked(r zone.RRset) []Member {
	out := membersOf(r)
	for i := range out {
		_, out[i].Comment, _ = ParseMarker(out[i].Comment)
	}
	return out
}

// Unmarked is a move that closes the plan's issuance window, as live is by now: the
// comments and tags that someone may have edited meanwhile stay, without the marker.
// Any other move is returned as it is.
func (p *Plan) Unmarked(m Move, live zone.RRset) Move {
	if p.Window == nil || m.To == nil || !m.To.Proxied || m.To.Members == nil || !live.SameValues(*m.To) {
		return m
	}
	marker, to := p.marker(), m.To.Clone()
	for i, beside := range membersOf(live) {
		to.Members[i].Comment, to.Members[i].Tags = marker.TakeOut(beside.Comment), beside.Tags
	}
	m.To = &to
	return m
}
