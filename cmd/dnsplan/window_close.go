package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
)

// closeWindow closes the issuance window of a run that no process works on. Closed
// tells whether nothing is left to do: the run has ended, by this or before. Where
// the run's end is not what it should be, as when someone else has set the record
// meanwhile, err says so. F is shown what is done; nil shows nobody.
func (a *app) closeWindow(ctx context.Context, s *config.Session, id, command string, f *follower) (closed bool, err error) {
	var o embedded.Observer
	if f != nil {
		o = f
	}
	e, err := s.Engine(a.clock, "dnsplan "+command, o)
	if err != nil {
		return false, err
	}
	err = e.Signal(ctx, id, engine.Resume)
	if errors.Is(err, engine.ErrEnded) {
		return true, nil
	}
	if err != nil {
		return false, about(id, err)
	}
	var r execute.Result
	if f != nil {
		f.exit, f.leaves = closedCode, true
		r, err = a.waitFor(ctx, s.Settings, e, f, id)
	} else {
		r, err = e.Wait(ctx, id)
		err = unwritten(r, err)
	}
	a.tellOfLate(ctx, r)
	switch {
	case isOver(r) && !r.LeftOpen():
		return true, nil
	case isOver(r):
		return true, about(id, fmt.Errorf("the issuance window of %s was left open: someone else has set a record of it", windowNames(r.Window.Names)))
	case err == nil:
		err = about(id, errors.New("the issuance window could not be closed"))
	}
	return false, err
}

// unwrittenError is about a window that is closed, and whose run could not be written
// down to its end.
type unwrittenError struct {
	names string
	err   error
}

func (e *unwrittenError) Error() string {
	return "the issuance window of " + e.names + " is closed, and the proxy on, but that could not all be written down: " + e.err.Error()
}
func (e *unwrittenError) Unwrap() error { return e.err }

// unwritten tells err of a window that is closed all the same; nil stays nil.
func unwritten(r execute.Result, err error) error {
	if w := r.Window; err == nil || w == nil || w.Opened.IsZero() || w.Open() {
		return err
	}
	return &unwrittenError{windowNames(r.Window.Names), err}
}

// closedCode is the exit code of what was to close a window, if its run is one: that
// the window's command was ended, or its deadline has passed, is no failure then.
func closedCode(r execute.Result) int {
	switch w := r.Window; {
	case w != nil && isOver(r) && !w.Open() && !r.LeftOpen():
		return exitDone
	case w != nil && w.Open() && !isOver(r): // also where it was let go of
		return exitPartly
	}
	return exitOf(r)
}

// windowLate is how long behind its deadline a window counts as open too long.
const windowLate = time.Minute

// tellOfLate notifies of a window that was closed long behind its deadline, or that
// its end has left open.
func (a *app) tellOfLate(ctx context.Context, r execute.Result) {
	w := r.Window
	if w == nil || w.Opened.IsZero() || !isOver(r) {
		return
	}
	switch {
	case w.Open():
		a.tellOfOpen(ctx, r.Run, nil)
	case w.Closed.After(w.Deadline.Add(windowLate)):
		a.notifyOf(ctx, fmt.Sprintf("dnsplan: the issuance window of %s (run %s) was open until %s, and its deadline was %s",
			windowNames(w.Names), r.Run, w.Closed.UTC().Format(time.RFC3339), w.Deadline.UTC().Format(time.RFC3339)))
	}
}

// tellOfOpen notifies of a window that could not be closed, and why; not of one whose
// proxy is on.
func (a *app) tellOfOpen(ctx context.Context, run string, why error) {
	if as[*unwrittenError](why) {
		return
	}
	text := fmt.Sprintf("dnsplan: the issuance window of run %s is open, and the proxy off: dnsplan show %s", run, run)
	if why != nil {
		text += "\n" + why.Error()
	}
	a.notifyOf(ctx, text)
}

func (a *app) notifyOf(ctx context.Context, text string) {
	if a.notify != nil {
		a.notify(ctx, config.NotifyWindowOpen, text)
	}
}
