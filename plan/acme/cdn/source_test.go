package cdn_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/cdn"
)

const (
	cloudflareText = `{"result":{"ipv4_cidrs":["198.51.100.0/24"],"ipv6_cidrs":["2001:db8::/32"],"etag":"1"},"success":true,"errors":[]}`
	fastlyText     = `{"addresses":["203.0.113.0/24","198.51.100.0/24"],"ipv6_addresses":["2001:db8::/32"]}`
	amazonText     = `{"syncToken":"1","createDate":"2026-11-20-15-17-05",
 "prefixes":[{"ip_prefix":"192.0.2.0/24","region":"eu-west-1","service":"EC2"},
  {"ip_prefix":"198.51.100.0/24","region":"GLOBAL","service":"CLOUDFRONT"},
  {"ip_prefix":"203.0.113.0/24","region":"GLOBAL","service":"CLOUDFRONT_ORIGIN_FACING"}],
 "ipv6_prefixes":[{"ipv6_prefix":"2001:db8::/32","region":"GLOBAL","service":"CLOUDFRONT"}]}`
)

var noon = time.Date(2026, time.November, 27, 12, 0, 0, 0, time.UTC)

// TestFetch: each vendor's form, from a server that checks what it is asked.
func TestFetch(t *testing.T) {
	texts := map[string]string{"/cloudflare": cloudflareText, "/cloudfront": amazonText, "/fastly": fastlyText}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.Header.Get("User-Agent") != "dnsplan" {
			t.Errorf("%s with %v", r.Method, r.Header)
		}
		_, _ = w.Write([]byte(texts[r.URL.Path]))
	}))
	defer server.Close()
	want := map[cdn.Vendor]struct{ date, list string }{
		cdn.Cloudflare: {"2026-11-27", "198.51.100.0/24 2001:db8::/32"},
		cdn.CloudFront: {"2026-11-20", "198.51.100.0/24 2001:db8::/32"},
		cdn.Fastly:     {"2026-11-27", "198.51.100.0/24 203.0.113.0/24 2001:db8::/32"},
	}
	for _, s := range cdn.Sources() {
		s.URL = server.URL + "/" + string(s.Vendor)
		l, err := s.Fetch(t.Context(), server.Client(), noon)
		if err != nil {
			t.Fatal(err)
		}
		w := want[s.Vendor]
		if l.Vendor != s.Vendor || l.Source != s.URL || l.Date.Format(time.DateOnly) != w.date ||
			!slices.Equal(l.Prefixes, prefixes(strings.Fields(w.list)...)) {
			t.Errorf("%s: %v, want %v", s.Vendor, l, w)
		}
	}
}

// TestFetchKeepsSecrets: what a copy wants of those who fetch it is told nowhere.
func TestFetchKeepsSecrets(t *testing.T) {
	good := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user+password+r.URL.RawQuery != "mecanary1key=canary2" {
			t.Errorf("asked by %q with %q", user, r.URL.RawQuery)
		}
		if good {
			_, _ = w.Write([]byte(fastlyText))
			return
		}
		http.NotFound(w, r)
	}))
	defer server.Close()
	s := cdn.Source{Vendor: cdn.Fastly, URL: strings.Replace(server.URL, "://", "://me:canary1@", 1) + "/list?key=canary2"}
	l, err := s.Fetch(t.Context(), server.Client(), noon)
	if err != nil || l.Source != server.URL+"/list" {
		t.Errorf("from %q: %v", l.Source, err)
	}
	good = false
	_, missing := s.Fetch(t.Context(), server.Client(), noon)
	server.Close()
	_, gone := s.Fetch(t.Context(), server.Client(), noon)
	_, broken := s.Parse(nil, noon)
	for _, err := range []error{missing, gone, broken} {
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("error %v", err)
		}
	}
}

// TestBadDocuments: nothing but a whole document of the vendor's form is taken.
func TestBadDocuments(t *testing.T) {
	tests := map[string]struct {
		vendor     cdn.Vendor
		text, want string
	}{
		"a page":             {cdn.Fastly, "<html>log in</html>", "no JSON of the form"},
		"a page, Cloudflare": {cdn.Cloudflare, "<html>log in</html>", "no JSON of the form"},
		"a page, Amazon":     {cdn.CloudFront, "<html>log in</html>", "no JSON of the form"},
		"another form":       {cdn.Fastly, `{}`, "0 IPv4 and 0 IPv6"},
		"no success":         {cdn.Cloudflare, `{"success":false}`, "no success"},
		"no IPv6":            {cdn.Fastly, `{"addresses":["198.51.100.0/24"]}`, "1 IPv4 and 0 IPv6"},
		"no date":            {cdn.CloudFront, `{"createDate":"today"}`, "no date"},
		"no CloudFront":      {cdn.CloudFront, strings.ReplaceAll(amazonText, "CLOUDFRONT", "EC2"), "0 IPv4"},
		"one is no prefix":   {cdn.Fastly, strings.Replace(fastlyText, "203.0.113.0/24", "203.0.113.0", 1), "no prefix"},
		"one is everything":  {cdn.Fastly, strings.Replace(fastlyText, "203.0.113.0/24", "0.0.0.0/0", 1), "wider"},
		"one is private":     {cdn.Fastly, strings.Replace(fastlyText, "203.0.113.0/24", "10.0.0.0/8", 1), "not of the public internet"},
		"Akamai":             {cdn.Akamai, fastlyText, "it publishes none"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l, err := cdn.Source{Vendor: tt.vendor}.Parse([]byte(tt.text), noon)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, %v; want %q", l, err, tt.want)
			}
		})
	}
}

func TestFetchFails(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/long":
			_, _ = w.Write(bytes.Repeat([]byte(" "), 33<<20))
		case "/cut":
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(fastlyText))
		default:
			http.Error(w, "not here", http.StatusNotFound)
		}
	}))
	defer server.Close()
	tests := map[string]struct{ url, want string }{
		"not found":     {server.URL + "/none", "answered 404 Not Found"},
		"too long":      {server.URL + "/long", "more than 33554432 bytes"},
		"cut off":       {server.URL + "/cut", "unexpected EOF"},
		"no URL":        {"http://[::1", "missing ']'"},
		"nobody there":  {"http://127.0.0.1:1/", "connection refused"},
		"not of a list": {server.URL, "404"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := cdn.Source{Vendor: cdn.Fastly, URL: tt.url}.Fetch(t.Context(), server.Client(), noon)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "fetch the ranges of Fastly: ") {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// TestTitles: every vendor that can be told has a name that people know.
func TestTitles(t *testing.T) {
	for _, v := range []cdn.Vendor{
		cdn.Akamai, cdn.Azure, cdn.Bunny, cdn.CDN77, cdn.Cloudflare, cdn.CloudFront,
		cdn.Fastly, cdn.Gcore, cdn.Google, cdn.Imperva, cdn.KeyCDN, cdn.Sucuri,
	} {
		if v.Title() == string(v) {
			t.Errorf("%s has no title", v)
		}
	}
	if got := cdn.Vendor("new").Title(); got != "new" {
		t.Errorf("%q", got)
	}
	for _, s := range cdn.Sources() {
		if !slices.Contains(cdn.Published(), s.Vendor) || !strings.HasPrefix(s.URL, "https://") {
			t.Errorf("%v", s)
		}
	}
	if errors.Is(cdn.Change{}.Check(), cdn.ErrShrunk) {
		t.Error("nothing has shrunk")
	}
}
