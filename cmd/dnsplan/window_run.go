package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
)

// run opens the window, and returns when it is closed.
func (w *issuing) run(ctx context.Context, is config.Issuance) error {
	if err := w.besideHeld(is.Plan); err != nil {
		return w.notBegun(ctx, w.session.Settings, is.Plan, err)
	}
	if !w.session.Settings.JSON && len(w.argv) > 0 { // a hook is heard by nobody
		if err := w.printPlan(w.session.Settings, is.Plan, false); err != nil {
			return err
		}
	}
	f := w.followPlainly(w.session.Settings)
	e, err := w.beginFor(ctx, w.session, is.Plan, "window", f)
	if err != nil {
		return w.notBegun(ctx, w.session.Settings, is.Plan, err)
	}
	f.exit = func(r execute.Result) int { return windowCode(ctx, r) }
	waiting, letGo, done := execute.WithLetGo(ctx)
	defer done()
	if w.guard, err = w.arm(ctx, w.session, is.Plan.ID, w.options.deadline, letGo); err != nil {
		return w.unguarded(ctx, e, is.Plan, err)
	}
	f.leaves = true
	result, err := w.waitFor(waiting, w.session.Settings, e, f, is.Plan.ID)
	w.dismiss(result)
	if execute.LetGo(waiting) && !isOver(result) {
		w.notices.line(fmt.Sprintf("warning: the issuance window of %s could not be closed within %s of its deadline, and the proxy may be off%s; the guard goes on closing it, and says how it fares in %s",
			windowNames(result.Window.Names), zone.FormatDuration(guardLetGo), f.stuck.why(), guardLogOf(w.session.Settings, is.Plan.ID)))
	}
	w.tellOfLate(ctx, result)
	if errors.Is(err, syscall.EPIPE) { // nobody reads; the command's code counts
		return silent(windowCode(ctx, result))
	}
	if as[*unwrittenError](err) { // which is no matter of the command's
		w.notices.line(fmt.Sprintf("warning: %v; %s", err, leftToDo(w.session.Settings, is.Plan.ID)))
		return silent(windowCode(ctx, result))
	}
	return err
}

// leftToDo says what is left to do for a window whose end could not be written down.
func leftToDo(s config.Settings, run string) string {
	if gone(s, run) {
		return "its run is gone from the state folder, and nothing is left to do"
	}
	return "make room on the disk of the state folder, and then: " + s.Command("recover")
}

// dismiss lets the guard go, or close what this process could not.
func (w *issuing) dismiss(r execute.Result) {
	switch {
	case isOver(r):
		w.tellOfKilled()
		w.guard.done()
	case r.Outcome == execute.OutcomeOpen:
		w.guard.leave(true)
	default:
		w.guard.leave(false)
	}
}

// tellOfKilled waits until the command is gone, and says so where it had to be killed.
func (w *issuing) tellOfKilled() {
	if w.command.gone() {
		w.notices.line(fmt.Sprintf("warning: %s had not ended %s after it was told to, and was killed", w.argv[0], w.command.within))
	}
}

// unguarded ends a run that has written nothing, because nothing would close it
// should this process die.
func (w *issuing) unguarded(ctx context.Context, e engine.Engine, p *plan.Plan, err error) error {
	ctx = context.WithoutCancel(ctx)
	if cancelling := e.Signal(ctx, p.ID, engine.Cancel); cancelling != nil {
		return about(p.ID, errors.Join(err, cancelling))
	}
	_, waiting := e.Wait(ctx, p.ID)
	return w.notBegun(ctx, w.session.Settings, p, about(p.ID, errors.Join(fmt.Errorf("nothing was changed: %w", err), waiting)))
}

// windowNames lists the names of a window.
func windowNames(names []zone.Name) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n.Display()
	}
	return strings.Join(out, ", ")
}

// windowCode is the exit code of a window's run: of a window that is not closed, of
// a signal, of the command, of the run.
func windowCode(ctx context.Context, r execute.Result) int {
	command := r.Window.Command
	ended := command != nil && !command.Ended.IsZero()
	s, stopped := errors.AsType[signalled](context.Cause(ctx))
	switch {
	case r.Outcome == execute.OutcomeOpen:
		return exitDone
	case r.Window.Open(), r.LeftOpen(), r.Outcome == execute.OutcomeHeld:
		return exitPartly
	case ended && (command.Code != 0 || !isOver(r)):
		return command.Code
	case stopped && !ended:
		return signalCode(s)
	case r.Outcome == execute.OutcomeCancelled && !ended:
		return exitError
	case r.Outcome == execute.OutcomeCancelled:
		return exitDone
	}
	return exitOf(r)
}
