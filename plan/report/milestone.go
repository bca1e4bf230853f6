package report

import (
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/dnsplan/dnsplan/plan"
)

// Milestone is a moment of a run that certificates depend on, and when it was
// reached, or will be.
type Milestone struct {
	Name  plan.MilestoneName `json:"name"`
	Group string             `json:"group,omitempty"`
	At    time.Time          `json:"at"`
	// Detail says what makes it so.
	Detail string `json:"detail"`
}

// label is how lines name it: "ca-ready (group web)".
func label(name plan.MilestoneName, group string) string {
	if group == "" {
		return string(name)
	}
	return string(name) + " (group " + group + ")"
}

// milestones are those of which the time is known: the step that they follow is
// done in every zone that they are about, and nothing there was taken back.
func (l *ledger) milestones() (out []Milestone) {
	for i := range l.plan.Milestones {
		m := &l.plan.Milestones[i]
		if at, ok := l.reached(m); ok {
			out = append(out, Milestone{Name: m.Name, Group: m.Group, At: at, Detail: m.Detail})
		}
	}
	return out
}

func (l *ledger) reached(m *plan.Milestone) (at time.Time, ok bool) {
	step := l.byKey[entryKey{step: m.After}]
	if step == nil {
		return at, false
	}
	for _, id := range m.Changes {
		c := l.lookup.changes[id]
		if c == nil {
			return at, false
		}
		done, ok := step.done[c.ZoneRef.String()]
		if !ok || l.failed[c.ZoneRef.String()] {
			return at, false
		}
		if done.After(at) {
			at = done
		}
	}
	return at.Add(time.Duration(m.Seconds) * time.Second), true
}

// fresh are the milestones of which the time is known since the last call.
func (n *nowState) fresh() (out []Milestone) {
	if n.ledger.plan != n.plan || len(n.plan.Milestones) == 0 {
		return nil
	}
	for _, m := range n.ledger.milestones() {
		if key := label(m.Name, m.Group); !n.told[key] {
			if n.told == nil {
				n.told = map[string]bool{}
			}
			n.told[key] = true
			out = append(out, m)
		}
	}
	return out
}

// milestoneText says "ca-ready at 06:01:04 UTC: all authoritative servers agree".
func (n *nowState) milestoneText(m Milestone) string {
	return stepMark(StepDone).sign(n.o) + " " + label(m.Name, m.Group) + " at " + n.o.clock(m.At) + ": " + m.Detail
}

func (f *plainFace) milestone(n *nowState, m Milestone) []byte { return f.say(n, n.milestoneText(m)) }

func (f *liveFace) milestone(n *nowState, m Milestone) []byte {
	p := newPage(n.o)
	sign, text, _ := strings.Cut(n.milestoneText(m), " ")
	p.row(4, "", in(dim, n.o.clock(n.o.Now)+" "), in(stepMark(StepDone).style, sign), txt(" "+text))
	return f.redraw(n, p.out.Bytes())
}

func (f *streamFace) milestone(n *nowState, m Milestone) []byte {
	return f.behindBegin(n, jsonLine(streamEvent{
		Type: "milestone", Time: n.o.Now.UTC(), Run: n.run, Milestone: m.Name, Group: m.Group, Until: m.At.UTC(), Message: m.Detail,
	}))
}

// reachedAt lists milestones with their times.
func (p *page) reachedAt(list []Milestone) {
	if len(list) == 0 {
		return
	}
	p.heading("Certificates")
	pad := 0
	for _, m := range list {
		pad = max(pad, lipgloss.Width(label(m.Name, m.Group)))
	}
	for _, m := range list {
		p.row(pad+4, "  ", in(bold, padded(label(m.Name, m.Group), pad)+noBreak), txt(" "+keep(p.o.clock(m.At))+p.o.dot()+m.Detail))
	}
}

// milestones prints when certificates can be issued if the plan starts now.
func (p *page) milestones(pl *plan.Plan) {
	if len(pl.Milestones) == 0 {
		return
	}
	list, pad := expected(pl, p.o.Now), 0
	p.heading("Certificates, if started now")
	for _, m := range list {
		pad = max(pad, lipgloss.Width(label(m.Name, m.Group)))
	}
	for _, m := range list {
		p.row(pad+4, "  ", in(bold, padded(label(m.Name, m.Group), pad)+noBreak), txt(" "+keep(p.start(m.after, pl))+": "+m.Detail))
	}
}

// awaited is a milestone with the least time that it takes.
type awaited struct {
	*plan.Milestone
	after time.Duration
}

// expected are a plan's milestones, from its start now.
func expected(p *plan.Plan, now time.Time) (out []awaited) {
	ends := map[string]time.Duration{}
	for _, t := range schedule(p, now) {
		ends[t.ID] = t.end
	}
	for i := range p.Milestones {
		m := &p.Milestones[i]
		out = append(out, awaited{m, ends[m.After] + time.Duration(m.Seconds)*time.Second})
	}
	return out
}

// milestones are lines below the timeline.
func (m *markdown) milestones(p *plan.Plan) {
	if len(p.Milestones) == 0 {
		return
	}
	m.lines("Certificates can be issued at the new addresses:", "")
	for i, a := range expected(p, m.o.Now) {
		if i == m.most {
			m.lines("- … and " + number(len(p.Milestones)-i) + " more")
			break
		}
		m.lines("- **" + cell(label(a.Name, a.Group)) + "** after " + duration(a.after) + ": " + cell(a.Detail))
	}
	m.lines("")
}
