package config

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
)

// The codes of warnings about earlier runs.
const (
	// LeftoversUnknown: a run cannot be read, so nobody knows what it left in
	// caches or what it has not finished.
	LeftoversUnknown = "leftovers-unknown"
	// UnfinishedRun: a run that has not ended works on an RRset of the plan.
	UnfinishedRun = "unfinished-run"
)

// remembered is the longest that an earlier run is looked back at: the TTL that
// resolvers cap theirs at by default is a day (Unbound) to a week (BIND).
const remembered = 8 * 24 * time.Hour

// Past is what earlier runs have left behind, as their journals tell.
type Past struct {
	// Cached is until when resolvers may hold what stood before their writes.
	Cached map[plan.ZoneRef]map[zone.Key]time.Time

	// held is what that was.
	held       map[Touched][]execute.Held
	unfinished []Unfinished
	unknown    []plan.Warning
}

// Unfinished is a run that has begun to write and has not ended.
type Unfinished struct {
	ID    string
	State report.RunState
	// Keys are the RRsets that it is not through with, in the plan's order.
	Keys []Touched
	// switching are those of Keys whose new state it has begun to bring.
	switching map[Touched]bool
	// phases are how far it is with each of Keys.
	phases map[Touched]execute.Phase
}

// goesOn tells whether the run goes on without a person: a process works on it, or
// it is an open issuance window, which its guard closes.
func (u Unfinished) goesOn() bool {
	return u.State == report.RunRunning || u.State == report.RunOpen
}

// stands tells whether the run must be ended before another one changes its
// RRsets: it waits for a person, or has switched what is not verified yet. One
// that has only lowered TTLs does no harm to another, which counts what is left
// of the old ones in caches. A run that a process works on at this moment is
// left to its locks, which name the process.
func (u Unfinished) stands() bool {
	switch u.State {
	case report.RunRunning:
		return false
	case report.RunHolding:
		return true
	}
	return slices.ContainsFunc(u.Keys, func(k Touched) bool { return u.switching[k] })
}

// Touched is an RRset of a zone in a view. It is comparable.
type Touched struct {
	plan.ZoneRef
	zone.Key
}

// Past reads the runs of the state folder. A run counts from its latest event,
// not from its plan, which may be much older. One that cannot be read is no
// error, but a warning in Warn.
func (s Settings) Past(now time.Time) (*Past, error) {
	past := &Past{Cached: map[plan.ZoneRef]map[zone.Key]time.Time{}, held: map[Touched][]execute.Held{}}
	runs, err := journal.ListRuns(s.StateDir)
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		if err := past.add(r, now); err != nil && now.Sub(touched(r)) <= remembered {
			past.unknown = append(past.unknown, plan.Warning{
				Code: LeftoversUnknown, Name: r.ID,
				Message: fmt.Sprintf("what this run left in caches, or has not finished, is not known: %v", err),
			})
			past.suppose(r)
		}
	}
	return past, nil
}

// suppose takes a run that cannot be read for one that has just begun to write all
// of its plan, as far as that can be read: resolvers may hold what stood before.
func (p *Past) suppose(r journal.Run) {
	doc, err := r.Plan()
	if err != nil {
		return
	}
	made, err := plan.Decode(doc)
	if err != nil {
		return
	}
	for i := range made.Changes {
		if c := &made.Changes[i]; c.Before != nil {
			until := touched(r).Add(c.Before.TTL.Duration())
			p.cached(c.ZoneRef, c.Key, until)
			p.hold(c.ZoneRef, c.Key, execute.Held{Addrs: c.Before.Values, Proxied: c.Before.Proxied, Until: until})
		}
	}
}

// cached notes until when resolvers may hold what stood before.
func (p *Past) cached(ref plan.ZoneRef, k zone.Key, until time.Time) {
	if p.Cached[ref] == nil {
		p.Cached[ref] = map[zone.Key]time.Time{}
	}
	if until.After(p.Cached[ref][k]) {
		p.Cached[ref][k] = until
	}
}

// add takes in one run. The plan of one that ended long ago is not read.
func (p *Past) add(r journal.Run, now time.Time) error {
	events, err := r.Events()
	if err != nil {
		return err
	}
	last := events[len(events)-1]
	ended, recent := last.Kind == journal.End, now.Sub(last.At) <= remembered
	if ended && !recent {
		return nil
	}
	doc, err := r.Plan()
	if err != nil {
		return err
	}
	made, err := plan.Decode(doc)
	if err != nil {
		return err
	}
	state := execute.Fold(made, events)
	if recent {
		p.remember(state)
	}
	if !ended {
		return p.addUnfinished(r, made, events, state)
	}
	return nil
}

// hold notes what they may hold then.
func (p *Past) hold(ref plan.ZoneRef, k zone.Key, held ...execute.Held) {
	at := Touched{ref, k}
	p.held[at] = append(p.held[at], held...)
}

func (p *Past) remember(state *execute.State) {
	for ref, keys := range state.Remembered() {
		for k, t := range keys {
			p.cached(ref, k, t)
		}
	}
	for ref, keys := range state.Held() {
		for k, held := range keys {
			p.hold(ref, k, held...)
		}
	}
}

// addUnfinished keeps the RRsets that a run is not through with. One that has
// not begun to write has nothing to finish.
func (p *Past) addUnfinished(r journal.Run, made *plan.Plan, events []journal.Event, state *execute.State) error {
	wrote := false
	u := Unfinished{ID: r.ID, switching: map[Touched]bool{}, phases: map[Touched]execute.Phase{}}
	for _, c := range state.Result().Changes {
		wrote = wrote || c.Written
		if c.Made == execute.Pending || c.Made == execute.LeftOpen {
			k := Touched{c.Change.ZoneRef, c.Change.Key}
			u.Keys = append(u.Keys, k)
			u.switching[k], u.phases[k] = c.Switching, state.Phase(c.Change)
		}
	}
	if !wrote {
		return nil
	}
	busy, err := r.Busy()
	u.State = report.NewRun(made, events, busy).State
	p.unfinished = append(p.unfinished, u)
	return err
}

// touched is when anything of a run that cannot be read was made or changed, as
// far as its id and its files tell.
func touched(r journal.Run) (last time.Time) {
	if id, err := ulid.ParseStrict(strings.ToUpper(r.ID)); err == nil {
		last = ulid.Time(id.Time())
	}
	for _, path := range []string{r.Path, r.Journal(), filepath.Join(r.Path, journal.PlanFile)} {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last
}

// Unfinished returns the runs that are not through with an RRset that made
// changes, each with those RRsets alone. The plan's own run is not among them.
func (p *Past) Unfinished(made *plan.Plan) (out []Unfinished) {
	changed := map[Touched]bool{}
	for i := range made.Changes {
		changed[Touched{made.Changes[i].ZoneRef, made.Changes[i].Key}] = true
	}
	for _, u := range p.unfinished {
		u.Keys = slices.DeleteFunc(slices.Clone(u.Keys), func(k Touched) bool { return !changed[k] })
		if len(u.Keys) > 0 && u.ID != made.ID {
			out = append(out, u)
		}
	}
	return out
}

// Warn adds to the plan what its reader should know of earlier runs.
func (p *Past) Warn(made *plan.Plan) {
	made.Warnings = append(made.Warnings, p.unknown...)
	for _, u := range p.Unfinished(made) {
		made.Warnings = append(made.Warnings, plan.Warning{
			Code: UnfinishedRun, Name: u.ID,
			Message: fmt.Sprintf("%s: go on with it (dnsplan resume %s) or take it back (dnsplan cancel %s) before this plan", u, u.ID, u.ID),
		})
	}
}

// mostNamed is how many RRsets of an unfinished run are named.
const mostNamed = 5

// String says how the run stands and what it is about: "this run is
// interrupted and not through with www.example.org. A".
func (u Unfinished) String() string {
	var names []string
	for _, k := range u.Keys[:min(len(u.Keys), mostNamed)] {
		name := k.Key.String()
		if k.View != "" {
			name += " in view " + k.View
		}
		names = append(names, name)
	}
	text := fmt.Sprintf("this run is %s and not through with %s", cmp.Or(u.State, "unfinished"), strings.Join(names, ", "))
	if more := len(u.Keys) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// UnfinishedError is a plan that changes what earlier runs are not through with.
type UnfinishedError struct{ Runs []Unfinished }

// Error names each run and the RRsets.
func (e *UnfinishedError) Error() string {
	lines := make([]string, len(e.Runs))
	for i, u := range e.Runs {
		lines[i] = fmt.Sprintf("run %s: %s", u.ID, u)
	}
	return "refused, nothing was changed:\n  " + strings.Join(lines, "\n  ")
}

// CheckUnfinished returns an *UnfinishedError when the plan changes what an
// earlier run has switched and not verified, or what it holds.
func (s Settings) CheckUnfinished(made *plan.Plan, now time.Time) error {
	past, err := s.Past(now)
	if err != nil {
		return err
	}
	standing := slices.DeleteFunc(past.Unfinished(made), func(u Unfinished) bool { return !u.stands() })
	if len(standing) > 0 {
		return &UnfinishedError{standing}
	}
	return nil
}
