package embedded_test

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// line is one RRset as tests write it: name, TTL, type, values, and words that
// only the wanted side has: group=NAME, replace, proxied, probe.
//
//	www 3600 A 192.0.2.1 192.0.2.2 group=web
type line struct {
	key      zone.Key
	ttl      zone.TTL
	addrs    []netip.Addr
	cname    string
	group    string
	replaces bool
	proxied  bool
	probed   bool
	// challenged says that the name is validated by HTTP-01, and asked.
	challenged bool
}

func parseLines(t testing.TB, z zone.Name, text string) (out []line) {
	t.Helper()
	for l := range strings.Lines(text) {
		if f := strings.Fields(l); len(f) > 0 {
			out = append(out, parseLine(t, z, f))
		}
	}
	return out
}

func parseLine(t testing.TB, z zone.Name, f []string) line {
	t.Helper()
	name := z
	if f[0] != "@" {
		name = zone.Name(f[0] + "." + string(z))
	}
	ttl, err := strconv.Atoi(f[1])
	if err != nil {
		t.Fatalf("line %q: %v", f, err)
	}
	l := line{key: zone.Key{Name: name, Type: zone.A}, ttl: zone.TTL(ttl)}
	if f[2] == "AAAA" {
		l.key.Type = zone.AAAA
	}
	for _, word := range f[3:] {
		switch group, ok := strings.CutPrefix(word, "group="); {
		case ok:
			l.group = group
		case word == "replace":
			l.replaces = true
		case word == "probe":
			l.probed = true
		case word == "challenge":
			l.challenged = true
		case word == "proxied":
			l.proxied = true
		case f[2] == "CNAME":
			l.cname = word
		default:
			l.addrs = append(l.addrs, netip.MustParseAddr(word))
		}
	}
	return l
}

// snapshotOf is a zone with the lines and an SOA record of the negative TTL.
func snapshotOf(t testing.TB, z zone.Name, text string, negative zone.TTL) *zone.Snapshot {
	t.Helper()
	s := &zone.Snapshot{Zone: z, Others: []zone.Record{{
		Name: z, Type: "SOA", TTL: negative, Data: "ns1." + string(z) + " hostmaster." + string(z) + " 1 7200 3600 1209600 " + negative.String(),
	}}}
	for _, l := range parseLines(t, z, text) {
		if l.cname != "" {
			s.Others = append(s.Others, zone.Record{Name: l.key.Name, Type: "CNAME", TTL: l.ttl, Data: l.cname})
			continue
		}
		s.RRsets = append(s.RRsets, zone.RRset{Key: l.key, TTL: l.ttl, Addrs: l.addrs, Proxied: l.proxied, Auto: l.proxied})
	}
	s.Sort()
	return s
}

// recordsOf are the lines as the inventory wants them.
func recordsOf(t testing.TB, z zone.Name, text string) (out []plan.Record) {
	t.Helper()
	for _, l := range parseLines(t, z, text) {
		r := plan.Record{Key: l.key, Addrs: l.addrs, TTL: l.ttl, Group: l.group, ReplaceCNAME: l.replaces}
		if l.proxied {
			r.Proxied = &l.proxied
		}
		if l.probed {
			r.Probe = webProbe()
		}
		if l.challenged {
			r.ACME, r.Challenge = plan.HTTP01, &plan.Challenge{Port: 80, HTTPSPort: 443, AllowReserved: true}
		}
		slices.SortFunc(r.Addrs, netip.Addr.Compare)
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b plan.Record) int { return zone.CompareKeys(a.Key, b.Key) })
	return out
}
