package acmetest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// A name that moves: issuance fails while it points at the old server, over
// either family, and succeeds when it points at the new one.
func TestIssue(t *testing.T) {
	web := acmetest.Listen(t, "127.0.0.11", "127.0.0.12")
	site := &site{bodies: map[string]string{}}
	acmetest.Serve(t, web[0], http.NotFoundHandler())
	acmetest.Serve(t, web[1], site)
	const soa = "example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60"
	zone := resolvertest.NewZone(t, soa)
	ca := acmetest.NewCA(t, acmetest.Config{DNS: resolvertest.Serve(t, zone), HTTPPort: acmetest.Port(web[0]), Lifetime: time.Hour})
	for _, tt := range []struct {
		name    string
		records []string
		problem string
	}{
		{"old A", []string{"www.example.org. 300 IN A 127.0.0.11"}, acme.ProblemTypeUnauthorized},
		{"new A", []string{"www.example.org. 300 IN A 127.0.0.12"}, ""},
		{"new A, old AAAA", []string{"www.example.org. 300 IN A 127.0.0.12", "www.example.org. 300 IN AAAA ::ffff:127.0.0.11"}, acme.ProblemTypeUnauthorized},
		{"new AAAA", []string{"www.example.org. 300 IN AAAA ::ffff:127.0.0.12"}, ""},
		{"nobody", []string{"www.example.org. 300 IN A 127.0.0.13"}, acme.ProblemTypeConnection},
	} {
		t.Run(tt.name, func(t *testing.T) {
			zone.Set(append([]string{soa}, tt.records...)...)
			chain, err := order(t.Context(), ca, site)
			if tt.problem == "" {
				if err != nil {
					t.Fatal(err)
				}
				between := x509.NewCertPool()
				between.AddCert(chain[1])
				opts := x509.VerifyOptions{DNSName: "www.example.org", Roots: ca.Roots(), Intermediates: between}
				if _, err := chain[0].Verify(opts); err != nil {
					t.Error(err)
				}
				if life := chain[0].NotAfter.Sub(chain[0].NotBefore); life > time.Hour {
					t.Errorf("lifetime %v, want an hour", life)
				}
				return
			}
			if p, ok := errors.AsType[acme.Problem](err); !ok || p.Type != tt.problem {
				t.Fatalf("error %v, want problem %s", err, tt.problem)
			}
		})
	}
}

func order(ctx context.Context, ca *acmetest.CA, s *site) ([]*x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	client := acmez.Client{
		Client:           &acme.Client{Directory: ca.Directory, HTTPClient: ca.HTTP},
		ChallengeSolvers: map[string]acmez.Solver{acme.ChallengeTypeHTTP01: s},
	}
	account, err := client.NewAccount(ctx, acme.Account{TermsOfServiceAgreed: true, PrivateKey: key})
	if err != nil {
		return nil, err
	}
	leaf, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	chains, err := client.ObtainCertificateForSANs(ctx, account, leaf, []string{"www.example.org"})
	if err != nil {
		return nil, err
	}
	var der []byte
	for block, rest := pem.Decode(chains[0].ChainPEM); block != nil; block, rest = pem.Decode(rest) {
		der = append(der, block.Bytes...)
	}
	return x509.ParseCertificates(der)
}

// site serves challenges.
type site struct{ bodies map[string]string }

func (s *site) Present(_ context.Context, c acme.Challenge) error {
	s.bodies[c.HTTP01ResourcePath()] = c.KeyAuthorization
	return nil
}

func (s *site) CleanUp(_ context.Context, c acme.Challenge) error {
	return nil
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := s.bodies[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	fmt.Fprint(w, body)
}
