package cloudflare_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/cloudflare"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

func TestExamine(t *testing.T) {
	for _, tt := range []struct {
		name  string
		setup func(s *cloudflaretest.Server, c *cloudflare.Config)
		zones []zone.Name
		want  []string // topic, zone, verdict, and the beginning of the detail
	}{
		{"all is well", nil, []zone.Name{orgName}, []string{
			"credentials : ok: api_token is active",
			`zone example.org.: ok: active, plan free, account "Example" (a0000000000000000000000000000001), 200 records in a batch`,
			"permissions example.org.: ok: may edit DNS records",
			"clock : ok: within 1s",
		}},
		{"no zones", nil, nil, []string{"credentials : ok: api_token is active", "clock : ok"}},
		{"read only", func(s *cloudflaretest.Server, _ *cloudflare.Config) {
			s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.Read})
		}, []zone.Name{orgName}, []string{"credentials : ok", "zone example.org.: ok", "permissions example.org.: wrong: may read DNS records, but not edit them", "clock : ok"}},
		{"not even read", func(s *cloudflaretest.Server, _ *cloudflare.Config) {
			s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.See})
		}, []zone.Name{orgName}, []string{"credentials : ok", "zone example.org.: ok", "permissions example.org.: wrong: credentials refused", "clock : ok"}},
		{"revoked", func(s *cloudflaretest.Server, _ *cloudflare.Config) { s.Revoke(canary) }, []zone.Name{orgName}, []string{
			"credentials : wrong: api_token: credentials refused", "zone example.org.: wrong: credentials refused", "clock : ok",
		}},
		{"expired", func(s *cloudflaretest.Server, _ *cloudflare.Config) {
			s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.Edit, Status: "expired"})
		}, []zone.Name{orgName}, []string{"credentials : wrong: api_token is expired", "zone example.org.: wrong: credentials refused", "clock : ok"}},
		{"expires soon", func(s *cloudflaretest.Server, _ *cloudflare.Config) {
			s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.Edit, ExpiresOn: time.Now().Add(24 * time.Hour)})
		}, nil, []string{"credentials : unclear: api_token is active until", "clock : ok"}},
		{"of an account", func(s *cloudflaretest.Server, _ *cloudflare.Config) {
			s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.Edit, Owned: true})
		}, []zone.Name{orgName}, []string{"credentials : unclear: api_token: Cloudflare does not verify it", "zone example.org.: ok", "permissions example.org.: ok", "clock : ok"}},
		{"two tokens", func(s *cloudflaretest.Server, c *cloudflare.Config) {
			s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.Edit, Unseen: true})
			s.AddToken(cloudflaretest.Token{Value: zoneCanary, All: cloudflaretest.See})
			c.ZoneToken = zoneCanary
		}, []zone.Name{orgName}, []string{
			"credentials : ok: api_token is active", "credentials : ok: zone_token is active", "zone example.org.: ok",
			"permissions example.org.: unclear: reads DNS records; whether it may edit them cannot be told", "clock : ok",
		}},
		{"no permissions told", func(s *cloudflaretest.Server, _ *cloudflare.Config) {
			s.RemoveZone(org)
			s.AddZone(cloudflaretest.Zone{Name: org, NoPermissions: true, Paused: true})
		}, []zone.Name{orgName}, []string{"credentials : ok", "zone example.org.: unclear: active", "permissions example.org.: unclear: reads DNS records", "clock : ok"}},
		{"zones of other kinds", func(s *cloudflaretest.Server, _ *cloudflare.Config) {
			s.AddZone(cloudflaretest.Zone{Name: "second.example", Type: "secondary"})
			s.AddZone(cloudflaretest.Zone{Name: "part.example", Type: "partial"})
		}, []zone.Name{"second.example.", "part.example."}, []string{
			"credentials : ok", "zone second.example.: wrong: active", "permissions second.example.: ok", "zone part.example.: unclear: active",
			"permissions part.example.: ok", "clock : ok",
		}},
		{"one zone of two", func(s *cloudflaretest.Server, _ *cloudflare.Config) { s.SetStatus(org, "pending") }, []zone.Name{orgName, "example.net."}, []string{
			"credentials : ok", "zone example.org.: wrong: the zone is pending", "zone example.net.: wrong: no such zone", "clock : ok",
		}},
		{"the clock is behind", func(s *cloudflaretest.Server, _ *cloudflare.Config) {
			s.Now = func() time.Time { return time.Now().Add(5 * time.Minute) }
		}, nil, []string{"credentials : ok", "clock : wrong: 5m0s behind"}},
		{"nobody listens", func(_ *cloudflaretest.Server, c *cloudflare.Config) { c.BaseURL = "http://127.0.0.1:1" }, nil, []string{
			"credentials : wrong: api_token: ", "clock : unclear: no answer",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := start(t, "free", "www 300 IN A 192.0.2.1\n")
			c := config(s)
			if tt.setup != nil {
				tt.setup(s, &c)
			}
			before := stored(s)
			found := openConfig(t, c).Examine(t.Context(), tt.zones)
			if len(found) != len(tt.want) {
				t.Fatalf("%d findings, want %d: %+v", len(found), len(tt.want), found)
			}
			for i, f := range found {
				got := fmt.Sprintf("%s %s: %s: %s", f.Topic, f.Zone, f.Verdict, f.Detail)
				if !strings.HasPrefix(got, tt.want[i]) && !near(got, tt.want[i]) {
					t.Errorf("got  %s\nwant %s", got, tt.want[i])
				}
				if text := fmt.Sprintf("%+v", f); strings.Contains(text, canary) || strings.Contains(text, zoneCanary) {
					t.Errorf("a token shows: %s", text)
				}
				if f.Verdict.String() == "wrong" && f.Remedy == "" && tt.name != "nobody listens" {
					t.Errorf("%s: no remedy", got)
				}
			}
			wantLines(t, stored(s), before...)
		})
	}
}

// near takes a second or two of the clock.
func near(got, want string) bool {
	for _, other := range []string{"4m59s", "5m1s", "4m58s"} {
		if strings.HasPrefix(got, strings.Replace(want, "5m0s", other, 1)) {
			return true
		}
	}
	return strings.HasPrefix(got, strings.Replace(want, "within 1s", "within", 1))
}
