package cloudflare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// autoTTL stands for an automatic TTL on the wire.
const autoTTL = 1

// record is what the API tells of a record
// (https://developers.cloudflare.com/api/resources/dns/subresources/records/).
type record struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Name     string          `json:"name"`
	Content  string          `json:"content"`
	TTL      int64           `json:"ttl"`
	Proxied  bool            `json:"proxied"`
	Comment  string          `json:"comment"`
	Tags     []string        `json:"tags"`
	Priority *float64        `json:"priority"`
	Data     json.RawMessage `json:"data"`
	Locked   bool            `json:"locked"`
	Meta     struct {
		ReadOnly bool `json:"read_only"`
	} `json:"meta"`

	owner zone.Name  // Name in dnsplan's form
	addr  netip.Addr // of an address record
}

// readOnly says why the record cannot be written; empty when it can.
func (r record) readOnly() string {
	switch {
	case r.Meta.ReadOnly:
		return "Cloudflare holds it for one of its products"
	case r.Locked:
		return "it is locked at Cloudflare"
	case r.ID == "":
		return "the API shows no id of it"
	}
	return ""
}

// seconds is the record's TTL as resolvers see it.
func (r record) seconds() zone.TTL {
	if r.TTL <= autoTTL || r.TTL > int64(zone.MaxTTL) {
		return zone.AutoTTL
	}
	return zone.TTL(r.TTL)
}

// view is a list of records: as a snapshot, and as what a write needs of it.
type view struct {
	snapshot *zone.Snapshot
	sets     map[zone.Key][]record
	cnames   map[zone.Name][]record
}

// newView sorts records into a snapshot of z. A record that it cannot read is
// kept as it is among the others.
func newView(z zone.Name, items []json.RawMessage) *view {
	v := &view{snapshot: &zone.Snapshot{Zone: z}, sets: map[zone.Key][]record{}, cnames: map[zone.Name][]record{}}
	proxied := map[zone.Name]bool{}
	for _, item := range items {
		r, ok := decode(z, item)
		if !ok {
			v.snapshot.Others = append(v.snapshot.Others, verbatim(z, r, item))
			continue
		}
		if r.addr.IsValid() {
			key := zone.Key{Name: r.owner, Type: zone.TypeOf(r.addr)}
			v.sets[key] = append(v.sets[key], r)
			proxied[r.owner] = proxied[r.owner] || r.Proxied
			continue
		}
		if r.Type == "CNAME" {
			v.cnames[r.owner] = append(v.cnames[r.owner], r)
		}
		v.snapshot.Others = append(v.snapshot.Others, zone.Record{Name: r.owner, Type: r.Type, TTL: r.seconds(), Data: presentation(r)})
	}
	for key, records := range v.sets {
		v.snapshot.RRsets = append(v.snapshot.RRsets, rrset(key, records, proxied[key.Name]))
	}
	v.snapshot.Sort()
	return v
}

// decode reads a record; ok is false when it is none, or one that would be
// misread.
func decode(z zone.Name, item json.RawMessage) (r record, ok bool) {
	if err := json.Unmarshal(item, &r); err != nil {
		return r, false
	}
	owner, err := zone.ParseName(r.Name)
	if err != nil || !isMnemonic(r.Type) {
		return r, false
	}
	r.owner = owner
	if r.Type != zone.A.String() && r.Type != zone.AAAA.String() {
		return r, true
	}
	addr, err := netip.ParseAddr(r.Content)
	if err != nil || addr.Zone() != "" || addr.Is4In6() || zone.TypeOf(addr).String() != r.Type || !owner.IsSubdomainOf(z) {
		return r, false
	}
	r.addr = addr
	return r, true
}

// unknownType stands for a type that is not one; no record has the number 0.
const unknownType = "TYPE0"

func isMnemonic(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != ""
}

// verbatim is a record that cannot be read, as far as its name and type can be
// told, with the API's own text.
func verbatim(z zone.Name, r record, item json.RawMessage) zone.Record {
	owner := z
	if name, err := zone.ParseName(r.Name); err == nil {
		owner = name
	}
	if !isMnemonic(r.Type) {
		r.Type = unknownType
	}
	var text bytes.Buffer
	if json.Compact(&text, item) != nil {
		text.Write(bytes.Join(bytes.Fields(item), []byte(" ")))
	}
	return zone.Record{Name: owner, Type: r.Type, TTL: r.seconds(), Data: text.String()}
}

// rrset makes a set out of records. Cloudflare keeps a TTL with each record: the
// set's is the highest, which is what a resolver may hold. An automatic one lasts 300
// seconds, and differs from none that does.
func rrset(key zone.Key, records []record, proxied bool) zone.RRset {
	set := zone.RRset{Key: key, Proxied: proxied, Auto: true}
	var ttls []zone.TTL
	for _, r := range records {
		set.Addrs = append(set.Addrs, r.addr)
		set.Members = append(set.Members, zone.Member{ID: r.ID, Comment: r.Comment, Tags: slices.Clone(r.Tags)})
		ttls = append(ttls, r.seconds())
		set.Auto = set.Auto && r.TTL == autoTTL
		if why := r.readOnly(); why != "" {
			set.Foreign, set.Detail = "read-only", fmt.Sprintf("%s: %s", r.Content, why)
		}
	}
	set.SetTTLs(ttls...)
	if proxied {
		set.Auto, set.TTL, set.Mixed = true, zone.AutoTTL, false
	}
	set.Normalize()
	return set
}
