package config

import (
	"slices"
	"testing"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

// What was meant by a name or a zone is said where one alone can be: a record of both
// families is one, and nobody means a wildcard.
func TestWhatIsMeant(t *testing.T) {
	at := func(n zone.Name, types ...zone.Type) (out []inventory.Record) {
		for _, rt := range types {
			out = append(out, inventory.Record{Key: zone.Key{Name: n, Type: rt}})
		}
		return out
	}
	org := inventory.Zone{Name: "example.org.", View: "in", Records: slices.Concat(
		at("example.org.", zone.A), at("www.example.org.", zone.A, zone.AAAA), at("*.lab.example.org.", zone.A))}
	outside := org
	outside.View = "out"
	lab := inventory.Zone{Name: "test.example.org.", Records: at("api.test.example.org.", zone.A)}
	s := &Session{Inventory: &inventory.Inventory{Zones: []inventory.Zone{org, outside, lab}}}
	for name, want := range map[zone.Name]string{
		"www.": "www.example.org", "api.": "api.test.example.org", "ww.example.org.": "www.example.org", "api.tset.example.org.": "",
		"ap.test.example.org.": "api.test.example.org", "a.lab.example.org.": "", "www.example.com.": "", ".": "",
		"example.orf.example.org.": "",
	} {
		if got := s.Near(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, want := range map[zone.Name]string{
		"www.example.org.":      `zone www.example.org: no such zone in the inventory, did you mean "example.org"?`,
		"api.test.example.org.": `zone api.test.example.org: no such zone in the inventory, did you mean "test.example.org"?`,
		"example.net.":          "zone example.net: no such zone in the inventory",
		"org.":                  "zone org: no such zone in the inventory",
	} {
		if got := s.NoSuchZone(name).Error(); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
