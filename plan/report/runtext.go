package report

import (
	"io"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
)

// RunText writes a run for people: its state, each step with times and what
// went wrong, and what to do next.
func RunText(w io.Writer, r Run, o Options) error {
	p := newPage(o)
	p.runHeader(r)
	p.runSteps("Steps", r.Steps, false)
	p.runSteps("Taken back", r.Steps, true)
	p.certificates(r.Window)
	p.reachedAt(r.Milestones)
	findings(p, "Messages", r.Messages, func(m string) { p.row(4, "  ", txt(m)) })
	if r.State == RunDone || len(r.VerifiedBy) > 0 {
		p.verifiedBy(r.VerifiedBy)
	}
	findings(p, "Backups", r.Backups, func(s string) { p.row(4, "  ", txt(s)) })
	p.byHand(r.ByHand)
	p.commands(r.Next)
	return p.writeTo(w)
}

func (p *page) runHeader(r Run) {
	m := r.mark()
	p.row(2, "", in(bold, "Run "+r.ID), txt(": "), in(m.style, m.sign(p.o)+" "+m.word))
	p.field("damage", r.Damage)
	p.field("zones", zonesPeople(r.Zones))
	p.field("changes", summaryText(r))
	p.field("by", r.By)
	p.field("reason", r.Reason)
	p.field("ticket", r.Ticket)
	if r.Window != nil {
		p.field("window", r.Window.text(r.State, p.o))
	}
	switch {
	case !r.Ended.IsZero():
		p.field("time", keep(p.o.clock(r.Started))+" to "+keep(p.o.clock(r.Ended))+" ("+keep(duration(r.Ended.Sub(r.Started)))+")")
	case !r.Started.IsZero():
		p.field("started", keep(p.o.clock(r.Started))+" ("+keep(duration(p.o.Now.Sub(r.Started)))+" ago)")
	default:
		p.field("planned", p.o.clock(r.Created))
	}
}

func (p *page) field(name, value string) {
	if value != "" {
		p.row(11, "  "+padded(name, 9), txt(value))
	}
}

func summaryText(r Run) string {
	s := r.Summary
	return tally{"create": s.Create, "update": s.Update, "ttl": s.TTL, "proxied": s.Proxied, "delete": s.Delete}.String()
}

// columns are the widths of a table of steps.
type columns struct{ state, id int }

func (p *page) runSteps(heading string, steps []RunStep, undo bool) {
	c, day := columns{id: 2}, p.o.Now.In(p.o.Location)
	for _, s := range steps {
		if s.Undo == undo {
			c.state, c.id = max(c.state, len(s.State)), max(c.id, lipgloss.Width(s.ID))
		}
	}
	if c.state == 0 {
		return
	}
	p.heading(heading + " (times in " + day.Format("MST") + ")")
	for _, s := range steps {
		if s.Undo != undo {
			continue
		}
		if at := s.Started.In(p.o.Location); !s.Started.IsZero() && !sameDay(at, day) {
			p.row(2, "  ", in(dim, at.Format("Mon 2 Jan 2006")))
			day = at
		}
		p.runStep(s, c)
	}
}

// runStep is a step, when it started and how long it took; below it, how far a
// wait is and what went wrong.
func (p *page) runStep(s RunStep, c columns) {
	const timePad, tookPad = 8, 7
	m := stepMark(s.State)
	started, took := "", ""
	if !s.Started.IsZero() {
		started = s.Started.In(p.o.Location).Format("15:04:05")
	}
	if !s.Ended.IsZero() {
		took = duration(s.Ended.Sub(s.Started))
	}
	hang := 2 + 2 + c.state + 1 + c.id + 2 + kindPad + 2 + timePad + 2 + tookPad + 2
	p.row(hang, "  ", in(m.style, padded(m.sign(p.o)+" "+m.word, 2+c.state)), txt(" "),
		in(bold, padded(s.ID, c.id)+noBreak), txt(" "), in(kindStyle(s.Kind), padded(string(s.Kind), kindPad)+noBreak), txt(" "),
		in(dim, padded(started, timePad)+noBreak), txt(" "), in(dim, padded(took, tookPad)+noBreak),
		txt(" "+firstOf(s.Detail, "a step that this plan does not hold")))
	if (s.State == StepRunning || s.State == StepInterrupted) && !s.Until.IsZero() {
		p.row(8, strings.Repeat(" ", 6), in(m.style, p.o.waiting(s.Started, s.Until)))
	}
	for _, problem := range s.Problems {
		problem.Step = "" // it stands in the row above
		p.problem(6, problem)
	}
}

// problem is what went wrong in a zone, and when.
func (p *page) problem(indent int, f Problem) {
	m := stepMark(f.State)
	line := []span{in(m.style, m.sign(p.o)+" ")}
	if f.Zone != "" {
		line = append(line, in(bold, zonePeople(f.Zone)))
	}
	if f.Step != "" {
		line = append(line, txt(" in step "+f.Step))
	}
	if len(line) > 1 {
		line = append(line, txt(": "))
	}
	p.row(indent+2, strings.Repeat(" ", indent), append(line, txt(reason(f.Zone, f.Error)+" "), in(dim, "("+keep(p.o.clock(f.At))+")"))...)
}

// reason is an error behind its step and zone, without saying both again:
// "switch in example.org.: refused" is "refused".
func reason(zone, text string) string {
	if kind, rest, found := strings.Cut(text, " in "+zone+": "); found && zone != "" && !strings.Contains(kind, " ") {
		return rest
	}
	return text
}

// waiting says how far a wait is: "12m of 1h, ends 02:41:07 UTC".
func (o Options) waiting(from, until time.Time) string {
	if !o.Now.Before(until) {
		return "the wait of " + keep(duration(until.Sub(from))) + " is over since " + keep(o.clock(until))
	}
	return keep(duration(o.Now.Sub(from))+" of "+duration(until.Sub(from))) + ", ends " + keep(o.clock(until))
}

func (p *page) commands(list []Command) {
	if len(list) == 0 {
		return
	}
	p.heading("Next")
	pad, does := 0, 0
	for _, c := range list {
		pad, does = max(pad, lipgloss.Width(c.Command)), max(does, lipgloss.Width(c.Does))
	}
	for _, c := range list {
		if pad+does+5 > p.o.Width { // too wide for two columns
			p.whole(bold, "  "+clean(c.Command))
			p.row(6, "      ", in(dim, c.Does))
			continue
		}
		p.row(pad+4, "  ", span{padded(clean(c.Command), pad) + noBreak, bold}, in(dim, " "+c.Does))
	}
}

// RunsText writes a table of runs, in the order given: state, id, times,
// changes, and below each its zones and reason.
func RunsText(w io.Writer, runs []Run, o Options) error {
	p := newPage(o)
	if len(runs) == 0 {
		p.row(0, "", txt("No runs."))
	}
	idPad := 0
	for _, r := range runs {
		idPad = max(idPad, lipgloss.Width(r.ID))
	}
	for _, r := range runs {
		m := r.mark()
		m.word = string(r.State)
		at := r.Started
		if at.IsZero() {
			at = r.Created
		}
		p.marked(0, m, statePad, in(bold, padded(r.ID, idPad)+noBreak), txt(" "+keep(p.o.minute(at))))
		about := []string{zonesPeople(r.Zones) + ": " + summaryText(r)}
		for _, extra := range []string{r.Window.failure(), r.Window.expired(), r.Ticket, r.Reason} {
			if extra != "" {
				about = append(about, extra)
			}
		}
		p.row(statePad+3, strings.Repeat(" ", statePad+3), in(dim, strings.Join(about, p.o.dot())))
	}
	return p.writeTo(w)
}
