package generic_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/generic"
	"github.com/dnsplan/dnsplan/providers/providertest"
)

// class is a kind of libdns provider: what it does, and the quirks that say so.
type class struct {
	habits habits
	quirks generic.Quirks
	skip   map[providertest.Case]string
}

func classes() map[string]class {
	return map[string]class{
		"append sets the TTL of the set (gandi)": {
			habits: habits{appendTTL: "set", set: "append"},
			quirks: generic.Quirks{TTL: generic.TTLAppend, NeverEmpty: true},
		},
		"SetRecords replaces (desec)": {
			habits: habits{appendTTL: "keep", set: "replace"},
			quirks: generic.Quirks{TTL: generic.TTLReplace},
		},
		"records by id (digitalocean)": {
			habits: habits{set: "id", deletesByID: true, postTwice: true},
			quirks: generic.Quirks{TTL: generic.TTLInPlace, Retime: retime, ByID: true, Serial: true},
		},
		"SetRecords in place (cloudns)": {
			habits: habits{set: "in-place", deletesTTL: true},
			quirks: generic.Quirks{TTL: generic.TTLInPlaceSet},
		},
		"two TTLs beside each other (transip)": {
			habits: habits{duplicates: true, deletesTTL: true},
			quirks: generic.Quirks{TTL: generic.TTLBeside},
		},
		"another TTL is refused (hetzner)": {
			habits: habits{appendTTL: "same"},
			quirks: generic.Quirks{TTL: generic.TTLHook, TTLFirst: true},
		},
		"the vendor's API (ovh, bunny, glesys)": {
			habits: habits{},
			quirks: generic.Quirks{TTL: generic.TTLHook, DefaultTTL: 3600},
		},
		"absolute names": {
			habits: habits{absolute: true, set: "replace"},
			quirks: generic.Quirks{TTL: generic.TTLReplace, AbsoluteNames: true},
		},
		"nothing known": {
			habits: habits{},
			quirks: generic.Quirks{},
			skip: map[providertest.Case]string{
				providertest.Change:      "the TTL of values that stay cannot be changed",
				providertest.ConflictTTL: "such a change is refused before the zone is read",
			},
		},
	}
}

func TestSuite(t *testing.T) {
	all := classes()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c := all[name]
		t.Run(name, func(t *testing.T) {
			providertest.Run(t, providertest.Harness{Skip: c.skip, Open: func(t *testing.T, text string) providertest.Zone {
				t.Helper()
				f := newFake(t, "example.org.", text, c.habits)
				return providertest.Zone{
					Provider: open(t, f, c.quirks),
					Name:     "example.org.",
					Others:   func(*testing.T) []string { return f.others() },
				}
			}})
		})
	}
}

// open makes a provider of a fake that lists its zone.
func open(t *testing.T, f *fake, q generic.Quirks) providers.Provider {
	t.Helper()
	p, err := generic.New(listing{f, []string{f.zone}}, q, generic.Hooks{SetTTL: f.setTTL}, generic.Config{
		Name: "fake", Secrets: []string{"canary-secret"}, Pause: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
