package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers"
)

// leavesWindows tells whether a command leaves windows alone that nobody holds: it
// sees to them itself, or has to do with no state folder.
func leavesWindows(c *cobra.Command) bool {
	path := strings.Fields(c.CommandPath())
	if len(path) < 2 || c.Name() == "close" {
		return true
	}
	return slices.Contains([]string{
		"guard", "recover", "resume", "cancel", "rollback",
		"version", "schema", "help", "completion", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd,
	}, path[1])
}

// closesWithin bounds what closing the windows of others may take from a command, so
// that a provider that is down blocks none: one that only looks for as long as a
// provider takes that is up, and one that changes records longer, which it could not
// do either: so long that what may still land late is looked for to the end.
func closesWithin(c *cobra.Command) time.Duration {
	if slices.Contains([]string{"apply", "restore", "window"}, strings.Fields(c.CommandPath())[1]) {
		return providers.LateHTTP + 15*time.Second
	}
	return 5 * time.Second
}

// closeLeft closes, before a command begins, the issuance windows that nobody holds
// any more: those of processes that have died, and of hooks whose deadline has passed.
// It looks into the state folder, and reads the inventory where one is left there
// alone. What goes wrong is a warning. An error is the signal that came meanwhile: a
// hang-up lets the closing go on, and keeps the command from beginning.
func (a *app) closeLeft(c *cobra.Command) error {
	if leavesWindows(c) {
		return nil
	}
	s, err := a.common(c)
	if err != nil {
		return nil //nolint:nilerr // the command says so
	}
	left := slices.DeleteFunc(a.openWindows(s), func(w journal.OpenWindow) bool { return !a.orphaned(s, w) })
	if len(left) == 0 {
		return nil
	}
	hung, stop := hangup(c.Context())
	defer stop()
	session, err := a.openWith(s)
	if err != nil {
		for _, w := range left {
			a.notices.line(fmt.Sprintf("warning: %s is not closed, and the proxy may be off: %v", leftText(w), err))
		}
		return nil
	}
	defer session.Close() //nolint:errcheck // what was written is on disk by then
	a.closeOrphans(c.Context(), session, left, c)
	return context.Cause(hung)
}

// closeOrphans closes windows that nobody holds, and says so before and behind.
func (a *app) closeOrphans(ctx context.Context, s *config.Session, left []journal.OpenWindow, c *cobra.Command) {
	within := closesWithin(c)
	for _, w := range left {
		a.notices.line(fmt.Sprintf("%s was left open: closing it; %s waits %s for that at most, and goes on", leftText(w), c.CommandPath(), zone.FormatDuration(within)))
	}
	ctx, stop := letGoAfter(ctx, within, 0)
	defer stop()
	for _, w := range left {
		a.closeOrphan(ctx, s, w, strings.TrimPrefix(c.CommandPath(), "dnsplan "))
	}
}

// leftText names a window that was left open.
func leftText(w journal.OpenWindow) string {
	return fmt.Sprintf("the issuance window of %s (run %s)", windowNames(w.Names), w.Run)
}

// openWindows are those of the state folder. A mark that cannot be read is a warning,
// and keeps no other window open.
func (a *app) openWindows(s config.Settings) []journal.OpenWindow {
	open, err := journal.OpenWindows(s.StateDir)
	if err != nil {
		a.notices.line(fmt.Sprintf("warning: issuance windows: %v", err))
	}
	return open
}

// letGoAfter is a context that lets go of runs when that time of the machine's clock
// is over, or a while after ctx has ended.
func letGoAfter(ctx context.Context, within, behind time.Duration) (context.Context, func()) {
	patience, end := context.WithCancelCause(context.WithoutCancel(ctx))
	over := time.AfterFunc(within, func() { end(execute.ErrLetGo) })
	interrupted := context.AfterFunc(ctx, func() { over.Reset(min(within, behind)) })
	return patience, func() { interrupted(); over.Stop(); end(nil) }
}

// orphaned tells whether nobody holds the window, nor is to close it later. Of one
// whose run cannot be read that is not known: closing it says why.
func (a *app) orphaned(s config.Settings, w journal.OpenWindow) bool {
	run, err := journal.FindRun(s.StateDir, w.Run)
	if err != nil {
		return true
	}
	busy, err := run.Busy()
	return err != nil || !busy && (!w.Hook || !a.clock.Now().Before(w.Deadline))
}

// closeOrphan closes a window that nobody holds, and says so.
func (a *app) closeOrphan(ctx context.Context, s *config.Session, w journal.OpenWindow, command string) {
	closed, err := false, error(execute.ErrLetGo)
	if !execute.LetGo(ctx) {
		closed, err = a.closeWindow(ctx, s, w.Run, command, nil)
	}
	what := leftText(w)
	switch {
	case errors.Is(err, journal.ErrBusy) || as[*journal.HeldError](err): // another process is at it
	case execute.LetGo(ctx) && !closed:
		a.notices.line(fmt.Sprintf("warning: %s is not closed yet, and the proxy may be off; close it with: %s", what, s.Settings.Command("recover --windows")))
	case as[*unwrittenError](err):
		a.notices.line(fmt.Sprintf("warning: %v (run %s)", err, w.Run))
	case !closed || err != nil:
		a.notices.line(fmt.Sprintf("warning: %s is not closed: %v", what, err))
	default:
		a.notices.line(what + " is closed now")
	}
}

// hungFor is how long behind the deadline of its window a process counts as hung: its
// guard would have ended it by then.
const hungFor = guardGrace + time.Minute

// endHung kills the process that holds a window open long behind its deadline, and
// returns the run as it stands then.
func (a *app) endHung(ctx context.Context, s *config.Session, r engine.Run) engine.Run {
	w := r.Result.Window
	if !r.Busy || w == nil || !w.Open() || a.clock.Now().Before(w.Deadline.Add(hungFor)) {
		return r
	}
	run, err := journal.FindRun(s.Settings.StateDir, r.ID)
	if err != nil {
		return r
	}
	_, writer, _, err := run.Open()
	if err == nil {
		_ = writer.Close() // it has just let go
		return a.reread(ctx, s, r)
	}
	busy, ok := errors.AsType[*journal.BusyError](err)
	if !ok || busy.PID == 0 {
		return r
	}
	a.notices.line(fmt.Sprintf("process %d hangs, and holds the issuance window of run %s open: killing it", busy.PID, r.ID))
	if err := syscall.Kill(busy.PID, syscall.SIGKILL); err != nil {
		a.notices.line(fmt.Sprintf("warning: kill process %d: %v", busy.PID, err))
		return r
	}
	letGo(ctx, run)
	return a.reread(ctx, s, r)
}

// letGo waits a while until no process holds the run, by the machine's clock: the
// one that held it was killed.
func letGo(ctx context.Context, run journal.Run) {
	ctx, stop := context.WithTimeout(ctx, endWithin)
	defer stop()
	look := time.NewTicker(endLook)
	defer look.Stop()
	for ctx.Err() == nil {
		if held, err := run.Busy(); err != nil || !held {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
		}
	}
}
