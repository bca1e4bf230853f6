package execute

import (
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// waitsLongest bounds a wait for windows that never open, which no plan that was
// checked as it was begun has.
const waitsLongest = 5 * 366 * 24 * time.Hour

// outside tells whether st has to wait for the change windows of its zones, and
// what that takes: arming, and sleeping until they open. The windows of all zones
// must be open at once, since a step's zones move together. A step that may have
// written is finished, and what is taken back waits for nothing.
//
//	gate, and the probe and the writes that switch   keep to the windows
//	all other steps                                  do not
//
// A process that sleeps over an opening arms the wait for the next one.
func (s *State) outside(st *plan.Step, open []plan.ZoneRef, now time.Time) (Action, bool) {
	if s.windows == nil || !s.switching(st) || s.underWayIn(st, open) {
		return Action{}, false
	}
	zones := make([]zone.Name, len(open))
	for i, ref := range open {
		zones[i] = ref.Zone
	}
	if ok, _, _ := s.windows.AllAllowed(zones, now); ok {
		return Action{}, false
	}
	if until := s.latest(st, open); now.Before(until) {
		return Action{Kind: Sleep, Step: st, Zones: open, Until: until}, true
	}
	next, ok := s.windows.Next(zones, now)
	if !ok {
		next.At = now.Add(waitsLongest)
	}
	return Action{Kind: Arm, Step: st, Zones: open, Waits: slices.Repeat([]time.Time{next.At.UTC()}, len(open))}, true
}

// latest is when the last of the zones' waits before st ends, if all are armed.
func (s *State) latest(st *plan.Step, open []plan.ZoneRef) (latest time.Time) {
	for _, ref := range open {
		until, armed := s.steps[st.ID].until[ref]
		if !armed {
			return time.Time{}
		}
		latest = later(latest, until)
	}
	return latest
}

// switching tells whether st brings new answers about, or looks whether that may
// be done: a probe does so where a switch comes right behind it.
func (s *State) switching(st *plan.Step) bool {
	if st.Kind != plan.StepProbe {
		return st.Kind == plan.StepGate || st.Kind.Switches()
	}
	i := slices.IndexFunc(s.plan.Steps, func(o plan.Step) bool { return o.ID == st.ID })
	return i+1 < len(s.plan.Steps) && s.plan.Steps[i+1].Kind.Switches()
}

// underWayIn tells whether the step was begun in one of zones, and may have written,
// or is done in another zone of its group, which moves together with them.
func (s *State) underWayIn(st *plan.Step, zones []plan.ZoneRef) bool {
	ss := s.steps[st.ID]
	if st.Group != "" && len(ss.done) > 0 {
		return true
	}
	return slices.ContainsFunc(zones, func(ref plan.ZoneRef) bool { return ss.started[ref] && !ss.halted[ref] })
}
