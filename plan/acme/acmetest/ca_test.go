package acmetest_test

import (
	"crypto/x509"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// A name that moves: issuance fails while it points at the old server, over
// either family, and succeeds when it points at the new one.
func TestOrder(t *testing.T) {
	web := acmetest.Listen(t, "127.0.0.11", "127.0.0.12")
	site := &acmetest.Site{}
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
			chain, err := ca.Order(t.Context(), site, "www.example.org")
			if tt.problem == "" {
				if err != nil {
					t.Fatal(err)
				}
				wantTrusted(t, ca, chain)
				return
			}
			if p, ok := errors.AsType[acme.Problem](err); !ok || p.Type != tt.problem {
				t.Fatalf("error %v, want problem %s", err, tt.problem)
			}
		})
	}
}

func wantTrusted(t *testing.T, ca *acmetest.CA, chain []*x509.Certificate) {
	t.Helper()
	between := x509.NewCertPool()
	between.AddCert(chain[1])
	opts := x509.VerifyOptions{DNSName: "www.example.org", Roots: ca.Roots(), Intermediates: between}
	if _, err := chain[0].Verify(opts); err != nil {
		t.Error(err)
	}
	if life := chain[0].NotAfter.Sub(chain[0].NotBefore); life > time.Hour {
		t.Errorf("lifetime %v, want an hour", life)
	}
}
