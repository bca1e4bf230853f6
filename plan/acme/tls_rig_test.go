package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/certtest"
)

// issued is a certificate for a test: for which names, by whom, and when.
type issued struct {
	names        []string
	organization string
	from, until  time.Time
	// between says that an authority between the root and this has issued it, and
	// version is the latest of TLS that its server speaks; 0 is today's.
	between bool
	version uint16
}

// secure is a site with servers of certificates beside those of HTTP.
type secure struct {
	*site
	tls []net.Listener
	now time.Time
	ca  *certtest.Signed
	// reached are the addresses of servers here in place of public ones.
	reached map[netip.Addr]netip.Addr
}

// newSecure is newSite at a fixed time, with nobody serving certificates yet.
func newSecure(t *testing.T, addrs ...string) *secure {
	t.Helper()
	s := &secure{site: newSite(t, addrs...), tls: acmetest.Listen(t, addrs...), now: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)}
	now := func() time.Time { return s.now }
	s.ca = certtest.SelfSigned(t, s.issuing("Let's Encrypt", "R13"))
	s.opts.Roots = certtest.Pool(s.ca)
	s.opts.HTTPSPort, s.opts.Now, s.opts.Dial = acmetest.Port(s.tls[0]), now, s.dial
	s.opts.Certificates = cert.New(cert.Options{
		Port: uint16(s.opts.HTTPSPort), Now: now, HSTS: true, Dial: func(ctx context.Context, network, to string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.here(netip.MustParseAddrPort(to)).String())
		},
		HTTP: &http.Client{Transport: offline{}},
	})
	return s
}

// dial refuses where nobody serves HTTP, which a listener alone would be silent about.
func (s *secure) dial(ctx context.Context, source netip.Addr, to netip.AddrPort) (net.Conn, error) {
	to = s.here(to)
	i := slices.IndexFunc(s.ls, func(l net.Listener) bool { return l.Addr().String() == to.String() })
	if i >= 0 && !s.served[i] {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	d := net.Dialer{}
	if source.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
	}
	return d.DialContext(ctx, "tcp", to.String())
}

func (s *secure) here(to netip.AddrPort) netip.AddrPort {
	if at, ok := s.reached[to.Addr()]; ok {
		return netip.AddrPortFrom(at, to.Port())
	}
	return to
}

// offline is an authority that is never reached: renewal goes by life.
type offline struct{}

func (offline) RoundTrip(*http.Request) (*http.Response, error) { return nil, net.ErrClosed }

// issuing is the template of an authority.
func (s *secure) issuing(organization, name string) *x509.Certificate {
	subject := pkix.Name{Organization: []string{organization}, CommonName: name}
	return certtest.Issuing(subject, s.now.AddDate(-1, 0, 0), s.now.AddDate(9, 0, 0))
}

// issue signs a certificate. What is left out of it is as Let's Encrypt would have
// issued it for www.example.org ten days ago.
func (s *secure) issue(c issued) *certtest.Signed {
	s.t.Helper()
	if c.from.IsZero() {
		c.from = s.now.AddDate(0, 0, -10)
	}
	if c.until.IsZero() {
		c.until = c.from.AddDate(0, 0, 90)
	}
	if c.names == nil {
		c.names = []string{"www.example.org"}
	}
	template := &x509.Certificate{DNSNames: c.names, NotBefore: c.from, NotAfter: c.until, Subject: pkix.Name{CommonName: c.names[0]}}
	switch {
	case c.organization == "self":
		return certtest.SelfSigned(s.t, template)
	case c.organization != "":
		by := s.issuing(c.organization, c.organization)
		by.Subject.OrganizationalUnit = by.Subject.Organization
		return certtest.SelfSigned(s.t, by).Sign(template)
	case c.between:
		template.IssuingCertificateURL = []string{"http://between.example.net/"}
		return s.ca.Sign(s.issuing("Let's Encrypt", "Between")).Sign(template)
	}
	return s.ca.Sign(template)
}

// serveTLS serves a certificate at the i-th address.
func (s *secure) serveTLS(i int, c issued, h http.Handler) {
	s.t.Helper()
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{s.issue(c).Pair()}, MinVersion: tls.VersionTLS10, MaxVersion: c.version,
	}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.ServeTLS(s.tls[i], "", "")
	}()
	s.t.Cleanup(func() { _ = server.Close(); <-done })
}
