package execute

import (
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// Remembered returns, for each RRset that the run has written, until when
// resolvers may hold what stood there before a write of the run:
//
//	a write      at + the highest TTL of what it replaced
//	an undo      at + the TTL of the state that was taken back
//	either       not before the plan's own Cached is over
//
// at is when the last server had taken the write, or the latest event where
// that is not known.
func (s *State) Remembered() map[plan.ZoneRef]map[zone.Key]time.Time {
	m := memory{}
	for i := range s.plan.Steps {
		st := &s.plan.Steps[i]
		if !st.Kind.Writes() {
			continue
		}
		for _, changes := range s.index.byStep[st.ID] {
			for _, c := range changes {
				if s.didBegin(st, c) {
					m.keep(c, s.taken(st, c), s.stood(st, c))
					m.keep(c, s.plan.Created, c.Cached)
				}
				s.rememberUndo(m, st, c)
			}
		}
	}
	return m
}

// memory is until when resolvers may hold what stood at an RRset.
type memory map[plan.ZoneRef]map[zone.Key]time.Time

// keep adds that resolvers may hold something for ttl from at on; 0 is nothing.
func (m memory) keep(c *plan.Change, at time.Time, ttl zone.TTL) {
	until := at.Add(ttl.Duration())
	if ttl == 0 || !until.After(m[c.ZoneRef][c.Key]) {
		return
	}
	if m[c.ZoneRef] == nil {
		m[c.ZoneRef] = map[zone.Key]time.Time{}
	}
	m[c.ZoneRef][c.Key] = until
}

// stood is the highest TTL of what the write st of c replaces: what stood there
// by itself, and, until the first wait for it, what the preflight saw.
func (s *State) stood(st *plan.Step, c *plan.Change) zone.TTL {
	move := c.Move(st.Kind)
	ttl := move.ReplacesTTL
	if move.From != nil {
		ttl = max(ttl, move.From.TTL)
	}
	if s.holdsOld(st, c) {
		ttl = max(ttl, s.Seen(c), c.Wildcard)
	}
	return ttl
}

// taken is when the write st of c had reached every server: when the step that
// makes sure of it was done, or the write itself where none does.
func (s *State) taken(st *plan.Step, c *plan.Change) time.Time {
	behind := false
	for _, other := range s.index.byChange[c.ID] {
		switch {
		case other.ID == st.ID:
			behind = true
		case behind && other.Kind == plan.StepPropagate:
			return s.doneAt(other, c.ZoneRef)
		case behind && other.Kind.Writes():
			return s.doneAt(st, c.ZoneRef)
		}
	}
	return s.doneAt(st, c.ZoneRef)
}

// doneAt is when the step was done in the zone, or the latest event.
func (s *State) doneAt(st *plan.Step, ref plan.ZoneRef) time.Time {
	if at, done := s.steps[st.ID].done[ref]; done {
		return at
	}
	return s.Last
}

// rememberUndo adds what stood there before the step was taken back. What was
// left alone since is no reason to forget it.
func (s *State) rememberUndo(m memory, st *plan.Step, c *plan.Change) {
	at, undone := s.steps[st.ID].undone[c.ZoneRef]
	if !undone {
		return
	}
	if move, ok := s.reversal(st, c); ok && move.From != nil {
		m.keep(c, at, move.From.TTL)
	}
}
