package cert

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/authority"
)

// Flaw is what is wrong with a certificate.
type Flaw string

// The flaws, in the order in which they are told.
const (
	// Expired and NotYet: its time is over, or has not come.
	Expired Flaw = "expired"
	NotYet  Flaw = "not-yet"
	// WrongName: it is not for the name.
	WrongName Flaw = "wrong-name"
	// SelfSigned: nobody but the server itself says so.
	SelfSigned Flaw = "self-signed"
	// CloudflareOrigin: it is there for Cloudflare's proxy, and no browser trusts
	// it (https://developers.cloudflare.com/ssl/origin-configuration/origin-ca/).
	CloudflareOrigin Flaw = "cloudflare-origin"
	// Staging: it comes from an environment for trials.
	Staging Flaw = "staging"
	// Incomplete: the server leaves out the certificates between its own and the
	// authority's, so that only clients that know them can trust it.
	Incomplete Flaw = "incomplete"
	// Unknown: no authority that is trusted has issued it.
	Unknown Flaw = "unknown-authority"
	// NoRoots: no authority at all is trusted here, so that it is not known whether
	// clients trust the certificate. It is told alone: another flaw stands anyway.
	NoRoots Flaw = "no-roots"
	// Unusable: something else keeps clients from taking it.
	Unusable Flaw = "unusable"
	// OldTLS: the server speaks no TLS that clients still take.
	OldTLS Flaw = "old-tls"
)

// Problem is one flaw, said of the server or its certificate.
type Problem struct {
	Flaw Flaw `json:"flaw"`
	// Text goes on after the name of a server: "its certificate has expired".
	Text string `json:"text"`
}

// Judge says what keeps clients from taking what was served, at the time now,
// where they trust roots; nil are the system's. None is well. What was not served
// is not judged.
func Judge(s Served, now time.Time, roots *x509.CertPool) (out []Problem) {
	leaf := s.Leaf()
	if leaf == nil {
		return nil
	}
	add := func(f Flaw, format string, args ...any) { out = append(out, Problem{f, fmt.Sprintf(format, args...)}) }
	switch {
	case now.After(leaf.NotAfter):
		add(Expired, "its certificate expired on %s", Moment(leaf, leaf.NotAfter))
	case now.Before(leaf.NotBefore):
		add(NotYet, "its certificate is not valid before %s", leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	if leaf.VerifyHostname(s.Name) != nil {
		add(WrongName, "its certificate is not for %s%s", s.Name, holders(leaf))
	}
	f, text := trust(s.Chain, within(leaf, now), roots)
	if f != "" && f != NoRoots {
		add(f, "%s", text)
	}
	if s.Version < tls.VersionTLS12 {
		add(OldTLS, "it speaks %s at most", tls.VersionName(s.Version))
	}
	if f == NoRoots && len(out) == 0 {
		add(f, "%s", text)
	}
	return out
}

// within is now, or the moment of the certificate's life nearest to it: whether
// it is trusted has nothing to do with its own end.
func within(leaf *x509.Certificate, now time.Time) time.Time {
	switch {
	case now.After(leaf.NotAfter):
		return leaf.NotAfter
	case now.Before(leaf.NotBefore):
		return leaf.NotBefore
	}
	return now
}

// trust says why nobody vouches for the first certificate of the chain.
func trust(chain []*x509.Certificate, at time.Time, roots *x509.CertPool) (Flaw, string) {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	leaf := chain[0]
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at})
	if err == nil {
		return "", ""
	}
	by := leaf.Issuer.CommonName
	if by == "" {
		by = leaf.Issuer.String()
	}
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	ca, known := issuer(leaf)
	switch {
	case !unknown:
		return Unusable, "its certificate cannot be used: " + err.Error()
	case bytes.Equal(leaf.RawIssuer, leaf.RawSubject) && leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil:
		return SelfSigned, "its certificate is signed by the server itself"
	case isCloudflareOrigin(leaf):
		return CloudflareOrigin, "its certificate is signed by Cloudflare for its own proxy alone (Origin CA)"
	case known && ca.Staging:
		return Staging, "its certificate is for trials: it comes from " + ca.Title
	case nobody(roots):
		return NoRoots, "whether clients trust its certificate is not known here, where no authority is trusted at all"
	case len(chain) == 1 && len(leaf.IssuingCertificateURL) > 0:
		return Incomplete, fmt.Sprintf("it shows its own certificate alone, and not that of its issuer %q", by)
	}
	return Unknown, fmt.Sprintf("its certificate is signed by %q, which is not trusted", by)
}

// nobody tells whether no authority is among roots, or, where they are nil, among
// the system's.
func nobody(roots *x509.CertPool) bool {
	if roots == nil {
		system, err := x509.SystemCertPool()
		if err != nil {
			return true
		}
		roots = system
	}
	return roots.Equal(x509.NewCertPool())
}

// issuer is the public authority that a certificate says it is from.
func issuer(leaf *x509.Certificate) (authority.CA, bool) {
	if len(leaf.Issuer.Organization) == 0 {
		return authority.CA{}, false
	}
	return authority.ByIssuer(leaf.Issuer.Organization[0], leaf.Issuer.CommonName)
}

// isCloudflareOrigin tells whether a certificate is one of those that Cloudflare
// issues to its customers' origins.
func isCloudflareOrigin(leaf *x509.Certificate) bool {
	if len(leaf.Issuer.Organization) == 0 || !strings.HasPrefix(strings.ToLower(leaf.Issuer.Organization[0]), "cloudflare") {
		return false
	}
	rest := strings.ToLower(strings.Join(append(leaf.Issuer.OrganizationalUnit, leaf.Issuer.CommonName), " "))
	return strings.Contains(rest, "origin")
}

// holders says whom a certificate is for, as far as a line has room.
func holders(leaf *x509.Certificate) string {
	const most = 3
	var names []string
	for _, n := range leaf.DNSNames[:min(len(leaf.DNSNames), most)] {
		names = append(names, strings.Trim(strconv.Quote(n), `"`)) // whatever is in it
	}
	switch more := len(leaf.DNSNames) - most; {
	case len(names) == 0:
		return ""
	case more > 0:
		names = append(names, fmt.Sprintf("%d more", more))
	}
	last := len(names) - 1
	if last == 0 {
		return ", but for " + names[0]
	}
	return ", but for " + strings.Join(names[:last], ", ") + " and " + names[last]
}
