package resolver

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/certtest"
	"github.com/dnsplan/dnsplan/plan/netfault/netfaulttest"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// authority makes a CA and a certificate of it for dns.example.org and
// 127.0.0.1.
func authority(t *testing.T) (server tls.Certificate, roots *x509.CertPool) {
	t.Helper()
	from, until := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	ca := certtest.Authority(t, pkix.Name{CommonName: "test CA"}, from, until)
	leaf := ca.Sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "dns.example.org"}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"dns.example.org"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	})
	return leaf.Pair(), certtest.Pool(ca)
}

// counted counts the connections that are accepted.
type counted struct {
	net.Listener
	n atomic.Int32
}

func (c *counted) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.n.Add(1)
	}
	return conn, err
}

func listen(t *testing.T) *counted {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return &counted{Listener: l}
}

func addrOf(l net.Listener) netip.AddrPort { return l.Addr().(*net.TCPAddr).AddrPort() }

func TestTLS(t *testing.T) {
	cert, roots := authority(t)
	l := listen(t)
	resolvertest.ServeListener(t, tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}}),
		resolvertest.NewZone(t, exampleOrg...))
	c := newClient(t, Options{Timeout: 20 * time.Second, TLSConfig: &tls.Config{RootCAs: roots}})
	www := key("www.example.org.", zone.A)
	s := Server{Name: "dot", Protocol: TLS, Addr: addrOf(l)}
	for _, a := range c.Ask(t.Context(), append(manyQueries(100, s), Query{Server: s, Key: www})) {
		if !a.Status.Definite() {
			t.Fatalf("%v: %v (%v)", a.Key, a.Status, a.Err)
		}
	}
	if a := one(t, c, Query{Server: s, Key: www}); show(a) != "answered 300 192.0.2.1 192.0.2.2" {
		t.Errorf("%s (%v)", show(a), a.Err)
	}
	if n := l.n.Load(); n != 1 {
		t.Errorf("%d connections, want one kept", n)
	}
	s.ServerName = "dns.example.org"
	if a := one(t, c, Query{Server: s, Key: www}); a.Status != Answered {
		t.Errorf("by name: %v (%v)", a.Status, a.Err)
	}
	s.ServerName = "other.example.org"
	if a := one(t, c, Query{Server: s, Key: www}); a.Status != Broken || !strings.Contains(a.Err.Error(), "certificate") {
		t.Errorf("wrong name: %v (%v)", a.Status, a.Err)
	}
	s.ServerName = ""
	if a := one(t, newClient(t, patient), Query{Server: s, Key: www}); a.Status != Broken {
		t.Errorf("unknown CA: %v (%v)", a.Status, a.Err)
	}
}

// doh serves h over HTTPS as RFC 8484 has it.
func doh(t *testing.T, cert tls.Certificate, h http.HandlerFunc) Server {
	t.Helper()
	ts := httptest.NewUnstartedServer(h)
	ts.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that refuse the certificate are wanted
	ts.EnableHTTP2 = true
	ts.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	ts.StartTLS()
	t.Cleanup(ts.Close)
	addr := addrOf(ts.Listener)
	return Server{Name: "doh", Protocol: HTTPS, Addr: addr, URL: "https://" + addr.String() + "/dns-query"}
}

// httpWriter lets a DNS handler answer an HTTP request.
type httpWriter struct {
	dns.ResponseWriter
	w http.ResponseWriter
}

func (h httpWriter) WriteMsg(m *dns.Msg) error {
	b, err := m.Pack()
	if err != nil {
		return err
	}
	h.w.Header().Set("Content-Type", "application/dns-message")
	_, err = h.w.Write(b)
	return err
}

func overHTTP(t *testing.T, h dns.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		q := new(dns.Msg)
		if err != nil || q.Unpack(body) != nil || r.Method != http.MethodPost || q.Id != 0 || r.ProtoMajor != 2 ||
			r.URL.Path != "/dns-query" || r.Header.Get("Content-Type") != "application/dns-message" {
			t.Errorf("request %s %s %v: %v", r.Method, r.URL, r.Proto, q)
		}
		h.ServeDNS(httpWriter{w: w}, q)
	}
}

func TestHTTPS(t *testing.T) {
	t.Parallel()
	cert, roots := authority(t)
	var mu sync.Mutex
	peers := map[string]bool{}
	h := overHTTP(t, resolvertest.NewZone(t, exampleOrg...))
	s := doh(t, cert, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		peers[r.RemoteAddr] = true
		mu.Unlock()
		h(w, r)
	})
	c := newClient(t, Options{Timeout: 20 * time.Second, TLSConfig: &tls.Config{RootCAs: roots}, Rate: 1e6})
	www := key("www.example.org.", zone.A)
	for _, a := range c.Ask(t.Context(), append(manyQueries(200, s), Query{Server: s, Key: www})) {
		if !a.Status.Definite() {
			t.Fatalf("%v: %v (%v)", a.Key, a.Status, a.Err)
		}
	}
	if a := one(t, c, Query{Server: s, Key: www}); show(a) != "answered 300 192.0.2.1 192.0.2.2" {
		t.Errorf("%s (%v)", show(a), a.Err)
	}
	if len(peers) != 1 {
		t.Errorf("%d connections, want one kept", len(peers))
	}
	named := s
	named.URL = fmt.Sprintf("https://dns.example.org:%d/dns-query", s.Addr.Port())
	if a := one(t, c, Query{Server: named, Key: www}); a.Status != Answered {
		t.Errorf("by name: %v (%v)", a.Status, a.Err)
	}
	if a := one(t, newClient(t, patient), Query{Server: s, Key: www}); a.Status != Broken {
		t.Errorf("unknown CA: %v (%v)", a.Status, a.Err)
	}
}

func TestHTTPSFailures(t *testing.T) {
	cert, roots := authority(t)
	for _, tt := range []struct {
		what   string
		handle http.HandlerFunc
		want   Status
		err    string
	}{
		{"503", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, Broken, "HTTP 503"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/else", http.StatusFound) }, Broken, "HTTP 302"},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, Broken, "text/html"},
		{"garbage", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/dns-message")
			_, _ = io.WriteString(w, "garbage")
		}, Malformed, "malformed"},
		{"too long", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/dns-message")
			_, _ = w.Write(make([]byte, maxMessage+10))
		}, Broken, "too long"},
		{"SERVFAIL", overHTTP(t, handler(func(m *dns.Msg) { m.Rcode = 2 })), ServFail, "SERVFAIL"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			s := doh(t, cert, tt.handle)
			c := newClient(t, Options{Timeout: 20 * time.Second, TLSConfig: &tls.Config{RootCAs: roots}})
			for _, a := range c.Ask(t.Context(), manyQueries(5, s)) {
				if a.Status != tt.want || !strings.Contains(fmt.Sprint(a.Err), tt.err) {
					t.Errorf("%v: %v (%v)", a.Key, a.Status, a.Err)
				}
			}
		})
	}
}

func TestHTTPSSilence(t *testing.T) {
	t.Parallel()
	cert, roots := authority(t)
	release := make(chan struct{})
	var asked atomic.Int32
	s := doh(t, cert, func(http.ResponseWriter, *http.Request) {
		asked.Add(1)
		<-release
	})
	t.Cleanup(func() { close(release) })
	c := newClient(t, Options{Timeout: 300 * time.Millisecond, Attempts: 2, TLSConfig: &tls.Config{RootCAs: roots}})
	for _, a := range c.Ask(t.Context(), manyQueries(1000, s)) {
		if a.Status != Timeout {
			t.Fatalf("%v (%v)", a.Status, a.Err)
		}
	}
	if n := asked.Load(); n > 2 {
		t.Errorf("a dead server was asked %d times", n)
	}
}

// streamTo serves every connection on loopback with serve.
func streamTo(t *testing.T, serve func(conn net.Conn)) Server {
	t.Helper()
	return Server{Name: "ns1", Protocol: TCP, Addr: netfaulttest.Serve(t, serve)}
}

// answerOne reads a query from conn and writes what change makes of its bytes.
func answerOne(conn net.Conn, change func([]byte) []byte) bool {
	d := &dns.Conn{Conn: conn}
	q, err := d.ReadMsg()
	if err != nil {
		return false
	}
	b, err := reply(q, func(*dns.Msg) {}).Pack()
	if err != nil {
		return false
	}
	_, err = d.Write(change(b))
	return err == nil
}

// A server that closes the connection after each answer is asked on new ones.
func TestTCPOneAnswerAConnection(t *testing.T) {
	s := streamTo(t, func(conn net.Conn) { answerOne(conn, func(b []byte) []byte { return b }) })
	for _, a := range newClient(t, patient).Ask(t.Context(), manyQueries(20, s)) {
		if a.Status != NoData {
			t.Errorf("%v: %v (%v)", a.Key, a.Status, a.Err)
		}
	}
}

// A kept connection that the server has closed meanwhile is no failure.
func TestTCPKeptConnectionWentAway(t *testing.T) {
	s := streamTo(t, func(conn net.Conn) { answerOne(conn, func(b []byte) []byte { return b }) })
	c := newClient(t, patient)
	for range 3 {
		if a := one(t, c, Query{Server: s, Key: key("www.example.org.", zone.A)}); a.Status != NoData {
			t.Errorf("%v (%v)", a.Status, a.Err)
		}
	}
}

func TestTCPFailures(t *testing.T) {
	t.Parallel()
	var queries []Query
	var want []Status
	for _, tt := range []struct {
		what  string
		serve func(net.Conn)
		want  Status
	}{
		{"closes at once", func(net.Conn) {}, Broken},
		{"closes behind the query", func(conn net.Conn) { _, _ = (&dns.Conn{Conn: conn}).ReadMsg() }, Broken},
		{"half a reply", func(conn net.Conn) {
			_, _ = (&dns.Conn{Conn: conn}).ReadMsg()
			_, _ = conn.Write([]byte{0, 40, 1, 2, 3})
		}, Broken},
		{"wrong question", func(conn net.Conn) {
			answerOne(conn, func(b []byte) []byte { b[13] = 'x'; return b })
			_, _ = conn.Read(make([]byte, 1))
		}, Malformed},
		{"silence", func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }, Timeout},
		{"wrong id", func(conn net.Conn) {
			answerOne(conn, func(b []byte) []byte { b[0]++; return b })
			_, _ = io.Copy(io.Discard, conn)
		}, Malformed},
	} {
		s := streamTo(t, tt.serve)
		s.Name = tt.what
		want = append(want, tt.want)
		queries = append(queries, Query{Server: s, Key: key("www.example.org.", zone.A)})
	}
	c := newClient(t, Options{Timeout: 5 * time.Second, Attempts: 1})
	for i, a := range c.Ask(t.Context(), queries) {
		if a.Status != want[i] {
			t.Errorf("%v, want %v (%v)", a.Status, want[i], a.Err)
		}
	}
}

// Replies that come octet by octet, in any order, find their queries.
func TestTCPSlowReplies(t *testing.T) {
	s := streamTo(t, func(conn net.Conn) {
		d := &dns.Conn{Conn: conn}
		var out []byte
		for range 10 {
			q, err := d.ReadMsg()
			if err != nil {
				return
			}
			b, _ := reply(q, func(*dns.Msg) {}).Pack()
			out = append(append([]byte{0, byte(len(b))}, b...), out...)
		}
		for i := range out {
			_, _ = conn.Write(out[i : i+1])
		}
		_, _ = io.Copy(io.Discard, conn)
	})
	for _, a := range newClient(t, patient).Ask(t.Context(), manyQueries(10, s)) {
		if a.Status != NoData {
			t.Errorf("%v: %v (%v)", a.Key, a.Status, a.Err)
		}
	}
}
