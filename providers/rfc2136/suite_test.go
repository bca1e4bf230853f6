package rfc2136_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

// emptyZone is what each zone of the suite holds before it is seeded by an
// update.
const emptyZone = `$TTL 3600
@ IN SOA ns1 hostmaster 1 7200 3600 1209600 300
@ IN NS ns1
ns1 IN A 192.0.2.53
`

func TestSuite(t *testing.T) {
	zones := map[string]string{}
	for i := range 120 {
		zones[fmt.Sprintf("z%d.example.org", i)] = emptyZone
	}
	run := func(t *testing.T, s *dnsd.Server, seed func(name, text string)) {
		fresh := 0
		providertest.Run(t, providertest.Harness{Open: func(t *testing.T, text string) providertest.Zone {
			t.Helper()
			name := fmt.Sprintf("z%d.example.org", fresh)
			fresh++
			seed(name, text)
			return providertest.Zone{
				Provider: provider(t, config(s)),
				Name:     zone.MustParseName(name),
				Others:   func(*testing.T) []string { return slices.DeleteFunc(s.AXFR(name), isAddress) },
			}
		}})
	}
	update := func(s *dnsd.Server) func(name, text string) {
		return func(name, text string) { s.Update(name, nil, strings.Split(strings.TrimSpace(text), "\n")) }
	}
	t.Run("BIND", func(t *testing.T) {
		t.Parallel()
		s := dnsd.BIND(t, dnsd.BINDOptions{Zones: zones, AnyNames: true})
		run(t, s, update(s))
	})
	t.Run("Knot", func(t *testing.T) {
		t.Parallel()
		s := dnsd.Knot(t, dnsd.KnotOptions{Zones: zones})
		run(t, s, update(s))
	})
	t.Run("PowerDNS", func(t *testing.T) { // updates do not take types of private use (FORMERR)
		t.Parallel()
		s := dnsd.PowerDNS(t, dnsd.PowerDNSOptions{Zones: zones})
		run(t, s, s.LoadZone)
	})
}

func isAddress(line string) bool {
	typ := strings.Fields(line)[3]
	return typ == "A" || typ == "AAAA"
}
