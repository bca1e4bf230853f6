package config

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
)

// served is blind, and shows the apex's NS records in each look.
type served struct{ blind }

func (s served) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	live, err := s.blind.Look(ctx, z, keys)
	if err == nil {
		for _, ns := range []string{"ns1.example.org.", "ns2.example.org."} {
			live.Others = append(live.Others, zone.Record{Name: z, Type: "NS", TTL: 3600, Data: ns})
		}
	}
	return live, err
}

func unlisted(names ...string) served {
	p := memory.New(memory.Options{})
	s := &zone.Snapshot{Zone: "example.org."}
	for i, n := range names {
		s.RRsets = append(s.RRsets, zone.RRset{
			Key: zone.Key{Name: zone.Name(n + ".example.org."), Type: zone.A}, TTL: 300, Addrs: []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)})},
		})
	}
	p.Put(s)
	return served{blind{p}}
}

// TestNameServersOfAZoneThatIsNotListed: the addresses of servers in the zone
// are those of this view of it, and not what a resolver on the way knows.
func TestNameServersOfAZoneThatIsNotListed(t *testing.T) {
	s := session(t, unlisted(), unlisted())
	p := unlisted("ns1", "ns2", "www")
	found, err := s.nameServers(t.Context(), plan.Zone{ZoneRef: plan.ZoneRef{Zone: "example.org."}, Discover: true}, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, ns := range found {
		for _, server := range ns.Servers {
			got = append(got, ns.Name+" "+server.Addr.String())
		}
	}
	if want := "ns1.example.org 192.0.2.1:53, ns2.example.org 192.0.2.2:53"; strings.Join(got, ", ") != want {
		t.Errorf("servers %q, want %s", got, want)
	}
}

// TestPlanOfANameThatIsNotListed: a name that is asked for is looked at, also
// where the inventory does not hold it.
func TestPlanOfANameThatIsNotListed(t *testing.T) {
	s := session(t, unlisted("www"), unlisted())
	_, live, err := s.read(t.Context(), s.Inventory.Zones[0], "www.example.org.", "www.example.net.")
	if err != nil {
		t.Fatal(err)
	}
	if len(live.RRsets) != 1 || !strings.Contains(live.Blind, "REFUSED") {
		t.Errorf("live is %+v", live)
	}
	if _, _, err := s.read(t.Context(), s.Inventory.Zones[2], "www.example.org."); !errors.Is(err, providers.ErrZoneNotFound) {
		t.Errorf("error %v", err)
	}
}
