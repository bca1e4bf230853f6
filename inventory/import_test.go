package inventory_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// liveZone reads lines "NAME TTL TYPE DATA...". Words behind the addresses:
// proxied, auto, foreign=WHY, detail=TEXT, comment=TEXT and tag=TEXT, with "_"
// for a blank.
func liveZone(t testing.TB, text string) *zone.Snapshot {
	t.Helper()
	s := &zone.Snapshot{Zone: "example.org."}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		name := s.Zone
		if f[0] != "@" {
			name = zone.Canonical(f[0] + ".example.org.")
		}
		var ttl zone.TTL
		if _, err := fmt.Sscan(f[1], &ttl); err != nil {
			t.Fatal(err)
		}
		typ, err := zone.ParseType(f[2])
		if err != nil {
			s.Others = append(s.Others, zone.Record{Name: name, TTL: ttl, Type: f[2], Data: strings.Join(f[3:], " ")})
			continue
		}
		r := zone.RRset{Key: zone.Key{Name: name, Type: typ}, TTL: ttl}
		for _, w := range f[3:] {
			liveWord(t, &r, w)
		}
		s.RRsets = append(s.RRsets, r)
	}
	s.Sort()
	return s
}

func liveWord(t testing.TB, r *zone.RRset, word string) {
	t.Helper()
	key, value, _ := strings.Cut(word, "=")
	value = strings.ReplaceAll(value, "_", " ")
	member := func() *zone.Member {
		for len(r.Members) < len(r.Addrs) {
			r.Members = append(r.Members, zone.Member{})
		}
		return &r.Members[len(r.Members)-1]
	}
	switch key {
	case "proxied":
		r.Proxied, r.Auto, r.TTL = true, true, zone.AutoTTL
	case "auto":
		r.Auto, r.TTL = true, zone.AutoTTL
	case "foreign":
		r.Foreign = value
	case "detail":
		r.Detail = value
	case "comment":
		member().Comment = value
	case "tag":
		m := member()
		m.Tags = append(m.Tags, value)
	default:
		a, err := netip.ParseAddr(word)
		if err != nil {
			t.Fatal(err)
		}
		r.Addrs = append(r.Addrs, a)
	}
}

// skeleton is the start of an import from a provider of a type.
func skeleton(t testing.TB, typ, view string) *inventory.Inventory {
	t.Helper()
	p := inventory.Provider{Name: "p", Type: typ, Settings: map[string]string{}}
	if typ == "zonefile" {
		p.Settings["dir"] = "zones"
	}
	inv, err := inventory.Skeleton("inventory.toml", p, "example.org.", view)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func draftText(t interface{ Fatal(...any) }, d *inventory.Draft) string {
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestFromLive compares whole files. Run with -update to rewrite them.
func TestFromLive(t *testing.T) {
	tests := []struct {
		name, typ, view string
		known           []inventory.Host
		options         inventory.LiveOptions
		live            string
	}{
		{name: "cloudflare", typ: "cloudflare", options: inventory.LiveOptions{Proxy: true}, live: `
			@ 300 A 203.0.113.10 proxied comment=main_site tag=web tag=team:a
			@ 300 AAAA 2001:db8::10 proxied comment=main_site
			www 300 A 203.0.113.10 proxied
			www 300 AAAA 2001:db8::10 proxied
			web1 300 A 203.0.113.10
			web1 300 AAAA 2001:db8::10
			auto 300 A 192.0.2.7 auto
			pool 60 A 192.0.2.8 192.0.2.9
			half 300 A 192.0.2.5 proxied
			half 300 AAAA 2001:db8::5
			off 300 A 192.0.2.6 foreign=disabled
			blog 300 CNAME pages.example.net.
			@ 300 TXT "v=spf1 -all"`},
		{name: "route53", typ: "route53", view: "outside", live: `
			@ 60 A foreign=alias detail=dualstack.lb.example.net._in_Z35
			geo 60 A 192.0.2.1 192.0.2.2 foreign=weighted detail=blue_10,_green_90
			* 3600 A 192.0.2.3
			app 3600 A 192.0.2.4
			app 60 AAAA 2001:db8::4
			zero 0 A 192.0.2.20
			@ 172800 NS ns1.example.net.`},
		{name: "zonefile", typ: "zonefile", live: `
			@ 3600 SOA ns1.example.org. hostmaster.example.org. 1 7200 900 1209600 300
			@ 3600 NS ns1.example.org.
			ns1 3600 A 192.0.2.53
			www 3600 A 192.0.2.1
			mail 3600 A 192.0.2.1
			mail 3600 AAAA 2001:db8::25
			smtp 3600 AAAA 2001:db8::25
			a 300 A 192.0.2.1 192.0.2.9
			sub 3600 NS ns.sub.example.org.
			ns.sub 3600 A 192.0.2.54
			xn--bcher-kva 3600 A 192.0.2.60
			a\.b/c 3600 A 192.0.2.61
			x\@y 3600 A 192.0.2.62
			end\. 3600 A 192.0.2.63
			a*b 3600 A 192.0.2.64
			a.example.org 3600 A 192.0.2.65
			@ 3600 RRSIG A 13 2 3600
			@ 3600 NSEC a.example.org.`},
		{name: "names", typ: "sandbox", options: inventory.LiveOptions{Names: []zone.Name{"www.example.org.", "blog.example.org."}}, live: `
			www 3600 A 192.0.2.1
			mail 3600 A 192.0.2.1
			blog 300 CNAME pages.example.net.
			@ 3600 MX 10 mail`},
		{name: "hosts", typ: "zonefile", known: []inventory.Host{{Name: "rack-7", IPv4: []netip.Addr{netip.MustParseAddr("192.0.2.30")}, ACMEClient: true}}, live: `
			@ 3600 A 192.0.2.10
			www 3600 A 192.0.2.10
			web-01 3600 A 192.0.2.10
			old.web-02 3600 A 192.0.2.11
			api 3600 A 192.0.2.11
			pool 3600 A 192.0.2.10 192.0.2.11
			known 3600 A 192.0.2.30
			known2 3600 A 192.0.2.30
			two 3600 A 192.0.2.21 192.0.2.22
			two 3600 AAAA 2001:db8::21 2001:db8::22
			twin 3600 A 192.0.2.21 192.0.2.22
			twin 3600 AAAA 2001:db8::21 2001:db8::22
			slow 3600 A 192.0.2.40
			slow 300 AAAA 2001:db8::40
			fast 3600 A 192.0.2.40
			fast 300 AAAA 2001:db8::40`},
		{name: "nothing", typ: "zonefile", live: ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base := skeleton(t, tt.typ, tt.view)
			base.Hosts = tt.known
			live := liveZone(t, tt.live)
			d := inventory.FromLive(base, live, tt.options)
			if err := d.Check(); err != nil {
				t.Error(err)
			}
			got, path := draftText(t, d), "testdata/import/"+tt.name+".toml"
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Error(diff)
			}
			if len(tt.options.Names) == 0 {
				wantNoPlan(t, d, live, 0, 0)
			}
		})
	}
}

// wantNoPlan loads what a draft writes and compares it with the live zone.
func wantNoPlan(t interface{ Fatalf(string, ...any) }, d *inventory.Draft, live *zone.Snapshot, minTTL, maxTTL zone.TTL) {
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatalf("%v", err)
	}
	inv, found := load("inventory.toml", b.String())
	if found.Failed() || len(found) > 0 {
		t.Fatalf("%v in:\n%s", inventory.Errors(found), &b)
	}
	z := inv.Zones[0]
	want := &plan.Desired{ZoneRef: plan.ZoneRef{Zone: z.Name, View: z.View}, Provider: z.Provider, MinTTL: minTTL, MaxTTL: maxTTL}
	for _, r := range z.Records {
		want.Records = append(want.Records, plan.Record{Key: r.Key, Addrs: r.Addrs, TTL: r.TTL, Proxied: r.Proxied})
	}
	diff := plan.Diff(want, live, plan.Selection{})
	if len(diff.Changes)+len(diff.Conflicts)+len(diff.Warnings) > 0 {
		t.Fatalf("the plan is not empty: %+v %+v %+v, of\n%s", diff.Changes, diff.Conflicts, diff.Warnings, &b)
	}
	left := map[zone.Key]bool{}
	for _, l := range d.Left {
		left[l.Key] = true
	}
	for _, u := range diff.Unmanaged {
		if !left[zone.Key{Name: u.Name, Type: u.Type}] {
			t.Fatalf("%s %s is unmanaged, of\n%s", u.Name, u.Type, &b)
		}
	}
	if len(diff.Unmanaged) != len(left) {
		t.Fatalf("%d sets were left, %d are unmanaged", len(left), len(diff.Unmanaged))
	}
}

// TestPlanAfterImportIsEmpty draws zones as odd as providers return them.
func TestPlanAfterImportIsEmpty(t *testing.T) {
	bases := map[string]*inventory.Inventory{"cloudflare": skeleton(t, "cloudflare", ""), "zonefile": skeleton(t, "zonefile", "in")}
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom([]string{"cloudflare", "zonefile"}).Draw(t, "type")
		proxy := typ == "cloudflare"
		live := drawLive(t, proxy)
		d := inventory.FromLive(bases[typ], live, inventory.LiveOptions{Proxy: proxy})
		bounds := rapid.SampledFrom([][2]zone.TTL{{0, 0}, {1, zone.MaxTTL}, {3600, 7200}}).Draw(t, "bounds")
		wantNoPlan(t, d, live, bounds[0], bounds[1])
	})
}

func drawLive(t *rapid.T, proxy bool) *zone.Snapshot {
	s := &zone.Snapshot{Zone: "example.org."}
	label := rapid.OneOf(
		rapid.SampledFrom([]string{"www", "web1", "*", "@", "a.example.org", "xn--bcher-kva", "a*", "10", "_x", "sub", "ns.sub"}),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 5), func(b []byte) string { return escapedLabel(b) }),
	)
	for _, l := range rapid.SliceOfNDistinct(label, 0, 8, rapid.ID[string]).Draw(t, "names") {
		name := zone.Canonical(l + ".example.org.")
		if l == "@" {
			name = s.Zone
		}
		for _, typ := range []zone.Type{zone.A, zone.AAAA} {
			if _, twice := findSet(s, zone.Key{Name: name, Type: typ}); twice || rapid.Bool().Draw(t, "absent") {
				continue
			}
			s.RRsets = append(s.RRsets, drawLiveSet(t, zone.Key{Name: name, Type: typ}, proxy))
		}
		if rapid.Bool().Draw(t, "other") {
			typ := rapid.SampledFrom([]string{"CNAME", "NS", "TXT", "RRSIG"}).Draw(t, "type")
			s.Others = append(s.Others, zone.Record{Name: name, Type: typ, TTL: 60, Data: rapid.String().Draw(t, "data")})
		}
	}
	s.Sort()
	return s
}

// escapedLabel is a label of any octets.
func escapedLabel(octets []byte) string {
	var b strings.Builder
	for _, c := range octets {
		fmt.Fprintf(&b, `\%03d`, c)
	}
	return b.String()
}

// findSet is Find on a snapshot that is not sorted yet.
func findSet(s *zone.Snapshot, k zone.Key) (zone.RRset, bool) {
	for _, r := range s.RRsets {
		if r.Key == k {
			return r, true
		}
	}
	return zone.RRset{}, false
}

func drawLiveSet(t *rapid.T, key zone.Key, proxy bool) zone.RRset {
	r := zone.RRset{Key: key, TTL: rapid.SampledFrom([]zone.TTL{0, 1, 60, 60, 3600, 86400, zone.MaxTTL, zone.MaxTTL + 1}).Draw(t, "ttl")}
	for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(1, 4), 1, 3, rapid.ID[int]).Draw(t, "addresses") {
		text := fmt.Sprintf("192.0.2.%d", n)
		if key.Type == zone.AAAA {
			text = fmt.Sprintf("2001:db8::%d", n)
		}
		r.Addrs = append(r.Addrs, netip.MustParseAddr(text))
		if rapid.Bool().Draw(t, "member") {
			comment := rapid.OneOf(rapid.Just(""), rapid.String()).Draw(t, "comment")
			r.Members = append(r.Members, zone.Member{Comment: comment, Tags: []string{rapid.String().Draw(t, "tag")}})
		}
	}
	r.Foreign = rapid.SampledFrom([]string{"", "", "", "", "weighted"}).Draw(t, "foreign")
	switch {
	case proxy && rapid.Bool().Draw(t, "proxied"):
		r.Proxied, r.Auto, r.TTL = true, true, zone.AutoTTL
	case rapid.IntRange(0, 4).Draw(t, "auto") == 0:
		r.Auto, r.TTL = true, zone.AutoTTL
	}
	return r
}

func TestSkeletonRefuses(t *testing.T) {
	tests := []struct {
		p          inventory.Provider
		view, want string
	}{
		{inventory.Provider{Name: "p", Type: "zonfile"}, "", `unknown provider type "zonfile" (did you mean "zonefile"?)`},
		{inventory.Provider{Name: "p", Type: "zonefile"}, "", "dir is missing"},
		{inventory.Provider{Name: "p", Type: "zonefile", Settings: map[string]string{"dri": "zones", "dir": "x"}}, "", `unknown key "dri" (did you mean "dir"?)`},
		{inventory.Provider{Name: "p", Type: "cloudflare", Settings: map[string]string{"api_token": "canary-secret"}}, "", `api_token is not a reference to a secret (write env:NAME, file:PATH or cred:NAME; the secret itself must not stand here)`},
		{inventory.Provider{Name: "p", Type: "cloudflare", Settings: map[string]string{"dir": "zones"}}, "", "a provider of type cloudflare has no dir"},
		{inventory.Provider{Name: "p", Type: "cloudflare", Settings: map[string]string{`a"b`: "x"}}, "", `unknown key "a\"b"`},
		{inventory.Provider{Name: "p", Type: "sandbox"}, "../in", `view "../in" must be at most 63 letters, digits, hyphens or underscores`},
	}
	for _, tt := range tests {
		_, err := inventory.Skeleton("inventory.toml", tt.p, "example.org.", tt.view)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "canary-secret") {
			t.Errorf("%+v: error %v, want %s", tt.p, err, tt.want)
		}
	}
}

func TestMoved(t *testing.T) {
	inv := mustLoad(t, `version = 1`)
	p := inventory.Provider{Name: "p", Type: "rfc2136", Settings: map[string]string{
		"dir": "zones", "tsig_secret": "file:keys/tsig", "api_key": "file:/etc/key", "api_token": "env:T", "server": "file:x",
	}}
	for dir, want := range map[string]map[string]string{
		".":   p.Settings,
		"sub": {"dir": "../zones", "tsig_secret": "file:../keys/tsig", "api_key": "file:/etc/key", "api_token": "env:T", "server": "file:x"},
	} {
		got, err := inv.Moved(p, dir)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Settings); diff != "" {
			t.Errorf("%s: %s", dir, diff)
		}
	}
}

// TestImportOfALargeZone stays fast and empty at 1,200 names.
func TestImportOfALargeZone(t *testing.T) {
	var b strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&b, "n%04d 300 A 192.0.2.%d\nn%04d 300 AAAA 2001:db8::%x\n", i, i%250, i, i)
	}
	live := liveZone(t, b.String())
	d := inventory.FromLive(skeleton(t, "zonefile", ""), live, inventory.LiveOptions{})
	wantNoPlan(t, d, live, 0, 0)
	if len(d.Inventory.Hosts) != 250 || d.Inventory.Defaults.TTL != 300 {
		t.Errorf("%d hosts, ttl %d", len(d.Inventory.Hosts), d.Inventory.Defaults.TTL)
	}
}
