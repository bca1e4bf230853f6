package zonefile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/providertest"
)

const org zone.Name = "example.org."

func TestSuite(t *testing.T) {
	providertest.Run(t, providertest.Harness{Open: openSuite, Foreign: foreignSuite})
}

func openSuite(t *testing.T, text string) providertest.Zone {
	p, path := seeded(t, text)
	return providertest.Zone{Provider: p, Name: org, Others: func(t *testing.T) []string { return othersOf(t, path) }}
}

func foreignSuite(t *testing.T) (providertest.Zone, zone.Key) {
	z := openSuite(t, soaLine+"$GENERATE 1-3 h$ 300 A 192.0.2.$\n")
	return z, zone.Key{Name: "h2.example.org.", Type: zone.A}
}

const soaLine = "@ 3600 IN SOA ns1 hostmaster 2026112301 7200 3600 1209600 300\n"

// raisedLine is soaLine after one write.
const raisedLine = "@ 3600 IN SOA ns1 hostmaster 2026112302 7200 3600 1209600 300\n"

// seeded returns a provider with text as zone example.org., and its file.
func seeded(t testing.TB, text string) (*Provider, string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "example.org.zone")
	writeFile(t, path, text)
	p, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return p, path
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func fileText(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// othersOf reads the file with another parser.
func othersOf(t *testing.T, path string) []string {
	t.Helper()
	zp := dns.NewZoneParser(strings.NewReader(fileText(t, path)), string(org), path)
	var out []string
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		if typ := rr.Header().Rrtype; typ != dns.TypeA && typ != dns.TypeAAAA {
			out = append(out, rr.String())
		}
	}
	if zp.Err() != nil {
		t.Fatal(zp.Err())
	}
	return out
}
