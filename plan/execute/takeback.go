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

// Closing goes on whatever signal comes, so that it is bounded by itself: one
// that is not through then waits for a person, who can resume it. It has
// closingLimit, beside twice the time-out of agreement: for the provider to be
// in sync, and for the servers to agree. A provider that wants more than
// closingPatience before its next request is not waited for, or more than
// closingLimit where a proxy is still off.
const (
	closingLimit    = 15 * time.Minute
	closingPatience = 2 * time.Minute
)

// close takes the step back in a zone that failed. Its error is of the class
// Unreachable where that took too long.
func (w *work) close(ctx context.Context) (facts, error) {
	limit := closingLimit + 2*w.timeout()
	limited, stop := context.WithTimeout(ctx, limit)
	defer stop()
	f, err := w.closeNow(limited)
	if err != nil && ctx.Err() == nil && errors.Is(err, limited.Err()) {
		err = failf(Unreachable, "%s in %s was not taken back within %s: %w", w.step.Kind, w.ref, zone.FormatDuration(limit), err)
	}
	return f, err
}

// closeNow leaves alone what someone else has set meanwhile, and reports it; the
// rest is written.
func (w *work) closeNow(ctx context.Context) (facts, error) {
	p, err := w.World.Provider(w.ref)
	if err != nil {
		return facts{}, err
	}
	u, unread, err := w.undoAll(ctx, p)
	f, ours, left := u.facts, u.ours, u.left
	if unread {
		return f, err
	}
	if class := classOf(err); class == Moved || class == Refused {
		left = append(left, strays(ours, err))
	}
	if err == nil && len(ours) > 0 && isSwitch(w.step.Kind) && w.Plan.Policy.Strategy != plan.Direct {
		err = w.agree(ctx, wantsOf(ours))
	}
	if len(left) == 0 || classOf(err) == Unreachable {
		return f, err // after Unreachable all is tried, and found, again
	}
	return leaveAlone(f, left, err)
}

// takeBack writes the moves of undos, if there are any.
func (w *work) takeBack(ctx context.Context, undos []undoing) (facts, error) {
	if len(undos) == 0 {
		return facts{}, nil
	}
	return w.write(ctx, movesOf(undos))
}

// leaveAlone is the outcome of closing where some RRsets stay as they are. The
// further error, which may be nil, is about the others.
func leaveAlone(f facts, left []stray, further error) (facts, error) {
	var lines []string
	var drifted []Drifted
	for _, s := range left {
		f.Left = append(f.Left, s.ids...)
		lines, drifted = append(lines, s.why), append(drifted, s.drifted...)
	}
	if classOf(further) == Disagree {
		lines = append(lines, further.Error())
	}
	return f, &stepError{class: Moved, err: fmt.Errorf("left as it is: %s", listed(lines, "; ")), drifted: drifted}
}

// classOf is the class of a step's error: Unreachable where it has none, and
// empty without an error.
func classOf(err error) Class {
	if err == nil {
		return ""
	}
	if se, ok := errors.AsType[*stepError](err); ok {
		return se.class
	}
	return Unreachable
}

// stray is what closing leaves alone for one reason: the changes, and why.
type stray struct {
	ids []string
	why string
	// drifted are those of them that someone else has set.
	drifted []Drifted
}

// strays are the undos, none of which could be written.
func strays(undos []undoing, err error) stray {
	var s stray
	keys := make([]string, len(undos))
	for i, u := range undos {
		s.ids = append(s.ids, u.change.ID)
		keys[i] = u.move.Key.Display()
	}
	s.why = fmt.Sprintf("%s: %v", listed(keys, ", "), err)
	if moved, ok := errors.AsType[*stepError](err); ok {
		s.drifted = moved.drifted
	}
	return s
}

// undoing is how one change's step is taken back.
type undoing struct {
	change *plan.Change
	move   plan.Move
}

func movesOf(undos []undoing) []plan.Move {
	out := make([]plan.Move, len(undos))
	for i, u := range undos {
		out[i] = u.move
	}
	return out
}

// sort reads the RRsets that are to be taken back, and tells those that are as
// the run left them, or back already, from those that are to stay as they are.
// Landed are the changes of which it has found what the step writes, this time.
func (w *work) sort(ctx context.Context, p providers.Provider, out *undone) (landed []string, err error) {
	undos := w.undos()
	var live *zone.Snapshot
	err = w.patiently(ctx, func() (err error) {
		live, err = providers.Look(ctx, p, w.ref.Zone, zoneKeys(movesOf(undos)))
		return err
	})
	if err != nil {
		return nil, err
	}
	out.ours, out.left = nil, nil
	for _, u := range undos {
		r, ok := live.Find(u.move.Key)
		if w.shared(r, ok, u.move) {
			landed = append(landed, u.change.ID)
			continue
		}
		stray, stays := u.stays(r, ok, !p.Limits(w.ref.Zone).Atomic)
		stays = stays && !w.slowed(r, ok, u.move)
		if is(r, ok, u.move.From) || !stays && !is(r, ok, u.move.To) {
			landed = append(landed, u.change.ID)
		}
		if stays {
			out.left = append(out.left, stray)
		} else {
			out.ours = append(out.ours, u)
		}
	}
	for _, id := range landed {
		if !slices.Contains(out.Landed, id) {
			out.Landed = append(out.Landed, id)
		}
	}
	return landed, nil
}

// stays tells whether the live set is not to be taken back, and why. What someone else
// has set is theirs; what the step has left halfway is not. And the new addresses of a
// name that was a CNAME stay: the CNAME is not dnsplan's to write, and without both
// there would be nothing at the name. ByValue says that the provider writes value by
// value.
func (u undoing) stays(live zone.RRset, ok, byValue bool) (s stray, stays bool) {
	m := u.move
	s.ids = []string{u.change.ID}
	switch {
	case reached(live, ok, m):
		return stray{}, false
	case !is(live, ok, m.From) && !besideLeft(live, ok, m) && !(ok && byValue && halfway(live, m.Inverse())):
		d := driftedFrom(m, live, ok).of(u.change)
		s.why, s.drifted = d.String(), []Drifted{d}
		return s, true
	case m.To == nil && u.change.Replaces != "":
		s.why = fmt.Sprintf("%s has replaced the %s, which is not dnsplan's to write", shown(live, ok), u.change.Replaces)
		return s, true
	}
	return stray{}, false
}

// undos are the writes that take the step back in this zone.
func (w *work) undos() (out []undoing) {
	for _, c := range w.changes() {
		if m, ok := w.state.undo(w.step, c); ok {
			out = append(out, undoing{c, m})
		}
	}
	return out
}
