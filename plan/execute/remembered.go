package execute

import (
	"net/netip"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// Held is what resolvers may still hold of an RRset: what stood there before a
// write of the run.
type Held struct {
	// Addrs are its addresses, in ascending order, or those of a wildcard that
	// answered in its place; none where they are not known.
	Addrs []netip.Addr
	// Proxied says that resolvers hold a proxy's addresses in place of these.
	Proxied bool
	// Until is when the last of them has forgotten it, without the Margin.
	Until time.Time
}

// Held returns, for each RRset that the run has written, what resolvers may hold of
// it, in the order of the writes:
//
//	a write      at + the highest TTL of what it replaced
//	an undo      at + the TTL of the state that was taken back
//
// at is when the last server had taken the write, or the latest event where
// that is not known. What leaves nothing behind is not among them.
func (s *State) Held() map[plan.ZoneRef]map[zone.Key][]Held {
	m := map[plan.ZoneRef]map[zone.Key][]Held{}
	s.eachWrite(func(st *plan.Step, c *plan.Change) {
		held := s.heldOf(st, c)
		if len(held) == 0 {
			return
		}
		if m[c.ZoneRef] == nil {
			m[c.ZoneRef] = map[zone.Key][]Held{}
		}
		m[c.ZoneRef][c.Key] = append(m[c.ZoneRef][c.Key], held...)
	})
	return m
}

// Remembered returns, for each RRset that the run has written, until when
// resolvers may hold what stood there before: the latest of Held, and not before
// the plan's own Cached is over.
func (s *State) Remembered() map[plan.ZoneRef]map[zone.Key]time.Time {
	m := map[plan.ZoneRef]map[zone.Key]time.Time{}
	keep := func(c *plan.Change, until time.Time) {
		if m[c.ZoneRef] == nil {
			m[c.ZoneRef] = map[zone.Key]time.Time{}
		}
		m[c.ZoneRef][c.Key] = later(until, m[c.ZoneRef][c.Key])
	}
	s.eachWrite(func(st *plan.Step, c *plan.Change) {
		for _, h := range s.heldOf(st, c) {
			keep(c, h.Until)
		}
		if c.Cached > 0 && s.didBegin(st, c) {
			keep(c, s.plan.Created.Add(c.Cached.Duration()))
		}
	})
	return m
}

// eachWrite calls do for each write of each change, in the plan's order.
func (s *State) eachWrite(do func(*plan.Step, *plan.Change)) {
	for i := range s.plan.Steps {
		st := &s.plan.Steps[i]
		if !st.Kind.Writes() {
			continue
		}
		for _, ref := range s.index.order[st.ID] {
			for _, c := range s.index.byStep[st.ID][ref] {
				do(st, c)
			}
		}
	}
}

// heldOf is what resolvers may hold because of the write st of c: what it has
// replaced, and what was there before it was taken back.
func (s *State) heldOf(st *plan.Step, c *plan.Change) (out []Held) {
	if s.didBegin(st, c) {
		if ttl := s.stood(st, c); ttl > 0 {
			h := heldBy(c.Move(st.Kind).From, s.taken(st, c), ttl)
			if h.Addrs == nil {
				h.Addrs = c.WildcardValues
			}
			out = append(out, h)
		}
	}
	at, undone := s.steps[st.ID].undone[c.ZoneRef]
	if !undone {
		return out
	}
	// What was left alone since is no reason to forget it.
	if move, ok := s.reversal(st, c); ok && move.From != nil && move.From.TTL > 0 {
		out = append(out, heldBy(move.From, at, move.From.TTL))
	}
	return out
}

// heldBy is an RRset that resolvers may hold for ttl from at on; nil is one that is
// not known.
func heldBy(r *zone.RRset, at time.Time, ttl zone.TTL) Held {
	h := Held{Until: at.Add(ttl.Duration())}
	if r != nil {
		h.Addrs, h.Proxied = r.Addrs, r.Proxied
	}
	return h
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
