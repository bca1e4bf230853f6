package zone

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Type is the type of an RRset that dnsplan writes: A or AAAA.
type Type uint16

// The two address types, with their numbers (RFC 1035, RFC 3596).
const (
	A    Type = 1
	AAAA Type = 28
)

// String returns the type's mnemonic.
func (t Type) String() string {
	switch t {
	case A:
		return "A"
	case AAAA:
		return "AAAA"
	}
	return fmt.Sprintf("TYPE%d", uint16(t))
}

// ParseType reads "A" or "AAAA".
func ParseType(s string) (Type, error) {
	switch strings.ToUpper(s) {
	case "A":
		return A, nil
	case "AAAA":
		return AAAA, nil
	}
	return 0, fmt.Errorf("type %q: want A or AAAA", s)
}

// MarshalText writes the mnemonic.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the mnemonic.
func (t *Type) UnmarshalText(b []byte) (err error) {
	*t, err = ParseType(string(b))
	return err
}

// TypeOf returns the type whose RRsets hold addr.
func TypeOf(addr netip.Addr) Type {
	if addr.Is4() {
		return A
	}
	return AAAA
}

// Key names an RRset within a zone.
type Key struct {
	Name Name `json:"name"`
	Type Type `json:"type"`
}

// String returns "www.example.org. A".
func (k Key) String() string { return string(k.Name) + " " + k.Type.String() }

// Display returns the key as people read it: "www.example.org A".
func (k Key) Display() string { return k.Name.Display() + " " + k.Type.String() }

// CompareKeys orders by name (CompareNames), then type.
func CompareKeys(a, b Key) int {
	return cmp.Or(CompareNames(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
}

// Member is what a provider keeps beside one address of an RRset.
type Member struct {
	ID      string   `json:"id,omitempty"`
	Comment string   `json:"comment,omitempty"`
	Tags    []string `json:"tags,omitempty"`
}

// RRset is an address RRset: all A or all AAAA records of one owner name.
type RRset struct {
	Key
	// TTL is the set's time to live; AutoTTL where Auto is set.
	TTL TTL
	// Addrs are the values in ascending order, without duplicates. See Normalize.
	Addrs []netip.Addr
	// Proxied says that a CDN answers in place of Addrs (Cloudflare).
	Proxied bool
	// Auto says that the provider chooses the TTL, so it is never compared.
	Auto bool
	// Mixed says that the provider keeps a TTL with each record, and that those of
	// the set differ, against RFC 2181, section 5.2: TTL is the highest, which
	// resolvers may hold. It is told by a read, and means nothing in what is wanted.
	Mixed bool
	// Foreign, when not empty, is why dnsplan must never write this set:
	// "alias", "weighted", "latency", "geo", "failover", "multivalue",
	// "traffic-policy", "disabled", "read-only", "generated", "included".
	Foreign string
	// Detail is what the provider tells of a foreign set, for people: where an
	// alias points, or which weights there are.
	Detail string
	// Members run parallel to Addrs, or are nil where the provider keeps
	// nothing beside an address.
	Members []Member
}

// Normalize sorts Addrs and Members together and drops duplicate addresses.
// It also turns IPv4-mapped addresses into IPv4, and gives addresses without a
// Member an empty one where there are others.
func (r *RRset) Normalize() {
	for i, a := range r.Addrs {
		r.Addrs[i] = a.Unmap()
	}
	if r.Members == nil {
		if len(r.Addrs) > 1 {
			slices.SortFunc(r.Addrs, netip.Addr.Compare)
			r.Addrs = slices.Compact(r.Addrs)
		}
		return
	}
	if missing := len(r.Addrs) - len(r.Members); missing > 0 {
		r.Members = append(r.Members, make([]Member, missing)...)
	}
	order := make([]int, len(r.Addrs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return r.Addrs[i].Compare(r.Addrs[j]) })
	addrs, members := make([]netip.Addr, 0, len(order)), make([]Member, 0, len(order))
	for _, i := range order {
		if n := len(addrs); n > 0 && addrs[n-1] == r.Addrs[i] {
			continue
		}
		addrs = append(addrs, r.Addrs[i])
		members = append(members, r.Members[i])
	}
	r.Addrs, r.Members = addrs, members
}

// SameValues tells whether both sets hold the same addresses.
func (r RRset) SameValues(o RRset) bool { return slices.Equal(r.Addrs, o.Addrs) }

// SetTTLs gives the set the TTLs of its records.
func (r *RRset) SetTTLs(ttls ...TTL) {
	r.TTL = slices.Max(ttls)
	r.Mixed = slices.Min(ttls) != r.TTL
}

// SameTTL tells whether the TTLs agree; an automatic one agrees with any.
func (r RRset) SameTTL(o RRset) bool { return r.TTL == o.TTL || r.Auto || o.Auto }

// Equal tells whether both sets have the same key, values, TTL and proxy.
// What a provider keeps beside the addresses is not compared, nor is Mixed: see
// Meets.
func (r RRset) Equal(o RRset) bool {
	return r.Key == o.Key && r.SameValues(o) && r.SameTTL(o) && r.Proxied == o.Proxied
}

// Meets tells whether r, as it was read, is what is wanted: Equal, and with that TTL
// in every record.
func (r RRset) Meets(want RRset) bool { return r.Equal(want) && !r.Mixed }

// SameBeside tells whether both sets keep the same comments and tags beside
// their addresses, which are the same. Ids are the provider's own and are not
// compared, nor is the order of tags. No Members is empty ones.
func (r RRset) SameBeside(o RRset) bool {
	for i := range r.Addrs {
		if !r.member(i).says(o.member(i)) {
			return false
		}
	}
	return true
}

// HasBeside tells whether an address has a comment or a tag.
func (r RRset) HasBeside() bool {
	return slices.ContainsFunc(r.Members, func(m Member) bool { return m.Comment != "" || len(m.Tags) > 0 })
}

func (r RRset) member(i int) Member {
	if i >= len(r.Members) {
		return Member{}
	}
	return r.Members[i]
}

// says tells whether m and o have the same comment and the same tags.
func (m Member) says(o Member) bool {
	return m.Comment == o.Comment && slices.Equal(slices.Sorted(slices.Values(m.Tags)), slices.Sorted(slices.Values(o.Tags)))
}

// Clone returns a copy that shares no memory with r.
func (r RRset) Clone() RRset {
	r.Addrs = slices.Clone(r.Addrs)
	r.Members = slices.Clone(r.Members)
	return r
}

// String returns the set as people compare it: "www.example.org. 300 A 192.0.2.1 192.0.2.2".
func (r RRset) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d %s", r.Name, r.TTL, r.Type)
	for _, a := range r.Addrs {
		b.WriteByte(' ')
		b.WriteString(a.String())
	}
	if r.Proxied {
		b.WriteString(" (proxied)")
	}
	if r.Mixed {
		b.WriteString(" (mixed TTLs)")
	}
	if r.Foreign != "" {
		b.WriteString(" (" + r.Foreign + ")")
	}
	return b.String()
}

// Brief returns the set without its name, as people read it: "192.0.2.1 192.0.2.2
// (TTL 300)", "192.0.2.1 (TTL auto, proxied)", "a weighted set"; nil is "nothing".
func (r *RRset) Brief() string {
	switch {
	case r == nil:
		return "nothing"
	case r.Foreign != "":
		return "a " + r.Foreign + " set"
	}
	values := make([]string, len(r.Addrs))
	for i, a := range r.Addrs {
		values[i] = a.String()
	}
	ttl := r.TTL.String()
	if r.Auto {
		ttl = "auto"
	}
	if r.Proxied {
		ttl += ", proxied"
	}
	return strings.Join(values, " ") + " (TTL " + ttl + ")"
}
