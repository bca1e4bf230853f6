package main

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/acme/cert"
)

// A certificate that is not due is told of by the day, one of hours by the minute.
func TestNotDue(t *testing.T) {
	now := time.Date(2026, 11, 28, 6, 0, 0, 0, time.UTC)
	for life, want := range map[time.Duration]string{
		90 * 24 * time.Hour: "www.example.org: the certificate is not due: it is good until 2027-02-26 and to be renewed from 2027-01-27",
		6 * time.Hour:       "www.example.org: the certificate is not due: it is good until 2026-11-28 12:00 UTC and to be renewed from 2026-11-28 09:00 UTC",
	} {
		leaf := &x509.Certificate{NotBefore: now, NotAfter: now.Add(life)}
		c := config.OriginCertificate{Name: "www.example.org.", Served: cert.Served{Chain: []*x509.Certificate{leaf}}, Due: cert.DueByLife(leaf)}
		if text, fresh := notDue([]config.OriginCertificate{c}, "www.example.org.", now); !fresh || text != want {
			t.Errorf("%q, fresh %v; want %q", text, fresh, want)
		}
	}
}
