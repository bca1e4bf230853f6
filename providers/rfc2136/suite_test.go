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
	run := func(t *testing.T, s *dnsd.Server) {
		fresh := 0
		providertest.Run(t, providertest.Harness{Open: func(t *testing.T, text string) providertest.Zone {
			t.Helper()
			name := fmt.Sprintf("z%d.example.org", fresh)
			fresh++
			s.Update(name, nil, strings.Split(strings.TrimSpace(text), "\n"))
			return providertest.Zone{
				Provider: provider(t, config(s)),
				Name:     zone.MustParseName(name),
				Others:   func(*testing.T) []string { return slices.DeleteFunc(s.AXFR(name), isAddress) },
			}
		}})
	}
	t.Run("BIND", func(t *testing.T) { run(t, dnsd.BIND(t, dnsd.BINDOptions{Zones: zones, AnyNames: true})) })
	t.Run("Knot", func(t *testing.T) { run(t, dnsd.Knot(t, dnsd.KnotOptions{Zones: zones})) })
}

func isAddress(line string) bool {
	typ := strings.Fields(line)[3]
	return typ == "A" || typ == "AAAA"
}
