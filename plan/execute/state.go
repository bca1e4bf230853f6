package execute

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/window"
)

// State is what has happened in a run: the fold of its events, and nothing
// else. It is not safe for concurrent use.
type State struct {
	plan  *plan.Plan
	index *index
	// windows are those that a switch keeps to; nil where there are none.
	windows *window.Set

	steps map[string]*stepState
	zones map[plan.ZoneRef]*zoneState
	// first is the first step that is not done in every zone.
	first int
	// command is what is known of an issuance window's command, and released says
	// that a hook's window was told to close.
	command      *CommandResult
	certificates []CertificateResult
	released     bool
	// beside is what stood beside the addresses of a change right before an issuance
	// window was opened; see Runner.Note.
	beside map[string][]plan.Member
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
	started map[plan.ZoneRef]bool
	done    map[plan.ZoneRef]time.Time
	until   map[plan.ZoneRef]time.Time
	closed  map[plan.ZoneRef]bool
	// undone is when it was taken back, as far as it was.
	undone map[plan.ZoneRef]time.Time
	// begun is when it was first begun, and closings how often it was begun to
	// take it back.
	begun    map[plan.ZoneRef]time.Time
	closings map[plan.ZoneRef]int
	// landed are the changes of which it is known to have landed, or may have,
	// although it was not done: the provider has taken it, or there was something
	// to take back.
	landed map[string]bool
	// halted says that it was begun, held, and has written nothing as far as is
	// known: going on with it is to begin it.
	halted map[plan.ZoneRef]bool
	// heard says that it has ended, not done, and that each of its requests had an
	// answer; lost that it was begun again without that.
	heard, lost map[plan.ZoneRef]bool
}

// zoneState is what stands in a zone's way.
type zoneState struct {
	failed *Failure
	held   *Failure
	// alarms are what closing could not take back, and left the changes whose
	// RRset it left alone: it asks for each change at each step. Theirs are those of
	// them that someone else had set.
	alarms       []alarm
	left, theirs map[string]bool
	// accepted are the changes that a person has left to someone else.
	accepted map[string]acceptance
	// handed and early are those of the facts.
	handed, early map[string]bool
	// resolvers are the names that answered the baseline.
	resolvers []string
	// silent are authoritative addresses that did not answer then, each of a
	// server that answered on another one.
	silent []string
	// verifiedBy are the servers that gave the new answer.
	verifiedBy []string
	// verifiedAt is when they had all given it.
	verifiedAt time.Time
	backup     string
}

// Class says what kind of failure it was.
type Class string

// The classes of failures.
const (
	// Moved: someone else changed an RRset that the run is not through with.
	Moved Class = "moved"
	// Refused: the provider, or a server, does not want to.
	Refused Class = "refused"
	// Disagree: authoritative servers do not agree within the time-out.
	Disagree Class = "disagree"
	// Lagging: the servers agree, and a resolver does not give the new answer.
	Lagging Class = "lagging"
	// Probe: the service at an address does not answer as the record's probe
	// wants.
	Probe Class = "probe"
	// Unreachable: what is needed does not answer.
	Unreachable Class = "unreachable"
	// Late: the deadline of an issuance window has passed.
	Late Class = "late"
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

// alarm is what closing a step could not take back.
type alarm struct {
	Failure
	// whole says that the step is open as a whole, and not because of RRsets
	// that stay as they were found.
	whole bool
}

// alarm takes in that closing a step has failed, and the changes that it left.
func (z *zoneState) alarm(f Failure, found facts) {
	z.alarms = append(z.alarms, alarm{f, len(found.Left) == 0})
	for _, id := range found.Left {
		z.left[id] = true
	}
	for id := range found.Live {
		z.theirs[id] = true
	}
}

// NewState returns the state before the first event.
func NewState(p *plan.Plan) *State {
	s := &State{plan: p, index: newIndex(p), windows: p.WindowSet(), steps: map[string]*stepState{}, zones: map[plan.ZoneRef]*zoneState{}, seen: map[string]zone.TTL{}, beside: map[string][]plan.Member{}}
	for i := range p.Steps {
		s.steps[p.Steps[i].ID] = &stepState{
			started: map[plan.ZoneRef]bool{}, done: map[plan.ZoneRef]time.Time{},
			until: map[plan.ZoneRef]time.Time{}, closed: map[plan.ZoneRef]bool{},
			undone: map[plan.ZoneRef]time.Time{}, begun: map[plan.ZoneRef]time.Time{},
			closings: map[plan.ZoneRef]int{}, landed: map[string]bool{}, halted: map[plan.ZoneRef]bool{},
			heard: map[plan.ZoneRef]bool{}, lost: map[plan.ZoneRef]bool{},
		}
	}
	for _, z := range p.Zones {
		s.zones[z.ZoneRef] = &zoneState{left: map[string]bool{}, theirs: map[string]bool{}, accepted: map[string]acceptance{}, handed: map[string]bool{}, early: map[string]bool{}}
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

// facts are what the Data of an event may hold, mostly of a done one.
type facts struct {
	// Seen are the TTLs, by change, above what the plan says.
	Seen map[string]zone.TTL `json:"seen,omitempty"`
	// Resolvers are those that answered the baseline.
	Resolvers []string `json:"resolvers,omitempty"`
	// Silent are authoritative addresses that are not asked again.
	Silent []string `json:"silent,omitempty"`
	// VerifiedBy are the servers that gave the new answer.
	VerifiedBy []string `json:"verified_by,omitempty"`
	// Probed are the services that answered: "www.example.org A 192.0.2.1: 200 OK".
	Probed []string `json:"probed,omitempty"`
	// Backup is the path of the zone's copy.
	Backup string `json:"backup,omitempty"`
	// Written counts the RRsets that were written; those already as wanted
	// are not among them. It is told of a step that was not done, too.
	Written int `json:"written,omitempty"`
	// Landed are the changes of which closing has found what the step writes: of
	// the others it has found what was before.
	Landed []string `json:"landed,omitempty"`
	// Beside is what stands beside the addresses, by change, as an issuance window is
	// about to be opened. A start event has it.
	Beside map[string][]plan.Member `json:"beside,omitempty"`
	// Code is the exit code of an issuance window's command.
	Code *int `json:"exit_code,omitempty"`
	// Certificates are what the addresses behind the proxy serve behind the command.
	Certificates []CertificateResult `json:"certificates,omitempty"`
	// Orphaned says that whoever cancels has not run the command; see Cancelled.
	Orphaned bool `json:"orphaned,omitempty"`
	// Handed and Early are changes of an issuance window that another window has open,
	// and those whose proxy someone else had turned on already.
	Handed []string `json:"handed,omitempty"`
	Early  []string `json:"early,omitempty"`
	// Class is the kind of a failure.
	Class Class `json:"class,omitempty"`
	// Heard says that each request of a write that was not done had an answer.
	Heard bool `json:"heard,omitempty"`
	// Left are the changes that closing, or a person, left alone.
	Left []string `json:"left,omitempty"`
	// Live is what someone else has set, by change, of those that a person left
	// alone and of those that a zone holds for; nil is no such RRset.
	Live map[string]*plan.State `json:"live,omitempty"`
}

// factsOf are those of an event. Absent or foreign data is no fact.
func factsOf(e journal.Event) (f facts) {
	_ = json.Unmarshal(e.Data, &f)
	return f
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
		s.resume(e.At)
	case journal.Accept:
		s.resume(e.At)
		s.accept(factsOf(e), e.At)
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
		maps.Copy(s.beside, factsOf(e).Beside)
		s.start(e)
		s.learnCommand(e, facts{})
		return
	}
	ref, z := s.zone(e.Zone)
	if z == nil || !s.index.touches(e.Step, ref) {
		return
	}
	f := factsOf(e)
	s.learnCommand(e, f)
	z.shares(f)
	st.hears(e, ref, f)
	switch {
	case e.Kind == journal.Wait:
		st.until[ref] = e.Until
	case e.Kind == journal.Done && e.Undo:
		s.takenBack(e.Step, ref, f)
		st.closed[ref], st.undone[ref] = true, e.At
	case e.Kind == journal.Done:
		st.done[ref] = e.At
		s.learn(z, f, e.At)
		s.advance()
	case e.Kind == journal.Failed && e.Undo:
		s.takenBack(e.Step, ref, f)
		st.closed[ref], st.undone[ref] = true, e.At
		z.alarm(Failure{e.Step, f.Class, e.Error, e.At}, f)
	case e.Kind == journal.Failed:
		s.accepts(e.Step, ref, f)
		s.fail(ref, Failure{e.Step, f.Class, e.Error, e.At})
	case e.Kind == journal.Hold:
		s.accepts(e.Step, ref, f)
		st.halted[ref] = !e.Undo && f.Written == 0
		z.held = &Failure{e.Step, f.Class, e.Error, e.At}
	}
}

// start marks the step as begun in the zones that Next gave it: those in which
// it, or its closing, is open at this moment.
func (s *State) start(e journal.Event) {
	step, st := s.index.steps[e.Step], s.steps[e.Step]
	if e.Undo {
		for _, ref := range s.toClose(step) {
			st.closings[ref]++
		}
		return
	}
	for _, ref := range s.open(step, s.besideHeld()) {
		st.lost[ref] = s.inDoubt(step, ref)
		delete(st.halted, ref)
		delete(st.heard, ref)
		if !st.started[ref] {
			st.started[ref], st.begun[ref] = true, e.At
		}
	}
}

// accepts takes in that the provider has taken a write of a step that was not done.
func (s *State) accepts(step string, ref plan.ZoneRef, f facts) {
	if f.Written == 0 {
		return
	}
	for _, c := range s.index.byStep[step][ref] {
		s.steps[step].landed[c.ID] = true
	}
}

// takenBack takes in what closing the step has found in the zone. One that was
// begun before, and did not end, may have taken all of it back.
func (s *State) takenBack(step string, ref plan.ZoneRef, f facts) {
	st := s.steps[step]
	unknown := st.closings[ref] > 1 || f.Written > 0 && f.Landed == nil
	for _, c := range s.index.byStep[step][ref] {
		_, ours := s.undo(s.index.steps[step], c)
		if slices.Contains(f.Landed, c.ID) || ours && unknown {
			st.landed[c.ID] = true
		}
	}
}

// advance moves first past the steps that are done in every zone.
func (s *State) advance() {
	for s.first < len(s.plan.Steps) && s.everywhere(&s.plan.Steps[s.first]) {
		s.first++
	}
}

// everywhere tells whether st is done in each of its zones.
func (s *State) everywhere(st *plan.Step) bool {
	return len(s.steps[st.ID].done) == len(s.index.order[st.ID])
}

func (s *State) learn(z *zoneState, f facts, at time.Time) {
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
		z.verifiedBy, z.verifiedAt = f.VerifiedBy, at
	}
	if f.Backup != "" {
		z.backup = f.Backup
	}
	s.certificates = append(s.certificates, f.Certificates...)
}

func (s *State) resume(at time.Time) {
	s.Interrupted = false
	for _, z := range s.zones {
		z.held = nil
	}
	s.resumeWindow(at)
}

// cancel fails every zone that is not finished, so that it is taken back. What a
// zone holds for because it did not stay good goes back too, although it was
// verified.
func (s *State) cancel(e journal.Event) {
	s.Cancelled, s.Interrupted = true, false
	if f := factsOf(e); f.Orphaned {
		s.orphan()
	}
	for _, z := range s.plan.Zones {
		if h := s.zones[z.ZoneRef].held; h != nil && s.settles(h.Step) && (h.Class == Probe || h.Class == Disagree) {
			s.fail(z.ZoneRef, Failure{Step: h.Step, Class: Stopped, Error: "cancelled", At: e.At})
		}
	}
	for _, z := range s.plan.Zones {
		st := s.zones[z.ZoneRef]
		st.held = nil
		if st.failed == nil && !s.finished(z.ZoneRef) {
			st.failed = &Failure{Class: Stopped, Error: "cancelled", At: e.At}
		}
	}
}

// fail marks a zone as failed, and with it those that move together: all zones
// of every group that takes in a failed zone and is not yet verified in each of
// them. When a zone fails while it settles, a verified group goes back too,
// but for zones that have begun to raise their TTLs.
func (s *State) fail(ref plan.ZoneRef, f Failure) {
	if z := s.zones[ref]; z.failed == nil {
		z.failed, z.held = &f, nil
	}
	s.failWindow(ref, f)
	settling := s.settles(f.Step)
	for _, linked := range s.index.groups {
		if s.everywhere(linked.verify) && !settling || !s.index.touches(linked.verify.ID, ref) {
			continue
		}
		for _, other := range linked.zones {
			if s.zones[other].failed == nil && !(settling && s.raising(other)) {
				s.fail(other, Failure{
					Step: f.Step, Class: Linked, At: f.At,
					Error: "group " + linked.name + " moves together with " + ref.String() + ", which failed",
				})
			}
		}
	}
}

// settles tells whether the step is one in which the new state settles.
func (s *State) settles(step string) bool {
	st, ok := s.index.steps[step]
	return ok && st.Kind == plan.StepSettle
}

// raising tells whether the zone has begun to raise TTLs.
func (s *State) raising(ref plan.ZoneRef) bool {
	for i := range s.plan.Steps {
		if st := &s.plan.Steps[i]; st.Kind == plan.StepRaise && s.steps[st.ID].started[ref] {
			return true
		}
	}
	return false
}

// besideHeld returns the zones that wait because one that moves together with
// them waits for a person; nil when there are none.
func (s *State) besideHeld() map[plan.ZoneRef]bool {
	if !s.anyHeld() {
		return nil
	}
	out := map[plan.ZoneRef]bool{}
	for _, g := range s.index.groups {
		verified := s.everywhere(g.verify)
		if !slices.ContainsFunc(g.zones, func(z plan.ZoneRef) bool {
			held := s.zones[z].held
			return held != nil && (!verified || s.settles(held.Step))
		}) {
			continue
		}
		for _, z := range g.zones {
			out[z] = true
		}
	}
	return out
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
		if !s.index.touches(st.ID, ref) {
			continue
		}
		if _, done := s.steps[st.ID].done[ref]; !done {
			return false
		}
	}
	return true
}

// Baseline returns the names of the resolvers that answered in the zone before
// anything was written.
func (s *State) Baseline(ref plan.ZoneRef) []string { return s.zones[ref].resolvers }
