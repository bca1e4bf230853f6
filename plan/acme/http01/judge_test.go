package http01_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// Whatever a server writes, only what authorities follow is followed.
func FuzzJudge(f *testing.F) {
	for _, location := range []string{
		"/x", "//ok.example.com", "http://ok.example.com:80/x", "https://OK.example.com.well-known/x", "ftp://x", "http://[::1%25a]/",
		"http://192.0.2.1/", "http://intra.corp/", "http://ok.example.com:8080/", "http://\x00", "?q", "#f", "http://user@ok.example.com:443/%2e%2e",
	} {
		f.Add(302, location)
	}
	f.Fuzz(func(t *testing.T, code int, location string) {
		from, _ := url.Parse("http://www.example.org/.well-known/acme-challenge/x")
		fetched := []string{from.String()}
		to, refused := http01.JudgeRedirect(from, code, location, fetched)
		if (to == nil) == (refused == nil) {
			t.Fatalf("%v and %v", to, refused)
		}
		if refused != nil {
			if refused.Cause == nil || !strings.HasPrefix(string(refused.Kind), "redirect-") && refused.Kind != http01.MissingSlash {
				t.Fatalf("%+v", refused)
			}
			if len(refused.Cause.Error()) > 2000 {
				t.Fatalf("a server gets %d octets to say", len(refused.Cause.Error()))
			}
			return
		}
		host := to.Hostname()
		switch {
		case to.Scheme != "http" && to.Scheme != "https", code == 303,
			!slices.Contains([]string{"", "80", "443"}, strings.TrimLeft(to.Port(), "0")),
			host == "", host != strings.ToLower(host), strings.HasSuffix(host, ".well-known"), strings.Contains(host, "%"),
			len(to.Path) > 2000, slices.Contains(fetched, to.String()):
			t.Fatalf("%d %q is followed to %q", code, location, to)
		}
	})
}
