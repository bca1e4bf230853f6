package zone_test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

func addrs(s string) (out []netip.Addr) {
	for f := range strings.FieldsSeq(s) {
		out = append(out, netip.MustParseAddr(f))
	}
	return out
}

func set(name, typ string, ttl zone.TTL, values string) zone.RRset {
	kind, err := zone.ParseType(typ)
	if err != nil {
		panic(err)
	}
	return zone.RRset{Key: zone.Key{Name: zone.MustParseName(name), Type: kind}, TTL: ttl, Addrs: addrs(values)}
}

func TestNormalize(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"192.0.2.2", "192.0.2.2"},
		{"192.0.2.2 192.0.2.1", "192.0.2.1 192.0.2.2"},
		{"192.0.2.10 192.0.2.9 192.0.2.10", "192.0.2.9 192.0.2.10"},
		{"::ffff:192.0.2.1 192.0.2.1", "192.0.2.1"},
		{"2001:db8:0:0::1 2001:DB8::1", "2001:db8::1"},
	}
	for _, tt := range tests {
		r := zone.RRset{Addrs: addrs(tt.in)}
		r.Normalize()
		if !slices.Equal(r.Addrs, addrs(tt.want)) {
			t.Errorf("%q becomes %v, want %q", tt.in, r.Addrs, tt.want)
		}
	}
}

func TestNormalizeKeepsMembersBesideTheirAddress(t *testing.T) {
	r := zone.RRset{
		Addrs:   addrs("192.0.2.3 192.0.2.1 192.0.2.3 192.0.2.2"),
		Members: []zone.Member{{ID: "three"}, {ID: "one"}, {ID: "again"}}, // one is missing
	}
	r.Normalize()
	var ids []string
	for _, m := range r.Members {
		ids = append(ids, m.ID)
	}
	if !slices.Equal(r.Addrs, addrs("192.0.2.1 192.0.2.2 192.0.2.3")) || !slices.Equal(ids, []string{"one", "", "three"}) {
		t.Errorf("%v with %q", r.Addrs, ids)
	}
}

func TestEqual(t *testing.T) {
	base := set("www.example.org", "A", 300, "192.0.2.1 192.0.2.2")
	tests := []struct {
		what   string
		change func(*zone.RRset)
		want   bool
	}{
		{"nothing", func(*zone.RRset) {}, true},
		{"name", func(r *zone.RRset) { r.Name = "w.example.org." }, false},
		{"type", func(r *zone.RRset) { r.Type = zone.AAAA }, false},
		{"values", func(r *zone.RRset) { r.Addrs = r.Addrs[:1] }, false},
		{"TTL", func(r *zone.RRset) { r.TTL = 60 }, false},
		{"automatic TTL", func(r *zone.RRset) { r.TTL, r.Auto = 60, true }, true},
		{"proxy", func(r *zone.RRset) { r.Proxied = true }, false},
		{"members", func(r *zone.RRset) { r.Members = []zone.Member{{ID: "1"}, {ID: "2"}} }, true},
	}
	for _, tt := range tests {
		other := base.Clone()
		tt.change(&other)
		if base.Equal(other) != tt.want || other.Equal(base) != tt.want {
			t.Errorf("sets that differ in %s: equal is %t", tt.what, !tt.want)
		}
	}
}

func TestCloneSharesNothing(t *testing.T) {
	r := set("www.example.org", "A", 300, "192.0.2.1")
	r.Members = []zone.Member{{ID: "1"}}
	c := r.Clone()
	c.Addrs[0], c.Members[0].ID = netip.MustParseAddr("192.0.2.9"), "9"
	if r.Addrs[0] != netip.MustParseAddr("192.0.2.1") || r.Members[0].ID != "1" {
		t.Errorf("the clone's changes are seen in %v %v", r, r.Members)
	}
}

func TestRRsetString(t *testing.T) {
	r := set("www.example.org", "A", 300, "192.0.2.1 192.0.2.2")
	r.Proxied, r.Foreign = true, "alias"
	if got, want := r.String(), "www.example.org. 300 A 192.0.2.1 192.0.2.2 (proxied) (alias)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestType(t *testing.T) {
	for in, want := range map[string]zone.Type{"A": zone.A, "a": zone.A, "AAAA": zone.AAAA, "aaaa": zone.AAAA} {
		if got, err := zone.ParseType(in); err != nil || got != want {
			t.Errorf("ParseType(%q) = %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "MX", "A ", "28", "TYPE28"} {
		if got, err := zone.ParseType(in); err == nil {
			t.Errorf("ParseType(%q) = %v", in, got)
		}
	}
	if got := zone.Type(99).String(); got != "TYPE99" {
		t.Errorf("type 99 is %q", got)
	}
	if zone.TypeOf(netip.MustParseAddr("192.0.2.1")) != zone.A || zone.TypeOf(netip.MustParseAddr("2001:db8::1")) != zone.AAAA {
		t.Error("TypeOf mixes up the families")
	}
}

func TestKeyJSON(t *testing.T) {
	k := zone.Key{Name: "www.example.org.", Type: zone.AAAA}
	b, err := json.Marshal(k)
	if want := `{"name":"www.example.org.","type":"AAAA"}`; err != nil || string(b) != want {
		t.Fatalf("%s, %v; want %s", b, err, want)
	}
	var back zone.Key
	if err := json.Unmarshal(b, &back); err != nil || back != k {
		t.Errorf("back: %v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"type":"MX"}`), &back); err == nil {
		t.Error("an MX key was taken")
	}
}

func TestCompareKeys(t *testing.T) {
	order := []zone.Key{
		{Name: "example.org.", Type: zone.A},
		{Name: "example.org.", Type: zone.AAAA},
		{Name: "a.example.org.", Type: zone.A},
		{Name: "a.a.example.org.", Type: zone.A},
		{Name: "b.example.org.", Type: zone.A},
	}
	if !slices.IsSortedFunc(order, zone.CompareKeys) {
		t.Errorf("not in order: %v", order)
	}
}

// A set whose records have several TTLs has the highest, and is what was seen, never
// what is wanted.
func TestMixedTTLs(t *testing.T) {
	var mixed, even zone.RRset
	mixed.SetTTLs(300, 7200, 600)
	even.SetTTLs(7200, 7200)
	if mixed.TTL != 7200 || !mixed.Mixed || even.TTL != 7200 || even.Mixed {
		t.Errorf("%+v, %+v", mixed, even)
	}
	if !mixed.Equal(even) || !even.Equal(mixed) || mixed.Meets(even) || !even.Meets(mixed) {
		t.Error("a mixed set is what is wanted, or not what was seen")
	}
	digest := func(r zone.RRset) string { return (&zone.Snapshot{RRsets: []zone.RRset{r}}).Digest() }
	if digest(mixed) == digest(even) {
		t.Error("one digest of two sets")
	}
}

func TestBrief(t *testing.T) {
	two := set("www.example.org.", "A", 300, "192.0.2.1 192.0.2.2")
	proxied, auto, foreign := two.Clone(), two.Clone(), two.Clone()
	proxied.Auto, proxied.Proxied = true, true
	auto.Auto = true
	foreign.Foreign = "weighted"
	for want, r := range map[string]*zone.RRset{
		"nothing":                                 nil,
		"192.0.2.1 192.0.2.2 (TTL 300)":           &two,
		"192.0.2.1 192.0.2.2 (TTL auto)":          &auto,
		"192.0.2.1 192.0.2.2 (TTL auto, proxied)": &proxied,
		"a weighted set":                          &foreign,
	} {
		if got := r.Brief(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
