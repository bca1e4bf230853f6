package powerdns

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// The zone as the API has it
// (https://doc.powerdns.com/authoritative/http-api/zone.html).
type (
	zoneDoc struct {
		Name       string   `json:"name"`
		Kind       string   `json:"kind"`
		Masters    []string `json:"masters"`
		SOAEditAPI *string  `json:"soa_edit_api"`
		RRsets     []rrset  `json:"rrsets"`
	}
	rrset struct {
		Name     string    `json:"name"`
		Type     string    `json:"type"`
		TTL      float64   `json:"ttl"`
		Records  []record  `json:"records"`
		Comments []comment `json:"comments"`
	}
	record struct {
		Content  string `json:"content"`
		Disabled bool   `json:"disabled"`
	}
	comment struct {
		Content string `json:"content"`
		Account string `json:"account"` // who made it, which a write must say
	}
)

// held is a zone as the server holds it.
type held struct {
	snap *zone.Snapshot
	doc  zoneDoc // without the RRsets
	// kept are the records of an address set that are not live, which a write
	// must put back.
	kept map[zone.Key][]record
	// spare are the disabled records of a CNAME set, which a write that deletes
	// the live one must put back too.
	spare map[zone.Name]rrset
}

// parseZone reads the API's answer about z.
func parseZone(z zone.Name, body []byte) (*held, error) {
	var doc zoneDoc
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, fmt.Errorf("the answer is no zone of the PowerDNS API: %w", err)
	}
	if zone.Canonical(doc.Name) != z || doc.Name == "" {
		return nil, fmt.Errorf("the answer is about zone %q, not %s", doc.Name, z)
	}
	h := &held{snap: &zone.Snapshot{Zone: z}, kept: map[zone.Key][]record{}, spare: map[zone.Name]rrset{}}
	for _, r := range merge(doc.RRsets) {
		typ, err := zone.ParseType(r.Type)
		if err == nil && r.name.IsSubdomainOf(z) {
			h.addAddresses(zone.Key{Name: r.name, Type: typ}, r.rrset)
		} else {
			h.addOthers(r)
		}
	}
	h.snap.Sort()
	doc.RRsets = nil
	h.doc = doc
	return h, nil
}

// named is an RRset under its one name.
type named struct {
	name zone.Name
	rrset
}

// merge puts RRsets together whose names differ in case, which someone has put
// into the database; the highest TTL counts.
func merge(sets []rrset) []named {
	type id struct {
		name zone.Name
		typ  string
	}
	at := make(map[id]int, len(sets))
	out := make([]named, 0, len(sets))
	for _, r := range sets {
		n := named{zone.Canonical(r.Name), r}
		i, ok := at[id{n.name, r.Type}]
		if !ok {
			at[id{n.name, r.Type}] = len(out)
			out = append(out, n)
			continue
		}
		out[i].TTL = max(out[i].TTL, r.TTL)
		out[i].Records = slices.Concat(out[i].Records, r.Records)
		out[i].Comments = slices.Concat(out[i].Comments, r.Comments)
	}
	return out
}

// addOthers adds records of other types, and those of names outside of the
// zone, which PowerDNS does not serve.
func (h *held) addOthers(r named) {
	var off []record
	for _, rec := range r.Records {
		if rec.Disabled {
			off = append(off, rec)
		} else {
			h.addOther(r.name, r.rrset, rec)
		}
	}
	if r.Type == "CNAME" && len(off) > 0 {
		h.spare[r.name] = rrset{TTL: r.TTL, Records: off}
	}
}

func (h *held) addOther(name zone.Name, r rrset, rec record) {
	h.snap.Others = append(h.snap.Others, zone.Record{Name: name, Type: r.Type, TTL: ttlOf(r), Data: rec.Content})
}

// addAddresses adds an address set: its live addresses or, where there are
// none, the disabled ones as a foreign set. A set without records, of which
// only comments are left, is none.
func (h *held) addAddresses(key zone.Key, r rrset) {
	var live, off []netip.Addr
	for _, rec := range r.Records {
		addr, ok := parseAddr(key.Type, rec.Content)
		switch {
		case ok && !rec.Disabled:
			live = append(live, addr)
			continue
		case ok:
			off = append(off, addr)
		case !rec.Disabled: // what it is cannot be told; it is shown, and put back
			h.addOther(key.Name, r, rec)
		}
		h.kept[key] = append(h.kept[key], rec)
	}
	slices.SortFunc(off, netip.Addr.Compare)
	set := zone.RRset{Key: key, TTL: ttlOf(r), Addrs: live}
	switch {
	case len(live) == 0 && len(off) == 0:
		return
	case len(live) == 0:
		set.Addrs, set.Foreign, set.Detail = off, "disabled", "its records are disabled in PowerDNS"
	case len(off) > 0:
		set.Detail = "disabled beside them:"
		for _, a := range off {
			set.Detail += " " + a.String()
		}
	}
	if text := joinComments(r.Comments); text != "" { // the API has them for the set
		set.Members = slices.Repeat([]zone.Member{{Comment: text}}, len(set.Addrs))
	}
	h.snap.RRsets = append(h.snap.RRsets, set)
}

func joinComments(comments []comment) string {
	var texts []string
	for _, c := range comments {
		if c.Content != "" {
			texts = append(texts, c.Content)
		}
	}
	return strings.Join(texts, "; ")
}

// parseAddr reads an address of a set of the given type. An IPv4-mapped one in
// an AAAA set is kept as the IPv4 address that zone.RRset makes of it.
func parseAddr(typ zone.Type, s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" || zone.TypeOf(addr) != typ {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}

// formatAddr writes an address as a record of a set of the given type. The API
// takes an IPv4-mapped one only without dots.
func formatAddr(typ zone.Type, addr netip.Addr) string {
	addr = addr.Unmap()
	if typ == zone.A || !addr.Is4() {
		return addr.String()
	}
	b := addr.As4()
	return fmt.Sprintf("::ffff:%x:%x", binary.BigEndian.Uint16(b[:]), binary.BigEndian.Uint16(b[2:]))
}

// ttlOf reads a TTL, which is outside of what a TTL can be where someone has
// put that into the database.
func ttlOf(r rrset) zone.TTL {
	return zone.TTL(max(0, min(r.TTL, math.MaxUint32)))
}
