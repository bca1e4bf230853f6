package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
)

// start begins a run of the plan and follows it.
func (a *app) start(ctx context.Context, s *config.Session, p *plan.Plan) error {
	return a.startAs(ctx, s, p, "apply")
}

// startAs is start for the command of that name.
func (a *app) startAs(ctx context.Context, s *config.Session, p *plan.Plan, command string) error {
	e, f, err := a.begin(ctx, s, p, command)
	if err != nil {
		return a.notBegun(ctx, s.Settings, p, err)
	}
	return a.wait(ctx, s.Settings, e, f, p.ID)
}

// begin makes the plan a run of its id, which nobody follows yet. There is none
// after an error.
func (a *app) begin(ctx context.Context, s *config.Session, p *plan.Plan, command string) (engine.Engine, *follower, error) {
	f := a.follow(s.Settings)
	e, err := a.beginFor(ctx, s, p, command, f)
	return e, f, err
}

// beginFor is begin for a follower that the caller has made.
func (a *app) beginFor(ctx context.Context, s *config.Session, p *plan.Plan, command string, f *follower) (engine.Engine, error) {
	e, err := s.Engine(a.clock, "dnsplan "+command, f)
	if err != nil {
		return nil, err
	}
	_, err = e.Start(ctx, p)
	return e, ofWindow(s.Settings, ofUsed(p.ID, err))
}

// ofWindow tells of an issuance window where that is what holds a zone.
func ofWindow(s config.Settings, err error) error {
	held, ok := errors.AsType[*journal.HeldError](err)
	if !ok {
		return err
	}
	w, open, unread := journal.FindWindow(s.StateDir, held.Holder.Run)
	if unread != nil || !open {
		return err
	}
	return fmt.Errorf("the issuance window of %s is open, until %s at the latest: %w", windowNames(w.Names), w.Deadline.Format(time.RFC3339), err)
}

// ofUsed tells which run has used a plan: the plan's own.
func ofUsed(id string, err error) error {
	if errors.Is(err, journal.ErrUsed) {
		return about(id, err)
	}
	return err
}

// wait follows a run until it ends, holds or is interrupted, and prints how it
// stands.
func (a *app) wait(ctx context.Context, s config.Settings, e engine.Engine, f *follower, id string) error {
	_, err := a.waitFor(ctx, s, e, f, id)
	return err
}

// waitFor is wait for a caller that goes on by how the run stands. The error is
// silent where the result says it all.
func (a *app) waitFor(ctx context.Context, s config.Settings, e engine.Engine, f *follower, id string) (execute.Result, error) {
	stop := f.tick(ctx, a.notices)
	f.holding.tell = a.teller(ctx, s, f)
	f.stuck.tell = func(text string) { a.notifyOf(ctx, text) }
	result, err := e.Wait(ctx, id)
	stop()
	f.stuck.telling.Wait()
	known := f.holding.knows(result)
	if f.leaves && errors.Is(err, execute.ErrLetGo) {
		err = nil
	}
	if err = unwritten(result, err); err != nil {
		if f.plan != nil {
			stopped := a.summary(s, f, result, err)
			_ = f.view.End(stopped) // err is what is reported
			a.tellOfRun(ctx, f.plan, stopped)
		}
		return result, about(id, err)
	}
	summary := a.summary(s, f, result, nil)
	if result.Outcome == execute.OutcomeInterrupted {
		if cause, ok := errors.AsType[signalled](context.Cause(ctx)); ok {
			summary.ExitCode = signalCode(cause)
		}
	}
	if !known {
		defer a.tellOfRun(ctx, f.plan, summary) // behind what is printed: it may take seconds
	}
	if err := f.view.End(summary); err != nil {
		return result, fmt.Errorf("print the result: %w", err)
	}
	if !s.JSON {
		o := a.options(a.stdout, s)
		o.Now = summary.Ended
		if err := report.ResultText(a.stdout, f.plan, summary, o); err != nil {
			return result, err
		}
	}
	return result, silent(summary.ExitCode)
}

// follower hands what a run does to its view, and time.
type follower struct {
	view   *report.Progress
	clock  execute.Clock
	plan   *plan.Plan
	events []journal.Event
	// exit is the exit code of the run; nil is exitOf.
	exit func(execute.Result) int
	// leaves says that a run which is let go of is left to another process: that is how
	// it stands then, and no error.
	leaves  bool
	holding holding
	stuck   stuck
}

// follow chooses the view: a block that is drawn anew on a terminal, lines in a
// pipe, JSON for machines.
func (a *app) follow(s config.Settings) *follower {
	f := &follower{clock: a.clock}
	_, terminal := a.terminal(a.stderr)
	dumb, _ := a.env("TERM")
	switch {
	case s.JSON:
		f.view = report.NewJSON(a.stdout)
	case terminal && dumb != "dumb":
		f.view = report.NewLive(a.stderr, a.options(a.stderr, s))
	default:
		f.view = report.NewPlain(a.stderr, a.options(a.stderr, s))
	}
	a.notices.through(f.view)
	return f
}

// followPlainly is follow for a run beside whose view something else writes to the
// terminal: lines stay where they are.
func (a *app) followPlainly(s config.Settings) *follower {
	if s.JSON {
		return a.follow(s)
	}
	f := &follower{clock: a.clock, view: report.NewPlain(a.stderr, a.options(a.stderr, s))}
	a.notices.through(f.view)
	return f
}

// Begin is told a run's state before it goes on.
func (f *follower) Begin(p *plan.Plan, events []journal.Event) {
	f.plan, f.events = p, slices.Clone(events)
	f.view.Begin(p, p.ID, events...)
}

// Event is told each event that was written down. What comes before Begin is
// among the events that Begin is told.
func (f *follower) Event(e journal.Event) {
	if f.plan == nil {
		return
	}
	f.events = append(f.events, e)
	f.view.Event(e)
	f.holds(e)
	f.closes(e)
}

// Progress is told what a step is doing.
func (f *follower) Progress(p execute.Progress) {
	f.view.Progress(p)
	f.goesOn()
	f.triesOn(p)
}

// finishing is said when a signal does not end a run at once.
const finishing = "what is under way is finished first; interrupt again to stop at once"

// tick lets the view move on with the time until the returned function is
// called, and says so when the run goes on for more than a second after ctx has
// ended: a write is not broken off.
func (f *follower) tick(ctx context.Context, notices *notices) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for late := 0; ; {
			select {
			case <-done:
				return
			case <-t.C:
				f.view.Tick(f.clock.Now())
			}
			if ctx.Err() == nil {
				continue
			}
			if late++; late == 2 {
				notices.line(finishing)
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

// summary is a run's result as it is shown.
func (a *app) summary(s config.Settings, f *follower, r execute.Result, err error) report.Result {
	exit := exitOf
	if f.exit != nil {
		exit = f.exit
	}
	out := report.NewResult(f.plan, f.events, r, exit(r), a.clock.Now())
	if err != nil {
		out.Error = err.Error()
		if !as[*unwrittenError](err) || f.exit == nil {
			out.ExitCode = advise(err).code
		}
	}
	if out.Logged = a.logged(s, out.Run); len(out.Logged) > 0 {
		out.ChangeLog = filepath.Join(s.StateDir, journal.ChangeLogTable)
	}
	if out.Next = pasteable(s, out.Commands()); gone(s, out.Run) {
		out.Next = pasteable(s, nil)
	}
	return out
}

// gone tells whether a run is no longer in the state folder, so that no command can go
// on with it.
func gone(s config.Settings, run string) bool {
	_, err := journal.FindRun(s.StateDir, run)
	return errors.Is(err, journal.ErrNoRun)
}

// logged are the run's entries of the change log.
func (a *app) logged(s config.Settings, run string) []journal.Change {
	entries, err := journal.ReadChanges(s.StateDir)
	if err != nil {
		a.notices.line(fmt.Sprintf("warning: %v", err))
	}
	return slices.DeleteFunc(entries, func(c journal.Change) bool { return c.Run != run })
}

// pasteable are those commands that a report suggests, with the flags that this one was
// given, so that they can be pasted.
func pasteable(s config.Settings, suggested []report.Command) []report.Command {
	out := []report.Command{}
	for _, c := range suggested {
		c.Command = s.Command(strings.TrimPrefix(c.Command, "dnsplan "))
		out = append(out, c)
	}
	return out
}

// exitOf is the exit code of a run as it stands.
func exitOf(r execute.Result) int {
	switch {
	case r.Outcome == execute.OutcomeDone:
		return exitDone
	case r.Outcome == execute.OutcomeHeld, r.Partly && r.Outcome == execute.OutcomeFailed:
		return exitPartly
	case r.Outcome == execute.OutcomeCancelled && !r.LeftOpen():
		return exitDone
	case r.Outcome == execute.OutcomeCancelled:
		return exitPartly
	case r.Outcome == execute.OutcomeInterrupted:
		return exitInterrupted
	}
	return exitError
}

// outcomeRefused is in the summary of a plan that a guard kept from becoming a
// run, beside the outcomes of runs.
const outcomeRefused execute.Outcome = "refused"

// notBegun tells machines, too, why there is no run; p is nil where there is
// not even a plan. It returns err.
func (a *app) notBegun(ctx context.Context, s config.Settings, p *plan.Plan, err error) error {
	if !s.JSON {
		return err
	}
	now := a.clock.Now()
	r := report.Result{
		Outcome: execute.OutcomeFailed, ExitCode: codeOf(ctx, err), Error: err.Error(),
		Began: now, Ended: now, Next: []report.Command{},
	}
	if r.ExitCode == exitRefused {
		r.Outcome = outcomeRefused
	}
	if p != nil {
		r.Run = p.ID
	}
	return errors.Join(err, report.ResultJSON(a.stdout, r))
}

// nothing says that there is nothing to do, to machines too.
func (a *app) nothing(s config.Settings, p *plan.Plan) error {
	if !s.JSON {
		return nil // the plan has said so
	}
	now := a.clock.Now()
	return report.ResultJSON(a.stdout, report.Result{Run: p.ID, Outcome: report.OutcomeNothing, Began: now, Ended: now})
}
