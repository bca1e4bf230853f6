package zonefile

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// sortKey is an address entry and the start of the label next below the apex,
// the first that zone.CompareNames looks at. It decides most comparisons, so
// that they touch neither names nor entries.
type sortKey struct {
	high, low uint64
	index     uint32
}

// sortAddrs finds the address entries and orders them by key, address and
// position.
func (d *document) sortAddrs() {
	keys := make([]sortKey, 0, len(d.entries)-len(d.others))
	for i := range d.entries {
		if e := &d.entries[i]; e.isAddress() {
			keys = append(keys, makeKey(e.name, d.zone, uint32(i)))
		}
	}
	if !slices.IsSortedFunc(keys, d.compare) {
		slices.SortFunc(keys, d.compare)
	}
	d.addrs = make([]uint32, len(keys))
	for i, k := range keys {
		d.addrs[i] = k.index
	}
}

func makeKey(n, z zone.Name, index uint32) sortKey {
	label := topLabel(n, z)
	if strings.IndexByte(label, '\\') >= 0 {
		label = zone.Name(label + ".").SortKey() // octets, not their escapes
	}
	var start [16]byte
	copy(start[:], label)
	return sortKey{binary.BigEndian.Uint64(start[:8]), binary.BigEndian.Uint64(start[8:]), index}
}

// topLabel returns the label of n that is next below z; empty for z itself.
func topLabel(n, z zone.Name) string {
	cut := len(n) - len(z) - 1
	if z == zone.Root {
		cut = len(n) - 1
	}
	if cut < 1 {
		return ""
	}
	rest := string(n[:cut])
	for end := len(rest); ; {
		end = strings.LastIndexByte(rest[:end], '.')
		if end < 0 || endsInDot(rest[:end+1]) {
			return rest[end+1:]
		}
	}
}

func (d *document) compare(i, j sortKey) int {
	if c := cmp.Compare(i.high, j.high); c != 0 {
		return c
	}
	if c := cmp.Compare(i.low, j.low); c != 0 {
		return c
	}
	a, b := &d.entries[i.index], &d.entries[j.index]
	if a.name != b.name {
		return zone.CompareNames(a.name, b.name)
	}
	if a.typ != b.typ {
		return cmp.Compare(a.typ, b.typ)
	}
	return cmp.Or(a.addr.Compare(b.addr), cmp.Compare(i.index, j.index))
}
