package inventory

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Draft is an inventory made out of a live zone, with comments for what a file
// cannot say. Loading what it writes, and comparing it with the zone, gives no
// changes, and nothing unmanaged but Left.
type Draft struct {
	// Inventory is the base with the zone's records and hosts.
	Inventory *Inventory
	// Left are the live address sets that no inventory can hold; they stand in
	// comments.
	Left []Left
	// Others is how many records of other types stand in comments.
	Others int

	live    *zone.Snapshot
	remarks remarks
}

// Left is a live address set that is not in a Draft, and why.
type Left struct {
	zone.RRset
	// Why is the reason for people: "alias", or "its TTL is 0".
	Why string
}

// LiveOptions say how FromLive reads a zone.
type LiveOptions struct {
	// Proxy says that the provider has a CDN proxy, so that each name gets to
	// say whether it is proxied.
	Proxy bool
	// Names limits the draft to these owner names; empty is all.
	Names []zone.Name
}

// UsualResolvers are the public resolvers that a new inventory starts with.
func UsualResolvers() []Resolver {
	return []Resolver{
		{Name: "google-a", Address: "8.8.8.8:53", Protocol: "udp"},
		{Name: "cloudflare", Address: "1.1.1.1:53", Protocol: "udp"},
		{Name: "opendns", Address: "208.67.222.222:53", Protocol: "udp"},
		{Name: "google-b", Address: "8.8.4.4:53", Protocol: "udp"},
	}
}

// FromLive makes an inventory that wants what is live. The base has the
// settings, the provider and one zone without records; its hosts only lend their
// names to the same addresses. live is sorted, and neither argument is changed.
//
//	live                                    draft
//	the most common TTL                     ttl of [defaults]
//	an address at two names or more         a host
//	A and AAAA that always come together    one host
//	automatic TTL                           no ttl
//	proxied, where the provider can         proxied = true or false
//	comments of the members                 comment
//	a foreign set, a TTL of 0               a comment
//	records of other types                  a comment
func FromLive(base *Inventory, live *zone.Snapshot, o LiveOptions) *Draft {
	inv := *base
	inv.Zones = slices.Clone(base.Zones[:1])
	inv.Hosts = nil
	d := &Draft{Inventory: &inv, live: live, remarks: remarks{at: map[zone.Key][]string{}}}
	var kept []zone.RRset
	for _, r := range live.RRsets {
		if len(o.Names) > 0 && !slices.Contains(o.Names, r.Name) {
			continue
		}
		if why := unfit(r); why != "" {
			d.Left = append(d.Left, Left{r, why})
			continue
		}
		kept = append(kept, r)
	}
	inv.Defaults.TTL = commonTTL(kept)
	records := make([]Record, len(kept))
	for i, r := range kept {
		records[i] = d.record(r)
	}
	if o.Proxy {
		d.proxied(kept, records)
	}
	inv.Hosts = assignHosts(inv.Zones[0].Name, records, base.Hosts)
	inv.Zones[0].Records = records
	d.comment(kept, o)
	return d
}

// Write writes the draft as the text of an inventory.
func (d *Draft) Write(w io.Writer) error { return writeTo(w, d.Inventory, d.remarks) }

// unfit says why no inventory can hold a set; it is empty for one that can.
func unfit(r zone.RRset) string {
	switch {
	case r.Foreign != "":
		return r.Foreign
	case len(r.Addrs) == 0:
		return "it has no address"
	case slices.ContainsFunc(r.Addrs, unfitAddr(r.Type)):
		return "it has an address of another family"
	case r.Auto:
		return ""
	case r.TTL == 0:
		return "its TTL is 0"
	case r.TTL > zone.MaxTTL:
		return "its TTL is above 2147483647"
	}
	return ""
}

// commonTTL is the TTL that most sets have; of several the longest. Automatic
// ones do not count. Without any it is an hour.
func commonTTL(sets []zone.RRset) zone.TTL {
	count := map[zone.TTL]int{}
	for _, r := range sets {
		if !r.Auto && !r.Proxied {
			count[r.TTL]++
		}
	}
	if len(count) == 0 {
		return 3600
	}
	return slices.MaxFunc(slices.Collect(maps.Keys(count)), func(a, b zone.TTL) int {
		return cmp.Or(cmp.Compare(count[a], count[b]), cmp.Compare(a, b))
	})
}

// record is a live set as a wanted one. The TTL of an automatic one is never
// compared, so the default does.
func (d *Draft) record(r zone.RRset) Record {
	out := Record{Key: r.Key, Addrs: r.Addrs, TTL: r.TTL, Comment: commentOf(r)}
	if r.Auto || r.Proxied {
		out.TTL = d.Inventory.Defaults.TTL
	}
	return out
}

// commentOf joins the different comments of the members.
func commentOf(r zone.RRset) string {
	var out []string
	for _, m := range r.Members {
		if m.Comment != "" && !slices.Contains(out, m.Comment) {
			out = append(out, m.Comment)
		}
	}
	return strings.ToValidUTF8(strings.Join(out, "; "), "\ufffd")
}

// proxied says for each name whether it is proxied. Where A and AAAA differ the
// inventory has no word for it, so that it stays silent and keeps what is live.
func (d *Draft) proxied(sets []zone.RRset, records []Record) {
	for i := range sets {
		differs := func(j int) bool {
			return j >= 0 && j < len(sets) && sets[j].Name == sets[i].Name && sets[j].Proxied != sets[i].Proxied
		}
		if differs(i-1) || differs(i+1) {
			d.remark(sets[i].Key, "A and AAAA differ in whether they are proxied, and stay as they are")
			continue
		}
		records[i].Proxied = &sets[i].Proxied
	}
}

// remark puts a comment above the table of an RRset.
func (d *Draft) remark(k zone.Key, text string) {
	d.remarks.at[k] = append(d.remarks.at[k], text)
}

// Blind says why other names of the zone could not be seen; it is empty where
// all were.
func (d *Draft) Blind() string { return d.live.Blind }
