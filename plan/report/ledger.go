package report

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// ledger folds events into what reports show of a run. The step machine of
// package execute has its own fold, which decides; this one only tells.
type ledger struct {
	plan   *plan.Plan
	lookup lookup
	steps  []*entry // the plan's, then those taken back, as they come
	byKey  map[entryKey]*entry
	failed map[string]bool // by zone
	// accepted are the changes that a person has left to someone else, with what
	// is live.
	accepted map[string]*plan.State
	// theirs is what someone else has set, by change, that a zone holds for, or that
	// was left as it is.
	theirs map[string]*plan.State
	events int

	started, ended, last   time.Time
	cancelled, interrupted bool
	messages               []string
	verifiedBy, backups    []string
}

type entryKey struct {
	step string
	undo bool
}

// entry is one step's progress in its zones.
type entry struct {
	key            entryKey
	step           *plan.Step // nil when the plan does not hold it
	zones          []string
	started, ended time.Time
	until          time.Time
	done           map[string]time.Time // by zone
	begun          map[string]bool      // by zone; "" is all of them
	moved          map[string]bool      // by zone: it holds because of someone else
	badly          bool                 // a command has ended, and not well
	problems       []Problem
}

func newLedger(p *plan.Plan) *ledger {
	l := &ledger{plan: p, lookup: newLookup(p), byKey: map[entryKey]*entry{}, failed: map[string]bool{}, accepted: map[string]*plan.State{}, theirs: map[string]*plan.State{}}
	for i := range p.Steps {
		s := &p.Steps[i]
		l.add(&entry{key: entryKey{step: s.ID}, step: s, zones: l.zonesOf(s)})
	}
	return l
}

func (l *ledger) add(e *entry) *entry {
	e.done, e.begun, e.moved = map[string]time.Time{}, map[string]bool{}, map[string]bool{}
	l.byKey[e.key] = e
	l.steps = append(l.steps, e)
	return e
}

// entry returns the entry of a key and makes it where there is none.
func (l *ledger) entry(k entryKey) *entry {
	if e, ok := l.byKey[k]; ok {
		return e
	}
	e := &entry{key: k}
	if of, ok := l.byKey[entryKey{step: k.step}]; ok {
		e.step = of.step
	}
	return l.add(e)
}

func (l *ledger) zonesOf(s *plan.Step) (zones []string) {
	seen := map[plan.ZoneRef]bool{}
	for _, id := range s.Changes {
		if c := l.lookup.changes[id]; c != nil && !seen[c.ZoneRef] {
			seen[c.ZoneRef] = true
			zones = append(zones, c.ZoneRef.String())
		}
	}
	return zones
}

func (l *ledger) apply(e journal.Event) {
	l.events++
	l.last = e.At
	switch e.Kind {
	case journal.Begin:
		l.started = e.At
	case journal.End:
		l.ended = e.At
	case journal.Cancel:
		l.cancelled, l.interrupted = true, false
		l.release()
	case journal.Resume:
		l.interrupted = false
		l.release()
	case journal.Accept:
		l.interrupted = false
		l.release()
		l.accept(e.Data)
	case journal.Interrupted:
		l.interrupted = true
	case journal.Warning:
		l.messages = append(l.messages, e.Message)
	default:
		if e.Step != "" {
			l.applyStep(l.entry(entryKey{e.Step, e.Undo}), e)
		}
	}
}

func (l *ledger) applyStep(s *entry, e journal.Event) {
	if s.started.IsZero() {
		s.started = e.At
	}
	switch e.Kind {
	case journal.Start:
		s.begun[e.Zone] = true
		if s.step != nil && !s.step.Kind.Waits() {
			s.until = time.Time{} // it has waited for a change window
		}
	case journal.Wait:
		if e.Until.After(s.until) {
			s.until = e.Until
		}
	case journal.Done:
		s.end(e)
		s.done[e.Zone] = e.At
		s.badly = failedCommand(e.Data)
		l.learn(e.Data)
	case journal.Failed:
		s.end(e)
		s.problems = append(s.problems, Problem{e.Zone, e.Step, StepFailed, e.Error, e.At})
		l.failed[e.Zone] = true
		maps.Copy(l.theirs, driftOf(e.Data).Live)
	case journal.Hold:
		s.end(e)
		s.problems = append(s.problems, Problem{e.Zone, e.Step, StepNeedsYou, firstOf(e.Error, e.Message), e.At})
		f := driftOf(e.Data)
		s.moved[e.Zone] = f.Class == execute.Moved
		maps.Copy(l.theirs, f.Live)
	}
}

// driftFacts are what an event's data tells of RRsets that someone else has set.
type driftFacts struct {
	Class execute.Class          `json:"class"`
	Left  []string               `json:"left"`
	Live  map[string]*plan.State `json:"live"`
}

func driftOf(data json.RawMessage) (f driftFacts) {
	_ = json.Unmarshal(data, &f) // nothing where there is no data
	return f
}

// accept takes in what a person has left to someone else.
func (l *ledger) accept(data json.RawMessage) {
	f := driftOf(data)
	for _, id := range f.Left {
		l.accepted[id] = f.Live[id]
	}
}

// leaves tells whether all of the step's changes in the zone are left to someone
// else.
func (l *ledger) leaves(s *entry, zone string) bool {
	if s.step == nil || len(l.accepted) == 0 {
		return false
	}
	for _, id := range s.step.Changes {
		c := l.lookup.changes[id]
		if _, ok := l.accepted[id]; !ok && c != nil && c.ZoneRef.String() == zone {
			return false
		}
	}
	return true
}

func (s *entry) end(e journal.Event) {
	s.ended = e.At
	s.problems = slices.DeleteFunc(s.problems, func(p Problem) bool { return p.Zone == e.Zone })
	delete(s.moved, e.Zone)
	if s.step == nil || s.key.undo {
		if !slices.Contains(s.zones, e.Zone) {
			s.zones = append(s.zones, e.Zone)
		}
	}
}

// learn keeps what the data of a done event tells people.
func (l *ledger) learn(data json.RawMessage) {
	var facts struct {
		VerifiedBy []string `json:"verified_by"`
		Backup     string   `json:"backup"`
	}
	if json.Unmarshal(data, &facts) != nil {
		return // no data, or none that is meant for people
	}
	for _, v := range facts.VerifiedBy {
		if !slices.Contains(l.verifiedBy, v) {
			l.verifiedBy = append(l.verifiedBy, v)
		}
	}
	if facts.Backup != "" {
		l.backups = append(l.backups, facts.Backup)
	}
}

// release takes back that zones wait for a person.
func (l *ledger) release() {
	for _, s := range l.steps {
		s.problems = slices.DeleteFunc(s.problems, func(p Problem) bool { return p.State == StepNeedsYou })
		clear(s.moved)
		clear(l.theirs)
	}
}

func (l *ledger) stepState(s *entry) StepState {
	for _, state := range []StepState{StepNeedsYou, StepFailed} {
		if slices.ContainsFunc(s.problems, func(p Problem) bool { return p.State == state }) {
			return state
		}
	}
	left, begun := l.left(s), !s.started.IsZero()
	over := !l.ended.IsZero() || l.cancelled && !s.key.undo
	switch {
	case left == 0 && len(s.done) > 0:
		return s.how()
	case !begun && (left == 0 || over), left == 0 && len(l.accepted) > 0:
		return StepSkipped
	case !begun:
		return StepPending
	case over || l.interrupted:
		return StepInterrupted
	case l.waits(s):
		return StepPending
	}
	return StepRunning
}

// how a step that is done has ended.
func (s *entry) how() StepState {
	if s.badly {
		return StepFailed
	}
	return StepDone
}

// waits tells whether the step is still to be done in zones alone that wait for a
// person since an earlier step.
func (l *ledger) waits(s *entry) bool {
	for _, z := range s.zones {
		if s.done[z].IsZero() && !l.failed[z] && !l.leaves(s, z) && !l.holds(z) {
			return false
		}
	}
	return true
}

// holds tells whether the zone waits for a person.
func (l *ledger) holds(zone string) bool {
	return slices.ContainsFunc(l.steps, func(s *entry) bool {
		return slices.ContainsFunc(s.problems, func(p Problem) bool { return p.Zone == zone && p.State == StepNeedsYou })
	})
}

// left counts the zones in which the step is still to be done.
func (l *ledger) left(s *entry) (n int) {
	for _, z := range s.zones {
		if s.done[z].IsZero() && (s.key.undo || !l.failed[z] && !l.leaves(s, z)) {
			n++
		}
	}
	return n
}

func (l *ledger) run(alive bool) Run {
	p := l.plan
	r := Run{
		ID: p.ID, Created: p.Created, Started: l.started, Ended: l.ended, Last: l.last, By: p.Policy.By,
		Reason: p.Policy.Reason, Ticket: p.Policy.Ticket, Summary: p.Summary, Zones: []string{}, Steps: []RunStep{},
		Messages: append([]string{}, l.messages...), VerifiedBy: append([]string{}, l.verifiedBy...),
		Backups: append([]string{}, l.backups...),
	}
	for _, z := range groupByZone(p).order {
		r.Zones = append(r.Zones, z.ZoneRef.String())
	}
	for _, s := range l.steps {
		r.Steps = append(r.Steps, l.step(s))
	}
	r.State = l.state(r.Steps, alive)
	if r.State == RunInterrupted {
		stopped(r.Steps)
	}
	r.Next = next(r.State, r.ID, l.why())
	return r
}

// holdsClosing tells whether it is taking back that waits for a person.
func (l *ledger) holdsClosing() bool {
	return slices.ContainsFunc(l.steps, func(s *entry) bool {
		return s.key.undo && slices.ContainsFunc(s.problems, func(p Problem) bool { return p.State == StepNeedsYou })
	})
}

// why is what a run holds for.
func (l *ledger) why() holding {
	moved := slices.ContainsFunc(l.steps, func(s *entry) bool {
		for _, yes := range s.moved {
			if yes {
				return true
			}
		}
		return false
	})
	return holding{closing: l.holdsClosing(), moved: moved}
}

// stopped marks what a dead process was at.
func stopped(steps []RunStep) {
	for i := range steps {
		if steps[i].State == StepRunning {
			steps[i].State = StepInterrupted
		}
	}
}

func (l *ledger) step(s *entry) RunStep {
	r := RunStep{ID: s.key.step, Undo: s.key.undo, State: l.stepState(s), Started: s.started, Until: s.until, Problems: slices.Clone(s.problems)}
	if s.step != nil {
		r.Kind, r.Detail = s.step.Kind, l.lookup.sentence(s.step)
	}
	if s.key.undo && s.step != nil && len(s.zones) > 0 {
		r.Detail = l.lookup.closing(s.step) + ", in " + zonesPeople(s.zones) // of the step's changes, those there
	}
	switch {
	case r.State == StepDone || r.State == StepFailed:
		r.Ended = s.ended
	case !l.ended.IsZero() || l.cancelled:
		r.Until = time.Time{} // nobody waits any more
	}
	return r
}

func (l *ledger) state(steps []RunStep, alive bool) RunState {
	has := func(s StepState) bool {
		return slices.ContainsFunc(steps, func(r RunStep) bool { return r.State == s })
	}
	failed := slices.ContainsFunc(steps, func(r RunStep) bool { return r.State == StepFailed && len(r.Problems) > 0 }) // not by a command alone
	switch {
	case l.events == 0:
		return RunNotBegun
	case !l.ended.IsZero() && l.cancelled:
		return RunCancelled
	case !l.ended.IsZero() && failed:
		return RunFailed
	case !l.ended.IsZero():
		return RunDone
	case l.interrupted:
		return RunInterrupted
	case has(StepNeedsYou) && !has(StepRunning):
		return RunHolding
	case !alive:
		return RunInterrupted
	}
	return RunRunning
}

func firstOf(s ...string) string {
	for _, v := range s {
		if v != "" {
			return v
		}
	}
	return ""
}
