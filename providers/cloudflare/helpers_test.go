package cloudflare_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/cloudflare"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
	"github.com/dnsplan/dnsplan/providers/providertest"
)

// start returns a fake with one zone of the given plan that holds text, and a
// provider for it.
func start(t *testing.T, plan, text string) (*cloudflaretest.Server, *cloudflare.Provider) {
	t.Helper()
	s := cloudflaretest.Start(t)
	z := seeded(t, s, plan, text)
	return s, z.Provider.(*cloudflare.Provider)
}

// wrapped is start with a handler before the fake's.
func wrapped(t *testing.T, plan, text string, wrap func(s *cloudflaretest.Server) http.HandlerFunc) (*cloudflaretest.Server, *cloudflare.Provider) {
	t.Helper()
	s := cloudflaretest.New()
	s.Serve(t, wrap(s))
	z := seeded(t, s, plan, text)
	return s, z.Provider.(*cloudflare.Provider)
}

// set reads "www 300 A 192.0.2.1 192.0.2.2", with "auto" or "proxied" in place
// of a TTL; nil for an empty line.
func set(line string) *zone.RRset { return providertest.ParseSet(orgName, line) }

func change(before, after string) providers.Change {
	return providertest.ParseChange(orgName, before, after)
}

func write(t *testing.T, p providers.Provider, changes ...providers.Change) providers.Receipt {
	t.Helper()
	r, err := p.Write(t.Context(), orgName, changes)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// lines are a snapshot's sets, with "auto" where that is so.
func lines(s *zone.Snapshot) []string {
	var out []string
	for _, r := range s.RRsets {
		l := r.String()
		if r.Auto && !r.Proxied {
			l += " (auto)"
		}
		out = append(out, l)
	}
	return out
}

func read(t *testing.T, p providers.Provider) *zone.Snapshot {
	t.Helper()
	s, err := p.Read(t.Context(), orgName)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// stored are the fake's address records: name, TTL, type, content, and what is
// beside them.
func stored(s *cloudflaretest.Server) []string {
	var out []string
	for _, r := range s.Records(org) {
		if r.Type != "A" && r.Type != "AAAA" {
			continue
		}
		l := fmt.Sprintf("%s %s %d %s %s", strings.TrimLeft(r.ID, "0"), strings.TrimSuffix(r.Name, "."+org), r.TTL, r.Type, r.Content)
		if r.Proxied {
			l += " proxied"
		}
		if r.Comment != "" || len(r.Tags) > 0 {
			l += fmt.Sprintf(" %q %q", r.Comment, r.Tags)
		}
		if r.Settings != nil {
			l += " " + string(r.Settings)
		}
		if r.PrivateRouting {
			l += " private"
		}
		out = append(out, l)
	}
	slices.Sort(out)
	return out
}

// bodies are the bodies of the requests of a kind.
func bodies(s *cloudflaretest.Server, kind string) []string {
	var out []string
	for _, r := range s.Log() {
		if r.Kind == kind {
			out = append(out, r.Body)
		}
	}
	return out
}

// wantError checks that err is each of the sentinels and says each of the words.
func wantError(t *testing.T, err error, is error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %v", words)
	}
	if is != nil {
		if !errors.Is(err, is) {
			t.Errorf("%v is not %q", err, is)
		}
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%v\ndoes not say %q", err, w)
		}
	}
	if strings.Contains(err.Error(), canary) {
		t.Errorf("%v holds the token", err)
	}
}

func config(s *cloudflaretest.Server) cloudflare.Config {
	return cloudflare.Config{Name: "cf", APIToken: canary, BaseURL: s.BaseURL(), Pause: time.Millisecond}
}
