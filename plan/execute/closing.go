package execute

import "github.com/dnsplan/dnsplan/plan"

// nextClosing returns the next step to take back: in the zones that failed,
// addresses first, while the TTL is still low, then TTLs.
func (s *State) nextClosing() (Action, bool) {
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

// toClose returns the failed zones in which st left something open. A zone
// whose closing waits for a person is not among them.
func (s *State) toClose(st *plan.Step) (zones []plan.ZoneRef) {
	for _, ref := range s.index.order[st.ID] {
		z := s.zones[ref]
		if z.failed != nil && z.held == nil && !s.steps[st.ID].closed[ref] && len(s.ClosingMoves(st, ref)) > 0 {
			zones = append(zones, ref)
		}
	}
	return zones
}

// ClosingMoves are the writes that take step st back in a failed zone.
//
//	switch, proxy-*  what was not verified goes back
//	raise-ttl        what was verified gets its TTL: it is not taken back
//	lower-ttl        all else gets its TTL back
func (s *State) ClosingMoves(st *plan.Step, ref plan.ZoneRef) (moves []plan.Move) {
	for _, c := range s.index.byStep[st.ID][ref] {
		kept := s.kept(c)
		switch {
		case st.Kind == plan.StepRaise && kept && c.Raised() && !s.isDone(st, ref):
			moves = append(moves, c.Move(st.Kind))
		case st.Kind == plan.StepRaise && !kept && s.steps[st.ID].started && c.Action == plan.TTL:
			moves = append(moves, c.Move(st.Kind).Inverse())
		case st.Kind != plan.StepRaise && !kept && s.steps[st.ID].started:
			moves = append(moves, c.Move(st.Kind).Inverse())
		}
	}
	return moves
}

// kept tells whether the change stands although its zone failed: its new answer
// was verified, or, for a change of the TTL alone, all servers have taken it.
// What failed to stay good while it settled does not stand.
func (s *State) kept(c *plan.Change) bool {
	f := s.zones[c.ZoneRef].failed
	made := false
	for _, st := range s.index.byChange[c.ID] {
		if s.decides(st, c) {
			made = s.isDone(st, c.ZoneRef)
		}
		if st.Kind == plan.StepSettle && f != nil && f.Step == st.ID {
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
