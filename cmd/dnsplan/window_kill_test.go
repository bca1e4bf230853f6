package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// hanging is a command that writes its process id and does not end by itself.
const hanging = "echo $$ > pid.new && mv pid.new pid && exec sleep 600"

// opened starts a window around a command that hangs, and returns when that runs.
func (r *windowRig) opened(args ...string) *windowProcess {
	r.t.Helper()
	p := r.start(append(append([]string{"window", "www.example.org"}, args...), "--", "sh", "-c", hanging)...)
	eventually(r.t, "the command runs", func() bool {
		_, err := os.Stat(r.path("pid"))
		return err == nil || syscall.Kill(p.Process.Pid, 0) != nil
	})
	if r.proxied() {
		r.t.Error("the command runs, and the proxy is on")
	}
	return p
}

// commandEnds waits until the command of opened has ended.
func (r *windowRig) commandEnds() {
	r.t.Helper()
	text, err := os.ReadFile(r.path("pid"))
	if err != nil {
		r.t.Fatal(err)
	}
	eventually(r.t, "the command ends", func() bool {
		stat, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(text)), "stat"))
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}

// guardOf is the process of the guard, which is a child of the parent.
func (r *windowRig) guardOf(parent int) int {
	r.t.Helper()
	return r.guardWhere(func(folder string) bool {
		stat, err := os.ReadFile(filepath.Join(folder, "stat"))
		_, rest, _ := strings.Cut(string(stat), ") ")
		f := strings.Fields(rest)
		return err == nil && len(f) > 1 && f[1] == strconv.Itoa(parent)
	})
}

// guardIn is the process of the guard that has the rig's folder as its own.
func (r *windowRig) guardIn() int {
	r.t.Helper()
	return r.guardWhere(r.worksHere)
}

// worksHere tells whether a process, by its folder in /proc, has the rig's as its own.
func (r *windowRig) worksHere(folder string) bool {
	dir, err := os.Readlink(filepath.Join(folder, "cwd"))
	return err == nil && dir == r.dir
}

// guardWhere is the guard whose folder in /proc is the one.
func (r *windowRig) guardWhere(is func(folder string) bool) int {
	r.t.Helper()
	found := r.guards(is)
	if len(found) == 0 {
		r.t.Fatal("there is no guard")
	}
	return found[0]
}

// guards are the guards whose folders in /proc are such.
func (r *windowRig) guards(is func(folder string) bool) (pids []int) {
	r.t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "\x00guard\x00") || !is(filepath.Dir(path)) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			r.t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// noGuard ends what guards there still are: one that writes keeps the test's folder
// from going.
func (r *windowRig) noGuard() {
	eventually(r.t, "the guards are gone", func() bool {
		left := r.guards(r.worksHere)
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		return len(left) == 0
	})
}

// abandon kills a process that has opened a window, and its guard before it, of which
// it does not come to hear: nobody is left to close the window.
func (r *windowRig) abandon(p *windowProcess) {
	r.t.Helper()
	r.kill(p.Process.Pid, syscall.SIGSTOP)
	r.kill(r.guardOf(p.Process.Pid), syscall.SIGKILL)
	r.kill(p.Process.Pid, syscall.SIGKILL)
	_ = p.wait()
}

func (r *windowRig) kill(pid int, s syscall.Signal) {
	r.t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		r.t.Fatal(err)
	}
}

// closes waits until the proxy is on again.
func (r *windowRig) closes() {
	r.t.Helper()
	eventually(r.t, "the window closes", r.proxied)
	r.markGoes()
}

// markGoes waits until nothing here says that a window is open.
func (r *windowRig) markGoes() {
	r.t.Helper()
	eventually(r.t, "its mark goes", func() bool {
		marks, err := filepath.Glob(r.path(".dnsplan/windows/*"))
		return err == nil && len(marks) == 0
	})
}

// The process is killed: its guard ends the command and closes the window.
func TestWindowKilled(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	p := r.opened()
	r.kill(p.Process.Pid, syscall.SIGKILL)
	r.closes()
	r.commandEnds()
	r.closedOnce()
	r.run("runs").is(t, exitDone, "cancelled")
	logs, err := filepath.Glob(r.path(".dnsplan/runs/*/" + guardLog))
	if err != nil || len(logs) != 1 {
		t.Fatalf("%v, %v", logs, err)
	}
	if info, err := os.Stat(logs[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the guard's log: %v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(logs[0])
	if err != nil || !strings.Contains(string(text), "the process that opened the window has died: closing") || strings.Contains(string(text), cfToken) {
		t.Errorf("the guard says, %v:\n%s", err, text)
	}
}

// The process and its guard are killed: the kernel ends the command, and recover closes
// the window.
func TestWindowGuardKilledToo(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.abandon(r.opened())
	r.commandEnds()
	r.run("recover").is(t, exitDone, "proxied again")
	r.run("show", "last").is(t, exitDone, "may still run")
	r.closes()
	r.closedOnce()
	r.run("recover").is(t, exitDone)
	r.closedOnce()
}

// commandStops ends the command, which nobody else would.
func (r *windowRig) commandStops() {
	r.t.Helper()
	text, err := os.ReadFile(r.path("pid"))
	if err != nil {
		r.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		r.t.Fatal(err)
	}
	r.kill(pid, syscall.SIGKILL)
}

// While a window is open another one for its name is refused, and names the holder.
func TestWindowTwice(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool {
		x.Proxied = true // plain, too
		return true
	})
	p := r.opened()
	beside := r.run("window", "plain.example.org", "--", "touch", "ran").is(t, exitRefused, "the issuance window of www.example.org is open, until 2", "lock example.org.: held by run", "wait for that run", "one window can be for several names: www.example.org, plain.example.org")
	if strings.Contains(beside.stderr, "Timeline") {
		t.Errorf("the plan is shown of a window that there is none of:\n%s", beside.stderr)
	}
	for _, args := range [][]string{{"window", "www.example.org", "--", "touch", "ran"}, {"window", "open", "www.example.org"}} {
		r.run(args...).is(t, exitRefused, "has its window open until", "dnsplan window, process "+strconv.Itoa(p.Process.Pid)+" on ")
	}
	r.run("window", "www.example.org", "--state-dir", "other", "--", "touch", "ran").is(t, exitRefused, "as its comment says")
	if _, err := os.Stat(r.path("ran")); err == nil {
		t.Error("the command was run in the window of another")
	}
	r.commandStops()
	p.wait().is(t, 128+int(syscall.SIGKILL), "proxied again")
	r.closedOnce()
}

// The guard alone is killed: the window goes on to its end.
func TestWindowOnlyGuardKilled(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	p := r.opened()
	r.kill(r.guardOf(p.Process.Pid), syscall.SIGKILL)
	r.commandStops()
	p.wait().is(t, 128+int(syscall.SIGKILL))
	r.closedOnce()
}

// The guard alone is killed, again and again: another one comes, which does what the
// first would have done, but not for ever.
func TestWindowGuardIsReplaced(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	p := r.opened()
	pid := p.Process.Pid
	for range guardsMore {
		before := r.guardOf(pid)
		r.kill(before, syscall.SIGKILL)
		eventually(t, "another guard comes", func() bool {
			text := p.said()
			return strings.Contains(text, fmt.Sprintf("warning: its guard (process %d) has died; process ", before))
		})
	}
	r.kill(pid, syscall.SIGKILL)
	r.closes()
	r.commandEnds()
	r.closedOnce()
	again := newWindowRig(t)
	p = again.opened()
	for n := range guardsMore + 1 {
		again.kill(again.guardOf(p.Process.Pid), syscall.SIGKILL)
		eventually(t, "it is told of", func() bool { return strings.Count(p.said(), "has died") > n })
	}
	if !strings.Contains(p.said(), "nothing closes the window should this process die too, but dnsplan recover") {
		t.Errorf("it says:\n%s", p.said())
	}
	again.commandStops()
	p.wait().is(t, 128+int(syscall.SIGKILL))
	again.closedOnce()
}

// A signal ends the command with it, and closes the window.
func TestWindowSignals(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			heeded(t, s)
			r := newWindowRig(t)
			p := r.opened()
			r.kill(p.Process.Pid, s)
			p.wait().is(t, 128+int(s), "proxied again")
			r.commandEnds()
			r.closedOnce()
		})
	}
}

// A command that hangs is ended at the deadline; one that does not care is killed.
func TestWindowDeadline(t *testing.T) {
	t.Parallel()
	for _, script := range []string{hanging, "trap '' TERM; echo $$ > pid.new; mv pid.new pid; while :; do sleep 1; done"} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			inTime(t, func(r *windowRig, deadline time.Duration) bool {
				begun := time.Now()
				got := r.run("window", "www.example.org", "--deadline", deadline.String(), "--", "sh", "-c", script).is(t, exitError, "the deadline of the issuance window ("+zone.FormatDuration(deadline)+") has passed")
				if _, err := os.Stat(r.path("pid")); err != nil {
					return false
				}
				if strings.Contains(got.stderr, "sh had not ended 10s after it was told to, and was killed") != (script != hanging) {
					t.Errorf("killed or not:\n%s", got.stderr)
				}
				if !strings.Contains(got.stderr, "had ended: it was stopped") || time.Since(begun) < deadline {
					t.Errorf("after %s:\n%s", time.Since(begun), got.stderr)
				}
				r.commandEnds()
				r.closedOnce()
				return true
			})
		})
	}
}

// The proxy goes on while a command that does not care for signals still runs, whoever
// closes the window.
func TestWindowClosesFirst(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			r := newWindowRig(t)
			p := r.start("window", "www.example.org", "--", "sh", "-c", stubborn)
			r.commandRuns("begun")
			r.kill(p.Process.Pid, s)
			eventually(t, "the window closes", r.proxied)
			if err := os.WriteFile(r.path("closed"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			got := p.wait()
			eventually(t, "the command ends by itself", func() bool { _, err := os.Stat(r.path("done")); return err == nil })
			if s == syscall.SIGTERM {
				got.is(t, exitTerminated, "proxied again")
			}
			r.closes()
			r.closedOnce()
		})
	}
}

// The process hangs: its guard kills it behind the deadline, and closes the window.
func TestWindowHangs(t *testing.T) {
	if testing.Short() {
		t.Skip("waits in real time")
	}
	t.Parallel()
	inTime(t, func(r *windowRig, deadline time.Duration) bool {
		p := r.start("window", "www.example.org", "--deadline", deadline.String(), "--", "sh", "-c", hanging)
		eventually(t, "the command runs, or is late", func() bool {
			_, err := os.Stat(r.path("pid"))
			return err == nil || r.toggles() == "off on"
		})
		r.kill(p.Process.Pid, syscall.SIGSTOP)
		if _, err := os.Stat(r.path("pid")); err != nil || r.toggles() != "off" {
			return false
		}
		_ = p.wait()
		r.closes()
		r.commandEnds()
		r.closedOnce()
		return true
	})
}

// The provider is down, from before the deadline on: the process leaves the window to
// its guard, says so, and the guard closes it once the provider is back.
func TestWindowIsLeftToItsGuard(t *testing.T) {
	if testing.Short() {
		t.Skip("waits in real time")
	}
	t.Parallel()
	for _, s := range []syscall.Signal{0, syscall.SIGTERM} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			inTime(t, func(r *windowRig, deadline time.Duration) bool {
				down, _ := r.breakable()
				p := r.start("window", "www.example.org", "--deadline", deadline.String(), "--", "sh", "-c", hanging)
				eventually(t, "the command runs, or is late", func() bool {
					_, err := os.Stat(r.path("pid"))
					return err == nil || r.toggles() == "off on"
				})
				if down.Store(true); r.toggles() != "off" {
					return false
				}
				if s != 0 {
					r.kill(p.Process.Pid, s)
				}
				p.wait().is(t, exitPartly, "the proxy is off since", "could not be closed within 14s of its deadline", "503", "the guard goes on closing it", guardLog)
				r.commandEnds()
				down.Store(false)
				r.closes()
				r.closedOnce()
				return true
			})
		})
	}
}

// The process hangs and its guard is killed: recover kills it, once its deadline is
// long past, and closes the window.
func TestWindowHangsUnguarded(t *testing.T) {
	r := newWindowRig(t)
	p := r.opened()
	r.kill(p.Process.Pid, syscall.SIGSTOP)
	r.kill(r.guardOf(p.Process.Pid), syscall.SIGKILL)
	here, clock := r.later()
	here.run("recover", "--windows").is(t, exitDone, "another process works on it")
	if r.toggles() != "off" {
		t.Fatalf("it was closed: %q", r.toggles())
	}
	clock.elapse(time.Hour)
	here.run("recover", "--windows").is(t, exitDone, "process "+strconv.Itoa(p.Process.Pid)+" hangs", "proxied again")
	_ = p.wait()
	r.closedOnce()
	r.commandEnds()
	here.run("recover", "--windows").is(t, exitDone, "Nothing to recover")
}
