package route53_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/route53"
	"github.com/dnsplan/dnsplan/providers/route53/route53test"
)

func withID(id string) func(*route53.Config) {
	return func(c *route53.Config) { c.HostedZoneID = id }
}

// Hosted zones of one name are told apart, or nothing is guessed.
func TestTwins(t *testing.T) {
	public := func(id, comment string) route53test.Zone {
		return route53test.Zone{ID: id, Name: "example.org", Comment: comment}
	}
	private := func(id string) route53test.Zone {
		return route53test.Zone{ID: id, Name: "example.org", Private: true, Comment: "vpc"}
	}
	for _, tt := range []struct {
		name  string
		zones []route53test.Zone
		id    string
		read  string   // the hosted zone that is read; empty: ErrZoneNotFound
		text  []string // which says this
	}{
		{"one public", []route53test.Zone{public("ZPUB", "")}, "", "ZPUB", nil},
		{"private twin first", []route53test.Zone{private("ZPRIV"), public("ZPUB", "")}, "", "ZPUB", nil},
		{"private twin second", []route53test.Zone{public("ZPUB", ""), private("ZPRIV")}, "", "ZPUB", nil},
		{"private twin by id", []route53test.Zone{public("ZPUB", ""), private("ZPRIV")}, "ZPRIV", "ZPRIV", nil},
		{"with the prefix", []route53test.Zone{public("ZPUB", "")}, "/hostedzone/ZPUB", "ZPUB", nil},
		{
			"two public ones",
			[]route53test.Zone{public("ZNEW", "since 2026"), private("ZPRIV"), public("ZOLD", "")},
			"", "",
			[]string{`ZNEW ("since 2026"), ZOLD`, "set hosted_zone_id"},
		},
		{"one of two public ones", []route53test.Zone{public("ZNEW", ""), public("ZOLD", "")}, "ZOLD", "ZOLD", nil},
		{"only a private one", []route53test.Zone{private("ZPRIV")}, "", "", []string{"only private", `ZPRIV ("vpc")`, "set hosted_zone_id"}},
		{"none", nil, "", "", []string{"AWS account", "AWS_PROFILE"}},
		{"an id of nothing", []route53test.Zone{public("ZPUB", "")}, "ZGONE", "", []string{"ZGONE is not in this AWS account", "hosted_zone_id"}},
		{"an id of another zone", []route53test.Zone{{ID: "ZNET", Name: "example.net"}}, "ZNET", "", []string{"ZNET is the hosted zone of example.net."}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			route53test.Setenv(t)
			s := route53test.Start(t)
			s.AddZone(route53test.Zone{ID: "ZA", Name: "a.example.org"})
			for _, z := range tt.zones {
				s.AddZone(z).Put(route53test.Simple("id.example.org", "TXT", 1, `"`+z.ID+`"`))
			}
			s.AddZone(route53test.Zone{ID: "ZCOM", Name: "example.com"})
			p := fast(t, s, withID(tt.id))
			snap, err := p.Read(t.Context(), org)
			if tt.read != "" {
				if err != nil || !slices.ContainsFunc(snap.Others, func(r zone.Record) bool { return r.Data == `"`+tt.read+`"` }) {
					t.Errorf("%v, %v: want that of %s", snap, err, tt.read)
				}
				return
			}
			if wrong := wrongErr(err, providers.ErrZoneNotFound, ""); wrong != "" {
				t.Error(wrong)
			}
			for _, text := range tt.text {
				if !strings.Contains(fmt.Sprint(err), text) {
					t.Errorf("error %v, want %q in it", err, text)
				}
			}
		})
	}
}

// Twins may stand on both sides of a page of hosted zones.
func TestManyTwins(t *testing.T) {
	route53test.Setenv(t)
	s := route53test.Start(t)
	for i := range 150 {
		s.AddZone(route53test.Zone{ID: fmt.Sprintf("ZPRIV%03d", i), Name: "example.org", Private: true})
	}
	s.AddZone(route53test.Zone{ID: "ZPUB", Name: "example.org"}).Put(route53test.Simple("www.example.org", "A", 60, "192.0.2.1"))
	if snap := read(t, fast(t, s)); len(snap.RRsets) != 1 {
		t.Errorf("%v", snap)
	}
	if n := s.Count("ListHostedZonesByName"); n != 2 {
		t.Errorf("%d requests for two pages", n)
	}
}

// A zone is looked up once. What was not found is looked up again, and so is
// one that has gone.
func TestLookUpOnce(t *testing.T) {
	route53test.Setenv(t)
	s := route53test.Start(t)
	p := fast(t, s)
	if _, err := p.Read(t.Context(), org); wrongErr(err, providers.ErrZoneNotFound, "") != "" {
		t.Fatal(err)
	}
	s.AddZone(route53test.Zone{ID: "Z1", Name: "example.org"})
	s.Forget()
	for range 3 {
		read(t, p)
	}
	if n := s.Count("ListHostedZonesByName"); n != 1 {
		t.Errorf("%d look-ups", n)
	}
	s.RemoveZone("Z1")
	if _, err := p.Read(t.Context(), org); wrongErr(err, providers.ErrZoneNotFound, "Z1") != "" {
		t.Fatal(err)
	}
	s.AddZone(route53test.Zone{ID: "Z2", Name: "example.org"})
	read(t, p)
}

// Names that need escapes, such as those of RFC 2317, are found.
func TestZoneWithSlash(t *testing.T) {
	route53test.Setenv(t)
	s := route53test.Start(t)
	s.AddZone(route53test.Zone{ID: "Z1", Name: "0/25.2.0.192.in-addr.arpa"})
	p := fast(t, s)
	zones, err := p.ListZones(t.Context())
	if err != nil || len(zones) != 1 {
		t.Fatalf("%v, %v", zones, err)
	}
	if _, err := p.Read(t.Context(), zone.MustParseName("0/25.2.0.192.in-addr.arpa.")); err != nil {
		t.Error(err)
	}
}

func TestListZones(t *testing.T) {
	route53test.Setenv(t)
	s := route53test.Start(t)
	for i := range 230 {
		s.AddZone(route53test.Zone{ID: fmt.Sprintf("Z%03d", i), Name: fmt.Sprintf("z%03d.example.org", 229-i)})
	}
	s.AddZone(route53test.Zone{ID: "ZTWIN", Name: "z000.example.org"})
	s.AddZone(route53test.Zone{ID: "ZPRIV", Name: "internal.example.org", Private: true})
	zones, err := fast(t, s).ListZones(t.Context())
	if err != nil || len(zones) != 230 || zones[0] != "z000.example.org." || zones[229] != "z229.example.org." {
		t.Errorf("%v, %v", zones, err)
	}
	if n := s.Count("ListHostedZones"); n != 3 {
		t.Errorf("%d requests for three pages", n)
	}
	zones, err = fast(t, s, withID("ZPRIV")).ListZones(t.Context())
	if err != nil || !slices.Equal(zones, []zone.Name{"internal.example.org."}) {
		t.Errorf("with an id: %v, %v", zones, err)
	}
}

// A policy may allow one of the two lists of hosted zones alone, as those of
// other programs do; emulators may know one alone.
func TestOneListIsEnough(t *testing.T) {
	for _, tt := range []struct {
		name  string
		setup func(*route53test.Server)
		lists int
	}{
		{"denied", func(s *route53test.Server) { s.Deny("ListHostedZonesByName") }, 2},
		{"unknown", func(s *route53test.Server) {
			s.Inject(answer("ListHostedZonesByName", 404, "UnknownOperationException", ""))
		}, 2},
		{"not found", func(s *route53test.Server) {
			s.Inject(func(w http.ResponseWriter, c route53test.Call) bool {
				if c.Action == "ListHostedZonesByName" {
					http.Error(w, "not here", http.StatusNotFound)
				}
				return c.Action == "ListHostedZonesByName"
			})
		}, 2},
		{"the other one denied", func(s *route53test.Server) { s.Deny("ListHostedZones") }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := account(t, route53test.Simple("www.example.org", "A", 60, "192.0.2.1"))
			s.AddZone(route53test.Zone{ID: "ZPRIV", Name: "example.org", Private: true})
			for i := range 150 {
				s.AddZone(route53test.Zone{ID: fmt.Sprintf("Z%03d", i), Name: fmt.Sprintf("z%03d.example.org", i)})
			}
			tt.setup(s)
			p := fast(t, s)
			for range 2 {
				if snap := read(t, p); len(snap.RRsets) != 1 {
					t.Errorf("%v", snap)
				}
			}
			if n := s.Count("ListHostedZones"); n != tt.lists {
				t.Errorf("%d requests for all hosted zones, want %d", n, tt.lists)
			}
			_, err := p.Read(t.Context(), "gone.example.org.")
			if wrong := wrongErr(err, providers.ErrZoneNotFound, "none of the hosted zones"); wrong != "" {
				t.Error(wrong)
			}
		})
	}
}

// A list that does not repeat the size of a page is a list all the same.
func TestNoMaxItems(t *testing.T) {
	s, z := account(t)
	for action, body := range map[string]string{
		"ListHostedZonesByName":  "<ListHostedZonesByNameResponse><HostedZones></HostedZones><IsTruncated>false</IsTruncated></ListHostedZonesByNameResponse>",
		"ListHostedZones":        "<ListHostedZonesResponse><HostedZones/></ListHostedZonesResponse>",
		"ListResourceRecordSets": "<ListResourceRecordSetsResponse><ResourceRecordSets/><IsTruncated>false</IsTruncated></ListResourceRecordSetsResponse>",
	} {
		fault := func(w http.ResponseWriter, c route53test.Call) bool {
			if c.Action == action {
				fmt.Fprint(w, body)
			}
			return c.Action == action
		}
		s.Inject(fault, fault)
	}
	if _, err := fast(t, s).Read(t.Context(), org); wrongErr(err, providers.ErrZoneNotFound, "") != "" {
		t.Error(err)
	}
	if zones, err := fast(t, s).ListZones(t.Context()); err != nil || len(zones) != 0 {
		t.Errorf("%v, %v", zones, err)
	}
	p := fast(t, s, withID("Z1"))
	if snap := read(t, p); len(snap.RRsets) != 0 {
		t.Errorf("%v", snap)
	}
	write(t, p, change("", "www 60 A 192.0.2.1"))
	if len(addresses(z)) != 1 {
		t.Errorf("%v", z.Sets())
	}
}
