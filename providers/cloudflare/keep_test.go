package cloudflare_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// rich is a name with everything that Cloudflare keeps beside an address, and
// neighbours.
func rich(s *cloudflaretest.Server) {
	s.Put(org,
		cloudflaretest.Record{
			Type: "A", Name: "www", Content: "192.0.2.1", TTL: 300, Comment: "web", Tags: []string{"owner:ops"},
			Settings: json.RawMessage(`{"ipv4_only":true}`), PrivateRouting: true,
		},
		cloudflaretest.Record{Type: "A", Name: "www", Content: "192.0.2.2", TTL: 300, Comment: "second"},
		cloudflaretest.Record{Type: "AAAA", Name: "www", Content: "2001:db8::1", TTL: 300, Comment: "six"},
		cloudflaretest.Record{Type: "A", Name: "api", Content: "192.0.2.1", TTL: 1, Proxied: true, Comment: "api"},
	)
}

const apiLine = `5 api 1 A 192.0.2.1 proxied "api" []`

// A write sends what changes and nothing else, under the ids that are there, so
// that what is beside an address survives.
func TestKeeps(t *testing.T) {
	for _, tt := range []struct {
		name, before, after string
		body                string
		want                []string
	}{
		{
			"TTL", "www 300 A 192.0.2.1 192.0.2.2", "www 60 A 192.0.2.1 192.0.2.2",
			`{"patches":[{"id":"00000000000000000000000000000002","ttl":60},{"id":"00000000000000000000000000000003","ttl":60}]}`,
			[]string{
				`2 www 60 A 192.0.2.1 "web" ["owner:ops"] {"ipv4_only":true} private`, `3 www 60 A 192.0.2.2 "second" []`,
				`4 www 300 AAAA 2001:db8::1 "six" []`, apiLine,
			},
		},
		{
			"one value", "www 300 A 192.0.2.1 192.0.2.2", "www 300 A 192.0.2.2 203.0.113.1",
			`{"patches":[{"content":"203.0.113.1","id":"00000000000000000000000000000002"}]}`,
			[]string{
				`2 www 300 A 203.0.113.1 "web" ["owner:ops"] {"ipv4_only":true} private`, `3 www 300 A 192.0.2.2 "second" []`,
				`4 www 300 AAAA 2001:db8::1 "six" []`, apiLine,
			},
		},
		{
			"both values and the TTL", "www 300 A 192.0.2.1 192.0.2.2", "www 60 A 203.0.113.1 203.0.113.2",
			`{"patches":[{"content":"203.0.113.1","id":"00000000000000000000000000000002","ttl":60},{"content":"203.0.113.2","id":"00000000000000000000000000000003","ttl":60}]}`,
			[]string{
				`2 www 60 A 203.0.113.1 "web" ["owner:ops"] {"ipv4_only":true} private`, `3 www 60 A 203.0.113.2 "second" []`,
				`4 www 300 AAAA 2001:db8::1 "six" []`, apiLine,
			},
		},
		{
			"a value more", "www 300 A 192.0.2.1 192.0.2.2", "www 300 A 192.0.2.1 192.0.2.2 192.0.2.3",
			`{"posts":[{"content":"192.0.2.3","name":"www.example.org","proxied":false,"ttl":300,"type":"A"}]}`,
			[]string{
				`2 www 300 A 192.0.2.1 "web" ["owner:ops"] {"ipv4_only":true} private`, `3 www 300 A 192.0.2.2 "second" []`,
				`4 www 300 AAAA 2001:db8::1 "six" []`, apiLine, `6 www 300 A 192.0.2.3`,
			},
		},
		{
			"a value less", "www 300 A 192.0.2.1 192.0.2.2", "www 300 A 192.0.2.1",
			`{"deletes":[{"id":"00000000000000000000000000000003"}]}`,
			[]string{`2 www 300 A 192.0.2.1 "web" ["owner:ops"] {"ipv4_only":true} private`, `4 www 300 AAAA 2001:db8::1 "six" []`, apiLine},
		},
		{
			"an address behind the proxy, whatever the TTL says", "api 3600 A 192.0.2.1", "api proxied A 203.0.113.1",
			`{"patches":[{"content":"203.0.113.1","id":"00000000000000000000000000000005"}]}`,
			[]string{
				`2 www 300 A 192.0.2.1 "web" ["owner:ops"] {"ipv4_only":true} private`, `3 www 300 A 192.0.2.2 "second" []`,
				`4 www 300 AAAA 2001:db8::1 "six" []`, `5 api 1 A 203.0.113.1 proxied "api" []`,
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, p := start(t, "pro", "")
			rich(s)
			c := change(tt.before, tt.after)
			c.Before.Proxied = c.After.Proxied
			write(t, p, c)
			wantLines(t, bodies(s, "batch"), tt.body)
			wantLines(t, stored(s), tt.want...)
		})
	}
}

// A set that comes back, as from a backup, brings its comments and tags.
func TestRestores(t *testing.T) {
	s, p := start(t, "pro", "")
	rich(s)
	before, _ := read(t, p).Find(set("www 300 A").Key)
	write(t, p, providers.Change{Before: &before})
	write(t, p, providers.Change{After: &before})
	wantLines(t, stored(s), `4 www 300 AAAA 2001:db8::1 "six" []`, apiLine,
		`6 www 300 A 192.0.2.1 "web" ["owner:ops"]`, `7 www 300 A 192.0.2.2 "second" []`)
}

// The proxy of a name goes on and off for all its addresses in one batch, and
// back to the TTLs that were there.
func TestToggleKeeps(t *testing.T) {
	s, p := start(t, "pro", "")
	rich(s)
	before := stored(s)
	names := []zone.Name{"www." + orgName}
	restore, err := providers.SetProxied(t.Context(), p, orgName, names, true)
	if err != nil || len(restore) != 2 {
		t.Fatal(restore, err)
	}
	wantLines(t, bodies(s, "batch"), `{"patches":[`+
		`{"id":"00000000000000000000000000000002","proxied":true,"ttl":1},{"id":"00000000000000000000000000000003","proxied":true,"ttl":1},`+
		`{"id":"00000000000000000000000000000004","proxied":true,"ttl":1}]}`)
	wantLines(t, lines(read(t, p)), "api.example.org. 300 A 192.0.2.1 (proxied)",
		"www.example.org. 300 A 192.0.2.1 192.0.2.2 (proxied)", "www.example.org. 300 AAAA 2001:db8::1 (proxied)")
	if again, err := providers.SetProxied(t.Context(), p, orgName, names, true); again != nil || err != nil {
		t.Errorf("again: %v, %v", again, err)
	}
	write(t, p, restore...)
	wantLines(t, stored(s), before...)
}

// The sibling of a proxied address is proxied, whatever its own flag says.
func TestMixedProxy(t *testing.T) {
	s, p := start(t, "pro", "")
	s.Put(org,
		cloudflaretest.Record{Type: "A", Name: "www", Content: "192.0.2.1", TTL: 1, Proxied: true},
		cloudflaretest.Record{Type: "AAAA", Name: "www", Content: "2001:db8::1", TTL: 600})
	wantLines(t, lines(read(t, p)), "www.example.org. 300 A 192.0.2.1 (proxied)", "www.example.org. 300 AAAA 2001:db8::1 (proxied)")
	if _, err := providers.SetProxied(t.Context(), p, orgName, []zone.Name{"www." + orgName}, false); err != nil {
		t.Fatal(err)
	}
	wantLines(t, lines(read(t, p)), "www.example.org. 300 A 192.0.2.1 (auto)", "www.example.org. 300 AAAA 2001:db8::1 (auto)")
}

// TTLs as the wire and the provider's callers have them.
func TestTTL(t *testing.T) {
	for _, tt := range []struct {
		name          string
		seed          cloudflaretest.Record
		before, after string
		want          string // what is stored
	}{
		{"automatic stays where 300 is wanted", cloudflaretest.Record{TTL: 1}, "300 A 192.0.2.1", "300 A 192.0.2.2", "1 A 192.0.2.2"},
		{"automatic stays automatic", cloudflaretest.Record{TTL: 1}, "auto A 192.0.2.1", "auto A 192.0.2.2", "1 A 192.0.2.2"},
		{"automatic is lowered", cloudflaretest.Record{TTL: 1}, "auto A 192.0.2.1", "60 A 192.0.2.1", "60 A 192.0.2.1"},
		{"a TTL becomes automatic", cloudflaretest.Record{TTL: 600}, "600 A 192.0.2.1", "auto A 192.0.2.1", "1 A 192.0.2.1"},
		{"the proxy goes off, to a TTL", cloudflaretest.Record{TTL: 1, Proxied: true}, "proxied A 192.0.2.1", "300 A 192.0.2.1", "300 A 192.0.2.1"},
		{"the proxy goes off", cloudflaretest.Record{TTL: 1, Proxied: true}, "proxied A 192.0.2.1", "auto A 192.0.2.1", "1 A 192.0.2.1"},
		{"the proxy goes on", cloudflaretest.Record{TTL: 600}, "600 A 192.0.2.1", "proxied A 192.0.2.1", "1 A 192.0.2.1 proxied"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, p := start(t, "free", "")
			tt.seed.Type, tt.seed.Name, tt.seed.Content = "A", "www", "192.0.2.1"
			s.Put(org, tt.seed)
			write(t, p, change("www "+tt.before, "www "+tt.after))
			wantLines(t, stored(s), "2 www "+tt.want)
		})
	}
	t.Run("new", func(t *testing.T) {
		s, p := start(t, "free", "")
		write(t, p, change("", "a auto A 192.0.2.1"), change("", "b proxied AAAA 2001:db8::1"), change("", "c 60 A 192.0.2.1"))
		wantLines(t, stored(s), "2 a 1 A 192.0.2.1", "3 b 1 AAAA 2001:db8::1 proxied", "4 c 60 A 192.0.2.1")
	})
}

// Cloudflare keeps a TTL with each record; the highest is the set's, and one
// write makes them equal, also at the highest.
func TestMixedTTL(t *testing.T) {
	s, p := start(t, "free", "")
	s.Put(org,
		cloudflaretest.Record{Type: "A", Name: "www", Content: "192.0.2.1", TTL: 600},
		cloudflaretest.Record{Type: "A", Name: "www", Content: "192.0.2.2", TTL: 1})
	wantLines(t, lines(read(t, p)), "www.example.org. 600 A 192.0.2.1 192.0.2.2 (mixed TTLs)")
	write(t, p, change("www 600 A 192.0.2.1 192.0.2.2", "www 600 A 192.0.2.1 192.0.2.2"))
	wantLines(t, stored(s), "2 www 600 A 192.0.2.1", "3 www 600 A 192.0.2.2")
	write(t, p, change("www 600 A 192.0.2.1 192.0.2.2", "www 60 A 192.0.2.1 192.0.2.2"))
	wantLines(t, stored(s), "2 www 60 A 192.0.2.1", "3 www 60 A 192.0.2.2")
	s.Put(org,
		cloudflaretest.Record{Type: "A", Name: "api", Content: "192.0.2.1", TTL: 300},
		cloudflaretest.Record{Type: "A", Name: "api", Content: "192.0.2.2", TTL: 1})
	if r, _ := read(t, p).Find(zone.Key{Name: "api." + orgName, Type: zone.A}); r.Mixed {
		t.Errorf("an automatic TTL lasts as long: %s", r)
	}
}

// The CNAME record goes in the batch that brings the addresses.
func TestReplacesInOneBatch(t *testing.T) {
	s, p := start(t, "free", "alias 300 IN CNAME mail\n")
	a, aaaa := change("", "alias 300 A 192.0.2.1"), change("", "alias 300 AAAA 2001:db8::1")
	a.Replaces, aaaa.Replaces = "mail."+orgName, "mail."+orgName
	write(t, p, a, aaaa)
	if got := bodies(s, "batch"); len(got) != 1 {
		t.Errorf("%d batches: %q", len(got), got)
	}
	wantLines(t, lines(read(t, p)), "alias.example.org. 300 A 192.0.2.1", "alias.example.org. 300 AAAA 2001:db8::1")
}

// The target to replace is the one that a read shows, however the API spells it.
func TestReplacesAsRead(t *testing.T) {
	for _, target := range []string{"Mail.Example.NET", "bücher.example.net", `a\.b.example.net`, "not a name"} {
		s, p := start(t, "free", "")
		s.Put(org, cloudflaretest.Record{Type: "CNAME", Name: "alias", Content: target, TTL: 300})
		c := change("", "alias 300 A 192.0.2.1")
		for _, r := range read(t, p).Others {
			if r.Type == "CNAME" {
				c.Replaces = zone.Canonical(r.Data)
			}
		}
		if _, err := p.Write(t.Context(), orgName, []providers.Change{c}); err != nil {
			t.Errorf("%s, read as %s: %v", target, c.Replaces, err)
		}
	}
}

// Nothing is guessed about what a CNAME record is replaced by.
func TestReplacesAtOdds(t *testing.T) {
	s, p := start(t, "free", "alias 300 IN CNAME mail\n")
	a, aaaa := change("", "alias 300 A 192.0.2.1"), change("", "alias 300 AAAA 2001:db8::1")
	a.Replaces, aaaa.Replaces = "other."+orgName, "mail."+orgName
	_, err := p.Write(t.Context(), orgName, []providers.Change{a, aaaa})
	wantRefused(t, err, "alias", "different CNAME records")
	if n := s.Counts()["batch"]; n != 0 {
		t.Errorf("%d batches", n)
	}
}

// A write about one name lists that name alone.
func TestOneName(t *testing.T) {
	s, p := start(t, "free", "www 300 IN A 192.0.2.1\n*.lab 300 IN A 192.0.2.2\n")
	read(t, p)
	s.ResetLog()
	write(t, p, change("www 300 A 192.0.2.1", "www 60 A 192.0.2.1"))
	write(t, p, change("*.lab 300 A 192.0.2.2", "*.lab 60 A 192.0.2.2"))
	var asked []string
	for _, r := range s.Log() {
		if r.Kind == "record list" {
			asked = append(asked, r.Query)
		}
	}
	wantLines(t, asked, "name.exact=www.example.org&page=1&per_page=5000", "name.exact=%2A.lab.example.org&page=1&per_page=5000")
}

// A server that does not know the filter is looked through all the same.
func TestOneNameUnfiltered(t *testing.T) {
	_, p := wrapped(t, "free", "www 300 IN A 192.0.2.1\napi 300 IN A 192.0.2.2\n", func(s *cloudflaretest.Server) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			q.Del("name.exact")
			r.URL.RawQuery = q.Encode()
			s.ServeHTTP(w, r)
		}
	})
	live, err := p.Look(t.Context(), orgName, []zone.Key{set("www 300 A").Key})
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, lines(live), "www.example.org. 300 A 192.0.2.1")
}
