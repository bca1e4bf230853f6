// Package certtest makes certificates for tests, each with a key of its own:
//
//	ca := certtest.Authority(t, pkix.Name{CommonName: "Root"}, now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
//	www := ca.Sign(&x509.Certificate{DNSNames: []string{"www.example.org"}, NotBefore: now, NotAfter: now.AddDate(0, 0, 90)})
//	server.TLS = &tls.Config{Certificates: []tls.Certificate{www.Pair()}}
package certtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"testing"
	"time"
)

// Signed is a certificate with its key.
type Signed struct {
	Cert *x509.Certificate
	Key  *ecdsa.PrivateKey

	t testing.TB
}

// Authority makes an authority that signs itself.
func Authority(t testing.TB, subject pkix.Name, from, until time.Time) *Signed {
	t.Helper()
	return SelfSigned(t, Issuing(subject, from, until))
}

// Issuing is the template of an authority's certificate.
func Issuing(subject pkix.Name, from, until time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject: subject, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
}

// SelfSigned makes a certificate that signs itself. A template without a serial
// number gets one at random.
func SelfSigned(t testing.TB, template *x509.Certificate) *Signed {
	t.Helper()
	return (&Signed{t: t}).Sign(template)
}

// Sign makes a certificate that s has signed.
func (s *Signed) Sign(template *x509.Certificate) *Signed {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	parent, by := s.Cert, s.Key
	if parent == nil {
		parent, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		s.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	return &Signed{cert, key, s.t}
}

// Pair is what a server needs to show s, and the certificates above it.
func (s *Signed) Pair(above ...*Signed) tls.Certificate {
	out := tls.Certificate{Certificate: [][]byte{s.Cert.Raw}, PrivateKey: s.Key}
	for _, a := range above {
		out.Certificate = append(out.Certificate, a.Cert.Raw)
	}
	return out
}

// PEM is the certificate as files hold it (RFC 7468, section 5).
func (s *Signed) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Cert.Raw})
}

// Pool holds the certificates as roots to trust.
func Pool(of ...*Signed) *x509.CertPool {
	p := x509.NewCertPool()
	for _, s := range of {
		p.AddCert(s.Cert)
	}
	return p
}
