package acmetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"sync"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
)

// Order orders a certificate for the names with a new account, whose challenges
// solver meets by HTTP-01, and returns the chain, the names' certificate first.
// Where the CA refuses, the error wraps its acme.Problem.
func (c *CA) Order(ctx context.Context, solver acmez.Solver, names ...string) ([]*x509.Certificate, error) {
	client := acmez.Client{
		Client:           &acme.Client{Directory: c.Directory, HTTPClient: c.HTTP},
		ChallengeSolvers: map[string]acmez.Solver{acme.ChallengeTypeHTTP01: solver},
	}
	var keys [2]*ecdsa.PrivateKey // the account's and the certificate's
	for i := range keys {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	account, err := client.NewAccount(ctx, acme.Account{TermsOfServiceAgreed: true, PrivateKey: keys[0]})
	if err != nil {
		return nil, err
	}
	chains, err := client.ObtainCertificateForSANs(ctx, account, keys[1], names)
	if err != nil {
		return nil, err
	}
	var der []byte
	for block, rest := pem.Decode(chains[0].ChainPEM); block != nil; block, rest = pem.Decode(rest) {
		der = append(der, block.Bytes...)
	}
	return x509.ParseCertificates(der)
}

// Site is a web server that an ACME client has put challenges on: a handler, and
// a solver for Order. The zero value serves none. It is safe for concurrent use.
type Site struct {
	mu     sync.Mutex
	bodies map[string]string // path -> key authorization
}

// Present serves a challenge from now on.
func (s *Site) Present(_ context.Context, c acme.Challenge) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bodies == nil {
		s.bodies = map[string]string{}
	}
	s.bodies[c.HTTP01ResourcePath()] = c.KeyAuthorization
	return nil
}

// CleanUp serves it no longer.
func (s *Site) CleanUp(_ context.Context, c acme.Challenge) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.bodies, c.HTTP01ResourcePath())
	return nil
}

// ServeHTTP serves challenges, and 404 for everything else.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	body, ok := s.bodies[r.URL.Path]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	_, _ = io.WriteString(w, body)
}
