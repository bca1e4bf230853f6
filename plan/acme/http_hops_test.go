package acme

import (
	"net/http"
	"slices"
	"testing"

	"github.com/dnsplan/dnsplan/plan/resolver"
)

// Each hop of a redirect is told, with who was asked and what came.
func TestHopsAreTold(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	var last http.Handler = http.NotFoundHandler()
	s.serve(0, calls("nginx", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/one":
			redirects(307, "/two").ServeHTTP(w, r)
		case "/two":
			last.ServeHTTP(w, r)
		default:
			redirects(301, "/one").ServeHTTP(w, r)
		}
	})))
	at := s.fill(" at 127.0.0.11:PORT")
	hops := func(end string) []Asked {
		return []Asked{
			{"GET http://www.example.org/one" + at, "307 to /two (nginx)"},
			{"GET http://www.example.org/two" + at, end},
		}
	}
	f := s.only("H-REDIR", Pass, "by way of http://www.example.org/two")
	if want := hops("404 (nginx); answered 404 Not Found"); len(f.Asked) != 3 || f.Asked[0].Said != "301 to /one (nginx)" || !slices.Equal(f.Asked[1:], want) {
		t.Errorf("asked %+v, want %+v", f.Asked, want)
	}
	last = redirects(302, "https://www.example.org:8443/x")
	f = s.only("H-REDIR", Fail, "redirects to https://www.example.org:8443/x, where no authority goes")
	if len(f.Asked) != 3 || f.Asked[1] != hops("")[0] {
		t.Errorf("asked %+v", f.Asked)
	}
	holds(t, "the last hop", f.Asked[2].Said, `302 to https://www.example.org:8443/x (nginx); redirect to "https://www.example.org:8443/x": port 8443 is not followed`)
	Offers(t, f, "Redirect to port 80 or 443", "redirect the rest")
}

// An old server that redirects challenges to a name of the new one is a bridge, too.
func TestBridgeByRedirect(t *testing.T) {
	s := newSite(t, "127.0.0.11", "127.0.0.12")
	s.serve(0, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		redirects(302, "http://new.example.org"+r.URL.Path).ServeHTTP(w, r)
	}))
	s.serve(1, s.files())
	s.answerWith("www.example.org. 300 IN A 127.0.0.11", "new.example.org. 300 IN A 127.0.0.12")
	s.subject.Zone.Resolvers = []resolver.Server{s.subject.Zone.Servers[0].Servers[0]}
	s.hold("127.0.0.11")
	s.want("127.0.0.12")
	f := s.only("B-BRIDGE", Pass, "the token is answered by the old address too: 127.0.0.11:")
	if len(f.Asked) != 2 {
		t.Errorf("asked %+v", f.Asked)
	}
}
