package acme

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/cdn"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// bears is a server whose answers have a field.
func bears(field, value string, next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(field, value)
		next.ServeHTTP(w, r)
	}
}

// behindAnEdge has a CDN answer at 127.0.0.11, in each way in which that is told, and
// the ACME client run on 127.0.0.12.
func behindAnEdge() map[string]func(s *secure, edge issued) (vendor string) {
	none := http.NotFoundHandler()
	byHeader := func(overTLS bool, vendor, field, value string) func(*secure, issued) string {
		return func(s *secure, edge issued) string {
			plain, tls := bears(field, value, none), none
			if overTLS {
				plain, tls = calls("nginx", none), plain
			}
			s.serve(0, plain)
			s.serveTLS(0, edge, tls)
			return vendor
		}
	}
	return map[string]func(*secure, issued) string{
		"the provider's API": func(s *secure, edge issued) string {
			s.proxy("127.0.0.12", true)
			s.want("127.0.0.12")
			s.answer("127.0.0.11")
			s.serveTLS(0, edge, none)
			return "Cloudflare"
		},
		"its address": func(s *secure, edge issued) string {
			ranges, damage := cdn.Load(nil)
			if len(damage) > 0 {
				s.t.Fatal(damage)
			}
			list, _ := ranges.List(cdn.Fastly)
			at := list.Prefixes[0].Addr().Next()
			s.opts.Ranges, s.reached = ranges, map[netip.Addr]netip.Addr{at: s.addrs[0]}
			s.want(at.String())
			s.answer(at.String())
			s.serveTLS(0, edge, none)
			return "Fastly"
		},
		"its CNAME": func(s *secure, edge issued) string {
			s.answerWith("www.example.org. 300 IN CNAME d1.cloudfront.net.")
			at := resolvertest.Serve(s.t, resolvertest.NewZone(s.t, "cloudfront.net. 300 IN SOA ns.cloudfront.net. x.cloudfront.net. 1 2 3 4 5", "d1.cloudfront.net. 300 IN A 127.0.0.11"))
			s.subject.Zone.Resolvers = []resolver.Server{{Name: "public", Addr: at}}
			s.serveTLS(0, edge, none)
			return "Amazon CloudFront"
		},
		"Server on port 80":      byHeader(false, "Akamai", "Server", "AkamaiGHost"),
		"CF-Ray on port 80":      byHeader(false, "Cloudflare", "CF-Ray", "8a1b2c3d4e5f-FRA"),
		"Via over TLS":           byHeader(true, "Google Cloud", "Via", "1.1 google"),
		"X-Amz-Cf-Id over TLS":   byHeader(true, "Amazon CloudFront", "X-Amz-Cf-Id", "aGVsbG8="),
		"X-Azure-Ref on port 80": byHeader(false, "Azure Front Door", "X-Azure-Ref", "20261123T060000Z"),
	}
}

// newBehindAnEdge is a secure at 127.0.0.11 alone, whose ACME client is on 127.0.0.12.
func newBehindAnEdge(t *testing.T) *secure {
	t.Helper()
	s := newSecure(t, "127.0.0.11", "127.0.0.12")
	s.want("127.0.0.11")
	s.answer("127.0.0.11")
	s.client(netip.MustParseAddr("127.0.0.12"))
	return s
}

// However an edge is told, H-CDN, T-CERT and T-RENEW take it for the same: what it
// shows is mended there, and what is to be renewed is what the server behind it has.
func TestRenewalBehindAnEdge(t *testing.T) {
	for name, told := range behindAnEdge() {
		t.Run(name, func(t *testing.T) {
			s := newBehindAnEdge(t)
			vendor := told(s, issued{from: day0.AddDate(0, 0, -100)})
			s.serveTLS(1, issued{from: day0.AddDate(0, 0, -61)}, http.NotFoundHandler())
			f := s.only("T-RENEW", Fail, "www.example.org at 127.0.0.12:", "was to be renewed by 2026-11-22 06:00 UTC, and was not",
				"; "+vendor+" answers clients at ", ", with a certificate that is renewed there (H-CDN)")
			Offers(t, f, "See on the machine of 127.0.0.12 why its client has not done it, and try it for trial:\ncertbot renew --cert-name www.example.org --dry-run")
			var asked strings.Builder
			for _, a := range f.Asked {
				asked.WriteString(a.Who + "\n")
			}
			holds(t, "asked", asked.String(), "TLS to 127.0.0.12:", vendor+", told by ")
			f = s.only("T-CERT", Fail, "expired", "; "+vendor+" answers there (H-CDN)")
			lacks(t, f, "certbot", "nginx")
			if vendor == "Cloudflare" {
				Offers(t, f, "At Cloudflare, see at SSL/TLS, Edge Certificates")
			} else {
				Offers(t, f, "Have "+vendor+" serve a certificate for www.example.org at its edge")
			}
			for _, f := range s.check("H-CDN") {
				holds(t, "H-CDN", f.Summary, vendor+" answers for www.example.org")
			}
		})
	}
}

// What is to be renewed behind an edge is judged by the change that is under way, and
// by who has issued it.
func TestRenewalOfAnOrigin(t *testing.T) {
	over := []Pending{{Type: zone.A, Run: "01K", Until: day0.AddDate(0, 0, 60)}}
	for name, c := range map[string]struct {
		origin  issued
		pending []Pending
		outcome Outcome
		says    string
		offers  string
	}{
		"well":                       {issued{}, nil, Pass, "at 127.0.0.12:PORT is to be renewed on 2027-01-12, and no change is under way then", ""},
		"over the renewal":           {issued{}, over, Fail, "is to be renewed from 2027-01-12 06:00 UTC", "Renew it now on the machine of 127.0.0.12, before anything else changes:\ncertbot renew --cert-name www.example.org --force-renewal"},
		"past its end":               {issued{from: day0.AddDate(0, 0, -40)}, over, Fail, "ends on 2027-01-12 06:00 UTC", "--force-renewal"},
		"signed by itself, overdue":  {issued{organization: "self", from: day0.AddDate(0, 0, -61)}, nil, Fail, "was not", "Have one issued on the machine of 127.0.0.12"},
		"signed by itself, a change": {issued{organization: "self"}, over, Fail, "to be renewed", "Have one issued on the machine of 127.0.0.12"},
		"of Origin CA, overdue":      {issued{organization: "CloudFlare Origin SSL Certificate Authority", from: day0.AddDate(0, 0, -61)}, nil, Fail, "was not", "certbot certonly --webroot"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newBehindAnEdge(t)
			told := behindAnEdge()["the provider's API"](s, issued{from: day0.AddDate(0, 0, -85)})
			s.serveTLS(1, c.origin, http.NotFoundHandler())
			s.subject.Pending = c.pending
			f := s.only("T-RENEW", c.outcome, strings.ReplaceAll(c.says, "PORT", fmt.Sprint(s.opts.HTTPSPort)), "; "+told+" answers clients")
			Offers(t, f, c.offers)
			if f.Because != "" {
				t.Errorf("because of %s", f.Because)
			}
			if !strings.HasPrefix(c.offers, "Renew") && !strings.HasPrefix(c.offers, "--force") {
				lacks(t, f, "certbot renew")
			}
		})
	}
}

// Where no server behind an edge is known, or none answers, nothing can be told of its
// certificate; that of the edge is no stand-in for it, to no check.
func TestRenewalOfAnUnknownOrigin(t *testing.T) {
	s := newBehindAnEdge(t)
	s.opts.Client = nil
	behindAnEdge()["CF-Ray on port 80"](s, issued{from: day0.AddDate(0, 0, -61)})
	f := s.only("T-RENEW", Unknown, "when a renewal is due cannot be told: Cloudflare answers at 127.0.0.11:", "no server behind it is known (H-CDN)")
	Offers(t, f, "Have the server behind Cloudflare asked: write its addresses and acme_client = true into its [[host]]. Or see there how long its own certificate lasts:\ncertbot certificates --cert-name www.example.org")
	lacks(t, f, "certbot renew")
	s.only("T-AUTHZ", Unknown, "no server behind it is known")

	s = newBehindAnEdge(t)
	behindAnEdge()["the provider's API"](s, issued{})
	_ = s.tls[1].Close()
	f = s.only("T-RENEW", Unknown, "no server behind Cloudflare serves a certificate")
	if len(f.Remedies) > 0 {
		t.Errorf("remedies %q", f.Remedies)
	}
	all := Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{"X-TLS", "T-RENEW"}}).Findings
	if len(all) != 2 || all[0].Because != "X-TLS" || all[1].Because != "" {
		t.Errorf("findings %+v", all)
	}
}

// A name that leaves a CDN has the certificate of its new server renewed.
func TestRenewalOfANameThatLeavesAnEdge(t *testing.T) {
	s := newBehindAnEdge(t)
	behindAnEdge()["Via over TLS"](s, issued{})
	s.want("127.0.0.12")
	s.serveTLS(1, issued{from: day0.AddDate(0, 0, -61)}, http.NotFoundHandler())
	Offers(t, s.only("T-RENEW", Fail, "at 127.0.0.12:", "Google Cloud answers clients at 127.0.0.11:"), "See on the machine of 127.0.0.12 why")
}

// Of a proxied name it is the server behind it that counts, whatever the proxy shows.
func TestRenewalBehindAProxyWithoutTLS(t *testing.T) {
	s := newBehindAnEdge(t)
	s.proxy("127.0.0.12", true)
	s.answer("127.0.0.11")
	_ = s.tls[0].Close()
	s.serveTLS(1, issued{from: day0.AddDate(0, 0, -61)}, http.NotFoundHandler())
	Offers(t, s.only("T-RENEW", Fail, "www.example.org at 127.0.0.12:"), "See on the machine of 127.0.0.12 why")
}
