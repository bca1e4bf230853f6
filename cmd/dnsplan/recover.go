package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/backup"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
)

func newRecover(a *app) *cobra.Command {
	var scan string
	var windows, all bool
	c := &cobra.Command{
		Use:   "recover",
		Short: "Go on with every run that a crash or a signal has stopped",
		Long: `Finds the runs that have not ended and that no process works on, and goes on
with each, the oldest first. Time that has been waited counts.

A run that waits for a person is listed and not touched. Of a run whose journal
is damaged it says what can be done by hand: which RRsets, and what each of them
was and shall be. With either the exit code is 4. What such a run has in other
zones goes on.

An issuance window is closed, never gone on with, and tried again where that did
not get through; one of a hook (dnsplan window open) once its deadline has
passed. A process that holds a window open long behind its deadline is killed.
One that was left open because someone else had changed a record in it is named,
with what to do, for as long as the proxy is off; the exit code is 4 then too.
With --windows nothing but windows is recovered, and named: a run that someone
has stopped on purpose stays so. dnsplan systemd prints a timer that does this
every minute.

With --scan-zone it needs no run: where the provider keeps comments, the records
of a window say that they are to be proxied again, and until when. So another
machine with the token closes what a machine that is gone has left open. A CNAME
that someone has set in place of the addresses since is not looked at.`,
		Example: `  dnsplan recover
  dnsplan recover --json | tail -n 1 | jq .runs
  dnsplan recover --scan-zone example.org
  dnsplan recover --scan-zone example.org --now      before the deadline too`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runRecover(a, c, scan, windows, all) },
	}
	c.Flags().StringVar(&scan, "scan-zone", "", "close the windows that the records of this `ZONE` tell of")
	c.Flags().BoolVar(&windows, "windows", false, "recover issuance windows alone")
	c.Flags().BoolVar(&all, "now", false, "with --scan-zone: those too whose deadline has not passed")
	return c
}

func runRecover(a *app, c *cobra.Command, scan string, windows, all bool) error {
	if all && scan == "" {
		return &usageError{c.CommandPath(), errors.New("--now is for --scan-zone")}
	}
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // what was written is on disk by then
	ctx, stop := hangup(c.Context())
	defer stop()
	if scan != "" {
		return a.scan(ctx, s, scan, all)
	}
	runs, unread := a.recoverable(ctx, s.Settings, windows)
	if unread != nil && !windows {
		return unread
	}
	list := a.recoverAll(ctx, s, runs)
	if ctx.Err() == nil {
		list = append(list, a.leftOpen(ctx, s, runs)...)
	}
	code := worst(list)
	if s.Settings.JSON {
		err = report.RecoveryJSON(a.stdout, list, code)
	} else {
		err = report.RecoveryText(a.stdout, list, a.options(a.stdout, s.Settings))
	}
	if err != nil {
		return err
	}
	if unread != nil && code == exitDone {
		return unread
	}
	return silent(code)
}

// recoverAll goes on with the runs that need nothing but a process, the oldest first.
func (a *app) recoverAll(ctx context.Context, s *config.Session, runs []engine.Run) (list []report.Recovery) {
	for _, r := range slices.Backward(runs) {
		if r.Err == nil && !isOver(r.Result) {
			r = a.reread(ctx, s, r) // going on with those before it may have taken days
		}
		if r.Err == nil {
			r = a.endHung(ctx, s, r)
		}
		if a.nothingToRecover(s.Settings, r) {
			continue
		}
		list = append(list, a.recoverRun(ctx, s, r))
		if ctx.Err() != nil {
			break
		}
	}
	return list
}

// recoverable are the runs, newest first; with windows those alone whose issuance
// window may be open, or was left so by their end, which are found without reading the
// others, and an error about marks, or a change log, that cannot be read.
func (a *app) recoverable(ctx context.Context, s config.Settings, windows bool) ([]engine.Run, error) {
	reader := config.Reader(s, a.clock)
	if !windows {
		return reader.List(ctx)
	}
	open, unread := journal.OpenWindows(s.StateDir)
	log, unreadLog := journal.ReadChanges(s.StateDir)
	ids := runsThatLeft(log)
	for _, w := range open {
		ids = append(ids, w.Run)
	}
	slices.Sort(ids)
	var out []engine.Run
	for _, id := range slices.Backward(slices.Compact(ids)) {
		r, err := reader.Show(ctx, id)
		if r.ID == "" {
			r.ID, r.Err = id, err
		}
		out = append(out, r)
	}
	return out, errors.Join(unread, unreadLog)
}

// worst is the exit code of the whole: a signal's, that of a run that needs a
// person, that of one that failed.
func worst(list []report.Recovery) (code int) {
	rank := []int{exitDone, exitRefused, exitError, exitPartly, exitInterrupted, exitTerminated}
	for _, r := range list {
		if slices.Index(rank, r.ExitCode) > slices.Index(rank, code) {
			code = r.ExitCode
		}
	}
	return code
}

// reread returns the run as it stands now. Another process may have gone on with
// it, or ended it, since the runs were listed.
func (a *app) reread(ctx context.Context, s *config.Session, r engine.Run) engine.Run {
	now, err := config.Reader(s.Settings, a.clock).Show(ctx, r.ID)
	if now.ID == "" { // it is not there any more
		now.ID, now.Err = r.ID, err
	}
	return now
}

// nothingToRecover tells whether the run has ended, or has never begun, which it
// says. One whose journal was emptied has a copy of its zones, made before it wrote.
func (a *app) nothingToRecover(s config.Settings, r engine.Run) bool {
	if !errors.Is(r.Err, journal.ErrNeverBegun) {
		return r.Err == nil && isOver(r.Result) || errors.Is(r.Err, journal.ErrNoRun)
	}
	copies, err := backup.List(filepath.Join(s.StateDir, config.BackupDir))
	if err != nil || slices.ContainsFunc(copies, func(b backup.Info) bool { return b.Run == r.ID }) {
		return false
	}
	a.notices.line(fmt.Sprintf("run %s never began: nothing was done", r.ID))
	return true
}

// goesOn tells whether something of a run that waits for a person can go on without
// one: a zone that does not move together with those that wait. A process that died
// meanwhile has left it half-way.
func (a *app) goesOn(r engine.Run) bool {
	state := execute.Fold(r.Plan, r.Events)
	return execute.Next(r.Plan, state, a.clock.Now()).Kind != execute.Hold
}

// recoverRun goes on with a run, where nothing but a process is missing.
func (a *app) recoverRun(ctx context.Context, s *config.Session, r engine.Run) report.Recovery {
	out := report.Recovery{Run: r.ID, Next: []report.Command{}}
	switch {
	case r.Err != nil:
		out.State, out.ExitCode, out.Error = report.RunDamaged, exitPartly, r.Err.Error()
		out.Folder = filepath.Join(s.Settings.StateDir, journal.RunsDir, r.ID)
		if r.Plan != nil {
			shown := damaged(r)
			out.ByHand, out.Next = shown.ByHand, pasteable(s.Settings, shown.Next)
		}
	case r.Busy:
		out.State = report.RunRunning
	case r.Result.Outcome == execute.OutcomeOpen && a.clock.Now().Before(r.Result.Window.Deadline):
		out.State = report.RunOpen // its hook closes it
	case waitsForAPerson(r) && !a.goesOn(r):
		shown := report.NewRun(r.Plan, r.Events, false)
		out.State, out.ExitCode, out.Next = report.RunHolding, exitPartly, pasteable(s.Settings, shown.Next)
	default:
		return a.resumeRun(ctx, s, r, out)
	}
	return out
}

// waitsForAPerson tells whether the run holds. An issuance window that holds could not
// be closed in time, and has nothing to ask: it is tried again.
func waitsForAPerson(r engine.Run) bool {
	return r.Result.Outcome == execute.OutcomeHeld && r.Result.Window == nil
}

// resumeRun resumes a run and follows it. Where something of it waits for a person,
// that goes on waiting, and the rest goes on.
func (a *app) resumeRun(ctx context.Context, s *config.Session, r engine.Run, out report.Recovery) report.Recovery {
	out.State = report.RunInterrupted
	f := a.follow(s.Settings)
	f.exit = closedCode
	e, err := s.Engine(a.clock, "dnsplan recover", f)
	if err == nil && !waitsForAPerson(r) {
		err = e.Signal(ctx, r.ID, engine.Resume)
	}
	if err != nil {
		out.Error, out.ExitCode = err.Error(), codeOf(ctx, err)
		return out
	}
	result, err := a.waitFor(ctx, s.Settings, e, f, r.ID)
	a.tellOfLate(ctx, result)
	if f.plan == nil { // another process was faster
		out.Error, out.ExitCode = err.Error(), codeOf(ctx, err)
		return out
	}
	out.Resumed, out.State, out.ExitCode = true, report.RunStateOf(result.Outcome), codeOf(ctx, err)
	if err == nil {
		out.ExitCode = exitDone
	} else if c, own := err.(*coded); !own || c.err != nil { //nolint:errorlint // the very value that says nothing more
		out.Error = err.Error()
	}
	shown := report.NewRun(f.plan, f.events, false)
	if out.Window = shown.Window; out.ExitCode != exitDone {
		out.Next = pasteable(s.Settings, shown.Next)
	}
	return out
}
