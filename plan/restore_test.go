package plan_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// past is a case of Restore: the backup, in the form of a live side, and what is
// live now, which also says what the inventory knows.
type past struct {
	backup string
	now    site
	names  string // between blanks; none is everything
	blind  string // of the backup
	plain  bool
	bare   bool // the provider has no proxy and keeps nothing beside a value
}

func (p past) source(t testing.TB) plan.Backup {
	t.Helper()
	b := plan.Backup{
		Snapshot: site{live: p.backup, blind: p.blind, noSOA: true}.snapshot(t),
		Plain:    p.plain, Proxy: !p.bare, Beside: !p.bare,
	}
	for n := range strings.FieldsSeq(p.names) {
		if b.Names == nil {
			b.Names = map[zone.Name]bool{}
		}
		b.Names[zone.MustParseName(n)] = true
	}
	return b
}

func (p past) restore(t testing.TB) plan.ZoneDiff {
	t.Helper()
	now := p.now
	now.noSOA = true
	return plan.Restore(now.desired(t), p.source(t), now.snapshot(t))
}

func TestRestore(t *testing.T) {
	tests := []struct {
		name string
		past past
		want string
	}{
		{"nothing has changed", past{backup: "www 300 A 192.0.2.1", now: site{live: "www 300 A 192.0.2.1"}}, ``},
		{"values, TTLs, what is gone and what has come", past{
			backup: "www 300 A 192.0.2.1\napi 60 A 192.0.2.2\nold 300 AAAA 2001:db8::1",
			now:    site{live: "www 300 A 203.0.113.11\napi 3600 A 192.0.2.2\nnew 300 A 192.0.2.9"},
		}, `
			~ api.example.org. A ttl 3600->60
			- new.example.org. A 192.0.2.9 ttl 300
			+ old.example.org. AAAA 2001:db8::1 ttl 300
			~ www.example.org. A 203.0.113.11 -> 192.0.2.1 ttl 300`},
		{"the inventory has no say", past{
			backup: "www 300 A 192.0.2.1", now: site{live: "www 300 A 192.0.2.1", want: "www 60 A 203.0.113.11\napi 60 A 203.0.113.12"},
		}, ``},
		{"a TTL of 0 and one below the change TTL", past{backup: "www 0 A 192.0.2.1\napi 5 A 192.0.2.2", now: site{live: "www 300 A 192.0.2.1\napi 300 A 192.0.2.2"}}, `
			~ api.example.org. A ttl 300->5
			~ www.example.org. A ttl 300->0`},
		{"a TTL that the provider does not take", past{backup: "www 30 A 192.0.2.1\napi 30 A 192.0.2.2", now: site{live: "www 300 A 192.0.2.1\napi 30 A 192.0.2.2", minTTL: 60}}, `
			~ www.example.org. A ttl 300->60
			warning ttl-clamped www.example.org.`},
		{"proxied on and off", past{
			backup: "on 300 A 192.0.2.1 proxied\noff 300 A 192.0.2.2\nauto 300 A 192.0.2.3 auto",
			now:    site{live: "on 60 A 192.0.2.1\noff 300 A 192.0.2.2 proxied\nauto 600 A 192.0.2.3"},
		}, `
			~ auto.example.org. A ttl 600->auto
			~ off.example.org. A proxied on->off ttl auto->300
			~ on.example.org. A proxied off->on ttl 60->auto`},
		{"an automatic TTL goes", past{backup: "www 3600 A 192.0.2.1", now: site{live: "www 300 A 192.0.2.1 auto"}}, `
			~ www.example.org. A ttl auto->3600`},
		{"comments and tags alone", past{
			backup: "www 300 A 192.0.2.1 comment=web tag=team:ops 192.0.2.2\napi 300 A 192.0.2.3",
			now:    site{live: "www 300 A 192.0.2.1 192.0.2.2 comment=mine\napi 300 A 192.0.2.3 comment=late"},
		}, `
			~ api.example.org. A 192.0.2.3 -> 192.0.2.3 ttl 300 beside -
			~ www.example.org. A 192.0.2.1 192.0.2.2 -> 192.0.2.1 192.0.2.2 ttl 300 beside web[team:ops] -`},
		{"comments and tags beside other changes", past{
			backup: "www 300 A 192.0.2.1 comment=web\napi 300 A 192.0.2.3 tag=b tag=a\nnew 300 A 192.0.2.4 comment=n",
			now:    site{live: "www 300 A 203.0.113.11\napi 600 A 192.0.2.3 tag=a tag=b"},
		}, `
			~ api.example.org. A ttl 600->300 beside -[b,a]
			+ new.example.org. A 192.0.2.4 ttl 300 beside n
			~ www.example.org. A 203.0.113.11 -> 192.0.2.1 ttl 300 beside web`},
		{"the order of tags is nothing", past{backup: "www 300 A 192.0.2.1 tag=b tag=a", now: site{live: "www 300 A 192.0.2.1 tag=a tag=b"}}, ``},
		{"a provider without proxy and comments", past{
			backup: "www 300 A 192.0.2.1 proxied comment=web\napi 60 A 192.0.2.2 tag=x", now: site{live: "api 60 A 192.0.2.2"}, bare: true,
		}, `
			+ www.example.org. A 192.0.2.1 ttl 300
			warning not-kept api.example.org.
			warning not-kept www.example.org.
			warning not-kept www.example.org.`},

		{"names alone", past{
			backup: "www 300 A 192.0.2.1\napi 60 A 192.0.2.2", names: "www.example.org",
			now: site{live: "www 300 A 203.0.113.11\nwww 300 AAAA 2001:db8::1\napi 3600 A 192.0.2.2\nnew 300 A 192.0.2.9"},
		}, `
			~ www.example.org. A 203.0.113.11 -> 192.0.2.1 ttl 300
			? www.example.org. AAAA 2001:db8::1
			warning not-deleted example.org.`},
		{"a backup that is not whole", past{backup: "www 300 A 192.0.2.1", blind: "REFUSED", now: site{live: "new 300 A 192.0.2.9"}}, `
			+ www.example.org. A 192.0.2.1 ttl 300
			? new.example.org. A 192.0.2.9
			warning not-deleted example.org.`},
		{"a zone file by itself", past{backup: "www 300 A 192.0.2.1\napi 300 A 192.0.2.2", plain: true, now: site{live: "www 300 A 203.0.113.11 proxied comment=x\napi 300 A 192.0.2.2 auto comment=y\nnew 300 A 192.0.2.9"}}, `
			~ www.example.org. A 203.0.113.11 -> 192.0.2.1 ttl auto
			? new.example.org. A 192.0.2.9
			warning not-deleted example.org.`},
		{"ignored names stay", past{
			backup: "dyn 300 A 192.0.2.1\nlost 300 A 192.0.2.2\nsame 300 A 192.0.2.3",
			now:    site{live: "dyn 300 A 192.0.2.9\ndyn2 300 A 192.0.2.8\nsame 300 A 192.0.2.3", ignore: "dyn* lost same"},
		}, `
			warning ignored-differ example.org.`},
		{"an ignored name that is named comes back", past{
			backup: "dyn 300 A 192.0.2.1", names: "dyn.example.org", now: site{live: "dyn 300 A 192.0.2.9", ignore: "dyn"},
		}, `
			~ dyn.example.org. A 192.0.2.9 -> 192.0.2.1 ttl 300`},

		{"foreign in the backup", past{
			backup: "a 300 A foreign=alias\nb 300 A foreign=alias\nc 300 A foreign=alias",
			now:    site{live: "a 300 A 192.0.2.1\nb 300 A foreign=alias"},
		}, `
			? a.example.org. A 192.0.2.1
			? b.example.org. A (alias)
			warning foreign-in-backup a.example.org.
			warning foreign-in-backup c.example.org.`},
		{"foreign now", past{backup: "a 300 A 192.0.2.1", now: site{live: "a 300 A foreign=alias\nb 60 A foreign=geo"}}, `
			? b.example.org. A (geo)
			! a.example.org. A live alias set, never written by dnsplan: delete it at the provider, or give the names that are to be restored without it`},
		{"a CNAME in the way", past{backup: "www 300 A 192.0.2.1", now: site{live: "www 300 CNAME pages.example.net."}}, `
			! www.example.org. A a CNAME to pages.example.net. is live, which a restore does not replace: delete it at the provider, or give the names that are to be restored without it
			warning others-differ example.org.`},
		{"addresses where a CNAME was", past{backup: "www 300 CNAME pages.example.net.", now: site{live: "www 300 A 192.0.2.1"}}, `
			? www.example.org. A 192.0.2.1
			warning cname-in-backup www.example.org.
			warning others-differ example.org.`},
		{"glue and name servers are not deleted", past{
			backup: "@ 300 NS ns1\nsub 300 NS ns.sub", now: site{live: "@ 300 NS ns1.example.org.\nsub 300 NS ns.sub\nns1 300 A 192.0.2.53\nns.sub 300 A 192.0.2.54"},
		}, `
			? ns1.example.org. A 192.0.2.53
			? ns.sub.example.org. A 192.0.2.54
			warning name-server ns1.example.org.
			warning others-differ example.org.`},
		{"the serial of the SOA record is nothing", past{
			backup: "@ 300 SOA ns1 host 7 1 2 3 4", now: site{live: "@ 300 SOA ns1 host 9 1 2 3 4"},
		}, ``},
		{"other records at names that are not named", past{
			backup: "@ 300 MX 10 a\nwww 300 A 192.0.2.1", names: "www.example.org", now: site{live: "@ 300 MX 10 b\nwww 300 A 192.0.2.1"},
		}, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := tt.past.restore(t)
			if got, want := lines(diffLines(d)), lines(tt.want); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			p := plan.Build([]plan.ZoneDiff{d}, policy(), origin())
			data, err := plan.Encode(p)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := plan.Decode(data); err != nil {
				t.Errorf("its plan is not taken: %v", err)
			}
		})
	}
}

func TestRestoreTellsOfOtherRecords(t *testing.T) {
	d := past{
		backup: "@ 300 MX 10 a\n@ 300 TXT one\n@ 300 SOA ns1 host 7 1 2 3 4",
		now:    site{live: "@ 300 MX 20 b\n@ 300 TXT one\n@ 300 SOA ns1 host 8 1 2 3 5"},
	}.restore(t)
	const want = "4 records of other types differ from the backup and are not restored; " +
		"the backup has example.org 300 MX 10 a, example.org 300 SOA ns1 host * 1 2 3 4; " +
		"live has example.org 300 MX 20 b, example.org 300 SOA ns1 host * 1 2 3 5"
	if len(d.Warnings) != 1 || d.Warnings[0].Message != want {
		t.Errorf("%+v", d.Warnings)
	}
}

// Groups, owners and remarks are the inventory's; a set of which it knows nothing
// moves with the rest of its name.
func TestRestoreMovesGroupsTogether(t *testing.T) {
	d := past{
		backup: "www 300 A 192.0.2.1\nwww 300 AAAA 2001:db8::1\napi 300 A 192.0.2.2",
		now:    site{live: "www 300 A 192.0.2.9\nwww 300 AAAA 2001:db8::9\napi 300 A 192.0.2.9", want: "www 300 A 192.0.2.5 group=web"},
	}.restore(t)
	var groups []string
	for _, c := range d.Changes {
		groups = append(groups, c.Group)
	}
	if !slices.Equal(groups, []string{"", "web", "web"}) {
		t.Errorf("groups %q", groups)
	}
}

// Comments alone are one write that nothing waits for.
func TestStepsOfComments(t *testing.T) {
	d := past{backup: "www 300 A 192.0.2.1 comment=web", now: site{live: "www 300 A 192.0.2.1"}}.restore(t)
	p := plan.Build([]plan.ZoneDiff{d}, policy(), origin())
	var kinds []plan.Kind
	for _, s := range p.Steps {
		kinds = append(kinds, s.Kind)
	}
	if want := []plan.Kind{plan.StepBackup, plan.StepPreflight, plan.StepSwitch}; !slices.Equal(kinds, want) {
		t.Errorf("steps %v", kinds)
	}
	m := p.Changes[0].Move(plan.StepSwitch)
	if p.Summary.Update != 1 || m.To.Members[0].Comment != "web" || m.From.Members[0].Comment != "" || m.Inverse().To.Members[0].Comment != "" {
		t.Errorf("%+v of %+v", m, p.Summary)
	}
}

// Whatever has become of a zone, its backup's plan, applied, gives the backup;
// and then there is nothing left to restore.
func TestAppliedRestoreGivesTheBackup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was, now := drawPast(t), drawPast(t)
		w := world{live: now, desired: &plan.Desired{ZoneRef: plan.ZoneRef{Zone: now.Zone}}}
		b := plan.Backup{Snapshot: was, Proxy: true, Beside: true}
		d := plan.Restore(w.desired, b, w.live)
		p := plan.Build([]plan.ZoneDiff{d}, policy(), origin())
		data, err := plan.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := plan.Decode(data); err != nil || !reflect.DeepEqual(p, back) {
			t.Fatalf("decoded: %v\n%s", err, diffLines(d))
		}
		after := w.applied(d.Changes).live
		if len(d.Conflicts) == 0 {
			wantRestored(t, was, after, diffLines(d))
		}
		if again := plan.Restore(w.desired, b, after); len(again.Changes) > 0 {
			t.Fatalf("first\n%sand then\n%s", diffLines(d), diffLines(again))
		}
	})
}

// drawPast draws address sets with all that a provider knows, and CNAME records.
func drawPast(t *rapid.T) *zone.Snapshot {
	s := &zone.Snapshot{Zone: "example.org."}
	for _, n := range []zone.Name{"example.org.", "www.example.org.", "api.example.org.", "*.example.org."} {
		if rapid.IntRange(0, 9).Draw(t, "cname") == 0 {
			s.Others = append(s.Others, zone.Record{Name: n, Type: "CNAME", TTL: 600, Data: "elsewhere.example.net."})
			continue
		}
		proxied := rapid.IntRange(0, 2).Draw(t, "proxied") == 0
		for _, typ := range []zone.Type{zone.A, zone.AAAA} {
			if rapid.Bool().Draw(t, "set") {
				s.RRsets = append(s.RRsets, drawSet(t, zone.Key{Name: n, Type: typ}, proxied))
			}
		}
	}
	s.Sort()
	return s
}

func drawSet(t *rapid.T, key zone.Key, proxied bool) zone.RRset {
	r := zone.RRset{Key: key, Addrs: drawAddrs(t, key.Type), Proxied: proxied, TTL: rapid.SampledFrom([]zone.TTL{0, 1, 60, 300, 3600, 86400}).Draw(t, "ttl")}
	if r.Auto = proxied || rapid.IntRange(0, 4).Draw(t, "auto") == 0; r.Auto {
		r.TTL = zone.AutoTTL
	}
	for range r.Addrs {
		m := zone.Member{ID: rapid.StringMatching("[0-9a-f]{4}").Draw(t, "id"), Comment: rapid.SampledFrom([]string{"", "", "web", "late"}).Draw(t, "comment")}
		m.Tags = rapid.SampledFrom([][]string{nil, nil, {"a:1"}, {"a:1", "b:2"}}).Draw(t, "tags")
		r.Members = append(r.Members, m)
	}
	return r
}

// wantRestored compares the sets of a zone with those of its backup. Those that
// stand where the backup has a CNAME record are beside the point.
func wantRestored(t *rapid.T, was, after *zone.Snapshot, by string) {
	aliased := map[zone.Name]bool{}
	for _, r := range was.Others {
		aliased[r.Name] = true
	}
	left := slices.DeleteFunc(slices.Clone(after.RRsets), func(r zone.RRset) bool { return aliased[r.Name] })
	same := slices.EqualFunc(was.RRsets, left, func(a, b zone.RRset) bool {
		return a.Equal(b) && a.Auto == b.Auto && a.TTL == b.TTL && a.SameBeside(b)
	})
	if !same {
		t.Fatalf("was\n%+v\nafter\n%+v\nby\n%s", was.RRsets, left, by)
	}
}
