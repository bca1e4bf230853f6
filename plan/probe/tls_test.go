package probe_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/certtest"
	"github.com/dnsplan/dnsplan/plan/netfault/netfaulttest"
	"github.com/dnsplan/dnsplan/plan/probe"
)

func newAuthority(t *testing.T) *certtest.Signed {
	t.Helper()
	return certtest.Authority(t, pkix.Name{CommonName: "private CA"}, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

// issue makes a certificate for the name that ends at a time from now.
func issue(ca *certtest.Signed, name string, ends time.Duration) tls.Certificate {
	return ca.Sign(&x509.Certificate{
		DNSNames: []string{name}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(ends),
	}).Pair()
}

func serveTLS(t *testing.T, cert tls.Certificate, h http.HandlerFunc) netip.AddrPort {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return netip.MustParseAddrPort(s.Listener.Addr().String())
}

func TestCertificates(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	files := map[string][]byte{"/inventory/ca.pem": ca.PEM(), "/inventory/other.pem": other.PEM(), "/inventory/empty.pem": []byte("nothing")}
	client := probe.New(probe.Options{
		Folder: func(path string) string { return "/inventory/" + path },
		ReadFile: func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return text, nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	})
	sni := ""
	named := func(cert tls.Certificate) netip.AddrPort {
		return serveTLS(t, cert, func(w http.ResponseWriter, r *http.Request) {
			sni = r.TLS.ServerName
			if r.Host != host {
				w.WriteHeader(http.StatusMisdirectedRequest)
			}
			_, _ = io.WriteString(w, "well")
		})
	}
	good := named(issue(ca, host, time.Hour))
	for _, tt := range []struct {
		name string
		at   netip.AddrPort
		ca   string
		want string
	}{
		{"valid", good, "ca.pem", ""},
		{"another authority", good, "other.pem", "its certificate is signed by an unknown authority"},
		{"the system's authorities", good, "", "its certificate is signed by an unknown authority"},
		{"another name", named(issue(ca, "old.example.net", time.Hour)), "ca.pem", `its certificate is not for www.example.org, but for "old.example.net"`},
		{"a wildcard", named(issue(ca, "*.example.org", time.Hour)), "ca.pem", ""},
		{"expired", named(issue(ca, host, -time.Hour)), "ca.pem", "its certificate is not valid at this time"},
		{"no TLS", serve(t, func(http.ResponseWriter, *http.Request) {}), "ca.pem", "it does not speak TLS"},
		{"no CA", good, "none.pem", "ca of the probe: open /inventory/none.pem"},
		{"empty CA", good, "empty.pem", "/inventory/empty.pem holds no certificate"},
		{"silent", netfaulttest.Serve(t, says("")), "ca.pem", "it closed the connection without an answer"},
	} {
		for _, p := range []plan.Probe{
			{Type: plan.ProbeTLS, Host: host, CA: tt.ca, Timeout: 5, Port: tt.at.Port()},
			{Type: plan.ProbeHTTP, Scheme: "https", Path: "/", Body: "well", Host: host, CA: tt.ca, Timeout: 5, Port: tt.at.Port()},
		} {
			t.Run(tt.name+" "+string(p.Type), func(t *testing.T) {
				sni = ""
				r := client.Probe(t.Context(), probe.Target{Addr: tt.at.Addr(), Probe: p})
				wantError(t, r, tt.want)
				if r.Good() && p.Type == plan.ProbeHTTP && sni != host {
					t.Errorf("TLS asked for %q", sni)
				}
			})
		}
	}
}

func TestTLSHangs(t *testing.T) {
	r := ask(t, netfaulttest.Serve(t, netfaulttest.Hangs), plan.Probe{Type: plan.ProbeTLS, Host: host, Timeout: 1})
	wantError(t, r, "no answer within 1s")
}
