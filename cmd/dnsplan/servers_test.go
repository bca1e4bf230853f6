package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

const bindZone = `$TTL 300
@ IN SOA ns1 hostmaster 1 7200 3600 1209600 300
@ IN NS ns1
ns1 IN A 192.0.2.53
www IN A 192.0.2.1
api IN A 192.0.2.1
`

// updateSite reaches a BIND with a key.
func updateSite(s *dnsd.Server, key dnsd.Key) string {
	return fmt.Sprintf(`version = 1
[defaults]
ttl      = 300
strategy = "direct"
[[provider]]
name = "dns"
type = "rfc2136"
%s[[zone]]
name     = "example.org"
provider = "dns"
servers  = []
[[zone.record]]
name = "www"
a    = ["203.0.113.11"]
[[zone.record]]
name = "api"
a    = ["203.0.113.12"]
`, signedBy(s.Addr, key, "env:TEST_TSIG"))
}

// A server that refuses the update: every record of the batch is named, and
// nothing has changed.
func TestRefusedUpdate(t *testing.T) {
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": bindZone}, NoUpdate: true})
	p := newProgram(t, updateSite(s, s.Key))
	p.env["TEST_TSIG"] = s.Key.Secret
	before := s.AXFR("example.org")
	p.run("plan").is(t, exitDone, "Plan: 0 to create, 2 to update, 0 to delete.")
	got := p.run("apply", "--auto-approve").is(t, exitError, "REFUSED", "www.example.org. A", "api.example.org. A", "0 of 2 changes applied")
	noSecret(t, p, got, s.Key.Secret)
	if after := s.AXFR("example.org"); strings.Join(after, "\n") != strings.Join(before, "\n") {
		t.Errorf("the zone is now %q", after)
	}
	p.run("log", "--json").is(t, exitDone)
	p.run("drift").is(t, exitDifferences)
}

// direct writes and reads back. It asks no DNS server, not even of what a
// refused write has left.
func TestDirectNeverAsks(t *testing.T) {
	var asked atomic.Int64
	spy := resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		asked.Add(1)
		_ = w.WriteMsg(new(dns.Msg).SetRcode(q, dns.RcodeRefused))
	}))
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": bindZone}, NoUpdate: true})
	site := strings.Replace(updateSite(s, s.Key), "servers  = []", fmt.Sprintf("servers  = [%q]", spy), 1)
	p := newProgram(t, site)
	p.env["TEST_TSIG"] = s.Key.Secret
	p.run("apply", "--auto-approve").is(t, exitError, "REFUSED", "0 of 2 changes applied")
	if n := asked.Load(); n > 0 {
		t.Errorf("%d questions were asked", n)
	}
}

// A wrong secret and an unknown key: a failed read, with a hint, and no plan.
func TestTSIGMismatch(t *testing.T) {
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": bindZone}})
	other := s.Key
	other.Secret = "b3RoZXItc2VjcmV0LW9mLTMyLW9jdGV0cy1hdC1hbGw="
	unknown := other
	unknown.Name = "nobody"
	for _, key := range []dnsd.Key{other, unknown} {
		p := newProgram(t, updateSite(s, key))
		p.env["TEST_TSIG"] = key.Secret
		for _, args := range [][]string{{"plan"}, {"drift"}, {"apply", "--auto-approve"}} {
			got := p.run(args...).is(t, exitError, "hint: check the provider's credentials")
			noSecret(t, p, got, key.Secret)
		}
	}
}

// A key that may neither transfer nor update: the plan is made by questions, and
// says so; its first write is refused.
func TestKeyWithoutRights(t *testing.T) {
	stranger := dnsd.Key{Name: "stranger", Algorithm: "hmac-sha256", Secret: "c3RyYW5nZXItc2VjcmV0LTMyLWJ5dGVzLW9rIQ=="}
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": bindZone}, Strangers: []dnsd.Key{stranger}})
	p := newProgram(t, updateSite(s, stranger))
	p.env["TEST_TSIG"] = stranger.Secret
	p.run("plan").is(t, exitDone, "unmanaged names cannot be seen", "allow-transfer")
	p.run("backup").is(t, exitDone, "warning: example.org is not whole, names outside the inventory are missing", "allow-transfer")
	got := p.run("apply", "--auto-approve").is(t, exitError, "REFUSED", "allow-update")
	noSecret(t, p, got, stranger.Secret)
}

// noSecret looks for a secret in everything that was written.
func noSecret(t *testing.T, p *program, got ended, secret string) {
	t.Helper()
	if strings.Contains(got.stdout+got.stderr, secret) {
		t.Error("the secret was printed")
	}
	err := filepath.WalkDir(p.path(".dnsplan"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // what is not there holds no secret
		}
		if b, err := os.ReadFile(path); err != nil || strings.Contains(string(b), secret) {
			t.Errorf("%s: the secret, or %v", path, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// garbageSite asks one resolver and, where servers says so, one authoritative
// server.
const garbageSite = `version = 1
[verify]
require = 1
timeout = "5s"
[[verify.resolver]]
name    = "rubbish"
address = %q
[[provider]]
name = "files"
type = "zonefile"
dir  = "zones"
[[zone]]
name     = "example.org"
provider = "files"
servers  = %s
[[zone.record]]
name = "www"
a    = ["203.0.113.11"]
`

// garbage is a server that answers, but not in DNS.
func garbage(t *testing.T) string {
	t.Helper()
	return resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, _ *dns.Msg) {
		_, _ = w.Write([]byte("this is no DNS message at all"))
	})).String()
}

// A resolver that answers garbage is named and verifies nothing: where one is
// required, nothing is written.
func TestGarbageResolver(t *testing.T) {
	t.Parallel() // it waits for better answers
	p := newProgram(t, fmt.Sprintf(garbageSite, garbage(t), "[]"))
	before := p.read("zones/example.org.zone")
	p.run("apply", "--auto-approve").is(t, exitError, "resolver rubbish (", "malformed reply", "0 of 1 resolvers answered the baseline")
	if p.read("zones/example.org.zone") != before {
		t.Error("written although nobody can verify it")
	}
}

// Garbage from every authoritative server is a failed read, not a difference.
func TestGarbageServer(t *testing.T) {
	t.Parallel() // it waits for better answers
	addr := garbage(t)
	p := newProgram(t, fmt.Sprintf(garbageSite, addr, "["+strconv.Quote(addr)+"]"))
	p.run("verify").is(t, exitError, "no authoritative server of example.org answers", "malformed reply")
}

// Resolvers that are all silent hide nothing of what the servers answer; that too few
// answer is a failed read all the same.
func TestSilentResolvers(t *testing.T) {
	server := resolvertest.Serve(t, resolvertest.NewZone(t,
		"example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60",
		"www.example.org. 300 IN A 203.0.113.11"))
	site := fmt.Sprintf(garbageSite, resolvertest.ClosedPort(t), "["+strconv.Quote(server.String())+"]")
	const silent = "dnsplan: error: no resolver answers: rubbish ("
	p := newProgram(t, site)
	p.run("verify", "www.example.org").is(t, exitError, "A in example.org\n", "authoritative servers\n", "ok ", "203.0.113.11\n",
		"\nNo answer from: rubbish.\nToo few resolvers answer: 1 of 2 answers came.\n", silent)
	p.write("zones/example.net.zone", netZone)
	p.write("inventory.toml", site+"[[zone]]\nname = \"example.net\"\nprovider = \"files\"\nservers = []\n[[zone.record]]\nname = \"www\"\na = [\"192.0.2.3\"]\n")
	got := p.run("verify", "--json").is(t, exitError, `"verdict": "ok"`, `"verdict": "silent"`, `"agree": false`, `"unread": []`, `"error": "no resolver answers: `)
	if n := strings.Count(got.stderr, silent); n != 1 {
		t.Errorf("it says %d times that resolvers are silent:\n%s", n, got.stderr)
	}
	p.write("inventory.toml", strings.Replace(site, "203.0.113.11", "203.0.113.12", 1))
	p.run("verify").is(t, exitError, "\n1 of 1 answers differ: ", silent)
}

// The example at the top of the repository loads, and plans and applies on a
// fresh sandbox.
func TestExampleInventory(t *testing.T) {
	example, err := os.ReadFile(filepath.Join("..", "..", "inventory.example.toml"))
	if err != nil {
		t.Fatal(err)
	}
	p := newProgram(t, string(example))
	p.run("validate").is(t, exitDone, "is valid: 1 zone")
	p.run("plan").is(t, exitDone, "www.example.org A", "Plan: 0 to create, 2 to update, 0 to delete.")
	p.run("verify").is(t, exitDifferences, "differ")
	p.run("apply", "--auto-approve", "--strategy", "direct").is(t, exitDone, "2 of 2 changes applied")
	p.run("plan").is(t, exitDone, "No changes.")
	p.run("drift").is(t, exitDone)
}
