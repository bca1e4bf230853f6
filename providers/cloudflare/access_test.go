package cloudflare_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/cloudflare"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

const (
	zoneCanary  = "canary-zone-77aa+/"
	otherCanary = "canary-other-11bb"
)

// What keeps a zone from being read says what to do, and no record is asked for.
func TestNoAccess(t *testing.T) {
	for _, tt := range []struct {
		name  string
		setup func(s *cloudflaretest.Server, c *cloudflare.Config)
		is    error
		words []string
	}{
		{"two accounts", func(s *cloudflaretest.Server, _ *cloudflare.Config) {
			s.AddZone(cloudflaretest.Zone{Name: org, Account: "a2", AccountName: "Agency", Status: "pending"})
		}, nil, []string{`"Example" (a0000000000000000000000000000001), active`, `"Agency" (a2), pending`, "limit the token to one of them"}},
		{"pending", func(s *cloudflaretest.Server, _ *cloudflare.Config) { s.SetStatus(org, "pending") }, nil, []string{
			"is pending at Cloudflare", "ada.ns.example.net and lee.ns.example.net", "at the registrar",
		}},
		{"initializing", func(s *cloudflaretest.Server, _ *cloudflare.Config) { s.SetStatus(org, "initializing") }, nil, []string{"is initializing", "at the registrar"}},
		{"moved", func(s *cloudflaretest.Server, _ *cloudflare.Config) { s.SetStatus(org, "moved") }, nil, []string{"is moved", "its delegation names other servers"}},
		{"deactivated", func(s *cloudflaretest.Server, _ *cloudflare.Config) { s.SetStatus(org, "deactivated") }, nil, []string{"is deactivated", `activate it in account "Example"`}},
		{"no such zone", func(s *cloudflaretest.Server, _ *cloudflare.Config) { s.RemoveZone(org) }, providers.ErrZoneNotFound, []string{"Zone / Zone / Read", "zone_token"}},
		{"a token without the zone", func(s *cloudflaretest.Server, _ *cloudflare.Config) {
			s.AddToken(cloudflaretest.Token{Value: canary, Zones: map[string]cloudflaretest.Rights{"example.net": cloudflaretest.Edit}})
		}, providers.ErrZoneNotFound, []string{"Zone Resources"}},
		{"a token without Zone / Read", func(s *cloudflaretest.Server, _ *cloudflare.Config) {
			s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.Edit, Unseen: true})
		}, providers.ErrZoneNotFound, []string{"zone_token"}},
		{"a revoked token", func(s *cloudflaretest.Server, _ *cloudflare.Config) { s.Revoke(canary) }, providers.ErrCredentials, []string{"Invalid access token (9109)", "revoked", "API Tokens"}},
		{"an expired token", func(s *cloudflaretest.Server, _ *cloudflare.Config) {
			s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.Edit, Status: "expired"})
		}, providers.ErrCredentials, []string{"expired"}},
		{"a token that is none", func(_ *cloudflaretest.Server, c *cloudflare.Config) { c.APIToken = "short" }, providers.ErrCredentials, []string{
			"Invalid format for Authorization header (6111)", "global API key",
		}},
		{"a base URL with a typo", func(_ *cloudflaretest.Server, c *cloudflare.Config) {
			c.BaseURL = strings.Replace(c.BaseURL, "client", "cleint", 1)
		}, nil, []string{"No route for that URI (7000)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := start(t, "free", "")
			c := config(s)
			tt.setup(s, &c)
			p := openConfig(t, c)
			snapshot, err := p.Read(t.Context(), orgName)
			wantError(t, err, tt.is, append(tt.words, "example.org.")...)
			if snapshot != nil {
				t.Error("a snapshot beside an error")
			}
			_, err = p.Write(t.Context(), orgName, []providers.Change{change("", "www 300 A 192.0.2.1")})
			wantError(t, err, tt.is, tt.words...)
			if n := s.Counts(); n["record list"]+n["batch"] != 0 {
				t.Errorf("requests %v", n)
			}
		})
	}
}

// A zone that was not ready is found as soon as it is: only what is ready is
// kept.
func TestBecomesActive(t *testing.T) {
	s, p := start(t, "free", "")
	s.SetStatus(org, "pending")
	if _, err := p.Read(t.Context(), orgName); err == nil {
		t.Fatal("a pending zone is read")
	}
	s.SetStatus(org, "active")
	read(t, p)
	read(t, p)
	if n := s.Counts()["zone look-up"]; n != 2 {
		t.Errorf("%d look-ups, want 2: kept once it is active", n)
	}
}

// Answers that are not the API's.
func TestNotTheAPI(t *testing.T) {
	for _, tt := range []struct{ name, kind, body, want string }{
		{"a web page", "text/html", "<html><body>Please log in</body></html>", "with a web page"},
		{"another API", "application/json", `{"hello":"world"}`, "check base_url"},
		{"text", "text/plain", "ok", "check base_url"},
		{"half of an answer", "application/json", `{"success":true,"result":[`, "check base_url"},
		{"no result", "application/json", `{"success":true,"result":null}`, "no list"},
		{"a result of another kind", "application/json", `{"success":true,"result":{"id":"x"}}`, "no list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, at := range []string{"/zones", "/dns_records"} {
				_, p := wrapped(t, "free", "", func(s *cloudflaretest.Server) http.HandlerFunc {
					return func(w http.ResponseWriter, r *http.Request) {
						if !strings.HasSuffix(r.URL.Path, at) {
							s.ServeHTTP(w, r)
							return
						}
						w.Header().Set("Content-Type", tt.kind)
						fmt.Fprint(w, tt.body)
					}
				})
				s, err := p.Read(t.Context(), orgName)
				wantError(t, err, nil, tt.want)
				if s != nil || errors.Is(err, providers.ErrZoneNotFound) {
					t.Errorf("%s: %v, %v", at, s, err)
				}
			}
		})
	}
}

// The zone token looks zones up, the API token does the rest, and neither shows.
func TestZoneToken(t *testing.T) {
	s, _ := start(t, "free", "www 300 IN A 192.0.2.1\n")
	s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.Edit, Unseen: true})
	s.AddToken(cloudflaretest.Token{Value: zoneCanary, All: cloudflaretest.See})
	var log []string
	c := config(s)
	c.ZoneToken, c.Log = zoneCanary+"\n", func(l string) { log = append(log, l) }
	p := openConfig(t, c)
	write(t, p, change("www 300 A 192.0.2.1", "www 60 A 192.0.2.1"))
	if names, err := p.ListZones(t.Context()); err != nil || len(names) != 1 {
		t.Errorf("%v, %v", names, err)
	}
	var used []string
	for _, r := range s.Log() {
		who := map[string]string{canary: "api", zoneCanary: "zone"}[r.Token]
		used = append(used, who+": "+r.Kind)
	}
	wantLines(t, used, "zone: zone look-up", "api: record list", "api: batch", "zone: zone list")
	shown := fmt.Sprintf("%v %+v %#v %v %+v %#v %s", c, c, c, p, p, p, strings.Join(log, "\n"))
	if strings.Contains(shown, canary) || strings.Contains(shown, zoneCanary) || len(log) != 4 {
		t.Errorf("a token shows, or the log is not one line a request: %s", shown)
	}
	if !strings.Contains(log[3], "of 1200 requests left") {
		t.Errorf("the log does not tell of the budget: %s", log[3])
	}
}

// A token that may read and not write is told so, and which permission it lacks.
func TestReadOnlyToken(t *testing.T) {
	s, p := start(t, "free", "www 300 IN A 192.0.2.1\n")
	s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.Read})
	read(t, p)
	_, err := p.Write(t.Context(), orgName, []providers.Change{change("www 300 A 192.0.2.1", "www 60 A 192.0.2.1")})
	wantError(t, err, providers.ErrCredentials, "Authentication error (10000)", "Zone / DNS / Edit")
	s.AddToken(cloudflaretest.Token{Value: canary, All: cloudflaretest.See})
	_, err = p.Read(t.Context(), orgName)
	wantError(t, err, providers.ErrCredentials, "Zone / DNS / Read")
}

// All who ask at the same time share one look-up of the zone.
func TestOneLookUp(t *testing.T) {
	s, p := start(t, "free", "www 300 IN A 192.0.2.1\n")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := p.Read(t.Context(), orgName); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := s.Counts(); n["zone look-up"] != 1 || n["record list"] != 8 {
		t.Errorf("%v", n)
	}
}

// An internationalized zone is found by the spelling that Cloudflare has.
func TestInternationalZone(t *testing.T) {
	s, p := start(t, "free", "")
	s.AddZone(cloudflaretest.Zone{Name: "bücher.example"})
	s.Put("bücher.example", cloudflaretest.Record{Type: "A", Name: "www.xn--bcher-kva.example", Content: "192.0.2.1", TTL: 300})
	s.Edit("bücher.example", func(r *cloudflaretest.Record) bool {
		r.Name = "www.bücher.example"
		return true
	})
	live, err := p.Read(t.Context(), "xn--bcher-kva.example.")
	if err != nil || len(live.RRsets) != 1 || live.RRsets[0].Name != "www.xn--bcher-kva.example." {
		t.Fatalf("%v, %v", live, err)
	}
	if n := s.Counts()["zone look-up"]; n != 2 {
		t.Errorf("%d look-ups, want 2: as an A-label, then as a U-label", n)
	}
}

func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		plan  string
		min   zone.TTL
		batch int
	}{{"free", 60, 200}, {"pro", 60, 3500}, {"business", 60, 3500}, {"enterprise", 30, 3500}, {"unheard-of", 60, 200}} {
		s, p := start(t, tt.plan, "")
		if l := p.Limits(orgName); l.MinTTL != 60 || l.MaxTTL != 86400 || l.Batch != 200 || !l.Proxy || !l.Atomic || l.Conditional || l.Late != providers.LateHTTP {
			t.Errorf("before the zone is known: %+v", l)
		}
		if n := sum(s.Counts()); n != 0 {
			t.Errorf("%d requests for limits", n)
		}
		read(t, p)
		if l := p.Limits(orgName); l.MinTTL != tt.min || l.Batch != tt.batch {
			t.Errorf("%s: %+v", tt.plan, l)
		}
	}
}

func TestConfigRefuses(t *testing.T) {
	for _, tt := range []struct {
		c    cloudflare.Config
		want string
	}{
		{cloudflare.Config{}, "api_token is missing"},
		{cloudflare.Config{APIToken: " \n"}, "api_token is missing"},
		{cloudflare.Config{APIToken: canary + " " + canary}, "api_token holds a blank"},
		{cloudflare.Config{APIToken: canary, ZoneToken: canary + "\nx"}, "zone_token holds a blank"},
		{cloudflare.Config{APIToken: canary, BaseURL: "api.cloudflare.com/client/v4"}, `write it as in "https://api.cloudflare.com/client/v4"`},
		{cloudflare.Config{APIToken: canary, BaseURL: "ftp://api.cloudflare.com"}, "write it as in"},
		{cloudflare.Config{APIToken: canary, BaseURL: "http://api.cloudflare.com/client/v4"}, "in the clear: write https"},
		{cloudflare.Config{APIToken: canary, BaseURL: "https://x:" + otherCanary + "@example.net/"}, "belongs into api_token"},
		{cloudflare.Config{APIToken: canary, BaseURL: "https://x:" + otherCanary + "@exa mple.net/"}, "is no URL"},
		{cloudflare.Config{APIToken: canary, BaseURL: "https://example.net/?token=" + otherCanary}, "write it as in"},
	} {
		p, err := cloudflare.New(tt.c)
		wantError(t, err, nil, tt.want)
		if p != nil || strings.Contains(err.Error(), otherCanary) {
			t.Errorf("%v, %v", p, err)
		}
	}
}

// The budget is the vendor's own count, and a request that it does not allow is
// not made.
func TestBudget(t *testing.T) {
	s, p := start(t, "free", "")
	s.Limit, s.Window = 3, time.Hour
	if b := p.Budget(); b.Limit != 0 || b.Used != 0 {
		t.Errorf("before the first request: %+v", b)
	}
	read(t, p)
	if b := p.Budget(); b.Limit != 3 || b.Remaining != 1 || b.Used != 2 || b.Reset.Before(time.Now()) {
		t.Errorf("%+v", b)
	}
	read(t, p)
	_, err := p.Read(t.Context(), orgName)
	limited, ok := errors.AsType[*providers.RateLimitError](err)
	if !ok || time.Until(limited.Until) < 50*time.Minute {
		t.Errorf("error %v, want a RateLimitError of an hour", err)
	}
	if n := sum(s.Counts()); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}
