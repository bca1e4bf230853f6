package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// many is a zone of n names h0... of which the first so many change.
type many struct{ n, update, ttl, proxied, remove, create int }

func (m many) site() site {
	var live, want strings.Builder
	for i := range m.n {
		fmt.Fprintf(&live, "h%d 3600 A 192.0.2.1\n", i)
		switch k := i; {
		case k < m.update:
			fmt.Fprintf(&want, "h%d 3600 A 192.0.2.2\n", i)
		case k < m.update+m.ttl:
			fmt.Fprintf(&want, "h%d 60 A 192.0.2.1\n", i)
		case k < m.update+m.ttl+m.proxied:
			fmt.Fprintf(&want, "h%d 60 A 192.0.2.1 proxied=on\n", i)
		case k < m.update+m.ttl+m.proxied+m.remove:
		default:
			fmt.Fprintf(&want, "h%d 3600 A 192.0.2.1\n", i)
		}
	}
	for i := range m.create {
		fmt.Fprintf(&want, "new%d 3600 A 192.0.2.1\n", i)
	}
	return site{live: live.String(), want: want.String(), prune: true}
}

func TestCheckThresholds(t *testing.T) {
	tests := []struct {
		many many
		want []string
	}{
		{many{n: 10, update: 3}, nil}, // exactly 30 %
		{many{n: 10, update: 4}, []string{"too-many-updates --force 40.0 % of 10 RRsets (limit 30 %)"}},
		{many{n: 10, remove: 3}, nil},
		{many{n: 10, remove: 4}, []string{"too-many-deletes --force 40.0 % of 10 RRsets (limit 30 %)"}},
		{many{n: 9, update: 9}, nil}, // too small a zone to tell
		{many{n: 9, remove: 8}, nil},
		{many{n: 100, update: 30}, nil},
		{many{n: 100, update: 31}, []string{"too-many-updates --force 31.0 % of 100 RRsets (limit 30 %)"}},
		{many{n: 1000, update: 301}, []string{"too-many-updates --force 30.1 % of 1000 RRsets (limit 30 %)"}},
		{many{n: 10, ttl: 4}, []string{"too-many-updates --force 40.0 % of 10 RRsets (limit 30 %)"}},
		{many{n: 10, proxied: 4}, []string{"too-many-updates --force 40.0 % of 10 RRsets (limit 30 %)"}},
		{many{n: 10, update: 1, ttl: 1, proxied: 1}, nil},
		{many{n: 10, update: 2, ttl: 1, proxied: 1}, []string{"too-many-updates --force 40.0 % of 10 RRsets (limit 30 %)"}},
		{many{n: 10, update: 3, remove: 3}, nil}, // each has a limit of its own
		{many{n: 10, update: 4, remove: 5}, []string{
			"too-many-updates --force 40.0 % of 10 RRsets (limit 30 %)", "too-many-deletes --force 50.0 % of 10 RRsets (limit 30 %)",
		}},
		{many{n: 10, create: 50}, nil}, // new names endanger nothing
		{many{n: 10, update: 3, create: 50}, nil},
		{many{n: 0, create: 50}, nil},
	}
	for _, tt := range tests {
		d := []plan.ZoneDiff{tt.many.site().diff(t)}
		if got := refusals(plan.Check(d, plan.Allowances{})); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: %q, want %q", tt.many, got, tt.want)
		}
		if got := plan.Check(d, plan.Allowances{Thresholds: true}); len(got) > 0 {
			t.Errorf("%+v with --force: %+v", tt.many, got)
		}
	}
}

// TestCheckThresholdIsExact: 30 % of every size is allowed, one more is not.
func TestCheckThresholdIsExact(t *testing.T) {
	for n := 10; n <= 3000; n += 10 {
		d := plan.ZoneDiff{Desired: &plan.Desired{}, Live: &zone.Snapshot{}, Counted: n}
		for range n * 3 / 10 {
			d.Changes = append(d.Changes, plan.Change{Action: plan.Update})
		}
		if got := plan.Check([]plan.ZoneDiff{d}, plan.Allowances{}); len(got) > 0 {
			t.Fatalf("%d of %d: %+v", len(d.Changes), n, got)
		}
		d.Changes = append(d.Changes, plan.Change{Action: plan.Update})
		if got := plan.Check([]plan.ZoneDiff{d}, plan.Allowances{}); len(got) != 1 {
			t.Fatalf("%d of %d is let through", len(d.Changes), n)
		}
	}
}

func refusals(list []plan.Refusal) (out []string) {
	for _, r := range list {
		out = append(out, r.Code+" "+r.Allow+" "+r.Message)
	}
	return out
}

func TestCheckWhatMustNotGo(t *testing.T) {
	const (
		empties = "empties-zone --allow-empty example.org all 2 address RRsets of the zone would be deleted"
		alias   = "empties-zone --allow-empty example.org all 2 address RRsets of the zone that are not foreign would be deleted"
		apex    = "apex-last-address --allow-empty example.org the apex would lose its last address"
	)
	tests := []struct {
		name string
		site site
		want []string
	}{
		{"the whole zone", site{live: "@ 300 A 192.0.2.1\nwww 300 A 192.0.2.1", prune: true}, []string{empties}},
		{"the whole zone without an apex", site{live: "a 300 A 192.0.2.1\nb 300 A 192.0.2.1", prune: true}, []string{empties}},
		{"the whole zone, for something new", site{live: "a 300 A 192.0.2.1\nb 300 A 192.0.2.1", want: "c 300 A 192.0.2.1", prune: true}, nil},
		{"all that is not ignored", site{live: "a 300 A 192.0.2.1\nb 300 A 192.0.2.1\nc 300 A 192.0.2.1", ignore: "c", prune: true}, []string{empties}},
		{"the apex", site{live: "@ 300 A 192.0.2.1\nwww 300 A 192.0.2.1", want: "www 300 A 192.0.2.1", prune: true}, []string{apex}},
		{"both families of the apex", site{live: "@ 300 A 192.0.2.1\n@ 300 AAAA 2001:db8::1\nwww 300 A 192.0.2.1", want: "www 300 A 192.0.2.1", prune: true}, []string{apex}},
		{"one family of the apex", site{live: "@ 300 A 192.0.2.1\n@ 300 AAAA 2001:db8::1", want: "@ 300 A 192.0.2.1", prune: true}, nil},
		{"the apex moves to the other family", site{live: "@ 300 A 192.0.2.1\nwww 300 A 192.0.2.1", want: "@ 300 AAAA 2001:db8::1\nwww 300 A 192.0.2.1", prune: true}, nil},
		{"the apex gets other addresses", site{live: "@ 300 A 192.0.2.1", want: "@ 300 A 192.0.2.2"}, nil},
		{"a zone without an apex address", site{live: "www 300 A 192.0.2.1\nx 300 A 192.0.2.1", want: "www 300 A 192.0.2.1", prune: true}, nil},
		{"an alias at the apex stays", site{live: "@ 300 A foreign=alias\n@ 300 AAAA 2001:db8::1\nwww 300 A 192.0.2.1", want: "www 300 A 192.0.2.1", prune: true}, nil},
		{"all but an alias", site{live: "@ 300 A foreign=alias\na 300 A 192.0.2.1\nb 300 A 192.0.2.1", prune: true}, []string{alias}},
		{"all but aliases and what is ignored", site{live: "a 300 A 192.0.2.1\nb 300 AAAA 2001:db8::1\nc 300 A 192.0.2.1\nd 300 A foreign=geo\ne 300 A foreign=alias", ignore: "c", prune: true}, []string{alias}},
		{"all but an alias, for something new", site{live: "a 300 A 192.0.2.1\nb 300 A foreign=alias", want: "c 300 A 192.0.2.1", prune: true}, nil},
		{"one beside an alias", site{live: "@ 300 A foreign=alias\na 300 A 192.0.2.1\nb 300 A 192.0.2.1", want: "a 300 A 192.0.2.1", prune: true}, nil},
		{"a zone of aliases", site{live: "@ 300 A foreign=alias\nwww 300 A foreign=alias", prune: true}, nil},
		{"without prune nothing goes", site{live: "@ 300 A 192.0.2.1\nwww 300 A 192.0.2.1"}, nil},
		{"an empty zone", site{prune: true}, nil},
	}
	for _, tt := range tests {
		d := []plan.ZoneDiff{tt.site.diff(t)}
		got := plan.Check(d, plan.Allowances{})
		if !slices.Equal(refusals(got), tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, refusals(got), tt.want)
		}
		if forced := plan.Check(d, plan.Allowances{Thresholds: true, Protected: true}); !slices.Equal(forced, got) {
			t.Errorf("%s: --force and --allow-protected leave %+v", tt.name, forced)
		}
		if other := plan.Check(d, plan.Allowances{Empty: []zone.Name{"example.net."}}); !slices.Equal(other, got) {
			t.Errorf("%s: another zone's --allow-empty leaves %+v", tt.name, other)
		}
		if lifted := plan.Check(d, plan.Allowances{Empty: []zone.Name{"example.org."}}); len(lifted) > 0 {
			t.Errorf("%s: --allow-empty leaves %+v", tt.name, lifted)
		}
	}
}

func TestCheckProtected(t *testing.T) {
	s := site{
		live: "@ 300 A 192.0.2.1\n@ 300 AAAA 2001:db8::1\nvpn-1 300 A 192.0.2.1\nvpn-2 300 A 192.0.2.1\nwww 300 A 192.0.2.1",
		want: "@ 300 A 192.0.2.2\n@ 60 AAAA 2001:db8::1\nvpn-1 300 A 192.0.2.1\nwww 300 A 192.0.2.2", prune: true, protect: "@ vpn-*", view: "internal",
	}
	d := []plan.ZoneDiff{s.diff(t)}
	got := plan.Check(d, plan.Allowances{})
	want := []string{
		"protected-name --allow-protected example.org is protected in the inventory",
		"protected-name --allow-protected vpn-2.example.org is protected in the inventory",
	}
	if !slices.Equal(refusals(got), want) {
		t.Errorf("%q, want %q", refusals(got), want)
	}
	for _, r := range got {
		if r.Zone != "example.org." || r.View != "internal" {
			t.Errorf("refused in %s/%s", r.Zone, r.View)
		}
	}
	if forced := plan.Check(d, plan.Allowances{Thresholds: true, Empty: []zone.Name{"example.org."}}); !slices.Equal(forced, got) {
		t.Errorf("--force and --allow-empty leave %+v", forced)
	}
	if lifted := plan.Check(d, plan.Allowances{Protected: true}); len(lifted) > 0 {
		t.Errorf("--allow-protected leaves %+v", lifted)
	}
}

func TestCheckJudgesEachZone(t *testing.T) {
	small, large := many{n: 10, update: 4}.site(), many{n: 100, update: 4}.site()
	small.zone = "example.net"
	got := plan.Check([]plan.ZoneDiff{large.diff(t), small.diff(t)}, plan.Allowances{})
	if len(got) != 1 || got[0].Zone != "example.net." {
		t.Errorf("%+v", got)
	}
	if none := plan.Check(nil, plan.Allowances{}); none == nil || len(none) > 0 {
		t.Errorf("no zones: %v, want an empty list", none)
	}
}
