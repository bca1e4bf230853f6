package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

func TestDiff(t *testing.T) {
	tests := []struct {
		name string
		site site
		want string
	}{
		{"nothing", site{}, ``},
		{"the same", site{live: "www 300 A 192.0.2.2 192.0.2.1", want: "www 300 A 192.0.2.1 192.0.2.2"}, ``},
		{"create", site{want: "www 3600 A 203.0.113.11\nwww 3600 AAAA 2001:db8::11"}, `
			+ www.example.org. A 203.0.113.11 ttl 3600
			+ www.example.org. AAAA 2001:db8::11 ttl 3600`},
		{"update", site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 203.0.113.11"}, `
			~ www.example.org. A 192.0.2.1 -> 203.0.113.11 ttl 86400->3600`},
		{"partial update", site{live: "www 300 A 192.0.2.1 192.0.2.2", want: "www 300 A 192.0.2.2 192.0.2.3"}, `
			~ www.example.org. A 192.0.2.1 192.0.2.2 -> 192.0.2.2 192.0.2.3 ttl 300`},
		{"a live value that is not listed goes, also without prune", site{live: "www 300 A 192.0.2.1 192.0.2.2", want: "www 300 A 192.0.2.2"}, `
			~ www.example.org. A 192.0.2.1 192.0.2.2 -> 192.0.2.2 ttl 300`},
		{"TTL", site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 192.0.2.1"}, `
			~ www.example.org. A ttl 86400->3600`},
		{"TTLs that differ are made equal", site{live: "a 7200 A 192.0.2.1 192.0.2.2 mixed\nb 7200 A 192.0.2.1 192.0.2.2 mixed", want: "a 7200 A 192.0.2.1 192.0.2.2\nb 3600 A 192.0.2.1 192.0.2.2"}, `
			~ a.example.org. A ttl 7200
			~ b.example.org. A ttl 7200->3600`},
		{"addresses compare parsed", site{live: "www 300 AAAA 2001:db8:0:0::1", want: "www 300 AAAA 2001:DB8::1"}, ``},
		{"canonical order", site{want: "b 60 A 192.0.2.1\na.b 60 A 192.0.2.1\n@ 60 AAAA 2001:db8::1\n@ 60 A 192.0.2.1\na 60 A 192.0.2.1"}, `
			+ example.org. A 192.0.2.1 ttl 60
			+ example.org. AAAA 2001:db8::1 ttl 60
			+ a.example.org. A 192.0.2.1 ttl 60
			+ b.example.org. A 192.0.2.1 ttl 60
			+ a.b.example.org. A 192.0.2.1 ttl 60`},
		{"one family leaves the other alone", site{live: "www 300 A 192.0.2.1\nwww 300 AAAA 2001:db8::1", want: "www 300 A 192.0.2.2"}, `
			~ www.example.org. A 192.0.2.1 -> 192.0.2.2 ttl 300
			? www.example.org. AAAA 2001:db8::1`},

		{"unmanaged", site{live: "old 300 A 192.0.2.9"}, `? old.example.org. A 192.0.2.9`},
		{"prune", site{live: "old 300 A 192.0.2.9\nwww 300 A 192.0.2.1", want: "www 300 A 192.0.2.1", prune: true}, `
			- old.example.org. A 192.0.2.9 ttl 300`},
		{"an empty inventory deletes nothing", site{live: "@ 300 A 192.0.2.1\nwww 300 A 192.0.2.1"}, `
			? example.org. A 192.0.2.1
			? www.example.org. A 192.0.2.1`},
		{"nothing is pruned of a zone that is not listed", site{live: "* 300 A 192.0.2.9\nwww 300 A 192.0.2.1", want: "www 300 A 192.0.2.1", prune: true, blind: "REFUSED"}, `
			? *.example.org. A 192.0.2.9`},
		{"an empty inventory with prune says what would go", site{live: "@ 300 A 192.0.2.1\nwww 300 A 192.0.2.1", prune: true}, `
			- example.org. A 192.0.2.1 ttl 300
			- www.example.org. A 192.0.2.1 ttl 300`},
		{"other types are not there", site{live: "@ 300 MX 10 mail\n@ 300 TXT v=spf1\nmail 300 CNAME mx.example.net.", prune: true}, ``},
		{"ignored", site{live: "dyn-1 60 A 192.0.2.7\na.b.lab 60 A 192.0.2.8\nold 60 A 192.0.2.9", ignore: "dyn-* **.lab", prune: true}, `
			- old.example.org. A 192.0.2.9 ttl 60`},
		{"ignored apex by @ alone", site{live: "@ 60 A 192.0.2.7\nwww 60 A 192.0.2.8", ignore: "@"}, `? www.example.org. A 192.0.2.8`},
		{"glue is never pruned", site{
			live: "sub 300 NS ns1.sub.example.org.\nns1.sub 300 A 192.0.2.53\nsub 300 A 192.0.2.54\nold 300 A 192.0.2.9\n@ 300 NS ns1\nns1 300 A 192.0.2.55",
			want: "ns1 300 A 192.0.2.55", prune: true,
		}, `
			- old.example.org. A 192.0.2.9 ttl 300
			? sub.example.org. A 192.0.2.54
			? ns1.sub.example.org. A 192.0.2.53`},
		{"the zone's own name servers are never pruned", site{
			live: "@ 300 NS ns1.example.org.\n@ 300 NS ns.example.net.\nns1 300 A 192.0.2.53\nns1 300 AAAA 2001:db8::53\nold 300 A 192.0.2.9", prune: true,
		}, `
			- old.example.org. A 192.0.2.9 ttl 300
			? ns1.example.org. A 192.0.2.53
			? ns1.example.org. AAAA 2001:db8::53
			warning name-server ns1.example.org.`},
		{"wanted below a zone cut", site{live: "sub 300 NS ns1.sub.example.org.", want: "ns1.sub 300 A 192.0.2.53"}, `
			+ ns1.sub.example.org. A 192.0.2.53 ttl 300
			warning below-zone-cut ns1.sub.example.org.`},

		{"foreign sets", site{
			live: "a 300 A foreign=alias\nw 300 A 192.0.2.1 foreign=weighted\nd 300 A 192.0.2.2 foreign=disabled", prune: true,
		}, `
			? a.example.org. A (alias)
			? d.example.org. A 192.0.2.2 (disabled)
			? w.example.org. A 192.0.2.1 (weighted)`},
		{"a wanted foreign set", site{live: "a 300 A foreign=alias\nw 300 A 192.0.2.1 foreign=weighted", want: "a 300 A 192.0.2.1\nw 300 A 192.0.2.1"}, `
			! a.example.org. A live alias set, which dnsplan never writes
			! w.example.org. A live weighted set, which dnsplan never writes`},

		{"CNAME", site{live: "www 300 CNAME google.com.", want: "www 300 A 192.0.2.1\nwww 300 AAAA 2001:db8::1"}, `
			! www.example.org. A live CNAME google.com.
			! www.example.org. AAAA live CNAME google.com.`},
		{"replace CNAME", site{live: "www 600 CNAME google.com.", want: "www 300 A 192.0.2.1 replace"}, `
			+ www.example.org. A 192.0.2.1 ttl 300 replaces CNAME google.com.`},
		{"replace without a CNAME", site{want: "www 300 A 192.0.2.1 replace"}, `+ www.example.org. A 192.0.2.1 ttl 300`},

		{"below a wildcard", site{
			live: "* 1800 A 192.0.2.1\n*.lab 60 A 192.0.2.2",
			want: "* 1800 A 192.0.2.1\n*.lab 60 A 192.0.2.2\nnew 300 A 192.0.2.9\nnew 300 AAAA 2001:db8::9\na.b.lab 300 A 192.0.2.9",
		}, `
			+ a.b.lab.example.org. A 192.0.2.9 ttl 300 below wildcard 60
			+ new.example.org. A 192.0.2.9 ttl 300 below wildcard 1800
			+ new.example.org. AAAA 2001:db8::9 ttl 300`},
		{"below a wildcard CNAME", site{live: "* 1800 CNAME example.net.", want: "new 300 AAAA 2001:db8::9"}, `
			+ new.example.org. AAAA 2001:db8::9 ttl 300 below wildcard 1800`},
		{"deleted below a wildcard, and the wildcard itself", site{live: "* 1800 A 192.0.2.1\nold 300 A 192.0.2.9", prune: true}, `
			- *.example.org. A 192.0.2.1 ttl 1800
			- old.example.org. A 192.0.2.9 ttl 300 below wildcard 1800`},

		{"TTL clamped and compared clamped", site{live: "www 120 A 192.0.2.1", want: "www 60 A 192.0.2.1", minTTL: 120}, `
			warning ttl-clamped www.example.org.`},
		{"TTL clamped from above", site{live: "www 120 A 192.0.2.1", want: "www 172800 A 192.0.2.1", maxTTL: 86400}, `
			~ www.example.org. A ttl 120->86400
			warning ttl-clamped www.example.org.`},

		{"a live TTL outside the bounds stays while it is wanted", site{live: "www 60 A 192.0.2.1", want: "www 60 A 192.0.2.1", minTTL: 120}, ``},
		{"and is clamped by the next write", site{live: "www 60 A 192.0.2.1", want: "www 60 A 192.0.2.2", minTTL: 120}, `
			~ www.example.org. A 192.0.2.1 -> 192.0.2.2 ttl 60->120
			warning ttl-clamped www.example.org.`},

		{"proxied on", site{live: "www 3600 A 192.0.2.1", want: "www 3600 A 192.0.2.1 proxied=on"}, `
			~ www.example.org. A proxied off->on ttl 3600->auto`},
		{"proxied off", site{live: "www 300 A 192.0.2.1 proxied", want: "www 3600 A 192.0.2.1 proxied=off"}, `
			~ www.example.org. A proxied on->off ttl auto->3600`},
		{"proxied has no TTL to compare", site{live: "www 300 A 192.0.2.1 proxied", want: "www 3600 A 192.0.2.1 proxied=on"}, ``},
		{"nor has an automatic one", site{live: "www 300 A 192.0.2.1 auto", want: "www 3600 A 192.0.2.1"}, ``},
		{"silent about the proxy", site{live: "www 300 A 192.0.2.1 proxied", want: "www 60 A 192.0.2.2", minTTL: 120}, `
			~ www.example.org. A 192.0.2.1 -> 192.0.2.2 ttl auto`},
		{"update goes before proxied", site{live: "www 3600 A 192.0.2.1", want: "www 3600 A 192.0.2.2 proxied=on"}, `
			~ www.example.org. A 192.0.2.1 -> 192.0.2.2 proxied off->on ttl 3600->auto`},
		{"a created sibling joins the proxy", site{live: "www 300 A 192.0.2.1 proxied", want: "www 60 A 192.0.2.1\nwww 60 AAAA 2001:db8::1"}, `
			+ www.example.org. AAAA 2001:db8::1 ttl auto proxied`},
		{"an unmanaged sibling toggles too", site{
			live: "www 3600 A 192.0.2.1\nwww 60 AAAA 2001:db8::1\nx 60 A 192.0.2.1", want: "www 3600 A 192.0.2.1 proxied=on",
		}, `
			~ www.example.org. A proxied off->on ttl 3600->auto
			~ www.example.org. AAAA proxied off->on ttl 60->auto
			? x.example.org. A 192.0.2.1`},
		{"and back", site{live: "www 300 A 192.0.2.1 proxied\nwww 300 AAAA 2001:db8::1 proxied", want: "www 3600 AAAA 2001:db8::1 proxied=off"}, `
			~ www.example.org. A proxied on->off ttl auto->3600
			~ www.example.org. AAAA proxied on->off ttl auto->3600`},
		{"an unmanaged sibling joins a created one", site{live: "www 60 AAAA 2001:db8::1", want: "www 3600 A 192.0.2.1 proxied=on"}, `
			+ www.example.org. A 192.0.2.1 ttl auto proxied
			~ www.example.org. AAAA proxied off->on ttl 60->auto`},
		{"a sibling that is proxied already", site{live: "www 60 A 192.0.2.1\nwww 300 AAAA 2001:db8::1 proxied", want: "www 60 A 192.0.2.1 proxied=on"}, `
			~ www.example.org. A proxied off->on ttl 60->auto
			? www.example.org. AAAA 2001:db8::1`},
		{"a pruned sibling only goes", site{
			live: "www 300 A 192.0.2.1 proxied\nwww 300 AAAA 2001:db8::1 proxied", want: "www 60 A 192.0.2.1 proxied=off", prune: true,
		}, `
			~ www.example.org. A proxied on->off ttl auto->60
			- www.example.org. AAAA 2001:db8::1 ttl auto proxied`},
		{"a pruned sibling behind a group toggles first", site{
			live: "www 300 A 192.0.2.1 proxied\nwww 300 AAAA 2001:db8::1 proxied", want: "www 60 A 192.0.2.1 proxied=off group=web", prune: true,
		}, `
			~ www.example.org. A proxied on->off ttl auto->60
			~ www.example.org. AAAA proxied on->off ttl auto->60`},
		{"a foreign sibling is a conflict", site{
			live: "www 3600 A 192.0.2.1\nwww 60 AAAA foreign=alias", want: "www 3600 A 192.0.2.1 proxied=on",
		}, `
			~ www.example.org. A proxied off->on ttl 3600->auto
			? www.example.org. AAAA (alias)
			! www.example.org. A its proxy toggles with www.example.org. AAAA, which is not dnsplan's to write`},
		{"an ignored sibling is a conflict", site{
			live: "www 3600 A 192.0.2.1\nwww 60 AAAA 2001:db8::1", want: "www 3600 A 192.0.2.1 proxied=on", ignore: "www",
		}, `
			~ www.example.org. A proxied off->on ttl 3600->auto
			! www.example.org. A its proxy toggles with www.example.org. AAAA, which is not dnsplan's to write`},
		{"odd names", site{live: `a\.b 300 A 192.0.2.1` + "\n0/25 300 A 192.0.2.1\nööö 300 A 192.0.2.1", want: `a\046b 300 A 192.0.2.2` + "\nxn--ndaaa 300 A 192.0.2.1"}, `
			~ a\.b.example.org. A 192.0.2.1 -> 192.0.2.2 ttl 300
			? 0/25.example.org. A 192.0.2.1`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(lines(tt.want), diffLines(tt.site.diff(t))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestDiffAddsAndRemoves(t *testing.T) {
	d := site{
		live: "a 300 A 192.0.2.1 192.0.2.2\nb 300 A 192.0.2.1\nd 300 A 192.0.2.9\nt 300 A 192.0.2.1",
		want: "a 300 A 192.0.2.2 192.0.2.3\nb 300 A 192.0.2.1 192.0.2.2\nc 300 A 192.0.2.1\nt 60 A 192.0.2.1", prune: true,
	}.diff(t)
	want := []string{"a + 192.0.2.3 - 192.0.2.1", "b + 192.0.2.2 -", "c + 192.0.2.1 -", "d + - 192.0.2.9", "t + -"}
	var got []string
	for _, c := range d.Changes {
		if c.Add == nil || c.Remove == nil {
			t.Errorf("%s: a nil list", c.Key)
		}
		got = append(got, c.Name.Relative("example.org.")+" +"+values(&plan.State{Values: c.Add})+" -"+values(&plan.State{Values: c.Remove}))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestDiffSelects(t *testing.T) {
	s := site{
		live:  "www 300 A 192.0.2.1\napi 300 A 192.0.2.1\nold 300 A 192.0.2.9\nolder 300 A 192.0.2.9\nshop 300 CNAME example.net.\ndyn 60 A 192.0.2.1",
		want:  "www 300 A 192.0.2.2 group=web\nwww 300 AAAA 2001:db8::2 group=web\napi 300 A 192.0.2.2 group=api\nshop 300 A 192.0.2.2\nsame 300 A 192.0.2.1",
		prune: true, ignore: "dyn",
	}
	tests := []struct {
		name  string
		names []zone.Name
		group string
		want  string
		seen  []zone.Name
	}{
		{"a name, every type of it", []zone.Name{"www.example.org."}, "", `
			~ www.example.org. A 192.0.2.1 -> 192.0.2.2 ttl 300
			+ www.example.org. AAAA 2001:db8::2 ttl 300`, []zone.Name{"www.example.org."}},
		{"prune stays inside the names", []zone.Name{"old.example.org.", "api.example.org."}, "", `
			~ api.example.org. A 192.0.2.1 -> 192.0.2.2 ttl 300
			- old.example.org. A 192.0.2.9 ttl 300`, []zone.Name{"api.example.org.", "old.example.org."}},
		{"prune stays inside the group", nil, "web", `
			~ www.example.org. A 192.0.2.1 -> 192.0.2.2 ttl 300
			+ www.example.org. AAAA 2001:db8::2 ttl 300`, nil},
		{"a name outside the group", []zone.Name{"api.example.org."}, "web", ``, []zone.Name{"api.example.org."}},
		{"a name that nobody holds", []zone.Name{"nope.example.org."}, "", ``, nil},
		{"an ignored name is as if it were not there", []zone.Name{"dyn.example.org."}, "", ``, nil},
		{"a conflict of a selected name", []zone.Name{"shop.example.org."}, "", `! shop.example.org. A live CNAME example.net.`, []zone.Name{"shop.example.org."}},
		{"no name at all selects nothing", []zone.Name{}, "", ``, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sel := plan.Selection{Group: tt.group}
			if tt.names != nil {
				sel.Names = map[zone.Name]bool{}
			}
			for _, n := range tt.names {
				sel.Names[n] = true
			}
			d := plan.Diff(s.desired(t), s.snapshot(t), sel)
			if diff := cmp.Diff(lines(tt.want), diffLines(d)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for _, n := range tt.seen {
				if !d.Seen[n] {
					t.Errorf("%s is not seen", n)
				}
			}
			if len(d.Seen) != len(tt.seen) {
				t.Errorf("seen: %v, want %v", d.Seen, tt.seen)
			}
			if d.Counted != 4 {
				t.Errorf("%d counted RRsets: a selection must not move the thresholds", d.Counted)
			}
		})
	}
}

func TestDiffKeepsViewsApart(t *testing.T) {
	s := site{live: "a 300 A foreign=alias\nold 300 A 192.0.2.9", want: "a 300 A 192.0.2.1\nwww 300 A 192.0.2.1", view: "internal"}
	d := s.diff(t)
	ref := plan.ZoneRef{Zone: "example.org.", View: "internal"}
	if len(d.Changes) != 1 || d.Changes[0].ZoneRef != ref {
		t.Errorf("changes: %+v", d.Changes)
	}
	if len(d.Unmanaged) != 1 || d.Unmanaged[0].View != "internal" || len(d.Conflicts) != 1 || d.Conflicts[0].View != "internal" {
		t.Errorf("unmanaged %+v, conflicts %+v", d.Unmanaged, d.Conflicts)
	}
}

func TestDiffCounts(t *testing.T) {
	d := site{
		live:   "@ 300 A 192.0.2.1\nwww 300 A 192.0.2.1\nwww 300 AAAA 2001:db8::1\na 300 A foreign=alias\ndyn-1 60 A 192.0.2.1\n@ 300 MX 10 mail",
		want:   "www 300 A 192.0.2.1\na 300 A 192.0.2.1",
		ignore: "dyn-*",
	}.diff(t)
	if d.Counted != 4 {
		t.Errorf("%d counted RRsets, want 4: a foreign one is live too", d.Counted)
	}
}
