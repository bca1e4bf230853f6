package providertest

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// ParseSet reads an RRset of zone z, "www 300 A 192.0.2.1 192.0.2.2"; nil for an empty
// line. A name with a final dot is absolute, and "@" is the zone's own. A TTL of
// "auto" is the provider's choice, "proxied" that of a set behind a proxy; a number
// is taken as it is, so that a set may be one that must be refused. It panics at a
// line that is none.
func ParseSet(z zone.Name, line string) *zone.RRset {
	f := strings.Fields(line)
	if len(f) == 0 {
		return nil
	}
	if len(f) < 3 {
		panic(fmt.Sprintf("line %q: want a name, a TTL and a type", line))
	}
	typ, err := zone.ParseType(f[2])
	if err != nil {
		panic(fmt.Sprintf("line %q: %v", line, err))
	}
	r := &zone.RRset{Key: zone.Key{Name: absolute(z, f[0]), Type: typ}}
	switch f[1] {
	case "auto", "proxied":
		r.TTL, r.Auto, r.Proxied = zone.AutoTTL, true, f[1] == "proxied"
	default:
		ttl, err := strconv.ParseUint(f[1], 10, 32)
		if err != nil {
			panic(fmt.Sprintf("line %q: %v", line, err))
		}
		r.TTL = zone.TTL(ttl)
	}
	for _, a := range f[3:] {
		r.Addrs = append(r.Addrs, netip.MustParseAddr(a))
	}
	r.Normalize()
	return r
}

func absolute(z zone.Name, name string) zone.Name {
	switch {
	case name == "@":
		return z
	case strings.HasSuffix(name, "."):
		return zone.MustParseName(name)
	}
	return zone.MustParseName(name + "." + string(z))
}

// ParseChange makes a change out of two lines, as ParseSet reads them.
func ParseChange(z zone.Name, before, after string) providers.Change {
	return providers.Change{Before: ParseSet(z, before), After: ParseSet(z, after)}
}

// Sets returns the address sets of a snapshot as lines, in its order.
func Sets(s *zone.Snapshot) (lines []string) {
	for _, r := range s.RRsets {
		lines = append(lines, r.String())
	}
	return lines
}

// Others returns the other records of a snapshot as lines, in its order:
// "example.org. 3600 MX 10 mail.example.org.".
func Others(s *zone.Snapshot) (lines []string) {
	for _, r := range s.Others {
		lines = append(lines, fmt.Sprintf("%s %s %s %s", r.Name, r.TTL, r.Type, r.Data))
	}
	return lines
}
