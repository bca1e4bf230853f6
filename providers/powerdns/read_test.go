package powerdns_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/powerdns"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/transport"
)

func TestRead(t *testing.T) {
	s := start(t, exampleZone)
	patched(t, s, "part.example.org.", "A", "192.0.2.41 !192.0.2.43 !192.0.2.42", "first rack")
	patched(t, s, "off.example.org.", "AAAA", "!2001:db8::2 !2001:db8::1", "")
	patched(t, s, "off-alias.example.org.", "CNAME", "!www.example.org.", "")
	patched(t, s, "cdn.example.org.", "ALIAS", "edge.example.com.", "")
	s.SQL("INSERT INTO records (domain_id, name, type, content, ttl, disabled, auth)" +
		" SELECT id, 'stray.example.net', 'A', '192.0.2.66', 60, 0, 1 FROM domains")
	snap := read(t, provider(t, config(s.API())))
	wantLines(t, "address sets", providertest.Sets(snap),
		"example.org. 3600 A 192.0.2.10",
		"mail.example.org. 3600 A 192.0.2.25",
		"mapped.example.org. 3600 AAAA 192.0.2.7",
		"ns1.example.org. 3600 A 127.0.0.1",
		"off.example.org. 300 AAAA 2001:db8::1 2001:db8::2 (disabled)",
		"part.example.org. 300 A 192.0.2.41",
		"*.wild.example.org. 3600 A 192.0.2.99",
		"www.example.org. 300 A 192.0.2.1 192.0.2.2",
		"www.example.org. 3600 AAAA 2001:db8::1",
	)
	wantLines(t, "others", others(snap),
		"alias.example.org. 3600 CNAME www.example.org.",
		"cdn.example.org. 300 ALIAS edge.example.com.",
		"example.org. 3600 MX 10 mail.example.org.",
		"example.org. 3600 NS ns1.example.org.",
		"example.org. 3600 SOA ns1.example.org. hostmaster.example.org. 7 3600 600 86400 60",
		`example.org. 3600 TXT "v=spf1 -all" "second \"string\""`,
		`odd.example.org. 3600 TYPE65280 \# 3 abcdef`,
		"stray.example.net. 60 A 192.0.2.66",
	)
	part, _ := snap.Find(set("part.example.org. 300 A").Key)
	if part.Detail != "disabled beside them: 192.0.2.42 192.0.2.43" || len(part.Members) != 1 || part.Members[0].Comment != "first rack" {
		t.Errorf("detail %q, members %v", part.Detail, part.Members)
	}
	if ttl := snap.NegativeTTL(0); ttl != 60 {
		t.Errorf("negative TTL %d", ttl)
	}
}

// PowerDNS writes names in presentation form and zones' ids in a form of its own.
func TestOddNames(t *testing.T) {
	s := start(t, exampleZone+`a\032b\.c IN A 192.0.2.71
x\064y IN A 192.0.2.72
`)
	p := provider(t, config(s.API()))
	spaced, at := zone.MustParseName(`a\032b\.c.example.org.`), zone.MustParseName(`x\064y.example.org.`)
	for name, addr := range map[zone.Name]string{spaced: "192.0.2.71", at: "192.0.2.72"} {
		if r, ok := read(t, p).Find(zone.Key{Name: name, Type: zone.A}); !ok || r.Addrs[0].String() != addr {
			t.Errorf("%s is %v", name, r)
		}
	}
	before, _ := read(t, p).Find(zone.Key{Name: spaced, Type: zone.A})
	after := before.Clone()
	after.TTL = 60
	err := write(t, p, change("", "fine.example.org. 60 A 192.0.2.1"), providers.Change{Before: &before, After: &after})
	refused, ok := errors.AsType[*providers.RefusedError](err)
	if !ok || refused.Culprit != before.Key || !strings.Contains(refused.Reason, "unsupported characters") || len(refused.Keys) != 2 {
		t.Errorf("%v, want a RefusedError that names %s", err, before.Key)
	}

	const slash = zone.Name("0/25.2.0.192.in-addr.arpa.")
	api(t, s, http.MethodPost, "", map[string]any{"name": slash, "kind": "Native", "nameservers": []string{"ns1.example.org."}})
	host := zone.RRset{Key: zone.Key{Name: "h_1/2." + slash, Type: zone.A}, TTL: 60, Addrs: set("h. 60 A 192.0.2.1").Addrs}
	if _, err := p.Write(t.Context(), slash, []providers.Change{{After: &host}}); err != nil {
		t.Error(err)
	}
	if snap, err := p.Read(t.Context(), slash); err != nil || !slices.Equal(providertest.Sets(snap), []string{host.String()}) {
		t.Errorf("%v, error %v", snap, err)
	}
}

func TestListZones(t *testing.T) {
	s := dnsd.PowerDNS(t, dnsd.PowerDNSOptions{Zones: map[string]string{"example.org": exampleZone}})
	for _, name := range []string{"b.example.", "a.b.example.", "a.example."} {
		api(t, s, http.MethodPost, "", map[string]any{"name": name, "kind": "Slave", "masters": []string{"192.0.2.1"}})
	}
	got, err := provider(t, config(s.API())).ListZones(t.Context())
	if want := []zone.Name{"a.example.", "b.example.", "a.b.example.", "example.org."}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, error %v, want %v", got, err, want)
	}
}

// Each way to be wrong about the server has words of its own, and shows no key.
func TestUnreachable(t *testing.T) {
	s := start(t, exampleZone)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<html><title>Sign in</title></html>"))
	}))
	t.Cleanup(page.Close)
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	json := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"name":"example.com.","kind":"Native","rrsets":[]}`))
	}))
	t.Cleanup(json.Close)
	const canary = "canary-7f3a"
	for _, tt := range []struct {
		name  string
		edit  func(*powerdns.Config)
		zone  zone.Name
		want  error
		words []string
	}{
		{"wrong key", func(c *powerdns.Config) { c.APIKey = canary }, origin, providers.ErrCredentials, []string{"api_key", "api=yes"}},
		{"zone that is not there", func(*powerdns.Config) {}, "example.net.", providers.ErrZoneNotFound, []string{"does not hold example.net."}},
		{"zone below the one there", func(*powerdns.Config) {}, "www.example.org.", providers.ErrZoneNotFound, []string{"does not hold"}},
		{"wrong server_id", func(c *powerdns.Config) { c.ServerID = "pdns1" }, origin, nil, []string{`server_id "pdns1"`, "it has localhost"}},
		{"wrong path", func(c *powerdns.Config) { c.ServerURL += "/pdns" }, origin, nil, []string{"no PowerDNS API", "server_url"}},
		{"another server", func(c *powerdns.Config) { c.ServerURL = other.URL }, origin, nil, []string{"no PowerDNS API", "8081"}},
		{"a login page", func(c *powerdns.Config) { c.ServerURL = page.URL }, origin, nil, []string{"web page", "Sign in"}},
		{"another zone's data", func(c *powerdns.Config) { c.ServerURL = json.URL }, origin, nil, []string{`zone "example.com."`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := config(s.API())
			tt.edit(&c)
			p := provider(t, c)
			_, readErr := p.Read(t.Context(), tt.zone)
			fresh := zone.RRset{Key: zone.Key{Name: "new." + tt.zone, Type: zone.A}, TTL: 60, Addrs: set("h. 60 A 192.0.2.1").Addrs}
			_, writeErr := p.Write(t.Context(), tt.zone, []providers.Change{{After: &fresh}})
			for _, err := range []error{readErr, writeErr} {
				if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
					t.Fatalf("%v, want %v", err, tt.want)
				}
				if tt.want == nil && (errors.Is(err, providers.ErrZoneNotFound) || errors.Is(err, providers.ErrCredentials)) {
					t.Errorf("%v says something else", err)
				}
				for _, w := range tt.words {
					if !strings.Contains(err.Error(), w) {
						t.Errorf("%q does not hold %q", err, w)
					}
				}
				if strings.Contains(err.Error(), c.APIKey) {
					t.Errorf("the key is in %q", err)
				}
			}
		})
	}
}

// PowerDNS fails a whole zone for one record of its database.
func TestUnparsable(t *testing.T) {
	s := start(t, exampleZone)
	s.SQL("INSERT INTO records (domain_id, name, type, content, ttl, disabled, auth)" +
		" SELECT id, 'bad.example.org', 'MX', 'garbage', 60, 0, 1 FROM domains")
	_, err := provider(t, config(s.API())).Read(t.Context(), origin)
	if a, ok := errors.AsType[*transport.AnswerError](err); !ok || a.Status != 500 || !strings.Contains(err.Error(), "pdnsutil check-zone example.org") {
		t.Errorf("%v, want 500 and what to do", err)
	}
}

func TestExamine(t *testing.T) {
	s := start(t, exampleZone)
	for name, kind := range map[string]string{"slave.example.": "Slave", "served.example.": "Master", "quiet.example.": "Master"} {
		api(t, s, http.MethodPost, "", map[string]any{"name": name, "kind": kind, "masters": []string{"192.0.2.1"}, "nameservers": []string{}})
	}
	api(t, s, http.MethodPut, "/quiet.example.", map[string]any{"soa_edit_api": ""})
	type row struct {
		topic   string
		zone    zone.Name
		verdict providers.Verdict
		words   string
	}
	check := func(t *testing.T, c powerdns.Config, want ...row) {
		t.Helper()
		got := provider(t, c).Examine(t.Context(), []zone.Name{origin, "slave.example.", "served.example.", "quiet.example.", "gone.example."})
		if len(got) != len(want) {
			t.Fatalf("%+v", got)
		}
		for i, w := range want {
			text := got[i].Detail + " / " + got[i].Remedy
			if got[i].Topic != w.topic || got[i].Zone != w.zone || got[i].Verdict != w.verdict || !strings.Contains(text, w.words) {
				t.Errorf("%+v, want %+v", got[i], w)
			}
			if strings.Contains(text, c.APIKey) {
				t.Errorf("the key is in %q", text)
			}
		}
	}
	check(t, config(s.API()),
		row{"credentials", "", providers.Good, "PowerDNS authoritative server 4."},
		row{"zone", origin, providers.Good, "kind Native, 7 address sets"},
		row{"zone", "slave.example.", providers.Bad, "transfers it from 192.0.2.1"},
		row{"zone", "served.example.", providers.Good, "kind Master"},
		row{"zone", "quiet.example.", providers.Unclear, "pdnsutil set-meta quiet.example SOA-EDIT-API DEFAULT"},
		row{"zone", "gone.example.", providers.Bad, "does not hold gone.example."},
	)
	c := config(s.API())
	c.APIKey = "canary-7f3a"
	check(t, c, row{"credentials", "", providers.Bad, "does not take the api_key"})
}

func TestCancelledWhileWaiting(t *testing.T) {
	s := start(t, exampleZone)
	held, asked := make(chan struct{}), make(chan struct{}, 1)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-held
		http.Redirect(w, r, s.API(), http.StatusFound)
	}))
	t.Cleanup(front.Close)
	p := provider(t, config(front.URL))
	first := make(chan error, 1)
	go func() {
		_, err := p.Write(context.WithoutCancel(t.Context()), origin, []providers.Change{change("", "a.example.org. 60 A 192.0.2.1")})
		first <- err
	}()
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error, 1)
	go func() {
		_, err := p.Write(ctx, origin, []providers.Change{change("", "b.example.org. 60 A 192.0.2.1")})
		second <- err
	}()
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("a write that waits for its turn: %v", err)
	}
	close(held)
	if err := <-first; err == nil {
		t.Error("a redirect is an answer")
	}
}
