package preflight_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
	"github.com/dnsplan/dnsplan/plan/acme/preflight"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

const oldAddr, newAddr = "127.0.0.11", "127.0.0.12"

// webroot serves what the planter places.
func webroot(dir string) http.Handler { return http.FileServer(http.Dir(dir)) }

// answers answers everything with a status and a body.
func answers(code int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	})
}

// proxyTo passes everything on.
func proxyTo(at string) http.Handler {
	return httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: at})
}

func redirectTo(to string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to+r.URL.Path, http.StatusFound)
	})
}

func TestAsk(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name string
		// was and is are the old and the new server; nil refuses connections.
		was, is func(isAt string) http.Handler
		blind   bool // nobody says where tokens are placed
		opening bool
		planter error
		err     string
		answer  string
		warning string
	}{
		{name: "both", was: func(is string) http.Handler { return proxyTo(is) }, is: func(string) http.Handler { return webroot(dir) }, answer: "the token"},
		{
			name: "no bridge", was: func(string) http.Handler { return http.NotFoundHandler() }, is: func(string) http.Handler { return webroot(dir) },
			answer: "the token", warning: "the old address 127.0.0.11 does not pass the challenge of www.example.org on to 127.0.0.12",
		},
		{
			name: "the bridge alone", was: func(string) http.Handler { return webroot(dir) }, is: func(string) http.Handler { return http.NotFoundHandler() },
			answer: "the old address answers", warning: "the old address 127.0.0.11 passes it on, which helps until caches have forgotten",
		},
		{name: "neither", was: func(string) http.Handler { return http.NotFoundHandler() }, is: func(string) http.Handler { return http.NotFoundHandler() }, err: "404"},
		{name: "nobody there", err: "connection refused"},
		{name: "opening: nobody there yet", opening: true, answer: "nothing yet", warning: "connection refused: right if the command opens the port itself"},
		{name: "opening: the token", opening: true, is: func(string) http.Handler { return webroot(dir) }, answer: "the token", warning: "the old address"},
		{name: "opening: not the token", opening: true, is: func(string) http.Handler { return http.NotFoundHandler() }, err: "404"},
		{name: "opening: redirected to where nobody is", opening: true, is: func(string) http.Handler { return redirectTo("http://" + oldAddr) }, err: "connection refused"},
		{name: "redirected to nowhere", is: func(string) http.Handler { return redirectTo("http://other.example.org") }, answer: "it redirects", warning: "redirects to other.example.org, and no [[verify.resolver]] tells where that leads"},
		{name: "redirected where no authority goes", is: func(string) http.Handler { return redirectTo("ftp://www.example.org") }, err: "redirect to"},
		{name: "no planter", is: func(string) http.Handler { return webroot(dir) }, planter: errors.New("host web-02 has no challenge"), err: "host web-02 has no challenge"},

		{name: "blind: not found", blind: true, is: func(string) http.Handler { return http.NotFoundHandler() }, answer: "404 Not Found", warning: "answers HTTP (404 Not Found), but whether"},
		{name: "blind: a page", blind: true, is: func(string) http.Handler { return answers(200, "<html>parked") }, answer: "200 OK", warning: "(200 OK to any path, as a catch-all"},
		{name: "blind: forbidden", blind: true, is: func(string) http.Handler { return answers(403, "") }, answer: "403 Forbidden", warning: "(403 Forbidden to any path)"},
		{name: "blind: nothing behind it", blind: true, is: func(string) http.Handler { return answers(502, "") }, err: "answered 502 Bad Gateway"},
		{name: "blind: nobody there", blind: true, err: "connection refused"},
		{name: "blind: a client that knows all", blind: true, is: func(string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = w.Write([]byte(filepath.Base(r.URL.Path) + ".thumbprint"))
			})
		}, answer: "it answers every token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			web := acmetest.Listen(t, oldAddr, newAddr)
			for i, h := range []func(string) http.Handler{tt.was, tt.is} {
				if h == nil {
					_ = web[i].Close()
				} else {
					acmetest.Serve(t, web[i], h(web[1].Addr().String()))
				}
			}
			q := preflight.Question{
				Name: "www.example.org.", Addr: netip.MustParseAddr(newAddr), Old: []netip.Addr{netip.MustParseAddr(oldAddr)},
				Challenge: plan.Challenge{Port: uint16(acmetest.Port(web[0])), HTTPSPort: 443, Planter: "web-02", AllowReserved: true},
			}
			if q.Opening = tt.opening; tt.blind {
				q.Challenge.Planter = ""
			}
			c := preflight.New(preflight.Options{
				Connect: time.Minute, Total: time.Minute,
				Planter: func(string) (plant.Planter, error) { return plant.Webroot(dir, time.Now), tt.planter },
			})
			r := c.Ask(t.Context(), q)
			if (r.Err == nil) != (tt.err == "") || r.Err != nil && !strings.Contains(r.Err.Error(), tt.err) {
				t.Errorf("error %v, want %q", r.Err, tt.err)
			}
			if r.Err == nil && r.Answer != tt.answer {
				t.Errorf("answer %q, want %q", r.Answer, tt.answer)
			}
			if (r.Warning == "") != (tt.warning == "") || !strings.Contains(r.Warning, tt.warning) {
				t.Errorf("warning %q, want %q", r.Warning, tt.warning)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, http01.Path, "*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// keeper is a planter whose tokens stay.
type keeper struct{ plant.Planter }

var errKept = errors.New("permission denied")

func (k keeper) Plant(ctx context.Context, t plant.Token) (func(context.Context) error, error) {
	_, err := k.Planter.Plant(ctx, t)
	return func(context.Context) error { return errKept }, err
}

// TestAskStays: a token that cannot be removed is told of, whatever the answer.
func TestAskStays(t *testing.T) {
	dir := t.TempDir()
	web := acmetest.Listen(t, oldAddr, newAddr)
	acmetest.Serve(t, web[0], http.NotFoundHandler())
	acmetest.Serve(t, web[1], webroot(dir))
	c := preflight.New(preflight.Options{
		Connect: time.Minute, Total: time.Minute,
		Planter: func(string) (plant.Planter, error) { return keeper{plant.Webroot(dir, time.Now)}, nil },
	})
	at := func(addr string) preflight.Result {
		return c.Ask(t.Context(), preflight.Question{
			Name: "www.example.org.", Addr: netip.MustParseAddr(addr), Old: []netip.Addr{netip.MustParseAddr(oldAddr)},
			Challenge: plan.Challenge{Port: uint16(acmetest.Port(web[0])), HTTPSPort: 443, Planter: "web-02", AllowReserved: true},
		})
	}
	if r := at(newAddr); !r.Good() || !strings.HasPrefix(r.Warning, "the old address") || !strings.HasSuffix(r.Warning, "permission denied") {
		t.Errorf("%v, warning %q", r.Err, r.Warning)
	}
	if r := at(oldAddr); !errors.Is(r.Err, errKept) || !strings.Contains(r.Err.Error(), "404") {
		t.Errorf("error %v", r.Err)
	}
}

// lookup fails in one way.
type lookup resolver.Status

func (l lookup) Lookup(context.Context, zone.Name, zone.Type) http01.Addrs {
	return http01.Addrs{By: "192.0.2.53:53", Err: &resolver.QueryError{Status: resolver.Status(l), Cause: errors.New("no answer")}}
}

// TestAskUnresolved: a resolver that does not answer says nothing of where a
// redirect leads; one that says SERVFAIL does.
func TestAskUnresolved(t *testing.T) {
	web := acmetest.Listen(t, newAddr)
	acmetest.Serve(t, web[0], redirectTo("http://other.example.org"))
	for status, want := range map[resolver.Status]bool{resolver.Timeout: true, resolver.ConnRefused: true, resolver.ServFail: false} {
		c := preflight.New(preflight.Options{Connect: time.Minute, Total: time.Minute, Lookup: lookup(status)})
		r := c.Ask(t.Context(), preflight.Question{
			Name: "www.example.org.", Addr: netip.MustParseAddr(newAddr),
			Challenge: plan.Challenge{Port: uint16(acmetest.Port(web[0])), HTTPSPort: 443, AllowReserved: true},
		})
		if r.Good() != want || want != strings.Contains(r.Warning, "cannot be told") {
			t.Errorf("%s: %v, warning %q", status, r.Err, r.Warning)
		}
	}
}

// TestAskFromHere: an address that this machine has no way to says nothing, nor
// does a question that is broken off.
func TestAskFromHere(t *testing.T) {
	q := preflight.Question{Name: "www.example.org.", Addr: netip.MustParseAddr("2001:db8::1"), Challenge: plan.Challenge{Port: 80, HTTPSPort: 443, AllowReserved: true}}
	c := preflight.New(preflight.Options{Dial: func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
	}})
	if r := c.Ask(t.Context(), q); !r.Unroutable || r.Good() {
		t.Errorf("%+v", r)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if r := c.Ask(ctx, q); !errors.Is(r.Err, context.Canceled) {
		t.Errorf("%+v", r)
	}
}
