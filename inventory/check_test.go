package inventory_test

import (
	"strings"
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

// A name at a balancer has its tokens placed where the only ACME client is; which of
// several that would be nobody has said.
func TestChallengeBehindABalancer(t *testing.T) {
	const one, two = "acme_client = true\n[host.challenge]\nwebroot = \"one\"\n", "acme_client = true\n[host.challenge]\nwebroot = \"two\"\n"
	for name, c := range map[string]struct{ check, first, second, www, api string }{
		"the only client":             {"", one, "", "one", ""},
		"one of two":                  {"", one, two, "", ""},
		"one that does not say where": {"", one, "acme_client = true\n", "", ""},
		"a default":                   {"[check.challenge]\nwebroot = \"all\"\n", one, "", "all", "all"},
		"no client":                   {"", strings.TrimPrefix(one, "acme_client = true\n"), "", "", ""},
	} {
		inv := mustLoad(t, "version = 1\n"+c.check+`[[provider]]
name = "p"
type = "sandbox"
[[host]]
name = "balancer"
ipv4 = ["192.0.2.1"]
[[host]]
name = "one"
ipv4 = ["192.0.2.2"]
`+c.first+`[[host]]
name = "two"
ipv4 = ["192.0.2.3"]
`+c.second+`[[zone]]
name = "example.org"
provider = "p"
record = [{ name = "www", hosts = ["balancer"] }, { name = "api", a = ["192.0.2.1"] }]
`)
		for at, want := range map[string]string{"www.example.org": c.www, "api.example.org": c.api} {
			got, host := inv.ChallengeOf(inv.Zones[0], zone.MustParseName(at))
			if (got == nil) != (want == "") || got != nil && (got.Webroot != want || host != "" && host != want) {
				t.Errorf("%s, %s: %+v of %q, want %q", name, at, got, host, want)
			}
		}
	}
}
