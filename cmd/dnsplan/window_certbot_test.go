package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

const (
	edgeAddr    = "127.0.0.78"
	nowhereAddr = "127.0.0.79" // where no name leads
)

// certbotRig is www.example.org behind a proxy that answers every challenge with a
// page of its own: Debian's certbot, which listens at the origin while it has a
// challenge to answer, a certificate authority that goes by the DNS as it is at the
// moment, and dnsplan.
type certbotRig struct {
	*windowRig
	ca      *acmetest.CA
	roots   string // file of what trusts the authority
	certbot string
	port    int
	// edgeAsked counts the requests that the proxy has turned away.
	edgeAsked atomic.Int64
}

func newCertbotRig(t *testing.T) *certbotRig {
	t.Helper()
	if testing.Short() {
		t.Skip("certbot takes seconds: left out by -short")
	}
	r := &certbotRig{certbot: findProgram(t, "certbot"), windowRig: newWindowRig(t)}
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool { return x.ID != "a2" })
	web := acmetest.Listen(t, edgeAddr, originV4)
	acmetest.Serve(t, web[0], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		r.edgeAsked.Add(1)
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<title>Just a moment...</title>")
	}))
	_ = web[1].Close() // it is certbot's
	r.port = acmetest.Port(web[0])
	names := resolvertest.Serve(t, r.fake.DNS("example.org", netip.MustParseAddr(edgeAddr)))
	r.ca = acmetest.NewCA(t, acmetest.Config{DNS: names, HTTPPort: r.port})
	r.roots = r.ca.RootsFile(t)
	t.Setenv("REQUESTS_CA_BUNDLE", r.roots)
	r.writeInventory(names, r.serveCertificate())
	return r
}

// findProgram returns a program's path, or skips the test.
func findProgram(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if os.Getenv("DNSPLAN_REQUIRE_SERVERS") == "1" {
		t.Fatalf("%s is not installed and DNSPLAN_REQUIRE_SERVERS is 1: apt-get install %s", program, program)
	}
	t.Skipf("%s is not installed: apt-get install %s", program, program)
	return ""
}

func (r *certbotRig) writeInventory(names netip.AddrPort, https int) {
	r.t.Helper()
	text := fmt.Sprintf(`version = 1
[check]
ready = "1s"
http_port = %d
https_port = %d
allow_reserved = true
ca = %q
ca_roots = %q
challenge = { listen = "%s:%d" }
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
`, r.port, https, r.ca.Directory, r.roots, originV4, r.port, r.settings, names, originV4)
	if err := os.WriteFile(r.path("inventory.toml"), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// serveCertificate has the origin serve what certbot has got, and a certificate that
// nobody trusts before that. It returns the port.
func (r *certbotRig) serveCertificate() int {
	r.t.Helper()
	l := acmetest.Listen(r.t, originV4)[0]
	untrusted := selfSigned(r.t)
	config := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if c, err := tls.LoadX509KeyPair(r.live("fullchain.pem"), r.live("privkey.pem")); err == nil {
			return &c, nil
		}
		return &untrusted, nil
	}}
	acmetest.Serve(r.t, tls.NewListener(l, config), http.NotFoundHandler())
	return acmetest.Port(l)
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	is := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "www.example.org"}, DNSNames: []string{"www.example.org"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, is, is, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// live is a file of the certificate that certbot has got.
func (r *certbotRig) live(file string) string {
	return r.path("certbot/config/live/www.example.org/" + file)
}

// order is certbot's command line for a certificate, listening at an address.
func (r *certbotRig) order(at string, more ...string) []string {
	args := []string{
		r.certbot, "certonly", "--non-interactive", "--agree-tos", "--register-unsafely-without-email", "--server", r.ca.Directory,
		"--standalone", "--http-01-address", at, "--http-01-port", strconv.Itoa(r.port), "-d", "www.example.org",
		"--config-dir", r.path("certbot/config"), "--work-dir", r.path("certbot/work"), "--logs-dir", r.path("certbot/logs"),
	}
	return append(args, more...)
}

// alone runs certbot without a window, and returns its exit code and what it said.
func (r *certbotRig) alone(argv []string) (code int, said string) {
	r.t.Helper()
	out, err := exec.CommandContext(r.t.Context(), argv[0], argv[1:]...).CombinedOutput() //nolint:gosec // G204: the test's own command
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), string(out)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return 0, string(out)
}

// closed fails the test unless the proxy went off and on as often, and www is as it
// was at first.
func (r *certbotRig) closed(toggles string) {
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

// issued is the certificate that certbot has got, which the authority's roots trust.
func (r *certbotRig) issued() {
	r.t.Helper()
	pair, err := tls.LoadX509KeyPair(r.live("fullchain.pem"), r.live("privkey.pem"))
	if err != nil {
		r.t.Fatal(err)
	}
	between := x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	opts := x509.VerifyOptions{DNSName: "www.example.org", Roots: r.ca.Roots(), Intermediates: between}
	if _, err := pair.Leaf.Verify(opts); err != nil {
		r.t.Error(err)
	}
}

// Through the proxy certbot gets no certificate; in a window it does, and the proxy
// is on again behind it. A certificate that is fresh opens no other window.
func TestWindowCertbot(t *testing.T) {
	r := newCertbotRig(t)
	code, said := r.alone(r.order(originV4))
	if code != 1 || r.edgeAsked.Load() == 0 || !strings.Contains(said, "403") {
		t.Fatalf("through the proxy, which was asked %d times, certbot ended with %d:\n%s", r.edgeAsked.Load(), code, said)
	}
	command := append([]string{"window", "www.example.org", "--"}, r.order(originV4)...)
	got := r.run(command...).is(t, exitDone, "Successfully received certificate")
	if strings.Contains(got.stderr, "serves the certificate of before") {
		t.Errorf("another certificate is taken for the old one:\n%s", got.stderr)
	}
	r.issued()
	r.closed("off on")
	r.run(command...).is(t, exitRefused, "the certificate is not due")
	r.closed("off on")
}

// A certbot that fails in its window has its exit code passed on, and the proxy is
// on: here its standalone server is not where the name leads.
func TestWindowCertbotFails(t *testing.T) {
	r := newCertbotRig(t)
	r.run(append([]string{"window", "www.example.org", "--"}, r.order(nowhereAddr)...)...).
		is(t, 1, fmt.Sprintf("dial tcp %s:%d: connect: connection refused", originV4, r.port), "ended with exit code 1")
	r.closed("off on")
}
