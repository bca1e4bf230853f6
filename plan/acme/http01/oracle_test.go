package http01_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

const (
	token   = "TOK"
	keyAuth = "KEYAUTH"
)

// world is a small Internet: names, and addresses with servers behind them that
// really listen on loopback. Nothing listens at an address without a server.
type world struct {
	tb      testing.TB
	names   map[zone.Name][]netip.Addr
	fails   map[zone.Key]error
	servers map[netip.AddrPort]string
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	return &world{
		tb: tb, names: map[zone.Name][]netip.Addr{}, fails: map[zone.Key]error{},
		servers: map[netip.AddrPort]string{},
	}
}

// closed is where nothing listens: no port below 1024 is ever given away.
const closed = "127.0.0.1:1"

// name gives a name its addresses, in the order of the answer.
func (w *world) name(name, list string) {
	var out []netip.Addr
	for a := range strings.FieldsSeq(list) {
		out = append(out, netip.MustParseAddr(a))
	}
	w.names[zone.MustParseName(name)] = out
}

// serve puts a server, which listens on loopback, at an address of this world.
func (w *world) serve(at string, l net.Listener) {
	w.servers[netip.MustParseAddrPort(at)] = l.Addr().String()
}

// Lookup answers from the names; others do not exist.
func (w *world) Lookup(_ context.Context, name zone.Name, t zone.Type) http01.Addrs {
	if err := w.fails[zone.Key{Name: name, Type: t}]; err != nil {
		return http01.Addrs{Err: err}
	}
	all, ok := w.names[name]
	others := func(a netip.Addr) bool { return zone.TypeOf(a) != t }
	return http01.Addrs{Addrs: slices.DeleteFunc(slices.Clone(all), others), NXDomain: !ok}
}

// dial leads to the loopback server behind an address.
func (w *world) dial(ctx context.Context, _ netip.Addr, to netip.AddrPort) (net.Conn, error) {
	at, ok := w.servers[to]
	if !ok {
		at = closed
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", at)
}

func (w *world) options() http01.Options { return http01.Options{Lookup: w, Dial: w.dial} }

func (w *world) validate(host string) http01.Result {
	w.tb.Helper()
	return check(w.tb, http01.New(w.options()), http01.Request{Host: host, Token: token, Want: keyAuth})
}

// check validates, and makes sure of what every Result keeps.
func check(tb testing.TB, v *http01.Validator, q http01.Request) http01.Result {
	tb.Helper()
	r := v.Validate(tb.Context(), q)
	if (r.Err == nil) != (r.Verdict == http01.Valid) {
		tb.Errorf("%s: %s with error %v", q.Host, r.Verdict, r.Err)
	}
	if r.Err != nil && (r.Err.Kind == "" || r.Err.Error() == "" || r.Err.Cause == nil) {
		tb.Errorf("%s: an empty error: %+v", q.Host, r.Err)
	}
	for _, h := range r.Hops {
		if h.URL == "" || h.Host == "" || h.Port == 0 || h.At.IsZero() || len(h.Tries) > 2 {
			tb.Errorf("%s: an incomplete hop: %+v", q.Host, h)
		}
	}
	return r
}

// kind is the error's, empty without one.
func kind(r http01.Result) http01.Kind {
	if r.Err == nil {
		return ""
	}
	return r.Err.Kind
}

// site is the web server at 192.0.2.41: what it does depends on the host's first
// label.
func site(w http.ResponseWriter, r *http.Request) {
	label, _, _ := strings.Cut(r.Host, ".")
	path := http01.Path + token
	to := func(code int, where string) {
		w.Header().Set("Location", where)
		w.WriteHeader(code)
	}
	switch {
	case r.URL.Path == "/x":
		fmt.Fprint(w, keyAuth)
	case r.URL.Path == "/hop":
		if n, _ := strconv.Atoi(r.URL.Query().Get("k")); n > 1 {
			to(302, fmt.Sprintf("/hop?k=%d", n-1))
			return
		}
		fmt.Fprint(w, keyAuth)
	case r.URL.Path != path:
		http.NotFound(w, r)
	case label[0] == 'h' && label != "html" && label != "h443":
		to(302, "/hop?k="+label[1:])
	default:
		answer(w, label, to)
	}
}

// bodies are what is served with status 200.
var bodies = map[string]string{
	"ok": keyAuth, "ws": keyAuth + " \r\n\t\n", "lead": " " + keyAuth, "bom": "\ufeff" + keyAuth,
	"html": "<html>parked</html>", "big": strings.Repeat("x", 100_000),
	"b127": keyAuth + strings.Repeat(" ", 120), "b128": keyAuth + strings.Repeat(" ", 121),
	"v6dead": keyAuth, "aaaafail": keyAuth, "v6wrong": keyAuth, "two": keyAuth,
}

// targets are where others redirect to.
var targets = map[string]struct {
	code int
	to   string
}{
	"303": {303, "http://ok.example.com/x"}, "308": {308, "http://ok.example.com/x"},
	"loop": {301, http01.Path + token}, "p8080": {301, "http://ok.example.com:8080/x"},
	"ftp": {301, "ftp://ok.example.com/x"}, "slash": {301, "https://ok.example.com.well-known/acme-challenge/x"},
	"ip": {301, "http://192.0.2.41/x"}, "corp": {301, "http://intra.corp/x"},
	"https": {301, "https://ok.example.com/x"}, "h443": {301, "http://ok.example.com:443/x"},
	"nx": {301, "http://gone.example.com/x"}, "redir6": {301, "http://dual.example.com/x"},
}

func answer(w http.ResponseWriter, label string, to func(int, string)) {
	if t, ok := targets[label]; ok {
		to(t.code, t.to)
		return
	}
	body, ok := bodies[label]
	switch {
	case label == "201":
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, keyAuth)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	default:
		fmt.Fprint(w, body)
	}
}

// tlsServer speaks TLS and does not tell of those who do not.
func tlsServer(h http.Handler, config *tls.Config) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.TLS = config
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	return s
}

// oracleWorld is the world in which Let's Encrypt's own validation code was
// asked for the verdicts of TestOracle.
func oracleWorld(t *testing.T) *world {
	w := newWorld(t)
	plain := httptest.NewServer(http.HandlerFunc(site))
	secure := tlsServer(http.HandlerFunc(site), &tls.Config{})
	secure.Config.ErrorLog = nil
	wrong := httptest.NewServer(http.NotFoundHandler())
	for _, s := range []*httptest.Server{plain, secure, wrong} {
		t.Cleanup(s.Close)
	}
	w.serve("192.0.2.41:80", plain.Listener)
	w.serve("192.0.2.41:443", secure.Listener)
	w.serve("[2001:db8::1]:80", wrong.Listener)
	for _, c := range oracle {
		w.name(c.name+".example.com", "192.0.2.41")
	}
	w.name("refused.example.com", "192.0.2.49")
	w.name("two.example.com", "192.0.2.49 192.0.2.41")
	w.name("v6wrong.example.com", "2001:db8::1 192.0.2.41")
	w.name("v6dead.example.com", "2001:db8::48 192.0.2.41")
	w.name("dual.example.com", "2001:db8::48 192.0.2.41")
	w.name("none.example.com", "")
	w.name("afail.example.com", "")
	servfail := errors.New("SERVFAIL")
	w.fails[zone.Key{Name: "aaaafail.example.com.", Type: zone.AAAA}] = servfail
	w.fails[zone.Key{Name: "afail.example.com.", Type: zone.A}] = servfail
	return w
}

// oracle are the verdicts of Let's Encrypt's own validation code of August 2026
// on these hosts, as classes of problems, and what we say more exactly. The one
// that takes time, a server that does not answer, is TestTimeouts.
var oracle = []struct {
	name    string
	verdict http01.Verdict
	kind    http01.Kind
}{
	{"ok", http01.Valid, ""},
	{"ws", http01.Valid, ""},
	{"lead", http01.Unauthorized, http01.WrongBody},
	{"bom", http01.Unauthorized, http01.WrongBody},
	{"html", http01.Unauthorized, http01.WrongBody},
	{"big", http01.Unauthorized, http01.BodyTooLong},
	{"b127", http01.Valid, ""},
	{"b128", http01.Unauthorized, http01.BodyTooLong},
	{"404", http01.Unauthorized, http01.Status},
	{"201", http01.Unauthorized, http01.Status},
	{"h10", http01.Valid, ""},
	{"h11", http01.Valid, ""},
	{"h12", http01.Connection, http01.TooManyRedirects},
	{"303", http01.Connection, http01.RedirectStatus},
	{"308", http01.Valid, ""},
	{"loop", http01.Connection, http01.RedirectLoop},
	{"p8080", http01.Connection, http01.RedirectPort},
	{"ftp", http01.Connection, http01.RedirectScheme},
	{"slash", http01.Connection, http01.MissingSlash},
	{"ip", http01.Valid, ""},
	{"corp", http01.Connection, http01.RedirectTLD},
	{"https", http01.Valid, ""},
	{"h443", http01.Unauthorized, http01.TLSOnHTTP},
	{"nx", http01.DNSFailed, http01.NoAddress},
	{"refused", http01.Connection, http01.ConnectRefused},
	{"two", http01.Connection, http01.ConnectRefused},
	{"v6wrong", http01.Unauthorized, http01.Status},
	{"v6dead", http01.Valid, ""},
	{"redir6", http01.Connection, http01.ConnectRefused},
	{"aaaafail", http01.Valid, ""},
	{"afail", http01.DNSFailed, http01.LookupFailed},
	{"none", http01.DNSFailed, http01.NoAddress},
}

func TestOracle(t *testing.T) {
	w := oracleWorld(t)
	for _, tt := range oracle {
		t.Run(tt.name, func(t *testing.T) {
			r := w.validate(tt.name + ".example.com")
			if r.Verdict != tt.verdict || kind(r) != tt.kind {
				t.Errorf("%s %s, want %s %s: %v", r.Verdict, kind(r), tt.verdict, tt.kind, r.Err)
			}
		})
	}
}
