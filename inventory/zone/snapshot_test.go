package zone_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

func snapshot() *zone.Snapshot {
	s := &zone.Snapshot{
		Zone: "example.org.",
		RRsets: []zone.RRset{
			set("www.example.org", "AAAA", 300, "2001:db8::1"),
			set("*.example.org", "A", 60, "192.0.2.5"),
			set("www.example.org", "A", 300, "192.0.2.2 192.0.2.1"),
			set("example.org", "A", 3600, "192.0.2.1"),
			set("b.a.example.org", "A", 300, "192.0.2.1"),
		},
		Others: []zone.Record{
			{Name: "example.org.", Type: "NS", TTL: 3600, Data: "ns1.example.org."},
			{Name: "shop.example.org.", Type: "CNAME", TTL: 600, Data: "shop.example.net."},
			{Name: "docs.example.org.", Type: "CNAME", TTL: 600, Data: "docs.example.net."},
		},
	}
	s.Sort()
	return s
}

func TestSortAndFind(t *testing.T) {
	s := snapshot()
	want := []string{
		"example.org. 3600 A 192.0.2.1",
		"*.example.org. 60 A 192.0.2.5",
		"b.a.example.org. 300 A 192.0.2.1",
		"www.example.org. 300 A 192.0.2.1 192.0.2.2",
		"www.example.org. 300 AAAA 2001:db8::1",
	}
	var got []string
	for _, r := range s.RRsets {
		got = append(got, r.String())
		if found, ok := s.Find(r.Key); !ok || !found.Equal(r) {
			t.Errorf("%s is not found", r.Key)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("order: %q, want %q", got, want)
	}
	for _, k := range []zone.Key{
		{Name: "a.example.org.", Type: zone.A},
		{Name: "example.org.", Type: zone.AAAA},
		{Name: "zzz.example.org.", Type: zone.A},
		{},
	} {
		if r, ok := s.Find(k); ok {
			t.Errorf("%s is found as %s", k, r)
		}
	}
	if r, ok := (&zone.Snapshot{}).Find(zone.Key{Name: "example.org.", Type: zone.A}); ok {
		t.Errorf("an empty zone holds %s", r)
	}
}

func TestSOA(t *testing.T) {
	tests := []struct {
		data string
		ttl  zone.TTL
		want zone.SOA
		ok   bool
	}{
		{"ns1 hostmaster 7 7200 900 1209600 300", 3600, zone.SOA{TTL: 3600, Serial: 7, Minimum: 300}, true},
		{"ns1 hostmaster ( 4294967295 7200\n\t900 1209600 4000 )", 3600, zone.SOA{TTL: 3600, Serial: 4294967295, Minimum: 4000}, true},
		{"ns1 hostmaster (7 7200 900 1209600 300)", 60, zone.SOA{TTL: 60, Serial: 7, Minimum: 300}, true},
		{"ns1 hostmaster 7 7200 900 1209600", 3600, zone.SOA{}, false},
		{"ns1 hostmaster x 7200 900 1209600 300", 3600, zone.SOA{}, false},
		{"ns1 hostmaster 4294967296 7200 900 1209600 300", 3600, zone.SOA{}, false},
		{"ns1 hostmaster 7 7200 900 1209600 -1", 3600, zone.SOA{}, false},
		{"", 3600, zone.SOA{}, false},
	}
	for _, tt := range tests {
		s := snapshot()
		s.Others = append(s.Others,
			zone.Record{Name: "sub.example.org.", Type: "SOA", TTL: 1, Data: "ns1 hostmaster 1 1 1 1 1"}, // another zone's
			zone.Record{Name: "example.org.", Type: "SOA", TTL: tt.ttl, Data: tt.data})
		got, ok := s.SOA()
		if got != tt.want || ok != tt.ok {
			t.Errorf("SOA %q: %+v, %t", tt.data, got, ok)
		}
		negative := zone.TTL(1234)
		if tt.ok {
			negative = min(tt.want.TTL, tt.want.Minimum)
		}
		if got := s.NegativeTTL(1234); got != negative {
			t.Errorf("negative TTL of SOA %d %q: %d, want %d", tt.ttl, tt.data, got, negative)
		}
	}
}

func TestDigestKnowsNoOrder(t *testing.T) {
	want := snapshot().Digest()
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		s := snapshot()
		random.Shuffle(len(s.RRsets), func(i, j int) { s.RRsets[i], s.RRsets[j] = s.RRsets[j], s.RRsets[i] })
		random.Shuffle(len(s.Others), func(i, j int) { s.Others[i], s.Others[j] = s.Others[j], s.Others[i] })
		for i := range s.RRsets {
			slices.Reverse(s.RRsets[i].Addrs)
		}
		s.Sort()
		if got := s.Digest(); got != want {
			t.Fatalf("digest %s, in another order %s", want, got)
		}
	}
}

func TestDigestSeesWhatAPlanDependsOn(t *testing.T) {
	tests := []struct {
		what   string
		change func(*zone.Snapshot)
		same   bool
	}{
		{"a value", func(s *zone.Snapshot) { s.RRsets[0].Addrs = addrs("192.0.2.9") }, false},
		{"a further value", func(s *zone.Snapshot) { s.RRsets[0].Addrs = addrs("192.0.2.1 192.0.2.9") }, false},
		{"a TTL", func(s *zone.Snapshot) { s.RRsets[0].TTL++ }, false},
		{"a proxy", func(s *zone.Snapshot) { s.RRsets[0].Proxied = true }, false},
		{"foreign", func(s *zone.Snapshot) { s.RRsets[0].Foreign = "alias" }, false},
		{"a set less", func(s *zone.Snapshot) { s.RRsets = s.RRsets[1:] }, false},
		{"a CNAME's target", func(s *zone.Snapshot) { s.Others[1].Data = "elsewhere." }, false},
		{"a CNAME less", func(s *zone.Snapshot) { s.Others = s.Others[:2] }, false},
		{"an NS record", func(s *zone.Snapshot) { s.Others[0].Data = "ns2.example.org." }, true},
		{"members", func(s *zone.Snapshot) { s.RRsets[0].Members = []zone.Member{{ID: "1"}} }, true},
	}
	want := snapshot().Digest()
	for _, tt := range tests {
		s := snapshot()
		tt.change(s)
		if same := s.Digest() == want; same != tt.same {
			t.Errorf("%s changed: the digest stays %t", tt.what, same)
		}
	}
}
