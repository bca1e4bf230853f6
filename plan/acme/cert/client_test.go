package cert_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/netfault/netfaulttest"
)

const name = "www.example.org"

// secure answers over TLS with what respond writes.
func secure(t *testing.T, config *tls.Config, respond string) netip.AddrPort {
	return netfaulttest.Serve(t, func(c net.Conn) {
		s := tls.Server(c, config)
		if s.Handshake() != nil {
			return
		}
		line, err := bufio.NewReader(s).ReadString('\n')
		if err != nil {
			return
		}
		if line != "GET / HTTP/1.1\r\n" {
			t.Errorf("asked %q", line)
		}
		_, _ = io.WriteString(s, respond)
		_ = s.Close()
	})
}

// endless answers as secure does, and keeps the connection for the body to come.
func endless(t *testing.T, config *tls.Config, respond string) netip.AddrPort {
	return netfaulttest.Serve(t, func(c net.Conn) {
		s := tls.Server(c, config)
		_, _ = io.WriteString(s, respond)
		_, _ = io.Copy(io.Discard, s) // until the client goes
	})
}

func ask(t *testing.T, at netip.AddrPort, o cert.Options) cert.Served {
	t.Helper()
	o.Port, o.Now = at.Port(), func() time.Time { return now }
	if o.Total == 0 {
		o.Connect, o.Total = time.Minute, time.Minute
	}
	return cert.New(o).Ask(t.Context(), name, at.Addr())
}

func TestAsk(t *testing.T) {
	ca := root(t, pkix.Name{CommonName: "Root"})
	pairs := map[string]tls.Certificate{
		name:              ca.Sign(leaf(name)).Pair(ca),
		"old.example.org": ca.Sign(leaf("old.example.org")).Pair(),
	}
	config := &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		pair, ok := pairs[h.ServerName]
		if !ok {
			return nil, fmt.Errorf("no certificate for %q", h.ServerName)
		}
		return &pair, nil
	}}
	const answer = "HTTP/1.1 301 Moved\r\nStrict-Transport-Security: max-age=31536000; includeSubDomains\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"
	at := secure(t, config, answer)
	s := ask(t, at, cert.Options{HSTS: true})
	if s.Err != nil || len(s.Chain) != 2 || s.Leaf().DNSNames[0] != name || s.Version != tls.VersionTLS13 || s.At != at || !s.Asked.Equal(now) {
		t.Fatalf("served %+v", s)
	}
	if diff := cmp.Diff(&cert.HSTS{MaxAge: 365 * day, Subdomains: true}, s.HSTS); diff != "" {
		t.Errorf("HSTS (-want +got):\n%s", diff)
	}
	if s := ask(t, at, cert.Options{}); s.HSTS != nil || s.Err != nil {
		t.Errorf("without HSTS: %+v", s)
	}
	old := secure(t, &tls.Config{Certificates: []tls.Certificate{pairs["old.example.org"]}, MaxVersion: tls.VersionTLS10, MinVersion: tls.VersionTLS10}, "")
	if s := ask(t, old, cert.Options{HSTS: true}); s.Err != nil || s.Version != tls.VersionTLS10 || s.HSTS != nil {
		t.Errorf("old TLS: %+v", s)
	}
}

func TestHSTS(t *testing.T) {
	ca := root(t, pkix.Name{CommonName: "Root"})
	config := &tls.Config{Certificates: []tls.Certificate{ca.Sign(leaf(name)).Pair()}}
	for field, want := range map[string]*cert.HSTS{
		"":                         nil,
		"max-age=0":                nil,
		"includeSubDomains":        nil,
		"max-age=soon":             nil,
		"max-age=-1":               nil,
		`Max-Age="300"; preload`:   {MaxAge: 5 * time.Minute},
		"max-age=9000000000000000": {MaxAge: 36500 * day},
		"max-age=99999999999999999999; includeSubDomains": nil,
	} {
		s := ask(t, secure(t, config, "HTTP/1.1 200 OK\r\nStrict-Transport-Security: "+field+"\r\nContent-Length: 0\r\n\r\n"), cert.Options{HSTS: true})
		if diff := cmp.Diff(want, s.HSTS); diff != "" || s.Err != nil {
			t.Errorf("%q: error %v, HSTS (-want +got):\n%s", field, s.Err, diff)
		}
	}
	stream := "HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
	began := time.Now()
	if s := ask(t, endless(t, config, stream), cert.Options{HSTS: true, Total: time.Minute}); s.HSTS == nil || time.Since(began) > 50*time.Second {
		t.Errorf("a page without an end: %+v after %s", s.HSTS, time.Since(began))
	}
	for _, answer := range []string{"", "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20) + "\r\nStrict-Transport-Security: max-age=1\r\n\r\n"} {
		if s := ask(t, secure(t, config, answer), cert.Options{HSTS: true}); s.HSTS != nil || s.Err != nil {
			t.Errorf("%.20q: %+v", answer, s)
		}
	}
}

func TestAskFails(t *testing.T) {
	refused := netfaulttest.Nobody(t)
	failing := func(err error) cert.DialFunc {
		return func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}
	}
	short := cert.Options{Connect: time.Minute, Total: 50 * time.Millisecond}
	for _, tt := range []struct {
		name string
		at   netip.AddrPort
		o    cert.Options
		kind cert.Kind
		text string
	}{
		{"nobody listens", refused, cert.Options{}, cert.Refused, "connection refused"},
		{"silence", netfaulttest.Serve(t, netfaulttest.Hangs), short, cert.Timeout, "no answer in time"},
		{"no TLS", netfaulttest.Serve(t, func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); netfaulttest.Hangs(c) }), cert.Options{}, cert.NotTLS, "it does not speak TLS"},
		{"closed", netfaulttest.Serve(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }), cert.Options{}, cert.Reset, "it closed the connection"},
		{"no name", secure(t, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errors.New("none") }}, ""), cert.Options{}, cert.Alert, "remote error: tls: internal error"},
		{"no route", refused, cert.Options{Dial: failing(syscall.ENETUNREACH)}, cert.NoRoute, "this machine has no route to it"},
		{"nobody is there", refused, cert.Options{Dial: failing(syscall.EHOSTUNREACH)}, cert.Unreachable, "no route to it"},
		{"no connection in time", refused, cert.Options{Connect: time.Millisecond, Total: time.Minute, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}, cert.Timeout, "no answer in time"},
		{"something else", refused, cert.Options{Dial: failing(syscall.EPERM)}, cert.Failed, "dial tcp: operation not permitted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := ask(t, tt.at, tt.o)
			if s.Err == nil || s.Err.Kind != tt.kind || len(s.Chain) != 0 || s.Leaf() != nil {
				t.Fatalf("served %+v, error %v", s, s.Err)
			}
			if want := "ask " + tt.at.String() + " for the certificate of " + name + ": " + tt.text; s.Err.Error() != want {
				t.Errorf("error %q, want %q", s.Err, want)
			}
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if s := cert.New(cert.Options{}).Ask(ctx, name, refused.Addr()); s.Err == nil || s.Err.Kind != cert.Cancelled {
		t.Errorf("cancelled: %v", s.Err)
	}
}
