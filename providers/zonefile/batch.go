package zonefile

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

var (
	errNoChange   = errors.New("a change with neither before nor after")
	errTwoKeys    = errors.New("before and after are of different sets")
	errTwice      = errors.New("changed twice in one batch")
	errUnexpected = errors.New("the changed text does not say what was wanted; nothing was written")
)

// batch is a write's changes, with values in order.
type batch struct {
	zone    zone.Name
	changes []providers.Change
	byKey   map[zone.Key]int
	cleared map[zone.Name]zone.Name // names whose CNAME goes, and its target
}

// newBatch copies changes and finds what no zone file could hold.
func newBatch(z zone.Name, changes []providers.Change) (*batch, error) {
	b := &batch{
		zone: z, changes: make([]providers.Change, len(changes)),
		byKey: make(map[zone.Key]int, len(changes)), cleared: make(map[zone.Name]zone.Name),
	}
	for i, c := range changes {
		if c.Before == nil && c.After == nil {
			return nil, errNoChange
		}
		key := c.Key()
		if c.After != nil && c.After.Key != key {
			return nil, fmt.Errorf("%s and %s: %w", key, c.After.Key, errTwoKeys)
		}
		if _, ok := b.byKey[key]; ok {
			return nil, fmt.Errorf("%s: %w", key, errTwice)
		}
		b.byKey[key] = i
		b.changes[i] = providers.Change{Before: normal(c.Before), After: normal(c.After), Replaces: c.Replaces}
		if c.Replaces != "" {
			b.cleared[key.Name] = c.Replaces
		}
	}
	return b, b.possible()
}

// normal returns a normalized copy of r.
func normal(r *zone.RRset) *zone.RRset {
	if r == nil {
		return nil
	}
	c := r.Clone()
	c.Normalize()
	return &c
}

// possible refuses what a zone file cannot hold.
func (b *batch) possible() error {
	for _, c := range b.changes {
		if reason := impossible(b.zone, c.After); reason != "" {
			return b.refused(c.Key(), reason)
		}
	}
	return nil
}

func impossible(z zone.Name, r *zone.RRset) string {
	switch {
	case r == nil:
		return ""
	case r.Type != zone.A && r.Type != zone.AAAA:
		return "only A and AAAA are written"
	case !r.Name.IsSubdomainOf(z):
		return "outside the zone " + string(z)
	case len(r.Addrs) == 0:
		return "no address"
	case r.Proxied:
		return "a zone file has no proxy"
	case r.TTL > zone.MaxTTL:
		return "TTL above 2147483647 seconds"
	}
	for _, a := range r.Addrs {
		if !a.IsValid() || zone.TypeOf(a) != r.Type || a.Zone() != "" {
			return fmt.Sprintf("%s is no address of type %s", a, r.Type)
		}
	}
	return ""
}

func (b *batch) refused(culprit zone.Key, reason string) error {
	return &providers.RefusedError{Keys: b.keys(), Culprit: culprit, Reason: reason}
}

func (b *batch) keys() []zone.Key {
	keys := make([]zone.Key, len(b.changes))
	for i, c := range b.changes {
		keys[i] = c.Key()
	}
	return keys
}

// check compares what the batch expects with what the file holds.
func (b *batch) check(d *document) error {
	for _, c := range b.changes {
		live := d.live(c.Key())
		if live != nil && live.Foreign != "" {
			return fmt.Errorf("%s (%s): %w", c.Key(), live.Foreign, providers.ErrForeign)
		}
		if !same(c.Before, live) {
			return &providers.ConflictError{Keys: []zone.Key{c.Key()}, Seen: c.Before, Live: live}
		}
	}
	return b.checkCNAMEs(d)
}

// same tells whether live is what was seen.
func same(seen, live *zone.RRset) bool {
	if seen == nil || live == nil {
		return seen == live
	}
	return seen.Equal(*live)
}

// checkCNAMEs finds CNAME records in the way of new sets, and those that were
// to be replaced and have moved.
func (b *batch) checkCNAMEs(d *document) error {
	found := b.liveCNAMEs(d)
	for _, c := range b.changes {
		key := c.Key()
		e, live := found[key.Name]
		switch {
		case c.Replaces != "" && (!live || d.target(e) != c.Replaces):
			now := "none"
			if live {
				now = string(d.target(e))
			}
			return fmt.Errorf("seen CNAME %s, now %s: %w", c.Replaces, now, &providers.ConflictError{Keys: []zone.Key{key}})
		case c.Replaces != "" && e.src != own:
			return fmt.Errorf("%s CNAME (%s): %w", key.Name, e.src.foreign(), providers.ErrForeign)
		case live && c.Before == nil && c.After != nil && b.cleared[key.Name] == "":
			return b.refused(key, fmt.Sprintf("CNAME %s stands at the name", d.target(e)))
		}
	}
	return nil
}

// liveCNAMEs returns the CNAME records at the names of the batch.
func (b *batch) liveCNAMEs(d *document) map[zone.Name]*entry {
	wanted := make(map[zone.Name]bool, len(b.changes))
	for key := range b.byKey {
		wanted[key.Name] = true
	}
	found := make(map[zone.Name]*entry)
	for i := range d.entries {
		if e := &d.entries[i]; e.typ == typeCNAME && wanted[e.name] {
			found[e.name] = e
		}
	}
	return found
}

// target returns where the CNAME record e leads.
func (d *document) target(e *entry) zone.Name { return zone.Canonical(d.others[e.other].Data) }

// verify compares what was wanted with next, the document that was made out of
// old. It is the last check before a file is replaced.
func (b *batch) verify(old, next *document) error {
	count := len(old.sets)
	for _, c := range b.changes {
		if c.Before == nil && c.After != nil {
			count++
		}
		if c.Before != nil && c.After == nil {
			count--
		}
		if !same(c.After, next.live(c.Key())) {
			return fmt.Errorf("%s: %w", c.Key(), errUnexpected)
		}
	}
	if count != len(next.sets) {
		return fmt.Errorf("%d RRsets in place of %d: %w", len(next.sets), count, errUnexpected)
	}
	if err := b.verifySets(old, next); err != nil {
		return err
	}
	return b.verifyOthers(old, next)
}

// verifySets looks for every set of old that the batch does not name.
func (b *batch) verifySets(old, next *document) error {
	j := 0
	for i := range old.sets {
		s := &old.sets[i]
		if _, ok := b.byKey[s.key]; ok {
			continue
		}
		for j < len(next.sets) && zone.CompareKeys(next.sets[j].key, s.key) < 0 {
			j++
		}
		if j == len(next.sets) || !equalSets(old, s, next, &next.sets[j]) {
			return fmt.Errorf("%s: %w", s.key, errUnexpected)
		}
	}
	return nil
}

func equalSets(a *document, s *set, b *document, t *set) bool {
	if s.key != t.key || s.ttl != t.ttl || s.foreign != t.foreign || s.n != t.n {
		return false
	}
	return slices.EqualFunc(a.members(s), b.members(t), func(i, j uint32) bool {
		return a.entries[i].addr == b.entries[j].addr && a.entries[i].ttl == b.entries[j].ttl
	})
}

// verifyOthers compares the records of other types, in order, but for the SOA
// serial and the CNAME records that were to go.
func (b *batch) verifyOthers(old, next *document) error {
	j := 0
	for _, rec := range old.others {
		if rec.Type == "CNAME" && b.cleared[rec.Name] != "" {
			continue
		}
		if j == len(next.others) || !sameOther(old.zone, rec, next.others[j]) {
			return fmt.Errorf("%s %s: %w", rec.Name, rec.Type, errUnexpected)
		}
		j++
	}
	if j != len(next.others) {
		return fmt.Errorf("%s %s: %w", next.others[j].Name, next.others[j].Type, errUnexpected)
	}
	return nil
}

func sameOther(z zone.Name, a, b zone.Record) bool {
	if a.Type == "SOA" && a.Name == z {
		b.Data = a.Data
	}
	return a == b
}
