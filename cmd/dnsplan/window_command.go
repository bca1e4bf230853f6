package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// How a command is ended: it is asked, and killed when it has not ended by then. The
// window does not wait for that.
const (
	endWithin = 10 * time.Second
	endLook   = 50 * time.Millisecond
	// drain is how long what a command has left behind may hold its output, where
	// that is no file.
	drain = time.Second
)

// child runs the command of an issuance window, in a process group of its own: what
// it has started is ended with it.
type child struct {
	argv           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	// began, when set, is told the process group, and over that it has ended.
	began func(group int)
	over  func()
	// within is how long the command has once it was asked to end.
	within time.Duration
	ending sync.WaitGroup
	killed bool
}

// child is the command with this process's streams. JSON has the standard output
// for itself.
func (w *issuing) child() *child {
	c := &child{
		argv: w.argv, stdin: w.stdin, stdout: w.stdout, stderr: w.stderr,
		began: func(group int) { w.guard.group(group) }, over: func() { w.guard.group(0) }, within: endWithin,
	}
	if w.session.Settings.JSON {
		c.stdout = w.stderr
	}
	return c
}

// Command runs it to its end; see execute.Commander. A signal that has ended the
// context is passed on; else it is SIGTERM. What becomes of the command then is what
// gone waits for: the window closes meanwhile.
func (c *child) Command(ctx context.Context) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), c.argv[0], c.argv[1:]...) //nolint:gosec // G204: the user's own command
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.stdin, c.stdout, c.stderr
	cmd.SysProcAttr, cmd.WaitDelay = &syscall.SysProcAttr{Setpgid: true}, drain
	endsWithUs(cmd.SysProcAttr)
	giveBack := inForeground(cmd)
	var left error
	begun, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // see endsWithUs
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := cmd.Start()
		if begun <- err; err == nil {
			left = cmd.Wait()
		}
	}()
	if err := <-begun; err != nil {
		<-ended
		giveBack() // it may have had the foreground before it failed
		return 0, err
	}
	c.began(cmd.Process.Pid)
	select {
	case <-ended:
	case <-ctx.Done():
	}
	select {
	case <-ended: // also where both have come at once
		giveBack()
		c.over()
		return codeOfCommand(left), nil
	default:
	}
	askGroup(cmd.Process.Pid, signalOf(context.Cause(ctx)))
	c.ending.Go(func() {
		c.killed = endGroup(cmd.Process.Pid, c.within, ended)
		giveBack()
		c.over()
	})
	return 0, ctx.Err()
}

// gone waits until nothing is left of a command that was asked to end, and tells
// whether it had to be killed. A nil one has run nothing.
func (c *child) gone() (killed bool) {
	if c == nil {
		return false
	}
	c.ending.Wait()
	return c.killed
}

// codeOfCommand is the exit code behind the error of a Wait.
func codeOfCommand(err error) int {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return exitDone // its streams could not be copied to the end
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return bySignal + int(status.Signal())
	}
	return exit.ExitCode()
}

// signalOf is the signal that a cause is about, or SIGTERM.
func signalOf(cause error) syscall.Signal {
	if s, ok := errors.AsType[signalled](cause); ok {
		if number, ok := s.Signal.(syscall.Signal); ok {
			return number
		}
	}
	return syscall.SIGTERM
}

// askGroup sends the signal to a process group.
func askGroup(group int, s syscall.Signal) {
	_ = syscall.Kill(-group, s)
	_ = syscall.Kill(-group, syscall.SIGCONT) // one that is stopped hears nothing
}

// endGroup sends SIGKILL to what is left of a process group that was asked to end,
// once the time is over. It returns when none of it is left, and ended, where it is
// not nil, is closed. It goes by the machine's clock.
func endGroup(group int, within time.Duration, ended <-chan struct{}) (killed bool) {
	kill := time.NewTimer(within)
	defer kill.Stop()
	look := time.NewTicker(endLook)
	defer look.Stop()
	for ended != nil || syscall.Kill(-group, 0) == nil {
		select {
		case <-ended:
			ended = nil
		case <-kill.C:
			_ = syscall.Kill(-group, syscall.SIGKILL)
			if ended != nil {
				<-ended
			}
			return true
		case <-look.C:
		}
	}
	return false
}

// inForeground gives a command that reads from a terminal the foreground there, as a
// shell does, where this process has it. The returned function takes it back.
func inForeground(cmd *exec.Cmd) (giveBack func()) {
	f, ok := cmd.Stdin.(*os.File)
	if !ok {
		return func() {}
	}
	fd, own := int(f.Fd()), unix.Getpgrp()
	if front, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err != nil || front != own {
		return func() {}
	}
	cmd.SysProcAttr.Foreground, cmd.SysProcAttr.Ctty = true, fd
	return func() {
		signal.Ignore(syscall.SIGTTOU) // which stops a background process that asks
		defer signal.Reset(syscall.SIGTTOU)
		_ = unix.IoctlSetPointerInt(fd, unix.TIOCSPGRP, own)
	}
}

// hangup returns a context that SIGHUP ends, as interruptible's does with SIGINT and
// SIGTERM, unless it is ignored, as under nohup. Until the returned function is called
// it is no end that nobody reads what is written: a window goes on, and closes.
func hangup(ctx context.Context) (context.Context, func()) {
	unread := make(chan os.Signal, 1)
	signal.Notify(unread, syscall.SIGPIPE)
	if signal.Ignored(syscall.SIGHUP) {
		return ctx, func() { signal.Stop(unread) }
	}
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case s := <-signals:
			cancel(signalled{s})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(unread)
		signal.Stop(signals)
		cancel(nil)
		<-done
	}
}
