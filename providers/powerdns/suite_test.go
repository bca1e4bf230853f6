package powerdns_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

// zoneMaker makes zones on a real PowerDNS over its API.
type zoneMaker struct {
	server *dnsd.Server
	made   int
}

// open makes a zone that holds text. Transfers of it are allowed to the key, so
// that the suite sees it from behind the API.
func (m *zoneMaker) open(t *testing.T, text string) zone.Name {
	t.Helper()
	name := fmt.Sprintf("z%d.example.net.", m.made)
	m.made++
	api(t, m.server, http.MethodPost, "", map[string]any{
		"name": name, "kind": "Native", "zone": text, "master_tsig_key_ids": []string{m.server.Key.Name + "."},
	})
	return zone.MustParseName(name)
}

func (m *zoneMaker) others(z zone.Name) []string {
	return slices.DeleteFunc(m.server.AXFR(string(z)), isAddress)
}

func isAddress(line string) bool {
	typ := strings.Fields(line)[3]
	return typ == "A" || typ == "AAAA"
}

func TestSuite(t *testing.T) {
	m := &zoneMaker{server: start(t, exampleZone)}
	p := provider(t, config(docsOf(t, m.server).watched(t, proxy(t, m.server))))
	providertest.Run(t, providertest.Harness{
		Open: func(t *testing.T, text string) providertest.Zone {
			z := m.open(t, text)
			return providertest.Zone{Provider: p, Name: z, Others: func(*testing.T) []string { return m.others(z) }}
		},
		Foreign: func(t *testing.T) (providertest.Zone, zone.Key) {
			patched(t, m.server, "off.example.org.", "A", "!192.0.2.5", "")
			z := providertest.Zone{Provider: p, Name: origin, Others: func(*testing.T) []string { return m.others(origin) }}
			return z, zone.Key{Name: "off.example.org.", Type: zone.A}
		},
	})
}

// The real server stands behind a proxy that the suite makes fail.
func TestSuiteHTTP(t *testing.T) {
	m := &zoneMaker{server: start(t, exampleZone)}
	d := docsOf(t, m.server)
	providertest.RunHTTP(t, providertest.HTTPHarness{
		Open: func(t *testing.T, text string, wrap func(http.Handler) http.Handler) providertest.Zone {
			z := m.open(t, text)
			return providertest.Zone{
				Provider: provider(t, config(d.watched(t, wrap(proxy(t, m.server))))), Name: z,
				Others: func(*testing.T) []string { return m.others(z) },
			}
		},
		IsWrite: func(r *http.Request) bool { return r.Method == http.MethodPatch },
		Secrets: []string{dnsd.TestAPIKey},
	})
}
