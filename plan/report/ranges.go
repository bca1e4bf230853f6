package report

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/cdn"
)

// RangesText writes for people which lists of a CDN's addresses there are and how
// old they are; whole adds every prefix.
func RangesText(w io.Writer, lists []cdn.List, whole bool, o Options) error {
	p := newPage(o)
	for _, l := range lists {
		origin := "came with dnsplan"
		if l.Refreshed {
			origin = "refreshed"
		}
		p.row(2, "", in(bold, l.Vendor.Title()), txt(": "+keep(count(len(l.Prefixes), "prefix"))+", "+
			keep("list of "+l.Date.Format(time.DateOnly))+p.o.dot()+keep(p.o.age(l.Date))+p.o.dot()+keep(origin)))
		p.row(4, "  ", in(dim, l.Source))
		if whole {
			p.prefixes("    ", plain, l.Prefixes)
			p.blank()
		}
	}
	return p.writeTo(w)
}

// age tells how many days ago a day was.
func (o Options) age(day time.Time) string {
	days := int(o.Now.UTC().Sub(day) / (24 * time.Hour))
	if days < 1 {
		return "of today"
	}
	return count(days, "day") + " old"
}

func (p *page) prefixes(indent string, st style, list []netip.Prefix) {
	for _, x := range list {
		p.row(len(indent), indent, in(st, x.String()))
	}
}

// LookupText writes for people who publishes a range that the address is in.
func LookupText(w io.Writer, r cdn.Ranges, a netip.Addr, o Options) error {
	p := newPage(o)
	v := r.Judge(cdn.Evidence{Addrs: []netip.Addr{a}})
	if v.Vendor == "" {
		var names []string
		for _, l := range r.Lists() {
			names = append(names, keep(l.Vendor.Title()))
		}
		p.row(2, "", txt(a.String()+" is in no range of those that publish theirs: "+strings.Join(names, ", ")))
	} else {
		p.row(2, "", txt(v.Why))
	}
	return p.writeTo(w)
}

// RefreshedText writes for people what is different in lists that were fetched.
func RefreshedText(w io.Writer, changes []cdn.Change, o Options) error {
	p := newPage(o)
	for _, c := range changes {
		flow := []span{in(bold, c.New.Vendor.Title()), txt(": " + keep(count(len(c.New.Prefixes), "prefix")) + ", ")}
		if c.Empty() {
			flow = append(flow, txt(keep("as before")))
		} else {
			flow = append(flow, txt(keep(fmt.Sprintf("%d added, %d removed", len(c.Added), len(c.Removed)))))
		}
		p.row(2, "", append(flow, txt(", "+keep("list of "+c.New.Date.Format(time.DateOnly))))...)
		p.prefixes("  + ", green, c.Added)
		p.prefixes("  - ", red, c.Removed)
	}
	return p.writeTo(w)
}

// jsonList is a list in the JSON forms.
type jsonList struct {
	Vendor    cdn.Vendor     `json:"vendor"`
	Name      string         `json:"name"`
	Date      string         `json:"date"`
	Source    string         `json:"source"`
	Refreshed bool           `json:"refreshed"`
	Count     int            `json:"count"`
	Prefixes  []netip.Prefix `json:"prefixes,omitempty"`
	// Added and Removed are those of a list that was fetched.
	Added   []netip.Prefix `json:"added,omitempty"`
	Removed []netip.Prefix `json:"removed,omitempty"`
}

func newJSONList(l cdn.List) jsonList {
	return jsonList{
		Vendor: l.Vendor, Name: l.Vendor.Title(), Date: l.Date.Format(time.DateOnly), Source: l.Source,
		Refreshed: l.Refreshed, Count: len(l.Prefixes),
	}
}

func writeLists(w io.Writer, lists []jsonList) error {
	return writeJSON(w, struct {
		FormatVersion int        `json:"format_version"`
		Lists         []jsonList `json:"lists"`
	}{FormatVersion, lists})
}

// RangesJSON writes lists with all their prefixes as one document.
func RangesJSON(w io.Writer, lists []cdn.List) error {
	out := []jsonList{}
	for _, l := range lists {
		j := newJSONList(l)
		j.Prefixes = l.Prefixes
		out = append(out, j)
	}
	return writeLists(w, out)
}

// RefreshedJSON writes lists that were fetched, with what is different, as one
// document.
func RefreshedJSON(w io.Writer, changes []cdn.Change) error {
	out := []jsonList{}
	for _, c := range changes {
		j := newJSONList(c.New)
		j.Refreshed, j.Added, j.Removed = true, c.Added, c.Removed
		out = append(out, j)
	}
	return writeLists(w, out)
}

// LookupJSON writes who publishes a range that the address is in as one document.
func LookupJSON(w io.Writer, r cdn.Ranges, a netip.Addr) error {
	out := struct {
		FormatVersion int        `json:"format_version"`
		Address       netip.Addr `json:"address"`
		Vendor        cdn.Vendor `json:"vendor"`
		Name          string     `json:"name"`
		Prefix        string     `json:"prefix"`
		Date          string     `json:"date"`
	}{FormatVersion: FormatVersion, Address: a}
	if l, prefix, ok := r.Lookup(a); ok {
		out.Vendor, out.Name, out.Prefix, out.Date = l.Vendor, l.Vendor.Title(), prefix.String(), l.Date.Format(time.DateOnly)
	}
	return writeJSON(w, out)
}
