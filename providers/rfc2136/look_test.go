package rfc2136_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

func keys(lines ...string) []zone.Key {
	var out []zone.Key
	for i := 0; i < len(lines); i += 2 {
		typ, err := zone.ParseType(lines[i+1])
		if err != nil {
			panic(err)
		}
		out = append(out, zone.Key{Name: zone.MustParseName(lines[i]), Type: typ})
	}
	return out
}

func TestLook(t *testing.T) {
	apex := []string{
		"example.org. 3600 NS ns1.example.org.",
		"example.org. 3600 SOA ns1.example.org. hostmaster.example.org. 7 3600 600 86400 60",
	}
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprintf("n%d.example.org", i), "A")
	}
	look := func(t *testing.T, s *dnsd.Server) {
		p := provider(t, config(s))
		for _, tt := range []struct {
			name   string
			keys   []zone.Key
			sets   []string
			others []string
		}{
			{name: "nothing asked"},
			{
				name: "both families, twice, and none",
				keys: keys("www.example.org", "AAAA", "www.example.org", "A", "www.example.org", "A", "nix.example.org", "A"),
				sets: []string{"www.example.org. 300 A 192.0.2.1 192.0.2.2", "www.example.org. 3600 AAAA 2001:db8::1"},
			},
			{name: "apex", keys: keys("example.org", "A"), sets: []string{"example.org. 3600 A 192.0.2.10"}},
			{name: "the other family", keys: keys("mail.example.org", "AAAA")},
			{
				name: "a CNAME record once", keys: keys("alias.example.org", "A", "alias.example.org", "AAAA"),
				others: []string{"alias.example.org. 3600 CNAME www.example.org."},
			},
			{name: "a name that a wildcard answers for", keys: keys("x.wild.example.org", "A")},
			{name: "a name two labels below a wildcard", keys: keys("x.y.wild.example.org", "A")},
			{name: "the wildcard itself", keys: keys("*.wild.example.org", "A"), sets: []string{"*.wild.example.org. 3600 A 192.0.2.99"}},
			{name: "IDN", keys: keys("ööö.example.org", "A"), sets: []string{"xn--ndaaa.example.org. 3600 A 192.0.2.33"}},
			{name: "glue", keys: keys("ns1.sub.example.org", "A"), sets: []string{"ns1.sub.example.org. 3600 A 192.0.2.53"}},
			{
				name: "many", keys: append(keys(many...), keys("www.example.org", "AAAA")...),
				sets: []string{"www.example.org. 3600 AAAA 2001:db8::1"},
			},
		} {
			t.Run(tt.name, func(t *testing.T) {
				snap, err := p.Look(t.Context(), origin, tt.keys)
				if err != nil {
					t.Fatal(err)
				}
				wantLines(t, "sets", providertest.Sets(snap), tt.sets...)
				wantLines(t, "others", others(snap), slices.Concat(tt.others, apex)...)
			})
		}
		if _, err := p.Look(t.Context(), origin, keys("www.example.net", "A")); err == nil {
			t.Error("a name outside the zone: no error")
		}
	}
	startAll(t, exampleZone, look)
	startClosed(t, exampleZone, look)
}

func TestLookBesideAWildcard(t *testing.T) {
	text := `$ORIGIN example.org.
$TTL 60
@      SOA ns1 h 1 60 60 60 60
@      NS ns1
ns1    A 127.0.0.1
*      A 192.0.2.99
same   A 192.0.2.99
*.same A 192.0.2.99
txt    TXT "the name exists"
*.w    A 192.0.2.99
same.w A 192.0.2.99
below.same.w A 192.0.2.99
other.w A 192.0.2.1
*.c    CNAME www
real.c CNAME www
d      DNAME w
`
	look := func(t *testing.T, s *dnsd.Server) {
		p := provider(t, config(s))
		snap, err := p.Look(t.Context(), origin, keys(
			"same.example.org", "A", "made-up.example.org", "A", "made.up.example.org", "A", "txt.example.org", "A",
			"made-up.same.example.org", "A", "*.same.example.org", "A", "*.example.org", "A", "*.made-up.example.org", "A",
			"same.w.example.org", "A", "below.same.w.example.org", "A", "*.w.example.org", "A",
			"other.w.example.org", "A", "made-up.w.example.org", "A",
			"x.c.example.org", "A", "real.c.example.org", "AAAA", "other.d.example.org", "A"))
		if err != nil {
			t.Fatal(err)
		}
		wantLines(t, "sets", providertest.Sets(snap),
			"*.example.org. 60 A 192.0.2.99",
			"same.example.org. 60 A 192.0.2.99",
			"*.same.example.org. 60 A 192.0.2.99",
			"*.w.example.org. 60 A 192.0.2.99",
			"other.w.example.org. 60 A 192.0.2.1",
			"same.w.example.org. 60 A 192.0.2.99",
			"below.same.w.example.org. 60 A 192.0.2.99",
		)
		wantLines(t, "others", others(snap),
			"example.org. 60 NS ns1.example.org.",
			"example.org. 60 SOA ns1.example.org. h.example.org. 1 60 60 60 60",
			"real.c.example.org. 60 CNAME www.example.org.")
	}
	startAll(t, text, look)
	startClosed(t, text, look)
}
