package execute

import (
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// Outcome is how a run stands.
type Outcome string

// The outcomes.
const (
	// OutcomeDone: every change was made. What failed on the way and was put
	// right, such as a TTL that only closing could raise, is in the Failures.
	OutcomeDone Outcome = "done"
	// OutcomeFailed: something failed, and what could be taken back was.
	OutcomeFailed Outcome = "failed"
	// OutcomeCancelled: a person stopped the run, and what was open was closed.
	OutcomeCancelled Outcome = "cancelled"
	// OutcomeHeld: the run waits for a person.
	OutcomeHeld Outcome = "held"
	// OutcomeInterrupted: the process stopped; the run can be resumed.
	OutcomeInterrupted Outcome = "interrupted"
	// OutcomeOpen: the issuance window of a hook is open, and no process is needed
	// until it is told to close.
	OutcomeOpen Outcome = "open"
	// OutcomeRunning: none of these yet.
	OutcomeRunning Outcome = "running"
)

// Made says what became of one change.
type Made string

// What became of a change.
const (
	// Applied: live is as desired, and that was verified.
	Applied Made = "applied"
	// RolledBack: it was written, and the old values and TTL are back.
	RolledBack Made = "rolled back"
	// NotApplied: nothing of it was written.
	NotApplied Made = "not applied"
	// Left: someone else has set the RRset while the run waited, and a person has
	// left it so.
	Left Made = "left"
	// Closed: the proxy was off for an issuance window, and is on again.
	Closed Made = "closed"
	// LeftOpen: it was written in part, and someone has to look.
	LeftOpen Made = "left open"
	// Pending: its steps are not through.
	Pending Made = "pending"
)

// ChangeResult is what became of one change.
type ChangeResult struct {
	Change *plan.Change
	Made   Made
	// Written says that a step which writes it was begun.
	Written bool
	// Switching says that the step which brings the new state was begun.
	Switching bool
	// Live is when the new state was written; zero when it never was.
	Live time.Time
	// Closed is when the proxy was on again, in an issuance window; zero until then.
	Closed time.Time
	// Stays is what stays live of a change that was left open because it could not be
	// taken back; nil where that is not known.
	Stays *zone.RRset
	// Early and Handed are those of the window, for this change.
	Early, Handed bool
	// Error is why it was not applied, where no failure in the Result says so:
	// its group failed in another zone, or a person cancelled. The failure of
	// its own zone is told once, in the Failures, and not for each change.
	Error string
	// VerifiedBy are the servers that gave the new answer.
	VerifiedBy []string
	// VerifiedAt is when they had all given it; zero when nobody has.
	VerifiedAt time.Time
}

// Result is how a run stands, for people and for the change log.
type Result struct {
	Run     string
	Outcome Outcome
	// Partly says that something was applied, or left open, while something
	// else was not: a person has to look.
	Partly  bool
	Changes []ChangeResult
	// Failures are the zones' own failures, in the plan's order, without those
	// that only follow from another.
	Failures []ZoneFailure
	// Backups are the paths of the zones' copies.
	Backups []string
	// Window is how the issuance window stands; nil in runs of other plans.
	Window *WindowResult
	At     time.Time
}

// ZoneFailure is a failure, a hold or an alarm in one zone.
type ZoneFailure struct {
	Zone plan.ZoneRef
	Failure
}

// Result sums the state up.
func (s *State) Result() Result {
	r := Result{Run: s.plan.ID, At: s.Last, Window: s.windowResult()}
	counts := map[Made]int{}
	for i := range s.plan.Changes {
		c := &s.plan.Changes[i]
		cr := ChangeResult{Change: c, Made: s.made(c), Written: s.begun(c, plan.Kind.Writes), Switching: s.begun(c, switches(c)), Live: s.live(c), Stays: s.standing(c), VerifiedBy: s.zones[c.ZoneRef].verifiedBy, VerifiedAt: s.zones[c.ZoneRef].verifiedAt}
		if f := s.zones[c.ZoneRef].failed; f != nil && cr.Made != Applied && (f.Class == Linked || f.Class == Stopped) {
			cr.Error = f.Error
		}
		if cr.Made == Closed {
			cr.Closed, cr.Early, cr.Handed = s.closedAt(c.ZoneRef), s.zones[c.ZoneRef].early[c.ID], s.zones[c.ZoneRef].handed[c.ID]
		}
		counts[cr.Made]++
		r.Changes = append(r.Changes, cr)
	}
	for _, z := range s.plan.Zones {
		r.addZone(z.ZoneRef, s.zones[z.ZoneRef])
	}
	settled := counts[Applied] + counts[Left]
	if r.Window != nil && r.Window.Expired {
		settled += counts[Closed] // an end like another
	}
	r.Outcome = s.outcome(settled == len(r.Changes))
	r.Partly = counts[LeftOpen] > 0 || counts[Applied] > 0 && settled < len(r.Changes)
	return r
}

func (r *Result) addZone(ref plan.ZoneRef, z *zoneState) {
	if z.backup != "" {
		r.Backups = append(r.Backups, z.backup)
	}
	for _, f := range []*Failure{z.failed, z.held} {
		if f != nil && f.Class != Linked {
			r.Failures = append(r.Failures, ZoneFailure{ref, *f})
		}
	}
	for _, a := range z.alarms {
		r.Failures = append(r.Failures, ZoneFailure{ref, a.Failure})
	}
}

// outcome is how the run stands; all says that every change is applied.
func (s *State) outcome(all bool) Outcome {
	switch {
	case !s.Ended && s.anyHeld():
		return OutcomeHeld
	case !s.Ended && s.waitsForClose():
		return OutcomeOpen
	case !s.Ended && s.Interrupted:
		return OutcomeInterrupted
	case !s.Ended:
		return OutcomeRunning
	case s.Cancelled:
		return OutcomeCancelled
	case s.anyFailed() && !all:
		return OutcomeFailed
	}
	return OutcomeDone
}

// made says what became of c.
func (s *State) made(c *plan.Change) Made {
	m := s.madeOf(c)
	if s.index.window != nil && (m == Applied || m == RolledBack) {
		return Closed
	}
	return m
}

// madeOf is made of a change that stays.
func (s *State) madeOf(c *plan.Change) Made {
	z := s.zones[c.ZoneRef]
	done, started, closed := s.progressOf(c)
	alarmed := s.alarmed(c)
	switch {
	case s.accepted(c):
		return Left
	case z.failed == nil && done:
		return Applied
	case z.failed == nil:
		return Pending
	case s.kept(c) && closed && !alarmed:
		return Applied
	case !started:
		return NotApplied
	case !closed || alarmed:
		return LeftOpen
	case !s.wrote(c):
		return NotApplied
	}
	return RolledBack
}

// wrote tells whether a write of c has landed.
func (s *State) wrote(c *plan.Change) bool {
	for _, st := range s.index.byChange[c.ID] {
		if _, done := s.didEnd(st, c); st.Kind.Writes() && (done || s.steps[st.ID].landed[c.ID]) {
			return true
		}
	}
	return false
}

// progressOf tells whether all steps of c are done, whether a write of it was
// begun, and whether none of its writes is to be taken back.
func (s *State) progressOf(c *plan.Change) (done, started, closed bool) {
	done, closed = true, true
	for _, st := range s.index.byChange[c.ID] {
		ss := s.steps[st.ID]
		done = done && s.isDone(st, c.ZoneRef)
		if st.Kind.Writes() {
			_, open := s.undo(st, c)
			started = started || ss.started[c.ZoneRef]
			closed = closed && (ss.closed[c.ZoneRef] || !open)
		}
	}
	return done, started, closed
}

// begun tells whether a step of c of some kind was begun.
func (s *State) begun(c *plan.Change, of func(plan.Kind) bool) bool {
	for _, st := range s.index.byChange[c.ID] {
		if of(st.Kind) && s.didBegin(st, c) {
			return true
		}
	}
	return false
}

// switches tells the kinds of steps that bring the new state of c: any that
// writes, but for the lowering of a change that is not about the TTL alone.
func switches(c *plan.Change) func(plan.Kind) bool {
	return func(k plan.Kind) bool { return k.Writes() && (k != plan.StepLower || c.Action == plan.TTL) }
}

// live returns when the write that brings the new state of c was done, or was
// begun, where all that is known is that it has landed.
func (s *State) live(c *plan.Change) time.Time {
	brings := switches(c)
	for _, st := range s.index.byChange[c.ID] {
		if !brings(st.Kind) {
			continue
		}
		if at, done := s.didEnd(st, c); done {
			return at
		}
		if s.steps[st.ID].landed[c.ID] {
			return s.steps[st.ID].begun[c.ZoneRef]
		}
	}
	return time.Time{}
}

// LeftOpen tells whether something was written and could not be taken back.
func (r Result) LeftOpen() bool {
	return slices.ContainsFunc(r.Changes, func(c ChangeResult) bool { return c.Made == LeftOpen })
}

// alarmed tells whether closing left the change's RRset alone, or could not
// close one of its steps at all.
func (s *State) alarmed(c *plan.Change) bool {
	if s.left(c) {
		return true
	}
	for _, a := range s.zones[c.ZoneRef].alarms {
		if !a.whole {
			continue
		}
		st, known := s.index.steps[a.Step]
		if !known || !slices.Contains(s.index.byChange[c.ID], st) {
			continue
		}
		if _, ours := s.undo(st, c); ours {
			return true
		}
	}
	return false
}
