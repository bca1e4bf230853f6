package inventory

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

func unfitAddr(t zone.Type) func(netip.Addr) bool {
	return func(a netip.Addr) bool { return zone.TypeOf(a) != t || a.Zone() != "" || a.Is4In6() }
}

// comment adds the comments: on top, above records, and at the end.
func (d *Draft) comment(kept []zone.RRset, o LiveOptions) {
	z := d.Inventory.Zones[0]
	d.remarks.head = []string{
		fmt.Sprintf("Written by dnsplan import: what provider %q held of %s.", z.Provider, z.Name.Unicode()),
		"Names that do not stand here are left alone, unless prune = true.",
	}
	if len(o.Names) > 0 {
		d.remarks.head = append(d.remarks.head, "Only some names of the zone were asked for.")
	}
	if d.live.Blind != "" {
		d.remarks.head = append(d.remarks.head, "Other names could not be seen: "+d.live.Blind)
	}
	cuts := d.cuts()
	for _, r := range kept {
		d.remarkOn(r, cuts)
	}
	d.leftAsComments()
	d.othersAsComments(o)
}

// remarkOn says above a record what its keys do not.
func (d *Draft) remarkOn(r zone.RRset, cuts map[zone.Name]bool) {
	if u := r.Name.Unicode(); u != r.Name.Display() {
		d.remark(r.Key, u)
	}
	if cut := d.cutAbove(r.Name, cuts); cut != "" {
		d.remark(r.Key, "glue: "+cut.Display()+" is delegated to other servers")
	}
	if r.Auto && !r.Proxied {
		d.remark(r.Key, "the provider chooses the TTL; a ttl here counts from the next change on")
	}
	var tags []string
	for _, m := range r.Members {
		for _, t := range m.Tags {
			if !slices.Contains(tags, t) {
				tags = append(tags, t)
			}
		}
	}
	if len(tags) > 0 {
		d.remark(r.Key, "tags, which stay: "+strings.Join(tags, ", "))
	}
}

// cuts are the names at which the zone is delegated (RFC 1034, section 4.2.1).
func (d *Draft) cuts() map[zone.Name]bool {
	cuts := map[zone.Name]bool{}
	for _, r := range d.live.Others {
		if r.Type == "NS" && r.Name != d.live.Zone {
			cuts[r.Name] = true
		}
	}
	return cuts
}

func (d *Draft) cutAbove(n zone.Name, cuts map[zone.Name]bool) zone.Name {
	for ; len(cuts) > 0 && n != d.live.Zone && n != zone.Root; n = n.Parent() {
		if cuts[n] {
			return n
		}
	}
	return ""
}

// leftAsComments lists the address sets that no inventory can hold.
func (d *Draft) leftAsComments() {
	if len(d.Left) == 0 {
		return
	}
	d.tail("Address sets that are live and cannot be managed; plan shows them and leaves",
		"them as they are:")
	for _, l := range d.Left {
		why := l.Why
		if l.Detail != "" {
			why += ": " + l.Detail
		}
		words := append([]string{" ", l.Name.Display(), l.TTL.String(), l.Type.String()}, texts(l.Addrs)...)
		d.tail(shortened(strings.Join(append(words, "("+why+")"), " ")))
	}
}

// othersAsComments lists the records of other types, so that a CNAME is seen
// where somebody looks for a name. DNSSEC's own are many, and a server makes
// them itself: they are counted.
func (d *Draft) othersAsComments(o LiveOptions) {
	var lines []string
	signed := 0
	for _, r := range d.live.Others {
		switch {
		case len(o.Names) > 0 && !slices.Contains(o.Names, r.Name):
		case slices.Contains([]string{"RRSIG", "NSEC", "NSEC3"}, r.Type):
			signed++
		default:
			lines = append(lines, shortened(fmt.Sprintf("  %s %d %s %s", r.Name.Display(), r.TTL, r.Type, r.Data)))
		}
	}
	if d.Others = len(lines) + signed; d.Others == 0 {
		return
	}
	if len(d.remarks.tail) > 0 {
		d.tail("")
	}
	d.tail("Records of other types, which dnsplan never writes:")
	d.tail(lines...)
	if signed > 0 {
		d.tail("  and " + strconv.Itoa(signed) + " of DNSSEC (RRSIG, NSEC, NSEC3)")
	}
}

func (d *Draft) tail(lines ...string) { d.remarks.tail = append(d.remarks.tail, lines...) }

// maxComment keeps a line readable: a key in a TXT record is not.
const maxComment = 160

func shortened(s string) string {
	if len(s) <= maxComment {
		return s
	}
	cut := maxComment - len(" ...")
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + " ..."
}
