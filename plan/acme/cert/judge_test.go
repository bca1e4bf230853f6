package cert_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/certtest"
)

func TestJudge(t *testing.T) {
	ca := root(t, pkix.Name{CommonName: "Root"})
	between := ca.Sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Between"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: now.Add(-500 * day), NotAfter: now.Add(500 * day),
	})
	cloudflare := root(t, pkix.Name{Organization: []string{"CloudFlare, Inc."}, OrganizationalUnit: []string{"CloudFlare Origin SSL Certificate Authority"}})
	staging := root(t, pkix.Name{Organization: []string{"Let's Encrypt"}, CommonName: "(STAGING) Puzzling Parsnip E7"})
	stranger := root(t, pkix.Name{Organization: []string{"Example"}, CommonName: "Example CA"})
	good := between.Sign(leaf("www.example.org"))
	withIssuer := leaf("www.example.org")
	withIssuer.IssuingCertificateURL = []string{"http://ca.example.net/between.crt"}
	client := leaf("www.example.org")
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	unnamed := leaf("www.example.org")
	type chain []*certtest.Signed
	for _, tt := range []struct {
		name    string
		chain   chain
		at      time.Time
		version uint16
		want    []cert.Problem
	}{
		{"good", chain{good, between}, now, tls.VersionTLS13, nil},
		{"good, with its root", chain{good, between, ca}, now, tls.VersionTLS12, nil},
		{"a wildcard", chain{between.Sign(leaf("*.example.org")), between}, now, tls.VersionTLS13, nil},
		{"its last moment", chain{good, between}, good.Cert.NotAfter, tls.VersionTLS13, nil},
		{"over", chain{good, between}, now.Add(46 * day), tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.Expired, Text: "its certificate expired on 2027-01-07"},
		}},
		{"not yet", chain{good, between}, now.Add(-46 * day), tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.NotYet, Text: "its certificate is not valid before 2026-10-09T06:00:00Z"},
		}},
		{"another name", chain{between.Sign(leaf("old.example.org", "a.example", "b.example", "c.example")), between}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.WrongName, Text: `its certificate is not for www.example.org, but for old.example.org, a.example, b.example and 1 more`},
		}},
		{"no name", chain{between.Sign(leaf()), between}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.WrongName, Text: "its certificate is not for www.example.org"},
		}},
		{"a wildcard two labels up", chain{between.Sign(leaf("*.org")), between}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.WrongName, Text: `its certificate is not for www.example.org, but for *.org`},
		}},
		{"self-signed", chain{certtest.SelfSigned(t, unnamed)}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.SelfSigned, Text: "its certificate is signed by the server itself"},
		}},
		{"Cloudflare's origin authority", chain{cloudflare.Sign(leaf("*.example.org", "example.org"))}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.CloudflareOrigin, Text: "its certificate is signed by Cloudflare for its own proxy alone (Origin CA)"},
		}},
		{"staging", chain{staging.Sign(leaf("www.example.org"))}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.Staging, Text: "its certificate is for trials: it comes from Let's Encrypt's staging environment"},
		}},
		{"a stranger", chain{stranger.Sign(leaf("www.example.org")), stranger}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.Unknown, Text: `its certificate is signed by "Example CA", which is not trusted`},
		}},
		{"alone", chain{between.Sign(withIssuer)}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.Incomplete, Text: `it shows its own certificate alone, and not that of its issuer "Between"`},
		}},
		{"for clients", chain{between.Sign(client), between}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.Unusable, Text: "its certificate cannot be used: x509: certificate specifies an incompatible key usage"},
		}},
		{"old TLS", chain{good, between}, now, tls.VersionTLS11, []cert.Problem{
			{Flaw: cert.OldTLS, Text: "it speaks TLS 1.1 at most"},
		}},
		{"all at once", chain{stranger.Sign(leaf("old.example.org"))}, now.Add(46 * day), tls.VersionTLS10, []cert.Problem{
			{Flaw: cert.Expired, Text: "its certificate expired on 2027-01-07"},
			{Flaw: cert.WrongName, Text: `its certificate is not for www.example.org, but for old.example.org`},
			{Flaw: cert.Unknown, Text: `its certificate is signed by "Example CA", which is not trusted`},
			{Flaw: cert.OldTLS, Text: "it speaks TLS 1.0 at most"},
		}},
		{"nothing", nil, now, 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := cert.Served{Name: "www.example.org", Version: tt.version}
			for _, c := range tt.chain {
				s.Chain = append(s.Chain, c.Cert)
			}
			if diff := cmp.Diff(tt.want, cert.Judge(s, tt.at, certtest.Pool(ca))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Where no authority is trusted, what one has issued cannot be judged; what is wrong
// all the same is told.
func TestJudgeWithoutRoots(t *testing.T) {
	ca := root(t, pkix.Name{CommonName: "Root"})
	for name, tt := range map[string]struct {
		chain *certtest.Signed
		at    time.Time
		want  cert.Flaw
	}{
		"good":        {ca.Sign(leaf("www.example.org")), now, cert.NoRoots},
		"self-signed": {certtest.SelfSigned(t, leaf("www.example.org")), now, cert.SelfSigned},
		"over":        {ca.Sign(leaf("www.example.org")), now.Add(46 * day), cert.Expired},
	} {
		s := cert.Served{Name: "www.example.org", Version: tls.VersionTLS13, Chain: []*x509.Certificate{tt.chain.Cert}}
		if got := cert.Judge(s, tt.at, x509.NewCertPool()); len(got) != 1 || got[0].Flaw != tt.want {
			t.Errorf("%s: %+v, want %s", name, got, tt.want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	ca := root(t, pkix.Name{CommonName: "Root"})
	first, second := ca.Sign(leaf("www.example.org")), ca.Sign(leaf("www.example.org"))
	older := leaf("www.example.org")
	older.NotBefore = older.NotBefore.Add(-day)
	before := cert.FingerprintOf(first.Cert)
	for _, tt := range []struct {
		name             string
		after            *x509.Certificate
		changed, renewed bool
	}{
		{"the same", first.Cert, false, false},
		{"another", second.Cert, true, true},
		{"an older one", ca.Sign(older).Cert, true, false},
	} {
		after := cert.FingerprintOf(tt.after)
		if after.Changed(before) != tt.changed || after.Renewed(before) != tt.renewed {
			t.Errorf("%s: %+v after %+v", tt.name, after, before)
		}
	}
	if _, ok := (cert.Served{}).Fingerprint(); ok {
		t.Error("a fingerprint of nothing")
	}
	if f, ok := (cert.Served{Chain: []*x509.Certificate{first.Cert}}).Fingerprint(); !ok || f != before {
		t.Errorf("fingerprint %+v", f)
	}
}

func TestDueByLife(t *testing.T) {
	for _, tt := range []struct{ life, want time.Duration }{
		{90 * day, 60 * day}, {45 * day, 30 * day}, {10 * day, 160 * time.Hour}, {160 * time.Hour, 80 * time.Hour},
	} {
		c := &x509.Certificate{NotBefore: now, NotAfter: now.Add(tt.life)}
		due := cert.DueByLife(c)
		if got := due.From.Sub(now); got != tt.want || !due.To.Equal(due.From) || due.Source != cert.Life {
			t.Errorf("a life of %v: due after %v, want %v", tt.life, got, tt.want)
		}
		if due.Now(due.From.Add(-1)) || !due.Now(due.From) {
			t.Errorf("due at %v, but not then", due.From)
		}
	}
}

// Of a certificate of hours it is told when, and not on which day alone.
func TestMoment(t *testing.T) {
	for life, want := range map[time.Duration]string{
		6 * time.Hour: "2026-11-23 12:00 UTC", 160 * time.Hour: "2026-11-29 22:00 UTC", 10 * day: "2026-12-03", 90 * day: "2027-02-21",
	} {
		c := &x509.Certificate{NotBefore: now, NotAfter: now.Add(life)}
		if got := cert.Moment(c, c.NotAfter.In(time.FixedZone("", 3600))); got != want {
			t.Errorf("a life of %v: %q, want %q", life, got, want)
		}
	}
}
