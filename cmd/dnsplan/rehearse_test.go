package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/acme/ledger"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// rehearsed is a program whose inventory names an authority of the test; www and
// six lead to a server that serves the webroot, old to one that does not.
func rehearsed(t *testing.T, check string) *program {
	t.Helper()
	return rehearsedAt(t, check, acmetest.Config{})
}

// rehearsedAt is rehearsed with an authority as c has it.
func rehearsedAt(t *testing.T, check string, c acmetest.Config) *program {
	t.Helper()
	web := acmetest.Listen(t, "127.0.0.11", "127.0.0.12")
	webroot := t.TempDir()
	acmetest.Serve(t, web[0], http.NotFoundHandler())
	acmetest.Serve(t, web[1], http.FileServer(http.Dir(webroot)))
	zone := resolvertest.NewZone(t,
		"example.org.     300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60",
		"www.example.org. 300 IN A 127.0.0.12",
		"six.example.org. 300 IN AAAA ::ffff:127.0.0.12",
		"old.example.org. 300 IN A 127.0.0.11")
	c.DNS, c.HTTPPort = resolvertest.Serve(t, zone), acmetest.Port(web[0])
	ca := acmetest.NewCA(t, c)
	if !strings.Contains(check, "ca = ") {
		check += fmt.Sprintf("ca = %q\nca_roots = %q\n", ca.Directory, ca.RootsFile(t))
	}
	return newProgram(t, fmt.Sprintf(`version = 1
[check]
%s
[[provider]]
name = "files"
type = "zonefile"
dir  = "zones"
[[host]]
name = "web"
ipv4 = ["127.0.0.12"]
ipv6 = ["2001:db8::12"]
[host.challenge]
webroot = %q
[[host]]
name = "old"
ipv4 = ["127.0.0.11"]
[host.challenge]
webroot = %[2]q
[[zone]]
name     = "example.org"
provider = "files"
record = [
  { name = "www", hosts = ["web"], acme = "http-01" },
  { name = "six", aaaa = ["2001:db8::12"], hosts = [] },
  { name = "mail", a = ["192.0.2.2"], acme = "dns-01" },
  { name = "old", hosts = ["old"] },
  { name = "\\*", a = ["192.0.2.2"] },
]
`, check, webroot))
}

func TestRehearse(t *testing.T) {
	p := rehearsed(t, "")
	// Nothing is agreed to by itself, and nothing is left behind.
	p.run("rehearse", "www.example.org").is(t, exitError, "its terms of service have to be agreed to first: data:", "dnsplan: hint: read them, and if you agree: dnsplan rehearse www.example.org --agree-tos")
	if _, err := os.Stat(p.path(".dnsplan/acme")); err == nil {
		t.Error("a key was made")
	}
	p.run("rehearse", "www.example.org", "--agree-tos", "-v").is(t, exitDone,
		"A certificate for www.example.org would be issued.", "token placed in webroot", "authority: POST https://127.0.0.1:")
	p.run("rehearse", "old.example.org.").is(t, exitDifferences,
		"unauthorized: ", "404", "No certificate for old.example.org would be issued.", "dnsplan check old.example.org --only H-TOKEN,")
	var doc struct {
		Issued      bool
		Deactivated int
		Problem     struct{ Type, Stage string }
		Checks      []string
	}
	out := p.run("rehearse", "old.example.org", "--json").is(t, exitDifferences)
	if err := json.Unmarshal([]byte(out.stdout), &doc); err != nil || doc.Issued || !strings.HasSuffix(doc.Problem.Type, ":unauthorized") || doc.Checks[0] != "H-TOKEN" {
		t.Errorf("%+v, %v, of:\n%s", doc, err, out.stdout)
	}
	keys, err := filepath.Glob(p.path(".dnsplan/acme/*.pem"))
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys: %v, %v", keys, err)
	}
	if info, err := os.Stat(keys[0]); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode of the key: %v, %v", info.Mode(), err)
	}
	// How they went is remembered, for R-RATE and T-AUTHZ.
	tries, err := ledger.Read(p.path(".dnsplan"))
	if err != nil || len(tries) != 3 {
		t.Fatalf("tries: %+v, %v", tries, err)
	}
	for i, want := range []ledger.Try{{Name: "www.example.org.", OK: true}, {Name: "old.example.org.", Problem: "unauthorized"}, {Name: "old.example.org.", Problem: "unauthorized"}} {
		if got := tries[i]; got.Name != want.Name || got.OK != want.OK || got.Problem != want.Problem || got.By != ledger.Rehearse || !strings.HasPrefix(got.Directory, "https://127.0.0.1:") {
			t.Errorf("try %d: %+v", i, got)
		}
	}
}

// What cannot be rehearsed is told before anybody is asked.
func TestRehearseRefuses(t *testing.T) {
	p := rehearsed(t, "")
	for _, tt := range []struct {
		args string
		code int
		want string
	}{
		{"192.0.2.1", exitError, "192.0.2.1 is an IP address"},
		{`\*.example.org`, exitError, "*.example.org: it is not validated by http-01: a wildcard cannot be"},
		{"*.example.org", exitError, "*.example.org: it is not validated by http-01: a wildcard cannot be"},
		{"mail.example.org", exitError, `mail.example.org: it is not validated by http-01: its record says acme = "dns-01"` + "\ndnsplan: hint: have it validated by dns-01, and rehearse that with the ACME client itself"},
		{"nowhere.example.org", exitError, "nowhere.example.org: no such name in the inventory"},
		{"six.example.org", exitError, "six.example.org: the inventory does not say where a token for it is placed\ndnsplan: hint: give its host, or [check], a challenge in the inventory"},
		{"www.example.org --ca letsencrypt", exitRefused, "rehearse at Let's Encrypt: a rehearsal never orders at an authority whose certificates are trusted\ndnsplan: hint: name one for trials"},
		{"www.example.org --ca https://ACME-v02.api.letsencrypt.org/other", exitRefused, "a rehearsal never orders at an authority whose certificates are trusted"},
		{"www.example.org --ca letsencript", exitError, `rehearse at "letsencript": it must be letsencrypt-staging, google-staging, or the https URL of an ACME directory`},
		{"www.example.org --ca http://127.0.0.1/dir", exitError, `rehearse at "http://127.0.0.1/dir"`},
		{"www.example.org --ca-roots no.pem", exitError, "read roots of the authority: open no.pem: no such file or directory"},
		{"", exitError, "0 arguments, want: dnsplan rehearse NAME"},
	} {
		p.run(append([]string{"rehearse"}, strings.Fields(tt.args)...)...).is(t, tt.code, tt.want)
	}
	p.run("rehearse", "six.example.org", "--json").is(t, exitError, `"issued": false`, `"error": "six.example.org: the inventory does not say`)
	if _, err := os.Stat(p.path(".dnsplan")); err == nil {
		t.Error("a state folder was made")
	}
}

// An authority that is named is trusted by the roots that are named with it.
func TestRehearseTrust(t *testing.T) {
	p := rehearsed(t, `ca = "zerossl"`)
	ca := acmetest.NewCA(t, acmetest.Config{})
	p.run("rehearse", "www.example.org", "--ca", ca.Directory).is(t, exitError, "certificate signed by unknown authority", "hint: name the file of the certificates that the authority is trusted by: --ca-roots FILE")
	p.run("rehearse", "www.example.org", "--ca", "https://127.0.0.1:1/dir").is(t, exitError, "connection refused", "hint: check the URL of the authority, --ca or")
	p.run("rehearse", "www.example.org", "--ca", ca.Directory, "--ca-roots", ca.RootsFile(t)).is(t, exitError, "--agree-tos")
}

// An authority that opens accounts for its customers alone is shown who asks, as
// the environment or the inventory has it; neither is ever shown to anybody else.
func TestRehearseBound(t *testing.T) {
	const kid, mac = "kid-7Yc2", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	bound := acmetest.Config{Bound: true, Keys: map[string]string{kid: mac}}
	p := rehearsedAt(t, "", bound)
	try := func(code int, want ...string) {
		t.Helper()
		e := p.run("rehearse", "www.example.org", "--agree-tos", "-v").is(t, code, want...)
		for _, secret := range []string{kid, mac[:9]} {
			if strings.Contains(e.stdout+e.stderr, secret) {
				t.Errorf("%s is shown:\n%s%s", secret, e.stdout, e.stderr)
			}
		}
	}
	try(exitError, "eab_kid: not given, and not set in the environment: EAB_KID, EAB_KID_FILE, LEGO_EAB_KID, LEGO_EAB_KID_FILE",
		"hint: have the authority give you a key id and a MAC key (EAB), and set EAB_KID and EAB_HMAC_KEY", "dnsplan rehearse www.example.org --ca letsencrypt-staging")
	p.env["EAB_KID"] = kid
	try(exitError, "eab_hmac_key: not given, and not set in the environment: EAB_HMAC_KEY")
	p.env["EAB_HMAC_KEY"] = "%" + mac
	try(exitError, "the MAC key of the account to bind to is not in base64", "hint: set EAB_HMAC_KEY")
	p.env["EAB_HMAC_KEY"] = strings.ToLower(mac)
	try(exitError, "the authority does not take the key id and the MAC key", "hint: check EAB_KID and EAB_HMAC_KEY")
	delete(p.env, "EAB_HMAC_KEY")
	p.write("mac", mac+"\n")
	p.env["EAB_HMAC_KEY_FILE"] = p.path("mac")
	try(exitDone, "A certificate for www.example.org would be issued.")

	p = rehearsedAt(t, "eab_kid = \"file:kid\"\neab_hmac_key = \"cred:eab\"\n", bound)
	p.write("kid", kid)
	try(exitError, "eab_hmac_key: secret cred:eab: ", "hint: set the variable, or write the file, or name another place for the secret")
	p.env["CREDENTIALS_DIRECTORY"] = p.dir
	p.write("eab", mac)
	try(exitDone, "A certificate for www.example.org would be issued.")
}
