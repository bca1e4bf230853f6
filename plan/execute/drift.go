package execute

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers"
)

// Drifted is an RRset of a run under way that someone else has set meanwhile.
type Drifted struct {
	zone.Key
	Change *plan.Change
	// Ours is what the run, or nobody yet, has left there, Live what is there
	// now; nil is no such RRset.
	Ours, Live *zone.RRset
}

// String names the RRset with three values: before the run, in it, and now.
func (d Drifted) String() string {
	before, ours := d.Change.Before.RRset(d.Key).Brief(), d.Ours.Brief()
	theirs := "set " + d.Live.Brief()
	if d.Live == nil {
		theirs = "deleted it"
	}
	if before == ours {
		return fmt.Sprintf("%s was %s before the run, and someone else has %s", d.Display(), before, theirs)
	}
	return fmt.Sprintf("%s was %s before the run and %s in it, and someone else has %s", d.Display(), before, ours, theirs)
}

// movedError is the error of class Moved about what has drifted.
func movedError(drifted []Drifted) error {
	lines := make([]string, len(drifted))
	for i, d := range drifted {
		lines[i] = d.String()
	}
	return &stepError{class: Moved, err: errors.New(listed(lines, "; ")), drifted: drifted}
}

// liveOf are the RRsets that someone else has set, by change.
func liveOf(drifted []Drifted) map[string]*plan.State {
	if len(drifted) == 0 {
		return nil
	}
	out := map[string]*plan.State{}
	for _, d := range drifted {
		out[d.Change.ID] = stateOf(d.Live)
	}
	return out
}

// Drift compares the RRsets that a run under way is not through with with what
// the providers hold, and returns those that someone else has set, in the
// plan's order. Zones that are taken back, and RRsets that a person has left to
// someone else already, are not looked at.
func Drift(ctx context.Context, s *State, w World) (out []Drifted, err error) {
	for _, z := range s.plan.Zones {
		changes := s.underWay(z.ZoneRef)
		if len(changes) == 0 || s.zones[z.ZoneRef].failed != nil {
			continue
		}
		p, err := w.Provider(z.ZoneRef)
		if err != nil {
			return nil, err
		}
		found, err := s.driftIn(ctx, p, z.ZoneRef, changes)
		if err != nil {
			return nil, &UnreadError{z.Provider, err}
		}
		out = append(out, found...)
	}
	return out, nil
}

// driftIn looks at the RRsets of changes of one zone.
func (s *State) driftIn(ctx context.Context, p providers.Provider, ref plan.ZoneRef, changes []*plan.Change) (out []Drifted, err error) {
	keys := make([]zone.Key, len(changes))
	for i, c := range changes {
		keys[i] = c.Key
	}
	live, err := providers.Look(ctx, p, ref.Zone, keys)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ref, err)
	}
	byValue := !p.Limits(ref.Zone).Atomic
	for _, c := range changes {
		r, ok := live.Find(c.Key)
		if ours, fits := s.fits(c, r, ok, byValue); !fits {
			out = append(out, driftedFrom(plan.Move{Key: c.Key, From: ours}, r, ok).of(c))
		}
	}
	return out, nil
}

// Accepted is the event that leaves RRsets to someone else; with none it lets the
// run go on, no more.
func Accepted(drifted []Drifted) (journal.Event, error) {
	f := facts{Live: liveOf(drifted)}
	lines := make([]string, len(drifted))
	for i, d := range drifted {
		lines[i] = d.String()
		f.Left = append(f.Left, d.Change.ID)
	}
	data, err := json.Marshal(f)
	if err != nil {
		return journal.Event{}, fmt.Errorf("write down what is left as it is: %w", err)
	}
	if len(drifted) == 0 {
		return journal.Event{Kind: journal.Resume}, nil
	}
	return journal.Event{Kind: journal.Accept, Data: data, Message: "left as it is: " + listed(lines, "; ")}, nil
}

// stateOf is the RRset as a plan has it; nil stays nil.
func stateOf(r *zone.RRset) *plan.State {
	if r == nil {
		return nil
	}
	return &plan.State{TTL: r.TTL, Values: r.Addrs, Proxied: r.Proxied, Auto: r.Auto}
}

// fits tells whether the live set is one that the run may have left of c so far,
// or the one that c leads to, whoever has set it, and returns what the run has left
// for sure. A write that was begun and whose outcome is not known may have landed,
// or, value by value, in part.
func (s *State) fits(c *plan.Change, live zone.RRset, ok, byValue bool) (ours *zone.RRset, fits bool) {
	ours = c.Before.RRset(c.Key)
	for _, st := range s.index.byChange[c.ID] {
		if !st.Kind.Writes() {
			continue
		}
		m := c.Move(st.Kind)
		if s.isDone(st, c.ZoneRef) {
			ours = m.To
			continue
		}
		if s.steps[st.ID].started[c.ZoneRef] && (is(live, ok, m.To) || ok && byValue && halfway(live, m)) {
			return ours, true
		}
		break
	}
	return ours, is(live, ok, ours) || s.index.window == nil && isWhole(live, ok, c.After.RRset(c.Key))
}

// underWay are the zone's changes that have steps left, without those that are
// left to someone else, or to another window.
func (s *State) underWay(ref plan.ZoneRef) (out []*plan.Change) {
	for _, c := range s.index.byZone[ref] {
		if s.accepted(c) || s.zones[ref].handed[c.ID] {
			continue
		}
		for _, st := range s.index.byChange[c.ID] {
			if !s.isDone(st, ref) {
				out = append(out, c)
				break
			}
		}
	}
	return out
}

// undisturbed is an error of class Moved when someone else has set an RRset of
// the zone that the run is not through with. It is looked at once: where the
// provider does not answer, the next write finds out.
func (w *work) undisturbed(ctx context.Context) error {
	p, err := w.World.Provider(w.ref)
	if err != nil {
		return err
	}
	drifted, err := w.state.driftIn(ctx, p, w.ref, w.state.underWay(w.ref))
	if err != nil {
		if ctx.Err() == nil {
			w.warnf("whether someone else has changed %s meanwhile is not known: %v", w.ref, err)
		}
		return ctx.Err()
	}
	if len(drifted) > 0 {
		return movedError(drifted)
	}
	return nil
}

// checked does a step that asks servers, and tells a change by someone else from
// servers that are wrong. A write looks by itself, and where servers are asked
// their answers tell. So it is looked before only where that is too late or too
// little: several zones switch one after the other, and nothing is asked of the
// DNS about some.
func (w *work) checked(ctx context.Context, check func(context.Context) (facts, error)) (facts, error) {
	var err error
	switch {
	case w.step.Kind == plan.StepGate && len(w.action.Zones) > 1:
		err = w.undisturbed(ctx)
	case w.step.Kind == plan.StepVerify:
		err = w.unasked(ctx)
	}
	if err != nil {
		return facts{}, err
	}
	f, err := check(ctx)
	switch classOf(err) {
	case Disagree, Lagging, Probe:
		if ctx.Err() != nil {
			return f, ctx.Err()
		}
		if moved := w.undisturbed(ctx); moved != nil {
			return facts{}, moved
		}
	}
	return f, err
}

// unasked looks at a zone without servers to ask.
func (w *work) unasked(ctx context.Context) error {
	servers, err := w.servers(ctx)
	if err != nil || len(servers) > 0 {
		return err
	}
	return w.undisturbed(ctx)
}

// doubts tells whether one answer that is not as wanted is reason to look at once
// who was there: behind a wait for agreement, not within it.
func (w *work) doubts() bool {
	return !w.action.Closing && (w.step.Kind == plan.StepVerify || w.step.Kind == plan.StepSettle)
}

// behindSwitch tells whether the addresses of one of the step's changes in this
// zone have been switched.
func (w *work) behindSwitch() bool {
	for _, c := range w.changes() {
		if st, ok := w.state.index.writeBefore(w.step, c); ok && isSwitch(st.Kind) && w.state.isDone(st, w.ref) {
			return true
		}
	}
	return false
}

// holds tells whether a failure waits for a person, and takes nothing back by
// itself.
//
//	a provider that cannot be opened    holds
//	someone else has set an RRset       holds; closing leaves it alone, an alarm
//	a resolver lags                     holds
//	servers disagree, or a probe fails  holds behind the switch, where the policy says so
//	closing does not get through        holds
//
// An issuance window waits for nobody: all but the last closes it.
func (w *work) holds(c Class) bool {
	if w.Plan.Window != nil {
		return w.action.Closing && c == Unreachable
	}
	switch c {
	case Moved:
		return !w.action.Closing
	case Lagging:
		return true
	case Disagree, Probe:
		return !w.action.Closing && w.Plan.Policy.OnFailure == plan.Hold && w.behindSwitch()
	case Unreachable:
		return w.action.Closing
	}
	return false
}

// acceptance is that a person has left a change to someone else.
type acceptance struct {
	// begun and done are the steps that were so by then.
	begun, done map[string]bool
}

// accept takes in that a person has left changes to someone else: they are in no
// later step, and a step that is about nothing else is done.
func (s *State) accept(f facts, at time.Time) {
	for _, id := range f.Left {
		c, ok := s.index.changes[id]
		if !ok || s.accepted(c) {
			continue
		}
		a := acceptance{begun: map[string]bool{}, done: map[string]bool{}}
		for _, st := range s.index.byChange[id] {
			a.begun[st.ID], a.done[st.ID] = s.steps[st.ID].started[c.ZoneRef], s.isDone(st, c.ZoneRef)
		}
		s.zones[c.ZoneRef].accepted[id] = a
	}
	for i := range s.plan.Steps {
		st := &s.plan.Steps[i]
		for ref, changes := range s.index.byStep[st.ID] {
			if !s.isDone(st, ref) && s.allAccepted(ref, changes) {
				s.steps[st.ID].done[ref] = at
			}
		}
	}
	s.advance()
}

func (s *State) allAccepted(ref plan.ZoneRef, changes []*plan.Change) bool {
	for _, c := range changes {
		if _, ok := s.zones[ref].accepted[c.ID]; !ok {
			return false
		}
	}
	return true
}

// accepted tells whether a person has left the change to someone else.
func (s *State) accepted(c *plan.Change) bool {
	_, ok := s.zones[c.ZoneRef].accepted[c.ID]
	return ok
}

// didBegin tells whether step st was begun for c.
func (s *State) didBegin(st *plan.Step, c *plan.Change) bool {
	if a, ok := s.zones[c.ZoneRef].accepted[c.ID]; ok {
		return a.begun[st.ID]
	}
	return s.steps[st.ID].started[c.ZoneRef]
}

// didEnd tells when step st was done for c, if it was.
func (s *State) didEnd(st *plan.Step, c *plan.Change) (at time.Time, ok bool) {
	if a, left := s.zones[c.ZoneRef].accepted[c.ID]; left && !a.done[st.ID] {
		return time.Time{}, false
	}
	at, ok = s.steps[st.ID].done[c.ZoneRef]
	return at, ok
}

// driftedFrom is the RRset of m, which is neither as expected nor as wanted.
func driftedFrom(m plan.Move, live zone.RRset, ok bool) Drifted {
	d := Drifted{Key: m.Key, Ours: m.From}
	if ok {
		d.Live = &live
	}
	return d
}

// of is d, of the change.
func (d Drifted) of(c *plan.Change) Drifted {
	d.Change = c
	return d
}

// named adds their changes to RRsets of the step.
func (w *work) named(drifted []Drifted) []Drifted {
	byKey := map[zone.Key]*plan.Change{}
	for _, c := range w.changes() {
		byKey[c.Key] = c
	}
	for i := range drifted {
		drifted[i] = drifted[i].of(byKey[drifted[i].Key])
	}
	return drifted
}
