package config

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme"
)

func TestStage(t *testing.T) {
	const staging = "https://acme-staging-v02.api.letsencrypt.org/directory"
	private := inventory.CA{Name: "https://ca.example.net/dir", Directory: "https://ca.example.net/dir", Roots: "ca.pem"}
	public := inventory.CA{Name: "zerossl", Directory: "https://acme.zerossl.com/v2/DV90", Roots: "bundle.pem"}
	trial := inventory.CA{Name: "google-staging", Directory: "https://dv.acme-v02.test-api.pki.goog/directory"}
	for _, tt := range []struct {
		own              inventory.CA
		ca, roots        string
		directory, trust string
		refused          bool
	}{
		{own: public, directory: staging}, // whose roots have nothing to do with it
		{own: private, directory: private.Directory, trust: "site/ca.pem"},
		{own: trial, directory: trial.Directory},
		{own: private, ca: "letsencrypt-staging", directory: staging},
		{own: private, ca: staging, roots: "own.pem", directory: staging, trust: "own.pem"},
		{own: private, roots: "own.pem", directory: private.Directory, trust: "own.pem"},
		{own: public, ca: "https://other.example.net:14000/dir", directory: "https://other.example.net:14000/dir"},
		{own: private, ca: "zerossl", refused: true},
		{own: private, ca: "https://acme.zerossl.com:443/v2/other", refused: true},
		{own: private, ca: "https://acme.zerossl.com./v2/DV90", refused: true},
	} {
		s := &Session{Inventory: &inventory.Inventory{Dir: "site", Check: inventory.Check{CA: tt.own}}}
		ca, trust, err := s.stage(Rehearsal{CA: tt.ca, Roots: tt.roots})
		if tt.refused {
			if !errors.Is(err, ErrProduction) {
				t.Errorf("%s: error %v", tt.ca, err)
			}
			continue
		}
		if err != nil || ca.Directory != tt.directory || trust != tt.trust || ca.Title == "" {
			t.Errorf("of %s, asked for %q: %s trusting %q, %v", tt.own.Name, tt.ca, ca.Directory, trust, err)
		}
	}
}

func TestPlanter(t *testing.T) {
	at := netip.MustParseAddrPort("192.0.2.1:80")
	host := func(name string, c inventory.Challenge) inventory.Host {
		return inventory.Host{Name: name, Challenge: &c}
	}
	inv := &inventory.Inventory{Dir: "/site", Hosts: []inventory.Host{
		host("a", inventory.Challenge{Webroot: "www"}), host("b", inventory.Challenge{Webroot: "www"}),
		host("c", inventory.Challenge{Command: []string{"./place", "x"}}), host("d", inventory.Challenge{Command: []string{"ssh", "d"}}),
		host("e", inventory.Challenge{Command: []string{"ssh", "e"}}), host("f", inventory.Challenge{Listen: at}),
	}}
	z := inventory.Zone{Name: "example.org."}
	for _, h := range inv.Hosts {
		z.Records = append(z.Records, inventory.Record{Key: zone.Key{Name: zone.Name(h.Name + ".example.org."), Type: zone.A}, Hosts: []string{h.Name}})
	}
	s := &Session{Inventory: inv}
	seen := map[any]int{}
	for i, want := range []string{"webroot /site/www", "webroot /site/www", "command ./place", "command ssh", "command ssh", "listener at 192.0.2.1:80"} {
		p, host := s.Planter(z, z.Records[i].Name)
		if p == nil || p.Place().String() != want || host != inv.Hosts[i].Name {
			t.Fatalf("%s: %v of %q", z.Records[i].Name, p, host)
		}
		seen[p]++
		if again, _ := s.Planter(z, z.Records[i].Name); again != p {
			t.Errorf("%s: another planter", z.Records[i].Name)
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d planters", len(seen))
	}
	if p, host := s.Planter(z, "none.example.org."); p != nil || host != "" {
		t.Errorf("nowhere: %v of %q", p, host)
	}
}

// A name at a balancer has its tokens placed on the only machine of the inventory
// that an ACME client runs on, by plans and windows too.
func TestPlanterBehindABalancer(t *testing.T) {
	web := inventory.Host{Name: "web", ACMEClient: true, Challenge: &inventory.Challenge{Webroot: "www"}}
	lb, other := inventory.Host{Name: "lb"}, inventory.Host{Name: "other", ACMEClient: true}
	record := func(name string, hosts ...string) inventory.Record {
		return inventory.Record{Key: zone.Key{Name: zone.Name(name + ".example.org."), Type: zone.A}, Hosts: hosts}
	}
	z := inventory.Zone{Name: "example.org.", Records: []inventory.Record{record("lb", "lb"), record("bare")}}
	for name, tt := range map[string]struct {
		of    zone.Name
		hosts []inventory.Host
		host  string
	}{
		"the only client":             {"lb.example.org.", []inventory.Host{lb, web}, "web"},
		"two clients":                 {"lb.example.org.", []inventory.Host{lb, web, other}, ""},
		"a client without a place":    {"lb.example.org.", []inventory.Host{lb, other}, ""},
		"the balancer is the client":  {"lb.example.org.", []inventory.Host{{Name: "lb", ACMEClient: true}}, ""},
		"addresses that are nobody's": {"bare.example.org.", []inventory.Host{lb, web}, ""},
	} {
		s := &Session{Inventory: &inventory.Inventory{Dir: "/site", Hosts: tt.hosts}}
		p, host := s.Planter(z, tt.of)
		if (p != nil) != (tt.host != "") || p != nil && host != tt.host {
			t.Errorf("%s: %v of %q, want %q", name, p, host, tt.host)
		}
		if ref := s.planterName(z, tt.of); ref != tt.host {
			t.Errorf("%s: a plan has %q, want %q", name, ref, tt.host)
		}
	}
}

// Where tokens of names without a host are placed by [check.challenge], that is no
// machine whose tokens have a place of their own.
func TestMachineOfTheTokens(t *testing.T) {
	z := inventory.Zone{Name: "example.org."}
	sub := &acme.Subject{Name: "bare.example.org.", Zone: &acme.Zone{ZoneRef: plan.ZoneRef{Zone: z.Name}}}
	for name, tt := range map[string]struct {
		own, all *inventory.Challenge
		want     string
	}{
		"a place of its own":       {&inventory.Challenge{Webroot: "w1"}, &inventory.Challenge{Webroot: "w2"}, ""},
		"the place of all":         {nil, &inventory.Challenge{Webroot: "w2"}, "web"},
		"nobody places the name's": {&inventory.Challenge{Webroot: "w1"}, nil, "web"},
	} {
		s := &Session{Inventory: &inventory.Inventory{
			Hosts: []inventory.Host{{Name: "web", ACMEClient: true, Challenge: tt.own}}, Zones: []inventory.Zone{z}, Check: inventory.Check{Challenge: tt.all},
		}}
		p := s.clientFor(sub)
		if p.Host.Name != tt.want || len(p.Clients) != 1 || p.Clients[0].OwnPlace != (tt.own != nil) {
			t.Errorf("%s: %+v", name, p)
		}
	}
}
