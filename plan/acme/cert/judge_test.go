package cert_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/plan/acme/cert"
)

func TestJudge(t *testing.T) {
	ca := root(t, pkix.Name{CommonName: "Root"})
	between := ca.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Between"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: now.Add(-500 * day), NotAfter: now.Add(500 * day),
	})
	cloudflare := root(t, pkix.Name{Organization: []string{"CloudFlare, Inc."}, OrganizationalUnit: []string{"CloudFlare Origin SSL Certificate Authority"}})
	staging := root(t, pkix.Name{Organization: []string{"Let's Encrypt"}, CommonName: "(STAGING) Puzzling Parsnip E7"})
	stranger := root(t, pkix.Name{Organization: []string{"Example"}, CommonName: "Example CA"})
	good := between.sign(leaf("www.example.org"))
	withIssuer := leaf("www.example.org")
	withIssuer.IssuingCertificateURL = []string{"http://ca.example.net/between.crt"}
	client := leaf("www.example.org")
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	selfSigned := &signer{t: t}
	unnamed := leaf("www.example.org")
	for _, tt := range []struct {
		name    string
		chain   []*signer
		at      time.Time
		version uint16
		want    []cert.Problem
	}{
		{"good", []*signer{good, between}, now, tls.VersionTLS13, nil},
		{"good, with its root", []*signer{good, between, ca}, now, tls.VersionTLS12, nil},
		{"a wildcard", []*signer{between.sign(leaf("*.example.org")), between}, now, tls.VersionTLS13, nil},
		{"its last moment", []*signer{good, between}, good.cert.NotAfter, tls.VersionTLS13, nil},
		{"over", []*signer{good, between}, now.Add(46 * day), tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.Expired, Text: "its certificate expired on 2027-01-07"},
		}},
		{"not yet", []*signer{good, between}, now.Add(-46 * day), tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.NotYet, Text: "its certificate is not valid before 2026-10-09T06:00:00Z"},
		}},
		{"another name", []*signer{between.sign(leaf("old.example.org", "a.example", "b.example", "c.example")), between}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.WrongName, Text: `its certificate is not for www.example.org, but for old.example.org, a.example, b.example and 1 more`},
		}},
		{"no name", []*signer{between.sign(leaf()), between}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.WrongName, Text: "its certificate is not for www.example.org"},
		}},
		{"a wildcard two labels up", []*signer{between.sign(leaf("*.org")), between}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.WrongName, Text: `its certificate is not for www.example.org, but for *.org`},
		}},
		{"self-signed", []*signer{selfSigned.sign(unnamed)}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.SelfSigned, Text: "its certificate is signed by the server itself"},
		}},
		{"Cloudflare's origin authority", []*signer{cloudflare.sign(leaf("*.example.org", "example.org"))}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.CloudflareOrigin, Text: "its certificate is signed by Cloudflare for its own proxy alone (Origin CA)"},
		}},
		{"staging", []*signer{staging.sign(leaf("www.example.org"))}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.Staging, Text: "its certificate is for trials: it comes from Let's Encrypt's staging environment"},
		}},
		{"a stranger", []*signer{stranger.sign(leaf("www.example.org")), stranger}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.Unknown, Text: `its certificate is signed by "Example CA", which is not trusted`},
		}},
		{"alone", []*signer{between.sign(withIssuer)}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.Incomplete, Text: `it shows its own certificate alone, and not that of its issuer "Between"`},
		}},
		{"for clients", []*signer{between.sign(client), between}, now, tls.VersionTLS13, []cert.Problem{
			{Flaw: cert.Unusable, Text: "its certificate cannot be used: x509: certificate specifies an incompatible key usage"},
		}},
		{"old TLS", []*signer{good, between}, now, tls.VersionTLS11, []cert.Problem{
			{Flaw: cert.OldTLS, Text: "it speaks TLS 1.1 at most"},
		}},
		{"all at once", []*signer{stranger.sign(leaf("old.example.org"))}, now.Add(46 * day), tls.VersionTLS10, []cert.Problem{
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
				s.Chain = append(s.Chain, c.cert)
			}
			if diff := cmp.Diff(tt.want, cert.Judge(s, tt.at, pool(ca))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Where no authority is trusted, what one has issued cannot be judged; what is wrong
// all the same is told.
func TestJudgeWithoutRoots(t *testing.T) {
	ca := root(t, pkix.Name{CommonName: "Root"})
	selfSigned := &signer{t: t}
	for name, tt := range map[string]struct {
		chain *signer
		at    time.Time
		want  cert.Flaw
	}{
		"good":        {ca.sign(leaf("www.example.org")), now, cert.NoRoots},
		"self-signed": {selfSigned.sign(leaf("www.example.org")), now, cert.SelfSigned},
		"over":        {ca.sign(leaf("www.example.org")), now.Add(46 * day), cert.Expired},
	} {
		s := cert.Served{Name: "www.example.org", Version: tls.VersionTLS13, Chain: []*x509.Certificate{tt.chain.cert}}
		if got := cert.Judge(s, tt.at, x509.NewCertPool()); len(got) != 1 || got[0].Flaw != tt.want {
			t.Errorf("%s: %+v, want %s", name, got, tt.want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	ca := root(t, pkix.Name{CommonName: "Root"})
	first, second := ca.sign(leaf("www.example.org")), ca.sign(leaf("www.example.org"))
	older := leaf("www.example.org")
	older.NotBefore = older.NotBefore.Add(-day)
	before := cert.FingerprintOf(first.cert)
	for _, tt := range []struct {
		name             string
		after            *x509.Certificate
		changed, renewed bool
	}{
		{"the same", first.cert, false, false},
		{"another", second.cert, true, true},
		{"an older one", ca.sign(older).cert, true, false},
	} {
		after := cert.FingerprintOf(tt.after)
		if after.Changed(before) != tt.changed || after.Renewed(before) != tt.renewed {
			t.Errorf("%s: %+v after %+v", tt.name, after, before)
		}
	}
	if _, ok := (cert.Served{}).Fingerprint(); ok {
		t.Error("a fingerprint of nothing")
	}
	if f, ok := (cert.Served{Chain: []*x509.Certificate{first.cert}}).Fingerprint(); !ok || f != before {
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
