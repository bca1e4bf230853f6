package powerdns

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

var errNothing = errors.New("a change of nothing into nothing")

// batch is the changes of one write, their sets in normal form.
type batch struct {
	zone    zone.Name
	changes []providers.Change
	cleared map[zone.Name]zone.Name // names whose CNAME record goes, and its target
}

// newBatch copies the changes and refuses what no PowerDNS server could hold.
func newBatch(z zone.Name, changes []providers.Change) (*batch, error) {
	b := &batch{zone: z, changes: make([]providers.Change, len(changes)), cleared: map[zone.Name]zone.Name{}}
	for i, c := range changes {
		b.changes[i] = providers.Change{Before: normal(c.Before), After: normal(c.After), Replaces: c.Replaces}
	}
	seen := map[zone.Key]bool{}
	for _, c := range b.changes {
		if c.Before == nil && c.After == nil {
			return nil, errNothing
		}
		if err := b.validate(c); err != nil {
			return nil, err
		}
		key := c.Key()
		if seen[key] {
			return nil, b.refused(key, "two changes of one RRset in one write")
		}
		seen[key] = true
		if c.Replaces == "" {
			continue
		}
		if t, ok := b.cleared[key.Name]; ok && t != c.Replaces {
			return nil, b.refused(key, "A and AAAA replace different CNAME records")
		}
		b.cleared[key.Name] = c.Replaces
	}
	return b, nil
}

func normal(r *zone.RRset) *zone.RRset {
	if r == nil {
		return nil
	}
	c := r.Clone()
	c.Members = nil
	c.Normalize()
	return &c
}

func (b *batch) validate(c providers.Change) error {
	key := c.Key()
	switch {
	case !key.Name.IsSubdomainOf(b.zone):
		return b.refused(key, "the name lies outside the zone "+string(b.zone))
	case key.Type != zone.A && key.Type != zone.AAAA:
		return b.refused(key, "only A and AAAA are written")
	case c.Before != nil && c.Before.Foreign != "" || c.After != nil && c.After.Foreign != "":
		return fmt.Errorf("%s: %w", key, providers.ErrForeign)
	case c.After == nil && c.Replaces != "":
		return b.refused(key, "a deletion replaces no CNAME record")
	case c.After == nil:
		return nil
	}
	return b.validateAfter(key, *c.After)
}

// validateAfter refuses an RRset that PowerDNS cannot hold. A TTL of 0 it can:
// it is what an RRset may go back to, whatever Limits say of new ones.
func (b *batch) validateAfter(key zone.Key, after zone.RRset) error {
	switch {
	case after.Key != key:
		return b.refused(key, "before and after have different keys")
	case after.Proxied:
		return b.refused(key, "a DNS server has no proxy")
	case after.TTL > zone.MaxTTL:
		return b.refused(key, "a TTL is at most 2147483647 seconds")
	case len(after.Addrs) == 0:
		return b.refused(key, "an RRset without addresses")
	}
	for _, a := range after.Addrs {
		if !a.IsValid() || a.Zone() != "" || key.Type == zone.A && !a.Is4() {
			return b.refused(key, fmt.Sprintf("%v is no address for it", a))
		}
	}
	return nil
}

func (b *batch) refused(culprit zone.Key, reason string) error {
	return &providers.RefusedError{Keys: b.keys(), Culprit: culprit, Reason: reason}
}

func (b *batch) keys() []zone.Key {
	var keys []zone.Key
	for _, c := range b.changes {
		if c.Before != nil || c.After != nil {
			keys = append(keys, c.Key())
		}
	}
	return keys
}

// check compares what the batch expects with what the server holds.
func (b *batch) check(h *held) error {
	if err := b.checkKind(h.doc); err != nil {
		return err
	}
	for _, c := range b.changes {
		live, ok := h.snap.Find(c.Key())
		switch {
		case ok && live.Foreign != "":
			return fmt.Errorf("%s (%s): %w", c.Key(), live.Foreign, providers.ErrForeign)
		case !same(c.Before, live, ok):
			return conflict(c, live, ok)
		case c.After == nil && len(h.kept[c.Key()]) > 0:
			return b.refused(c.Key(), "it also holds disabled records, which would be deleted with it: delete or enable them in PowerDNS first")
		}
	}
	return b.checkCNAMEs(h)
}

// checkKind refuses a zone that the server transfers from another one.
func (b *batch) checkKind(doc zoneDoc) error {
	if !copied(doc.Kind) {
		return nil
	}
	return b.refused(zone.Key{}, kindReason(b.zone, doc))
}

func same(seen *zone.RRset, live zone.RRset, ok bool) bool {
	if seen == nil || !ok {
		return seen == nil && !ok
	}
	return seen.Equal(live)
}

func conflict(c providers.Change, live zone.RRset, ok bool) *providers.ConflictError {
	e := &providers.ConflictError{Keys: []zone.Key{c.Key()}, Seen: c.Before}
	if ok {
		e.Live = &live
	}
	return e
}

// checkCNAMEs finds CNAME records in the way of new sets, and those that were
// to be replaced and have moved.
func (b *batch) checkCNAMEs(h *held) error {
	targets := map[zone.Name]zone.Name{}
	for _, r := range h.snap.Others {
		if r.Type == "CNAME" {
			targets[r.Name] = zone.Canonical(r.Data)
		}
	}
	for _, c := range b.changes {
		key := c.Key()
		target, expected := targets[key.Name], b.cleared[key.Name]
		switch {
		case c.After == nil || target == expected:
		case expected == "":
			return b.refused(key, "there is a CNAME record to "+string(target))
		default:
			return fmt.Errorf("the CNAME record to replace points to %s, now to %s: %w", expected,
				cmp.Or(string(target), "nothing"), &providers.ConflictError{Keys: []zone.Key{key}})
		}
	}
	return nil
}

// patchSet is one RRset of a PATCH
// (https://doc.powerdns.com/authoritative/http-api/zone.html#rrset). Without
// comments, those that are there stay.
type patchSet struct {
	Name       zone.Name `json:"name"`
	Type       string    `json:"type"`
	ChangeType string    `json:"changetype"`
	TTL        *zone.TTL `json:"ttl,omitempty"`
	Records    []record  `json:"records,omitempty"`
}

const (
	replaceSet = "REPLACE"
	deleteSet  = "DELETE"
)

// patch is what takes the zone to where the batch wants it: nothing for sets
// that are there. The CNAME records go first: PowerDNS takes the sets in order,
// and an address only where no CNAME record is left.
func (b *batch) patch(h *held) []patchSet {
	var sets []patchSet
	for _, name := range sortedNames(b.cleared) {
		set := patchSet{Name: name, Type: "CNAME", ChangeType: deleteSet}
		if spare, ok := h.spare[name]; ok {
			ttl := ttlOf(spare)
			set.ChangeType, set.TTL, set.Records = replaceSet, &ttl, spare.Records
		}
		sets = append(sets, set)
	}
	for _, c := range b.changes {
		key := c.Key()
		live, ok := h.snap.Find(key)
		if same(c.After, live, ok) && c.Replaces == "" {
			continue
		}
		set := patchSet{Name: key.Name, Type: key.Type.String(), ChangeType: deleteSet}
		if c.After != nil {
			set.ChangeType, set.TTL, set.Records = replaceSet, &c.After.TTL, records(*c.After, h.kept[key])
		}
		sets = append(sets, set)
	}
	return sets
}

func sortedNames(m map[zone.Name]zone.Name) []zone.Name {
	names := make([]zone.Name, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.SortFunc(names, zone.CompareNames)
	return names
}

// records are the set's addresses, and the kept records that none of them is:
// PowerDNS refuses the same content twice.
func records(set zone.RRset, kept []record) []record {
	out := make([]record, 0, len(set.Addrs)+len(kept))
	for _, a := range set.Addrs {
		out = append(out, record{Content: formatAddr(set.Type, a)})
	}
	for _, k := range kept {
		addr, ok := parseAddr(set.Type, k.Content)
		if !ok || !slices.Contains(set.Addrs, addr) {
			out = append(out, k)
		}
	}
	return out
}
