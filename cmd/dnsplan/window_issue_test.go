package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/certtest"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

const edgeAddr = "127.0.0.78"

// issuanceRig is www.example.org behind a proxy that answers every challenge with a
// page of its own, a certificate authority that goes by the DNS as it is at the
// moment and keeps nothing, and dnsplan.
type issuanceRig struct {
	*windowRig
	ca    *acmetest.CA
	roots string // file of what trusts the authority
	// origin is where challenges are fetched while the proxy is off; nil where whoever
	// has one to answer listens there.
	origin net.Listener
	port   int
	// turnedAway counts the requests that the proxy has answered.
	turnedAway atomic.Int64
}

// newIssuanceRig has a web server at the origin, or, standalone, none: then dnsplan
// listens there itself while it places a token.
func newIssuanceRig(t *testing.T, standalone bool) *issuanceRig {
	t.Helper()
	r := &issuanceRig{windowRig: newWindowRig(t)}
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool { return x.ID != "a2" })
	web := acmetest.Listen(t, edgeAddr, originV4)
	acmetest.Serve(t, web[0], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		r.turnedAway.Add(1)
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<title>Just a moment...</title>")
	}))
	r.origin, r.port = web[1], acmetest.Port(web[1])
	challenge := ""
	if standalone {
		_ = r.origin.Close()
		r.origin, challenge = nil, fmt.Sprintf("challenge = { listen = \"%s:%d\" }", originV4, r.port)
	}
	names := resolvertest.Serve(t, r.fake.DNS("example.org", netip.MustParseAddr(edgeAddr)))
	r.ca = acmetest.NewCA(t, acmetest.Config{DNS: names, HTTPPort: r.port})
	r.roots = r.ca.RootsFile(t)
	r.inventoryWith(names, r.serveCertificate(), challenge)
	return r
}

func (r *issuanceRig) inventoryWith(names netip.AddrPort, https int, challenge string) {
	r.t.Helper()
	text := fmt.Sprintf(`version = 1
[check]
ready = 0
http_port = %d
https_port = %d
allow_reserved = true
ca = %q
ca_roots = %q
%s
[[provider]]
name = "cf"
type = "cloudflare"
%s
[[zone]]
name = "example.org"
provider = "cf"
servers = [%q]
[[zone.record]]
name = "www"
a = [%q]
acme = "http-01"
`, r.port, https, r.ca.Directory, r.roots, challenge, r.settings, names, originV4)
	if err := os.WriteFile(r.path("inventory.toml"), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// The files of the origin's certificate, where certbot places them.
const (
	chainFile = "certbot/live/www.example.org/fullchain.pem"
	keyFile   = "certbot/live/www.example.org/privkey.pem"
)

// serveCertificate has the origin serve the certificate of chainFile, and one that
// nobody trusts before that is there. It returns the port.
func (r *issuanceRig) serveCertificate() int {
	r.t.Helper()
	l := acmetest.Listen(r.t, originV4)[0]
	untrusted := certtest.SelfSigned(r.t, &x509.Certificate{
		DNSNames: []string{"www.example.org"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}).Pair()
	config := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if c, err := tls.LoadX509KeyPair(r.path(chainFile), r.path(keyFile)); err == nil {
			return &c, nil
		}
		return &untrusted, nil
	}}
	acmetest.Serve(r.t, tls.NewListener(l, config), http.NotFoundHandler())
	return acmetest.Port(l)
}

// closed fails the test unless the proxy went off and on as often, and www is as it
// was at first.
func (r *issuanceRig) closed(toggles string) {
	r.t.Helper()
	if got := r.toggles(); got != toggles {
		r.t.Errorf("toggled %q, want %q", got, toggles)
	}
	for _, x := range r.fake.Records("example.org") {
		if x.ID == "a1" && (!x.Proxied || x.TTL != 1 || x.Comment != "web") {
			r.t.Errorf("live is %+v", x)
		}
	}
}

// refuses expects the authority to meet the proxy.
func (r *issuanceRig) refuses(site *acmetest.Site) {
	r.t.Helper()
	met := r.turnedAway.Load()
	_, err := r.ca.Order(r.t.Context(), site, "www.example.org")
	if p, ok := errors.AsType[acme.Problem](err); !ok || p.Type != acme.ProblemTypeUnauthorized || r.turnedAway.Load() == met {
		r.t.Errorf("through the proxy, which answered %d requests: %v", r.turnedAway.Load()-met, err)
	}
}

// An authority that meets the proxy refuses, before a window and behind it; while
// the window is open it issues. The command has the window open as long as it runs.
func TestWindowIssuance(t *testing.T) {
	r := newIssuanceRig(t, false)
	site := &acmetest.Site{}
	acmetest.Serve(t, r.origin, site)
	r.refuses(site)
	p := r.start("window", "www.example.org", "--", "sh", "-c", "touch begun; until [ -e ordered ]; do sleep 0.05; done")
	r.commandRuns("begun")
	met := r.turnedAway.Load()
	if _, err := r.ca.Order(t.Context(), site, "www.example.org"); err != nil || r.turnedAway.Load() != met {
		t.Errorf("in the window: %v; the proxy answered %d requests", err, r.turnedAway.Load()-met)
	}
	if err := os.WriteFile(r.path("ordered"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.wait().is(t, exitDone, "proxied again")
	r.closed("off on")
	r.refuses(site)
}
