package route53_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/route53"
	"github.com/dnsplan/dnsplan/providers/route53/route53test"
)

const org zone.Name = "example.org."

// fast is a provider of s that waits for nothing.
func fast(t testing.TB, s *route53test.Server, change ...func(*route53.Config)) *route53.Provider {
	t.Helper()
	c := route53.Config{Name: "aws", Endpoint: s.URL, Rate: 1e6, Pause: time.Millisecond, Poll: time.Millisecond}
	for _, f := range change {
		f(&c)
	}
	p, err := route53.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSuite(t *testing.T) {
	route53test.Setenv(t)
	open := func(t *testing.T, text string) providertest.Zone {
		s := route53test.Start(t)
		z := s.AddZone(route53test.Zone{ID: "Z1", Name: string(org)})
		z.Put(parse(t, text)...)
		return providertest.Zone{Provider: fast(t, s), Name: org, Others: func(*testing.T) []string { return others(z) }}
	}
	providertest.Run(t, providertest.Harness{
		Open: open,
		Foreign: func(t *testing.T) (providertest.Zone, zone.Key) {
			s := route53test.Start(t)
			z := s.AddZone(route53test.Zone{ID: "Z1", Name: string(org)})
			z.Put(
				route53test.Weighted("w.example.org", "A", "blue", 10, 60, "192.0.2.1"),
				route53test.Weighted("w.example.org", "A", "green", 20, 60, "192.0.2.2"),
			)
			return providertest.Zone{Provider: fast(t, s), Name: org, Others: func(*testing.T) []string { return others(z) }},
				zone.Key{Name: "w.example.org.", Type: zone.A}
		},
	})
}

func TestSuiteHTTP(t *testing.T) {
	route53test.Setenv(t)
	const token = "canary-session-token/+=="
	t.Setenv("AWS_SESSION_TOKEN", token)
	var more strings.Builder
	for i := range 320 {
		fmt.Fprintf(&more, "h%d 300 IN A 10.0.%d.%d\n", i, i>>8, i&255)
	}
	providertest.RunHTTP(t, providertest.HTTPHarness{
		Open: func(t *testing.T, text string, wrap func(http.Handler) http.Handler) providertest.Zone {
			s := route53test.Start(t, wrap)
			z := s.AddZone(route53test.Zone{ID: "Z1", Name: string(org)})
			z.Put(parse(t, text)...)
			return providertest.Zone{Provider: fast(t, s), Name: org, Others: func(*testing.T) []string { return others(z) }}
		},
		IsWrite:    func(r *http.Request) bool { return r.Method == http.MethodPost },
		Paged:      more.String(),
		SecondPage: func(r *http.Request) bool { return r.URL.Query().Get("name") != "" },
		Secrets:    []string{route53test.AccessKey, route53test.SecretKey, token},
	})
}

// parse reads master file lines as record sets, those left out that Route 53 has
// no type for.
func parse(t testing.TB, text string) []route53test.Set {
	t.Helper()
	var sets []route53test.Set
	at := map[string]int{}
	zp := dns.NewZoneParser(strings.NewReader(text), string(org), "")
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		h := rr.Header()
		typ := dns.TypeToString[h.Rrtype]
		if typ == "" {
			continue
		}
		value := strings.TrimPrefix(rr.String(), h.String())
		i, ok := at[h.Name+typ]
		if !ok {
			at[h.Name+typ] = len(sets)
			sets = append(sets, route53test.Simple(h.Name, typ, int64(h.Ttl), value))
			continue
		}
		sets[i].ResourceRecords.Records = append(sets[i].ResourceRecords.Records, route53test.Value{Value: value})
	}
	if err := zp.Err(); err != nil {
		t.Fatal(err)
	}
	return sets
}

// others are the lines of all that is no address.
func others(z *route53test.Zone) []string {
	var out []string
	for _, s := range z.Sets() {
		if s.Type != "A" && s.Type != "AAAA" {
			out = append(out, fmt.Sprintf("%s %s %v", s.Name, s.Type, s))
		}
	}
	return out
}
