package export

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Document is what is rendered.
type Document struct {
	Inventory *inventory.Inventory
	Zones     []Zone
}

// Zone is one zone, or one view of it.
type Zone struct {
	Name     zone.Name
	View     string
	Provider inventory.Provider
	// Sets are the address sets in canonical order.
	Sets []Set
	// Others are the records of other types in the provider's order.
	Others []zone.Record
	// Live says that Sets and Others hold what the provider has besides.
	Live bool
}

// Set is an address set.
type Set struct {
	zone.RRset
	// Record is what the inventory says of it; nil where it says nothing.
	Record *inventory.Record
	// ProxyKnown tells a set that is not proxied from one of which nothing is
	// said.
	ProxyKnown bool
}

// Desired is a zone as the inventory wants it.
func Desired(inv *inventory.Inventory, z inventory.Zone) Zone {
	out := newZone(inv, z)
	for i := range z.Records {
		r := &z.Records[i]
		s := Set{RRset: r.RRset(), Record: r, ProxyKnown: r.Proxied != nil}
		if s.Proxied {
			s.TTL, s.Auto = zone.AutoTTL, true
		}
		out.Sets = append(out.Sets, s)
	}
	return out
}

// WithLive is a zone as the snapshot has it, with what the inventory says
// besides.
func WithLive(inv *inventory.Inventory, z inventory.Zone, s *zone.Snapshot) Zone {
	out := newZone(inv, z)
	out.Live, out.Others = true, s.Others
	for _, r := range s.RRsets {
		set := Set{RRset: r, ProxyKnown: true}
		i, ok := slices.BinarySearchFunc(z.Records, r.Key, func(r inventory.Record, k zone.Key) int { return zone.CompareKeys(r.Key, k) })
		if ok && r.Foreign == "" {
			set.Record = &z.Records[i]
		}
		out.Sets = append(out.Sets, set)
	}
	return out
}

func newZone(inv *inventory.Inventory, z inventory.Zone) Zone {
	p, _ := inv.Provider(z.Provider)
	return Zone{Name: z.Name, View: z.View, Provider: p}
}

// title names the zone in comments.
func (z Zone) title() string {
	if z.View == "" {
		return z.Name.Display()
	}
	return z.Name.Display() + " in view " + z.View
}

// proxies tells whether the zone's provider has a proxy.
func (z Zone) proxies() bool { return z.Provider.Type == "cloudflare" }

// comment is what is known of the address with index i: the provider's comment,
// or else the inventory's.
func (s Set) comment(i int) string {
	if i < len(s.Members) && s.Members[i].Comment != "" {
		return s.Members[i].Comment
	}
	if s.Record != nil {
		return s.Record.Comment
	}
	return ""
}

// tags are the provider's at the address with index i.
func (s Set) tags(i int) []string {
	if i < len(s.Members) {
		return s.Members[i].Tags
	}
	return nil
}

// notes collect what a form could not say, one note a kind and zone.
type notes []string

func (n *notes) add(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(*n, text) {
		*n = append(*n, text)
	}
}

// addresses are the sets of z that a form for address records can say; the
// others are noted. plain is a form that has no escapes in names.
func (n *notes) addresses(z Zone, plain bool) []Set {
	var out []Set
	foreign, odd := 0, 0
	for _, s := range z.Sets {
		switch {
		case s.Foreign != "":
			foreign++
		case plain && strings.Contains(string(s.Name), `\`):
			odd++
		default:
			out = append(out, s)
		}
	}
	if foreign > 0 {
		n.add("%s: left out: %s that dnsplan does not manage (alias, weighted and the like)", z.title(), count(foreign, "address set"))
	}
	if odd > 0 {
		n.add("%s: left out: %s whose names need escapes, which this form does not have", z.title(), count(odd, "address set"))
	}
	return out
}

// onlyAddresses notes that the other types are left out.
func (n *notes) onlyAddresses(z Zone) {
	if len(z.Others) > 0 {
		n.add("%s: left out: %s of other types; this form is written for addresses alone", z.title(), count(len(z.Others), "record"))
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// line makes text safe for a comment that ends with its line.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
