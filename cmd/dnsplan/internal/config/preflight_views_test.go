package config

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// resolvers answer A of www.example.org, and count how often.
type resolvers struct {
	addrs []netip.Addr
	err   error
	asked *int
}

func (r resolvers) Lookup(context.Context, zone.Name, zone.Type) http01.Addrs {
	*r.asked++
	return http01.Addrs{Addrs: r.addrs, By: "resolver", Err: r.err}
}

func parsed(texts ...string) (out []netip.Addr) {
	for _, a := range texts {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

// The authority sees one view, which resolvers tell; what the plan makes of another
// is none of its business.
func TestOutside(t *testing.T) {
	const out, in = "external", "internal"
	state := func(text string) *plan.State {
		switch text {
		case "":
			return nil
		case "proxied":
			return &plan.State{Values: parsed("203.0.113.5"), Proxied: true}
		}
		return &plan.State{Values: parsed(text)}
	}
	change := func(view, before, after string) plan.Change {
		return plan.Change{
			ZoneRef: plan.ZoneRef{Zone: "example.org.", View: view}, Key: zone.Key{Name: "www.example.org.", Type: zone.A},
			Before: state(before), After: state(after),
		}
	}
	for name, c := range map[string]struct {
		now     string
		changes []plan.Change
		kept    map[string]string // wanted, by view
		want    string            // empty is that it cannot be told
		unasked bool
	}{
		"both move":                    {"203.0.113.1", []plan.Change{change(out, "203.0.113.1", "203.0.113.2"), change(in, "10.0.0.1", "10.0.0.2")}, nil, "[203.0.113.2]", false},
		"the inside moves":             {"203.0.113.1", []plan.Change{change(in, "10.0.0.1", "10.0.0.2")}, map[string]string{out: "203.0.113.1"}, "[203.0.113.1]", false},
		"the outside moves":            {"203.0.113.1", []plan.Change{change(out, "203.0.113.1", "203.0.113.2")}, map[string]string{in: "10.0.0.1"}, "[203.0.113.2]", false},
		"the outside has moved":        {"203.0.113.2", []plan.Change{change(out, "203.0.113.1", "203.0.113.2")}, map[string]string{in: "10.0.0.1"}, "[203.0.113.2]", false},
		"the outside goes":             {"203.0.113.1", []plan.Change{change(out, "203.0.113.1", ""), change(in, "10.0.0.1", "10.0.0.2")}, nil, "[]", false},
		"it gets a proxy":              {"203.0.113.1", []plan.Change{change(out, "203.0.113.1", "proxied")}, nil, "[203.0.113.1]", false},
		"one of equals moves":          {"203.0.113.1", []plan.Change{change(in, "203.0.113.1", "10.0.0.2")}, map[string]string{out: "203.0.113.1"}, "", false},
		"equals move to the same":      {"203.0.113.1", []plan.Change{change(out, "203.0.113.1", "203.0.113.2"), change(in, "203.0.113.1", "203.0.113.2")}, nil, "[203.0.113.2]", false},
		"one is to be created":         {"203.0.113.1", []plan.Change{change(out, "", "203.0.113.2"), change(in, "10.0.0.1", "10.0.0.2")}, nil, "", true},
		"another zone's name":          {"203.0.113.1", nil, nil, "[203.0.113.1]", false},
		"resolvers see something else": {"198.51.100.1", []plan.Change{change(out, "203.0.113.1", "203.0.113.2")}, nil, "[198.51.100.1]", false},
	} {
		t.Run(name, func(t *testing.T) {
			zones := []inventory.Zone{{Name: "example.org.", View: out}, {Name: "example.org.", View: in}}
			for i, z := range zones {
				if a := c.kept[z.View]; a != "" {
					zones[i].Records = []inventory.Record{{Key: zone.Key{Name: "www.example.org.", Type: zone.A}, Addrs: parsed(a)}}
				}
			}
			asked := 0
			p := &plan.Plan{Changes: c.changes}
			got := http01.Overlay{RRsets: planned(p, zones), Rest: seenOutside(p, zones, resolvers{parsed(c.now), nil, &asked})}.
				Lookup(t.Context(), "www.example.org.", zone.A)
			if (got.Err != nil) != (c.want == "") || got.Err == nil && fmt.Sprint(got.Addrs) != c.want {
				t.Errorf("%v %v, want %q", got.Addrs, got.Err, c.want)
			}
			if (asked == 0) != c.unasked {
				t.Errorf("resolvers were asked %d times", asked)
			}
		})
	}
	asked, down := 0, errors.New("timed out")
	p := &plan.Plan{Changes: []plan.Change{change(out, "203.0.113.1", "203.0.113.2")}}
	zones := []inventory.Zone{{Name: "example.org.", View: out}, {Name: "example.org.", View: in}}
	if got := seenOutside(p, zones, resolvers{nil, down, &asked}).Lookup(t.Context(), "www.example.org.", zone.A); !errors.Is(got.Err, down) {
		t.Errorf("%+v", got)
	}
}
