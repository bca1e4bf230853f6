package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/providers"
)

// A write that fails for a reason that may pass is tried this often, with
// these pauses between.
const (
	writeTries   = 6
	firstPause   = 500 * time.Millisecond
	longestPause = 15 * time.Second
)

// write brings the zone from each move's From to its To. The provider compares
// right before it writes, so that a first write needs no look of its own; where
// that says that live is something else, and wherever a write may have been sent
// before, it is preceded by one: what is as wanted already is not written again,
// and what is neither as wanted nor as expected stops the step before anything
// is written.
//
//	live is                             the step
//	To, or the move's End               is done, nothing is written
//	From                                writes
//	anything else, as the new values    holds: whoever set them may mean that TTL
//	with a TTL of their own
func (w *work) write(ctx context.Context, moves []plan.Move) (facts, error) {
	if w.state.steps[w.step.ID].lost[w.ref] {
		w.unheard, w.twice = w.Clock.Now(), true // whoever has begun it may have sent more than one
	}
	p, err := w.World.Provider(w.ref)
	if err != nil {
		return facts{}, err
	}
	w.sent = w.action.Again || w.action.Closing
	written, first := 0, !w.sent && !w.shuts()
	err = w.patiently(ctx, func() error {
		n, err := w.tryWrite(ctx, p, moves, first)
		written, first = written+n, false
		return err
	})
	if err == nil {
		w.tellOfOthers()
		err = w.outlast(ctx, p)
	}
	return facts{Written: written}, err
}

// tellOfOthers warns of what the latest look has found that someone else has set, and
// that is left so.
func (w *work) tellOfOthers() {
	if len(w.ahead) > 0 {
		w.warnf("someone else has set what the run wants already, and it is not written: %s", listed(w.ahead, ", "))
	}
	if len(w.edited) > 0 {
		w.warnf("someone has edited the comment or the tags of these since the plan was made, and they stay so: %s", listed(w.edited, ", "))
	}
}

// patiently tries again what fails for a reason that may pass. Its error has
// a class, or is the context's, with what has failed last before it ended.
func (w *work) patiently(ctx context.Context, do func() error) error {
	var last error
	for try := 1; ; try++ {
		err := do()
		if err == nil {
			return nil
		}
		over := ctx.Err()
		if over == nil {
			again, ok := w.retryAt(err, try)
			if !ok {
				return w.explain(err)
			}
			w.tell(Progress{Doing: "trying again: " + err.Error(), Deadline: again, Then: TriesAgain})
			last = err
			_, over = w.pause(ctx, again)
		}
		switch {
		case over != nil && last != nil:
			return fmt.Errorf("%w: %w", over, last)
		case over != nil:
			return over
		}
	}
}

// tryWrite writes what is to be written, waits for the provider to be in sync,
// and looks.
func (w *work) tryWrite(ctx context.Context, p providers.Provider, moves []plan.Move, first bool) (written int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err // the last moment at which nothing has been sent
	}
	sent := ctx // closing is not cancelled, and has its own deadline
	if !w.action.Closing {
		var done func()
		sent, done = untilLetGo(ctx) // what is begun is finished
		defer done()
	}
	receipt, todo, err := w.send(ctx, sent, p, moves, first)
	if err != nil {
		return 0, err
	}
	if s, ok := p.(providers.Syncer); ok {
		if err := w.inSync(ctx, p, s, receipt, len(moves)-len(todo)); err != nil {
			return len(todo), err
		}
	}
	if len(todo) == 0 {
		return 0, nil
	}
	left, _, err := w.look(sent, p, moves)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%s was accepted, and %s is not %s", w.step.Kind, left[0].Key.Display(), show(left[0].To))
	}
	return len(todo), err
}

// inSync waits until the provider's servers serve what was just written. The
// receipt of what was there already may have been lost, to a crash or with a
// reply, a moment ago: that is waited for as long as the provider says it takes.
// Closing does not: what it finds in place has mostly never left it, and the
// servers are asked behind it.
func (w *work) inSync(ctx context.Context, p providers.Provider, s providers.Syncer, r providers.Receipt, there int) error {
	if r.ID != "" {
		w.progress("waiting until the provider is in sync", time.Time{}, nil)
		if err := s.WaitInSync(ctx, w.ref.Zone, r); err != nil {
			return err
		}
	}
	if there == 0 || w.action.Closing {
		return nil
	}
	until := w.Clock.Now().Add(p.Limits(w.ref.Zone).Sync)
	w.tell(Progress{Doing: "waiting until the provider is in sync", Deadline: until, Then: Ends})
	_, err := w.pause(ctx, until)
	return err
}

// send writes the moves under the context sent. Unless it is the first time, or
// where live is not what they expect, it looks, under ctx, and writes those that
// are not there yet. It returns what it has written.
func (w *work) send(ctx, sent context.Context, p providers.Provider, moves []plan.Move, first bool) (providers.Receipt, []plan.Move, error) {
	if first {
		receipt, err := w.call(sent, p, w.changesOf(moves, nil))
		if !errors.Is(err, providers.ErrConflict) {
			return receipt, moves, err
		}
	}
	todo, live, err := w.look(ctx, p, moves)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil || len(todo) == 0 {
		return providers.Receipt{}, nil, err
	}
	receipt, err := w.call(sent, p, w.changesOf(todo, live))
	return receipt, todo, err
}

// call has the provider write, and remembers when something may have been.
func (w *work) call(ctx context.Context, p providers.Provider, changes []providers.Change) (providers.Receipt, error) {
	w.twice = w.twice || !w.unheard.IsZero()
	receipt, err := p.Write(ctx, w.ref.Zone, changes)
	if errors.Is(err, providers.ErrUnknown) {
		w.unheard = w.Clock.Now()
	}
	w.sent = w.sent || err == nil || errors.Is(err, providers.ErrPartial) || errors.Is(err, providers.ErrUnknown)
	return receipt, err
}

// look reads the moves' RRsets and returns those that are still to be written.
// It is an error of class Moved when one is neither as expected nor as wanted,
// nor halfway between. What the change leads to in the end is as wanted.
func (w *work) look(ctx context.Context, p providers.Provider, moves []plan.Move) ([]plan.Move, *zone.Snapshot, error) {
	live, err := providers.Look(ctx, p, w.ref.Zone, zoneKeys(moves))
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", w.ref, err)
	}
	var todo []plan.Move
	var moved []Drifted
	w.ahead, w.edited = nil, nil
	for _, m := range moves {
		r, ok := live.Find(m.Key)
		if w.shuts() && w.shared(r, ok, m) {
			continue
		}
		m = w.overEdits(m, r)
		switch {
		case reached(r, ok, m):
		case ok && w.unnoted(r, m):
			return nil, nil, errEdited
		case m.End != nil && !r.Mixed && isWhole(r, ok, m.End):
			w.ahead = append(w.ahead, r.String())
		case is(r, ok, m.From), besideLeft(r, ok, m), w.slowed(r, ok, m), w.leftHalfway(p, r, ok, m):
			todo = append(todo, m)
		default:
			moved = append(moved, driftedFrom(m, r, ok))
		}
	}
	if len(moved) > 0 {
		return nil, nil, movedError(w.named(moved))
	}
	return todo, live, nil
}

// overEdits is m over the comments and tags that stand there by now, which others may
// have edited since the plan was made.
func (w *work) overEdits(m plan.Move, live zone.RRset) plan.Move {
	if w.Plan.Window != nil {
		return w.Plan.Unmarked(m, live)
	}
	m, edited := m.Keeping(live)
	for _, a := range edited {
		w.edited = append(w.edited, m.Key.Display()+" "+a.String())
	}
	return m
}

// is tells whether the live set is the state; nil is no set.
func is(live zone.RRset, ok bool, state *zone.RRset) bool {
	if state == nil || !ok {
		return state == nil && !ok
	}
	return live.Foreign == "" && live.Equal(*state)
}

// besideLeft tells whether the live set is the state that m leads to, but for the
// comments and tags that it brings.
func besideLeft(live zone.RRset, ok bool, m plan.Move) bool {
	return m.To != nil && is(live, ok, m.To) && !isWhole(live, ok, m.To)
}

// isWhole tells whether the live set is the state, with the comments and tags that
// the state brings, where it does.
func isWhole(live zone.RRset, ok bool, state *zone.RRset) bool {
	return is(live, ok, state) && (state == nil || state.Members == nil || live.SameBeside(*state))
}

// reached tells whether the live set is the state that m leads to, in every record
// unless it leads back to where that was not so. An automatic TTL counts where m
// brings or takes it.
func reached(live zone.RRset, ok bool, m plan.Move) bool {
	if !isWhole(live, ok, m.To) || live.Mixed && !m.To.Mixed {
		return false
	}
	onlyAuto := m.To != nil && m.From != nil && m.From.Auto != m.To.Auto && m.From.Equal(*m.To)
	return !onlyAuto || live.Auto == m.To.Auto
}

func show(r *zone.RRset) string {
	if r == nil {
		return "nothing"
	}
	return r.String()
}

func shown(r zone.RRset, ok bool) string {
	if !ok {
		return "nothing"
	}
	return r.String()
}

// changesOf are the changes of moves, from what was just read where something
// was, else from what is expected. A CNAME record that this step has removed
// already is not to be replaced once more.
func (w *work) changesOf(moves []plan.Move, live *zone.Snapshot) []providers.Change {
	out := make([]providers.Change, len(moves))
	for i, m := range moves {
		out[i] = providers.Change{Before: m.From, After: m.To, Replaces: m.Replaces}
		if live == nil {
			continue
		}
		if r, ok := live.Find(m.Key); ok {
			out[i].Before = &r
		}
		if w.sent && !hasCNAME(live, m.Key.Name) {
			out[i].Replaces = ""
		}
	}
	return out
}

func hasCNAME(s *zone.Snapshot, name zone.Name) bool {
	return slices.ContainsFunc(s.Others, func(r zone.Record) bool { return r.Type == "CNAME" && r.Name == name })
}

// retryAt says when to try again, if at all. What the provider said about the
// request itself does not pass by waiting.
func (w *work) retryAt(err error, try int) (time.Time, bool) {
	if _, judged := errors.AsType[*stepError](err); judged || errors.Is(err, errEdited) || try >= writeTries && !w.closesWindow() {
		return time.Time{}, false
	}
	if _, refused := errors.AsType[*providers.RefusedError](err); refused {
		return time.Time{}, false
	}
	denied := errors.Is(err, providers.ErrCredentials) || errors.Is(err, providers.ErrZoneNotFound)
	if errors.Is(err, providers.ErrForeign) || denied && !w.closesWindow() {
		return time.Time{}, false
	}
	now := w.Clock.Now()
	again := now.Add(min(firstPause<<min(try-1, writeTries), longestPause))
	if limited, ok := errors.AsType[*providers.RateLimitError](err); ok {
		return later(again, limited.Until), !w.action.Closing || limited.Until.Sub(now) <= w.patience()
	}
	return again, true
}

// patience is how long closing waits for a provider's next request.
func (w *work) patience() time.Duration {
	if w.closesWindow() {
		return closingLimit
	}
	return closingPatience
}

// closesWindow tells whether an issuance window is being closed: that is tried
// until its time is over, also where the provider lets nobody in meanwhile, since it
// was opened by the same token.
func (w *work) closesWindow() bool { return w.action.Closing && w.Plan.Window != nil }

// explain gives an error that is final its class.
func (w *work) explain(err error) error {
	if _, ok := errors.AsType[*stepError](err); ok || errors.Is(err, errEdited) {
		return err
	}
	class := Unreachable
	_, refused := errors.AsType[*providers.RefusedError](err)
	switch {
	case errors.Is(err, providers.ErrConflict):
		class = Moved
	case refused, errors.Is(err, providers.ErrForeign), errors.Is(err, providers.ErrCredentials), errors.Is(err, providers.ErrZoneNotFound):
		class = Refused
	}
	return failf(class, "%s in %s: %w", w.step.Kind, w.ref, err)
}

// backup keeps a copy of the zone, as it is before the first write: the whole of
// it, or the RRsets that the run touches where the provider does not list it. Under
// the direct strategy, which has no preflight, it is where new addresses are told
// of to which there is no way from here.
func (w *work) backup(ctx context.Context) (facts, error) {
	if w.Plan.Policy.Strategy == plan.Direct {
		w.route(ctx)
	}
	s, err := w.unwritten(ctx)
	if err != nil {
		return facts{}, err
	}
	if s.Blind != "" {
		w.warnf("the copy of %s is not whole, it holds what the run touches: %s", w.ref, s.Blind)
	}
	path, err := w.World.Save(w.ref, s)
	if err != nil {
		return facts{}, failf(Refused, "%w", err) // it says what it is about
	}
	return facts{Backup: path}, nil
}

// unwritten is the zone as it stands before the run writes: as it was read when
// the run began, or, in a run that was taken over, as it is now.
func (w *work) unwritten(ctx context.Context) (s *zone.Snapshot, err error) {
	if s, ok := w.Read[w.ref]; ok && !w.action.Again {
		return s, nil
	}
	p, err := w.World.Provider(w.ref)
	if err != nil {
		return nil, err
	}
	err = w.patiently(ctx, func() (err error) {
		s, err = providers.ReadOrLook(ctx, p, w.ref.Zone, zoneKeys(w.moves()))
		return err
	})
	return s, err
}
