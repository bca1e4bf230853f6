package powerdns

import (
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
	}
)

// held is a zone as the server holds it.
type held struct {
	snap *zone.Snapshot
	doc  zoneDoc // without the RRsets
	// kept are the records of an address set that are not live, which a write
	// must put back.
	kept map[zone.Key][]record
	at   map[zone.Key]int // index into snap.RRsets while it is built
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
	h := &held{snap: &zone.Snapshot{Zone: z}, kept: map[zone.Key][]record{}, at: map[zone.Key]int{}}
	for _, r := range doc.RRsets {
		h.add(r)
	}
	doc.RRsets = nil
	h.doc = doc
	for i := range h.snap.RRsets {
		h.finish(&h.snap.RRsets[i])
	}
	h.snap.Sort()
	return h, nil
}

// add sorts the records of one RRset of the API into the snapshot.
func (h *held) add(r rrset) {
	name := zone.Canonical(r.Name)
	typ, err := zone.ParseType(r.Type)
	if err != nil || !name.IsSubdomainOf(h.snap.Zone) {
		h.addOthers(name, r)
		return
	}
	key := zone.Key{Name: name, Type: typ}
	for _, rec := range r.Records {
		addr, ok := parseAddr(typ, rec.Content)
		switch {
		case rec.Disabled:
			h.kept[key] = append(h.kept[key], rec)
		case ok:
			h.addAddress(key, ttlOf(r), addr, r.Comments)
		default: // what it is cannot be told; it is shown, and put back
			h.kept[key] = append(h.kept[key], rec)
			h.snap.Others = append(h.snap.Others, zone.Record{Name: name, Type: r.Type, TTL: ttlOf(r), Data: rec.Content})
		}
	}
	if _, live := h.at[key]; !live {
		h.addDisabled(key, r)
	}
}

func (h *held) addOthers(name zone.Name, r rrset) {
	for _, rec := range r.Records {
		if !rec.Disabled {
			h.snap.Others = append(h.snap.Others, zone.Record{Name: name, Type: r.Type, TTL: ttlOf(r), Data: rec.Content})
		}
	}
}

// addAddress puts a live address into its set. The API gives the comments of
// the set, which each address shows.
func (h *held) addAddress(key zone.Key, ttl zone.TTL, addr netip.Addr, comments []comment) {
	i, ok := h.at[key]
	if !ok {
		i = len(h.snap.RRsets)
		h.at[key] = i
		h.snap.RRsets = append(h.snap.RRsets, zone.RRset{Key: key, TTL: ttl})
	}
	set := &h.snap.RRsets[i]
	set.TTL = max(set.TTL, ttl) // two spellings of one name in the database
	set.Addrs = append(set.Addrs, addr)
	if text := joinComments(comments); text != "" || set.Members != nil {
		for len(set.Members) < len(set.Addrs)-1 {
			set.Members = append(set.Members, zone.Member{})
		}
		set.Members = append(set.Members, zone.Member{Comment: text})
	}
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

// addDisabled makes a foreign set of one whose addresses are all disabled.
func (h *held) addDisabled(key zone.Key, r rrset) {
	set := zone.RRset{Key: key, TTL: ttlOf(r), Foreign: "disabled"}
	for _, rec := range r.Records {
		if addr, ok := parseAddr(key.Type, rec.Content); ok && rec.Disabled {
			set.Addrs = append(set.Addrs, addr)
		}
	}
	if len(set.Addrs) > 0 {
		h.at[key] = len(h.snap.RRsets)
		h.snap.RRsets = append(h.snap.RRsets, set)
	}
}

// finish tells of the disabled addresses of a set that is live.
func (h *held) finish(set *zone.RRset) {
	var off []string
	for _, rec := range h.kept[set.Key] {
		if rec.Disabled {
			off = append(off, rec.Content)
		}
	}
	slices.Sort(off)
	switch {
	case set.Foreign != "":
		set.Detail = "its records are disabled in PowerDNS"
	case len(off) > 0:
		set.Detail = "disabled beside them: " + strings.Join(off, ", ")
	}
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

// formatAddr writes an address as a record of a set of the given type.
func formatAddr(typ zone.Type, addr netip.Addr) string {
	if typ == zone.AAAA && addr.Unmap().Is4() {
		return "::ffff:" + addr.Unmap().String()
	}
	return addr.Unmap().String()
}

// ttlOf reads a TTL, which is outside of what a TTL can be where someone has
// put that into the database.
func ttlOf(r rrset) zone.TTL {
	return zone.TTL(max(0, min(r.TTL, math.MaxUint32)))
}
