package report

import (
	"io"

	"github.com/dnsplan/dnsplan/plan"
)

// DriftText writes for people what live has and the inventory has not, and the
// other way round. P is the plan that would take it away. The last line is
// "No drift." or "Drift: N RRsets differ."
func DriftText(w io.Writer, p *plan.Plan, o Options) error {
	pg := newPage(o)
	zones := groupByZone(p)
	pg.driftHeader(p, zones)
	for _, z := range zones.order {
		pg.zoneDrift(z, zones.changes[z.ZoneRef])
	}
	pg.unmanaged(p)
	findings(pg, "Cannot be written as things stand", p.Conflicts, pg.conflict)
	pg.warnings(p.Warnings)
	pg.blank()
	pg.whole(bold, driftLine(p))
	return pg.writeTo(w)
}

func (p *page) driftHeader(pl *plan.Plan, zones byZone) {
	if pl.Empty() {
		p.compared(pl)
		return
	}
	n := len(pl.Changes)
	p.row(0, "", in(bold, count(n, "RRset")+" "+verb(n, "differ", "differs")+" from "+pl.Inventory.Path+" in "+count(len(zones.order), "zone")+"."))
	if rest := len(pl.Zones) - len(zones.order); rest > 0 {
		p.row(2, "", in(dim, count(rest, "further zone")+" without drift"))
	}
}

func (p *page) zoneDrift(z plan.Zone, changes []*plan.Change) {
	n := len(changes)
	p.heading(zoneText(z) + ": " + count(n, "RRset") + " " + verb(n, "differ", "differs"))
	for i, c := range changes {
		if i == p.o.MaxChanges {
			p.row(2, "  ", txt("... and "+count(n-i, "more RRset")))
			return
		}
		p.drifted(c)
	}
}

// drifted prints both sides of one RRset:
//
//	~ differs  www.example.org A
//	           live      192.0.2.1 (TTL 1d)
//	           inventory 203.0.113.11 (TTL 1h)
func (p *page) drifted(c *plan.Change) {
	const column = 2 + actionPad + 3
	p.marked(2, driftMark(c), actionPad, p.subject(c.Name, c.Type)...)
	before, after := liveOf(c.Before.RRset(c.Key)).String(), liveOf(c.After.RRset(c.Key)).String()
	if c.Replaces != "" {
		before = c.Replaces
	}
	p.row(column+10, padded("", column)+"live      ", in(red, before))
	p.row(column+10, padded("", column)+"inventory ", in(green, after), in(dim, p.about(c)))
}

// driftMark says how live differs, not what would be done about it.
func driftMark(c *plan.Change) mark {
	m := actionMark(c.Action)
	switch c.Action {
	case plan.Create:
		m.word = "missing"
	case plan.Delete:
		m.word = "extra"
	case plan.Update:
		m.word = "differs"
	}
	return m
}

func driftLine(p *plan.Plan) string {
	n, conflicts := len(p.Changes), len(p.Conflicts)
	switch {
	case n == 0 && conflicts == 0:
		return "No drift."
	case n == 0:
		return "Drift: " + count(conflicts, "conflict") + "."
	case conflicts == 0:
		return "Drift: " + count(n, "RRset") + " " + verb(n, "differ", "differs") + "."
	}
	return "Drift: " + count(n, "RRset") + " " + verb(n, "differ", "differs") + ", " + count(conflicts, "conflict") + "."
}
