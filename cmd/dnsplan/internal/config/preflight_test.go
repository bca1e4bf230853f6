package config

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// What redirects lead to is asked where the plan puts it, one RRset at a time.
func TestPlanned(t *testing.T) {
	to := func(proxied bool, addrs ...string) *plan.State {
		s := &plan.State{Proxied: proxied}
		for _, a := range addrs {
			s.Values = append(s.Values, netip.MustParseAddr(a))
		}
		return s
	}
	key := func(name zone.Name, t zone.Type) zone.Key { return zone.Key{Name: name + ".example.org.", Type: t} }
	p := &plan.Plan{Changes: []plan.Change{
		{Key: key("alias", zone.A), After: to(false, "192.0.2.3"), Replaces: "CNAME google.com."},
		{Key: key("edge", zone.A), After: to(true, "192.0.2.4")},
		{Key: key("gone", zone.AAAA)},
		{Key: key("www", zone.A), After: to(false, "192.0.2.1", "192.0.2.2")},
	}}
	want := map[zone.Key]string{
		key("alias", zone.A): "[192.0.2.3]", key("alias", zone.AAAA): "[]", key("gone", zone.AAAA): "[]", key("www", zone.A): "[192.0.2.1 192.0.2.2]",
	}
	got := planned(p)
	for k, addrs := range got {
		if fmt.Sprint(addrs) != want[k] {
			t.Errorf("%s: %v, want %q", k, addrs, want[k])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}
}
