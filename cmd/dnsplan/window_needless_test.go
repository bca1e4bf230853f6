package main

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/certtest"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// needlessEdge is the proxy's address in these tests.
const needlessEdge = "127.0.0.81"

// A token that passes through the proxy needs no window: the command is run, and
// nothing is turned off, unless that is wanted all the same. Where the proxy answers
// by itself, the window opens.
func TestWindowNeedless(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		passes bool
		flags  []string
		said   string
		want   string
	}{
		{true, nil, "a token passes through the proxy of www.example.org: no window is needed", ""},
		{true, []string{"--always"}, "proxied again", "off on"},
		{false, nil, "proxied again", "off on"},
	} {
		t.Run(fmt.Sprint(tt.passes, tt.flags), func(t *testing.T) {
			t.Parallel()
			r := newWindowRig(t)
			r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool { return x.ID != "a2" })
			served := http.FileServer(http.Dir(r.path("web")))
			if err := os.Mkdir(r.path("web"), 0o700); err != nil {
				t.Fatal(err)
			}
			web := acmetest.Listen(t, originV4, needlessEdge)
			acmetest.Serve(t, web[0], served)
			if tt.passes {
				acmetest.Serve(t, web[1], served)
			} else {
				acmetest.Serve(t, web[1], http.NotFoundHandler())
			}
			names := resolvertest.Serve(t, r.fake.DNS("example.org", netip.MustParseAddr(needlessEdge)))
			r.check = fmt.Sprintf("allow_reserved = true\nhttp_port = %d\nchallenge = { webroot = \"web\" }\n", acmetest.Port(web[0]))
			r.servers = fmt.Sprintf("[%q]", names)
			r.inventory()
			r.run(append(append([]string{"window", "www.example.org"}, tt.flags...), "--", "sh", "-c", "echo ran; exit 3")...).is(t, 3, "ran", tt.said)
			if got := r.toggles(); got != tt.want {
				t.Errorf("toggled %q, want %q", got, tt.want)
			}
			if left, err := os.ReadDir(r.path("web")); err != nil || len(left) > 0 {
				t.Errorf("left in the web root: %v, %v", left, err)
			}
		})
	}
}

// A certificate that is not due opens no window, and runs nothing; made to, dnsplan
// warns when it is the same behind the command.
func TestWindowNotDue(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool { return x.ID != "a2" })
	authority := newAuthority(t)
	if err := os.WriteFile(r.path("roots.pem"), authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	first, second := issue(authority, 90*24*time.Hour), issue(authority, 90*24*time.Hour)
	listener := acmetest.Listen(t, originV4)[0]
	port := acmetest.Port(listener)
	serving := tls.NewListener(listener, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if _, err := os.Stat(r.path("renewed")); err == nil {
			return second, nil
		}
		return first, nil
	}})
	acmetest.Serve(t, serving, http.NotFoundHandler())
	r.check += fmt.Sprintf("https_port = %d\nca = \"https://ca.example.net/directory\"\nca_roots = \"roots.pem\"\n", port)
	r.inventory()
	r.run("window", "www.example.org", "--", "touch", "ran").is(t, exitRefused, "www.example.org: the certificate is not due", "--force")
	r.untouched()
	if _, err := os.Stat(r.path("ran")); err == nil {
		t.Error("the command was run")
	}
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool { x.Proxied = false; return true })
	r.run("window", "www.example.org", "--", "true").is(t, exitDone, "no name is proxied")
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool { x.Proxied = x.ID == "a1"; return true })
	r.run("window", "www.example.org", "--force", "--", "true").is(t, exitDone, "serves the certificate of before for www.example.org", "done, but not renewed")
	r.closedAgain("off on")
	r.run("window", "www.example.org", "--force", "--json", "--", "sh", "-c", "touch renewed; exit 5").is(t, 5, `"issued":"new"`, `"exit_code":5`)
	r.closedAgain("off on off on")
}

// A command that needs no window is judged as one in a window is: by the certificate that
// is served behind it. That it failed counts as a try.
func TestWindowNeedlessIsJudged(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool {
		x.Proxied = false
		return x.ID != "a2"
	})
	authority := newAuthority(t)
	if err := os.WriteFile(r.path("roots.pem"), authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	due, fresh := issue(authority, time.Hour), issue(authority, 90*24*time.Hour)
	listener := acmetest.Listen(t, originV4)[0]
	serving := tls.NewListener(listener, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if _, err := os.Stat(r.path("renewed")); err == nil {
			return fresh, nil
		}
		return due, nil
	}})
	acmetest.Serve(t, serving, http.NotFoundHandler())
	r.check += fmt.Sprintf("https_port = %d\nca = \"https://ca.example.net/directory\"\nca_roots = \"roots.pem\"\n", acmetest.Port(listener))
	r.inventory()
	const same = originV4 + " serves the certificate of before for www.example.org"
	r.run("window", "www.example.org", "--", "true").is(t, exitDone, "no name is proxied", "warning: "+same+": nothing was issued")
	failed := r.run("window", "www.example.org", "--json", "--", "sh", "-c", "exit 5").is(t, 5, same+", serial", `"result":"nothing"`, `"issued":"same"`, `"name":"sh"`, `"exit_code":5`)
	if strings.Contains(failed.stderr, "warning") {
		t.Errorf("a failure is warned of: %s", failed.stderr)
	}
	r.run("check", "www.example.org", "--only", "R-RATE", "--json").is(t, exitDone, "seen 1 failure")
	r.run("window", "www.example.org", "--json", "--", "touch", "renewed").is(t, exitDone, originV4+" serves a new certificate for www.example.org", `"issued":"new"`)
	again := r.run("window", "www.example.org", "--", "true").is(t, exitDone, same+", serial")
	if strings.Contains(again.stderr, "warning") {
		t.Errorf("one that is not due is warned of: %s", again.stderr)
	}
	r.untouched()
}

// closedAgain fails the test unless the writes were these and www is proxied.
func (r *windowRig) closedAgain(want string) {
	r.t.Helper()
	if got := r.toggles(); got != want {
		r.t.Errorf("toggled %q, want %q", got, want)
	}
	for _, x := range r.fake.Records("example.org") {
		if x.ID == "a1" && (!x.Proxied || x.Comment != "web") {
			r.t.Errorf("live is %+v", x)
		}
	}
}

func newAuthority(t *testing.T) *certtest.Signed {
	t.Helper()
	return certtest.Authority(t, pkix.Name{CommonName: "test authority"}, time.Now().Add(-time.Hour), time.Now().Add(1000*time.Hour))
}

// issue issues a certificate for www.example.org that is good for so long.
func issue(ca *certtest.Signed, life time.Duration) *tls.Certificate {
	pair := ca.Sign(&x509.Certificate{
		DNSNames: []string{"www.example.org"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(life),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}).Pair()
	return &pair
}
