package execute

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// State is what has happened in a run: the fold of its events, and nothing
// else. It is not safe for concurrent use.
type State struct {
	plan  *plan.Plan
	index *index

	steps map[string]*stepState
	zones map[plan.ZoneRef]*zoneState
	// seen are facts of the preflight: the highest TTL that a cache may hold.
	seen map[string]zone.TTL

	// Begun, Ended and Interrupted are the run's own marks.
	Begun, Ended, Interrupted bool
	// Cancelled says that a person asked to take back what is not finished.
	Cancelled bool
	// Last is when the latest event happened.
	Last time.Time
}

// stepState is one step's progress in each zone.
type stepState struct {
	started bool
	at      time.Time // of the first start
	done    map[plan.ZoneRef]time.Time
	until   map[plan.ZoneRef]time.Time
	closing bool // the closing has been started
	closed  map[plan.ZoneRef]bool
}

// zoneState is what stands in a zone's way.
type zoneState struct {
	failed *Failure
	held   *Failure
	// alarms are what closing found and left alone.
	alarms []Failure
	// resolvers are the names that answered the baseline.
	resolvers []string
	// silent are authoritative addresses that did not answer then, each of a
	// server that answered on another one.
	silent []string
	// verifiedBy are the servers that gave the new answer.
	verifiedBy []string
	backup     string
}

// Class says what kind of failure it was.
type Class string

// The classes of failures.
const (
	// Moved: someone else changed an RRset that the step is about.
	Moved Class = "moved"
	// Refused: the provider, or a server, does not want to.
	Refused Class = "refused"
	// Disagree: authoritative servers do not agree within the time-out.
	Disagree Class = "disagree"
	// Lagging: the servers agree, and a resolver does not give the new answer.
	Lagging Class = "lagging"
	// Unreachable: what is needed does not answer.
	Unreachable Class = "unreachable"
	// Linked: a zone or group that moves together with this one failed.
	Linked Class = "linked"
	// Stopped: a person cancelled the run.
	Stopped Class = "cancelled"
)

// Failure is what stopped a zone.
type Failure struct {
	Step  string
	Class Class
	Error string
	At    time.Time
}

// NewState returns the state before the first event.
func NewState(p *plan.Plan) *State {
	s := &State{plan: p, index: newIndex(p), steps: map[string]*stepState{}, zones: map[plan.ZoneRef]*zoneState{}, seen: map[string]zone.TTL{}}
	for i := range p.Steps {
		s.steps[p.Steps[i].ID] = &stepState{
			done: map[plan.ZoneRef]time.Time{}, until: map[plan.ZoneRef]time.Time{}, closed: map[plan.ZoneRef]bool{},
		}
	}
	for _, z := range p.Zones {
		s.zones[z.ZoneRef] = &zoneState{}
	}
	return s
}

// Fold returns the state after events.
func Fold(p *plan.Plan, events []journal.Event) *State {
	s := NewState(p)
	for _, e := range events {
		s.Apply(e)
	}
	return s
}

// facts are what the Data of a done event may hold.
type facts struct {
	// Seen are the TTLs, by change, above what the plan says.
	Seen map[string]zone.TTL `json:"seen,omitempty"`
	// Resolvers are those that answered the baseline.
	Resolvers []string `json:"resolvers,omitempty"`
	// Silent are authoritative addresses that are not asked again.
	Silent []string `json:"silent,omitempty"`
	// VerifiedBy are the servers that gave the new answer.
	VerifiedBy []string `json:"verified_by,omitempty"`
	// Backup is the path of the zone's copy.
	Backup string `json:"backup,omitempty"`
	// Written counts the RRsets that were written; those already as wanted
	// are not among them.
	Written int `json:"written,omitempty"`
	// Class is the kind of a failure.
	Class Class `json:"class,omitempty"`
}

// Apply takes in one event. Events about steps or zones that the plan does not
// hold change nothing.
func (s *State) Apply(e journal.Event) {
	s.Last = e.At
	switch e.Kind {
	case journal.Begin:
		s.Begun = true
	case journal.Interrupted:
		s.Interrupted = true
	case journal.Resume:
		s.resume()
	case journal.Cancel:
		s.cancel(e)
	case journal.End:
		s.Ended = true
	default:
		s.applyStep(e)
	}
}

func (s *State) applyStep(e journal.Event) {
	st, ok := s.steps[e.Step]
	if !ok {
		return
	}
	if e.Kind == journal.Start {
		s.start(st, e)
		return
	}
	ref, z := s.zone(e.Zone)
	if z == nil {
		return
	}
	var f facts
	_ = json.Unmarshal(e.Data, &f) // absent or foreign data is no fact
	switch {
	case e.Kind == journal.Wait:
		st.until[ref] = e.Until
	case e.Kind == journal.Done && e.Undo:
		st.closed[ref] = true
	case e.Kind == journal.Done:
		st.done[ref] = e.At
		s.learn(z, f)
	case e.Kind == journal.Failed && e.Undo:
		st.closed[ref] = true
		z.alarms = append(z.alarms, Failure{e.Step, f.Class, e.Error, e.At})
	case e.Kind == journal.Failed:
		s.fail(ref, Failure{e.Step, f.Class, e.Error, e.At})
	case e.Kind == journal.Hold:
		z.held = &Failure{e.Step, f.Class, e.Error, e.At}
	}
}

func (s *State) start(st *stepState, e journal.Event) {
	if e.Undo {
		st.closing = true
		return
	}
	if !st.started {
		st.started, st.at = true, e.At
	}
}

func (s *State) learn(z *zoneState, f facts) {
	for id, ttl := range f.Seen {
		s.seen[id] = max(s.seen[id], ttl)
	}
	if f.Resolvers != nil {
		z.resolvers = f.Resolvers
	}
	if f.Silent != nil {
		z.silent = f.Silent
	}
	if f.VerifiedBy != nil {
		z.verifiedBy = f.VerifiedBy
	}
	if f.Backup != "" {
		z.backup = f.Backup
	}
}

func (s *State) resume() {
	s.Interrupted = false
	for _, z := range s.zones {
		z.held = nil
	}
}

// cancel fails every zone that is not finished, so that it is taken back.
func (s *State) cancel(e journal.Event) {
	s.Cancelled, s.Interrupted = true, false
	for _, z := range s.plan.Zones {
		st := s.zones[z.ZoneRef]
		st.held = nil
		if st.failed == nil && !s.finished(z.ZoneRef) {
			st.failed = &Failure{Class: Stopped, Error: "cancelled", At: e.At}
		}
	}
}

// fail marks a zone as failed, and with it those that move together: the zones
// of the failed step's group, and of every group that is still to be switched
// and takes in a failed zone.
func (s *State) fail(ref plan.ZoneRef, f Failure) {
	if z := s.zones[ref]; z.failed == nil {
		z.failed, z.held = &f, nil
	}
	for _, linked := range s.index.groups {
		if s.verified(linked.group, ref) || !slices.Contains(linked.zones, ref) {
			continue
		}
		for _, other := range linked.zones {
			if s.zones[other].failed == nil && !s.verified(linked.group, other) {
				s.fail(other, Failure{
					Step: f.Step, Class: Linked, At: f.At,
					Error: "group " + linked.group + " moves together with " + ref.String() + ", which failed",
				})
			}
		}
	}
}

// zone finds a zone by the name that events hold.
func (s *State) zone(name string) (plan.ZoneRef, *zoneState) {
	ref, ok := s.index.zones[name]
	if !ok {
		return plan.ZoneRef{}, nil
	}
	return ref, s.zones[ref]
}

// finished tells whether every step of the zone is done.
func (s *State) finished(ref plan.ZoneRef) bool {
	for i := range s.plan.Steps {
		st := &s.plan.Steps[i]
		if !s.index.touches(st, ref) {
			continue
		}
		if _, done := s.steps[st.ID].done[ref]; !done {
			return false
		}
	}
	return true
}

// verified tells whether the group's new answer was verified in the zone.
func (s *State) verified(group string, ref plan.ZoneRef) bool {
	for i := range s.plan.Steps {
		st := &s.plan.Steps[i]
		if st.Kind == plan.StepVerify && st.Group == group && s.index.touches(st, ref) {
			_, done := s.steps[st.ID].done[ref]
			return done
		}
	}
	return false
}

// Baseline returns the names of the resolvers that answered in the zone before
// anything was written.
func (s *State) Baseline(ref plan.ZoneRef) []string { return s.zones[ref].resolvers }

// Remembered returns, for each RRset that the run has written, until when
// resolvers may hold what stood there before the write: the TTL of that, from
// the moment that the write was known to be done, or from the latest event
// where it is not known.
func (s *State) Remembered() map[plan.ZoneRef]map[zone.Key]time.Time {
	out := map[plan.ZoneRef]map[zone.Key]time.Time{}
	for i := range s.plan.Steps {
		st := &s.plan.Steps[i]
		if !st.Kind.Writes() || !s.steps[st.ID].started {
			continue
		}
		for ref, changes := range s.index.byStep[st.ID] {
			at, done := s.steps[st.ID].done[ref]
			if !done {
				at = s.Last
			}
			for _, c := range changes {
				from := c.Move(st.Kind).From
				if from == nil {
					continue
				}
				if out[ref] == nil {
					out[ref] = map[zone.Key]time.Time{}
				}
				if until := at.Add(from.TTL.Duration()); until.After(out[ref][c.Key]) {
					out[ref][c.Key] = until
				}
			}
		}
	}
	return out
}
