package sandbox_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/sandbox"
)

func TestSuite(t *testing.T) {
	providertest.Run(t, providertest.Harness{Open: openSuite, Foreign: foreignSuite})
}

func openSuite(t *testing.T, text string) providertest.Zone {
	dir := t.TempDir()
	path := filepath.Join(dir, "example.org.zone")
	write(t, path, text)
	sb := open(t, sandbox.Options{Dir: dir})
	return providertest.Zone{Provider: sb, Name: "example.org.", Others: func(t *testing.T) []string {
		return others(t, path, sb.Authorities()[0])
	}}
}

func foreignSuite(t *testing.T) (providertest.Zone, zone.Key) {
	z := openSuite(t, "@ 60 IN SOA ns1 host 1 1h 1h 1h 5\n$GENERATE 1-3 h$ 300 A 192.0.2.$\n")
	return z, key("h2.example.org.", zone.A)
}

// others lists the file's records that are no addresses, and sees that ns1
// serves the file as it stands.
func others(t *testing.T, path string, ns1 *sandbox.Authority) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	zp := dns.NewZoneParser(strings.NewReader(string(text)), "example.org.", path)
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		if h := rr.Header(); h.Rrtype != dns.TypeA && h.Rrtype != dns.TypeAAAA {
			out = append(out, rr.String())
		}
		if soa, ok := rr.(*dns.SOA); ok {
			served := exchange(t, "tcp", ns1.Addr(), question("example.org. SOA"))
			if len(served.Answer) != 1 || !dns.IsDuplicate(served.Answer[0], soa) {
				t.Errorf("ns1 serves %v, the file holds %v", served.Answer, soa)
			}
		}
	}
	if err := zp.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
