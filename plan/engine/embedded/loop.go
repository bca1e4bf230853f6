package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// Wait drives the run until it ends, holds, or the context ends, and lets go of it
// then. A run that is closing what it has opened goes on with that behind the end of
// the context, unless execute.ErrLetGo is its cause, which is the error then. The
// error is journal.ErrBusy when another Wait of this engine, or another process, is
// at it.
func (e *Engine) Wait(ctx context.Context, id string) (execute.Result, error) {
	r, err := e.enter(ctx, id)
	if err != nil {
		return execute.Result{Run: id}, err
	}
	busy := r.driven
	r.driven = true
	r.mu.Unlock()
	if busy {
		return execute.Result{Run: id}, fmt.Errorf("wait for run %s: %w", id, journal.ErrBusy)
	}
	if e.opts.Observer != nil {
		e.opts.Observer.Begin(r.plan, r.events)
	}
	for {
		err := e.drive(ctx, r)
		if left, closing := e.leave(r, err); left {
			return r.state.Result(), errors.Join(err, closing)
		}
	}
}

// leave lets go of a run that was driven as far as it goes, unless a signal has
// come meanwhile. One that comes while the run ends is too late.
func (e *Engine) leave(r *run, err error) (left bool, closing error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && len(r.signals) > 0 && !r.state.Ended {
		return false, nil
	}
	return true, e.drop(r)
}

// drive does one action after the other. It returns nil when the run has ended,
// holds, or was interrupted. It is execute.ErrLetGo where that has ended the context.
func (e *Engine) drive(ctx context.Context, r *run) error {
	runner := e.runner(r)
	for {
		for _, k := range r.heard() {
			if err := e.append(r, journal.Event{Kind: k}); err != nil {
				return err
			}
		}
		a := execute.Next(r.plan, r.state, e.now(r))
		var err error
		switch {
		case a.Kind == execute.Finish:
			return e.finish(r)
		case a.Kind == execute.Nothing, a.Kind == execute.Hold && !closesNow(ctx, r):
			return nil
		case execute.LetGo(ctx):
			return fmt.Errorf("step %s: %w", a.Step.ID, execute.ErrLetGo)
		case a.Closing || ctx.Err() == nil:
			err = e.act(ctx, r, runner, a)
		case r.plan.Window == nil:
			return e.append(r, journal.Event{Kind: journal.Interrupted})
		default:
			ctx = context.WithoutCancel(ctx) // told once: it closes
			err = e.append(r, journal.Event{Kind: journal.Cancel, Message: "interrupted: the issuance window closes"})
		}
		if err != nil {
			return err
		}
	}
}

// runner does the steps of the run.
func (e *Engine) runner(r *run) *execute.Runner {
	c := r.conn
	out := &execute.Runner{
		Plan: r.plan, World: c.World, Asker: c.Asker, Prober: c.Prober, Challenger: c.Challenger, Router: c.Router,
		Commander: c.Commander, Certifier: c.Certifier, Clock: e.opts.Clock, Read: r.read,
	}
	if e.opts.Observer != nil { // else an interface that holds nil
		out.Observer = e.opts.Observer
	}
	return out
}

// act does one action and writes down what came of it. Being interrupted, by
// the context or by a signal, is no error: drive sees it.
func (e *Engine) act(ctx context.Context, r *run, runner *execute.Runner, a execute.Action) error {
	ctx, stop := r.listen(ctx)
	defer stop()
	defer e.limit(ctx, r, stop, a.Limit)()
	switch a.Kind {
	case execute.GiveUp:
		events, err := execute.GivenUp(a)
		if err != nil {
			return err
		}
		return e.append(r, events...)
	case execute.Arm:
		return e.append(r, each(a, func(i int, ev *journal.Event) {
			ev.Kind, ev.Until, ev.Message = journal.Wait, a.Waits[i], awaited(a)
		})...)
	case execute.Pass:
		return e.append(r, each(a, func(_ int, ev *journal.Event) { ev.Kind = journal.Done })...)
	case execute.Sleep:
		e.tell(a)
		_ = e.opts.Clock.SleepUntil(ctx, a.Until) // only the context's end
		return nil
	}
	return e.run(ctx, r, runner, a)
}

// run does one action of the kind Run: it writes down that it begins, and what has come
// of it. Where what is to be known before cannot be read, it does not begin.
func (e *Engine) run(ctx context.Context, r *run, runner *execute.Runner, a execute.Action) error {
	noted, unread, err := runner.Note(ctx, a, r.state)
	switch {
	case err != nil && errors.Is(err, ctx.Err()):
		return nil
	case err != nil:
		return fmt.Errorf("step %s: %w", a.Step.ID, err)
	case len(unread) > 0:
		return e.append(r, unread...)
	}
	start := journal.Event{At: e.opts.Clock.Now(), Kind: journal.Start, Step: a.Step.ID, Undo: a.Closing, Data: noted}
	if err := e.mark(r, a, start.At); err != nil {
		return err
	}
	if err := e.append(r, start); err != nil {
		return err
	}
	events, err := runner.Run(ctx, a, r.state)
	if err != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("step %s: %w", a.Step.ID, err)
	}
	if err := e.append(r, events...); err != nil {
		r.unwritten(events)
		return err
	}
	return nil
}

// each makes one event for each of the action's zones.
func each(a execute.Action, set func(i int, ev *journal.Event)) []journal.Event {
	out := make([]journal.Event, len(a.Zones))
	for i, ref := range a.Zones {
		out[i] = journal.Event{Step: a.Step.ID, Zone: ref.String()}
		set(i, &out[i])
	}
	return out
}

// awaited says what a step waits for that is not a wait by itself.
func awaited(a execute.Action) string {
	if a.Step.Kind.Waits() {
		return ""
	}
	return "switching is not allowed outside the change windows"
}

// tell says what is being waited for.
func (e *Engine) tell(a execute.Action) {
	if e.opts.Observer == nil {
		return
	}
	doing := "waiting: " + cmp.Or(awaited(a), a.Step.Detail)
	e.opts.Observer.Progress(execute.Progress{Step: a.Step.ID, Doing: doing, Deadline: a.Until})
}

// finish writes the change log and then ends the run: a crash between the two
// comes here again, and the change log takes an entry only once.
func (e *Engine) finish(r *run) error {
	result := r.state.Result()
	head, repaired, err := journal.AppendChanges(e.opts.State, entries(r.plan, result))
	if repaired != "" {
		err = errors.Join(err, e.append(r, journal.Event{Kind: journal.Warning, Message: repaired}))
	}
	if err != nil {
		return fmt.Errorf("change log: %w", err)
	}
	data, err := journal.EndData(head)
	if err != nil {
		return fmt.Errorf("change log: %w", err)
	}
	if err := e.append(r, journal.Event{Kind: journal.End, Data: data}); err != nil || r.plan.Window == nil {
		return err
	}
	_ = journal.ForgetWindow(e.opts.State, r.plan.ID) // else OpenWindows does
	return nil
}

// entries are the change log's entries of a result: what has been live, also
// where it was taken back since, because people and caches have seen it.
func entries(p *plan.Plan, result execute.Result) []journal.Change {
	var out []journal.Change
	for _, cr := range result.Changes {
		if cr.Live.IsZero() {
			continue
		}
		c := cr.Change
		entry := journal.Change{
			At: cr.Live, Zone: c.Zone, View: c.View, Name: c.Name, Type: c.Type.String(), Action: string(c.Action),
			Outcome: string(cr.Made), Replaced: c.Replaces,
			Reason: p.Policy.Reason, Ticket: p.Policy.Ticket, By: p.Policy.By, Impact: impact(c, cr.Made),
			Run: result.Run, ID: c.ID,
		}
		if result.Window != nil {
			entry.Impact = windowImpact(cr)
		}
		if cr.Made == execute.Applied || cr.Made == execute.Closed {
			entry.VerifiedBy, entry.VerifiedAt = cr.VerifiedBy, cr.VerifiedAt
		}
		entry.OldValues, entry.OldTTL, entry.OldProxied = logged(c.Before)
		entry.NewValues, entry.NewTTL, entry.NewProxied = logged(c.After)
		out = append(out, entry)
	}
	return out
}

func logged(s *plan.State) (values []string, ttl zone.TTL, proxied bool) {
	values = []string{}
	if s == nil {
		return values, 0, false
	}
	for _, v := range s.Values {
		values = append(values, v.String())
	}
	return values, s.TTL, s.Proxied
}

// behindProxy tells whether the proxy answers before and after, so that nobody
// sees the change.
func behindProxy(c *plan.Change) bool {
	return c.Before != nil && c.After != nil && c.Before.Proxied && c.After.Proxied
}

// impact says what users of the name could notice.
func impact(c *plan.Change, made execute.Made) string {
	switch {
	case made == execute.RolledBack && !behindProxy(c):
		return "the new answer was live until it was taken back"
	case c.Strategy == plan.Staged || c.Action == plan.TTL || behindProxy(c):
		return "none expected"
	case c.Before != nil:
		return fmt.Sprintf("resolvers may give the old answer for %s", zone.FormatDuration(c.Before.TTL.Duration()))
	}
	return "resolvers may not know the name until their negative answer has expired"
}
