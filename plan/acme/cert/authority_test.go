package cert_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/certtest"
)

// now is a fixed time, so that no certificate of a test runs out.
var now = time.Date(2026, time.November, 23, 6, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// root makes an authority that signs itself.
func root(t *testing.T, subject pkix.Name) *certtest.Signed {
	t.Helper()
	return certtest.Authority(t, subject, now.Add(-1000*day), now.Add(1000*day))
}

// leaf is a template for a server's certificate, half way through its life.
func leaf(names ...string) *x509.Certificate {
	return &x509.Certificate{DNSNames: names, NotBefore: now.Add(-45 * day), NotAfter: now.Add(45 * day)}
}
