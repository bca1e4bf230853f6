package backup

import (
	"os"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

func TestHead(t *testing.T) {
	info := mustSave(t, t.TempDir(), sample(), meta)
	saved, err := os.ReadFile(info.ZonePath)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		text string
		zone zone.Name
		view string
	}{
		"as it was saved":        {string(saved), "example.org.", "internal"},
		"without a view":         {"; dnsplan backup of example.net., taken 2026-11-23T06:00:00Z\n", "example.net.", ""},
		"an origin":              {"; ours\n$TTL 1h\n$origin Example.ORG. ; the zone\n@ A 192.0.2.1\n", "example.org.", ""},
		"a relative origin":      {"$ORIGIN www\n", "", ""},
		"nothing":                {"www 300 IN A 192.0.2.1\n", "", ""},
		"empty":                  {"", "", ""},
		"the words further down": {"\n; dnsplan backup of example.net., taken now\n", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if z, view := Head(tt.text); z != tt.zone || view != tt.view {
				t.Errorf("%q in view %q, want %q in %q", z, view, tt.zone, tt.view)
			}
		})
	}
}

func FuzzHead(f *testing.F) {
	f.Add("; dnsplan backup of example.org., view internal, taken 2026-11-23T06:00:00Z\n$ORIGIN example.org.\n")
	f.Add("$ORIGIN \\200.\n")
	f.Fuzz(func(t *testing.T, text string) {
		z, _ := Head(text)
		if z == "" {
			return
		}
		if again, err := zone.ParseName(string(z)); err != nil || again != z {
			t.Fatalf("%q is not a name in its one form: %q, %v", z, again, err)
		}
	})
}
