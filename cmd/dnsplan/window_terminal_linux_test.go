package main

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal returns the two ends of a new terminal (pty(7)): what a person has, and
// what programs have.
func openTerminal(t *testing.T) (person, programs *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine has no terminals: %v", err)
	}
	t.Cleanup(func() { _ = person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	programs, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = programs.Close() })
	go func() { _, _ = io.Copy(io.Discard, person) }() // what programs echo; it ends with the terminal
	return person, programs
}

// foreground is the process group that reads from the terminal; 0 is none.
func foreground(person *os.File) int {
	group, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPGRP)
	if err != nil {
		return 0
	}
	return group
}

// startAt is start at a terminal, whose session dnsplan leads, as a shell's job would.
func (r *windowRig) startAt(programs *os.File, args ...string) *windowProcess {
	r.t.Helper()
	return r.startAs(func(c *exec.Cmd) {
		c.Stdin = programs
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	}, args...)
}

// A command that reads from a terminal has the foreground there for as long as it runs,
// and dnsplan has it again before the window is closed.
func TestWindowAtATerminal(t *testing.T) {
	t.Parallel()
	for script, tt := range map[string]struct {
		types string
		code  int
		says  string
	}{
		"echo > begun; read line && echo got $line": {"yes\n", exitDone, "got yes"},
		"echo > begun; exec sleep 600":              {"\x03", exitInterrupted, ""}, // Ctrl-C is for the command alone
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			r := newWindowRig(t)
			_, letGo := r.heldClosing()
			person, programs := openTerminal(t)
			p := r.startAt(programs, "window", "www.example.org", "--", "sh", "-c", script)
			r.commandRuns("begun")
			if group := foreground(person); group == 0 || group == p.Process.Pid {
				t.Errorf("group %d has the foreground, and dnsplan is %d", group, p.Process.Pid)
			}
			if _, err := person.WriteString(tt.types); err != nil {
				t.Fatal(err)
			}
			eventually(t, "dnsplan has the foreground again", func() bool { return foreground(person) == p.Process.Pid })
			if r.proxied() {
				t.Error("the window is closed already")
			}
			letGo()
			if got := p.wait().is(t, tt.code, "proxied again"); !strings.Contains(got.stdout, tt.says) {
				t.Errorf("the command says %q, want %q", got.stdout, tt.says)
			}
			r.closedOnce()
		})
	}
}
