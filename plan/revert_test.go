package plan_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

func idsOf(p *plan.Plan) (ids []string) {
	for _, c := range p.Changes {
		ids = append(ids, c.ID)
	}
	return ids
}

// TestRevert: what a run was to do, what is live now, and what takes it back.
func TestRevert(t *testing.T) {
	tests := []struct {
		name string
		site site   // what the run has done
		now  string // live, "" is as the run left it
		want string
	}{
		{"an update", site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 203.0.113.11"}, "", `
			~ www.example.org. A 203.0.113.11 -> 192.0.2.1 ttl 3600->86400`},
		{"a TTL", site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 192.0.2.1"}, "", `
			~ www.example.org. A ttl 3600->86400`},
		{"a create", site{want: "www 3600 A 203.0.113.11"}, "", `
			- www.example.org. A 203.0.113.11 ttl 3600`},
		{"a deletion", site{live: "old 300 A 192.0.2.9\nwww 300 A 192.0.2.1", want: "www 300 A 192.0.2.1", prune: true}, "", `
			+ old.example.org. A 192.0.2.9 ttl 300`},
		{"as before already", site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 203.0.113.11"}, "www 86400 A 192.0.2.1", ``},
		{"lowered alone", site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 203.0.113.11"}, "www 300 A 192.0.2.1", `
			~ www.example.org. A ttl 300->86400`},
		{"switched, not raised", site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 203.0.113.11"}, "www 300 A 203.0.113.11", `
			~ www.example.org. A 203.0.113.11 -> 192.0.2.1 ttl 300->86400`},
		{"a third value", site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 203.0.113.11"}, "www 60 A 198.51.100.5", `
			! www.example.org. A before the run: 192.0.2.1 (TTL 86400); wanted by the run: 203.0.113.11 (TTL 3600); now: 198.51.100.5 (TTL 60), which someone else has set since`},
		{"a third TTL", site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 203.0.113.11"}, "www 60 A 203.0.113.11", `
			! www.example.org. A before the run: 192.0.2.1 (TTL 86400); wanted by the run: 203.0.113.11 (TTL 3600); now: 203.0.113.11 (TTL 60), which someone else has set since`},
		{"gone since", site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 203.0.113.11"}, "x 1 TXT x", `
			! www.example.org. A before the run: 192.0.2.1 (TTL 86400); wanted by the run: 203.0.113.11 (TTL 3600); someone else has deleted it since`},
		{"a CNAME since", site{want: "www 3600 A 203.0.113.11"}, "www 300 CNAME web.example.net.", `
			! www.example.org. A before the run: nothing; wanted by the run: 203.0.113.11 (TTL 3600); now: CNAME web.example.net., which someone else has set since`},
		{"a CNAME that was replaced", site{live: "www 300 CNAME web.example.net.", want: "www 3600 A 203.0.113.11 replace"}, "", `
			! www.example.org. A the run has put 203.0.113.11 (TTL 3600) in place of the CNAME web.example.net., which is not dnsplan's to write`},
		{"a CNAME that is back", site{live: "www 300 CNAME web.example.net.", want: "www 3600 A 203.0.113.11 replace"}, "www 300 CNAME web.example.net.", ``},
		{"a proxy", site{live: "www 1 A 192.0.2.1 proxied\nwww 1 AAAA 2001:db8::1 proxied", want: "www 300 A 192.0.2.1 proxied=off\nwww 300 AAAA 2001:db8::1 proxied=off"}, "", `
			~ www.example.org. A proxied off->on ttl 300->auto
			~ www.example.org. AAAA proxied off->on ttl 300->auto`},
		{"the other family came since, without the proxy", site{live: "www 1 A 192.0.2.1 proxied", want: "www 300 A 192.0.2.1 proxied=off"}, "www 300 A 192.0.2.1\nwww 300 AAAA 2001:db8::1", `
			! www.example.org. A its proxy toggles with www.example.org. AAAA, which is 2001:db8::1 (TTL 300) and is not the run's`},
		{"the other family came since, without the proxy, and the set was deleted", site{live: "www 1 A 192.0.2.1 proxied\nx 300 A 192.0.2.9", want: "x 300 A 192.0.2.9", prune: true}, "x 300 A 192.0.2.9\nwww 300 AAAA 2001:db8::1", `
			! www.example.org. A its proxy toggles with www.example.org. AAAA, which is 2001:db8::1 (TTL 300) and is not the run's`},
		{"what the run did not touch stays", site{live: "a 60 A 192.0.2.1\nb 60 A 192.0.2.2", want: "a 60 A 192.0.2.3"}, "", `
			~ a.example.org. A 192.0.2.3 -> 192.0.2.1 ttl 60`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := tt.site.diff(t)
			p := plan.Build([]plan.ZoneDiff{d}, policy(), origin())
			live := d.Outcome()
			if tt.now != "" {
				live = site{live: tt.now}.diff(t).Live
			}
			got := strings.TrimSpace(diffLines(plan.Revert(p, idsOf(p), d.Desired, live)))
			if diff := cmp.Diff(lines(tt.want), lines(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is left as it is leaves no conflict, and is told.
func TestRevertLeaves(t *testing.T) {
	d := site{live: "a 60 A 192.0.2.1\nb 60 A 192.0.2.2", want: "a 60 A 203.0.113.1\nb 60 A 203.0.113.2"}.diff(t)
	p := plan.Build([]plan.ZoneDiff{d}, policy(), origin())
	back := plan.Revert(p, idsOf(p), d.Desired, site{live: "a 60 A 198.51.100.1\nb 60 A 203.0.113.2"}.diff(t).Live)
	back.Leave()
	if got := strings.TrimSpace(diffLines(back)); len(back.Conflicts) > 0 || !strings.HasPrefix(got, "~ b.example.org. A 203.0.113.2 -> 192.0.2.2") {
		t.Errorf("got %s", got)
	}
	if len(back.Warnings) != 1 || back.Warnings[0].Code != plan.LeftAsLive || !strings.Contains(back.Warnings[0].Message, "198.51.100.1") {
		t.Errorf("warnings: %+v", back.Warnings)
	}
}

// Of the changes that a run has made, only the given ones are taken back.
func TestRevertOfSome(t *testing.T) {
	d := site{live: "a 60 A 192.0.2.1\nb 60 A 192.0.2.2", want: "a 60 A 203.0.113.1\nb 60 A 203.0.113.2"}.diff(t)
	p := plan.Build([]plan.ZoneDiff{d}, policy(), origin())
	if got := diffLines(plan.Revert(p, []string{"c2"}, d.Desired, d.Outcome())); !strings.HasPrefix(got, "~ b.example.org.") || strings.Contains(got, "a.example") {
		t.Errorf("got %s", got)
	}
}

// A plan and then its rollback give the zone as it was, but for CNAME records
// that the plan has replaced, which are conflicts; and the rollback of the
// rollback is the plan again.
func TestPlanAndRevertGiveTheOriginal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.desired.MinTTL = 0 // a live TTL under it does not come back
		w.whole()
		for i := range w.desired.Records {
			w.desired.Records[i].Group = map[zone.Name]string{"www.example.org.": "web"}[w.desired.Records[i].Name]
		}
		d := w.diff()
		p := plan.Build([]plan.ZoneDiff{d}, policy(), origin())
		after := w.applied(d.Changes)
		kept := after.clone()
		back := plan.Revert(p, idsOf(p), w.desired, after.live)
		if !reflect.DeepEqual(after, kept) {
			t.Fatal("the inputs were changed")
		}
		wantSame(t, p, w, after.applied(back.Changes), back)
		wantPlan(t, p, back, after)
	})
}

// whole makes each name proxied as a whole, as it is where there is a proxy.
func (w world) whole() {
	for i := range w.live.RRsets {
		r := &w.live.RRsets[i]
		if i > 0 && w.live.RRsets[i-1].Name == r.Name {
			first := w.live.RRsets[i-1]
			if r.Proxied, r.Auto = first.Proxied, first.Auto; r.Proxied {
				r.TTL = zone.AutoTTL
			}
		}
	}
}

// wantSame wants the RRsets as they were, but for conflicts.
func wantSame(t *rapid.T, p *plan.Plan, was, now world, back plan.ZoneDiff) {
	conflicts := map[zone.Key]bool{}
	for _, c := range back.Conflicts {
		conflicts[zone.Key{Name: c.Name, Type: c.Type}] = true
	}
	for _, c := range p.Changes {
		if c.Replaces == "" && conflicts[c.Key] && c.Action != plan.Proxied {
			t.Fatalf("a conflict about %s", changeLine(c))
		}
		r, ok := now.live.Find(c.Key)
		before, had := was.live.Find(c.Key)
		if !conflicts[c.Key] && (ok != had || ok && !r.Equal(before)) {
			t.Fatalf("%s was %v and is %v, by\n%s", c.Key, before, r, diffLines(back))
		}
	}
	if got, want := len(now.live.RRsets), len(was.live.RRsets)+len(conflicts); got > want {
		t.Fatalf("%d RRsets, want %d at most", got, want)
	}
}

// wantPlan wants that the rollback's own rollback is the plan, as far as there
// was anything to take back, and that both are plans that can be saved.
func wantPlan(t *rapid.T, p *plan.Plan, back plan.ZoneDiff, after world) {
	o := origin()
	o.ID, o.RollbackOf = "01M83FTTQ80000000000000002", p.ID
	q := plan.Build([]plan.ZoneDiff{back}, policy(), o)
	data, err := plan.Encode(q)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := plan.Decode(data); err != nil || read.RollbackOf != p.ID {
		t.Fatalf("decoded: %v", err)
	}
	again := plan.Revert(q, idsOf(q), after.desired, after.applied(back.Changes).live)
	if len(again.Conflicts) > 0 {
		t.Fatalf("conflicts: %+v", again.Conflicts)
	}
	for _, c := range again.Changes {
		i := slices.IndexFunc(p.Changes, func(o plan.Change) bool { return o.Key == c.Key })
		if i < 0 || !sameChange(p.Changes[i], c) {
			t.Fatalf("%s is not of the plan:\n%s", changeLine(c), diffLines(back))
		}
	}
	if len(again.Changes) != len(back.Changes) {
		t.Fatalf("%d changes of %d", len(again.Changes), len(back.Changes))
	}
}

// sameChange compares what is to be done; what waits follow from, such as a
// wildcard, is another thing each time.
func sameChange(a, b plan.Change) bool {
	return a.Action == b.Action && a.Group == b.Group && reflect.DeepEqual(a.Before, b.Before) && reflect.DeepEqual(a.After, b.After) &&
		slices.Equal(a.Add, b.Add) && slices.Equal(a.Remove, b.Remove)
}

// Comments, tags and an automatic TTL that a restore has brought go back too.
func TestRevertOfARestore(t *testing.T) {
	before := site{noSOA: true, live: "www 300 A 192.0.2.1 comment=late\napi 300 A 192.0.2.2 auto\nweb 300 A 192.0.2.9 comment=nine"}
	b := plan.Backup{
		Snapshot: site{noSOA: true, live: "www 300 A 192.0.2.1 comment=web tag=a\napi 300 A 192.0.2.2\nweb 300 A 192.0.2.3"}.snapshot(t),
		Proxy:    true, Beside: true,
	}
	w := world{live: before.snapshot(t), desired: before.desired(t)}
	d := plan.Restore(w.desired, b, w.live)
	p := plan.Build([]plan.ZoneDiff{d}, policy(), origin())
	after := w.applied(d.Changes)
	var ids []string
	for _, c := range p.Changes {
		ids = append(ids, c.ID)
	}
	back := plan.Revert(p, ids, w.desired, after.live)
	const want = `
		~ api.example.org. A ttl 300->auto
		~ web.example.org. A 192.0.2.3 -> 192.0.2.9 ttl 300 beside nine
		~ www.example.org. A 192.0.2.1 -> 192.0.2.1 ttl 300 beside late`
	if got := diffLines(back); lines(got) != lines(want) {
		t.Errorf("got\n%s", got)
	}
	if left := plan.Revert(p, ids, w.desired, w.live); len(left.Changes)+len(left.Conflicts) > 0 {
		t.Errorf("before the run: %s", diffLines(left))
	}
}
