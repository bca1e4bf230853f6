package config

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/authority"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/acme/ledger"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
	"github.com/dnsplan/dnsplan/plan/acme/rehearse"
)

// KeysDir is the folder of account keys within the state folder.
const KeysDir = "acme"

// What keeps a name from being rehearsed.
var (
	// ErrNoChallenge is a name of which the inventory does not say where a token is
	// placed.
	ErrNoChallenge = errors.New("the inventory does not say where a token for it is placed")
	// ErrNotHTTP01 is a name that is not validated by HTTP-01.
	ErrNotHTTP01 = errors.New("it is not validated by http-01")
	// ErrProduction is an authority whose certificates are trusted: they are
	// limited, and logged for everybody to see.
	ErrProduction = errors.New("a rehearsal never orders at an authority whose certificates are trusted")
)

// Rehearsal says what to rehearse, and where.
type Rehearsal struct {
	Name zone.Name
	// CA is a name of package authority or the URL of a directory; empty is the
	// inventory's where that is a private one or for trials, else Let's Encrypt's
	// staging environment.
	CA string
	// Roots is a file of certificates that the directory is trusted by in place of
	// the system's; empty is the inventory's where the CA is, too.
	Roots string
	// AgreeTerms and Contact are as in rehearse.Options.
	AgreeTerms bool
	Contact    []string
	Now        func() time.Time
}

// Rehearse orders a certificate for the name and throws it away. It also returns
// what people call the authority. Everything that can be refused is, before the
// authority is asked.
func (s *Session) Rehearse(ctx context.Context, q Rehearsal) (r rehearse.Result, title string, err error) {
	p, err := s.planterOf(q.Name)
	if err != nil {
		return r, "", err
	}
	ca, roots, err := s.stage(q)
	if err != nil {
		return r, "", err
	}
	client, err := s.authorityClient(roots)
	if err != nil {
		return r, ca.Title, err
	}
	if err := s.openState(); err != nil {
		return r, ca.Title, err
	}
	r, err = rehearse.Run(ctx, rehearse.Options{
		Directory: ca.Directory, HTTP: client, Keys: rehearse.Keys(filepath.Join(s.Settings.StateDir, KeysDir)),
		AgreeTerms: q.AgreeTerms, Binding: s.binding, Contact: q.Contact, Planter: p, Now: q.Now, Notice: s.Notice,
	}, q.Name.Display())
	if err == nil {
		err = s.remember(r, q)
	}
	return r, ca.Title, err
}

// binding is the account of the inventory, or of the environment, that an ACME
// account is bound to.
func (s *Session) binding() (rehearse.Binding, error) {
	kid, key := s.Inventory.Check.Binding.Credentials()
	id, err := s.half(kid)
	if err != nil {
		return rehearse.Binding{}, err
	}
	mac, err := s.half(key)
	if err != nil {
		return rehearse.Binding{}, err
	}
	return rehearse.ParseBinding(id, mac)
}

// half is one of the two that a binding needs. Where nobody has said where it is
// kept, the authority wants what there is not.
func (s *Session) half(c inventory.Credential) (string, error) {
	secret, err := c.Resolve(s.secretSources())
	if err != nil {
		err = fmt.Errorf("%s: %w", c.Key, err)
		if !c.Given {
			err = fmt.Errorf("%w; %w", rehearse.ErrBinding, err)
		}
	}
	return secret.Reveal(), err
}

// remember writes down how the rehearsal went, for the checks.
func (s *Session) remember(r rehearse.Result, q Rehearsal) error {
	t := ledger.Try{At: q.Now(), Name: q.Name, By: ledger.Rehearse, Directory: r.Directory, OK: r.Problem == nil}
	if r.Problem != nil {
		t.Problem = r.Problem.Word()
	}
	return ledger.Append(s.Settings.StateDir, t)
}

// planterOf places tokens for a name that HTTP-01 can validate. Of several views
// the first that says where tokens are placed is taken.
func (s *Session) planterOf(n zone.Name) (plant.Planter, error) {
	if n.IsWildcard() {
		return nil, fmt.Errorf("%s: %w: a wildcard cannot be (RFC 8555, section 8.3)", n.Display(), ErrNotHTTP01)
	}
	found := false
	for _, z := range s.Inventory.Zones {
		i := slices.IndexFunc(z.Records, func(r inventory.Record) bool { return r.Name == n })
		if i < 0 {
			continue
		}
		found = true
		if how := z.Records[i].ACME; how != "" && how != acme.HTTP01 {
			return nil, fmt.Errorf("%s: %w: its record says acme = %q", n.Display(), ErrNotHTTP01, how)
		}
		if p, _ := s.Planter(z, n); p != nil {
			return p, nil
		}
	}
	if !found {
		return nil, s.noSuchName(n)
	}
	return nil, fmt.Errorf("%s: %w", n.Display(), ErrNoChallenge)
}

// stage is where a name is rehearsed, and the file of roots that is trusted
// there; empty is the system's.
func (s *Session) stage(q Rehearsal) (ca authority.CA, roots string, err error) {
	own := s.Inventory.Check.CA
	name := q.CA
	switch {
	case name == "" && !isProduction(own.Directory):
		name, roots = own.Name, own.Roots
	case name == "":
		name = "letsencrypt-staging"
	}
	if q.Roots != "" {
		roots = q.Roots
	} else if roots != "" {
		roots = s.Inventory.InFolder(roots)
	}
	ca, ok := authority.ByName(name)
	if !ok {
		ca, ok = authority.ByDirectory(name)
	}
	if !ok {
		ca = authority.CA{Title: name, Directory: name}
	}
	switch u, err := url.Parse(ca.Directory); {
	case isProduction(ca.Directory):
		return ca, "", fmt.Errorf("rehearse at %s: %w", ca.Title, ErrProduction)
	case err != nil || u.Scheme != "https" || u.Host == "":
		return ca, "", fmt.Errorf("rehearse at %q: it must be %s, or the https URL of an ACME directory", name, strings.Join(authority.Trials(), ", "))
	}
	return ca, roots, nil
}

// isProduction tells whether a directory is at a host of an authority that is
// known to be trusted.
func isProduction(directory string) bool {
	u, err := url.Parse(directory)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(authority.Known(), func(ca authority.CA) bool {
		known, err := url.Parse(ca.Directory)
		return err == nil && !ca.Staging && strings.EqualFold(known.Hostname(), strings.TrimSuffix(u.Hostname(), "."))
	})
}

// authorityClient speaks to an authority, and trusts the certificates in the file
// of roots; empty are the system's.
func (s *Session) authorityClient(roots string) (*http.Client, error) {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSHandshakeTimeout: oneAnswer, ResponseHeaderTimeout: oneAnswer}
	if roots != "" {
		pool, err := readRoots(roots)
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: &logged{t, s.Log}, Timeout: 2 * oneAnswer}, nil
}

// oneAnswer is how long an authority may take for one.
const oneAnswer = 30 * time.Second

func readRoots(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read roots of the authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read roots of the authority: %s holds no certificate in PEM", path)
	}
	return pool, nil
}

// logged writes a line for each request. What an ACME client sends is signed, not
// secret, and is not shown all the same.
type logged struct {
	next http.RoundTripper
	log  func(line string)
}

func (l *logged) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.next.RoundTrip(r)
	if l.log == nil {
		return answer, err
	}
	said := "no answer"
	if err == nil {
		said = answer.Status
	}
	l.log(fmt.Sprintf("authority: %s %s: %s", r.Method, r.URL, said))
	return answer, err
}
