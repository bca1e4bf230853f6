package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
	"github.com/dnsplan/dnsplan/providers/namesilo/namesilotest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/route53/route53test"
)

// canary is a secret that shows nowhere.
const canary = "canary-2c9e51d07b"

// vendorSite has one zone at one provider with the settings.
func vendorSite(typ, settings string) string {
	return fmt.Sprintf("version = 1\n[[provider]]\nname = \"p\"\ntype = %q\n%s\n[[zone]]\nname = \"example.org\"\nprovider = \"p\"\nservers = []\n", typ, settings)
}

// hotel is a web server that answers everything with a page.
func hotel(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!DOCTYPE html><title>Welcome to the hotel</title><p>Please log in"))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// aPage is what is said of such a page.
const aPage = `answers 200 OK with a web page, not as the API would: "Welcome to the hotel`

// What may be wrong with Cloudflare is told before anything is written, each
// with what to do about it.
func TestDoctorCloudflare(t *testing.T) {
	put := func(s *cloudflaretest.Server, token cloudflaretest.Token) {
		token.Value = canary
		s.AddToken(token)
	}
	tests := []struct {
		name string
		// site changes what is at the fake, and returns another base URL.
		site func(t *testing.T, s *cloudflaretest.Server) string
		code int
		want []string
	}{
		{"all is well", func(*testing.T, *cloudflaretest.Server) string { return "" }, exitDone, []string{
			"✓ ok provider p credentials: api_token: environment variable CF_DNS_API_TOKEN",
			"✓ ok provider p credentials: api_token is active",
			"✓ ok provider p zones: 1 visible, among them that of the inventory",
			"✓ ok provider p zone example.org: active, plan free",
			"✓ ok provider p permissions example.org: may edit DNS records",
			"✓ ok provider p records example.org: 1 address RRset, 1 other record",
			"✓ ok provider p limits: TTL 1m to 1d; 200 changes at once; applied whole or not at all",
			"of 1200 left until ",
			"✓ ok provider p clock: ",
		}},
		{"revoked token", func(_ *testing.T, s *cloudflaretest.Server) string { s.Revoke(canary); return "" }, exitDifferences, []string{
			"✕ wrong provider p credentials: api_token: credentials refused: Cloudflare says: Invalid API Token (1000) → the token is unknown, expired, revoked",
		}},
		{"token without the zone", func(_ *testing.T, s *cloudflaretest.Server) string {
			put(s, cloudflaretest.Token{Zones: map[string]cloudflaretest.Rights{"example.net": cloudflaretest.Edit}})
			return ""
		}, exitDifferences, []string{
			"✓ ok provider p credentials: api_token is active",
			"✕ wrong provider p zones: 0 visible, not among them: example.org → ",
			"✕ wrong provider p zone example.org: no such zone among those that the token sees → check the name (a zone is the registered domain), and that the token's Zone Resources include it",
		}},
		{"token that may only read", func(_ *testing.T, s *cloudflaretest.Server) string {
			put(s, cloudflaretest.Token{All: cloudflaretest.Read})
			return ""
		}, exitDifferences, []string{
			"✕ wrong provider p permissions example.org: may read DNS records, but not edit them → add the permission Zone / DNS / Edit",
			"✓ ok provider p records example.org: 1 address RRset",
		}},
		{"zone on two accounts", func(_ *testing.T, s *cloudflaretest.Server) string {
			s.AddZone(cloudflaretest.Zone{Name: "example.org", Account: "b2", AccountName: "Another"})
			return ""
		}, exitDifferences, []string{
			`✕ wrong provider p zone example.org: the token sees the zone on 2 accounts: "Example"`, `"Another" (b2)`, "→ limit the token to one of them",
		}},
		{"web page", func(t *testing.T, _ *cloudflaretest.Server) string { return hotel(t) }, exitDifferences, []string{
			"✕ wrong provider p credentials: api_token: ", aPage,
		}},
		{"mistyped URL", func(_ *testing.T, s *cloudflaretest.Server) string {
			return strings.TrimSuffix(s.BaseURL(), "/v4") + "/v44"
		}, exitDifferences, []string{
			"✕ wrong provider p credentials: api_token: Cloudflare says: No route for that URI (7000) → check base_url",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := cloudflaretest.Start(t)
			put(s, cloudflaretest.Token{All: cloudflaretest.Edit})
			s.AddZone(cloudflaretest.Zone{Name: "example.org"})
			s.Put("example.org",
				cloudflaretest.Record{Type: "A", Name: "www", Content: "192.0.2.1", TTL: 300},
				cloudflaretest.Record{Type: "TXT", Name: "txt", Content: `"x"`, TTL: 300})
			base := tt.site(t, s)
			if base == "" {
				base = s.BaseURL()
			}
			p := newProgram(t, vendorSite("cloudflare", fmt.Sprintf("base_url = %q", base)))
			p.env["CF_DNS_API_TOKEN"] = canary
			p.says(tt.code, canary, tt.want...)
		})
	}
}

// A zone that its registrar does not yet delegate.
func TestDoctorCloudflarePending(t *testing.T) {
	s := cloudflaretest.Start(t)
	s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.Edit})
	s.AddZone(cloudflaretest.Zone{Name: "example.org", Status: "pending"})
	p := newProgram(t, vendorSite("cloudflare", fmt.Sprintf("base_url = %q", s.BaseURL())))
	p.env["CLOUDFLARE_API_TOKEN"] = canary
	p.says(exitDifferences, canary,
		"✕ wrong provider p zone example.org: the zone is pending at Cloudflare, which does not serve it → name ada.ns.example.net and",
		"1 of 9 checks is wrong: provider p.")
}

// A token for the records and another for the zones, each from a file that a
// variable names.
func TestDoctorTwoTokens(t *testing.T) {
	s := cloudflaretest.Start(t)
	s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.Edit, Unseen: true})
	s.AddToken(cloudflaretest.Token{Value: canary + "-zones", All: cloudflaretest.See})
	s.AddZone(cloudflaretest.Zone{Name: "example.org"})
	p := newProgram(t, vendorSite("cloudflare", fmt.Sprintf("base_url = %q", s.BaseURL())))
	p.write("dns", canary+"\n")
	p.write("zone", canary+"-zones\n")
	p.env["CF_DNS_API_TOKEN_FILE"], p.env["CF_ZONE_API_TOKEN_FILE"] = p.path("dns"), p.path("zone")
	p.says(exitDone, canary,
		"api_token: file "+p.path("dns"), "named by CF_DNS_API_TOKEN_FILE", "zone_token: file "+p.path("zone"),
		"✓ ok provider p credentials: zone_token is active", "✓ ok provider p records example.org: 0 address RRsets")
}

// With -v each request is a line on standard error, without secrets; the result
// is as without it.
func TestVerboseRequests(t *testing.T) {
	s := cloudflaretest.Start(t)
	s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.Edit})
	s.AddZone(cloudflaretest.Zone{Name: "example.org"})
	s.Put("example.org", cloudflaretest.Record{Type: "A", Name: "www", Content: "192.0.2.1", TTL: 300})
	site := vendorSite("cloudflare", fmt.Sprintf("base_url = %q", s.BaseURL())) + "[[zone.record]]\nname = \"www\"\na = [\"203.0.113.11\"]\nttl = 300\n"
	p := newProgram(t, site)
	p.env["CF_DNS_API_TOKEN"] = canary
	quiet := p.run("plan").is(t, exitDone, "1 to update")
	if strings.Contains(quiet.stderr, "GET") {
		t.Errorf("told without -v: %s", quiet.stderr)
	}
	s.ResetLog()
	got := p.run("apply", "-v", "--auto-approve", "--strategy", "direct").is(t, exitDone, "1 of 1 change applied")
	noSecret(t, p, got, canary)
	told := 0
	for line := range strings.Lines(got.stderr) {
		if strings.Contains(line, s.BaseURL()) {
			told++
			if !strings.HasPrefix(line, "dnsplan: p: ") || !strings.Contains(line, "of 1200 requests left") {
				t.Errorf("line %q", line)
			}
		}
	}
	if asked := len(s.Log()); told != asked || asked == 0 {
		t.Errorf("%d of %d requests are told:\n%s", told, asked, got.stderr)
	}
}

func TestDoctorNameSilo(t *testing.T) {
	s := namesilotest.New(t, namesilotest.Options{Key: canary})
	s.Hold("example.org", namesilotest.Record{Type: "A", Host: "www", Value: "192.0.2.1", TTL: 3600})
	p := newProgram(t, vendorSite("namesilo", fmt.Sprintf("base_url = %q", s.URL)))
	p.env["NAMESILO_API_KEY"] = canary
	p.says(exitDone, canary,
		"credentials: api_key: environment variable NAMESILO_API_KEY", "✓ ok provider p zones: 1 visible",
		"✓ ok provider p records example.org: 1 address RRset, 0 other records",
		"✓ ok provider p limits: TTL 1h to 30d; 1 change at a time; a failure may leave a part applied", "in sync after up to 30m")

	p.env["NAMESILO_API_KEY"] = canary + "-old"
	p.says(exitDifferences, canary, "✕ wrong provider p credentials: ", "NameSilo answers code 110: Invalid API Key", "→ make or check the key")

	s.Hold("example.net")
	p.write("inventory.toml", strings.Replace(p.read("inventory.toml"), "example.org", "example.com", 1))
	p.env["NAMESILO_API_KEY"] = canary
	p.says(exitDifferences, canary, "✕ wrong provider p zones: 2 visible, not among them: example.com", "✕ wrong provider p zone example.com: ")

	p.write("inventory.toml", vendorSite("namesilo", fmt.Sprintf("base_url = %q", hotel(t))))
	p.says(exitDifferences, canary, "✕ wrong provider p credentials: ", aPage)
}

func TestDoctorPowerDNS(t *testing.T) {
	s := dnsd.PowerDNS(t, dnsd.PowerDNSOptions{Zones: map[string]string{"example.org": bindZone}, APIKey: canary})
	site := vendorSite("powerdns", fmt.Sprintf("server_url = %q", s.API()))
	p := newProgram(t, site)
	p.env["PDNS_API_KEY"] = canary
	p.says(exitDone, canary,
		"credentials: api_key: environment variable PDNS_API_KEY", "✓ ok provider p credentials: PowerDNS authoritative server",
		"✓ ok provider p zones: 1 visible", "✓ ok provider p records example.org: 3 address RRsets, 2 other records")

	p.env["PDNS_API_KEY"] = canary + "-old"
	p.says(exitDifferences, canary, "✕ wrong provider p credentials: ", "does not take the api_key")

	p.env["PDNS_API_KEY"] = canary
	p.write("inventory.toml", strings.Replace(site, "example.org", "example.net", 1))
	p.says(exitDifferences, canary, "✕ wrong provider p zones: 1 visible, not among them: example.net", "✕ wrong provider p zone example.net: ")
}

func TestDoctorRoute53(t *testing.T) {
	route53test.Setenv(t)
	s := route53test.Start(t)
	z := s.AddZone(route53test.Zone{ID: "Z1", Name: "example.org."})
	z.Put(route53test.Simple("www.example.org.", "A", 300, "192.0.2.1"))
	p := newProgram(t, vendorSite("route53", fmt.Sprintf("endpoint = %q", s.URL)))
	p.says(exitDone, route53test.SecretKey,
		"✓ ok provider p credentials: from environment variable AWS_ACCESS_KEY_ID", "✓ ok provider p zone example.org: hosted zone Z1",
		"? unclear provider p permissions example.org: ", "✓ ok provider p records example.org: 1 address RRset",
		"500 changes at once; applied whole or not at all; the provider compares as it writes; in sync after up to 1m")

	s.AddZone(route53test.Zone{ID: "Z2", Name: "example.org."})
	p.says(exitDifferences, route53test.SecretKey, "✕ wrong provider p zone example.org: more than one public hosted zone has this name: Z1, Z2: set hosted_zone_id")

	p.write("inventory.toml", vendorSite("route53", fmt.Sprintf("endpoint = %q\nhosted_zone_id = \"Z1\"", s.URL)))
	p.says(exitDone, route53test.SecretKey, "✓ ok provider p records example.org: 1 address RRset")

	s.Deny("ListResourceRecordSets")
	p.says(exitDifferences, route53test.SecretKey, "✕ wrong provider p permissions example.org: ", "→ allow the IAM action route53:ListResourceRecordSets")

	s.SetKey(route53test.AccessKey, "")
	p.says(exitDifferences, route53test.SecretKey, "✕ wrong provider p zone example.org: credentials refused: AWS does not know the access key")
}
