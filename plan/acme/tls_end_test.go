package acme

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// A certificate that ends within the change is none to move to; T-RENEW has nothing
// of its own to say of it.
func TestCertificateThatEndsWithinAChange(t *testing.T) {
	s := newSecure(t, "127.0.0.11", "127.0.0.12")
	s.answer("127.0.0.11")
	s.want("127.0.0.12")
	s.serveTLS(0, issued{}, http.NotFoundHandler())
	s.serveTLS(1, issued{from: day0.AddDate(0, 0, -89), until: day0.AddDate(0, 0, 1)}, http.NotFoundHandler())
	s.subject.Pending = []Pending{{Type: zone.A, Run: "01K", Until: day0.AddDate(0, 0, 2)}}
	found := s.check("T-CERT")
	if len(found) != 2 || found[0].Outcome != Fail || found[0].Severity != Error || found[1].Outcome != Pass {
		t.Fatalf("found %+v", found)
	}
	holds(t, "summary", found[0].Summary, "127.0.0.12:", "ends on 2026-11-24 06:00 UTC, and the change goes on until 2026-11-25 06:00 UTC")
	Offers(t, found[0], "certbot renew --cert-name www.example.org --force-renewal")

	s = newSecure(t, "127.0.0.11")
	s.serveTLS(0, issued{from: day0.AddDate(0, 0, -89), until: day0.AddDate(0, 0, 1)}, http.NotFoundHandler())
	s.subject.Pending = []Pending{{Type: zone.A, Run: "01K", Until: day0.AddDate(0, 0, 2)}}
	for _, f := range Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{"T-CERT", "T-RENEW"}}).Findings {
		if f.Outcome != Fail || f.Severity != Error || (f.Check == "T-RENEW") != (f.Because == "T-CERT") {
			t.Errorf("%+v", f)
		}
	}
	s.subject.Pending[0].Until = day0.AddDate(0, 0, 1)
	s.only("T-CERT", Pass)
}

// What a server that says that it is Apache serves is mended in its words.
func TestApacheThatSpeaksTLS(t *testing.T) {
	for name, c := range map[string]struct {
		served issued
		offers string
	}{
		"without the chain": {issued{between: true}, "send the whole chain. For Apache:\nSSLCertificateFile /etc/letsencrypt/live/www.example.org/fullchain.pem\n"},
		"of old":            {issued{version: tls.VersionTLS11}, "speak a TLS of today. For Apache:\nSSLProtocol -all +TLSv1.2 +TLSv1.3\n"},
		"expired":           {issued{from: day0.AddDate(0, 0, -100)}, "-d www.example.org\napachectl graceful\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSecure(t, "127.0.0.11")
			s.serveTLS(0, c.served, calls(debian, http.NotFoundHandler()))
			Offers(t, s.only("T-CERT", Fail), c.offers)
		})
	}
}

// tells is an authority that tells when it wants a certificate renewed.
type tells struct{ from, to string }

func (a tells) RoundTrip(r *http.Request) (*http.Response, error) {
	text := `{"renewalInfo": "https://ca.example.net/info"}`
	if r.URL.Host == "ca.example.net" {
		text = `{"suggestedWindow": {"start": "` + a.from + `", "end": "` + a.to + `"}}`
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

// The authority's own word on when to renew goes before the certificate's life.
func TestRenewalByTheAuthority(t *testing.T) {
	s := newSecure(t, "127.0.0.11")
	s.serveTLS(0, issued{}, http.NotFoundHandler())
	s.subject.Pending = []Pending{{Type: zone.A, Run: "01K", Until: day0.AddDate(0, 0, 2)}}
	s.only("T-RENEW", Pass, "2027-01-12")
	s.opts.Certificates = cert.New(cert.Options{
		Port: uint16(s.opts.HTTPSPort), Now: s.opts.Now, //nolint:gosec // G115: a port
		HTTP: &http.Client{Transport: tells{"2026-11-24T06:00:00Z", "2026-11-26T06:00:00Z"}},
	})
	f := s.only("T-RENEW", Fail, "is to be renewed from 2026-11-24 06:00 UTC, and the change goes on until 2026-11-25 06:00 UTC")
	Offers(t, f, "--force-renewal")
	if last := f.Asked[len(f.Asked)-1]; last.Who != "Let's Encrypt, asked when to renew (RFC 9773)" || last.Said != "2026-11-24 06:00 UTC to 2026-11-26 06:00 UTC" {
		t.Errorf("asked %+v", last)
	}
}

// A certificate of hours is told of by the minute, and so is what an authority
// remembers for hours.
func TestCertificateOfHours(t *testing.T) {
	s := newSecure(t, "127.0.0.11")
	s.serveTLS(0, issued{from: day0.Add(-time.Hour), until: day0.Add(5 * time.Hour)}, http.NotFoundHandler())
	f := s.only("T-CERT", Pass, "until 2026-11-23 11:00 UTC")
	if len(f.Asked) != 1 || !strings.HasSuffix(f.Asked[0].Said, "until 2026-11-23 11:00 UTC") {
		t.Errorf("asked %+v", f.Asked)
	}
	s.only("T-RENEW", Pass, "is to be renewed on 2026-11-23 08:00 UTC")
	s.opts.Past.Changes = func() ([]journal.Change, error) {
		return []journal.Change{{At: day0.Add(-2 * time.Hour), Zone: "example.org.", Name: "www.example.org.", Type: "A", Run: "01K", OldValues: []string{"192.0.2.1"}, NewValues: []string{"127.0.0.11"}}}, nil
	}
	Offers(t, s.only("T-AUTHZ", Fail, "was issued on 2026-11-23 05:00 UTC, perhaps by what was validated before the change of 2026-11-23 04:00 UTC"), "dnsplan rehearse")
}
