package cert_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// A real authority is asked about a certificate of its own, and about a
// stranger's.
func TestDueAtAnAuthority(t *testing.T) {
	web := acmetest.Listen(t, "127.0.0.11")
	site := &acmetest.Site{}
	acmetest.Serve(t, web[0], site)
	zone := resolvertest.NewZone(t,
		"example.org.     300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60",
		"www.example.org. 300 IN A 127.0.0.11")
	ca := acmetest.NewCA(t, acmetest.Config{DNS: resolvertest.Serve(t, zone), HTTPPort: acmetest.Port(web[0])})
	chain, err := ca.Order(t.Context(), site, name)
	if err != nil {
		t.Fatal(err)
	}
	c := cert.New(cert.Options{HTTP: ca.HTTP, Total: time.Minute})
	due := c.Due(t.Context(), chain[0], cert.DirectoryOf(chain[0], ca.Directory))
	if due.Err != nil || due.Source != cert.ARI || !due.From.After(chain[0].NotBefore) || !due.To.Before(chain[0].NotAfter) || !due.From.Before(due.To) {
		t.Errorf("due %+v", due)
	}
	stranger := root(t, pkix.Name{CommonName: "Root"}).Sign(leaf(name)).Cert
	due = c.Due(t.Context(), stranger, ca.Directory)
	if due.Err == nil || due.Source != cert.Life || !due.From.Equal(cert.DueByLife(stranger).From) {
		t.Errorf("a stranger's: %+v", due)
	}
}

func TestDue(t *testing.T) {
	signed := root(t, pkix.Name{CommonName: "Root"}).Sign(leaf(name)).Cert
	unnamed := root(t, pkix.Name{CommonName: "Root"}).Cert
	life := cert.DueByLife(signed).From
	for _, tt := range []struct {
		name, directory, info string
		leaf                  *x509.Certificate
		from, to              time.Time
		text                  string
	}{
		{name: "well", info: `{"suggestedWindow": {"start": "2026-12-01T02:00:00+01:00", "end": "2026-12-03T01:00:00Z"}, "explanationURL": "https://ca.example.net/why"}`, from: time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC), to: time.Date(2026, 12, 3, 1, 0, 0, 0, time.UTC)},
		{name: "backwards", info: `{"suggestedWindow": {"start": "2026-12-03T01:00:00Z", "end": "2026-12-03T01:00:00Z"}}`, text: "tells a time that ends before it begins"},
		{name: "nothing", info: `{}`, text: "tells a time that ends before it begins"},
		{name: "no JSON", info: `<html>`, text: "invalid character"},
		{name: "far too much", info: `{"x": "` + strings.Repeat("x", 1<<20) + `"}`, text: "unexpected EOF"},
		{name: "not found", text: "404 Not Found"},
		{name: "no times of renewal", directory: `{}`, text: "does not tell times of renewal"},
		{name: "plain http", directory: `{"renewalInfo": "http://ca.example.net/info"}`, text: `"http://ca.example.net/info/`},
		{name: "no key identifier", leaf: unnamed, text: "ask the authority for the time of renewal: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s *httptest.Server
			s = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/dir" && tt.directory != "":
					fmt.Fprint(w, tt.directory)
				case r.URL.Path == "/dir":
					fmt.Fprintf(w, `{"renewalInfo": "%s/info/"}`, s.URL)
				case strings.HasPrefix(r.URL.Path, "/info/") && tt.info != "":
					fmt.Fprint(w, tt.info)
				default:
					http.NotFound(w, r)
				}
			}))
			defer s.Close()
			if tt.leaf == nil {
				tt.leaf = signed
			}
			due := cert.New(cert.Options{HTTP: s.Client(), Total: time.Minute}).Due(t.Context(), tt.leaf, s.URL+"/dir")
			if tt.text == "" {
				want := cert.Due{From: tt.from, To: tt.to, Source: cert.ARI, Why: "https://ca.example.net/why"}
				if due != want {
					t.Errorf("due %+v, want %+v", due, want)
				}
				return
			}
			if due.Source != cert.Life || due.Err == nil || !strings.Contains(due.Err.Error(), tt.text) {
				t.Errorf("due %+v, want %q", due, tt.text)
			}
			if tt.leaf == signed && !due.From.Equal(life) {
				t.Errorf("due %v, want %v", due.From, life)
			}
		})
	}
}

func TestDirectoryOf(t *testing.T) {
	public := root(t, pkix.Name{Organization: []string{"Let's Encrypt"}, CommonName: "E7"}).Sign(leaf(name)).Cert
	private := root(t, pkix.Name{CommonName: "Root"}).Sign(leaf(name)).Cert
	const letsencrypt, own = "https://acme-v02.api.letsencrypt.org/directory", "https://ca.example.net/dir"
	for _, tt := range []struct {
		leaf        *x509.Certificate
		other, want string
	}{
		{public, own, letsencrypt},
		{public, "", letsencrypt},
		{private, own, own},
		{private, letsencrypt, ""}, // which has not issued it
		{private, "", ""},
	} {
		if got := cert.DirectoryOf(tt.leaf, tt.other); got != tt.want {
			t.Errorf("issued by %s, else %q: %q, want %q", tt.leaf.Issuer, tt.other, got, tt.want)
		}
	}
	if due := cert.New(cert.Options{}).Due(t.Context(), private, ""); due.Source != cert.Life || due.Err == nil {
		t.Errorf("due %+v", due)
	}
}
