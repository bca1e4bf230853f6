package namesilo

import (
	"net/netip"
	"net/url"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// held is what one list has found, for one Write.
type held struct {
	zone    zone.Name
	live    *zone.Snapshot
	records map[zone.Key][]record
	cnames  map[zone.Name]record
}

func newHeld(z zone.Name, records []record) *held {
	h := &held{zone: z, live: snapshot(z, records), records: make(map[zone.Key][]record), cnames: make(map[zone.Name]record)}
	for _, r := range records {
		if key, _, ok := r.address(z); ok {
			h.records[key] = append(h.records[key], r)
		}
		if r.typ == "CNAME" {
			h.cnames[r.owner(z)] = r
		}
	}
	return h
}

// check compares a batch with what is there.
func (h *held) check(b *providers.Batch) error {
	if err := b.Check(h.live, nil); err != nil {
		return err
	}
	for _, key := range b.Keys() {
		if slices.ContainsFunc(h.records[key], func(r record) bool { return r.id == "" }) {
			return b.Refuse(key, "NameSilo lists a record of it without an id")
		}
	}
	return nil
}

// step is one request that changes one record.
type step struct {
	op     string
	params url.Values
	change int // index of the change it belongs to
	// undo puts back what a deletion took away to make room for the next step.
	undo *step
}

// steps returns the requests that make the changes, in order.
func (h *held) steps(b *providers.Batch) []step {
	var out []step
	i := 0
	for _, g := range b.Groups {
		standing := g.Replaces != ""
		for _, c := range g.Changes {
			if standing && c.After != nil {
				standing = false
				out = append(out, h.clear(g.Name, i))
			}
			out = append(out, h.replace(c, i)...)
			i++
		}
	}
	return out
}

// clear deletes the CNAME record at name.
func (h *held) clear(name zone.Name, change int) step {
	r := h.cnames[name]
	back := step{op: opAddRecord, change: change, params: h.params(name, r.value, max(r.seconds(), minTTL))}
	back.params.Set("rrtype", "CNAME")
	del := h.drop(r, change)
	del.undo = &back
	return del
}

// replace makes one change: values for which no record is left over are added
// first, then records take over new values or the TTL, and what remains is
// deleted.
func (h *held) replace(c providers.Change, change int) (out []step) {
	var wanted []netip.Addr
	var ttl zone.TTL
	if c.After != nil {
		wanted, ttl = slices.Clone(c.After.Addrs), c.After.TTL
	}
	var stay, spare []record
	for _, r := range h.records[c.Key()] {
		_, addr, _ := r.address(h.zone)
		if i := slices.Index(wanted, addr); i >= 0 {
			wanted = slices.Delete(wanted, i, i+1)
			stay = append(stay, r)
			continue
		}
		spare = append(spare, r)
	}
	swapped := min(len(wanted), len(spare))
	for _, addr := range wanted[swapped:] {
		add := step{op: opAddRecord, change: change, params: h.params(c.Key().Name, addr.String(), ttl)}
		add.params.Set("rrtype", c.Key().Type.String())
		out = append(out, add)
	}
	for i, addr := range wanted[:swapped] {
		out = append(out, h.update(spare[i], c.Key().Name, addr.String(), ttl, change))
	}
	for _, r := range stay {
		if r.seconds() != ttl {
			out = append(out, h.update(r, c.Key().Name, r.value, ttl, change))
		}
	}
	for _, r := range spare[swapped:] {
		out = append(out, h.drop(r, change))
	}
	return out
}

func (h *held) params(name zone.Name, value string, ttl zone.TTL) url.Values {
	return url.Values{
		"domain": {h.zone.Display()}, "rrhost": {hostOf(name, h.zone)}, "rrvalue": {value}, "rrttl": {ttl.String()},
	}
}

func (h *held) update(r record, name zone.Name, value string, ttl zone.TTL, change int) step {
	s := step{op: opUpdateRecord, change: change, params: h.params(name, value, ttl)}
	s.params.Set("rrid", r.id)
	return s
}

func (h *held) drop(r record, change int) step {
	return step{op: opDeleteRecord, change: change, params: url.Values{"domain": {h.zone.Display()}, "rrid": {r.id}}}
}
