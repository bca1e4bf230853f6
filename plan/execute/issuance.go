package execute

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// The run of an issuance window (plan.Window) is open while the proxy is off, and
// whatever happens to it then closes it:
//
//	a step fails in a zone       the proxies of all zones go on again
//	someone else sets an RRset   the same; theirs stays, an alarm
//	the deadline passes          the same; what is under way is ended
//	cancel, or a signal          the same
//	resume                       the same: the process has died, and the command is
//	                             not begun late or twice; but a hook's window that is
//	                             ready goes on, to its end
//	the command fails            nothing: the steps go on, to their end
//
// Turning the proxy on is never taken back. No zone waits for a person, but where
// closing does not get through.

// windowSteps are the steps of an issuance window that decide.
type windowSteps struct {
	off, command, on *plan.Step
	// until are the steps before the proxy goes on again: those that the deadline
	// ends.
	until map[string]bool
}

func newWindowSteps(p *plan.Plan) *windowSteps {
	if p.Window == nil || p.Empty() {
		return nil
	}
	w := &windowSteps{until: map[string]bool{}}
	for i := range p.Steps {
		st := &p.Steps[i]
		switch st.Kind {
		case plan.StepProxyOff:
			w.off = st
		case plan.StepCommand:
			w.command = st
		case plan.StepProxyOn:
			w.on = st
		}
		if w.on == nil && w.off != nil {
			w.until[st.ID] = true
		}
	}
	return w
}

// opened is when the write that turns the proxy off was first begun.
func (s *State) opened() (at time.Time) {
	w := s.index.window
	if w == nil {
		return time.Time{}
	}
	for _, t := range s.steps[w.off.ID].begun {
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	return at
}

// limit is when st is to be given up, where it is to be done in the window; zero
// in other steps.
func (s *State) limit(st *plan.Step, now time.Time) time.Time {
	w := s.index.window
	if w == nil || !w.until[st.ID] || s.released {
		return time.Time{}
	}
	if at := s.opened(); !at.IsZero() {
		now = at
	}
	return now.Add(time.Duration(s.plan.Window.Deadline) * time.Second)
}

// inWindow says what to do with a step of an issuance window, where that is not
// what is done with any.
func (s *State) inWindow(st *plan.Step, open []plan.ZoneRef, now time.Time) (Action, bool) {
	w := s.index.window
	if w == nil {
		return Action{}, false
	}
	begun := s.startedIn(st, open)
	limit := s.limit(st, now)
	switch {
	case !limit.IsZero() && !now.Before(limit):
		return Action{Kind: GiveUp, Step: st, Zones: open, Why: s.late(st, begun)}, true
	case st.ID != w.command.ID:
		return Action{}, false
	case s.released:
		return Action{Kind: Pass, Step: st, Zones: open}, true
	case s.plan.Window.Hook:
		return Action{Kind: Hold}, true
	case begun:
		return Action{Kind: GiveUp, Step: st, Zones: open, Why: s.plan.Window.Command + " was begun and then stopped, and it is not begun twice"}, true
	}
	return Action{Kind: Run, Step: st, Zones: open}, true
}

// late says what the deadline has come before.
func (s *State) late(st *plan.Step, begun bool) string {
	w := s.plan.Window
	passed := "the deadline of the issuance window (" + zone.FormatDuration(time.Duration(w.Deadline)*time.Second) + ") has passed before "
	switch {
	case st.Kind == plan.StepProbe:
		return passed + "the origin had answered a challenge: nothing was run"
	case st.Kind != plan.StepCommand:
		return passed + "a certificate authority could see the origin: nothing was run"
	case w.Hook:
		return passed + "it was told to close"
	case begun:
		return passed + w.Command + " had ended: it was stopped"
	}
	return passed + w.Command + " was begun: it was not run"
}

// GivenUp are the events of a GiveUp.
func GivenUp(a Action) ([]journal.Event, error) {
	data, err := json.Marshal(facts{Class: Late})
	if err != nil {
		return nil, fmt.Errorf("write down that step %s is given up: %w", a.Step.ID, err)
	}
	out := make([]journal.Event, len(a.Zones))
	for i, ref := range a.Zones {
		out[i] = journal.Event{Kind: journal.Failed, Step: a.Step.ID, Zone: ref.String(), Error: a.Why, Data: data}
	}
	return out, nil
}

// ready tells whether all that comes before the command is done, and nothing has
// failed.
func (s *State) ready() bool {
	w := s.index.window
	return w != nil && !s.anyFailed() && s.first < len(s.plan.Steps) && s.plan.Steps[s.first].ID == w.command.ID
}

// waitsForClose tells whether a hook's window is open, and nothing is to be done
// until it is told to close.
func (s *State) waitsForClose() bool {
	return s.plan.Window != nil && s.plan.Window.Hook && s.ready() && !s.released
}

// resumeWindow is what resuming does to an issuance window. Where the proxy is on
// its way back already that goes on, and what is late is given up by Next.
func (s *State) resumeWindow(at time.Time) {
	w := s.index.window
	if w == nil {
		return
	}
	if s.waitsForClose() {
		s.released = at.Before(s.limit(w.command, at))
		return
	}
	for _, ref := range s.index.order[w.on.ID] {
		if s.zones[ref].failed == nil && !s.steps[w.on.ID].started[ref] {
			s.Cancelled = true
			s.orphan()
			s.zones[ref].failed = &Failure{Class: Stopped, Error: "its process has ended, and an issuance window does not go on without it", At: at}
		}
	}
}

// failWindow fails the zones of an issuance window together with one that failed,
// but for those in which the proxy is on again.
func (s *State) failWindow(ref plan.ZoneRef, f Failure) {
	w := s.index.window
	if w == nil {
		return
	}
	for _, other := range s.index.order[w.on.ID] {
		if s.zones[other].failed == nil && !s.isDone(w.on, other) {
			s.zones[other].failed, s.zones[other].held = &Failure{
				Step: f.Step, Class: Linked, At: f.At,
				Error: "the issuance window is one for all its zones, and " + ref.String() + " failed",
			}, nil
		}
	}
}

// closing is the write that closes an issuance window for c, as the taking back of
// st: the one that turns the proxy on again, unless that was done.
func (s *State) closing(st *plan.Step, c *plan.Change) (m plan.Move, ok bool) {
	if st.Kind != plan.StepProxyOff || !s.didBegin(st, c) || s.isDone(s.index.window.on, c.ZoneRef) {
		return plan.Move{}, false
	}
	return c.Move(st.Kind).Inverse(), true
}

// shuts tells whether the step closes an issuance window. It is preceded by a look,
// because comments are put back as live has them by then: see plan.Unmarked.
func (w *work) shuts() bool { return w.Plan.Window != nil && w.step.Kind == plan.StepProxyOn }

// slowed tells whether an issuance window finds what it is to close as it has left
// it but for the TTL, which someone has set meanwhile. That goes as the proxy comes:
// the proxy has a TTL of its own.
func (w *work) slowed(live zone.RRset, ok bool, m plan.Move) bool {
	if w.Plan.Window == nil || !ok || live.Foreign != "" || m.From == nil || m.To == nil || !m.To.Proxied {
		return false
	}
	return !live.Proxied && !m.From.Proxied && live.SameValues(*m.From)
}
