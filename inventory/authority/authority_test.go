package authority_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/authority"
)

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, ca := range authority.Known() {
		u, err := url.Parse(ca.Directory)
		if err != nil || u.Scheme != "https" || u.Host != strings.ToLower(u.Host) {
			t.Errorf("%s: directory %q", ca.Name, ca.Directory)
		}
		if len(ca.Identities) == 0 || ca.Title == "" || seen[ca.Name] || seen[ca.Directory] {
			t.Errorf("%+v is incomplete or stands twice", ca)
		}
		seen[ca.Name], seen[ca.Directory] = true, true
		if got, _ := authority.ByDirectory(ca.Directory); got.Name != ca.Name {
			t.Errorf("by directory %s: %q", ca.Directory, got.Name)
		}
		if got, _ := authority.ByName(ca.Name); got.Directory != ca.Directory {
			t.Errorf("by name %s: %q", ca.Name, got.Directory)
		}
	}
	if names := authority.Names(); !slices.Equal(names[:2], []string{"letsencrypt", "letsencrypt-staging"}) {
		t.Errorf("names: %v", names)
	}
}

func TestByIssuer(t *testing.T) {
	for _, tt := range []struct{ organization, commonName, want string }{
		{"Let's Encrypt", "E7", "letsencrypt"},
		{"Let's Encrypt", "(STAGING) Puzzling Parsnip E7", "letsencrypt-staging"},
		{"(STAGING) Let's Encrypt", "(STAGING) Artificial Apricot R3", "letsencrypt-staging"},
		{"Google Trust Services", "WE1", "google"},
		{"Example Corp", "Example CA", ""},
		{"", "", ""},
	} {
		if got, _ := authority.ByIssuer(tt.organization, tt.commonName); got.Name != tt.want {
			t.Errorf("%s, %s: %q, want %q", tt.organization, tt.commonName, got.Name, tt.want)
		}
	}
}
