package powerdns

import (
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// check compares a batch with what the server holds.
func (h *held) check(b *providers.Batch) error {
	if copied(h.doc.Kind) {
		return b.Refuse(zone.Key{}, kindReason(b.Zone, h.doc))
	}
	if err := b.Check(h.snap, nil); err != nil {
		return err
	}
	for _, c := range b.Changes {
		if c.After == nil && len(h.kept[c.Key()]) > 0 {
			return b.Refuse(c.Key(), "it also holds disabled records, which would be deleted with it: delete or enable them in PowerDNS first")
		}
	}
	return nil
}

// patchSet is one RRset of a PATCH
// (https://doc.powerdns.com/authoritative/http-api/zone.html#rrset). Without
// comments, those that are there stay.
type patchSet struct {
	Name       zone.Name  `json:"name"`
	Type       string     `json:"type"`
	ChangeType string     `json:"changetype"`
	TTL        *zone.TTL  `json:"ttl,omitempty"`
	Records    []record   `json:"records,omitempty"`
	Comments   *[]comment `json:"comments,omitempty"`
}

const (
	replaceSet = "REPLACE"
	deleteSet  = "DELETE"
)

// patch is what takes the zone to where the batch wants it: nothing for sets
// that are there. The CNAME records go first: PowerDNS takes the sets in order,
// and an address only where no CNAME record is left.
func (h *held) patch(b *providers.Batch) []patchSet {
	var sets []patchSet
	for _, g := range b.Groups {
		if g.Replaces == "" {
			continue
		}
		set := patchSet{Name: g.Name, Type: "CNAME", ChangeType: deleteSet}
		if spare, ok := h.spare[g.Name]; ok {
			ttl := ttlOf(spare)
			set.ChangeType, set.TTL, set.Records = replaceSet, &ttl, spare.Records
		}
		sets = append(sets, set)
	}
	for _, c := range b.Changes {
		key := c.Key()
		live := providers.Live(h.snap, key)
		said := comments(c.After, live)
		if providers.Same(c.After, live) && c.Replaces == "" && said == nil {
			continue
		}
		set := patchSet{Name: key.Name, Type: key.Type.String(), ChangeType: deleteSet}
		if c.After != nil {
			set.ChangeType, set.TTL, set.Records = replaceSet, &c.After.TTL, records(*c.After, h.kept[key])
			set.Comments = said
		}
		sets = append(sets, set)
	}
	return sets
}

// comments are those that after says its set shall have, where live has others;
// else nil. PowerDNS keeps them for the set, so that the first member's counts.
func comments(after, live *zone.RRset) *[]comment {
	if after == nil || len(after.Members) == 0 {
		return nil
	}
	text, there := after.Members[0].Comment, ""
	if live != nil && len(live.Members) > 0 {
		there = live.Members[0].Comment
	}
	switch {
	case text == there:
		return nil
	case text == "":
		return &[]comment{}
	}
	return &[]comment{{Content: text, Account: "dnsplan"}}
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
