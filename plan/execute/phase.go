package execute

import (
	"net/netip"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// Phase is how far a run is with an RRset, as name servers show it.
type Phase struct {
	// Addrs are the sets of addresses that are right now: what stood before, the
	// new ones, or either while a write is under way. An empty set is no RRset.
	Addrs [][]netip.Addr
	// TTL is the change TTL, as long as every server has it; 0 before and behind
	// that.
	TTL zone.TTL
	// Until is when the run's wait for caches ends, as it is written down; zero
	// where it waits for none at this moment.
	Until time.Time
}

// Phase returns how far the run is with one of its changes. What has failed may be
// taken back at any moment, and waits for nothing.
func (s *State) Phase(c *plan.Change) (p Phase) {
	before, after := addrsOf(c.Before.RRset(c.Key)), addrsOf(c.After.RRset(c.Key))
	p.Addrs = [][]netip.Addr{before}
	if auto := c.Before != nil && c.Before.Auto; !auto && !c.Lowered() {
		p.TTL = c.ChangeTTL
	}
	brings, failed := switches(c), s.zones[c.ZoneRef].failed != nil
	for _, st := range s.index.byChange[c.ID] {
		done := s.isDone(st, c.ZoneRef)
		switch {
		case st.Kind == plan.StepRaise && s.didBegin(st, c):
			p.TTL = 0
			return p
		case brings(st.Kind) && s.didBegin(st, c):
			p.Addrs = [][]netip.Addr{before, after}
		case failed: // it waits for nothing
		case st.Kind == plan.StepPropagate && done:
			p.TTL, p.Addrs = c.ChangeTTL, p.Addrs[len(p.Addrs)-1:]
		case st.Kind == plan.StepExpire && !done:
			p.Until = later(p.Until, s.latestOf(st))
		}
	}
	if failed {
		p.TTL = 0
	}
	return p
}

// latestOf is the latest deadline of a waiting step, whose zones move together; zero
// where none is armed.
func (s *State) latestOf(st *plan.Step) (latest time.Time) {
	for _, until := range s.steps[st.ID].until {
		latest = later(latest, until)
	}
	return latest
}
