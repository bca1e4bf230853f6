package execute

import (
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// Kind says what an engine is to do.
type Kind uint8

// The kinds of actions.
const (
	// Run the step in Zones. The outcome is a done, failed or hold event for
	// each zone.
	Run Kind = iota + 1
	// Arm the waits: write a wait event for each of Waits.
	Arm
	// Sleep until Until, then ask again.
	Sleep
	// Pass the wait: write a done event for each of Zones.
	Pass
	// GiveUp the step: write GivenUp.
	GiveUp
	// Hold: nothing can be done until a person decides.
	Hold
	// Finish: everything is done that can be; write the end event.
	Finish
	// Nothing: the run has ended.
	Nothing
)

// Action is what an engine is to do next.
type Action struct {
	Kind  Kind
	Step  *plan.Step
	Zones []plan.ZoneRef
	// Closing says that Step is to be taken back, not done.
	Closing bool
	// Again says that Step was begun before in one of Zones, and did not end.
	Again bool
	// Waits are deadlines, parallel to Zones.
	Waits []time.Time
	// Until is the latest of the deadlines that are waited for. Set in a Run, the
	// step watches until then.
	Until time.Time
	// Limit is when the action is to be broken off, by the end of its context; zero
	// is never.
	Limit time.Time
	// Why says why the step is given up.
	Why string
}

// Margin is added to each computed wait for caches.
const Margin = plan.Margin

// Next says what to do, given what has happened. It is pure.
//
//	a zone has failed and is not yet taken back:  take it back, before all else
//	a step is not done in a zone that is well:    do it (the first such step)
//	the step waits:                               arm, sleep, then pass or check;
//	                                              watch, where services have probes
//	the step switches, outside the windows:       arm, sleep, then do it
//	a step of an issuance window is late:         give it up; see issuance.go
//	only zones that wait for a person, and those
//	that move together with one, are left:        hold
//	nothing is left:                              finish
func Next(p *plan.Plan, s *State, now time.Time) Action {
	if s.Ended {
		return Action{Kind: Nothing}
	}
	if a, ok := s.nextClosing(); ok {
		return a
	}
	beside := s.besideHeld()
	for i := s.first; i < len(p.Steps); i++ {
		st := &p.Steps[i]
		open := s.open(st, beside)
		if len(open) == 0 {
			continue
		}
		a := s.step(st, open, now)
		a.Limit = s.limit(st, now)
		return a
	}
	if s.anyHeld() {
		return Action{Kind: Hold}
	}
	return Action{Kind: Finish}
}

// step says what to do with a step that is not done in the open zones.
func (s *State) step(st *plan.Step, open []plan.ZoneRef, now time.Time) Action {
	if a, ours := s.inWindow(st, open, now); ours {
		return a
	}
	if st.Kind.Waits() {
		return s.wait(st, open, now)
	}
	if a, shut := s.outside(st, open, now); shut {
		return a
	}
	return Action{Kind: Run, Step: st, Zones: open, Again: s.startedIn(st, open)}
}

// open returns the zones in which st is still to be done, without those beside
// a held one.
func (s *State) open(st *plan.Step, beside map[plan.ZoneRef]bool) (open []plan.ZoneRef) {
	for _, ref := range s.index.order[st.ID] {
		z := s.zones[ref]
		if _, done := s.steps[st.ID].done[ref]; !done && z.failed == nil && z.held == nil && !beside[ref] {
			open = append(open, ref)
		}
	}
	return open
}

func (s *State) startedIn(st *plan.Step, zones []plan.ZoneRef) bool {
	return slices.ContainsFunc(zones, func(ref plan.ZoneRef) bool { return s.steps[st.ID].started[ref] })
}

// wait takes a waiting step through arming, sleeping and passing. Its zones
// move together: the latest deadline counts for all.
func (s *State) wait(st *plan.Step, open []plan.ZoneRef, now time.Time) Action {
	arm := Action{Kind: Arm, Step: st}
	var latest time.Time
	for _, ref := range open {
		until, armed := s.steps[st.ID].until[ref]
		if !armed {
			arm.Zones = append(arm.Zones, ref)
			arm.Waits = append(arm.Waits, s.deadline(st, ref, now))
		}
		latest = later(latest, until)
	}
	switch {
	case len(arm.Zones) > 0:
		return arm
	case now.Before(latest) && s.index.watched[st.ID]:
		return Action{Kind: Run, Step: st, Zones: open, Until: latest}
	case now.Before(latest):
		return Action{Kind: Sleep, Step: st, Zones: open, Until: latest}
	case st.Kind == plan.StepSettle:
		return Action{Kind: Run, Step: st, Zones: open}
	}
	return Action{Kind: Pass, Step: st, Zones: open}
}

// deadline is when the wait of st ends in the zone: its seconds, or what the
// preflight saw if that is more, after the last step before it was done there.
func (s *State) deadline(st *plan.Step, ref plan.ZoneRef, now time.Time) time.Time {
	from, ok := s.lastDone(st, ref)
	if !ok {
		from = now
	}
	wait := time.Duration(st.Seconds) * time.Second
	if st.Kind != plan.StepExpire {
		return from.Add(wait)
	}
	for _, c := range s.index.byStep[st.ID][ref] {
		if s.holdsOld(st, c) {
			wait = max(wait, s.seen[c.ID].Duration())
		}
	}
	return from.Add(wait + Margin)
}

// lastDone returns when the latest of the zone's steps before st was done.
func (s *State) lastDone(st *plan.Step, ref plan.ZoneRef) (last time.Time, ok bool) {
	for i := range s.plan.Steps {
		if s.plan.Steps[i].ID == st.ID {
			break
		}
		if at, done := s.steps[s.plan.Steps[i].ID].done[ref]; done && at.After(last) {
			last, ok = at, true
		}
	}
	return last, ok
}

// holdsOld tells whether at st caches may still hold the RRset as it was before
// the run: until the first wait for it is over.
func (s *State) holdsOld(st *plan.Step, c *plan.Change) bool {
	for _, before := range s.index.byChange[c.ID] {
		if before.ID == st.ID {
			break
		}
		if before.Kind == plan.StepExpire {
			return false
		}
	}
	return true
}

func (s *State) anyHeld() bool {
	return slices.ContainsFunc(s.plan.Zones, func(z plan.Zone) bool { return s.zones[z.ZoneRef].held != nil })
}

// Seen returns the highest TTL of the change's RRset before the run, as the
// plan or the preflight saw it.
func (s *State) Seen(c *plan.Change) zone.TTL {
	ttl := s.seen[c.ID]
	if c.Before != nil {
		ttl = max(ttl, c.Before.TTL)
	}
	return ttl
}
