package report

import (
	"strconv"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// count writes "1 change", "2 changes", "3 addresses", "2 entries".
func count(n int, noun string) string {
	return strconv.Itoa(n) + " " + plural(n, noun)
}

func plural(n int, noun string) string {
	switch {
	case n == 1:
		return noun
	case strings.HasSuffix(noun, "s"), strings.HasSuffix(noun, "x"):
		return noun + "es"
	case strings.HasSuffix(noun, "ry"):
		return strings.TrimSuffix(noun, "y") + "ies"
	}
	return noun + "s"
}

// tally counts changes by action.
type tally map[plan.Action]int

func (t tally) String() string {
	var parts []string
	for _, a := range []plan.Action{plan.Create, plan.Update, plan.TTL, plan.Proxied, plan.Delete} {
		if t[a] > 0 {
			parts = append(parts, strconv.Itoa(t[a])+" "+actionMark(a).word)
		}
	}
	return strings.Join(parts, ", ")
}

// lastLine is the contract's last line of a plan.
func lastLine(p *plan.Plan) string {
	if p.Empty() {
		return "No changes."
	}
	s := p.Summary
	return "Plan: " + strconv.Itoa(s.Create) + " to create, " +
		strconv.Itoa(s.Update+s.TTL+s.Proxied) + " to update, " + strconv.Itoa(s.Delete) + " to delete."
}

// byZone sorts the changes of a plan by zone, in the plan's order.
type byZone struct {
	order   []plan.Zone
	changes map[plan.ZoneRef][]*plan.Change
}

func groupByZone(p *plan.Plan) byZone {
	g := byZone{changes: map[plan.ZoneRef][]*plan.Change{}}
	for i := range p.Changes {
		c := &p.Changes[i]
		g.changes[c.ZoneRef] = append(g.changes[c.ZoneRef], c)
	}
	for _, z := range p.Zones {
		if len(g.changes[z.ZoneRef]) > 0 {
			g.order = append(g.order, z)
		}
	}
	return g
}

func (g byZone) tally(z plan.ZoneRef) tally {
	t := tally{}
	for _, c := range g.changes[z] {
		t[c.Action]++
	}
	return t
}

// zoneText names a zone with its view and provider: "example.org (cf, view internal)".
func zoneText(z plan.Zone) string {
	out := z.Zone.Display() + " (" + z.Provider
	if z.View != "" {
		out += ", view " + z.View
	}
	return out + ")"
}

func number(n int) string { return strconv.Itoa(n) }

// zonePeople writes a zone as people read it, from plan.ZoneRef.String:
// "example.org", "example.org (view external)".
func zonePeople(ref string) string {
	name, view, found := strings.Cut(ref, "./")
	if !found {
		return zone.Name(ref).Display()
	}
	return name + " (view " + view + ")"
}

func zonesPeople(refs []string) string {
	out := make([]string, len(refs))
	for i, r := range refs {
		out[i] = zonePeople(r)
	}
	return strings.Join(out, ", ")
}
