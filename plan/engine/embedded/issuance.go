package embedded

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// limit breaks an action off, by stop, when its limit comes: by the clock or, where that
// was set back meanwhile, once the time has passed that the window has. The returned
// function ends that, and waits for it.
func (e *Engine) limit(ctx context.Context, r *run, stop context.CancelFunc, at time.Time) func() {
	if at.IsZero() {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	left, over := ctx, cancel
	if !r.due.IsZero() {
		left, over = context.WithDeadline(ctx, r.due)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if e.opts.Clock.SleepUntil(left, at) == nil || ctx.Err() == nil {
			r.late = at
			stop()
		}
	})
	return func() { cancel(); over(); wg.Wait() } // in this order: what ends by cancel was not late
}

// now is the time by which it is said what to do next. A limit that has come is not
// ahead again because the clock was set back.
func (e *Engine) now(r *run) time.Time {
	now := e.opts.Clock.Now()
	if now.Before(r.late) {
		return r.late
	}
	return now
}

// closesNow tells whether the window of a hook is open, and the context has ended, so
// that it is to be closed. Whoever lets go of a run leaves it as it is.
func closesNow(ctx context.Context, r *run) bool {
	return ctx.Err() != nil && !execute.LetGo(ctx) && r.state.Result().Outcome == execute.OutcomeOpen
}

// The room on the disk that is kept for the end of a window: for its journal, and for
// the change log, which grows with the changes.
const (
	room          = 64 << 10
	roomForChange = 4 << 10
)

// mark writes down that the proxy is about to go off, before anything else does:
// whoever looks for open windows finds this one from then on, until its run has
// ended. It keeps room on the disk to write down that it closes.
func (e *Engine) mark(r *run, a execute.Action, at time.Time) error {
	w := r.plan.Window
	if w == nil || a.Closing || a.Step.Kind != plan.StepProxyOff || a.Again {
		return nil // one that is begun again has its mark
	}
	if err := journal.KeepRoom(e.opts.State, r.plan.ID, room+len(r.plan.Changes)*roomForChange); err != nil {
		return err
	}
	r.due = time.Now().Add(time.Duration(w.Deadline) * time.Second) // by the process's monotonic clock
	h := e.opts.Holder
	h.Run, h.Since = r.plan.ID, at.UTC()
	return journal.MarkWindow(e.opts.State, journal.OpenWindow{
		Run: r.plan.ID, Names: w.Names, Hook: w.Hook, Holder: h, Deadline: at.Add(time.Duration(w.Deadline) * time.Second),
	})
}

// closes tells whether the events say that an issuance window is open no longer than
// closing it takes: its command has ended, something has failed, or it is told to.
func closes(p *plan.Plan, events []journal.Event) bool {
	return p.Window != nil && slices.ContainsFunc(events, func(e journal.Event) bool {
		switch e.Kind {
		case journal.Failed, journal.Hold, journal.Cancel, journal.Resume:
			return true
		case journal.Done:
			return slices.ContainsFunc(p.Steps, func(st plan.Step) bool { return st.ID == e.Step && st.Kind == plan.StepCommand })
		}
		return false
	})
}

// windowImpact says for how long the proxy was off: "proxy off for issuance for 7m2s,
// from 2026-11-23 06:00:03 to 06:07:05 UTC".
func windowImpact(cr execute.ChangeResult) string {
	const day, second = "2006-01-02", "15:04:05"
	off, on := cr.Live.UTC().Truncate(time.Second), cr.Closed.UTC().Truncate(time.Second)
	from := "from " + off.Format(day+" "+second)
	switch {
	case cr.Closed.IsZero():
		return "proxy off for issuance " + from + " UTC on, and not on again"
	case cr.Handed:
		return "proxy off for issuance " + from + " UTC on, and left to another window that has it open"
	}
	to := on.Format(second)
	if off.Format(day) != on.Format(day) {
		to = on.Format(day + " " + second)
	}
	if cr.Early {
		return "proxy off for issuance " + from + " UTC on; someone else had turned it on before " + to + " UTC"
	}
	return "proxy off for issuance for " + zone.FormatDuration(on.Sub(off)) + ", " + from + " to " + to + " UTC"
}
