package execute

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers"
)

// A write whose reply nobody has heard may still be applied once live was read: its
// request waits at the provider, and whoever has sent it may be dead. What live shows
// is no proof then, until providers.Limits.Late has passed:
//
//	a step is taken back   it is looked again until then, and what has landed is
//	                       taken back at once
//	a step is done, by a   it ends by then: what comes late finds what it brings
//	second request, or in
//	a second process

// The pauses between two looks for a write that may come late, from the first to the
// longest.
const (
	firstLook   = 500 * time.Millisecond
	longestLook = 5 * time.Second
)

// inDoubt tells whether a request of the step may still be on its way to the zone: it
// was begun, and neither was it done nor has it ended with every request answered.
func (s *State) inDoubt(st *plan.Step, ref plan.ZoneRef) bool {
	steps := s.steps[st.ID]
	return steps.started[ref] && !s.isDone(st, ref) && !steps.heard[ref]
}

// hears takes in whether each request of the step was answered, where it has ended, and
// is not done.
func (st *stepState) hears(e journal.Event, ref plan.ZoneRef, f facts) {
	if !e.Undo && (e.Kind == journal.Failed || e.Kind == journal.Hold) {
		st.heard[ref] = f.Heard
	}
}

// late is how long closing looks for a write of the step that may come late; 0 where
// none can, or where it would bring what closing writes.
func (w *work) late(p providers.Provider) time.Duration {
	opposed := slices.ContainsFunc(w.undos(), func(u undoing) bool { return !w.state.kept(u.change) })
	if !opposed || !w.state.inDoubt(w.step, w.ref) {
		return 0
	}
	return p.Limits(w.ref.Zone).Late
}

// undone is what closing has found and done.
type undone struct {
	ours []undoing
	left []stray
	facts
}

// undoAll takes the step back, and what comes late too. It ends with the first error,
// which unread says is one of reading.
func (w *work) undoAll(ctx context.Context, p providers.Provider) (u undone, unread bool, err error) {
	remains := w.late(p) // by pauses: the clock may be set
	for pause := firstLook; ; pause = min(2*pause, longestLook) {
		landed, err := w.sort(ctx, p, &u)
		if err != nil {
			return u, true, err
		}
		now := u.ours
		if pause > firstLook { // the others are as closing wants them
			now = slices.DeleteFunc(slices.Clone(now), func(o undoing) bool { return !slices.Contains(landed, o.change.ID) })
		}
		f, err := w.takeBack(ctx, now)
		u.Written += f.Written
		if err != nil || remains <= 0 {
			return u, false, err
		}
		if pause == firstLook {
			w.tell(Progress{Doing: fmt.Sprintf("nobody has heard the answer to %s, which may still be applied: looking for it", w.step.Kind), Deadline: w.Clock.Now().Add(remains), Then: Ends})
		}
		if _, err := w.pause(ctx, w.Clock.Now().Add(min(pause, remains))); err != nil {
			return u, true, err
		}
		remains -= pause
	}
}

// outlast waits until what may come late of the step finds what a second request has
// brought.
func (w *work) outlast(ctx context.Context, p providers.Provider) error {
	if !w.twice || w.action.Closing || w.shuts() {
		return nil
	}
	until := w.unheard.Add(p.Limits(w.ref.Zone).Late)
	if !w.Clock.Now().Before(until) {
		return nil
	}
	w.tell(Progress{Doing: "waiting for the request whose answer was lost: it may still be applied", Deadline: until, Then: Ends})
	_, err := w.pause(ctx, until)
	return err
}
