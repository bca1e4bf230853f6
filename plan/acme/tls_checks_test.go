package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/acme/ledger"
	"github.com/dnsplan/dnsplan/plan/journal"
)

func TestCertificatesThatClientsTake(t *testing.T) {
	s := newSecure(t, "127.0.0.11")
	s.serveTLS(0, issued{}, http.NotFoundHandler())
	holds(t, "asked", s.only("T-CERT", Pass, "Let's Encrypt", "127.0.0.11:", "2027-02-11").Asked[0].Said, "certificate of Let's Encrypt")
	s.only("T-RENEW", Pass, "2027-01-12")
}

// TestCertificatesThatClientsRefuse: each flaw, and what puts it right.
func TestCertificatesThatClientsRefuse(t *testing.T) {
	ago := func(s *secure, days int) time.Time { return s.now.AddDate(0, 0, -days) }
	for name, c := range map[string]struct {
		serve  func(*secure)
		says   string
		pastes string
	}{
		"expired": {func(s *secure) { s.serveTLS(0, issued{from: ago(s, 100)}, http.NotFoundHandler()) }, "expired", "once the other findings are put right, and its web server read it, here nginx:\ncertbot certonly --webroot --webroot-path ROOT --force-renewal -d www.example.org"},
		"self-signed": {func(s *secure) {
			s.serveTLS(0, issued{organization: "self"}, http.NotFoundHandler())
		}, "clients refuse", "certbot certonly"},
		"another name": {func(s *secure) {
			s.serveTLS(0, issued{names: []string{"mail.example.org"}}, http.NotFoundHandler())
		}, "mail.example.org", "-d www.example.org"},
		"without the chain": {func(s *secure) { s.serveTLS(0, issued{between: true}, http.NotFoundHandler()) }, "its own certificate alone", "ssl_certificate /etc/letsencrypt/live/www.example.org/fullchain.pem;"},
		"of old":            {func(s *secure) { s.serveTLS(0, issued{version: tls.VersionTLS11}, http.NotFoundHandler()) }, "TLS 1.1 at most", "ssl_protocols TLSv1.2 TLSv1.3;"},
		"not yet":           {func(s *secure) { s.serveTLS(0, issued{from: ago(s, -2)}, http.NotFoundHandler()) }, "clients refuse", "See that the clocks are right, here and there:\ntimedatectl"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSecure(t, "127.0.0.11")
			c.serve(s)
			f := s.only("T-CERT", Fail, "127.0.0.11:", c.says)
			if f.Severity != Error {
				t.Errorf("severity %s", f.Severity)
			}
			Offers(t, f, strings.ReplaceAll(c.pastes, "ROOT", s.site.root))
		})
	}
}

// TestMachineWithoutAuthorities: what no machine without a list of authorities can
// tell is not held against the server.
func TestMachineWithoutAuthorities(t *testing.T) {
	s := newSecure(t, "127.0.0.11")
	s.serveTLS(0, issued{}, http.NotFoundHandler())
	s.opts.Roots = x509.NewCertPool()
	s.hold("127.0.0.11")
	s.subject.Zone.Live.RRsets[0].Proxied = true
	for _, id := range []ID{"T-CERT", "X-TLS"} {
		Offers(t, s.only(id, Unknown, "127.0.0.11:", "no authority is trusted at all"), "ca_roots below [check]:\napt-get install ca-certificates")
	}
	s.only("T-RENEW", Pass, "2027-01-12")
}

// TestNewServerWithoutCertificate: what is lost by a move is an error, what nobody
// has had yet is a warning.
func TestNewServerWithoutCertificate(t *testing.T) {
	s := newSecure(t, "127.0.0.11", "127.0.0.12")
	s.answer("127.0.0.11")
	s.want("127.0.0.12")
	s.tls[1].Close()
	s.tls[0].Close()
	if f := s.check("T-CERT"); len(f) != 2 || f[0].Outcome != Fail || f[0].Severity != Warning {
		t.Fatalf("nobody has one: %+v", f)
	}
	s = newSecure(t, "127.0.0.11", "127.0.0.12")
	s.answer("127.0.0.11")
	s.want("127.0.0.12")
	s.serveTLS(0, issued{}, http.NotFoundHandler())
	s.tls[1].Close()
	f := s.check("T-CERT")
	if len(f) != 2 || f[0].Outcome != Fail || f[0].Severity != Error || f[1].Outcome != Pass {
		t.Fatalf("the old server has one: %+v", f)
	}
	holds(t, "summary", f[0].Summary, "127.0.0.12:", "127.0.0.11:", "refused")
	Offers(t, f[0], "speak TLS for the name. For nginx, in the server of www.example.org", "ssl;\nssl_certificate ", "Copy the certificates from 127.0.0.11 to 127.0.0.12 before the name moves; for those of certbot:\nssh root@127.0.0.11 tar -C /etc -cz letsencrypt | ssh root@127.0.0.12 tar -C /etc -xz")
}

// TestNginxThatSpeaksTLS: the lines for nginx make a configuration that a real one
// starts with, once the certificate that the remedy before them orders is there.
func TestNginxThatSpeaksTLS(t *testing.T) {
	s := newSecure(t, frontend)
	b := &balancer{s.site, s.ls[0].Addr().String(), nil}
	_ = s.ls[0].Close()
	_ = s.tls[0].Close()
	f := s.only("T-CERT", Fail, "serves no certificate")
	if len(f.Remedies) != 2 || !strings.HasPrefix(f.Remedies[0].Paste, "certbot certonly ") {
		t.Fatalf("remedies %+v", f.Remedies)
	}
	Offers(t, f, "once the other findings are put right:\ncertbot certonly --webroot --webroot-path "+s.site.root+" -d www.example.org\n")
	live := s.store(issued{})
	// At one address, for the port may be in use at another one of this machine.
	lines := strings.NewReplacer("/etc/letsencrypt/live/www.example.org", live, "listen ", "listen "+frontend+":")
	b.nginx(lines.Replace(paste(t, f, "Then have the web server")))
	s.only("T-CERT", Pass, "until 2027-02-11")
}

// store has a certificate and its key in a folder, as certbot keeps them.
func (s *secure) store(c issued) (dir string) {
	s.t.Helper()
	dir = s.t.TempDir()
	is := s.issue(c)
	secret, err := x509.MarshalPKCS8PrivateKey(is.Key)
	if err != nil {
		s.t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"fullchain.pem": {Type: "CERTIFICATE", Bytes: is.Cert.Raw}, "privkey.pem": {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	return dir
}

// What is well by HTTP is not looked into by TLS.
func TestFilterAsksForNoCertificate(t *testing.T) {
	s := newSecure(t, "127.0.0.11")
	var asked atomic.Int32
	s.serve(0, s.files())
	s.opts.Certificates = cert.New(cert.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		asked.Add(1)
		return nil, syscall.ECONNREFUSED
	}})
	s.only("H-WAF", Pass)
	s.only("H-PATH", Pass)
	if n := asked.Load(); n > 0 {
		t.Errorf("asked %d times", n)
	}
}

// TestCertificateWithoutTheName: a certificate that lacks only the name is expanded
// by it, and read again; one that has ended, or is for trial, is issued again for all
// its names, and any other one anew.
func TestCertificateWithoutTheName(t *testing.T) {
	for name, c := range map[string]struct {
		served issued
		says   string
		pastes string
	}{
		"lacks the name":     {issued{names: []string{"example.org", "api.example.org"}}, "but for example.org and api.example.org", " --expand -d example.org -d api.example.org -d www.example.org\nnginx -s reload"},
		"four names":         {issued{names: []string{"a.example.org", "b.example.org", "c.example.org", "d.example.org"}}, "but for a.example.org, b.example.org, c.example.org and 1 more", " -d d.example.org -d www.example.org"},
		"of a wildcard":      {issued{names: []string{"*.example.net"}}, "but for *.example.net", " --force-renewal -d www.example.org\nnginx -s reload"},
		"of a command":       {issued{names: []string{"`id`.example.org"}}, "but for ", " --force-renewal -d www.example.org\nnginx -s reload"},
		"signed by itself":   {issued{names: []string{"example.org"}, organization: "self"}, "but for example.org", " --force-renewal -d www.example.org"},
		"expired, its name":  {issued{from: day0.AddDate(0, 0, -100)}, "expired", " --force-renewal -d www.example.org\nnginx -s reload"},
		"expired, two names": {issued{names: []string{"www.example.org", "example.org"}, from: day0.AddDate(0, 0, -100)}, "expired", " --force-renewal -d www.example.org -d example.org\nnginx -s reload"},
		"for trial":          {issued{names: []string{"example.org", "www.example.org"}, organization: "(STAGING) Let's Encrypt"}, "staging", " --force-renewal -d example.org -d www.example.org\nnginx -s reload"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSecure(t, "127.0.0.11")
			s.serveTLS(0, c.served, http.NotFoundHandler())
			f := s.only("T-CERT", Fail, c.says)
			Offers(t, f, "Have one issued on the machine of 127.0.0.11", "and its web server read it, here nginx:", c.pastes)
		})
	}
}

func TestCertificatesAreNotAskedWhereNobodyWould(t *testing.T) {
	s := newSecure(t, "127.0.0.11")
	s.serveTLS(0, issued{}, http.NotFoundHandler())
	s.opts.AllowReserved = false
	for _, id := range []ID{"T-CERT", "T-RENEW", "T-AUTHZ"} {
		f := s.check(id)
		if len(f) != 1 || f[0].Outcome != Unknown || len(f[0].Asked) > 0 {
			t.Errorf("%s at a reserved address: %+v", id, f)
		}
	}
	s.opts.AllowReserved, s.opts.Certificates = true, nil
	s.only("T-CERT", Unknown, "no certificate is asked for")
}

// TestRenewalWithinAChange: the certificate of ten days ago is renewed on 12
// January.
func TestRenewalWithinAChange(t *testing.T) {
	for name, c := range map[string]struct {
		pending  []Pending
		from     int // days
		outcome  Outcome
		severity Severity
		says     string
		pastes   string
	}{
		"no change":           {nil, -10, Pass, Warning, "2027-01-12", ""},
		"before the renewal":  {[]Pending{{Type: zone.A, Until: day0.AddDate(0, 0, 40)}}, -10, Pass, Warning, "no change", ""},
		"over it":             {[]Pending{{Type: zone.A, Run: "01K", Until: day0.AddDate(0, 0, 60)}}, -10, Fail, Warning, "2027-01-12 06:00 UTC", "Renew it now, before anything else changes:\ncertbot renew --cert-name www.example.org --force-renewal"},
		"past the end":        {[]Pending{{Type: zone.A, Until: day0.AddDate(0, 0, 85)}}, -10, Fail, Error, "ends on 2027-02-11", "--force-renewal"},
		"long over":           {[]Pending{{Type: zone.A, Until: day0.AddDate(0, 0, -1)}}, -10, Pass, Warning, "no change", ""},
		"due, and a run":      {[]Pending{{Type: zone.A, Run: "01K"}}, -61, Fail, Warning, "goes on", "--force-renewal"},
		"due, and it goes on": {[]Pending{{Type: zone.A, Run: "01K", Until: day0.AddDate(0, 0, -1)}}, -61, Fail, Warning, "goes on", "--force-renewal"},
		"overdue":             {nil, -61, Fail, Warning, "was not", "See why its client has not done it, and try it for trial:\ncertbot renew --cert-name www.example.org --dry-run"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSecure(t, "127.0.0.11")
			s.serveTLS(0, issued{from: s.now.AddDate(0, 0, c.from)}, http.NotFoundHandler())
			s.subject.Pending = c.pending
			f := s.only("T-RENEW", c.outcome, c.says)
			if f.Severity != c.severity {
				t.Errorf("severity %s", f.Severity)
			}
			Offers(t, f, c.pastes)
		})
	}
}

var day0 = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

// TestReused: the periods of Let's Encrypt, at the days on which they change.
func TestReused(t *testing.T) {
	date := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	const days = 24 * time.Hour
	for _, c := range []struct {
		life time.Duration
		at   time.Time
		want time.Duration
	}{
		{90 * days, day0, 30 * days},
		{90 * days, date(2027, 2, 10).Add(-time.Second), 30 * days},
		{64 * days, date(2027, 2, 10), 10 * days},
		{64 * days, date(2028, 2, 16).Add(-time.Second), 10 * days},
		{64 * days, date(2028, 2, 16), 7 * time.Hour},
		{45 * days, day0, 7 * time.Hour},
		{160 * time.Hour, day0, 7 * time.Hour},
	} {
		if got := reused(c.life, c.at); got != c.want {
			t.Errorf("%s at %s: %s, want %s", c.life, c.at, got, c.want)
		}
	}
}

// TestAuthorization: whether the certificate of ten days ago proves the addresses
// of today.
func TestAuthorization(t *testing.T) {
	changed := func(days int) []journal.Change {
		moved := func(at time.Time, name zone.Name, run string) journal.Change {
			return journal.Change{At: at, Zone: "example.org.", Name: name, Type: "A", Run: run, OldValues: []string{"192.0.2.1"}, NewValues: []string{"192.0.2.2"}}
		}
		ttl := moved(day0, "www.example.org.", "of the TTL")
		ttl.OldValues, ttl.NewTTL = ttl.NewValues, 300
		return []journal.Change{
			moved(day0.AddDate(0, 0, -300), "www.example.org.", "old"), moved(day0.AddDate(0, 0, days), "www.example.org.", "01K"),
			moved(day0, "api.example.org.", "other"), ttl,
		}
	}
	for name, c := range map[string]struct {
		log     []journal.Change
		tries   []ledger.Try
		ca      string
		from    int
		outcome Outcome
		says    string
	}{
		"no change known":         {nil, nil, "", -10, Unknown, "does not say when"},
		"changed since":           {changed(-3), nil, "", -10, Fail, "until 2026-12-20 one may be from memory"},
		"changed just before":     {changed(-20), nil, "", -10, Fail, "perhaps by what was validated before the change of 2026-11-03"},
		"changed long before":     {changed(-50), nil, "", -10, Pass, "nothing was remembered"},
		"nothing issued for long": {changed(-35), nil, "", -40, Unknown, "validated afresh"},
		"rehearsed since":         {changed(-3), []ledger.Try{{At: day0.AddDate(0, 0, -1), Name: "www.example.org.", By: ledger.Rehearse, OK: true}}, "", -10, Pass, "by a rehearsal"},
		"rehearsed before":        {changed(-3), []ledger.Try{{At: day0.AddDate(0, 0, -5), Name: "www.example.org.", By: ledger.Rehearse, OK: true}}, "", -10, Fail, "from memory"},
		"rehearsed in vain":       {changed(-3), []ledger.Try{{At: day0.AddDate(0, 0, -1), Name: "www.example.org.", By: ledger.Rehearse}}, "", -10, Fail, "from memory"},
		"another authority":       {changed(-3), nil, "Example Trust", -10, Unknown, "how long Example Trust"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSecure(t, "127.0.0.11")
			s.serveTLS(0, issued{from: s.now.AddDate(0, 0, c.from), organization: c.ca}, http.NotFoundHandler())
			s.opts.Past = Past{
				Changes: func() ([]journal.Change, error) { return c.log, nil },
				Tries:   func() ([]ledger.Try, error) { return c.tries, nil },
			}
			f := s.only("T-AUTHZ", c.outcome, c.says)
			if c.outcome != Pass {
				Offers(t, f, "by an order for trial, which is validated afresh:\ndnsplan rehearse www.example.org")
			} else if len(f.Remedies) > 0 {
				t.Errorf("remedies: %q", f.Remedies)
			}
		})
	}
	s := newSecure(t, "127.0.0.11")
	s.serveTLS(0, issued{}, http.NotFoundHandler())
	s.opts.Past.Changes = func() ([]journal.Change, error) { return nil, errors.New("line 3 is damaged") }
	s.only("T-AUTHZ", Unknown, "line 3 is damaged")
}
