package acme

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/cdn"
)

const someTrace = "fl=29f12\nh=www.example.org\nip=127.0.0.1\nts=1795593600.731\nvisit_scheme=http\nuag=any\ncolo=FRA\n"

// edge is a server that calls itself Cloudflare's and passes all but a trace on.
func edge(asked *atomic.Int32, trace, next http.Handler) http.HandlerFunc {
	return calls("cloudflare", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == cdn.TracePath && r.Host[:len("www.example.org")] == "www.example.org" {
			asked.Add(1)
			trace.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// Where fields of the answer alone say that it is Cloudflare, its trace is asked for,
// at the same address.
func TestTrace(t *testing.T) {
	secure := newSecure(t, "127.0.0.11")
	secure.serveTLS(0, issued{}, answers(200, "text/plain", someTrace))
	for name, c := range map[string]struct {
		s     *site
		trace http.Handler
		want  Asked
	}{
		"it is Cloudflare":            {newSite(t, "127.0.0.11"), answers(200, "text/plain", someTrace), Asked{"Cloudflare, told by its trace", "data centre FRA"}},
		"by way of https":             {secure.site, redirects(301, "https://www.example.org"+cdn.TracePath), Asked{"Cloudflare, told by its trace", "data centre FRA"}},
		"somebody who likes the name": {newSite(t, "127.0.0.11"), http.NotFoundHandler(), Asked{"GET http://www.example.org/cdn-cgi/trace at 127.0.0.11:PORT", "404 (cloudflare) no trace of Cloudflare's"}},
		"with a page for any path":    {newSite(t, "127.0.0.11"), answers(200, "text/html", "<html>ip=127.0.0.1"), Asked{"GET http://www.example.org/cdn-cgi/trace at 127.0.0.11:PORT", "200 (cloudflare) no trace of Cloudflare's"}},
		"with another's trace":        {newSite(t, "127.0.0.11"), answers(200, "text/plain", strings.Replace(someTrace, "www", "mail", 1)), Asked{"GET http://www.example.org/cdn-cgi/trace at 127.0.0.11:PORT", "no trace of Cloudflare's"}},
		"with an error, and a trace":  {newSite(t, "127.0.0.11"), answers(404, "text/plain", someTrace), Asked{"GET http://www.example.org/cdn-cgi/trace at 127.0.0.11:PORT", "404 (cloudflare) no trace of Cloudflare's"}},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			c.s.serve(0, edge(&asked, c.trace, c.s.files()))
			f := c.s.only("H-CDN", Pass, "Cloudflare answers for www.example.org, and the token came through")
			if !slices.ContainsFunc(f.Asked, func(a Asked) bool {
				return strings.Contains(a.Who, c.s.fill(c.want.Who)) && strings.HasSuffix(a.Said, c.want.Said)
			}) || asked.Load() != 1 {
				t.Errorf("%d traces were asked for, and %+v says no %+v", asked.Load(), f.Asked, c.want)
			}
		})
	}
}

// Nobody is asked for a trace where that adds nothing: the provider's API has told, or
// nothing looks like Cloudflare.
func TestNoTrace(t *testing.T) {
	var asked atomic.Int32
	s := newSite(t, "127.0.0.11", "127.0.0.12")
	s.serve(0, edge(&asked, http.NotFoundHandler(), s.files()))
	s.serve(1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == cdn.TracePath {
			asked.Add(1)
		}
		s.files().ServeHTTP(w, r)
	}))
	s.answer("127.0.0.12")
	s.only("H-CDN", Pass, "nothing shows a CDN")
	s.answer("127.0.0.11")
	s.hold("127.0.0.12")
	s.subject.Zone.Live.RRsets[0].Proxied, s.subject.Zone.Proxy = true, true
	s.only("H-CDN", Pass, "Cloudflare answers for www.example.org")
	if n := asked.Load(); n != 0 {
		t.Errorf("%d traces were asked for", n)
	}
}

// A filter goes by what authorities call themselves.
func TestFilterOfAuthorities(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	files := s.files()
	s.serve(0, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.UserAgent(), "Let's Encrypt validation server") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		files.ServeHTTP(w, r)
	}))
	Offers(t, s.only("H-WAF", Fail, "answers 200 to browsers alone, and 403 to an authority's client"), "any User-Agent")
}
