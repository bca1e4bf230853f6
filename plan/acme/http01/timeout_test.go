package http01_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// pipes connects to servers in memory; to nil it connects never.
type pipes map[string]func(net.Conn)

func (p pipes) dial(ctx context.Context, _ netip.Addr, to netip.AddrPort) (net.Conn, error) {
	serve := p[to.String()]
	if serve == nil {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
	}
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		serve(theirs)
	}()
	return ours, nil
}

// hangs takes what comes and is silent until the client goes.
func hangs(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// answers takes the request, says text, and hangs.
func answers(text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, text)
		hangs(conn)
	}
}

// both is a name with addresses of both families.
type both struct{}

func (both) Lookup(_ context.Context, _ zone.Name, t zone.Type) http01.Addrs {
	if t == zone.A {
		return http01.Addrs{Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}
	}
	return http01.Addrs{Addrs: []netip.Addr{netip.MustParseAddr("2001:db8::1")}}
}

// slow is a resolver that never answers.
type slow struct{}

func (slow) Lookup(ctx context.Context, _ zone.Name, _ zone.Type) http01.Addrs {
	<-ctx.Done()
	return http01.Addrs{Err: ctx.Err()}
}

// Time-outs are those of authorities, to the millisecond, in time that costs
// nothing.
func TestTimeouts(t *testing.T) {
	const (
		six, four = "[2001:db8::1]:80", "192.0.2.1:80"
		head      = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
	)
	whole := 14800 * time.Millisecond
	for _, tt := range []struct {
		what    string
		servers pipes
		verdict http01.Verdict
		kind    http01.Kind
		after   time.Duration
	}{
		{"no answer", pipes{six: hangs}, http01.Connection, http01.AnswerTimeout, whole},
		{"half a head", pipes{six: answers(head[:20])}, http01.Connection, http01.AnswerTimeout, whole},
		{"half a body", pipes{six: answers(head + "KEY")}, http01.Unauthorized, http01.BodyBroken, whole},
		{"IPv6 never connects", pipes{four: answers(head + keyAuth)}, http01.Valid, "", 10 * time.Second},
		{"nor does IPv4", nil, http01.Connection, http01.ConnectTimeout, whole},
		{"the target of a redirect never connects", pipes{
			six: answers("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: https://www.example.org/x\r\n\r\n"),
		}, http01.Connection, http01.ConnectTimeout, 10 * time.Second},
		{"TLS hangs", pipes{
			six: answers("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: https://www.example.org/x\r\n\r\n"), "[2001:db8::1]:443": hangs,
		}, http01.Connection, http01.AnswerTimeout, 10 * time.Second},
		{
			"an error page that never ends",
			pipes{six: answers("HTTP/1.1 404 Not Found\r\nContent-Length: 1000\r\n\r\n<html>")},
			http01.Unauthorized, http01.Status, time.Second,
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			v := http01.New(http01.Options{Lookup: both{}, Dial: tt.servers.dial})
			r := check(t, v, http01.Request{Host: "www.example.org", Token: token, Want: keyAuth})
			if r.Verdict != tt.verdict || kind(r) != tt.kind {
				t.Errorf("%s: %s %v, want %s %s", tt.what, r.Verdict, r.Err, tt.verdict, tt.kind)
			}
			if took := time.Since(began); took != tt.after || r.Elapsed != tt.after {
				t.Errorf("%s: after %v, want %v", tt.what, took, tt.after)
			}
		})
	}
}

// A caller that gives up learns that nothing is known.
func TestCancel(t *testing.T) {
	for what, o := range map[string]http01.Options{
		"look-up": {Lookup: slow{}}, "connection": {Lookup: both{}, Dial: pipes{}.dial},
		"answer": {Lookup: both{}, Dial: pipes{"[2001:db8::1]:80": hangs}.dial},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
			defer stop()
			r := http01.New(o).Validate(ctx, http01.Request{Host: "www.example.org", Token: token, Want: keyAuth})
			if r.Verdict != http01.Unknown || kind(r) != http01.Cancelled || !errors.Is(r.Err, context.DeadlineExceeded) || r.Elapsed != 3*time.Second {
				t.Errorf("%s: %s %v after %v", what, r.Verdict, r.Err, r.Elapsed)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		r := http01.New(http01.Options{Lookup: slow{}}).Validate(t.Context(), http01.Request{Host: "www.example.org"})
		if r.Verdict != http01.DNSFailed || kind(r) != http01.LookupFailed {
			t.Errorf("a look-up that is too slow: %s %v", r.Verdict, r.Err)
		}
	})
}
