package execute

import (
	"context"
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
//	the command fails            nothing: the steps go on, to its end
//
// Turning the proxy on is never taken back. No zone waits for a person, but where
// closing does not get through.

// WindowResult is how the issuance window of a run stands.
type WindowResult struct {
	Names []zone.Name
	// Opened is when the write that turns the proxy off was begun; zero when it
	// never was.
	Opened time.Time
	// Deadline is when the window closes at the latest; zero before Opened.
	Deadline time.Time
	// Ready is when a certificate authority sees the origin, on all names; zero
	// until then.
	Ready time.Time
	// Closed is when every proxy was on again; zero until then, and where one could
	// not be turned on.
	Closed time.Time
	// Command is what is known of the command; nil where it was not begun.
	Command *CommandResult
}

// Open tells whether a proxy is off, or may be.
func (w *WindowResult) Open() bool { return !w.Opened.IsZero() && w.Closed.IsZero() }

// CommandResult is what is known of an issuance window's command.
type CommandResult struct {
	Begun time.Time
	// Ended is when it had ended; zero where it was ended with its window, or died
	// with its process.
	Ended time.Time
	// Code is its exit code, once it has ended.
	Code int
}

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

// closedAt is when the proxy of the zone was on again; zero until then.
func (s *State) closedAt(ref plan.ZoneRef) time.Time {
	w := s.index.window
	if at, done := s.steps[w.on.ID].done[ref]; done {
		return at
	}
	for _, c := range s.index.byZone[ref] {
		if s.alarmed(c) {
			return time.Time{}
		}
	}
	return s.steps[w.off.ID].undone[ref]
}

// windowResult sums an issuance window up; nil in other runs.
func (s *State) windowResult() *WindowResult {
	if s.plan.Window == nil {
		return nil
	}
	r := &WindowResult{Names: s.plan.Window.Names, Opened: s.opened(), Command: s.command}
	if r.Opened.IsZero() {
		return r
	}
	w := s.index.window
	r.Deadline = r.Opened.Add(time.Duration(s.plan.Window.Deadline) * time.Second)
	all := true
	for ref := range s.steps[w.off.ID].begun {
		at := s.closedAt(ref)
		all = all && !at.IsZero()
		r.Closed = later(r.Closed, at)
	}
	if !all {
		r.Closed = time.Time{}
	}
	r.Ready = s.readyAt()
	return r
}

// readyAt is when the last step before the command was done in all zones; zero
// until then.
func (s *State) readyAt() (at time.Time) {
	before := s.index.steps[s.index.window.command.After[0]]
	if !s.everywhere(before) {
		return time.Time{}
	}
	for _, t := range s.steps[before.ID].done {
		at = later(at, t)
	}
	return at
}

// learnCommand takes in an event of the command's step.
func (s *State) learnCommand(e journal.Event, f facts) {
	if w := s.index.window; w == nil || e.Step != w.command.ID || e.Undo {
		return
	}
	switch {
	case e.Kind == journal.Start && s.command == nil:
		s.command = &CommandResult{Begun: e.At}
	case e.Kind == journal.Failed && f.Class == Refused:
		s.command = nil // it could not be started
	case e.Kind == journal.Done && s.command != nil && f.Code != nil && s.command.Ended.IsZero():
		s.command = &CommandResult{Begun: s.command.Begun, Ended: e.At, Code: *f.Code}
	}
}

// command runs the command of an issuance window, once for all zones of the step.
func (r *Runner) command(ctx context.Context, a Action, s *State) ([]journal.Event, error) {
	w := &work{Runner: r, action: a, state: s, ref: a.Zones[0], step: a.Step}
	w.tell(Progress{Doing: "running " + r.Plan.Window.Command, Deadline: a.Limit})
	f, err := w.commanded(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err() // no outcome: the window closes
	}
	out := make([]journal.Event, len(a.Zones))
	for i, ref := range a.Zones {
		out[i] = w.event(f, err)
		out[i].Zone = ref.String()
	}
	return out, nil
}

func (w *work) commanded(ctx context.Context) (facts, error) {
	if w.Commander == nil {
		return facts{}, failf(Refused, "run %s: nothing here can run a command", w.Plan.Window.Command)
	}
	code, err := w.Commander.Command(ctx)
	if err != nil {
		return facts{}, failf(Refused, "run %s: %w", w.Plan.Window.Command, err)
	}
	return facts{Code: &code}, nil
}
