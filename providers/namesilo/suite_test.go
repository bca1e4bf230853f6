package namesilo_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/namesilo"
	"github.com/dnsplan/dnsplan/providers/namesilo/namesilotest"
	"github.com/dnsplan/dnsplan/providers/providertest"
)

const (
	org    = zone.Name("example.org.")
	domain = "example.org"
	key    = "canary/4f9a+c1"
)

// open starts an API and returns it with a provider of it.
func open(t testing.TB, o namesilotest.Options, records ...namesilotest.Record) (*namesilotest.Server, *namesilo.Provider) {
	t.Helper()
	o.Key = key
	s := namesilotest.New(t, o)
	s.Hold(domain, records...)
	return s, provider(t, namesilo.Config{BaseURL: s.URL})
}

func provider(t testing.TB, c namesilo.Config) *namesilo.Provider {
	t.Helper()
	if c.APIKey == "" {
		c.APIKey = key
	}
	if c.Pause == 0 {
		c.Pause = 1
	}
	p, err := namesilo.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSuite scales the suite's TTLs, the lowest of which is 60, to NameSilo's
// minimum of 3600.
func TestSuite(t *testing.T) {
	for name, o := range map[string]namesilotest.Options{
		"JSON": {Lone: true, Words: true},
		"XML":  {XML: true},
	} {
		t.Run(name, func(t *testing.T) {
			providertest.Run(t, providertest.Harness{Scale: 60, Open: func(t *testing.T, text string) providertest.Zone {
				s, p := open(t, o, parse(t, text)...)
				return providertest.Zone{Provider: p, Name: org, Others: func(*testing.T) []string { return others(s) }}
			}})
		})
	}
}

// TestSuiteHTTP has failing requests. A write is a GET here.
func TestSuiteHTTP(t *testing.T) {
	for name, o := range map[string]namesilotest.Options{"JSON": {}, "XML": {XML: true}} {
		t.Run(name, func(t *testing.T) {
			o.Key = key
			providertest.RunHTTP(t, providertest.HTTPHarness{
				Scale: 60, Secrets: []string{key, url.QueryEscape(key)},
				IsWrite: func(r *http.Request) bool {
					return !strings.Contains(r.URL.Path, "List") && !strings.Contains(r.URL.Path, "list")
				},
				Open: func(t *testing.T, text string, wrap func(http.Handler) http.Handler) providertest.Zone {
					s := namesilotest.New(t, o)
					s.Hold(domain, parse(t, text)...)
					h := httptest.NewServer(wrap(s))
					t.Cleanup(h.Close)
					p := provider(t, namesilo.Config{BaseURL: h.URL + "/api", Pause: time.Millisecond})
					return providertest.Zone{Provider: p, Name: org, Others: func(*testing.T) []string { return others(s) }}
				},
			})
		})
	}
}

// parse reads master file lines. What NameSilo cannot hold is left out.
func parse(t testing.TB, text string) []namesilotest.Record {
	t.Helper()
	var out []namesilotest.Record
	zp := dns.NewZoneParser(strings.NewReader(text), string(org), "seed")
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		h := rr.Header()
		r := namesilotest.Record{Type: dns.TypeToString[h.Rrtype], TTL: int(h.Ttl)}
		r.Host = strings.TrimSuffix(strings.TrimSuffix(h.Name, string(org)), ".")
		switch rr := rr.(type) {
		case *dns.A:
			r.Value = rr.A.String()
		case *dns.AAAA:
			r.Value = rr.AAAA.String()
		case *dns.CNAME:
			r.Value = strings.TrimSuffix(rr.Target, ".")
		case *dns.MX:
			r.Value, r.Distance = strings.TrimSuffix(rr.Mx, "."), int(rr.Preference)
		case *dns.TXT:
			r.Value = strings.Join(rr.Txt, "")
		case *dns.SRV:
			r.Value, r.Distance = strings.TrimPrefix(strings.TrimPrefix(rr.String(), h.String()), "10 "), int(rr.Priority)
		case *dns.CAA:
			r.Value = strings.TrimPrefix(rr.String(), h.String())
		default:
			continue
		}
		out = append(out, r)
	}
	if zp.Err() != nil {
		t.Fatal(zp.Err())
	}
	return out
}

func others(s *namesilotest.Server) []string {
	var out []string
	for _, r := range s.Records(domain) {
		if r.Type != "A" && r.Type != "AAAA" {
			out = append(out, r.String())
		}
	}
	return out
}

func change(before, after string) providers.Change {
	return providertest.ParseChange(org, before, after)
}
