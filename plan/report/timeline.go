package report

import (
	"time"

	"charm.land/lipgloss/v2"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// timed is a step with its earliest start and end, from the start of the run.
type timed struct {
	*plan.Step
	start, end time.Duration
}

// schedule computes when each step can take place; open-ended ones count 0.
func schedule(steps []plan.Step) []timed {
	out := make([]timed, len(steps))
	ends := make(map[string]time.Duration, len(steps))
	for i := range steps {
		t := timed{Step: &steps[i]}
		for _, id := range t.After {
			t.start = max(t.start, ends[id])
		}
		t.end = t.start + time.Duration(t.Seconds)*time.Second
		ends[t.ID] = t.end
		out[i] = t
	}
	return out
}

// openEnded tells whether how long a step takes is decided by others.
func openEnded(k plan.Kind) bool {
	switch k {
	case plan.StepGate, plan.StepPropagate, plan.StepVerify, plan.StepProbe, plan.StepCommand:
		return true
	}
	return false
}

// star marks what is open-ended.
func star(k plan.Kind) string {
	if openEnded(k) {
		return " *"
	}
	return ""
}

// timeline prints each step with the time at which it can start.
func (p *page) timeline(pl *plan.Plan) {
	if len(pl.Steps) == 0 {
		return
	}
	steps, lookup := schedule(pl.Steps), newLookup(pl)
	p.heading("Timeline, if started now (" + p.o.clock(p.o.Now) + ")")
	shown := steps[:min(len(steps), p.o.MaxSteps)]
	idPad, startPad := 2, 0
	for _, t := range shown {
		idPad = max(idPad, len(t.ID))
		startPad = max(startPad, lipgloss.Width(p.start(t.start, pl)))
	}
	for i, t := range shown {
		look := plain
		if i > 0 && t.start == shown[i-1].start {
			look = dim
		}
		p.row(2+idPad+2+startPad+2+kindPad+1, "  "+padded(t.ID, idPad)+"  ",
			in(look, padded(p.start(t.start, pl), startPad)), txt(noBreak+" "),
			in(kindStyle(t.Kind), padded(string(t.Kind), kindPad)), txt(" "+lookup.sentence(t.Step)+star(t.Kind)))
	}
	if rest := len(steps) - len(shown); rest > 0 {
		p.row(2, "  ", txt("... and "+count(rest, "more step")))
	}
	p.total(pl, steps)
}

// kindPad is the width of the column of step kinds.
const kindPad = len(plan.StepPropagate)

func kindStyle(k plan.Kind) style {
	switch {
	case k.Writes():
		return bold
	case k.Waits():
		return cyan
	}
	return plain
}

// start says when a step starts: "in 24h 5m · Tue 14:32 UTC". Plans that are
// over within the hour are told to the second.
func (p *page) start(after time.Duration, pl *plan.Plan) string {
	layout := "15:04 MST"
	if pl.Summary.Duration < 3600 {
		layout = "15:04:05 MST"
	}
	at := p.o.soon(p.o.Now.Add(after), layout)
	if after == 0 {
		return "now" + p.o.dot() + at
	}
	return "in " + duration(after) + p.o.dot() + at
}

func (p *page) total(pl *plan.Plan, steps []timed) {
	var end time.Duration
	var open bool
	for _, t := range steps {
		end, open = max(end, t.end), open || openEnded(t.Kind)
	}
	text := "Takes at least " + duration(end) + ", ends about " + keep(p.endOf(end)) + "."
	if end == 0 {
		text = "Takes no computed wait."
	}
	if open {
		text += " What servers and resolvers need to agree (*) comes on top."
	}
	p.row(2, "  ", txt(text))
}

// endOf is when a plan ends that starts now, to the second within the hour.
func (p *page) endOf(end time.Duration) string {
	if end < time.Hour {
		return p.o.clock(p.o.Now.Add(end))
	}
	return p.o.minute(p.o.Now.Add(end))
}

// lookup finds changes by id without walking the plan each time.
type lookup map[string]*plan.Change

func newLookup(p *plan.Plan) lookup {
	l := make(lookup, len(p.Changes))
	for i := range p.Changes {
		l[p.Changes[i].ID] = &p.Changes[i]
	}
	return l
}

// sentence says what a step does: "wait 24h: resolvers may hold the old TTL
// (www.example.org A)".
func (l lookup) sentence(s *plan.Step) string {
	text := s.Detail
	switch {
	case s.Kind == plan.StepLower || s.Kind == plan.StepRaise:
		text = l.ttls(s) + l.about(s)
	case s.Seconds > 0:
		text = "wait " + duration(time.Duration(s.Seconds)*time.Second) + ": " + text + l.about(s)
	case openEnded(s.Kind):
		text += l.about(s)
	}
	return text
}

// closing says what is done to take a step back.
func (l lookup) closing(s *plan.Step) string {
	switch s.Kind {
	case plan.StepLower:
		return "TTLs go back to what they were" + l.about(s)
	case plan.StepRaise:
		return "what was verified gets its TTL" + l.about(s)
	case plan.StepProxyOff, plan.StepProxyOn:
		return "the proxy goes back to what it was" + l.about(s)
	}
	return "the old values come back" + l.about(s)
}

// about names the RRset, or the group and number of RRsets, of a step that is
// not about all of them.
func (l lookup) about(s *plan.Step) string {
	switch {
	case len(s.Changes) == 0, len(s.Changes) == len(l):
		return ""
	case len(s.Changes) == 1:
		return " (" + l.names(s) + ")"
	case s.Group != "":
		return " (group " + s.Group + ", " + l.names(s) + ")"
	}
	return " (" + l.names(s) + ")"
}

// names is "www.example.org A", or "3 RRsets".
func (l lookup) names(s *plan.Step) string {
	if len(s.Changes) == 1 {
		if c := l[s.Changes[0]]; c != nil {
			return c.Name.Display() + " " + c.Type.String()
		}
	}
	return count(len(s.Changes), "RRset")
}

// ttls says "1d -> 5m", or the ranges where the RRsets of a step differ.
func (l lookup) ttls(s *plan.Step) string {
	var from, to ttlRange
	for _, id := range s.Changes {
		c := l[id]
		if c == nil || c.Before == nil && c.After == nil {
			continue
		}
		m := c.Move(s.Kind)
		if m.From != nil {
			from.add(m.From.TTL)
		}
		if m.To != nil {
			to.add(m.To.TTL)
		}
	}
	if !from.some || !to.some {
		return s.Detail
	}
	return from.String() + " -> " + to.String()
}

// ttlRange is the lowest and the highest of some TTLs.
type ttlRange struct {
	low, high zone.TTL
	some      bool
}

func (r *ttlRange) add(t zone.TTL) {
	if !r.some {
		*r = ttlRange{t, t, true}
	}
	r.low, r.high = min(r.low, t), max(r.high, t)
}

func (r ttlRange) String() string {
	if r.low == r.high {
		return ttlText(r.low, false)
	}
	return ttlText(r.low, false) + ".." + ttlText(r.high, false)
}
