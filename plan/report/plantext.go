package report

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/plan"
)

// maxFindings is how many conflicts, refusals or warnings are listed.
const maxFindings = 50

// PlanText writes a plan for people: what changes where, what stands in the
// way, and when each step takes place if it starts at o.Now. Its last line is
// "No changes." or "Plan: N to create, N to update, N to delete.".
func PlanText(w io.Writer, p *plan.Plan, o Options) error {
	pg := newPage(o)
	zones := groupByZone(p)
	pg.planHeader(p, zones)
	for _, z := range zones.order {
		pg.zoneChanges(z, zones)
	}
	pg.unmanaged(p)
	pg.conflicts(p.Conflicts)
	pg.refusals(p.Refusals)
	pg.warnings(p.Warnings)
	pg.timeline(p)
	pg.milestones(p)
	pg.blank()
	if text := standing(p); text != "" {
		pg.whole(red, text)
	}
	pg.whole(bold, lastLine(p))
	return pg.writeTo(w)
}

func (p *page) planHeader(pl *plan.Plan, zones byZone) {
	if pl.RollbackOf != "" {
		p.rollbackOf(pl)
	}
	if pl.ResumeOf != "" {
		p.resumeOf(pl)
	}
	if pl.RestoreOf != "" {
		p.restoreOf(pl)
	}
	if pl.Empty() && pl.RollbackOf+pl.ResumeOf+pl.RestoreOf != "" {
		return
	}
	if pl.Empty() && pl.Window != nil {
		p.row(0, "", txt("The proxy of "+namesText(pl.Window.Names)+" is off already: nothing is to be turned off."))
		return
	}
	if pl.Empty() {
		p.compared(pl)
		return
	}
	if pl.Window != nil {
		p.windowOpens(pl)
		return
	}
	p.row(0, "", in(bold, "dnsplan will change "+count(len(pl.Changes), "RRset")+" in "+count(len(zones.order), "zone")+"."))
	p.row(2, "", in(dim, strategyWord(pl)+" "+pl.ID+" from "+pl.Inventory.Path+", made "+keep(p.o.clock(pl.Created)+p.age(pl.Created))))
	if pl.Policy.Strategy == plan.Direct {
		p.row(2, "", in(yellow, "Only the writes: nothing waits for caches, and nothing is verified."))
	}
	if rest := len(pl.Zones) - len(zones.order); rest > 0 {
		p.row(2, "", in(dim, count(rest, "further zone")+" without changes"))
	}
	if len(p.o.Only) > 0 && pl.RestoreOf == "" {
		p.compared(pl)
	}
}

// restoreOf says which backup the plan brings back, and which names of it.
func (p *page) restoreOf(pl *plan.Plan) {
	text := "Restore out of " + pl.RestoreOf
	names := make([]string, len(p.o.Only))
	for i, n := range p.o.Only {
		names[i] = n.Display()
	}
	if len(names) > 0 {
		text += ": " + strings.Join(names, ", ")
	}
	p.row(0, "", txt(text+"."))
}

// rollbackOf says which run the plan takes back.
func (p *page) rollbackOf(pl *plan.Plan) {
	text := "Rollback of run " + pl.RollbackOf
	switch {
	case pl.Empty() && len(pl.Conflicts) > 0:
		text += ": nothing of it can be taken back as things stand."
	case pl.Empty():
		text += ": nothing of it is left to take back."
	default:
		text += ": what it has changed goes back to how it was."
	}
	p.row(0, "", txt(text))
}

// resumeOf says of which run the plan is the rest.
func (p *page) resumeOf(pl *plan.Plan) {
	text := "The rest of run " + pl.ResumeOf
	switch {
	case pl.Empty() && len(pl.Conflicts) > 0:
		text += ": nothing of it can be applied as things stand."
	case pl.Empty():
		text += ": nothing of it is left to do."
	default:
		text += ": what it has not applied."
	}
	p.row(0, "", txt(text))
}

// compared says what was compared: "Compared www.example.org only." Who names a
// zone may mean all of it, and is told.
func (p *page) compared(pl *plan.Plan) {
	if len(p.o.Only) == 0 {
		p.row(0, "", txt("Compared "+count(len(pl.Zones), "zone")+" with "+pl.Inventory.Path+"."))
		return
	}
	var names []string
	apex := ""
	for _, n := range p.o.Only {
		names = append(names, n.Display())
		if slices.ContainsFunc(pl.Zones, func(z plan.Zone) bool { return z.Zone == n }) {
			apex = " (only the apex: leave NAME out for the whole zone)"
		}
	}
	p.row(2, "", txt("Compared "+strings.Join(names, ", ")+" only"+apex+"."))
}

func strategyWord(pl *plan.Plan) string {
	if pl.Policy.Strategy == "" {
		return "Plan"
	}
	return strings.ToUpper(string(pl.Policy.Strategy[:1])) + string(pl.Policy.Strategy[1:]) + " plan"
}

// age says how old a plan is, when it was not made just now.
func (p *page) age(created time.Time) string {
	if d := p.o.Now.Sub(created); d >= time.Minute {
		return " (" + duration(d) + " ago)"
	}
	return ""
}

func (p *page) zoneChanges(z plan.Zone, zones byZone) {
	changes := zones.changes[z.ZoneRef]
	p.heading(zoneText(z) + ": " + zones.tally(z.ZoneRef).String())
	for i, c := range changes {
		if i == p.o.MaxChanges {
			rest := tally{}
			for _, c := range changes[i:] {
				rest[c.Action]++
			}
			p.row(2, "  ", txt("... and "+count(len(changes)-i, "more change")+" ("+rest.String()+")"))
			return
		}
		p.change(c)
	}
}

func (p *page) unmanaged(pl *plan.Plan) {
	list := pl.Unmanaged
	if len(list) == 0 {
		return
	}
	p.heading(unmanagedTitle(pl) + ": " + strconv.Itoa(len(list)))
	for i, u := range list {
		if i == p.o.MaxUnmanaged {
			p.row(2, "  ", in(dim, "... and "+count(len(list)-i, "more RRset")))
			return
		}
		line := append(p.subject(u.Name, u.Type), viewOf(plan.ZoneRef{Zone: u.Zone, View: u.View})...)
		if len(u.Values) > 0 {
			line = append(line, in(dim, " "+joinAddrs(u.Values[:min(len(u.Values), maxValues)])))
		}
		if u.Foreign != "" {
			line = append(line, txt(" ("+u.Foreign+" set, which dnsplan never writes)"))
		}
		p.marked(2, liveMark, 4, line...)
	}
}

// unmanagedTitle says what the unmanaged RRsets are not in.
func unmanagedTitle(pl *plan.Plan) string {
	if pl.RestoreOf != "" {
		return "Live and not restored, left alone"
	}
	return "Live and not in the inventory, left alone"
}

// findings prints a heading and up to maxFindings items.
func findings[T any](p *page, heading string, list []T, item func(T)) {
	if len(list) == 0 {
		return
	}
	p.heading(heading + ": " + strconv.Itoa(len(list)))
	for i, f := range list {
		if i == maxFindings {
			p.row(2, "  ", txt("... and "+strconv.Itoa(len(list)-i)+" more"))
			return
		}
		item(f)
	}
}

func (p *page) conflicts(list []plan.Conflict) {
	findings(p, "Conflicts, apply refuses", list, p.conflict)
}

func (p *page) conflict(c plan.Conflict) {
	line := append(p.subject(c.Name, c.Type), viewOf(plan.ZoneRef{Zone: c.Zone, View: c.View})...)
	p.marked(2, conflictMark, actionPad, append(line, txt(": "+ConflictText(c)))...)
}

// ConflictText says what is in the way of a wanted RRset, and what to do:
// "live CNAME pages.example.net. (delete it, or say replace_cname = true)".
func ConflictText(c plan.Conflict) string {
	switch {
	case strings.HasPrefix(c.Reason, "live CNAME "):
		return c.Reason + " (delete it, or say replace_cname = true)"
	case strings.Contains(c.Reason, " set, which dnsplan never writes"):
		return c.Reason + " (delete it at the provider, or take the record out of the inventory)"
	case strings.HasPrefix(c.Reason, plan.HeldOpen):
		return c.Reason + " (it closes by itself; if it has not by then: dnsplan recover --scan-zone " + c.Zone.Display() + ")"
	}
	return c.Reason
}

// standing says on the line before the last one that conflicts are left, where
// that is all there is to say of the plan.
func standing(p *plan.Plan) string {
	if len(p.Conflicts) == 0 || !p.Empty() {
		return ""
	}
	return count(len(p.Conflicts), "conflict") + ": apply refuses."
}

func (p *page) refusals(list []plan.Refusal) {
	findings(p, "Guards, apply refuses", list, func(r plan.Refusal) {
		where := plan.ZoneRef{Zone: r.Zone, View: r.View}
		line := append([]span{in(bold, r.Zone.Display())}, viewOf(where)...)
		line = append(line, txt(": "+r.Message+" "), in(dim, "["+r.Code+"]"))
		p.marked(2, refusedMark, actionPad, line...)
		if r.Allow != "" {
			p.row(2+actionPad+3, "             ", txt("if this is what you want: "), in(bold, r.Allow), txt(awaiting(r)))
		}
	})
}

// awaiting is what can be done about a closed change window other than to ignore it.
func awaiting(r plan.Refusal) string {
	if r.Code != plan.OutsideWindow {
		return ""
	}
	return "; --await-window begins now, and switches at that opening"
}

// warned is what a warning is about, an owner name without its last dot.
func warned(w plan.Warning) string {
	if name := strings.TrimSuffix(w.Name, "."); name != "" {
		return name
	}
	return w.Name
}

func (p *page) warnings(list []plan.Warning) {
	findings(p, "Warnings", list, func(w plan.Warning) {
		var line []span
		if w.Name != "" {
			line = append(line, in(bold, warned(w)), txt(": "))
		}
		says, lines, _ := strings.Cut(w.Message, "\n")
		p.marked(2, warningMark, actionPad, append(line, txt(says+" "), in(dim, "["+w.Code+"]"))...)
		p.paste(lines)
	})
}
