package execute

import (
	"context"
	"errors"
	"fmt"
	"strings"
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

// write brings the zone from each move's From to its To. It looks first: what
// is already there is not written again, and what is neither stops it before
// anything is written. A lost reply is answered by looking, never by writing
// blindly.
func (w *work) write(ctx context.Context, moves []plan.Move) (facts, error) {
	p, err := w.World.Provider(w.ref)
	if err != nil {
		return facts{}, err
	}
	written := 0
	for try := 1; ; try++ {
		n, err := w.tryWrite(ctx, p, moves)
		written += n
		if err == nil {
			return facts{Written: written}, nil
		}
		if ctx.Err() != nil {
			return facts{}, ctx.Err()
		}
		again, ok := w.retryAt(err, try)
		if !ok {
			return facts{}, w.explain(err)
		}
		w.progress("trying again: "+err.Error(), again, nil)
		if err := w.Clock.SleepUntil(ctx, again); err != nil {
			return facts{}, err
		}
	}
}

// tryWrite looks, writes what is to be written, waits for the provider to be in
// sync, and looks again.
func (w *work) tryWrite(ctx context.Context, p providers.Provider, moves []plan.Move) (written int, err error) {
	todo, live, err := w.look(ctx, p, moves)
	if err != nil || len(todo) == 0 {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err // the last moment at which nothing has been sent
	}
	sent := context.WithoutCancel(ctx) // what is begun is finished
	receipt, err := p.Write(sent, w.ref.Zone, changesOf(todo, live))
	if err != nil {
		return 0, err
	}
	if s, ok := p.(providers.Syncer); ok {
		w.progress("waiting until the provider is in sync", time.Time{}, nil)
		if err := s.WaitInSync(ctx, w.ref.Zone, receipt); err != nil {
			return len(todo), err
		}
	}
	left, _, err := w.look(sent, p, moves)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%s was accepted, and %s is not there", w.step.Kind, left[0].To)
	}
	return len(todo), err
}

// look reads the moves' RRsets and returns those that are still to be written.
// It is an error of class Moved when one is neither as expected nor as wanted.
func (w *work) look(ctx context.Context, p providers.Provider, moves []plan.Move) ([]plan.Move, *zone.Snapshot, error) {
	live, err := providers.Look(ctx, p, w.ref.Zone, zoneKeys(moves))
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", w.ref, err)
	}
	var todo []plan.Move
	var moved []string
	for _, m := range moves {
		r, ok := live.Find(m.Key)
		switch {
		case is(r, ok, m.To):
		case is(r, ok, m.From):
			todo = append(todo, m)
		default:
			moved = append(moved, fmt.Sprintf("%s: expected %s, now %s", m.Key, show(m.From), shown(r, ok)))
		}
	}
	if len(moved) > 0 {
		return nil, nil, failf(Moved, "someone else has changed %s", strings.Join(moved, "; "))
	}
	return todo, live, nil
}

// is tells whether the live set is the state; nil is no set.
func is(live zone.RRset, ok bool, state *zone.RRset) bool {
	if state == nil || !ok {
		return state == nil && !ok
	}
	return live.Foreign == "" && live.Equal(*state)
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

// changesOf gives the provider each set as it was just read, with what it keeps
// beside the addresses.
func changesOf(moves []plan.Move, live *zone.Snapshot) []providers.Change {
	out := make([]providers.Change, len(moves))
	for i, m := range moves {
		out[i] = providers.Change{After: m.To, Replaces: m.Replaces}
		if r, ok := live.Find(m.Key); ok {
			out[i].Before = &r
		}
	}
	return out
}

// retryAt says when to try again, if at all. What the provider said about the
// request itself does not pass by waiting.
func (w *work) retryAt(err error, try int) (time.Time, bool) {
	if _, judged := errors.AsType[*stepError](err); judged || try >= writeTries {
		return time.Time{}, false
	}
	if _, refused := errors.AsType[*providers.RefusedError](err); refused {
		return time.Time{}, false
	}
	for _, final := range []error{providers.ErrForeign, providers.ErrCredentials, providers.ErrZoneNotFound} {
		if errors.Is(err, final) {
			return time.Time{}, false
		}
	}
	if limited, ok := errors.AsType[*providers.RateLimitError](err); ok {
		return limited.Until, true
	}
	pause := min(firstPause<<(try-1), longestPause)
	return w.Clock.Now().Add(pause), true
}

// explain gives an error that is final its class.
func (w *work) explain(err error) error {
	if _, ok := errors.AsType[*stepError](err); ok {
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

// backup keeps a copy of the zone, as it is before the first write.
func (w *work) backup(ctx context.Context) (facts, error) {
	p, err := w.World.Provider(w.ref)
	if err != nil {
		return facts{}, err
	}
	s, err := p.Read(ctx, w.ref.Zone)
	if err != nil {
		return facts{}, w.explain(err)
	}
	path, err := w.World.Save(w.ref, s)
	if err != nil {
		return facts{}, failf(Refused, "back up %s: %w", w.ref, err)
	}
	return facts{Backup: path}, nil
}

// close takes the step back in a zone that failed. What someone else has set
// meanwhile is left alone and reported; the rest is written.
func (w *work) close(ctx context.Context) (facts, error) {
	ctx = context.WithoutCancel(ctx) // what was opened is closed, also after a signal
	moves := w.state.ClosingMoves(w.step, w.ref)
	p, err := w.World.Provider(w.ref)
	if err != nil {
		return facts{}, err
	}
	live, err := w.lookAgain(ctx, p, moves)
	if err != nil {
		return facts{}, err
	}
	var ours []plan.Move
	var theirs []string
	for _, m := range moves {
		r, ok := live.Find(m.Key)
		if is(r, ok, m.From) || is(r, ok, m.To) {
			ours = append(ours, m)
			continue
		}
		theirs = append(theirs, fmt.Sprintf("%s: before the run %s, ours %s, now %s", m.Key, show(m.To), show(m.From), shown(r, ok)))
	}
	f, err := w.write(ctx, ours)
	if err == nil && isSwitch(w.step.Kind) {
		err = w.agree(ctx, wantsOf(ours))
	}
	if err == nil && len(theirs) > 0 {
		err = failf(Moved, "left as someone else has set it: %s", strings.Join(theirs, "; "))
	}
	return f, err
}

// lookAgain reads the moves' RRsets, with the patience of a write.
func (w *work) lookAgain(ctx context.Context, p providers.Provider, moves []plan.Move) (*zone.Snapshot, error) {
	for try := 1; ; try++ {
		live, err := providers.Look(ctx, p, w.ref.Zone, zoneKeys(moves))
		if err == nil {
			return live, nil
		}
		again, ok := w.retryAt(err, try)
		if !ok {
			return nil, w.explain(err)
		}
		if err := w.Clock.SleepUntil(ctx, again); err != nil {
			return nil, err
		}
	}
}
