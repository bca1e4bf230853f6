package zonefile

import (
	"cmp"
	"crypto/sha256"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// source is where a record comes from.
type source uint8

const (
	own source = iota // a line of the zone's own file
	included
	generated
)

// foreign returns the word that an RRset's Foreign holds.
func (s source) foreign() string {
	switch s {
	case included:
		return "included"
	case generated:
		return "generated"
	}
	return ""
}

// ttlSource is where a record's TTL comes from.
type ttlSource uint8

const (
	ttlOwn     ttlSource = iota // its own token
	ttlDefault                  // $TTL, or the SOA MINIMUM
	ttlLast                     // the record before it (RFC 1035, section 5.1)
	ttlNone                     // nowhere: a record of another type, read as 0
)

// Record type numbers that are looked at here.
const (
	typeA     = uint16(zone.A)
	typeAAAA  = uint16(zone.AAAA)
	typeCNAME = 5
	typeSOA   = 6
)

// entry is one record. Its positions are into the document's text, and mean
// nothing unless src is own.
type entry struct {
	name       zone.Name
	addr       netip.Addr // of an address record
	start, end uint32     // all its lines, the last newline included
	ttlTok     span       // its TTL; empty where one would be inserted
	data       span       // the address, or the serial of an SOA record
	ttl        zone.TTL
	origin     uint32 // in force, as an index into the document's origins
	other      uint32 // of another type: the index into the document's others
	typ        uint16
	src        source
	ttlSrc     ttlSource
	inherits   bool // the owner name of the record before it
	plain      bool // the address is one token as netip reads it, on one line
}

// isAddress tells whether e is an A or AAAA record.
func (e *entry) isAddress() bool { return e.typ == typeA || e.typ == typeAAAA }

// set is an address RRset: n of the document's addrs, from first on.
type set struct {
	key      zone.Key
	first, n uint32
	ttl      zone.TTL
	foreign  string
}

// fileSum is an included file as it was read.
type fileSum struct {
	path string // relative to the folder
	sum  [sha256.Size]byte
}

// document is a parsed zone. It is not changed after parse returned it, so
// that goroutines can share it.
type document struct {
	zone     zone.Name
	text     string
	sum      [sha256.Size]byte
	includes []fileSum
	entries  []entry // in file order
	origins  []zone.Name
	others   []zone.Record
	addrs    []uint32 // the address entries by key, address, position
	sets     []set    // by key
	soa      int      // the index of the SOA entry; -1 until it is read
	serial   uint32   // of the SOA record
}

// finish orders the address records into sets.
func (d *document) finish() {
	d.sortAddrs()
	d.sets = make([]set, 0, len(d.addrs))
	for from := 0; from < len(d.addrs); {
		to := from + 1
		for to < len(d.addrs) && d.keyAt(to) == d.keyAt(from) {
			to++
		}
		d.sets = append(d.sets, d.makeSet(from, to))
		from = to
	}
}

func (d *document) keyAt(i int) zone.Key {
	e := &d.entries[d.addrs[i]]
	return zone.Key{Name: e.name, Type: zone.Type(e.typ)}
}

func (d *document) makeSet(from, to int) set {
	s := set{key: d.keyAt(from), first: uint32(from), n: uint32(to - from)}
	for _, i := range d.addrs[from:to] {
		e := &d.entries[i]
		s.ttl = max(s.ttl, e.ttl)
		s.foreign = cmp.Or(s.foreign, e.src.foreign())
		if e.addr.Is4In6() {
			s.foreign = cmp.Or(s.foreign, "mapped")
		}
	}
	return s
}

// find returns the set of key.
func (d *document) find(key zone.Key) (*set, bool) {
	i, ok := slices.BinarySearchFunc(d.sets, key, func(s set, k zone.Key) int { return zone.CompareKeys(s.key, k) })
	if !ok {
		return nil, false
	}
	return &d.sets[i], true
}

// members returns the indices of a set's entries by address.
func (d *document) members(s *set) []uint32 { return d.addrs[s.first : s.first+s.n] }

// live returns the RRset of key as callers know it; nil when there is none.
func (d *document) live(key zone.Key) *zone.RRset {
	s, ok := d.find(key)
	if !ok {
		return nil
	}
	r, _ := d.rrset(s, nil)
	return &r
}

// rrset makes the RRset of s; its addresses are appended to arena.
func (d *document) rrset(s *set, arena []netip.Addr) (zone.RRset, []netip.Addr) {
	from := len(arena)
	for _, i := range d.members(s) {
		a := d.entries[i].addr
		if n := len(arena); n > from && arena[n-1] == a {
			continue
		}
		arena = append(arena, a)
	}
	r := zone.RRset{Key: s.key, TTL: s.ttl, Foreign: s.foreign}
	r.Addrs = arena[from:len(arena):len(arena)]
	if s.foreign == "mapped" {
		r.Normalize()
	}
	return r, arena
}

// snapshot returns the zone. It shares no memory that a caller could change.
func (d *document) snapshot() *zone.Snapshot {
	rrsets := make([]zone.RRset, len(d.sets))
	arena := make([]netip.Addr, 0, len(d.addrs))
	for i := range d.sets {
		rrsets[i], arena = d.rrset(&d.sets[i], arena)
	}
	return &zone.Snapshot{Zone: d.zone, RRsets: rrsets, Others: slices.Clone(d.others)}
}

// look returns the sets of keys and the CNAME records at their names.
func (d *document) look(keys []zone.Key) *zone.Snapshot {
	out := &zone.Snapshot{Zone: d.zone}
	names := make(map[zone.Name]bool, len(keys))
	for _, k := range keys {
		if r := d.live(k); r != nil {
			out.RRsets = append(out.RRsets, *r)
		}
		names[k.Name] = true
	}
	for _, o := range d.others {
		if o.Type == "CNAME" && names[o.Name] {
			out.Others = append(out.Others, o)
		}
	}
	out.Sort()
	out.RRsets = slices.CompactFunc(out.RRsets, func(a, b zone.RRset) bool { return a.Key == b.Key })
	return out
}
