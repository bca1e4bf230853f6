package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// used is a name that loses its last address while records point at it.
type used struct {
	name zone.Name
	by   []string // "MX example.org"
}

// usersShown bounds how many records a message names.
const usersShown = 3

func (u *used) message() string {
	more := ""
	if n := len(u.by) - usersShown; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%s would lose its last address, and records point at it: %s%s", u.name.Display(), strings.Join(u.by[:min(len(u.by), usersShown)], ", "), more)
}

// owner is a name in one view.
type owner struct {
	name zone.Name
	view string
}

// danglers returns the names of d that would be left without an address and are
// pointed at.
func danglers(d *ZoneDiff, pointers map[owner][]string) (out []used) {
	for i := range d.Changes {
		c := &d.Changes[i]
		by := pointers[owner{c.Name, d.Desired.View}]
		if c.Action != Delete || len(by) == 0 || len(out) > 0 && out[len(out)-1].name == c.Name || d.answered(c.Name) {
			continue
		}
		slices.Sort(by)
		out = append(out, used{c.Name, slices.Compact(by)})
	}
	return out
}

// answered tells whether queries for the addresses of name are answered after
// the changes, be it by a wildcard.
func (d *ZoneDiff) answered(name zone.Name) bool {
	if d.hasAddress(name) {
		return true
	}
	for n := name; n != d.Desired.Zone && n != zone.Root; {
		n = n.Parent()
		if d.hasAddress("*." + n) {
			return true
		}
	}
	return false
}

// hasAddress tells whether name has an address after the changes.
func (d *ZoneDiff) hasAddress(name zone.Name) bool {
	for _, t := range []zone.Type{zone.A, zone.AAAA} {
		key := zone.Key{Name: name, Type: t}
		at := slices.IndexFunc(d.Changes, func(c Change) bool { return c.Key == key })
		if at >= 0 && d.Changes[at].Action != Delete {
			return true
		}
		if _, live := d.Live.Find(key); live && at < 0 {
			return true
		}
	}
	return false
}

// pointers are the records of all zones that need an address of another name, as
// "MX example.org", by that name in their view.
func pointers(all []ZoneDiff) map[owner][]string {
	out := map[owner][]string{}
	for i := range all {
		for _, r := range all[i].Live.Others {
			if target, ok := targetOf(r); ok {
				at := owner{target, all[i].Desired.View}
				out[at] = append(out[at], r.Type+" "+r.Name.Display())
			}
		}
	}
	return out
}

// targetOf is the name that a record sends clients to: CNAME, NS (RFC 1035), MX,
// SRV (RFC 2782), SVCB and HTTPS (RFC 9460), and ALIAS, which some providers have.
func targetOf(r zone.Record) (zone.Name, bool) {
	at := 0
	switch r.Type {
	case "CNAME", "NS", "ALIAS", "ANAME":
	case "MX", "SVCB", "HTTPS":
		at = 1
	case "SRV":
		at = 3
	default:
		return "", false
	}
	fields := strings.Fields(r.Data)
	if at >= len(fields) {
		return "", false
	}
	if fields[at] == "." {
		return r.Name, r.Type == "SVCB" || r.Type == "HTTPS" // the owner itself (RFC 9460, section 2.5.2)
	}
	n, err := zone.ParseName(fields[at])
	return n, err == nil
}
