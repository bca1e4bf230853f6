package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/certtest"
)

// certified makes a certificate for www.example.org that is trusted by the file of
// itself.
func certified(t *testing.T, from, to time.Time) (pair tls.Certificate, file string) {
	t.Helper()
	is := certtest.SelfSigned(t, &x509.Certificate{
		DNSNames: []string{"www.example.org"}, NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true,
	})
	file = filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(file, is.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return is.Pair(), file
}

// serveTLS answers over TLS with the certificate.
func serveTLS(t *testing.T, l net.Listener, pair tls.Certificate) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	_ = s.Listener.Close()
	s.Listener, s.TLS = l, &tls.Config{Certificates: []tls.Certificate{pair}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
}

// certificateSite moves www from 127.0.0.11 to 127.0.0.12, on files.
func certificateSite(t *testing.T, port int, roots, record string) *program {
	t.Helper()
	provider, _, _ := onFiles("www IN A 127.0.0.11")(t)
	return newProgram(t, fmt.Sprintf(`version = 1
[defaults]
settle = "1m"
[check]
ca             = "https://ca.example.net/dir"
ca_roots       = %q
https_port     = %d
allow_reserved = true
%s
[[zone.record]]
name = "www"
a    = ["127.0.0.12"]
%s
`, roots, port, provider, record))
}

// TestCertificateIsRequired: where the record says so, nothing is switched to a
// server without a certificate that clients trust.
func TestCertificateIsRequired(t *testing.T) {
	pair, roots := certified(t, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
	_, strange := certified(t, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
	web := acmetest.Listen(t, "127.0.0.12")
	serveTLS(t, web[0], pair)
	p := certificateSite(t, acmetest.Port(web[0]), strange, `tls = "required"`)
	got := flowing(p.run("apply", "--auto-approve").is(t, exitError, "0 of 1 change applied"))
	if want := "nothing is switched, www.example.org A: TLS with " + web[0].Addr().String() + " for www.example.org: its certificate is signed by an unknown authority"; !strings.Contains(got, want) {
		t.Errorf("nothing says %q\n%s", want, got)
	}
	p.run("plan", "--json").is(t, exitDone, `"action": "update"`)
	p = certificateSite(t, acmetest.Port(web[0]), roots, `tls = "required"`)
	p.run("apply", "--auto-approve").is(t, exitDone, "1 of 1 change applied")
}

// TestRenewalIsTold: a certificate that is due before the change is over.
func TestRenewalIsTold(t *testing.T) {
	begin := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC) // of the program's clock
	for _, tt := range []struct {
		name     string
		from, to time.Time
		want     string
	}{
		{"inside", begin.Add(-60 * 24 * time.Hour), begin.Add(30*24*time.Hour + 9*time.Minute), "[renewal-in-change]"},
		{"behind", begin.Add(-24 * time.Hour), begin.Add(90 * 24 * time.Hour), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pair, roots := certified(t, tt.from, tt.to)
			web := acmetest.Listen(t, "127.0.0.11")
			serveTLS(t, web[0], pair)
			p := certificateSite(t, acmetest.Port(web[0]), roots, `acme = "http-01"`)
			got := flowing(p.run("plan").is(t, exitDone))
			if strings.Contains(got, "[renewal-in-change]") != (tt.want != "") {
				t.Error(got)
			}
			if tt.want != "" && !strings.Contains(got, "the certificate that 127.0.0.11 serves is due for renewal from 2026-11-23 06:06 UTC (by its life), and the change takes until 2026-11-23") {
				t.Error(got)
			}
		})
	}
}
