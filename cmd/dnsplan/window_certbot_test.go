package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

// nowhereAddr is where no name leads.
const nowhereAddr = "127.0.0.79"

// certbotRig is an origin at which Debian's certbot listens while it has a challenge
// to answer, and dnsplan while it places a token.
type certbotRig struct {
	*issuanceRig
	certbot string
}

func newCertbotRig(t *testing.T) *certbotRig {
	t.Helper()
	if testing.Short() {
		t.Skip("certbot takes seconds: left out by -short")
	}
	certbot := needs.Program(t, "certbot", "certbot")
	r := &certbotRig{newIssuanceRig(t, true), certbot}
	t.Setenv("REQUESTS_CA_BUNDLE", r.roots)
	t.Setenv("no_proxy", "*") // certbot would ask one of the environment, for loopback too
	return r
}

// order is certbot's command line for a certificate, listening at an address.
func (r *certbotRig) order(at string, more ...string) []string {
	args := []string{
		r.certbot, "certonly", "--non-interactive", "--agree-tos", "--register-unsafely-without-email", "--server", r.ca.Directory,
		"--standalone", "--http-01-address", at, "--http-01-port", strconv.Itoa(r.port), "-d", "www.example.org",
		"--config-dir", r.path("certbot"), "--work-dir", r.path("work"), "--logs-dir", r.path("logs"),
	}
	return append(args, more...)
}

// alone runs certbot without a window, and returns its exit code and what it said.
func (r *certbotRig) alone(argv []string) (code int, said string) {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), argv[0], argv[1:]...) //nolint:gosec // G204: the test's own command
	cmd.Env = append(os.Environ(), r.env...)
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), string(out)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return 0, string(out)
}

// onPath has shells find dnsplan. It is a script, since the test binary must never be
// run by the name without being told that it is dnsplan: it would test again.
func (r *certbotRig) onPath() {
	r.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\"\n", asProgram, exe)
	if err := os.WriteFile(r.path("dnsplan"), []byte(script), 0o700); err != nil { //nolint:gosec // G306: it is run
		r.t.Fatal(err)
	}
	r.t.Setenv("PATH", r.dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// issued is the certificate that certbot has got, which the authority's roots trust.
func (r *certbotRig) issued() {
	r.t.Helper()
	pair, err := tls.LoadX509KeyPair(r.path(chainFile), r.path(keyFile))
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
	if code != 1 || r.turnedAway.Load() == 0 || !strings.Contains(said, "403") {
		t.Fatalf("through the proxy, which was asked %d times, certbot ended with %d:\n%s", r.turnedAway.Load(), code, said)
	}
	command := append([]string{"window", "www.example.org", "--"}, r.order(originV4)...)
	got := r.run(command...).is(t, exitDone, "Successfully received certificate")
	if said := strings.Join(strings.Fields(got.stderr), " "); strings.Contains(said, "the certificate of before") || !strings.Contains(said, "serves a new certificate for www.example.org, serial ") {
		t.Errorf("the new certificate is not told of:\n%s", got.stderr)
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

// Certbot's own hooks open and close the window, for a try that fails and for one
// that does not. A hook that refuses keeps certbot from nothing, but the proxy is on.
func TestWindowCertbotHooks(t *testing.T) {
	r := newCertbotRig(t)
	r.onPath()
	hook := func(args string) string { return "dnsplan window " + args + " -i " + r.path("inventory.toml") }
	hooks := []string{"--pre-hook", hook("open www.example.org --deadline 2m"), "--post-hook", hook("close www.example.org")}
	for _, try := range []struct {
		at, says, toggles string
		code              int
	}{
		{nowhereAddr, "connection refused", "off on", 1},
		{originV4, "Successfully received certificate", "off on off on", 0},
	} {
		code, said := r.alone(r.order(try.at, hooks...))
		if code != try.code || !strings.Contains(said, try.says) {
			t.Errorf("certbot at %s ended with %d, want %d and %q:\n%s", try.at, code, try.code, try.says, said)
		}
		r.closed(try.toggles)
	}
	r.issued()
	met := r.turnedAway.Load()
	code, said := r.alone(r.order(originV4, append(hooks, "--force-renewal")...))
	if code != 1 || r.turnedAway.Load() == met || !strings.Contains(said, "the certificate is not due") {
		t.Errorf("with a hook that refuses certbot ended with %d:\n%s", code, said)
	}
	r.closed("off on off on")
}
