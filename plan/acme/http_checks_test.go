package acme

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
	"github.com/dnsplan/dnsplan/plan/netfault/netfaulttest"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

func TestHealthyNamePasses(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, s.files())
	for _, id := range []ID{"H-PORT80", "H-TOKEN", "H-PATH", "H-REDIR", "H-PARK", "H-CDN", "H-WAF", "H-LB"} {
		if f := s.only(id, Pass); len(f.Remedies) > 0 {
			t.Errorf("%s passes with remedies: %+v", id, f.Remedies)
		}
	}
	Offers(t, s.only("H-VANTAGE", Unknown, "[[vantage]]"), "Name two machines elsewhere", "name = \"elsewhere-1\"\ncommand = [\"ssh\"", "[[vantage]]\nname = \"elsewhere-2\"\n")
	if f := s.check("B-BRIDGE"); len(f) > 0 {
		t.Errorf("B-BRIDGE of a name that does not move: %+v", f)
	}
}

// forBrowsers answers browsers alone.
func forBrowsers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.UserAgent(), "Firefox") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func TestBrokenServers(t *testing.T) {
	none := http.NotFoundHandler()
	for _, c := range []struct {
		name    string
		handler http.Handler
		check   ID
		outcome Outcome
		says    string
		remedy  string
	}{
		{"another root", none, "H-TOKEN", Fail, "127.0.0.11:PORT does not answer with the token: answered 404", "location ^~ /.well-known/acme-challenge/ {\n    root ROOT;\n}"},
		{"another body", answers(200, "text/plain", "hello"), "H-TOKEN", Fail, `the body is another one: "hello"`, "root ROOT;"},
		{"a password", answers(401, "text/plain", ""), "H-TOKEN", Fail, "answered 401", "auth_basic off;\n    allow all;\n    root ROOT;"},
		{"forbidden", answers(403, "text/plain", ""), "H-PATH", Fail, "any path gives 403 Forbidden", "allow all;"},
		{"no backend", answers(502, "text/html", "bad gateway"), "H-PATH", Fail, "any path gives 502 Bad Gateway", "See the error log"},
		{"a catch-all", answers(200, "text/html", "<html>"), "H-PATH", Fail, "a catch-all or a parking page", "root ROOT;"},
		{"any text", answers(200, "text/plain", "ok"), "H-PATH", Fail, `any path gives 200 with "ok"`, "root ROOT;"},
		{"gone", answers(410, "text/plain", ""), "H-PATH", Pass, "127.0.0.11:PORT", ""},
		{"a port that is refused", redirects(301, "https://www.example.org:8443/x"), "H-REDIR", Fail, "redirects to https://www.example.org:8443/x, where no authority goes", "Redirect to port 80 or 443: no authority goes to another one. For nginx:\nreturn 301 https://$host$request_uri;"},
		{"no slash", redirects(302, "https://www.example.org.well-known/acme-challenge/x"), "H-REDIR", Fail, "where no authority goes", "Put the slash behind the host of the redirect. For nginx:\nreturn 301 https://$host$request_uri;"},
		{"see other", redirects(303, "/other"), "H-REDIR", Fail, "303", "301, 302, 307 or 308"},
		{"a circle", redirects(301, "/same"), "H-REDIR", Fail, "where no authority goes", "Redirect once"},
		{"another scheme", redirects(301, "ftp://www.example.org/x"), "H-REDIR", Fail, "where no authority goes", "ftp://www.example.org/x is none that an authority goes to. For nginx:\nreturn 301"},
		{"https that nobody serves", redirects(301, "https://www.example.org/x"), "H-REDIR", Fail, "which does not answer", "can be reached by everybody"},
		{"parked", answers(200, "text/html", "this domain is for sale"), "H-PARK", Fail, "does not answer with the token, and looks like", "change its addresses in the inventory, and apply that.\ndnsplan plan -o www.example.org.plan"},
		{"only browsers", forBrowsers(none), "H-WAF", Fail, "404 to browsers alone, and 403 to an authority's client", "any User-Agent"},
		{"a cookie by JavaScript", answers(200, "text/html", `<script src="/aes.js">toNumbers(`), "H-WAF", Fail, "BlockedByNginxTestCookie", "Exempt the challenge's path"},
		{"Palo Alto", answers(503, "text/html", "application: acme-protocol"), "H-WAF", Fail, "acme-protocol", "application control"},
		{"all alike", none, "H-WAF", Pass, "127.0.0.11:PORT", ""},
		{"a CDN's challenge", challenge(), "H-CDN", Fail, "Cloudflare answers for www.example.org", `http.host eq "www.example.org" and starts_with(http.request.uri.path, "/.well-known/acme-challenge/")`},
		{"another CDN", distribution(), "H-CDN", Fail, "CloudFront answers for www.example.org", "to your server, neither kept nor filtered."},
		{"no token at all", none, "H-LB", Unknown, "never answers with the token", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, "127.0.0.11")
			s.serve(0, c.handler)
			f := s.only(c.check, c.outcome, s.fill(c.says))
			Offers(t, f, s.fill(c.remedy))
			if c.outcome == Fail && len(f.Asked) == 0 {
				t.Error("nobody was asked")
			}
		})
	}
}

// fill puts the test's own port and webroot in.
func (s *site) fill(text string) string {
	return strings.NewReplacer("PORT", fmt.Sprint(s.opts.HTTPPort), "ROOT", s.root).Replace(text)
}

func challenge() http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", "cloudflare")
		w.Header().Set("Cf-Mitigated", "challenge")
		w.WriteHeader(http.StatusForbidden)
	}
}

// distribution is CloudFront, which has no such page.
func distribution() http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amz-Cf-Id", "aGVsbG8=")
		w.Header().Set("Via", "1.1 d111111abcdef8.cloudfront.net (CloudFront)")
		w.WriteHeader(http.StatusForbidden)
	}
}

func TestCDNThatLetsTheTokenThrough(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "cloudflare")
		s.files().ServeHTTP(w, r)
	}))
	if f := s.only("H-CDN", Pass, "Cloudflare answers for www.example.org, and the token came through"); f.Severity != Info {
		t.Errorf("severity %s, want info", f.Severity)
	}
	s.opts.Client = nil
	s.only("H-CDN", Unknown, "only a token could tell")
}

// A challenge for browsers is one to authorities, whether there is a token or not.
func TestCDNThatChallengesWithoutAToken(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, challenge())
	s.opts.Client = nil
	Offers(t, s.only("H-CDN", Fail, "answers for www.example.org with a challenge for browsers"), "with the action Skip", `http.host eq "www.example.org"`)
	for _, id := range []ID{"H-PATH", "H-WAF"} { // there is no server there to configure
		f := s.only(id, Fail)
		Offers(t, f, "with the action Skip")
		lacks(t, f, "nginx")
	}
	s.hold("127.0.0.11")
	s.subject.Zone.Proxy = true // there is one, and the record has it off
	lacks(t, s.only("H-CDN", Fail), "dnsplan window")
}

// One's own server shows a page for names that it does not know, as it may come with.
func TestParkedOnOnesOwnServer(t *testing.T) {
	for name, page := range map[string]string{"a mark": "This domain has been parked.", "a catch-all": "<h1>It works!"} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "127.0.0.11")
			s.serve(0, answers(200, "text/html", page))
			s.subject.Records[0].Hosts = []Host{{Name: "web-01", Addrs: s.addrs}}
			f := s.only("H-PARK", Unknown, "is a machine of the inventory, whose server may have no site for www.example.org, and looks like")
			Offers(t, f, "Have the server at 127.0.0.11:", s.fill("location ^~ /.well-known/acme-challenge/ {\n    root ROOT;\n}"))
			lacks(t, f, "change its addresses in the inventory")
			for _, f := range Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{"H-TOKEN", "H-PARK"}}).Findings {
				if f.Check == "H-PARK" && f.Because != "H-TOKEN" {
					t.Errorf("%+v", f)
				}
			}
			s.opts.Client = nil
			f = s.only("H-PARK", Unknown, "only a token could tell")
			Offers(t, f, "If the server at 127.0.0.11:", "is yours, give it a site for www.example.org, which answers challenges. For nginx, in the server of www.example.org:\nlocation ^~")
			lacks(t, f, "change its addresses in the inventory")
		})
	}
}

// A name that is still parked, while the inventory wants another address.
func TestParkedBeforeTheMove(t *testing.T) {
	s := newSite(t, "127.0.0.11", "127.0.0.12")
	s.serve(0, redirects(302, "https://sedo.com/search"))
	s.serve(1, s.files())
	s.answer("127.0.0.11")
	s.want("127.0.0.12")
	found := s.check("H-PARK")
	if len(found) != 2 || found[0].Outcome != Fail || found[1].Outcome != Pass {
		t.Fatalf("found %+v", found)
	}
	Offers(t, found[0], "at its registrar", "www 300 IN A 127.0.0.12", "And write them, if they are not there:\ndnsplan plan")
	s.opts.Client = nil
	if found = s.check("H-PARK"); found[0].Outcome != Unknown {
		t.Errorf("without a token: %+v; want unknown", found[0])
	}
}

// What stands in the way of a window that nobody needs stops nothing.
func TestOriginBehindAProxyThatPassesTokens(t *testing.T) {
	s := newSecure(t, "127.0.0.11", "127.0.0.12")
	s.proxy("127.0.0.11", true)
	s.answer("127.0.0.12")
	s.ls[0].Close()
	s.serveTLS(0, issued{organization: "CloudFlare Origin SSL Certificate Authority"}, http.NotFoundHandler())
	edge := s.files()
	s.serve(1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { edge.ServeHTTP(w, r) }))
	found := func(only ...string) map[ID]Finding {
		out := map[ID]Finding{}
		for _, f := range Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: only}).Findings {
			out[f.Check] = f
		}
		return out
	}
	all := found("X-ORIGIN", "X-TLS", "H-TOKEN")
	for _, id := range []ID{"X-ORIGIN", "X-TLS"} {
		f := all[id]
		holds(t, string(id), f.Summary, "as the token comes through the proxy, none is needed")
		if f.Outcome != Fail || f.Severity != Warning || len(f.Remedies) == 0 {
			t.Errorf("%s: %+v", id, f)
		}
	}
	edge = http.NotFoundHandler()
	for id, f := range found("X-ORIGIN", "X-TLS", "H-TOKEN") {
		if f.Outcome != Fail || f.Severity != Error {
			t.Errorf("nothing comes through: %s: %+v", id, f)
		}
	}
}

func TestWindowIsOfferedWhereThereIsAProxy(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, http.NotFoundHandler())
	s.hold("127.0.0.12")
	s.subject.Zone.Live.RRsets[0].Proxied = true
	s.subject.Zone.Proxy = true
	f := s.only("H-CDN", Fail, "Cloudflare answers for www.example.org", "127.0.0.11:")
	Offers(t, f, "Or take the name out of the proxy while the certificate is issued:\ndnsplan window www.example.org -- certbot renew --cert-name www.example.org", "Or have it validated by DNS, and write into its record in the inventory:\nacme = \"dns-01\"")
	// Behind the proxy nobody is asked: 127.0.0.12 is not an address of the name.
	s.only("H-TOKEN", Fail, "127.0.0.11:")
	if f := s.check("B-BRIDGE"); len(f) > 0 {
		t.Errorf("B-BRIDGE of a proxied name: %+v", f)
	}
}

func TestPortThatDoesNotSpeakHTTP(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	port := fmt.Sprint(s.opts.HTTPPort)
	_ = s.ls[0].Close()
	for _, id := range []ID{"H-PORT80", "H-TOKEN"} {
		f := s.only(id, Fail, "127.0.0.11:"+port, "connection refused")
		Offers(t, f, "and see there that it listens:\nss -ltn 'sport = :"+port+"'", "If it does, a firewall rejects connections. Open the port in the firewall of 127.0.0.11:\nufw allow "+port+"/tcp")
	}
	s.only("H-REDIR", Unknown, "does not answer")
	s.only("H-PATH", Unknown, "connection refused")
	s.only("H-PARK", Unknown, "has not answered")
	s.only("H-CDN", Unknown, "none of its addresses answers")
	s.only("H-WAF", Unknown, "does not answer")
	s.only("H-LB", Unknown, "does not answer")
}

func TestTLSOnThePortOfHTTP(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	srv := httptest.NewUnstartedServer(s.files())
	srv.Listener = s.ls[0]
	srv.StartTLS()
	t.Cleanup(srv.Close)
	s.only("H-PORT80", Fail, "HttpOnHttpsPort") // Go's server says in HTTP that it wants TLS
	f := s.only("H-TOKEN", Fail, "it speaks TLS where plain HTTP was asked for")
	Offers(t, f, s.fill("listen 127.0.0.11:PORT;"))
}

func TestConnectionsThatAreCutOff(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	netfaulttest.ServeListener(t, s.ls[0], func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		netfaulttest.Resets(c)
	})
	f := s.only("H-PORT80", Fail, "does not answer HTTP")
	Offers(t, f, "Let requests for /.well-known/acme-challenge/ through", "BlockedByFirewall")
}

func TestHTTP2OnThePort(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	netfaulttest.ServeListener(t, s.ls[0], func(c net.Conn) {
		_, _ = c.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0}) // a SETTINGS frame
		_, _ = c.Read(make([]byte, 1024))
	})
	f := s.only("H-PORT80", Fail, "HTTP/2")
	Offers(t, f, s.fill("listen 127.0.0.11:PORT;"))
}

// The zone's resolvers may be none, so that a redirect to elsewhere is not looked up.
func TestRedirectThatNobodyLooksUp(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, redirects(301, "http://www.example.net/x"))
	s.only("H-REDIR", Unknown, "no [[verify.resolver]]")
}

// A resolver that is not there says nothing of where a redirect leads, one that
// cannot resolve the name does.
func TestRedirectThatResolversDoNotLookUp(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, redirects(301, "http://www.example.net/x"))
	dead := acmetest.Listen(t, "127.0.0.14")[0] // TCP, so that questions by UDP are refused
	at := netip.MustParseAddrPort(dead.Addr().String())
	s.subject.Zone.Resolvers = []resolver.Server{{Name: "dead", Addr: at}}
	for _, id := range []ID{"H-REDIR", "H-TOKEN", "H-PATH", "H-LB"} {
		s.only(id, Unknown, "nobody who was asked says where http://www.example.net/x leads")
	}
	fails := resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		_ = w.WriteMsg(new(dns.Msg).SetRcode(q, dns.RcodeServerFailure))
	}))
	s.subject.Zone.Resolvers = []resolver.Server{{Name: "alive", Addr: fails}}
	s.only("H-REDIR", Fail, "redirects to http://www.example.net/x", "SERVFAIL")
}

func TestReservedAddressesAreNotAsked(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	var asked atomic.Int32
	s.serve(0, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	s.opts.AllowReserved = false
	for _, id := range []ID{"H-PORT80", "H-TOKEN", "H-PATH", "H-REDIR", "H-WAF", "H-LB", "H-PARK"} {
		f := s.check(id)
		if len(f) != 1 || f[0].Outcome != Unknown {
			t.Errorf("%s: %+v; want unknown", id, f)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("a reserved address was asked %d times", n)
	}
}

func TestWithoutPlanter(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, http.NotFoundHandler())
	s.opts.Client = nil
	f := s.only("H-TOKEN", Unknown, "does not say where a token")
	Offers(t, f, "Say in the inventory where the ACME client's web server takes challenges from:\n[check.challenge]\nwebroot = ")
	s.subject.Records[0].Hosts = []Host{{Name: "web-02", Addrs: s.addrs}}
	Offers(t, s.only("H-TOKEN", Unknown), "takes challenges from:\n[host.challenge] # below the [[host]] web-02")
	backend, other := Host{Name: "be-01", ACMEClient: true}, Host{Name: "be-02", ACMEClient: true}
	s.opts.Client = func(*Subject) Client { return Client{Clients: []Host{backend}} }
	Offers(t, s.only("H-TOKEN", Unknown), "takes challenges from:\n[host.challenge] # below the [[host]] be-01")
	s.opts.Client = func(*Subject) Client { return Client{Clients: []Host{backend, other}} }
	Offers(t, s.only("H-TOKEN", Unknown), "None of the hosts that www.example.org leads to has acme_client, and be-01 and be-02 have.",
		"as in the [host.challenge] of that:\n[check.challenge] # of names whose hosts have none of their own\nwebroot = ")
	s.subject.Records[0].Hosts = []Host{{Name: "web-02"}, other}
	Offers(t, s.only("H-TOKEN", Unknown), "[host.challenge] # below the [[host]] be-02")
	s.only("H-PATH", Pass)
	s.only("H-LB", Unknown, "answers 12 connections alike")
}

func TestPlanterThatFails(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, s.files())
	broken := plant.Webroot(filepath.Join(s.root, "missing"), time.Now)
	s.opts.Client = func(*Subject) Client { return Client{Planter: broken} }
	Offers(t, s.only("H-TOKEN", Unknown, "could not be placed", "missing"), "Let dnsplan write there")
}

func TestTokenIsPlacedOnceAndRemoved(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, s.files())
	count := &counting{Planter: plant.Webroot(s.root, time.Now)}
	s.opts.Client = func(*Subject) Client { return Client{Planter: count} }
	found := Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{"H", "B"}})
	if n := count.placed.Load(); n != 1 {
		t.Errorf("placed %d tokens, want 1", n)
	}
	if w := found.Worst(); w != 0 {
		t.Errorf("worst is %s: %+v", w, found.Findings)
	}
	if left, err := os.ReadDir(s.root); err != nil || len(left) > 0 {
		t.Errorf("the webroot holds %v (%v)", left, err)
	}
}

func TestTokenIsRemovedOnCancel(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	ctx, cancel := context.WithCancel(t.Context())
	s.serve(0, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	strict := &counting{Planter: plant.Webroot(s.root, time.Now)}
	s.opts.Client = func(*Subject) Client { return Client{Planter: strict} }
	found := Examined(ctx, New(s.opts), []*Subject{s.subject}, Selection{Only: []string{"H-TOKEN"}})
	if f := found.Findings; len(f) != 1 || f[0].Outcome != Unknown {
		t.Errorf("cancelled: %+v; want unknown", f)
	}
	if left, err := os.ReadDir(s.root); err != nil || len(left) > 0 {
		t.Errorf("the webroot holds %v (%v)", left, err)
	}
}

func TestTokenThatStays(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, s.files())
	stuck := &counting{Planter: plant.Webroot(s.root, time.Now), stays: true}
	s.opts.Client = func(*Subject) Client { return Client{Planter: stuck} }
	found := Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{"H-TOKEN"}}).Findings
	if len(found) != 2 || found[1].Outcome != Fail || found[1].Severity != Warning {
		t.Fatalf("found %+v; want a warning behind the pass", found)
	}
	Offers(t, found[1], "rm "+s.root+"/.well-known/acme-challenge/")
}

// counting is a planter that counts, and may leave its tokens.
type counting struct {
	plant.Planter
	placed atomic.Int32
	stays  bool
}

func (c *counting) Plant(ctx context.Context, t plant.Token) (func(context.Context) error, error) {
	c.placed.Add(1)
	remove, err := c.Planter.Plant(ctx, t)
	return func(ctx context.Context) error {
		if c.stays {
			return errors.New("busy")
		}
		return errors.Join(ctx.Err(), remove(ctx))
	}, err
}

// A server that is not the ACME client's passes challenges to it; the client's own
// serves its folder.
func TestServeGoesByTheMachine(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, http.NotFoundHandler())
	for _, c := range []struct{ client, paste string }{
		{"127.0.0.11", "root ROOT;"},
		{"127.0.0.12", "proxy_pass http://127.0.0.12:PORT;"},
		{"::1", "proxy_pass http://[::1]:PORT;"},
	} {
		s.subject.Records[0].Hosts = []Host{{Name: "web-02", Addrs: []netip.Addr{netip.MustParseAddr(c.client)}, ACMEClient: true}}
		Offers(t, s.only("H-TOKEN", Fail), s.fill(c.paste))
	}
	at := netip.MustParseAddrPort("127.0.0.15:8080")
	s.subject.Records[0].Hosts = nil
	listener := placing{plant.Webroot(s.root, time.Now), plant.Place{Listen: at}}
	s.opts.Client = func(*Subject) Client { return Client{Planter: listener} }
	Offers(t, s.only("H-TOKEN", Fail), "proxy_pass http://127.0.0.15:8080;")
}

// placing is a planter that says another place.
type placing struct {
	plant.Planter
	at plant.Place
}

func (p placing) Place() plant.Place { return p.at }
