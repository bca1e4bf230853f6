package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// How long, and how often, it is looked whether an interrupted process has let
// its run go.
const (
	letGoWithin = 2 * time.Minute
	letGoLook   = 200 * time.Millisecond
)

// interrupt stops the process on this machine that works on a run, as Ctrl-C
// would, and returns when it has let the run go.
func (a *app) interrupt(ctx context.Context, s config.Settings, id string) error {
	run, err := journal.FindRun(s.StateDir, id)
	if err != nil {
		return err
	}
	_, w, _, err := run.Open()
	if err == nil {
		return w.Close() // it has just ended
	}
	busy, ok := errors.AsType[*journal.BusyError](err)
	if !ok {
		return err
	}
	if busy.PID == 0 || busy.PID == os.Getpid() {
		return fmt.Errorf("%w: stop it where it runs, then cancel again", err)
	}
	a.notices.line(fmt.Sprintf("interrupting process %d, which works on run %s", busy.PID, id))
	if err := syscall.Kill(busy.PID, syscall.SIGINT); err != nil {
		return fmt.Errorf("interrupt process %d: %w", busy.PID, err)
	}
	for deadline := a.clock.Now().Add(letGoWithin); a.clock.Now().Before(deadline); {
		held, err := run.Busy()
		if err != nil || !held {
			return err
		}
		if err := a.clock.SleepUntil(ctx, a.clock.Now().Add(letGoLook)); err != nil {
			return err
		}
	}
	return fmt.Errorf("process %d has not let run %s go within %s: %w", busy.PID, id, letGoWithin, journal.ErrBusy)
}
