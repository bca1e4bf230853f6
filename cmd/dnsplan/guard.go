package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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
//	open           a hook has opened the window: nobody need live until its deadline
//	done           the window is closed, or was never opened: the guard ends
//	end of file    the process has died: the guard ends the command and closes
//
// The guard says "armed" once it is ready. Nothing else passes, and no secret: it
// has the environment of the process, and reads the inventory as that does.

// The words of the pipe.
const (
	guardArmed = "armed"
	guardGroup = "group"
	guardOpen  = "open"
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

// guardian is this process's end of the guard. A nil one stands for none.
type guardian struct {
	pipe *os.File
	cmd  *exec.Cmd
}

// arm starts the guard of a run that has begun and written nothing yet. There is
// none where the program does not know itself, as within a test.
func (a *app) arm(ctx context.Context, s *config.Session, id string, deadline time.Duration) (*guardian, error) {
	if a.executable == nil {
		return nil, nil //nolint:nilnil // a nil guardian is none
	}
	exe, err := a.executable()
	if err != nil {
		return nil, fmt.Errorf("arm the guard: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(s.Settings.StateDir, journal.RunsDir, id, guardLog), os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("arm the guard: %w", err)
	}
	defer log.Close()
	hears, pipe, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("arm the guard: %w", err)
	}
	defer hears.Close()
	ack, says, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("arm the guard: %w", err), pipe.Close())
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
		return nil, errors.Join(fmt.Errorf("arm the guard: %w; see %s", err, log.Name()), pipe.Close())
	}
	return &guardian{pipe, cmd}, nil
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

// tell says a line. A guard that was killed hears nothing, which stops nothing.
func (g *guardian) tell(line string) {
	if g != nil {
		_, _ = g.pipe.WriteString(line + "\n")
	}
}

// group tells the guard the command's process group; 0 is none.
func (g *guardian) group(id int) { g.tell(guardGroup + " " + strconv.Itoa(id)) }

// done dismisses the guard.
func (g *guardian) done() {
	if g == nil {
		return
	}
	g.tell(guardDone)
	gone := make(chan struct{})
	go func() { _ = g.cmd.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-time.After(guardLeaves): // it hears the end of this process too
	}
	_ = g.pipe.Close()
}

// leave lets the guard go on alone: it closes the window, now or, where that is
// open for a hook, at its deadline.
func (g *guardian) leave(open bool) {
	if g == nil {
		return
	}
	if open {
		g.tell(guardOpen)
	}
	_ = g.pipe.Close()
	_ = g.cmd.Process.Release()
}
