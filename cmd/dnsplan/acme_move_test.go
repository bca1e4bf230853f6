package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mholt/acmez/v3/acme"
	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

// client is an ACME client that places challenges in the folder of a web server.
type client struct{ webroot string }

func (c client) path(ch acme.Challenge) string {
	return filepath.Join(c.webroot, filepath.FromSlash(ch.HTTP01ResourcePath()))
}

func (c client) Present(_ context.Context, ch acme.Challenge) error {
	if err := os.MkdirAll(filepath.Dir(c.path(ch)), 0o750); err != nil {
		return err
	}
	return os.WriteFile(c.path(ch), []byte(ch.KeyAuthorization), 0o600)
}

func (c client) CleanUp(_ context.Context, ch acme.Challenge) error { return os.Remove(c.path(ch)) }

// zoneServer serves a zone file as it is at each question, with some words of its
// lines replaced.
func zoneServer(t *testing.T, path string, replace ...string) netip.AddrPort {
	t.Helper()
	return resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("serve the zone: %v", err)
			return
		}
		var lines []string
		p := dns.NewZoneParser(strings.NewReader(string(text)), "example.org.", path)
		for rr, ok := p.Next(); ok; rr, ok = p.Next() {
			lines = append(lines, strings.NewReplacer(replace...).Replace(rr.String()))
		}
		if err := p.Err(); err != nil {
			t.Errorf("serve the zone: %v", err)
			return
		}
		resolvertest.NewZone(t, lines...).ServeDNS(w, q)
	}))
}

// atMilestone is a standard output that calls do as the stream tells the milestone.
type atMilestone struct {
	name string
	do   func()
	text strings.Builder
}

func (w *atMilestone) Write(b []byte) (int, error) {
	if strings.Contains(string(b), `"milestone":"`+w.name+`"`) {
		w.do()
	}
	return w.text.Write(b)
}

// move is a name that goes from one web server to another, on which the ACME client
// runs, and the authority that looks it up.
type move struct {
	*program
	ca     *acmetest.CA
	client client
}

// order asks the authority for a certificate for www.example.org.
func (m *move) order() error {
	_, err := m.ca.Order(m.t.Context(), m.client, "www.example.org")
	return err
}

// acmeMove brings the web servers at the old and the new address, and the program:
// provider are the lines of the inventory about provider and zone, and dns is who
// the authority asks.
func acmeMove(t *testing.T, old, is string, record string, serve func(t *testing.T) (provider string, env map[string]string, dns netip.AddrPort)) *move {
	t.Helper()
	web := acmetest.Listen(t, old, is)
	m := &move{client: client{t.TempDir()}}
	acmetest.Serve(t, web[0], http.NotFoundHandler())
	acmetest.Serve(t, web[1], http.FileServer(http.Dir(m.client.webroot)))
	provider, env, at := serve(t)
	m.ca = acmetest.NewCA(t, acmetest.Config{DNS: at, HTTPPort: acmetest.Port(web[0])})
	m.program = newProgram(t, fmt.Sprintf(`version = 1
[defaults]
ttl        = "5m"
change_ttl = "5m"
settle     = "1m"
[check]
ca             = %q
ready          = "1m"
http_port      = %d
allow_reserved = true
[check.challenge]
webroot = %q
%s
[[zone.record]]
name = "www"
acme = "http-01"
%s
`, m.ca.Directory, acmetest.Port(web[0]), m.client.webroot, provider, record))
	maps.Copy(m.env, env)
	return m
}

// onFiles holds the zone in a file that a server of the test serves; the authority
// sees some of its addresses replaced.
func onFiles(www string, replace ...string) func(*testing.T) (string, map[string]string, netip.AddrPort) {
	return func(t *testing.T) (string, map[string]string, netip.AddrPort) {
		dir := t.TempDir()
		path := filepath.Join(dir, "example.org.zone")
		if err := os.WriteFile(path, []byte(movedZone(www)), 0o600); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("[[provider]]\nname = \"files\"\ntype = \"zonefile\"\ndir = %q\n[[zone]]\nname = \"example.org\"\nprovider = \"files\"\nservers = [%q]",
			dir, zoneServer(t, path)), nil, zoneServer(t, path, replace...)
	}
}

// onBIND holds the zone in a BIND that takes updates.
func onBIND(www string) func(*testing.T) (string, map[string]string, netip.AddrPort) {
	return func(t *testing.T) (string, map[string]string, netip.AddrPort) {
		s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": movedZone(www)}})
		return fmt.Sprintf("[[provider]]\nname = \"dns\"\ntype = \"rfc2136\"\n%s[[zone]]\nname = \"example.org\"\nprovider = \"dns\"\nservers = [%q]",
			signedBy(s.Addr, s.Key, "env:TEST_TSIG"), s.Addr), map[string]string{"TEST_TSIG": s.Key.Secret}, s.Addr
	}
}

func movedZone(www string) string {
	return "$ORIGIN example.org.\n$TTL 300\n@ IN SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ IN NS ns1\nns1 IN A 192.0.2.53\n" + www + "\n"
}

// TestIssuanceAroundAMove: no certificate can be issued on the new server before
// the planned change; from the moment on that the run tells, and behind it, one can.
func TestIssuanceAroundAMove(t *testing.T) {
	const old, is = "127.0.0.11", "127.0.0.12"
	for _, tt := range []struct {
		name, old, is, record string
		serve                 func(*testing.T) (string, map[string]string, netip.AddrPort)
	}{
		{"A, files", old, is, `a = ["127.0.0.12"]`, onFiles("www IN A 127.0.0.11")},
		{"A, BIND", old, is, `a = ["127.0.0.12"]`, onBIND("www IN A 127.0.0.11")},
		// Of IPv6 a machine has one loopback address: the old server is at another for
		// the authority alone.
		{"AAAA, files", old, "::1", `aaaa = ["::1"]`, onFiles("www IN AAAA 2001:db8::11", "2001:db8::11", "::ffff:127.0.0.11")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			needs.Address(t, tt.is)
			m := acmeMove(t, tt.old, tt.is, tt.record, tt.serve)
			if err := m.order(); err == nil {
				t.Fatal("a certificate is issued before the change")
			}
			out := &atMilestone{name: "ca-ready", do: func() {
				if err := m.order(); err != nil {
					t.Errorf("no certificate as the authority is ready: %v", err)
				}
			}}
			m.stdout = out
			m.run("apply", "--auto-approve", "--json").is(t, exitDone)
			if n := strings.Count(out.text.String(), `"type":"milestone"`); n != 2 {
				t.Errorf("%d milestones are told:\n%s", n, out.text.String())
			}
			if err := m.order(); err != nil {
				t.Errorf("no certificate behind the change: %v", err)
			}
			m.stdout = nil
			m.run("plan", "--detailed-exitcode").is(t, exitDone)
		})
	}
}

// TestMoveIsChecked: where the new server does not answer challenges, nothing is
// written, unless a person says so.
func TestMoveIsChecked(t *testing.T) {
	m := acmeMove(t, "127.0.0.11", "127.0.0.12", `a = ["127.0.0.13"]`, onFiles("www IN A 127.0.0.11"))
	for _, strategy := range []string{"staged", "direct"} {
		got := m.run("apply", "--auto-approve", "--strategy", strategy).is(t, exitError)
		for _, want := range []string{
			"nothing is switched, www.example.org A: the challenge of www.example.org at 127.0.0.13:",
			"connection refused", "by a plan made with --no-acme-check", "0 of 1 change applied",
		} {
			if text := flowing(got); !strings.Contains(text, want) {
				t.Errorf("%s: nothing says %q\n%s", strategy, want, text)
			}
		}
		m.run("plan", "--json").is(t, exitDone, `"before": {`, "127.0.0.11")
	}
	plan := m.run("plan", "--no-acme-check", "--json").is(t, exitDone, `"no_acme_check": true`, "so --no-acme-check says")
	if strings.Contains(plan.stdout, `"kind": "probe"`) || strings.Contains(plan.stdout, `"challenge"`) {
		t.Error("it asks all the same")
	}
	m.run("apply", "--auto-approve", "--no-acme-check").is(t, exitDone, "1 of 1 change applied")
}

// TestMoveWithoutAPlanter: the port and the path are asked alone, and the run says
// what that does not show.
func TestMoveWithoutAPlanter(t *testing.T) {
	m := acmeMove(t, "127.0.0.11", "127.0.0.12", `a = ["127.0.0.12"]`, onFiles("www IN A 127.0.0.11"))
	site := m.read("inventory.toml")
	before, _, _ := strings.Cut(site, "[check.challenge]")
	m.write("inventory.toml", before+site[strings.Index(site, "[[provider]]"):])
	got := m.run("apply", "--auto-approve").is(t, exitDone, "1 of 1 change applied")
	if text := flowing(got); !strings.Contains(text, "but whether it serves the tokens of the ACME client cannot be told") {
		t.Error(text)
	}
}

// TestReservedMoveIsNotAsked: examples of documentation are applied, and the plan
// says that nobody was asked.
func TestReservedMoveIsNotAsked(t *testing.T) {
	m := acmeMove(t, "127.0.0.11", "127.0.0.12", `a = ["203.0.113.11"]`, onFiles("www IN A 192.0.2.1"))
	m.write("inventory.toml", strings.Replace(m.read("inventory.toml"), "allow_reserved = true", "", 1))
	got := m.run("plan").is(t, exitDone)
	codes := []string{"[acme-not-checked]", "[acme-bridge]", "[cached-authorization]"}
	if text := flowing(got); slices.ContainsFunc(codes, func(code string) bool { return !strings.Contains(text, code) }) || strings.Contains(text, "probe ") {
		t.Error(text)
	}
	m.run("apply", "--auto-approve").is(t, exitDone, "1 of 1 change applied")
	m.run("show", "01").is(t, exitDone, "ca-ready", "world-ready")
}
