package generic

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// plan turns changes into edits, and refuses what the provider cannot do before
// anything is asked.
func (w *writing) plan(changes []providers.Change) ([]edit, error) {
	var edits []edit
	var keys []zone.Key
	for _, c := range changes {
		e, err := newEdit(c)
		if err != nil {
			return nil, err
		}
		if !e.key.Name.IsSubdomainOf(w.z) || slices.Contains(keys, e.key) {
			return nil, fmt.Errorf("%s: outside of the zone, or twice in one write", e.key)
		}
		keys = append(keys, e.key)
		edits = append(edits, e)
	}
	for _, e := range edits {
		if reason := w.p.cannot(e); reason != "" {
			return nil, &providers.RefusedError{Keys: keys, Culprit: e.key, Reason: reason}
		}
	}
	return edits, nil
}

func newEdit(c providers.Change) (edit, error) {
	if c.Before == nil && c.After == nil || c.Before != nil && c.After != nil && c.Before.Key != c.After.Key {
		return edit{}, errors.New("a change needs a before or an after, of one key")
	}
	return edit{key: c.Key(), before: plain(c.Before), after: plain(c.After), replaces: c.Replaces}, nil
}

// plain is r in order and without what the provider does not keep; an empty set
// is none.
func plain(r *zone.RRset) *zone.RRset {
	if r == nil || len(r.Addrs) == 0 {
		return nil
	}
	c := r.Clone()
	c.Members = nil
	c.Normalize()
	return &c
}

// same tells whether two sets, or two that are not there, are the same.
func same(a, b *zone.RRset) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// cannot tells why the provider cannot make an edit; empty when it can.
func (p *Provider) cannot(e edit) string {
	switch {
	case e.after == nil:
		return ""
	case e.after.Proxied:
		return "the provider has no proxy"
	case strings.ContainsRune(string(e.key.Name), '\\'):
		return "names with escapes are not written through libdns"
	case e.retimes() && p.quirks.TTL == TTLFixed:
		return fmt.Sprintf("the TTL of values that stay cannot be changed from %d to %d through libdns without a moment in which they are missing", e.before.TTL, e.after.TTL)
	case e.before == nil || e.retimed():
		return p.quirks.takes(e.after.TTL)
	}
	return ""
}

// answering are types of records that answer in place of addresses, at vendors
// that have them.
func answering(kind string) bool {
	return slices.Contains([]string{"ALIAS", "ANAME", "FLATTEN", "PULLZONE", "REDIRECT", "SCRIPT", "FORWARD", "WR"}, kind)
}

// compare looks whether what is live is what the caller saw.
func (w *writing) compare(e edit) error {
	live := find(w.seen, e.key)
	if !same(live, e.before) {
		return &providers.ConflictError{Keys: []zone.Key{e.key}, Seen: e.before, Live: live}
	}
	if e.after == nil {
		return nil
	}
	cnames := w.seen.cnames[e.key.Name]
	for _, c := range cnames {
		if e.replaces == "" {
			return w.refuse(e, "there is a CNAME record to "+string(c.target))
		}
	}
	if e.replaces != "" && (len(cnames) != 1 || cnames[0].target != e.replaces) {
		found := zone.Name("")
		if len(cnames) > 0 {
			found = cnames[0].target
		}
		return fmt.Errorf("the CNAME record to replace points to %s, now to %s: %w", e.replaces, cmp.Or(string(found), "nothing"),
			&providers.ConflictError{Keys: []zone.Key{e.key}, Seen: e.before, Live: live})
	}
	for _, r := range w.seen.snap.Others {
		if e.before == nil && r.Name == e.key.Name && answering(r.Type) {
			return w.refuse(e, fmt.Sprintf("there is a record of type %s, which answers in place of addresses", r.Type))
		}
	}
	return nil
}

// refuse is the error of the whole batch for the reason of one edit.
func (w *writing) refuse(culprit edit, reason string) error {
	return &providers.RefusedError{Keys: w.keys(), Culprit: culprit.key, Reason: reason}
}

func (w *writing) keys() []zone.Key {
	var keys []zone.Key
	for _, e := range w.all {
		keys = append(keys, e.key)
	}
	return keys
}

// find returns the live set of key; nil when there is none.
func find(l *listing, key zone.Key) *zone.RRset {
	if set, ok := l.snap.Find(key); ok {
		return &set
	}
	return nil
}
