package http01_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/netfault/netfaulttest"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// listen serves raw connections on loopback until the test ends, each after its
// request's head was read.
func listen(t *testing.T, serve func(net.Conn)) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	netfaulttest.ServeListener(t, l, func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		serve(conn)
	})
	return l
}

// says answers with text as it stands.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) { _, _ = io.WriteString(conn, text) }
}

// TestAnswers are servers that one meets on port 80, as they speak on the wire.
func TestAnswers(t *testing.T) {
	const good = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" + keyAuth
	redirect := func(to string) string {
		return "HTTP/1.1 302 Found\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n"
	}
	for _, tt := range []struct {
		what    string
		serve   func(net.Conn)
		verdict http01.Verdict
		kind    http01.Kind
		words   string // part of the error
	}{
		{"as it should", says(good), http01.Valid, "", ""},
		{"early hints first", says("HTTP/1.1 103 Early Hints\r\n\r\n" + good), http01.Valid, "", ""},
		{"HTTP/1.0 without a length", says("HTTP/1.0 200 OK\r\n\r\n" + keyAuth), http01.Valid, "", ""},
		{"chunked", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n" + keyAuth + "\r\n0\r\n\r\n"), http01.Valid, "", ""},
		{
			"HTTP/2", says("\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64\x00\x04\x00\x10\x00\x00\x00\x06\x00\x01\x00\x00"),
			http01.Connection, http01.HTTP2, "speaks HTTP/2",
		},
		{"TLS alert", says("\x15\x03\x01\x00\x02\x02\x46"), http01.Connection, http01.TLSOnHTTP, "speaks TLS"},
		{
			"nginx on its TLS port", says("HTTP/1.1 400 Bad Request\r\n\r\n<center>The plain HTTP request was sent to HTTPS port</center>"),
			http01.Unauthorized, http01.TLSOnHTTP, "speaks TLS",
		},
		{"reset", netfaulttest.Resets, http01.Connection, http01.Reset, "reset the connection"},
		{"closed", func(net.Conn) {}, http01.Connection, http01.Closed, "closed the connection"},
		{"SSH", says("SSH-2.0-OpenSSH_9.2\r\n"), http01.Connection, http01.Garbled, "not HTTP"},
		{"head cut off", says("HTTP/1.1 200"), http01.Connection, http01.Garbled, "not HTTP"},
		{"body cut off", says("HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n" + keyAuth), http01.Unauthorized, http01.BodyBroken, "broke off"},
		{"empty body", says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), http01.Unauthorized, http01.WrongBody, "empty"},
		{"no content", says("HTTP/1.1 204 No Content\r\n\r\n"), http01.Unauthorized, http01.Status, "204 No Content"},
		{"redirect to nowhere", says("HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n"), http01.Unauthorized, http01.Status, "no Location"},
		{
			"300 is no redirect", says("HTTP/1.1 300 Multiple Choices\r\nLocation: http://ok.example.com/x\r\nContent-Length: 0\r\n\r\n"),
			http01.Unauthorized, http01.Status, "300",
		},
		{"redirect in upper case", says(redirect("HTTP://OK.Example.COM/x")), http01.Valid, "", ""},
		{"redirect without a scheme", says(redirect("//ok.example.com/x")), http01.Valid, "", ""},
		{"redirect with a query", says(redirect("http://ok.example.com/x?a=b")), http01.Valid, "", ""},
		{"redirect to no URL", says(redirect("http://[::1/x")), http01.Connection, http01.RedirectURL, "no URL"},
		{"redirect to no host", says(redirect("http:///x")), http01.Connection, http01.RedirectHost, "no host"},
		{"redirect to an IPv6 zone", says(redirect("http://[fe80::1%25eth0]/x")), http01.Connection, http01.RedirectHost, "zone"},
		{"redirect to a long path", says(redirect("http://ok.example.com/" + strings.Repeat("a", 2000))), http01.Connection, http01.RedirectURL, "2001 octets"},
		{"redirect to a reserved address", says(redirect("http://10.0.0.1/x")), http01.Connection, http01.RedirectReserved, "reserved"},
		{"redirect to a final dot", says(redirect("http://ok.example.com./x")), http01.Connection, http01.RedirectTLD, "top-level"},
		{"redirect to a wide port", says(redirect("http://ok.example.com:65616/x")), http01.Connection, http01.RedirectPort, "80 and 443"},
		{"redirect to a dead name", says(redirect("http://dead.example.com/x")), http01.Connection, http01.ConnectRefused, "http://dead.example.com/x at 192.0.2.49: connection refused"},
		{"redirect to plain HTTP on 443", says(redirect("https://plain.example.com/x")), http01.Malformed, http01.HTTPOnTLS, "speaks plain HTTP"},
		{"redirect to old TLS", says(redirect("https://old.example.com/x")), http01.TLS, http01.TLSFailed, "protocol version"},
		{"redirect to TLS that closes", says(redirect("https://shut.example.com/x")), http01.Connection, http01.TLSFailed, "EOF"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			w := answersWorld(t)
			w.serve("192.0.2.7:80", listen(t, tt.serve))
			o := w.options()
			o.Reserved = func(a netip.Addr) bool { return a == netip.MustParseAddr("10.0.0.1") }
			r := check(t, http01.New(o), http01.Request{Host: "www.example.com", Token: token, Want: keyAuth})
			if r.Verdict != tt.verdict || kind(r) != tt.kind {
				t.Errorf("%s %s, want %s %s: %v", r.Verdict, kind(r), tt.verdict, tt.kind, r.Err)
			}
			if r.Err != nil && !strings.Contains(r.Err.Error(), tt.words) {
				t.Errorf("%v, want %q in it", r.Err, tt.words)
			}
		})
	}
}

// answersWorld has www.example.com, whose server the test puts there, and where
// it may redirect to.
func answersWorld(t *testing.T) *world {
	w := newWorld(t)
	for name, addr := range map[string]string{"www": "192.0.2.7", "ok": "192.0.2.41", "dead": "192.0.2.49", "plain": "192.0.2.42", "old": "192.0.2.43", "shut": "192.0.2.44"} {
		w.name(name+".example.com", addr)
	}
	plain := httptest.NewServer(http.HandlerFunc(site))
	t.Cleanup(plain.Close)
	w.serve("192.0.2.41:80", plain.Listener)
	w.serve("192.0.2.42:443", plain.Listener)
	old := tlsServer(http.HandlerFunc(site), &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	t.Cleanup(old.Close)
	w.serve("192.0.2.43:443", old.Listener)
	w.serve("192.0.2.44:443", listen(t, func(net.Conn) {}))
	return w
}

// The first connection alone has a second address to turn to.
func TestAddressChoice(t *testing.T) {
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, keyAuth) }))
	t.Cleanup(good.Close)
	for _, tt := range []struct {
		addrs string // in the order of the answers
		up    string
		tried string
		kind  http01.Kind
	}{
		{"192.0.2.1 192.0.2.2", "192.0.2.1", "192.0.2.1", ""},
		{"192.0.2.2 192.0.2.1", "192.0.2.1", "192.0.2.2", http01.ConnectRefused},
		{"2001:db8::1 192.0.2.1", "2001:db8::1", "2001:db8::1", ""},
		{"192.0.2.1 2001:db8::1", "2001:db8::1", "2001:db8::1", ""},
		{"2001:db8::1 192.0.2.1", "192.0.2.1", "2001:db8::1 192.0.2.1", ""},
		{"2001:db8::1 2001:db8::2 192.0.2.1", "2001:db8::2", "2001:db8::1 192.0.2.1", http01.ConnectRefused},
		{"2001:db8::1 192.0.2.2 192.0.2.1", "192.0.2.1", "2001:db8::1 192.0.2.2", http01.ConnectRefused},
		{"2001:db8::1", "192.0.2.1", "2001:db8::1", http01.ConnectRefused},
		{"10.0.0.1 192.0.2.1", "192.0.2.1", "192.0.2.1", ""},
		{"fd00::1 192.0.2.1", "192.0.2.1", "192.0.2.1", ""},
		{"10.0.0.1 fd00::1", "192.0.2.1", "", http01.NoAddress},
	} {
		w := newWorld(t)
		w.name("www.example.com", tt.addrs)
		w.serve(netip.AddrPortFrom(netip.MustParseAddr(tt.up), 80).String(), good.Listener)
		o := w.options()
		o.Reserved = netip.Addr.IsPrivate
		r := check(t, http01.New(o), http01.Request{Host: "WWW.Example.com.", Token: token, Want: keyAuth})
		var tried []string
		for _, try := range r.Last().Tries {
			tried = append(tried, try.Addr.String())
		}
		if got := strings.Join(tried, " "); got != tt.tried || kind(r) != tt.kind {
			t.Errorf("%s with %s up: tried %s, %v; want %s, %q", tt.addrs, tt.up, got, r.Err, tt.tried, tt.kind)
		}
		if n := len(r.Last().Resolved) + len(r.Last().Dropped); n != len(strings.Fields(tt.addrs)) {
			t.Errorf("%s: %d addresses remembered", tt.addrs, n)
		}
	}
}

// A pin takes the place of the DNS for the host itself, also behind redirects
// back to it, and for no other name.
func TestPin(t *testing.T) {
	pinned := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case http01.Path + token:
			http.Redirect(w, r, "http://www.example.com/again", http.StatusFound)
		case "/again":
			http.Redirect(w, r, "http://other.example.com/x", http.StatusFound)
		}
	}))
	other := httptest.NewServer(http.HandlerFunc(site))
	t.Cleanup(pinned.Close)
	t.Cleanup(other.Close)
	w := newWorld(t)
	w.name("www.example.com", "192.0.2.1")
	w.name("other.example.com", "192.0.2.41")
	w.serve("192.0.2.2:80", pinned.Listener)
	w.serve("192.0.2.41:80", other.Listener)
	q := http01.Request{Host: "www.example.com", Token: token, Want: keyAuth, Pin: netip.MustParseAddr("192.0.2.2")}
	r := check(t, http01.New(w.options()), q)
	if r.Verdict != http01.Valid || len(r.Hops) != 3 {
		t.Fatalf("%s in %d hops: %v", r.Verdict, len(r.Hops), r.Err)
	}
	for i, want := range []string{"192.0.2.2", "192.0.2.2", "192.0.2.41"} {
		if h := r.Hops[i]; h.Used.String() != want || h.Pinned != (i < 2) || (h.A.Addrs != nil) != (i == 2) {
			t.Errorf("hop %d: %+v", i, h)
		}
	}
	o := w.options()
	o.Reserved = func(netip.Addr) bool { return true }
	if r := check(t, http01.New(o), q); kind(r) != http01.NoAddress || len(r.Last().Dropped) != 1 {
		t.Errorf("a reserved pin: %v", r.Err)
	}
	o.Reserved, o.Lookup = nil, nil
	if r := check(t, http01.New(o), q); kind(r) != http01.LookupFailed || len(r.Hops) != 3 {
		t.Errorf("without a lookup: %v", r.Err)
	}
}

// An overlay is what RRsets will hold, also those of names that are redirected to.
func TestOverlay(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(site))
	t.Cleanup(s.Close)
	w := newWorld(t)
	w.name("www.example.com", "192.0.2.1")
	w.name("ok.example.com", "192.0.2.41")
	w.serve("192.0.2.41:80", s.Listener)
	o := w.options()
	addr := func(a string) []netip.Addr { return []netip.Addr{netip.MustParseAddr(a)} }
	key := func(n zone.Name, t zone.Type) zone.Key { return zone.Key{Name: n, Type: t} }
	planned := http01.Overlay{RRsets: map[zone.Key][]netip.Addr{key("308.example.com.", zone.A): addr("192.0.2.41")}, Rest: w}
	o.Lookup = planned
	q := http01.Request{Host: "308.example.com", Token: token, Want: keyAuth}
	if r := check(t, http01.New(o), q); r.Verdict != http01.Valid || r.Hops[0].A.By != "the plan" {
		t.Errorf("%v", r.Err)
	}
	w.name("ok.example.com", "192.0.2.1 2001:db8::8")
	planned.RRsets[key("ok.example.com.", zone.A)] = addr("192.0.2.41")
	if r := check(t, http01.New(o), q); kind(r) != http01.ConnectRefused || r.Err.Addr.String() != "2001:db8::8" {
		t.Errorf("the redirect's target keeps its other RRset: %v", r.Err)
	}
	planned.RRsets[key("ok.example.com.", zone.AAAA)] = nil
	if r := check(t, http01.New(o), q); r.Verdict != http01.Valid {
		t.Errorf("the redirect's target loses an RRset: %v", r.Err)
	}
	planned.RRsets[key("ok.example.com.", zone.AAAA)] = addr("2001:db8::9")
	if r := check(t, http01.New(o), q); kind(r) != http01.ConnectRefused || r.Err.Addr.String() != "2001:db8::9" {
		t.Errorf("the redirect's target moves too: %v", r.Err)
	}
}

// Ports of one's own stand for 80 and 443, and may be written in URLs.
func TestPorts(t *testing.T) {
	var to string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/x" {
			fmt.Fprint(w, keyAuth)
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
	}))
	t.Cleanup(s.Close)
	at := netip.MustParseAddrPort(s.Listener.Addr().String())
	v := http01.New(http01.Options{Ports: http01.Ports{HTTP: at.Port(), HTTPS: 1}, PublicName: func(string) bool { return true }})
	port := fmt.Sprint(at.Port())
	for target, want := range map[string]http01.Kind{
		"/x":                                     "",
		"http://www.example.org/x":               "",
		"http://www.example.org:80/x":            "",
		"http://www.example.org:" + port + "/x":  "",
		"https://www.example.org:" + port + "/x": http01.HTTPOnTLS,
		"https://www.example.org/x":              http01.ConnectRefused,
		"https://www.example.org:443/x":          http01.ConnectRefused,
		"https://www.example.org:1/x":            http01.ConnectRefused,
		"https://www.example.org:2/x":            http01.RedirectPort,
	} {
		to = target
		r := check(t, v, http01.Request{Host: "www.example.org", Token: token, Want: keyAuth, Pin: at.Addr(), Source: netip.MustParseAddr("127.0.0.2")})
		if kind(r) != want {
			t.Errorf("%s: %v, want %q", target, r.Err, want)
		}
	}
}

// What is asked, and from where, is what an authority asks.
func TestRequest(t *testing.T) {
	type asked struct{ method, host, path, agent, accept, referer, from string }
	var got []asked
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _, _ := net.SplitHostPort(r.RemoteAddr)
		got = append(got, asked{r.Method, r.Host, r.URL.Path, r.UserAgent(), r.Header.Get("Accept"), r.Referer(), from})
		w.Header().Set("Cf-Ray", "1234")
		w.Header().Set("Server", strings.Repeat("s", 300))
		w.Header().Set("Set-Cookie", "session=secret")
		if r.URL.Path != "/x" {
			w.Header().Set("Location", "/x")
			w.WriteHeader(http.StatusFound)
			return
		}
		fmt.Fprint(w, keyAuth)
	}))
	t.Cleanup(s.Close)
	at := netip.MustParseAddrPort(s.Listener.Addr().String())
	now := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	v := http01.New(http01.Options{Ports: http01.Ports{HTTP: at.Port()}, Now: func() time.Time { now = now.Add(time.Second); return now }})
	r := check(t, v, http01.Request{Host: "www.example.org", Token: token, Want: keyAuth, Pin: at.Addr(), Source: netip.MustParseAddr("127.0.0.9")})
	first := asked{"GET", "www.example.org", http01.Path + token, http01.UserAgent, "*/*", "", "127.0.0.9"}
	second := first
	second.path, second.referer = "/x", "http://www.example.org"+http01.Path+token
	if want := []asked{first, second}; r.Err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", r.Err, got, want)
	}
	h := r.Hops[0]
	if h.Header.Get("Cf-Ray") != "1234" || len(h.Header.Get("Server")) != 203 || h.Header.Get("Set-Cookie") != "" || h.Location != "/x" || h.Port != at.Port() {
		t.Errorf("headers %v, location %q", h.Header, h.Location)
	}
	if h.Lookup != time.Second || h.Connect != 3*time.Second || h.Answer != time.Second || r.Elapsed < 10*time.Second {
		t.Errorf("durations by the clock that was given: %v %v %v %v", h.Lookup, h.Connect, h.Answer, r.Elapsed)
	}
}

// What was asked over TLS is not told to who is asked without.
func TestNoRefererFromTLS(t *testing.T) {
	referer := "none"
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/last" {
			referer = r.Referer()
		}
		http.Redirect(w, r, "https://www.example.org/tls", http.StatusFound)
	}))
	secure := tlsServer(http.RedirectHandler("http://www.example.org/last", http.StatusFound), &tls.Config{})
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	w := newWorld(t)
	w.name("www.example.org", "192.0.2.1")
	w.serve("192.0.2.1:80", plain.Listener)
	w.serve("192.0.2.1:443", secure.Listener)
	if r := w.validate("www.example.org"); kind(r) != http01.RedirectLoop || referer != "" || r.Hops[1].TLS != "TLS 1.3" {
		t.Errorf("%v; referer %q", r.Err, referer)
	}
}

// A body is kept as far as the sample goes, whatever the verdict.
func TestSample(t *testing.T) {
	for status, want := range map[int]http01.Kind{200: http01.BodyTooLong, 404: http01.Status} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, strings.Repeat("parked ", 100_000))
		}))
		at := netip.MustParseAddrPort(s.Listener.Addr().String())
		v := http01.New(http01.Options{Ports: http01.Ports{HTTP: at.Port()}, Sample: 1000})
		r := check(t, v, http01.Request{Host: "www.example.org", Token: token, Want: keyAuth, Pin: at.Addr()})
		if kind(r) != want || len(r.Last().Body) != 1000 || r.Err.Code != status || r.Err.Addr != at.Addr() {
			t.Errorf("%d: %v with %d octets", status, r.Err, len(r.Last().Body))
		}
		s.Close()
	}
}

func TestBadHost(t *testing.T) {
	for _, host := range []string{"", ".", "*.example.org", "localhost", "fe80::1%eth0", "www..example.org", "-", strings.Repeat("a", 64) + ".example.org"} {
		r := check(t, http01.New(http01.Options{}), http01.Request{Host: host, Token: token, Want: keyAuth})
		if r.Verdict != http01.Malformed || kind(r) != http01.BadHost || len(r.Hops) != 0 {
			t.Errorf("%q: %s %v", host, r.Verdict, r.Err)
		}
	}
}

// An address is a host too (RFC 8738).
func TestAddressAsHost(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) }))
	t.Cleanup(s.Close)
	w := newWorld(t)
	w.serve("192.0.2.1:80", s.Listener)
	w.serve("[2001:db8::1]:80", s.Listener)
	for host, want := range map[string]string{"192.0.2.1": "192.0.2.1", "2001:DB8::1": "[2001:db8::1]"} {
		r := check(t, http01.New(w.options()), http01.Request{Host: host, Token: token, Want: want})
		if r.Verdict != http01.Valid || !strings.HasPrefix(r.Hops[0].URL, "http://"+want+http01.Path) {
			t.Errorf("%s: %v", host, r.Err)
		}
	}
}

// An address that this machine cannot reach is told, also where IPv4 answered
// in its place.
func TestUnasked(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, keyAuth) }))
	t.Cleanup(s.Close)
	w := newWorld(t)
	w.name("www.example.com", "2001:db8::1 192.0.2.1")
	w.serve("192.0.2.1:80", s.Listener)
	for errno, want := range map[syscall.Errno]http01.Kind{
		syscall.ENETUNREACH: http01.NoRoute, syscall.EADDRNOTAVAIL: http01.NoRoute, syscall.EHOSTUNREACH: http01.HostUnreachable,
		syscall.ECONNRESET: http01.ConnectReset, syscall.ETIMEDOUT: http01.ConnectTimeout, syscall.EACCES: http01.ConnectFailed,
	} {
		o := w.options()
		o.Dial = func(ctx context.Context, source netip.Addr, to netip.AddrPort) (net.Conn, error) {
			if to.Addr().Is6() {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
			}
			return w.dial(ctx, source, to)
		}
		r := check(t, http01.New(o), http01.Request{Host: "www.example.com", Token: token, Want: keyAuth})
		tries := r.Last().Tries
		if r.Verdict != http01.Valid || len(tries) != 2 || tries[0].Kind != want || tries[0].Err == nil || tries[1].Kind != "" {
			t.Errorf("%v: %+v", errno, r)
			continue
		}
		if told := len(r.Unasked()) == 1; told != (want == http01.NoRoute) {
			t.Errorf("%v: unasked %v", errno, r.Unasked())
		}
		q := http01.Request{Host: "www.example.com", Token: token, Want: keyAuth, Pin: netip.MustParseAddr("2001:db8::1")}
		if r := check(t, http01.New(o), q); kind(r) != want || r.Verdict != http01.Connection {
			t.Errorf("%v pinned: %v", errno, r.Err)
		}
	}
}

// A URL that a server has made up cannot harm a terminal, nor does a password in
// it go further than to the host that it is for.
func TestHostileURL(t *testing.T) {
	var referer string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/x":
			w.Header().Set("Location", "/y")
			w.WriteHeader(http.StatusFound)
		case "/y":
			referer = r.Referer()
			fmt.Fprint(w, keyAuth)
		default:
			w.Header().Set("Location", "http://user:secret@www.example.com/x?a=\u009b[2J"+strings.Repeat("a", 5000)+"#part")
			w.WriteHeader(http.StatusFound)
		}
	}))
	t.Cleanup(s.Close)
	w := newWorld(t)
	w.name("www.example.com", "192.0.2.1")
	w.serve("192.0.2.1:80", s.Listener)
	r := w.validate("www.example.com")
	if r.Verdict != http01.Valid || len(r.Hops) != 3 {
		t.Fatalf("%v, %d hops", r.Err, len(r.Hops))
	}
	if got := r.Hops[1].URL; !strings.HasPrefix(got, "http://user:xxxxx@www.example.com/x?a=%C2%9B[2Jaaa") || len(got) > 2100 {
		t.Errorf("shown as %.100q with %d bytes", got, len(got))
	}
	if strings.Contains(referer, "secret") || strings.Contains(referer, "#") || !strings.HasPrefix(referer, "http://www.example.com/x?a=") {
		t.Errorf("referer %.100q", referer)
	}
}

// Whether a resolver has said that it fails, or has said nothing, are two things.
func TestUnresolved(t *testing.T) {
	failed := func(s resolver.Status) error { return &resolver.QueryError{Status: s, Cause: errors.New("no")} }
	for _, tt := range []struct {
		a, aaaa error
		want    bool
	}{
		{nil, nil, false}, // there is no address
		{failed(resolver.ServFail), failed(resolver.Timeout), false},
		{failed(resolver.Timeout), failed(resolver.Timeout), true},
		{nil, failed(resolver.ConnRefused), true},
		{failed(resolver.Broken), nil, true},
	} {
		w := newWorld(t)
		w.name("www.example.com", "")
		w.fails[zone.Key{Name: "www.example.com.", Type: zone.A}] = tt.a
		w.fails[zone.Key{Name: "www.example.com.", Type: zone.AAAA}] = tt.aaaa
		r := w.validate("www.example.com")
		if r.Verdict != http01.DNSFailed || r.Unresolved() != tt.want {
			t.Errorf("A %v, AAAA %v: %s, unresolved %v", tt.a, tt.aaaa, r.Verdict, r.Unresolved())
		}
	}
}
