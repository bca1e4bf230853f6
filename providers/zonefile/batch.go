package zonefile

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

var errUnexpected = errors.New("the changed text does not say what was wanted; nothing was written")

// batch is a write's changes as they are made in a text.
type batch struct {
	*providers.Batch
	touched map[zone.Key]bool
	cleared map[zone.Name]bool // names whose CNAME record goes
}

// newBatch finds what no zone file could hold.
func newBatch(z zone.Name, changes []providers.Change) (*batch, error) {
	all, err := providers.NewBatch(z, changes, providers.Rules{})
	if err != nil {
		return nil, err
	}
	b := &batch{all, map[zone.Key]bool{}, map[zone.Name]bool{}}
	for _, c := range all.Changes {
		b.touched[c.Key()] = true
	}
	for _, g := range all.Groups {
		if g.Replaces != "" {
			b.cleared[g.Name] = true
		}
	}
	return b, nil
}

// check compares what the batch expects with what the file holds. A CNAME record
// that no line of the file itself holds cannot be taken out.
func (b *batch) check(d *document) error {
	foreign := map[zone.Name]string{}
	for i := range d.entries {
		if e := &d.entries[i]; e.typ == typeCNAME && e.src != own && b.cleared[e.name] {
			foreign[e.name] = e.src.foreign()
		}
	}
	return b.Check(d.look(b.Keys()), func(name zone.Name) string { return foreign[name] })
}

// verify compares what was wanted with next, the document that was made out of
// old. It is the last check before a file is replaced.
func (b *batch) verify(old, next *document) error {
	count := len(old.sets)
	for _, c := range b.Changes {
		if c.Before == nil && c.After != nil {
			count++
		}
		if c.Before != nil && c.After == nil {
			count--
		}
		if !providers.Same(c.After, next.live(c.Key())) {
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
		if b.touched[s.key] {
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
		if rec.Type == "CNAME" && b.cleared[rec.Name] {
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
