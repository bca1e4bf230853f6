package execute

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/verify"
)

// zonesAtOnce is how many zones of a step are worked on at the same time.
const zonesAtOnce = 8

// Runner does one step. It keeps nothing between steps but what can be found
// out again, so that another process may do the next one.
type Runner struct {
	Plan     *plan.Plan
	World    World
	Asker    Asker
	Clock    Clock
	Observer Observer
	// Prober asks the services; plans without probes need none.
	Prober Prober
	// Challenger asks for challenges; plans without any need none.
	Challenger Challenger
	// Router is asked about new addresses before the first write; nil asks nobody.
	Router Router
	// Commander runs the command of an issuance window; other plans need none.
	Commander Commander
	// Certifier asks for the certificates behind a proxy; other plans than those of
	// issuance windows need none.
	Certifier Certifier
	// Read are zones as CheckLive has just read them, for the first backup; a
	// zone that is not there is read again.
	Read map[plan.ZoneRef]*zone.Snapshot

	observing sync.Mutex
}

// Run does the action's step in each of its zones and returns one done, failed
// or hold event for each, in the order of the zones, warnings before it. When the
// context ends, it returns the context's error; zones that were not finished have
// no event then, and the step is to be run again. So it is in zones whose Note does
// not hold any more.
//
// A write that has begun is finished before Run gives up. Closing does not give up
// but where ErrLetGo is the context's cause.
func (r *Runner) Run(ctx context.Context, a Action, s *State) ([]journal.Event, error) {
	caller := ctx
	if a.Closing {
		var done func()
		ctx, done = untilLetGo(ctx) // what was opened is closed, also after a signal
		defer done()
	}
	if a.Step.Kind == plan.StepCommand {
		return r.command(ctx, a, s)
	}
	outcomes := make([][]journal.Event, len(a.Zones))
	working, stop := context.WithCancel(ctx)
	defer stop()
	var g errgroup.Group
	if g.SetLimit(zonesAtOnce); !a.Until.IsZero() {
		g.SetLimit(-1) // they watch, and mostly sleep
	}
	for i, ref := range a.Zones {
		g.Go(func() error {
			w := &work{Runner: r, action: a, state: s, ref: ref, step: a.Step, silent: s.zones[ref].silent}
			f, err := w.do(working)
			f.Handed, f.Early = w.handed, w.early
			if err != nil && working.Err() != nil || errors.Is(err, errEdited) {
				return nil // no outcome: it runs again
			}
			if err != nil && !a.Until.IsZero() {
				stop() // what failed is taken back at once; the others watch on
			}
			outcomes[i] = append(w.warnings, w.event(f, err))
			return nil
		})
	}
	_ = g.Wait() // the work returns no error: each zone has its own outcome
	for _, o := range outcomes {
		if o == nil {
			return slices.Concat(outcomes...), caller.Err()
		}
	}
	return slices.Concat(outcomes...), nil
}

// work is one step in one zone.
type work struct {
	*Runner
	action Action
	state  *State
	ref    plan.ZoneRef
	step   *plan.Step

	// sent says that something of the step may have been written here.
	sent bool
	// unheard is when the answer to a request was last lost, also that of a process that
	// has died, and twice says that another one was sent behind it.
	unheard  time.Time
	twice    bool
	warnings []journal.Event
	// ahead names the RRsets that the latest look has found at their End, and edited
	// the addresses whose comments or tags someone has edited.
	ahead, edited []string
	// handed and early are changes of an issuance window that others have open, or have
	// closed before.
	handed, early []string
	// silent are the authoritative addresses that are not asked; the preflight
	// finds them out, and the journal tells later steps.
	silent []string
}

func (w *work) warnf(format string, args ...any) {
	w.warnings = append(w.warnings, journal.Event{
		At: w.Clock.Now(), Kind: journal.Warning, Step: w.step.ID, Zone: w.ref.String(), Message: fmt.Sprintf(format, args...),
	})
}

// stepError is an error with what it means for the run.
type stepError struct {
	class Class
	err   error
	// drifted are RRsets that someone else has set, where that is the error.
	drifted []Drifted
}

func (e *stepError) Error() string { return e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

func failf(c Class, format string, args ...any) error {
	return &stepError{class: c, err: fmt.Errorf(format, args...)}
}

func (w *work) do(ctx context.Context) (facts, error) {
	if w.action.Closing {
		return w.close(ctx)
	}
	switch w.step.Kind {
	case plan.StepBackup:
		return w.backup(ctx)
	case plan.StepPreflight:
		return w.preflight(ctx)
	case plan.StepPropagate:
		return w.checked(ctx, func(ctx context.Context) (facts, error) { return facts{}, w.agree(ctx, w.wants()) })
	case plan.StepGate:
		return w.checked(ctx, func(ctx context.Context) (facts, error) { return facts{}, w.gate(ctx) })
	case plan.StepProbe:
		return w.checked(ctx, w.probeNew)
	case plan.StepIssued:
		return w.certificates(ctx)
	case plan.StepVerify, plan.StepSettle:
		if !w.action.Until.IsZero() {
			if f, err := w.checked(ctx, w.watch); err != nil {
				return f, err
			}
		}
		return w.checked(ctx, w.verify)
	}
	if w.step.Kind.Writes() {
		return w.write(ctx, w.moves())
	}
	return facts{}, failf(Refused, "step %s: this dnsplan knows no steps of kind %q", w.step.ID, w.step.Kind)
}

// event turns an outcome into what the journal holds.
func (w *work) event(f facts, err error) journal.Event {
	e := journal.Event{At: w.Clock.Now(), Kind: journal.Done, Step: w.step.ID, Undo: w.action.Closing, Zone: w.ref.String()}
	if err != nil {
		e.Kind, e.Error = journal.Failed, err.Error()
		f = facts{Class: classOf(err), Left: f.Left, Landed: f.Landed, Written: f.Written, Handed: f.Handed, Early: f.Early, Heard: w.unheard.IsZero() && w.step.Kind.Writes()}
		if moved, ok := errors.AsType[*stepError](err); ok {
			f.Live = liveOf(moved.drifted)
		}
		if _, unopened := errors.AsType[*UnopenedError](err); unopened && w.Plan.Window == nil || w.holds(f.Class) {
			e.Kind = journal.Hold
		}
	}
	if data, err := json.Marshal(f); err == nil && string(data) != "{}" {
		e.Data = data
	}
	return e
}

// changes are those of the step in this zone, without those that a person has
// left to someone else, and those that are not proxied again because another window
// has them open.
func (w *work) changes() []*plan.Change {
	all, z := w.state.index.byStep[w.step.ID][w.ref], w.state.zones[w.ref]
	if len(z.accepted) == 0 && len(z.handed) == 0 {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(c *plan.Change) bool {
		return w.state.accepted(c) || z.handed[c.ID] && w.step.Kind == plan.StepVerify
	})
}

// moves are the writes of the step in this zone.
func (w *work) moves() []plan.Move {
	var out []plan.Move
	for _, c := range w.changes() {
		out = append(out, w.marked(c, c.Move(w.step.Kind)))
	}
	return out
}

// zone is the plan's entry for this zone.
func (w *work) zone() plan.Zone {
	if z, ok := w.state.index.byRef[w.ref]; ok {
		return *z
	}
	return plan.Zone{ZoneRef: w.ref}
}

// timeout bounds a wait for agreement: the inventory's, or what the provider
// says it needs if that is more.
func (w *work) timeout() time.Duration {
	return time.Duration(max(w.Plan.Policy.Timeout, w.zone().Sync)) * time.Second
}

// progress tells what is waited for until it comes, or is given up at a deadline.
func (w *work) progress(doing string, deadline time.Time, lines []verify.Line) {
	w.tell(Progress{Doing: doing, Deadline: deadline, Lines: lines})
}

func (w *work) tell(p Progress) {
	if w.Observer == nil {
		return
	}
	p.Step, p.Closing = w.step.ID, w.action.Closing
	w.observing.Lock()
	defer w.observing.Unlock()
	w.Observer.Progress(p)
}

// want is what servers should answer for c once the write before this step has
// reached them.
func (w *work) want(c *plan.Change) verify.Want {
	kind := plan.StepSwitch
	if st, ok := w.state.index.writeBefore(w.step, c); ok {
		kind = st.Kind
	}
	return wantOf(c, c.Move(kind))
}

// wants are those of the step's changes.
func (w *work) wants() []verify.Want {
	var out []verify.Want
	for _, c := range w.changes() {
		out = append(out, w.want(c))
	}
	return out
}

// wantOf is what servers should answer once m, a write of c or its inverse, has
// reached them. What the change leads to in the end is right too: someone else may
// have set it. Where what was there before could pass for right, because a
// wildcard or the proxy answers in its place, it is named as wrong.
func wantOf(c *plan.Change, m plan.Move) verify.Want {
	want := verify.Want{Key: m.Key}
	switch {
	case m.To == nil:
		want.Any = c.Wildcard > 0
	case m.To.Auto:
		want.Values, want.Proxied = m.To.Addrs, m.To.Proxied
	default:
		want.Values, want.TTL, want.Exact = m.To.Addrs, m.To.TTL, true
	}
	if m.End != nil {
		want.Or = new(wantOf(c, plan.Move{Key: m.Key, To: m.End}))
	}
	if m.From != nil && !m.From.Proxied && (want.Any || want.Proxied) {
		want.Not = m.From.Addrs
	}
	if want.Any && slices.Equal(c.WildcardValues, want.Not) {
		want.NotTTL = m.From.TTL
		if m.From.TTL == c.Wildcard {
			want.Not = nil // nothing tells the two apart
		}
	}
	return want
}

// zoneKeys are the keys of moves.
func zoneKeys(moves []plan.Move) []zone.Key {
	out := make([]zone.Key, len(moves))
	for i, m := range moves {
		out[i] = m.Key
	}
	return out
}

// wantsOf are what servers should answer once undos have reached them.
func wantsOf(undos []undoing) []verify.Want {
	out := make([]verify.Want, len(undos))
	for i, u := range undos {
		out[i] = wantOf(u.change, u.move)
	}
	return out
}
