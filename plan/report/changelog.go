package report

import (
	"io"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// ChangeLogText writes entries of the change log for people, in the order
// given: when and what, the values and TTLs, and why, by whom and verified how.
func ChangeLogText(w io.Writer, log []journal.Change, o Options) error {
	p := newPage(o)
	if len(log) == 0 {
		p.row(0, "", txt("No changes are logged."))
	}
	for _, c := range log {
		p.logged(0, c)
	}
	return p.writeTo(w)
}

// logged is one entry, indented.
func (p *page) logged(indent int, c journal.Change) {
	column := indent + 11
	m := actionMark(plan.Action(c.Action))
	name := append([]span{in(bold, c.Name.Display()), txt(" " + c.Type)}, viewOf(plan.ZoneRef{Zone: c.Zone, View: c.View})...)
	p.marked(indent, m, actionPad, append(name, in(dim, p.o.dot()+keep(p.o.clock(c.At))))...)
	under := strings.Repeat(" ", column)
	p.row(column+2, under, txt(loggedValues(c)+p.o.dot()+keep("TTL "+loggedTTL(c.OldTTL, c.NewTTL))))
	if c.Outcome != "" && c.Outcome != string(execute.Applied) {
		p.row(column+2, under, in(bold, c.Outcome))
	}
	if why := p.why(c); why != "" {
		p.row(column+2, under, txt(why))
	}
	p.row(column+2, under, in(dim, verifiedBy(c.VerifiedBy)+p.verifiedAt(c)+p.o.dot()+keep("run "+c.Run)))
}

func verifiedBy(servers []string) string {
	if len(servers) == 0 {
		return byNobody
	}
	return "verified by " + strings.Join(servers, ", ")
}

func (p *page) verifiedAt(c journal.Change) string {
	if len(c.VerifiedBy) == 0 || c.VerifiedAt.IsZero() {
		return ""
	}
	return ", " + keep(p.o.clock(c.VerifiedAt))
}

func loggedValues(c journal.Change) string {
	before := listed(c.OldValues, c.OldProxied)
	if c.Replaced != "" && len(c.OldValues) == 0 {
		before = c.Replaced
	}
	after := listed(c.NewValues, c.NewProxied)
	if before == after {
		return after
	}
	return before + " -> " + after
}

func listed(addrs []string, proxied bool) string {
	return firstOf(strings.Join(addrs, ", "), "none") + proxiedText(proxied)
}

func loggedTTL(before, after zone.TTL) string {
	switch {
	case before == after || before == 0:
		return ttlText(after, false)
	case after == 0:
		return ttlText(before, false)
	}
	return ttlText(before, false) + " -> " + ttlText(after, false)
}

func (p *page) why(c journal.Change) string {
	var parts []string
	for _, d := range []struct{ name, value string }{{"", c.Ticket}, {"", c.Reason}, {"impact: ", c.Impact}, {"by ", c.By}} {
		if d.value != "" {
			parts = append(parts, d.name+d.value)
		}
	}
	return strings.Join(parts, p.o.dot())
}

// ChangeLogJSON writes entries as JSON lines, each as the change log's file
// holds it.
func ChangeLogJSON(w io.Writer, log []journal.Change) error {
	for _, c := range log {
		if _, err := w.Write(jsonLine(c)); err != nil {
			return err
		}
	}
	return nil
}
