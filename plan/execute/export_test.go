package execute

import "github.com/dnsplan/dnsplan/plan"

// Undo is the write that takes the step back for the change.
func (s *State) Undo(st *plan.Step, c *plan.Change) (plan.Move, bool) { return s.undo(st, c) }

// Failed tells whether the zone is taken back, or was.
func (s *State) Failed(ref plan.ZoneRef) bool { return s.zones[ref].failed != nil }
