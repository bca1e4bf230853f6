package probe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/netfault/netfaulttest"
	"github.com/dnsplan/dnsplan/plan/probe"
)

const host = "www.example.org"

// says answers each request's head with text, as it stands.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, text)
	}
}

func serve(t *testing.T, h http.HandlerFunc) netip.AddrPort {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return netip.MustParseAddrPort(s.Listener.Addr().String())
}

// ask makes one attempt with the default client.
func ask(t *testing.T, at netip.AddrPort, p plan.Probe) probe.Result {
	t.Helper()
	p.Port = at.Port()
	if p.Timeout == 0 {
		p.Timeout = 5
	}
	return probe.New(probe.Options{}).Probe(t.Context(), probe.Target{Addr: at.Addr(), Probe: p})
}

func http1(path string) plan.Probe {
	return plan.Probe{Type: plan.ProbeHTTP, Scheme: "http", Host: host, Path: path}
}

// wantError wants an error with the words; none of a good result.
func wantError(t *testing.T, r probe.Result, words string) {
	t.Helper()
	switch {
	case words == "" && !r.Good():
		t.Errorf("%s: %v", r.Asked, r.Err)
	case words != "" && (r.Good() || !strings.Contains(r.Err.Error(), words)):
		t.Errorf("%s: %v (%s), want %q", r.Asked, r.Err, r.Answer, words)
	}
}

func TestTCP(t *testing.T) {
	tcp := plan.Probe{Type: plan.ProbeTCP}
	open, shut := netfaulttest.Serve(t, netfaulttest.Hangs), netfaulttest.Nobody(t)
	r := ask(t, open, tcp)
	if wantError(t, r, ""); r.Answer != "connected" || r.Asked != "connection to "+open.String() {
		t.Errorf("%+v", r)
	}
	r = ask(t, shut, tcp)
	if wantError(t, r, "connection refused"); !errors.Is(r.Err, syscall.ECONNREFUSED) {
		t.Errorf("the cause is lost: %v", r.Err)
	}
}

// TestHTTPAsksByName: the request goes to the address under test, by the name,
// whatever DNS and the environment's proxy say.
func TestHTTPAsksByName(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != host || r.Method != http.MethodGet || r.URL.RequestURI() != "/up?full=1" {
			w.WriteHeader(http.StatusMisdirectedRequest)
		}
	})
	r := ask(t, at, http1("/up?full=1"))
	if wantError(t, r, ""); r.Answer != "200 OK" || r.Asked != fmt.Sprintf("GET http://%s:%d/up?full=1 at %s", host, at.Port(), at) {
		t.Errorf("%+v", r)
	}
}

func TestHTTPJudges(t *testing.T) {
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/moved":
			http.Redirect(w, r, "https://elsewhere.example.net/", http.StatusMovedPermanently)
		case "/empty":
			w.WriteHeader(http.StatusNoContent)
		case "/late":
			_, _ = io.WriteString(w, strings.Repeat("x", 4090)+"needle") // across the first read's end
		case "/huge":
			for range 3 << 10 {
				_, _ = io.WriteString(w, strings.Repeat("y", 1<<10))
			}
			_, _ = io.WriteString(w, "needle")
		default:
			_, _ = io.WriteString(w, "all is well\n")
		}
	})
	for _, tt := range []struct{ path, status, body, want string }{
		{"/", "", "", ""},
		{"/", "200", "is well", ""},
		{"/", "204", "", "answered 200 OK, not 204"},
		{"/", "", "is ill", `answered 200 OK without "is ill"`},
		{"/gone", "", "", "answered 410 Gone, not 2xx or 3xx"},
		{"/gone", "410", "", ""},
		{"/gone", "4xx", "", ""},
		{"/moved", "", "", ""},
		{"/moved", "2xx", "", `answered 301 Moved Permanently (to "https://elsewhere.example.net/"), not 2xx`},
		{"/moved", "", "is well", `answered 301 Moved Permanently (to "https://elsewhere.example.net/") without "is well"`},
		{"/empty", "2xx", "", ""},
		{"/empty", "", "x", `answered 204 No Content without "x"`},
		{"/late", "", "needle", ""},
		{"/huge", "", "", ""},
		{"/huge", "", "needle", `without "needle" in its first 1048576 bytes`},
	} {
		p := http1(tt.path)
		p.Status, p.Body = tt.status, tt.body
		wantError(t, ask(t, at, p), tt.want)
	}
}

// TestHTTPBadServers: whatever a server does, an attempt ends, and says what came.
func TestHTTPBadServers(t *testing.T) {
	slow := http1("/")
	slow.Timeout = 1
	body := slow
	body.Body = "never"
	for name, tt := range map[string]struct {
		serve func(net.Conn)
		probe plan.Probe
		want  string
	}{
		"garbage":         {says("\x00\x01\x02 no HTTP at all\r\n\r\n"), http1("/"), "malformed HTTP"},
		"another service": {says("220 mail.example.org ESMTP\r\n"), http1("/"), "malformed HTTP"},
		"closes":          {says(""), http1("/"), "it closed the connection without an answer"},
		"cut off":         {says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), body, "it closed the connection"},
		"hangs":           {netfaulttest.Hangs, slow, "no answer within 1s"},
		"head without end": {func(conn net.Conn) {
			says("HTTP/1.1 200 OK\r\n")(conn)
			netfaulttest.Hangs(conn)
		}, slow, "no answer within 1s"},
		"body without end": {func(conn net.Conn) {
			says("HTTP/1.1 200 OK\r\n\r\nslow")(conn)
			netfaulttest.Hangs(conn)
		}, body, "no answer within 1s"},
		"head of all sizes": {func(conn net.Conn) {
			says("HTTP/1.1 200 OK\r\n")(conn)
			for range 1 << 10 {
				if _, err := io.WriteString(conn, "X-Long: "+strings.Repeat("z", 1<<10)+"\r\n"); err != nil {
					return
				}
			}
		}, http1("/"), "headers exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := ask(t, netfaulttest.Serve(t, tt.serve), tt.probe)
			if r.Good() {
				t.Fatalf("good: %+v", r)
			}
			if wantError(t, r, tt.want); len(r.Err.Error()) > 300 {
				t.Errorf("the server says too much: %d bytes", len(r.Err.Error()))
			}
		})
	}
}

func TestCancel(t *testing.T) {
	at := netfaulttest.Serve(t, netfaulttest.Hangs)
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, stop)
	p := http1("/")
	p.Port, p.Timeout = at.Port(), 300
	r := probe.New(probe.Options{}).Probe(ctx, probe.Target{Addr: at.Addr(), Probe: p})
	if !errors.Is(r.Err, context.Canceled) {
		t.Errorf("%v", r.Err)
	}
}

// TestUnroutable: a machine without IPv6 cannot tell how it is with a service
// there; one of IPv4 that is not reached is not well.
func TestUnroutable(t *testing.T) {
	c := probe.New(probe.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: syscall.ENETUNREACH}
	}})
	for addr, want := range map[string]bool{"2001:db8::1": true, "192.0.2.1": false} {
		r := c.Probe(t.Context(), probe.Target{Addr: netip.MustParseAddr(addr), Probe: plan.Probe{Type: plan.ProbeTCP, Port: 80, Timeout: 1}})
		if r.Unroutable != want || r.Good() {
			t.Errorf("%s: %+v", addr, r)
		}
	}
}

// TestAtOnce: so many attempts at once, and no more.
func TestAtOnce(t *testing.T) {
	begun, go1 := make(chan struct{}, 10), make(chan struct{})
	c := probe.New(probe.Options{AtOnce: 2, Dial: func(context.Context, string, string) (net.Conn, error) {
		begun <- struct{}{}
		<-go1
		return nil, fs.ErrClosed
	}})
	done := make(chan probe.Result)
	for range 5 {
		go func() {
			done <- c.Probe(t.Context(), probe.Target{Addr: netip.MustParseAddr("192.0.2.1"), Probe: plan.Probe{Type: plan.ProbeTCP, Port: 80, Timeout: 60}})
		}()
	}
	<-begun
	<-begun
	select {
	case <-begun:
		t.Error("a third one began")
	case <-time.After(20 * time.Millisecond):
	}
	close(go1)
	for range 5 {
		<-done
	}
}

func FuzzHTTP(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	f.Add([]byte("HTTP/1.1 301 Moved\r\nLocation: \x00\r\n\r\n"))
	f.Add([]byte("\xff"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		c := probe.New(probe.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				_, _ = server.Read(make([]byte, 4096))
				_, _ = server.Write(answer)
			}()
			return client, nil
		}})
		p := http1("/")
		p.Port, p.Timeout, p.Body = 80, 5, "ok"
		r := c.Probe(t.Context(), probe.Target{Addr: netip.MustParseAddr("192.0.2.1"), Probe: p})
		if r.Good() && !strings.Contains(string(answer), "ok") {
			t.Errorf("good: %+v", r)
		}
	})
}
