package providers

import (
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Live returns the RRset of key in s, which is sorted; nil when there is none.
func Live(s *zone.Snapshot, key zone.Key) *zone.RRset {
	if r, ok := s.Find(key); ok {
		return &r
	}
	return nil
}

// Same tells whether two RRsets are Equal, or neither is there.
func Same(a, b *zone.RRset) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// Conflict is the error of a change whose set is not as it was seen. It shares no
// memory with live.
func Conflict(live *zone.Snapshot, c Change) *ConflictError {
	return &ConflictError{Keys: []zone.Key{c.Key()}, Seen: c.Before, Live: normal(Live(live, c.Key()))}
}

// CNAMEs returns the targets of the CNAME records in s by name, each target once.
// A provider may have several at a name, as those of a routing policy.
func CNAMEs(s *zone.Snapshot) map[zone.Name][]zone.Name {
	out := map[zone.Name][]zone.Name{}
	for _, r := range s.Others {
		if target := zone.Canonical(r.Data); r.Type == "CNAME" && !slices.Contains(out[r.Name], target) {
			out[r.Name] = append(out[r.Name], target)
		}
	}
	return out
}

// Only returns what a Looker shows of s: the RRsets of keys, and the CNAME
// records at their names.
func Only(s *zone.Snapshot, keys []zone.Key) *zone.Snapshot {
	wanted, named := make(map[zone.Key]bool, len(keys)), make(map[zone.Name]bool, len(keys))
	for _, k := range keys {
		wanted[k], named[k.Name] = true, true
	}
	out := &zone.Snapshot{Zone: s.Zone, Blind: s.Blind}
	for _, r := range s.RRsets {
		if wanted[r.Key] {
			out.RRsets = append(out.RRsets, r)
		}
	}
	for _, r := range s.Others {
		if r.Type == "CNAME" && named[r.Name] {
			out.Others = append(out.Others, r)
		}
	}
	return out
}
