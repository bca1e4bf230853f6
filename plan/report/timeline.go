package report

import (
	"time"

	"charm.land/lipgloss/v2"

	"github.com/dnsplan/dnsplan/plan"
)

// timed is a step with its earliest start and end, from the start of the run.
type timed struct {
	*plan.Step
	start, end time.Duration
}

// schedule computes when each step of a plan that begins now can take place;
// open-ended ones count 0. What switches waits for the plan's change windows.
func schedule(p *plan.Plan, now time.Time) []timed {
	steps, opens := p.Steps, opening(p, now)
	out := make([]timed, len(steps))
	ends := make(map[string]time.Duration, len(steps))
	for i := range steps {
		t := timed{Step: &steps[i]}
		for _, id := range t.After {
			t.start = max(t.start, ends[id])
		}
		if t.Kind.Switches() {
			t.start = opens(t.start)
		}
		t.end = t.start + time.Duration(t.Seconds)*time.Second
		ends[t.ID] = t.end
		out[i] = t
	}
	return out
}

// opening returns what moves the start of a switch on to when the zones of the
// plan may be switched. Where they never may, it stays.
func opening(p *plan.Plan, now time.Time) func(time.Duration) time.Duration {
	set, zones := p.WindowSet(), p.ChangedZones()
	return func(start time.Duration) time.Duration {
		if p.Policy.IgnoreWindows || now.IsZero() {
			return start
		}
		next, ok := set.Next(zones, now.Add(start))
		if !ok {
			return start
		}
		return max(start, next.At.Sub(now))
	}
}

// timeline prints each step with the time at which it can start.
func (p *page) timeline(pl *plan.Plan) {
	if len(pl.Steps) == 0 {
		return
	}
	steps, lookup := schedule(pl, p.o.Now), newLookup(pl)
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
			in(kindStyle(t.Kind), padded(string(t.Kind), kindPad)), txt(" "+lookup.sentence(t.Step)+lookup.star(t.Step)))
	}
	if rest := len(steps) - len(shown); rest > 0 {
		p.row(2, "  ", txt("... and "+count(rest, "more step")))
	}
	p.total(lookup, pl.Steps, steps)
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
	if pl.Summary.Duration < 3600 && after < time.Hour {
		layout = "15:04:05 MST"
	}
	at := p.o.soon(p.o.Now.Add(after), layout)
	if after == 0 {
		return "now" + p.o.dot() + at
	}
	return "in " + duration(after) + p.o.dot() + at
}

// lasts is when the last of the steps ends.
func lasts(steps []timed) (end time.Duration) {
	for _, t := range steps {
		end = max(end, t.end)
	}
	return end
}

func (p *page) total(l lookup, steps []plan.Step, timed []timed) {
	end := lasts(timed)
	text := "Takes at least " + duration(end) + ", ends about " + keep(p.endOf(end)) + "."
	if end == 0 {
		text = "Takes no computed wait."
	}
	if more := l.onTop(steps); more != "" {
		text += " " + more
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
