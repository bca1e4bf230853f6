package acme

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/acme/cert"
)

// issued is a certificate for a test: for which names, by whom, and when.
type issued struct {
	names        []string
	organization string
	from, until  time.Time
	// between says that an authority between the root and this has issued it, and
	// version is the latest of TLS that its server speaks; 0 is today's.
	between bool
	version uint16
}

// secure is a site with servers of certificates beside those of HTTP.
type secure struct {
	*site
	tls  []net.Listener
	now  time.Time
	root *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newSecure is newSite at a fixed time, with nobody serving certificates yet.
func newSecure(t *testing.T, addrs ...string) *secure {
	t.Helper()
	s := &secure{site: newSite(t, addrs...), tls: acmetest.Listen(t, addrs...), now: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)}
	now := func() time.Time { return s.now }
	s.key = newKey(t)
	s.root = sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{"Let's Encrypt"}, CommonName: "R13"},
		NotBefore: s.now.AddDate(-1, 0, 0), NotAfter: s.now.AddDate(9, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, s.key, s.key)
	s.opts.Roots = x509.NewCertPool()
	s.opts.Roots.AddCert(s.root)
	s.opts.HTTPSPort, s.opts.Now = acmetest.Port(s.tls[0]), now
	s.opts.Certificates = cert.New(cert.Options{
		Port: uint16(s.opts.HTTPSPort), Now: now, HSTS: true,
		HTTP: &http.Client{Transport: offline{}},
	})
	return s
}

// offline is an authority that is never reached: renewal goes by life.
type offline struct{}

func (offline) RoundTrip(*http.Request) (*http.Response, error) { return nil, net.ErrClosed }

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign signs with the key of the parent; without one it is self-signed.
func sign(t *testing.T, template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// issue signs a certificate. What is left out of it is as Let's Encrypt would have
// issued it for www.example.org ten days ago.
func (s *secure) issue(i int, c issued) (*x509.Certificate, *ecdsa.PrivateKey) {
	s.t.Helper()
	if c.from.IsZero() {
		c.from = s.now.AddDate(0, 0, -10)
	}
	if c.until.IsZero() {
		c.until = c.from.AddDate(0, 0, 90)
	}
	if c.names == nil {
		c.names = []string{"www.example.org"}
	}
	key, parent, by := newKey(s.t), s.root, s.key
	template := &x509.Certificate{SerialNumber: big.NewInt(int64(2 + i)), DNSNames: c.names, NotBefore: c.from, NotAfter: c.until, Subject: pkix.Name{CommonName: c.names[0]}}
	if c.between {
		by = newKey(s.t)
		parent = sign(s.t, &x509.Certificate{
			SerialNumber: big.NewInt(8), Subject: pkix.Name{Organization: []string{"Let's Encrypt"}, CommonName: "Between"},
			NotBefore: s.now.AddDate(-1, 0, 0), NotAfter: s.now.AddDate(9, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}, s.root, by, s.key)
		template.IssuingCertificateURL = []string{"http://between.example.net/"}
	}
	if c.organization != "" {
		by = newKey(s.t)
		parent = sign(s.t, &x509.Certificate{
			SerialNumber: big.NewInt(9), Subject: pkix.Name{Organization: []string{c.organization}, OrganizationalUnit: []string{c.organization}, CommonName: c.organization},
			NotBefore: s.now.AddDate(-1, 0, 0), NotAfter: s.now.AddDate(9, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}, nil, by, by)
		if c.organization == "self" {
			parent, by = nil, key
		}
	}
	return sign(s.t, template, parent, key, by), key
}

// serveTLS serves a certificate at the i-th address.
func (s *secure) serveTLS(i int, c issued, h http.Handler) {
	s.t.Helper()
	leaf, key := s.issue(i, c)
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}}, MinVersion: tls.VersionTLS10, MaxVersion: c.version,
	}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.ServeTLS(s.tls[i], "", "")
	}()
	s.t.Cleanup(func() { _ = server.Close(); <-done })
}
