package inventory_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

func TestAuthority(t *testing.T) {
	const staging = "https://acme-staging-v02.api.letsencrypt.org/directory"
	for _, tt := range []struct {
		text  string
		want  inventory.CA
		ready time.Duration
		known bool
	}{
		{"", inventory.CA{Name: "letsencrypt", Directory: "https://acme-v02.api.letsencrypt.org/directory", Identities: []string{"letsencrypt.org"}}, time.Minute, true},
		{`ca = "` + staging + `"`, inventory.CA{Name: staging, Directory: staging, Identities: []string{"letsencrypt.org"}}, time.Minute, true},
		{`ca = "zerossl"`, inventory.CA{Name: "zerossl", Directory: "https://acme.zerossl.com/v2/DV90", Identities: []string{"sectigo.com"}}, time.Minute, false},
		{
			"ca = \"https://ca.example.net/dir\"\nca_roots = \"ca.pem\"\nready = 0",
			inventory.CA{Name: "https://ca.example.net/dir", Directory: "https://ca.example.net/dir", Roots: "ca.pem"},
			0, true,
		},
		{`ca_identities = ["CA.Example.net.", "ca.example.net"]`, inventory.CA{Name: "letsencrypt", Directory: "https://acme-v02.api.letsencrypt.org/directory", Identities: []string{"ca.example.net"}}, time.Minute, true},
	} {
		inv := mustLoad(t, "version = 1\n[check]\n"+tt.text+"\n")
		if diff := cmp.Diff(tt.want, inv.Check.CA); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", tt.text, diff)
		}
		if inv.Check.Ready != tt.ready || inv.Check.ReadyKnown != tt.known {
			t.Errorf("%s: ready after %v, known %v", tt.text, inv.Check.Ready, inv.Check.ReadyKnown)
		}
	}
}

func TestChallengeOf(t *testing.T) {
	inv := mustLoad(t, `version = 1
[check.challenge]
webroot = "default"
[[provider]]
name = "p"
type = "sandbox"
[[host]]
name = "old"
ipv4 = ["192.0.2.1"]
[host.challenge]
webroot = "old"
[[host]]
name = "new"
ipv4 = ["192.0.2.2"]
acme_client = true
[host.challenge]
command = ["place"]
[[host]]
name = "plain"
ipv6 = ["2001:db8::1"]
[[zone]]
name = "example.org"
provider = "p"
record = [
  { name = "a", hosts = ["old"] },
  { name = "b", hosts = ["old", "new"], round_robin = true },
  { name = "c", hosts = ["plain"] },
  { name = "d", hosts = ["plain", "old"] },
  { name = "e", a = ["192.0.2.1"] },
]
`)
	for name, want := range map[string]struct{ webroot, host string }{
		"a.example.org": {"old", "old"}, "b.example.org": {"", "new"}, "c.example.org": {"default", ""},
		"d.example.org": {"old", "old"}, "e.example.org": {"default", ""},
	} {
		c, host := inv.ChallengeOf(inv.Zones[0], zone.MustParseName(name))
		if c == nil || c.Webroot != want.webroot || host != want.host {
			t.Errorf("%s: %+v of %q, want %+v", name, c, host, want)
		}
	}
	if c, host := mustLoad(t, preamble).ChallengeOf(inv.Zones[0], "a.example.org."); c != nil || host != "" {
		t.Errorf("without any: %+v of %q", c, host)
	}
}
