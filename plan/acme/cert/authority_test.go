package cert_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

// now is a fixed time, so that no certificate of a test runs out.
var now = time.Date(2026, time.November, 23, 6, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// signer is an issuing certificate with its key.
type signer struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// root makes an authority that signs itself.
func root(t *testing.T, subject pkix.Name) *signer {
	t.Helper()
	s := &signer{t: t}
	return s.sign(&x509.Certificate{
		Subject: subject, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: now.Add(-1000 * day), NotAfter: now.Add(1000 * day),
	})
}

// sign makes a certificate with a key of its own; a signer without a
// certificate has it sign itself.
func (s *signer) sign(template *x509.Certificate) *signer {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	by, with := s.cert, s.key
	if by == nil {
		by, with = template, key
	}
	if template.SerialNumber == nil {
		template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62))
		if err != nil {
			s.t.Fatal(err)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by, key.Public(), with)
	if err != nil {
		s.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	return &signer{s.t, cert, key}
}

// leaf is a template for a server's certificate, half way through its life.
func leaf(names ...string) *x509.Certificate {
	return &x509.Certificate{DNSNames: names, NotBefore: now.Add(-45 * day), NotAfter: now.Add(45 * day)}
}

// pair is what a server needs to show s and the certificates above it.
func (s *signer) pair(above ...*signer) tls.Certificate {
	out := tls.Certificate{Certificate: [][]byte{s.cert.Raw}, PrivateKey: s.key}
	for _, a := range above {
		out.Certificate = append(out.Certificate, a.cert.Raw)
	}
	return out
}

func pool(of ...*signer) *x509.CertPool {
	p := x509.NewCertPool()
	for _, s := range of {
		p.AddCert(s.cert)
	}
	return p
}
