package zone_test

import (
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

func TestUnicode(t *testing.T) {
	for name, want := range map[string]string{
		"www.example.org.":             "www.example.org",
		"xn--bcher-kva.example.org.":   "bücher.example.org",
		"*.xn--bcher-kva.example.org.": "*.bücher.example.org",
		"_acme.xn--ndaaa.example.org.": "_acme.ööö.example.org",
		"xn--zz.example.org.":          "xn--zz.example.org", // no A-label
		`a\.b.xn--bcher-kva.org.`:      `a\.b.xn--bcher-kva.org`,
		".":                            ".",
	} {
		if got := zone.Name(name).Unicode(); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
