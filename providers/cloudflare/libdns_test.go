package cloudflare_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/libdns/libdns"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// Why libdns/cloudflare v0.2.2 is not what this adapter reads and writes with.
// Each case shows what it does, and what the adapter does with the same zone.

func TestLibdnsDropsProxied(t *testing.T) {
	s, p := start(t, "pro", "")
	s.Put(org, cloudflaretest.Record{Type: "A", Name: "www", Content: "192.0.2.1", TTL: 1, Proxied: true, Comment: "web", Tags: []string{"owner:ops"}})
	got, err := libdnsFor(t, s).GetRecords(t.Context(), org+".")
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	if a, ok := got[0].(libdns.Address); !ok || a.ProviderData != nil || a.TTL.Seconds() != 1 {
		t.Errorf("%#v: libdns tells more now than address and TTL", got[0])
	}
	live, _ := read(t, p).Find(set("www 300 A").Key)
	if !live.Proxied || !live.Auto || live.TTL != 300 || live.Members[0].Comment != "web" {
		t.Errorf("%+v", live)
	}
}

// SetRecords of two values keeps the last alone, and tells of success
// (libdns/cloudflare, issue 31).
func TestLibdnsLosesValue(t *testing.T) {
	s, p := start(t, "pro", "")
	lib := libdnsFor(t, s)
	done, err := lib.SetRecords(t.Context(), org+".", []libdns.Record{address("www", 300, "192.0.2.1"), address("www", 300, "192.0.2.2")})
	if err != nil || len(done) != 2 {
		t.Fatal(done, err)
	}
	wantLines(t, stored(s), "2 www 300 A 192.0.2.2")
	write(t, p, change("www 300 A 192.0.2.2", "www 300 A 192.0.2.1 192.0.2.2"))
	wantLines(t, lines(read(t, p)), "www.example.org. 300 A 192.0.2.1 192.0.2.2")
	if _, err := lib.SetRecords(t.Context(), org+".", []libdns.Record{address("www", 300, "192.0.2.3")}); err == nil {
		t.Error("libdns sets a name of two values now")
	}
}

// Deleting and appending, which is what is left, drops the proxy, the comment
// and the tags.
func TestLibdnsDropsWhatIsBeside(t *testing.T) {
	seed := cloudflaretest.Record{Type: "A", Name: "www", Content: "192.0.2.1", TTL: 1, Proxied: true, Comment: "web", Tags: []string{"owner:ops"}}
	s, _ := start(t, "pro", "")
	s.Put(org, seed)
	lib := libdnsFor(t, s)
	if _, err := lib.AppendRecords(t.Context(), org+".", []libdns.Record{address("www", 300, "192.0.2.2")}); err != nil {
		t.Fatal(err)
	}
	_, _ = lib.DeleteRecords(t.Context(), org+".", []libdns.Record{address("www", 0, "192.0.2.1")})
	if got := stored(s); len(got) != 1 || strings.Contains(got[0], "web") {
		t.Errorf("libdns keeps comments now: %q", got)
	}
	s, p := start(t, "pro", "")
	s.Put(org, seed)
	write(t, p, change("www proxied A 192.0.2.1", "www proxied A 192.0.2.2"))
	wantLines(t, stored(s), `2 www 1 A 192.0.2.2 proxied "web" ["owner:ops"]`)
}

// One record that libdns cannot parse hides the zone.
func TestLibdnsFailsOnOneRecord(t *testing.T) {
	s, p := start(t, "pro", "")
	s.Put(org,
		cloudflaretest.Record{Type: "A", Name: "www", Content: "192.0.2.1", TTL: 300},
		cloudflaretest.Record{Type: "SRV", Name: "sip", Content: "5\t5060\tsip.example.org", TTL: 300})
	if got, err := libdnsFor(t, s).GetRecords(t.Context(), org+"."); err == nil || got != nil {
		t.Errorf("libdns reads a service at a plain name now: %v, %v", got, err)
	}
	live := read(t, p)
	if len(live.RRsets) != 1 || len(live.Others) != 1 || live.Others[0].Data != "0 5 5060 sip.example.org." {
		t.Errorf("%v, %v", live.RRsets, live.Others)
	}
}

// A refusal for the rate is a text among others.
func TestLibdnsKnowsNoRate(t *testing.T) {
	s, p := start(t, "pro", "")
	s.Limit = 1
	lib := libdnsFor(t, s)
	_, _ = lib.GetRecords(t.Context(), org+".")
	_, err := lib.GetRecords(t.Context(), org+".")
	if err == nil || !strings.Contains(err.Error(), "429") {
		t.Fatalf("error %v, want one that tells of 429", err)
	}
	if errors.Unwrap(err) != nil {
		t.Errorf("%v has a cause now", err)
	}
	_, err = p.Read(t.Context(), orgName)
	if limited, ok := errors.AsType[*providers.RateLimitError](err); !ok || limited.Until.IsZero() {
		t.Errorf("error %v, want a RateLimitError", err)
	}
}

// A list without result_info is a panic.
func TestLibdnsPanics(t *testing.T) {
	s, p := start(t, "pro", "www 300 IN A 192.0.2.1\n")
	s.NoInfo = true
	lib := libdnsFor(t, s)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("libdns does without result_info now")
			}
		}()
		_, _ = lib.GetRecords(t.Context(), org+".")
	}()
	wantLines(t, lines(read(t, p)), "www.example.org. 300 A 192.0.2.1")
}

// ListZones stops after Cloudflare's first page of 20.
func TestLibdnsListsOnePage(t *testing.T) {
	s, p := start(t, "pro", "")
	for i := range 60 {
		s.AddZone(cloudflaretest.Zone{Name: hosts(60)[i].Name + ".example.net"})
	}
	zones, err := libdnsFor(t, s).ListZones(t.Context())
	if err != nil || len(zones) != 20 {
		t.Errorf("libdns lists %d zones, error %v: it knows pages now", len(zones), err)
	}
	names, err := p.ListZones(t.Context())
	if err != nil || len(names) != 61 || names[60] != orgName {
		t.Errorf("%d zones %v, error %v", len(names), names, err)
	}
}

// An answer that is no JSON is one about a character.
func TestLibdnsSaysNothingOfPages(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("<html><title>502</title></html>"))
	}))
	t.Cleanup(page.Close)
	s, _ := start(t, "pro", "")
	lib := libdnsFor(t, s)
	lib.HTTPClient = &http.Client{Transport: toHost(strings.TrimPrefix(page.URL, "http://"))}
	_, err := lib.GetRecords(t.Context(), org+".")
	if err == nil || strings.Contains(err.Error(), "502") {
		t.Errorf("%v: libdns tells the status now", err)
	}
	c := config(s)
	c.BaseURL = page.URL
	_, err = openConfig(t, c).Read(t.Context(), orgName)
	wantError(t, err, nil, "502 Bad Gateway")
}
