// Package authority knows the public certificate authorities that people name
// in an inventory: where their ACME directory is, and what they are called in
// CAA records and in certificates.
//
//	ca, ok := authority.ByName("letsencrypt")
//	ca.Directory // "https://acme-v02.api.letsencrypt.org/directory"
//
// It holds what the authorities have published by November 2026. An authority
// that is not here is used by the URL of its directory.
package authority

import (
	"slices"
	"strings"
	"time"
)

// CA is a public certificate authority that speaks ACME (RFC 8555).
type CA struct {
	// Name is what an inventory says, Title what people say.
	Name, Title string
	// Directory is the URL of its ACME directory.
	Directory string
	// Identities are the names by which a CAA record permits it (RFC 8659,
	// section 4.2).
	Identities []string
	// Organizations are what its issuing certificates say under O.
	Organizations []string
	// Staging says that nobody trusts what it issues: it is there for trials.
	Staging bool
	// Binding says that an account there needs a binding to one of another kind
	// (RFC 8555, section 7.3.4).
	Binding bool
	// Forgets is how long its resolvers hold an answer at most, whatever the TTL;
	// 0 is not known.
	Forgets time.Duration
}

// Known returns all of them; the first is the default.
func Known() []CA {
	return []CA{
		{
			Name: "letsencrypt", Title: "Let's Encrypt",
			Directory:  "https://acme-v02.api.letsencrypt.org/directory",
			Identities: []string{"letsencrypt.org"}, Organizations: []string{"Let's Encrypt"},
			Forgets: time.Minute,
		},
		{
			Name: "letsencrypt-staging", Title: "Let's Encrypt's staging environment",
			Directory:  "https://acme-staging-v02.api.letsencrypt.org/directory",
			Identities: []string{"letsencrypt.org"}, Organizations: []string{"(STAGING) Let's Encrypt"},
			Staging: true, Forgets: time.Minute,
		},
		{
			Name: "zerossl", Title: "ZeroSSL",
			Directory:  "https://acme.zerossl.com/v2/DV90",
			Identities: []string{"sectigo.com"}, Organizations: []string{"ZeroSSL", "ZeroSSL GmbH"},
			Binding: true,
		},
		{
			Name: "google", Title: "Google Trust Services",
			Directory:  "https://dv.acme-v02.api.pki.goog/directory",
			Identities: []string{"pki.goog"}, Organizations: []string{"Google Trust Services", "Google Trust Services LLC"},
			Binding: true,
		},
		{
			Name: "google-staging", Title: "Google Trust Services' staging environment",
			Directory:  "https://dv.acme-v02.test-api.pki.goog/directory",
			Identities: []string{"pki.goog"}, Staging: true, Binding: true,
		},
		{
			Name: "sslcom", Title: "SSL.com",
			Directory:  "https://acme.ssl.com/sslcom-dv-rsa",
			Identities: []string{"ssl.com"}, Organizations: []string{"SSL Corporation", "SSL Corp"},
			Binding: true,
		},
	}
}

// Names returns the names of all of them, the default first.
func Names() (out []string) {
	for _, ca := range Known() {
		out = append(out, ca.Name)
	}
	return out
}

// Trials are the names of environments for trials.
func Trials() (out []string) {
	for _, ca := range Known() {
		if ca.Staging {
			out = append(out, ca.Name)
		}
	}
	return out
}

// ByName returns the authority of that name.
func ByName(name string) (CA, bool) {
	return find(func(ca CA) bool { return ca.Name == name })
}

// ByDirectory returns the authority whose directory is at url.
func ByDirectory(url string) (CA, bool) {
	return find(func(ca CA) bool { return strings.EqualFold(ca.Directory, url) })
}

// ByIssuer returns the authority whose certificates are issued by a certificate
// of that organization and common name. A staging environment says so in one of
// the two.
func ByIssuer(organization, commonName string) (CA, bool) {
	const mark = "(STAGING) "
	if strings.HasPrefix(commonName, mark) && !strings.HasPrefix(organization, mark) {
		organization = mark + organization
	}
	return find(func(ca CA) bool { return slices.Contains(ca.Organizations, organization) })
}

func find(is func(CA) bool) (CA, bool) {
	all := Known()
	i := slices.IndexFunc(all, is)
	if i < 0 {
		return CA{}, false
	}
	return all[i], true
}
