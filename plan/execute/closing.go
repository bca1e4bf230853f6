package execute

import (
	"context"
	"errors"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// ErrLetGo is the cause of a context that ends closing as well, as the death of the
// process would: the run stays as it is then, and whoever resumes it goes on.
var ErrLetGo = errors.New("the run is let go of, and can be resumed")

// lettingGo is where a context has that of WithLetGo.
type lettingGo struct{}

// WithLetGo returns a context that the returned function ends with ErrLetGo, also where
// something else has ended it before; done frees it.
func WithLetGo(ctx context.Context) (both context.Context, letGo, done func()) {
	letting, end := context.WithCancelCause(context.WithoutCancel(ctx))
	both, endBoth := context.WithCancelCause(context.WithValue(ctx, lettingGo{}, letting))
	return both, func() { end(ErrLetGo); endBoth(ErrLetGo) }, func() { endBoth(nil); end(nil) }
}

// LetGo tells whether ErrLetGo has ended the context.
func LetGo(ctx context.Context) bool {
	letting, ok := ctx.Value(lettingGo{}).(context.Context)
	return errors.Is(context.Cause(ctx), ErrLetGo) || ok && errors.Is(context.Cause(letting), ErrLetGo)
}

// untilLetGo is a context that nothing ends but ErrLetGo; done frees it.
func untilLetGo(ctx context.Context) (closing context.Context, done func()) {
	closing, end := context.WithCancelCause(context.WithoutCancel(ctx))
	over := func() {
		if LetGo(ctx) {
			end(ErrLetGo)
		}
	}
	stop, stopLetting := context.AfterFunc(ctx, over), func() bool { return true }
	if letting, ok := ctx.Value(lettingGo{}).(context.Context); ok {
		stopLetting = context.AfterFunc(letting, over)
	}
	return closing, func() { stop(); stopLetting(); end(nil) }
}

// nextClosing returns the next step to take back: in the zones that failed,
// addresses first, while the TTL is still low, then TTLs.
func (s *State) nextClosing() (Action, bool) {
	if !s.anyFailed() {
		return Action{}, false
	}
	for _, pass := range []func(plan.Kind) bool{isSwitch, isTTL} {
		for i := len(s.plan.Steps) - 1; i >= 0; i-- {
			st := &s.plan.Steps[i]
			if !pass(st.Kind) {
				continue
			}
			if zones := s.toClose(st); len(zones) > 0 {
				return Action{Kind: Run, Step: st, Zones: zones, Closing: true}, true
			}
		}
	}
	return Action{}, false
}

func isSwitch(k plan.Kind) bool { return k.Writes() && !isTTL(k) }
func isTTL(k plan.Kind) bool    { return k == plan.StepLower || k == plan.StepRaise }

func (s *State) anyFailed() bool {
	return slices.ContainsFunc(s.plan.Zones, func(z plan.Zone) bool { return s.zones[z.ZoneRef].failed != nil })
}

// toClose returns the failed zones in which st left something open. A zone
// whose closing waits for a person is not among them.
func (s *State) toClose(st *plan.Step) (zones []plan.ZoneRef) {
	for _, ref := range s.index.order[st.ID] {
		z := s.zones[ref]
		if z.failed != nil && z.held == nil && !s.steps[st.ID].closed[ref] && s.leftOpen(st, ref) {
			zones = append(zones, ref)
		}
	}
	return zones
}

func (s *State) leftOpen(st *plan.Step, ref plan.ZoneRef) bool {
	return slices.ContainsFunc(s.index.byStep[st.ID][ref], func(c *plan.Change) bool {
		_, ok := s.undo(st, c)
		return ok
	})
}

// undo is the write that takes step st back for change c in a failed zone; ok
// is false when there is nothing to take back, or no one's leave to: what
// closing has left alone once, it does not touch again.
//
//	switch, proxy-*  what was not verified goes back
//	raise-ttl        what was verified, or stands, gets its TTL: it is not taken back
//	lower-ttl        all else gets its TTL back
//
// An issuance window has a rule of its own: see closing.
func (s *State) undo(st *plan.Step, c *plan.Change) (m plan.Move, ok bool) {
	if s.left(c) && (st.Kind != plan.StepRaise || !s.stands(c)) {
		return plan.Move{}, false
	}
	return s.reversal(st, c)
}

// reversal is undo for a change that closing did not leave alone.
func (s *State) reversal(st *plan.Step, c *plan.Change) (m plan.Move, ok bool) {
	if s.index.window != nil {
		return s.closing(st, c)
	}
	kept, begun := s.kept(c) || s.stands(c), s.didBegin(st, c)
	switch {
	case st.Kind == plan.StepRaise && kept && c.Raised() && !s.isDone(st, c.ZoneRef):
		return c.Move(st.Kind), true
	case kept || !begun || st.Kind == plan.StepRaise && c.Action != plan.TTL:
		return plan.Move{}, false
	}
	return c.Move(st.Kind).Inverse(), true
}

// left tells whether closing found the change's RRset in a state that it leaves
// alone, or a person has left it to someone else.
func (s *State) left(c *plan.Change) bool {
	return s.zones[c.ZoneRef].left[c.ID] || s.accepted(c)
}

// stays tells whether closing has left the new addresses where they are because they
// have replaced a CNAME, which is not dnsplan's to write.
func (s *State) stays(c *plan.Change) bool {
	z := s.zones[c.ZoneRef]
	return c.Replaces != "" && z.left[c.ID] && !z.theirs[c.ID] && !s.accepted(c)
}

// stands tells whether new addresses that stay get their TTL: where a person has
// cancelled. Where something failed they may be wrong, and are to be forgotten soon once
// someone has put that right.
func (s *State) stands(c *plan.Change) bool {
	f := s.zones[c.ZoneRef].failed
	return s.stays(c) && f != nil && f.Class == Stopped && f.Step == ""
}

// standing is what stays live of c, where closing has left it; nil where that is
// nothing, or not known.
func (s *State) standing(c *plan.Change) *zone.RRset {
	if !s.stays(c) {
		return nil
	}
	for _, st := range s.index.byChange[c.ID] {
		if _, raised := s.steps[st.ID].undone[c.ZoneRef]; !raised || st.Kind != plan.StepRaise {
			continue
		}
		if slices.ContainsFunc(s.zones[c.ZoneRef].alarms, func(a alarm) bool { return a.Step == st.ID }) {
			return nil
		}
		return c.After.RRset(c.Key)
	}
	return c.Move(plan.StepSwitch).To
}

// kept tells whether the change stands although its zone failed: its new answer
// was verified, in every zone of its group, or, for a change of the TTL alone,
// all servers have taken it. What failed to stay good while it settled does not
// stand, nor does what moves together with it.
func (s *State) kept(c *plan.Change) bool {
	f := s.zones[c.ZoneRef].failed
	made := false
	for _, st := range s.index.byChange[c.ID] {
		if s.decides(st, c) {
			made = s.isDone(st, c.ZoneRef) && (st.Group == "" || s.everywhere(st))
		}
		if st.Kind == plan.StepSettle && f != nil && f.Step == st.ID && (f.Class != Linked || c.Group != "") {
			return false
		}
	}
	return made
}

// decides tells whether a change counts as made once st is done.
func (s *State) decides(st *plan.Step, c *plan.Change) bool {
	switch {
	case c.Strategy == plan.Direct:
		return st.Kind == plan.StepSwitch
	case c.Action == plan.TTL:
		return st.Kind == plan.StepPropagate
	}
	return st.Kind == plan.StepVerify
}

func (s *State) isDone(st *plan.Step, ref plan.ZoneRef) bool {
	_, done := s.steps[st.ID].done[ref]
	return done
}
