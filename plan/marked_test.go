package plan

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// marked is a DNS-only or proxied RRset with one address and a comment.
func marked(name string, t zone.Type, addr, comment string, proxied bool) zone.RRset {
	r := zone.RRset{Key: zone.Key{Name: zone.Name(name), Type: t}, TTL: 60, Addrs: []netip.Addr{netip.MustParseAddr(addr)}, Proxied: proxied}
	if comment != "" {
		r.Members = []zone.Member{{Comment: comment}}
	}
	return r
}

// A marker at a DNS-only name takes all its address sets behind the proxy again, with
// their own comments; what is proxied, foreign, ignored or not marked stays.
func TestMarked(t *testing.T) {
	early, late := Marker{Run: "01A", Until: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)}, Marker{Run: "01B", Until: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)}
	foreign := marked("alias.example.org.", zone.A, "192.0.2.1", early.String(), false)
	foreign.Foreign = "alias"
	live := &zone.Snapshot{Zone: "example.org.", RRsets: []zone.RRset{
		foreign,
		marked("done.example.org.", zone.A, "192.0.2.1", early.String(), true),
		marked("dyn.example.org.", zone.A, "192.0.2.1", early.String(), false),
		marked("mail.example.org.", zone.A, "192.0.2.1", "dnsplan window is a fine thing", false),
		marked("www.example.org.", zone.A, "192.0.2.1", "web | "+early.String(), false),
		marked("www.example.org.", zone.AAAA, "2001:db8::1", late.String(), false),
		marked("xyz.example.org.", zone.A, "192.0.2.1", early.String(), false),
		marked("xyz.example.org.", zone.AAAA, "2001:db8::1", "", false),
	}}
	ignored, err := zone.ParseGlob("dyn")
	if err != nil {
		t.Fatal(err)
	}
	d := &Desired{ZoneRef: ZoneRef{Zone: "example.org."}, Ignore: []zone.Glob{ignored}}
	found := FindMarked(d, live)
	if want := []Marked{{Name: "www.example.org.", Marker: late}, {Name: "xyz.example.org.", Marker: early}}; !reflect.DeepEqual(found, want) {
		t.Fatalf("found %v, want %v", found, want)
	}
	diff := DiffMarked(d, live, []zone.Name{"done.example.org.", "www.example.org.", "xyz.example.org."})
	var got []string
	for _, c := range diff.Changes {
		comment := "-"
		if c.After.Members != nil {
			comment = c.After.Members[0].Comment
		}
		if !c.After.Proxied || !c.After.Auto || c.Before.Proxied || c.Action != Proxied {
			t.Errorf("%v: %+v -> %+v", c.Key, c.Before, c.After)
		}
		got = append(got, c.Key.String()+" "+comment)
	}
	want := []string{"www.example.org. A web", "www.example.org. AAAA ", "xyz.example.org. A ", "xyz.example.org. AAAA -"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("changes %q, want %q", got, want)
	}
	p := Build([]ZoneDiff{diff}, Policy{Strategy: Direct, Require: "all", Timeout: 600}, Origin{ID: "01C", Created: early.Until})
	doc, err := Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(doc); err != nil {
		t.Error(err)
	}
}

// What would change at a marked name, in either family, is a conflict with the window;
// what is as wanted, proxied by now or of another name is not.
func TestDiffHeldOpen(t *testing.T) {
	m := Marker{Run: "01A", Until: time.Date(2026, 11, 23, 6, 20, 0, 0, time.UTC)}
	live := &zone.Snapshot{Zone: "example.org.", RRsets: []zone.RRset{
		marked("done.example.org.", zone.A, "192.0.2.1", m.String(), true),
		marked("old.example.org.", zone.A, "192.0.2.1", m.String(), false),
		marked("same.example.org.", zone.A, "192.0.2.1", m.String(), false),
		marked("www.example.org.", zone.A, "192.0.2.1", "web | "+m.String(), false),
		marked("xyz.example.org.", zone.A, "192.0.2.1", "", false),
	}}
	d := &Desired{ZoneRef: ZoneRef{Zone: "example.org."}, Prune: true}
	want := func(name string, t zone.Type, addr string, ttl zone.TTL) {
		d.Records = append(d.Records, Record{Key: zone.Key{Name: zone.Name(name), Type: t}, Addrs: []netip.Addr{netip.MustParseAddr(addr)}, TTL: ttl})
	}
	want("done.example.org.", zone.A, "192.0.2.2", 3600)
	want("same.example.org.", zone.A, "192.0.2.1", 60)
	want("www.example.org.", zone.A, "192.0.2.1", 3600)
	want("www.example.org.", zone.AAAA, "2001:db8::1", 3600)
	want("xyz.example.org.", zone.A, "192.0.2.2", 3600)
	diff := Diff(d, live, Selection{})
	var changed, held []string
	for _, c := range diff.Changes {
		changed = append(changed, c.Key.String())
	}
	for _, c := range diff.Conflicts {
		held = append(held, c.Name.Display()+" "+c.Type.String())
		if want := "an issuance window of run 01A has the proxy off until 2026-11-23T06:20:00Z"; c.Reason != want {
			t.Errorf("reason %q, want %q", c.Reason, want)
		}
	}
	if want := []string{"done.example.org. A", "xyz.example.org. A"}; !reflect.DeepEqual(changed, want) {
		t.Errorf("changes %q, want %q", changed, want)
	}
	if want := []string{"old.example.org A", "www.example.org A", "www.example.org AAAA"}; !reflect.DeepEqual(held, want) {
		t.Errorf("conflicts %q, want %q", held, want)
	}
}

// What takes back, goes on or brings back at a marked name is a conflict with its
// window as well; where that is already so, there is none.
func TestPastHeldOpen(t *testing.T) {
	key := zone.Key{Name: "www.example.org.", Type: zone.A}
	set := func(addr, comment string) *zone.Snapshot {
		return &zone.Snapshot{Zone: "example.org.", RRsets: []zone.RRset{marked("www.example.org.", zone.A, addr, comment, false)}}
	}
	mark := Marker{Run: "01A", Until: time.Date(2026, 11, 23, 6, 20, 0, 0, time.UTC)}.String()
	d := &Desired{ZoneRef: ZoneRef{Zone: "example.org."}, Records: []Record{{Key: key, Addrs: set("192.0.2.2", "").RRsets[0].Addrs, TTL: 60}}}
	p := Build([]ZoneDiff{Diff(d, set("192.0.2.1", ""), Selection{})}, Policy{Strategy: Direct, Require: "all", Timeout: 600}, Origin{ID: "01C", Created: time.Now()})
	restore := func(addr string) ZoneDiff {
		return Restore(d, Backup{Snapshot: set("192.0.2.1", "")}, set(addr, mark))
	}
	revert := func(addr string) ZoneDiff { return Revert(p, []string{"c1"}, d, set(addr, mark)) }
	rest := func(addr string) ZoneDiff { return Rest(p, []string{"c1"}, d, set(addr, mark)) }
	for _, tt := range []struct {
		name string
		diff ZoneDiff
		held bool
	}{
		{"restore", restore("192.0.2.2"), true},
		{"restore, live is so", restore("192.0.2.1"), false},
		{"rollback", revert("192.0.2.2"), true},
		{"rollback, a third value", revert("192.0.2.3"), true},
		{"rollback, live is so", revert("192.0.2.1"), false},
		{"the rest", rest("192.0.2.1"), true},
		{"the rest, a third value", rest("192.0.2.3"), true},
		{"the rest, live is so", rest("192.0.2.2"), false},
	} {
		if len(tt.diff.Changes) > 0 || tt.held != (len(tt.diff.Conflicts) == 1) {
			t.Errorf("%s: changes %+v, conflicts %+v", tt.name, tt.diff.Changes, tt.diff.Conflicts)
		}
		if tt.held && tt.diff.Conflicts[0].Reason != "an issuance window of run 01A has the proxy off until 2026-11-23T06:20:00Z" {
			t.Errorf("%s: %s", tt.name, tt.diff.Conflicts[0].Reason)
		}
	}
}

// A window's own run takes it back: values as they were, and comments as they are by
// now, without its marker.
func TestRevertOfAWindow(t *testing.T) {
	live := func(comment string, proxied bool) *zone.Snapshot {
		s := &zone.Snapshot{Zone: "example.org.", RRsets: []zone.RRset{marked("www.example.org.", zone.A, "192.0.2.1", comment, proxied)}}
		if proxied {
			s.RRsets[0].TTL, s.RRsets[0].Auto = zone.AutoTTL, true
		}
		return s
	}
	d := &Desired{ZoneRef: ZoneRef{Zone: "example.org."}}
	p, err := BuildWindow([]WindowZone{{Desired: d, Live: live("web", true), Names: []zone.Name{"www.example.org."}, Proxy: true, Comments: true}},
		Window{Deadline: 1200, Command: "certbot"}, Policy{}, Origin{ID: "01A", Created: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for _, mark := range []string{"", " | dnsplan-window 01A 20261123T062000Z"} {
		back := Revert(p, []string{"c1"}, d, live("rack 8"+mark, false))
		if len(back.Conflicts) > 0 || len(back.Changes) != 1 || !back.Changes[0].After.Proxied || back.Changes[0].After.Members[0].Comment != "rack 8" {
			t.Errorf("changes %+v, conflicts %+v", back.Changes, back.Conflicts)
		}
	}
	if back := Revert(p, []string{"c1"}, d, live("web | dnsplan-window 01B 20261123T062000Z", false)); len(back.Changes) > 0 || len(back.Conflicts) != 1 {
		t.Errorf("the window of another run: changes %+v, conflicts %+v", back.Changes, back.Conflicts)
	}
}

// A marker tells of addresses that someone has changed since; one that tells nothing,
// and a record that is proxied again, do not.
func TestMarkedAndChanged(t *testing.T) {
	until := time.Date(2026, 11, 23, 6, 20, 0, 0, time.UTC)
	was := marked("www.example.org.", zone.A, "192.0.2.1", "", false)
	mark := Marker{Run: "01A", Until: until}.of(was.Addrs).String()
	two := marked("two.example.org.", zone.A, "192.0.2.1", mark, false)
	two.Addrs, two.Members = append(two.Addrs, netip.MustParseAddr("192.0.2.2")), append(two.Members, zone.Member{})
	live := &zone.Snapshot{Zone: "example.org.", RRsets: []zone.RRset{
		marked("done.example.org.", zone.A, "192.0.2.9", mark, true),
		marked("old.example.org.", zone.A, "192.0.2.9", Marker{Run: "01A", Until: until}.String(), false),
		marked("same.example.org.", zone.A, "192.0.2.1", "web | "+mark+", seen", false),
		two,
		marked("www.example.org.", zone.A, "192.0.2.1", mark, false),
		marked("www.example.org.", zone.AAAA, "2001:db8::9", mark, false),
	}}
	var got []string
	for _, m := range FindMarked(&Desired{ZoneRef: ZoneRef{Zone: "example.org."}}, live) {
		words := []string{string(m.Name)}
		for _, r := range m.Changed {
			words = append(words, r.Type.String())
		}
		got = append(got, strings.Join(words, " "))
	}
	if want := []string{"old.example.org.", "same.example.org.", "two.example.org. A", "www.example.org. AAAA"}; !reflect.DeepEqual(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}
