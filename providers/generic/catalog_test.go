package generic_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/generic"
)

// TestCatalogueAndInventoryAgree compares the types, and the secrets that each
// asks for.
func TestCatalogueAndInventoryAgree(t *testing.T) {
	catalogue := generic.Catalogue()
	if d := cmp.Diff(inventory.GenericTypes(), slices.Sorted(maps.Keys(catalogue))); d != "" {
		t.Errorf("types (-inventory +catalogue):\n%s", d)
	}
	serve(t, hosts{})
	for kind, entry := range catalogue {
		var want, got []string
		for _, c := range (inventory.Provider{Type: kind}).Credentials() {
			want = append(want, c.Key)
		}
		s := settings(t, kind)
		s.Secret = func(key string) (string, error) {
			got = append(got, key)
			return canary, nil
		}
		if _, err := entry.Open(s); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: secrets (-inventory +catalogue):\n%s", kind, d)
		}
	}
	if adapters := generic.Adapters(); len(adapters) != len(catalogue) {
		t.Errorf("%d adapters of %d types", len(adapters), len(catalogue))
	}
}

// TestMissingSecrets opens each type without any; libdns's hetzner would panic
// at its first request.
func TestMissingSecrets(t *testing.T) {
	for kind := range generic.Catalogue() {
		s := settings(t, kind)
		s.Secret = func(string) (string, error) { return "", nil }
		if p, err := generic.Adapters().Open(t.Context(), kind, s); p != nil || err == nil || !strings.Contains(err.Error(), "missing") {
			t.Errorf("%s: %v, error %v", kind, p, err)
		}
	}
}

func TestQuirksAreWrittenDown(t *testing.T) {
	for kind, entry := range generic.Catalogue() {
		q := entry.Quirks
		if len(q.Notes) == 0 || q.TTL == generic.TTLFixed || q.Limits.MaxTTL != 0 && q.Limits.MinTTL >= q.Limits.MaxTTL || !slices.IsSorted(q.TTLs) {
			t.Errorf("%s: %+v", kind, q)
		}
		for _, n := range q.Notes {
			if !strings.HasSuffix(n, ".") {
				t.Errorf("%s: %q is no sentence", kind, n)
			}
		}
		t.Logf("%-13s TTL: %-33s min %d", kind, q.TTL, q.Limits.MinTTL)
	}
}

// TestOVHServesWhatItLists looks for the refresh behind the last change.
func TestOVHServesWhatItLists(t *testing.T) {
	s := newStore(t, vendors()["ovh"], "@ 3600 IN NS ns1\nwww 3600 IN A 192.0.2.1\n")
	serve(t, hosts{"ovh.test": ovhAPI(s)})
	for _, c := range []providers.Change{
		change("www 3600 A 192.0.2.1", "www 300 A 192.0.2.1"),
		change("www 300 A 192.0.2.1", "www 300 A 203.0.113.1"),
		change("www 300 A 203.0.113.1", ""),
	} {
		s.requests = nil
		if _, err := openVendor(t, "ovh").Write(t.Context(), testZone, []providers.Change{c}); err != nil {
			t.Fatal(err)
		}
		writes := slices.DeleteFunc(s.requests, func(r string) bool { return strings.HasPrefix(r, "GET ") })
		if len(writes) < 2 || !strings.HasSuffix(writes[len(writes)-1], "/refresh") {
			t.Errorf("requests %q, want a refresh at the end", writes)
		}
	}
}

func TestTransIPKeyFile(t *testing.T) {
	s := settings(t, "transip")
	for path, says := range map[string]string{"": "missing", "/nowhere/key.pem": "no such file", "doc.go": "not a private key"} {
		s.Values["private_key_file"] = path
		if _, err := generic.Catalogue()["transip"].Open(s); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: error %v, want %q", path, err, says)
		}
	}
}
