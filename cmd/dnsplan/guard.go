package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// The guard of an issuance window is a process of this program in a session of its
// own. It holds one end of a pipe; what the process that has opened the window says
// there, a line each, is what the guard acts upon:
//
//	group 4711     the command runs in this process group; 0 is none
//	alive          the process lives; it says so every second
//	open           a hook has opened the window: nobody need live until its deadline
//	left           the process could not close the window: the guard does
//	done           the window is closed, or was never opened: the guard ends
//	end of file    the process has died: the guard ends the command and closes
//
// The guard says "armed" once it is ready. Nothing else passes, and no secret: it
// has the environment of the process, and reads the inventory as that does.

// The words of the pipe.
const (
	guardArmed = "armed"
	guardGroup = "group"
	guardAlive = "alive"
	guardOpen  = "open"
	guardLeft  = "left"
	guardDone  = "done"
)

// The guard's two pipes are its first descriptors behind the standard ones.
const (
	guardHears = 3
	guardSays  = 4
)

const (
	// guardComesUp is how long it may take to read the inventory.
	guardComesUp = 30 * time.Second
	// guardLeaves is how long it is waited for behind "done".
	guardLeaves = 2 * time.Second
	// guardLog is the file in the run's folder that takes what it says.
	guardLog = "guard.log"
)

// guard starts the guard of a run, and returns the end of the pipe to it.
func (a *app) guard(ctx context.Context, s *config.Session, id string, deadline time.Duration) (*exec.Cmd, *os.File, error) {
	exe, err := a.executable()
	if err != nil {
		return nil, nil, fmt.Errorf("arm the guard: %w", err)
	}
	log, err := os.OpenFile(guardLogOf(s.Settings, id), os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("arm the guard: %w", err)
	}
	defer log.Close()
	hears, pipe, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("arm the guard: %w", err)
	}
	defer hears.Close()
	ack, says, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("arm the guard: %w", err), pipe.Close())
	}
	defer ack.Close()
	args := []string{"guard", id, "--deadline", deadline.String(), "-i", s.Settings.Inventory, "--state-dir", s.Settings.StateDir}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), exe, args...) //nolint:gosec // G204: this program itself
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, []*os.File{hears, says}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	_ = says.Close() // so that its death is an end of file
	if err == nil {
		err = comesUp(ack)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("arm the guard: %w; see %s", err, log.Name()), pipe.Close())
	}
	return cmd, pipe, nil
}

// guardLogOf is the file that takes what the guard of a run says.
func guardLogOf(s config.Settings, run string) string {
	return filepath.Join(s.StateDir, journal.RunsDir, run, guardLog)
}

// comesUp waits until the guard is armed.
func comesUp(ack *os.File) error {
	if err := ack.SetReadDeadline(time.Now().Add(guardComesUp)); err != nil { // the machine's clock: it is about a process
		return err
	}
	text := make([]byte, len(guardArmed)+1)
	if _, err := io.ReadFull(ack, text); err != nil {
		return fmt.Errorf("it did not come up: %w", err)
	}
	return nil
}
