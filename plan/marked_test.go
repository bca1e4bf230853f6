package plan

import (
	"net/netip"
	"reflect"
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
	early, late := Marker{"01A", time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)}, Marker{"01B", time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)}
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
	if want := []Marked{{"www.example.org.", late}, {"xyz.example.org.", early}}; !reflect.DeepEqual(found, want) {
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
	m := Marker{"01A", time.Date(2026, 11, 23, 6, 20, 0, 0, time.UTC)}
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
