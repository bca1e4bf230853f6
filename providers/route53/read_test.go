package route53_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/route53/route53test"
)

// account starts a server with one public zone, example.org.
func account(t testing.TB, sets ...route53test.Set) (*route53test.Server, *route53test.Zone) {
	t.Helper()
	route53test.Setenv(t)
	s := route53test.Start(t)
	z := s.AddZone(route53test.Zone{ID: "Z1", Name: "example.org."})
	z.Put(sets...)
	return s, z
}

func read(t testing.TB, p providers.Provider) *zone.Snapshot {
	t.Helper()
	snap, err := p.Read(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

func key(name string, typ zone.Type) zone.Key {
	return zone.Key{Name: zone.MustParseName(name), Type: typ}
}

// routed gives a set an identifier and a policy.
func routed(s route53test.Set, identifier string, policy func(*route53test.Set)) route53test.Set {
	s.SetIdentifier = identifier
	policy(&s)
	return s
}

func geo(continent, country string) func(*route53test.Set) {
	return func(s *route53test.Set) {
		s.GeoLocation = &route53test.GeoLocation{ContinentCode: continent, CountryCode: country}
	}
}

// Each routing policy is one foreign set, with what people know it by, and a
// write to it is refused without a request that could change it.
func TestForeign(t *testing.T) {
	a := func(ttl int64, values ...string) route53test.Set {
		return route53test.Simple("x.example.org", "A", ttl, values...)
	}
	isTrue := true
	for _, tt := range []struct {
		name string
		sets []route53test.Set
		want string // as RRset.String has it
		why  string
	}{
		{
			"alias",
			[]route53test.Set{route53test.Alias("x.example.org", "A", "dualstack.lb-1.eu-central-1.elb.amazonaws.com.", "Z215JYRZR1TBD5")},
			"x.example.org. 0 A (alias)", "alias to dualstack.lb-1.eu-central-1.elb.amazonaws.com. in Z215JYRZR1TBD5",
		},
		{
			"weighted",
			[]route53test.Set{
				route53test.Weighted("x.example.org", "A", "one", 10, 60, "192.0.2.1"),
				route53test.Weighted("x.example.org", "A", "two", 20, 60, "192.0.2.2", "192.0.2.1"),
			},
			"x.example.org. 60 A 192.0.2.1 192.0.2.2 (weighted)", "weighted one=10 two=20",
		},
		{
			"weighted aliases",
			[]route53test.Set{
				routed(route53test.Alias("x.example.org", "A", "blue.example.org.", "Z1"), "blue", func(s *route53test.Set) { s.Weight = new(int64) }),
				route53test.Weighted("x.example.org", "A", "green", 1, 300, "192.0.2.2"),
			},
			"x.example.org. 300 A 192.0.2.2 (weighted)", "weighted blue=0 alias to blue.example.org. in Z1 green=1",
		},
		{
			"latency",
			[]route53test.Set{
				routed(a(60, "192.0.2.1"), "eu", func(s *route53test.Set) { s.Region = "eu-central-1" }),
				routed(a(30, "192.0.2.2"), "us", func(s *route53test.Set) { s.Region = "us-east-1" }),
			},
			"x.example.org. 60 A 192.0.2.1 192.0.2.2 (latency)", "latency eu=eu-central-1 us=us-east-1",
		},
		{
			"geo",
			[]route53test.Set{
				routed(a(60, "192.0.2.1"), "default", geo("", "*")),
				routed(a(60, "192.0.2.2"), "de", geo("", "DE")),
				routed(a(60, "192.0.2.3"), "eu", geo("EU", "")),
			},
			"x.example.org. 60 A 192.0.2.1 192.0.2.2 192.0.2.3 (geo)", "geo de=DE default=* eu=EU",
		},
		{
			"proximity",
			[]route53test.Set{routed(a(60, "192.0.2.1"), "fra", func(s *route53test.Set) {
				s.GeoProximityLocation = &route53test.GeoProximityLocation{AWSRegion: "eu-central-1"}
			})},
			"x.example.org. 60 A 192.0.2.1 (geo)", "geo fra=proximity",
		},
		{
			"by client address",
			[]route53test.Set{routed(a(60, "192.0.2.1"), "office", func(s *route53test.Set) {
				s.CidrRoutingConfig = &route53test.CIDRRouting{CollectionID: "c8c02a84-aaaa-bbbb-cccc-1234567890ab", LocationName: "berlin"}
			})},
			"x.example.org. 60 A 192.0.2.1 (geo)", "geo office=berlin by client address",
		},
		{
			"failover",
			[]route53test.Set{
				routed(a(60, "192.0.2.1"), "p", func(s *route53test.Set) {
					s.Failover, s.HealthCheckID = "PRIMARY", "abcdef11-2222-3333-4444-555555fedcba"
				}),
				routed(a(60, "192.0.2.2"), "s", func(s *route53test.Set) { s.Failover = "SECONDARY" }),
			},
			"x.example.org. 60 A 192.0.2.1 192.0.2.2 (failover)", "failover p=primary s=secondary",
		},
		{
			"multivalue",
			[]route53test.Set{
				routed(a(60, "192.0.2.1"), "m1", func(s *route53test.Set) { s.MultiValueAnswer = &isTrue }),
				routed(a(60, "192.0.2.2"), "m2", func(s *route53test.Set) { s.MultiValueAnswer = &isTrue }),
			},
			"x.example.org. 60 A 192.0.2.1 192.0.2.2 (multivalue)", "multivalue m1 m2",
		},
		{
			"traffic policy",
			[]route53test.Set{{Name: "x.example.org", Type: "A", TrafficPolicyInstanceID: "7dc39aea-1111-2222-3333-444444444444"}},
			"x.example.org. 0 A (traffic-policy)", "traffic-policy instance 7dc39aea-1111-2222-3333-444444444444",
		},
		{
			"a policy of the future",
			[]route53test.Set{routed(a(60, "192.0.2.1"), "q", func(*route53test.Set) {})},
			"x.example.org. 60 A 192.0.2.1 (routed)", "routed q",
		},
		{
			"what is no address",
			[]route53test.Set{a(60, "192.0.2.1", "192.0.2.256")},
			"x.example.org. 60 A 192.0.2.1 (unreadable)", `"192.0.2.256" is no A address`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, z := account(t, append(tt.sets, route53test.Simple("www.example.org", "A", 300, "192.0.2.9"))...)
			p := fast(t, s)
			snap := read(t, p)
			r, ok := snap.Find(key("x.example.org", zone.A))
			if len(snap.RRsets) != 2 || !ok || r.String() != tt.want || r.Detail != tt.why {
				t.Fatalf("%v %q, want %s %q", snap.RRsets, r.Detail, tt.want, tt.why)
			}
			before, plain := z.Sets(), r.Clone()
			plain.Foreign, plain.Detail = "", ""
			for name, c := range map[string]providers.Change{
				"as read":      {Before: &r, After: set("x 60 A 203.0.113.1")},
				"as in a plan": {Before: &plain, After: set("x 60 A 203.0.113.1")},
				"create":       {After: set("x 60 A 203.0.113.1")},
			} {
				_, err := p.Write(t.Context(), org, []providers.Change{{After: set("new 60 A 192.0.2.1")}, c})
				if wrong := wrongErr(err, providers.ErrForeign, ""); wrong != "" {
					t.Errorf("%s: %s", name, wrong)
				}
			}
			if n := s.Count("ChangeResourceRecordSets"); n != 0 || !slices.EqualFunc(before, z.Sets(), func(a, b route53test.Set) bool { return a.String() == b.String() }) {
				t.Errorf("%d change batches; the zone is now %v", n, z.Sets())
			}
		})
	}
}

// A wildcard is listed as \052, and written and looked at as such.
func TestWildcard(t *testing.T) {
	s, z := account(t, route53test.Simple("*.example.org", "A", 300, "192.0.2.1"), route53test.Simple(`a\100b\056c.example.org`, "A", 300, "192.0.2.2"))
	if got := z.Sets()[0].Name; got != `\052.example.org.` && z.Sets()[2].Name != `\052.example.org.` {
		t.Fatalf("the server lists %v", z.Sets())
	}
	p := fast(t, s)
	snap := read(t, p)
	var got []string
	for _, r := range snap.RRsets {
		got = append(got, r.String())
	}
	if want := []string{"*.example.org. 300 A 192.0.2.1", `a\@b\.c.example.org. 300 A 192.0.2.2`}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	write(t, p, change("* 300 A 192.0.2.1", "* 60 A 203.0.113.1"), change(`a\@b\.c 300 A 192.0.2.2`, ""))
	if lines := addresses(z); !slices.Equal(lines, []string{`\052.example.org. A 60 203.0.113.1`}) {
		t.Errorf("the zone is now %q", lines)
	}
	look, err := p.Look(t.Context(), org, []zone.Key{key("*.example.org", zone.A)})
	if err != nil || len(look.RRsets) != 1 {
		t.Errorf("%v, %v", look, err)
	}
}

// Lists around the edge of a page of 300, and long ones, are read whole.
func TestPageEdges(t *testing.T) {
	for _, n := range []int{299, 300, 301, 1200} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			var sets []route53test.Set
			for i := range n - 2 { // beside the NS and the SOA set
				sets = append(sets, route53test.Simple(fmt.Sprintf("h%d.example.org", i), "A", 300, fmt.Sprintf("10.0.%d.%d", i>>8, i&255)))
			}
			s, _ := account(t, sets...)
			snap := read(t, fast(t, s))
			if len(snap.RRsets) != n-2 || len(snap.Others) != 3 {
				t.Errorf("%d sets and %d others, want %d and 3", len(snap.RRsets), len(snap.Others), n-2)
			}
			if got, want := s.Count("ListResourceRecordSets"), (n+299)/300; got != want {
				t.Errorf("%d requests, want %d", got, want)
			}
		})
	}
}

// A page may end between the sets of one weighted name.
func TestPageWithinAName(t *testing.T) {
	var sets []route53test.Set
	for i := range 400 {
		sets = append(sets, route53test.Weighted("w.example.org", "A", fmt.Sprintf("part-%03d", i), 1, 60, fmt.Sprintf("10.0.%d.%d", i>>8, i&255)))
	}
	s, _ := account(t, append(sets, route53test.Simple("w.example.org", "AAAA", 60, "2001:db8::1"))...)
	p := fast(t, s)
	for name, look := range map[string]func() (*zone.Snapshot, error){
		"read": func() (*zone.Snapshot, error) { return p.Read(t.Context(), org) },
		"look": func() (*zone.Snapshot, error) {
			return p.Look(t.Context(), org, []zone.Key{key("w.example.org", zone.A), key("w.example.org", zone.AAAA)})
		},
	} {
		snap, err := look()
		if err != nil {
			t.Fatal(err)
		}
		if len(snap.RRsets) != 2 || len(snap.RRsets[0].Addrs) != 400 || snap.RRsets[1].Foreign != "" {
			t.Errorf("%s: %d sets, %d addresses in the first", name, len(snap.RRsets), len(snap.RRsets[0].Addrs))
		}
	}
}

// Records of other types come as a zone file has them, and none hides the rest.
func TestOthers(t *testing.T) {
	s, _ := account(t,
		route53test.Simple("c.example.org", "CNAME", 60, "www.example.net"),
		route53test.Simple("d.example.org", "CNAME", 60, `\052.example.net.`),
		route53test.Alias("e.example.org", "CNAME", "c.example.org.", "Z1"),
		route53test.Simple("example.org", "MX", 300, "10 mail.example.org", "20 mail.example.net."),
		route53test.Simple("example.org", "TXT", 300, `"v=spf1 -all; x" "it\\s \"q\" \303\244"`, `"two"`),
		route53test.Simple("_sip._tcp.example.org", "SRV", 300, "10 60 5060 Sip.example.org"),
		route53test.Simple("svc.example.org", "HTTPS", 300, `1 . alpn="h2,h3"`, "0 svc.example.net"),
		route53test.Simple("bad.example.org", "MX", 300, "no preference here"),
		route53test.Simple("new.example.org", "TYPE65280", 300, `\# 4 c0000201`),
		route53test.Alias("al.example.org", "TXT", "x.example.org.", "Z1"),
		route53test.Weighted("wc.example.org", "CNAME", "1", 1, 60, "a.example.net."),
		route53test.Weighted("wc.example.org", "CNAME", "2", 1, 60, "a.example.net."),
		route53test.Simple("www.example.org", "A", 60, "192.0.2.1"),
	)
	snap := read(t, fast(t, s))
	if len(snap.RRsets) != 1 {
		t.Errorf("address sets %v", snap.RRsets)
	}
	var got []string
	for _, r := range snap.Others {
		got = append(got, fmt.Sprintf("%s %d %s %s", r.Name, r.TTL, r.Type, r.Data))
	}
	want := []string{
		"example.org. 900 SOA ns-1.awsdns-01.org. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400",
		"example.org. 172800 NS ns-1.awsdns-01.org.",
		"example.org. 172800 NS ns-2.awsdns-02.net.",
		"example.org. 300 MX 10 mail.example.org.",
		"example.org. 300 MX 20 mail.example.net.",
		`example.org. 300 TXT "v=spf1 -all; x" "it\\s \"q\" \195\164"`,
		`example.org. 300 TXT "two"`,
		"_sip._tcp.example.org. 300 SRV 10 60 5060 Sip.example.org.",
		"al.example.org. 0 ALIAS TXT alias to x.example.org. in Z1",
		"bad.example.org. 300 MX no preference here",
		"c.example.org. 60 CNAME www.example.net.",
		`d.example.org. 60 CNAME \042.example.net.`,
		"e.example.org. 0 CNAME c.example.org.",
		`new.example.org. 300 TYPE65280 \# 4 c0000201`,
		`svc.example.org. 300 HTTPS 1 . alpn="h2,h3"`,
		"svc.example.org. 300 HTTPS 0 svc.example.net.",
		"wc.example.org. 60 CNAME a.example.net.",
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if soa, ok := snap.SOA(); !ok || soa.Minimum != 86400 || snap.NegativeTTL(1) != 900 {
		t.Errorf("SOA %+v, %t", soa, ok)
	}
}
