package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// A pre-hook opens the window and ends; the post-hook closes it. Both may come twice.
func TestWindowHooks(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.run("window", "close").is(t, exitDone, "no window is open: nothing to do")
	r.run("window", "close", "nowhere.example.org").is(t, exitDone, "no window of nowhere.example.org is open: nothing to do; nowhere.example.org is in no record")
	r.run("window", "close", "192.0.2.1").is(t, exitError, "192.0.2.1 is an IP address")
	r.run("window", "open", "www.example.org").is(t, exitDone)
	if r.proxied() || r.toggles() != "off" {
		t.Fatalf("it is not open: %q", r.toggles())
	}
	r.run("window", "open", "www.example.org").is(t, exitDone, "the window of www.example.org is open until")
	r.run("recover").is(t, exitDone, "open")
	for _, state := range []string{".dnsplan", "other"} {
		r.run("window", "www.example.org", "plain.example.org", "--state-dir", state, "--", "touch", "ran").is(t, exitRefused, "www.example.org: run", "has its window open until")
	}
	r.run("window", "open", "www.example.org", "--state-dir", "other").is(t, exitRefused, "as its comment says", "hint: wait until that window is closed; where its machine is gone, close it from here: dnsplan recover --scan-zone example.org --now --state-dir other")
	if _, err := os.Stat(r.path("ran")); err == nil {
		t.Error("the command was run in the window of another")
	}
	r.run("plan").is(t, exitDone)
	r.run("window", "close", "plain.example.org").is(t, exitDone, "nothing to do")
	if r.toggles() != "off" {
		t.Fatalf("it was closed: %q", r.toggles())
	}
	r.run("window", "close", "www.example.org").is(t, exitDone, "proxied again")
	r.closedOnce()
	r.run("window", "close").is(t, exitDone, "nothing to do")
	r.closedOnce()
}

// Nobody closes a hook's window: its guard does, at the deadline.
func TestWindowHookDeadline(t *testing.T) {
	t.Parallel()
	inTime(t, func(r *windowRig, deadline time.Duration) bool {
		begun := time.Now()
		got := r.run("window", "open", "www.example.org", "--deadline", deadline.String())
		if strings.Contains(got.stdout, "has passed before a certificate authority could see the origin") {
			return false
		}
		got.is(t, exitDone)
		r.closes()
		if time.Since(begun) < deadline {
			t.Error("it was closed before the deadline")
		}
		r.closedOnce()
		return true
	})
}

// untilClosed runs a command that only looks, again where the machine was too slow for
// the time that such a one takes for closing a window.
func untilClosed(run func() ended) ended {
	for {
		if got := run(); !strings.Contains(got.stderr, ") is not closed yet") {
			return got
		}
	}
}

// The guard of a hook's window is killed, and the deadline passes: any command closes
// it that knows a state folder and an inventory, and is not about that.
func TestWindowHookLeft(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"plan", "validate", "runs", "show last", "log", "cdn list", "check --list", "backup --list", "window close"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			r := newWindowRig(t)
			r.run("window", "open", "www.example.org").is(t, exitDone)
			r.kill(r.guardIn(), syscall.SIGKILL)
			here, clock := r.later()
			here.run("runs").is(t, exitDone)
			clock.elapse(time.Hour)
			for _, apart := range []string{"version", "schema", "help", "completion bash", "__complete show ", "plan --help"} {
				here.run(strings.Fields(apart)...).is(t, exitDone)
			}
			if got := r.toggles(); got != "off" {
				t.Fatalf("it was closed before: %q", got)
			}
			got := untilClosed(func() ended { return here.run(strings.Fields(command)...).is(t, exitDone) })
			if !strings.Contains(got.stderr, ") is closed now\n") && !strings.Contains(got.stderr, "proxied again") {
				t.Errorf("it does not say that it has closed:\n%s", got.stderr)
			}
			if command == "plan" && strings.Contains(got.stdout, "www.example.org") {
				t.Errorf("the plan saw the window:\n%s", got.stdout)
			}
			r.closedOnce()
		})
	}
}

// A window that cannot be closed changes nothing of what a command says and ends with,
// but for a warning.
func TestWindowLeftByABrokenInventory(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.abandon(r.opened())
	if err := os.WriteFile(r.path("inventory.toml"), []byte("version = 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := r.run("runs", "--json").is(t, exitDone, "warning: the issuance window of www.example.org (run", "is not closed, and the proxy may be off: ")
	if !strings.Contains(got.stdout, `"interrupted"`) || strings.Contains(got.stdout, "warning") {
		t.Errorf("said:\n%s", got.stdout)
	}
	r.run("validate").is(t, exitError, "is not closed")
	r.inventory()
	untilClosed(func() ended { return r.run("validate") }).is(t, exitDone, ") is closed now\n")
	r.closedOnce()
}

// A window around a command that was left by its process and guard is closed by the
// next command as well.
func TestWindowLeft(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.abandon(r.opened())
	r.commandEnds()
	untilClosed(func() ended { return r.run("verify") }).is(t, exitDone, ") is closed now\n")
	r.closedOnce()
}

// What closes a hook's window closes any that nobody holds, and says of one that is
// held who closes it.
func TestWindowCloseAnOrphan(t *testing.T) {
	t.Parallel()
	for _, names := range []string{"", "www.example.org", "plain.example.org"} {
		t.Run(names, func(t *testing.T) {
			t.Parallel()
			r := newWindowRig(t)
			p := r.opened()
			args := append([]string{"window", "close"}, strings.Fields(names)...)
			says := "proxied again"
			if names == "plain.example.org" {
				says = "no window of plain.example.org is open: nothing to do"
			} else {
				r.run(args...).is(t, exitDone, "is held by dnsplan window, process", "which closes it: nothing to do (dnsplan cancel 01")
			}
			if got := r.toggles(); got != "off" {
				t.Fatalf("toggled %q", got)
			}
			r.abandon(p)
			r.run(args...).is(t, exitDone, says)
			r.closedOnce()
			r.run(args...).is(t, exitDone, "is open: nothing to do")
			r.closedOnce()
		})
	}
}

// An orphan that someone has changed is left, and close says so by its exit code.
func TestWindowCloseAnOrphanChanged(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.abandon(r.opened())
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool {
		if x.ID == "a1" {
			x.Content = "192.0.2.99"
		}
		return true
	})
	r.run("window", "close").is(t, exitPartly, "www.example.org")
}

// A mark that cannot be read keeps no other window open, and is told of.
func TestWindowBesideABrokenMark(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.abandon(r.opened())
	if err := os.WriteFile(r.path(".dnsplan/windows/01BROKEN"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.run("recover", "--windows").is(t, exitError, "proxied again", "01BROKEN")
	r.closedOnce()
	r.run("window", "open", "www.example.org").is(t, exitDone, "01BROKEN")
	r.run("window", "close").is(t, exitDone, "proxied again", "01BROKEN")
}

// Whoever closes a window goes on with that when the terminal hangs up.
func TestWindowCloseHangsUp(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"window close", "apply", "recover", "recover --scan-zone example.org --now --state-dir other", "resume last", "cancel last"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			heeded(t, syscall.SIGHUP)
			r := newWindowRig(t)
			closing, letGo := r.heldClosing()
			if command == "recover" || command == "apply" { // which leave a hook's alone before its deadline
				r.abandon(r.opened())
			} else {
				r.run("window", "open", "www.example.org").is(t, exitDone)
				r.kill(r.guardIn(), syscall.SIGKILL)
			}
			p := r.start(strings.Fields(command)...)
			<-closing
			r.kill(p.Process.Pid, syscall.SIGHUP)
			letGo()
			if got := p.wait(); got.code == -1 {
				t.Errorf("it was ended: %s", got.stderr)
			} else if command == "apply" && got.code != bySignal+int(syscall.SIGHUP) {
				t.Errorf("it went on: %d", got.code)
			}
			r.closedOnce()
		})
	}
}

// What dnsplan says of a window may be heard by nobody any more: it goes on to its end.
func TestWindowIsNotHeard(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--json", "--json=false"} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			r := newWindowRig(t)
			hears, says, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			p := r.startAs(func(c *exec.Cmd) {
				c.Stdout, c.Stderr, c.SysProcAttr = says, says, &syscall.SysProcAttr{Setsid: true}
			}, "window", "www.example.org", flag, "--", "sh", "-c", "echo > begun; until test -e deaf; do sleep 0.05; done; echo > ended")
			_ = says.Close()
			r.commandRuns("begun")
			_ = hears.Close()
			if err := os.WriteFile(r.path("deaf"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			p.wait().is(t, exitDone)
			r.commandRuns("ended")
			r.closedOnce()
		})
	}
}

// Nobody reads either what is said of a command that needs no window: its code counts.
func TestWindowNeedlessIsNotHeard(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	hears, says, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = hears.Close()
	p := r.startAs(func(c *exec.Cmd) { c.Stdout = says }, "window", "plain.example.org", "--json", "--", "sh", "-c", "exit 7")
	_ = says.Close()
	p.wait().is(t, 7)
	r.untouched()
}

// What closes a hook's window behind its deadline, and what shows it then, say the same
// of it: that is an end like another.
func TestWindowHookExpires(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--json=false", "--json"} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			r := newWindowRig(t)
			r.run("window", "open", "www.example.org").is(t, exitDone)
			r.kill(r.guardIn(), syscall.SIGKILL)
			here, clock := r.later()
			clock.elapse(time.Hour)
			for _, args := range [][]string{{"recover"}, {"runs"}, {"show", "last"}} {
				got := here.run(append(args, flag)...).is(t, exitDone)
				wants := []string{"! ", "done", "closed late"}
				if flag == "--json" {
					wants = []string{`"expired":true`, `"state":"done"`}
				}
				for _, want := range wants {
					if flat := strings.ReplaceAll(got.stdout, `": `, `":`); !strings.Contains(flat, want) || strings.Contains(flat, `"state":"failed","next"`) {
						t.Errorf("%s: nothing says %s:\n%s", args[0], want, got.stdout)
					}
				}
			}
			r.closedOnce()
		})
	}
}

// The provider is down when a post-hook is to close the window: that gives up soon, and
// the guard goes on with it, well before the deadline.
func TestWindowCloseGivesUp(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--json=false", "--json"} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			r := newWindowRig(t)
			down, refused := r.breakable()
			r.run("window", "open", "www.example.org").is(t, exitDone)
			down.Store(true)
			p := r.start("window", "close", flag)
			eventually(t, "it is tried, and tried again", func() bool { return refused.Load() > 1 })
			r.kill(p.Process.Pid, syscall.SIGTERM)
			got := p.wait().is(t, exitPartly, "is not closed yet, and the proxy may be off", "; its guard goes on with that, and so does: dnsplan recover --windows")
			if flag == "--json" && !strings.Contains(got.stdout, `"exit_code":4,`) {
				t.Errorf("the summary has another exit code:\n%s", got.stdout)
			}
			down.Store(false)
			r.closes()
			r.closedOnce()
		})
	}
}
