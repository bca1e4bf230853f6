package cloudflare_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/cloudflare"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
	"github.com/dnsplan/dnsplan/providers/providertest"
)

const (
	org               = "example.org"
	orgName zone.Name = "example.org."
	// canary is a token in a form that shows when it is escaped on its way.
	canary = "canary-4b1d_/+9=f"
)

func TestSuite(t *testing.T) {
	for _, plan := range []string{"free", "pro"} {
		t.Run(plan, func(t *testing.T) {
			fakes := map[*testing.T]*cloudflaretest.Server{}
			providertest.Run(t, providertest.Harness{
				Open: func(t *testing.T, text string) providertest.Zone {
					s := cloudflaretest.Start(t)
					s.MostPerPage = 100 // pages as small as libdns asks for
					fakes[t] = s
					return seeded(t, s, plan, text)
				},
				Foreign: func(t *testing.T) (providertest.Zone, zone.Key) {
					s := cloudflaretest.Start(t)
					z := seeded(t, s, plan, "")
					s.Put(org, cloudflaretest.Record{
						Type: "AAAA", Name: "worker", Content: "100::", TTL: 1, Proxied: true,
						Meta: json.RawMessage(`{"origin_worker_id":"w","read_only":true}`),
					})
					return z, zone.Key{Name: "worker." + orgName, Type: zone.AAAA}
				},
				Annotate: func(t *testing.T, _ providertest.Zone, key zone.Key, addr netip.Addr, m zone.Member) {
					if plan == "free" {
						m.Tags = nil // which that plan has not
					}
					fakes[t].Edit(org, func(r *cloudflaretest.Record) bool {
						if strings.EqualFold(r.Name+".", string(key.Name)) && r.Content == addr.String() {
							r.Comment, r.Tags = m.Comment, m.Tags
						}
						return true
					})
				},
			})
		})
	}
}

func TestSuiteHTTP(t *testing.T) {
	var more strings.Builder
	for i := range 250 {
		fmt.Fprintf(&more, "h%d 300 IN A 10.0.0.%d\n", i, i)
	}
	providertest.RunHTTP(t, providertest.HTTPHarness{
		Open: func(t *testing.T, text string, wrap func(http.Handler) http.Handler) providertest.Zone {
			s := cloudflaretest.New()
			s.MostPerPage = 100
			s.Serve(t, wrap(s))
			return seeded(t, s, "free", text)
		},
		IsWrite: func(r *http.Request) bool { return r.Method != http.MethodGet },
		Paged:   more.String(),
		SecondPage: func(r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, "/dns_records") && r.URL.Query().Get("page") == "2"
		},
		Deny: func(w http.ResponseWriter, _ *http.Request, status int) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"messages":[],"result":null}`)
		},
		Secrets: []string{canary},
	})
}

// seeded is a zone of s with text, and a provider that may edit it.
func seeded(t *testing.T, s *cloudflaretest.Server, plan, text string) providertest.Zone {
	t.Helper()
	s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.Edit})
	s.AddZone(cloudflaretest.Zone{Name: org, Plan: plan})
	s.Put(org, records(t, text)...)
	return providertest.Zone{Provider: open(t, s), Name: orgName, Others: func(*testing.T) []string { return others(s) }}
}

// open returns a provider for s that does not wait long before it tries again.
func open(t *testing.T, s *cloudflaretest.Server) *cloudflare.Provider {
	t.Helper()
	return openConfig(t, cloudflare.Config{Name: "cf", APIToken: canary, BaseURL: s.BaseURL(), Pause: time.Millisecond})
}

func openConfig(t *testing.T, c cloudflare.Config) *cloudflare.Provider {
	t.Helper()
	p, err := cloudflare.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// records reads master file lines. The SOA record and the NS records of the apex
// are Cloudflare's own, which it does not list.
func records(t *testing.T, text string) []cloudflaretest.Record {
	t.Helper()
	var out []cloudflaretest.Record
	parser := dns.NewZoneParser(strings.NewReader(text), string(orgName), "seed")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		h := rr.Header()
		r := cloudflaretest.Record{Name: strings.TrimSuffix(h.Name, "."), Type: dns.Type(h.Rrtype).String(), TTL: int(h.Ttl)}
		r.Content = strings.TrimPrefix(rr.String(), h.String())
		switch rr := rr.(type) {
		case *dns.SOA:
			continue
		case *dns.NS:
			r.Content = strings.TrimSuffix(rr.Ns, ".")
			if h.Name == string(orgName) {
				continue
			}
		case *dns.CNAME:
			r.Content = strings.TrimSuffix(rr.Target, ".")
		case *dns.MX:
			priority := int(rr.Preference)
			r.Priority, r.Content = &priority, strings.TrimSuffix(rr.Mx, ".")
		case *dns.SRV:
			priority := int(rr.Priority)
			r.Priority, r.Content = &priority, fmt.Sprintf("%d\t%d\t%s", rr.Weight, rr.Port, strings.TrimSuffix(rr.Target, "."))
		case *dns.RFC3597:
			r.Content = fmt.Sprintf(`\# %d %s`, len(rr.Rdata)/2, rr.Rdata)
		}
		out = append(out, r)
	}
	if err := parser.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// others are the fake's records that are no addresses, with all that is kept
// beside them.
func others(s *cloudflaretest.Server) []string {
	var out []string
	for _, r := range s.Records(org) {
		if r.Type == "A" || r.Type == "AAAA" {
			continue
		}
		text, err := json.Marshal(r)
		if err != nil {
			panic(err)
		}
		out = append(out, fmt.Sprintf("%s %d %s %s ; %s", r.Name, r.TTL, r.Type, r.Content, text))
	}
	return out
}
