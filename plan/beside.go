package plan

import (
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Keeping is a move that brings comments and tags, over what stands beside the addresses
// by now: what someone has edited since the plan saw it stays, without the markers that
// the move takes out. Edited are the addresses beside which To has something else.
//
//	live has           the move brings
//	as From            To's
//	anything else      live's
func (m Move) Keeping(live zone.RRset) (kept Move, edited []netip.Addr) {
	if m.From == nil || m.To == nil || m.From.Members == nil || m.To.Members == nil {
		return m, nil
	}
	saw, now, to := MembersOf(*m.From), MembersOf(live), MembersOf(*m.To)
	for i := range to {
		was, known := besideOf(saw, to[i].Value)
		is, there := besideOf(now, to[i].Value)
		if !known || !there {
			continue
		}
		if mine := to[i].over(was, is); !mine.says(to[i]) {
			to[i], edited = mine, append(edited, to[i].Value)
		}
	}
	if len(edited) == 0 {
		return m, nil
	}
	after := m.To.Clone()
	after.Members = (&State{Members: to}).members()
	m.To = &after
	return m, edited
}

// besideOf is what stands beside an address or, where the RRset does not hold it, beside
// all others alike: there are providers with one comment for all.
func besideOf(all []Member, a netip.Addr) (m Member, ok bool) {
	if i := slices.IndexFunc(all, func(m Member) bool { return m.Value == a }); i >= 0 {
		return all[i], true
	}
	if len(all) == 0 || slices.ContainsFunc(all, func(m Member) bool { return !m.says(all[0]) }) {
		return Member{}, false
	}
	return all[0], true
}

// over is m, which is to come in place of was, where now is there.
func (m Member) over(was, now Member) Member {
	if now.Comment != was.Comment {
		m.Comment = takenOut(now.Comment, was.Comment, m.Comment)
	}
	if !sameTags(now.Tags, was.Tags) {
		m.Tags = now.Tags
	}
	return m
}

// takenOut is a comment without the markers that was has and wanted has not.
func takenOut(comment, was, wanted string) string {
	for {
		mark, rest, ok := ParseMarker(was)
		if !ok {
			return comment
		}
		if was = rest; TakeOut(wanted, mark.Run) == wanted {
			comment = TakeOut(comment, mark.Run)
		}
	}
}

// says tells whether both have the same comment and the same tags.
func (m Member) says(o Member) bool { return m.Comment == o.Comment && sameTags(m.Tags, o.Tags) }

func sameTags(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
