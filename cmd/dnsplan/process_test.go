package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// slowSite takes a day from the lowering to the switch, and asks nobody.
const slowSite = `version = 1
[[provider]]
name = "files"
type = "zonefile"
dir  = "zones"
[[zone]]
name     = "example.org"
provider = "files"
[[zone.record]]
name = "www"
a    = ["203.0.113.11"]
`

// background starts dnsplan as a process of its own, which is killed at the
// test's end if it still runs.
func (p *program) background(args ...string) *exec.Cmd {
	p.t.Helper()
	c := p.prepared(args...)
	begin(p.t, c)
	return c
}

// begin starts a process, which is killed at the test's end if it still runs.
func begin(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c.ProcessState == nil {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	})
}

// heeded has what the test starts heed a signal, also where the tests were started
// so that it is ignored, as nohup does. A process inherits that, but not that a
// signal is caught.
func heeded(t *testing.T, s os.Signal) {
	if !signal.Ignored(s) {
		return
	}
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, s)
	t.Cleanup(func() { signal.Stop(caught) })
}

// prepared is dnsplan as a process of its own that is yet to be started.
func (p *program) prepared(args ...string) *exec.Cmd {
	p.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	c := exec.CommandContext(p.t.Context(), exe, append(args, "-i", p.path("inventory.toml"))...)
	c.Env = append(os.Environ(), asProgram+"=1")
	return c
}

// waiting returns when the only run of the program waits.
func (p *program) waiting() {
	p.t.Helper()
	eventually(p.t, "a run that waits", func() bool {
		found, err := filepath.Glob(p.path(".dnsplan/runs/*/journal.jsonl"))
		if err != nil || len(found) != 1 {
			return false
		}
		b, err := os.ReadFile(found[0])
		return err == nil && strings.Contains(string(b), `"event":"wait"`)
	})
}

// codeOfProcess waits for the process.
func codeOfProcess(t *testing.T, c *exec.Cmd) int {
	t.Helper()
	err := c.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// Two runs on one zone: the second refuses and names the first; cancel stops
// the first, and takes back what it did.
func TestTwoProcesses(t *testing.T) {
	p := newProgram(t, slowSite)
	before := p.read("zones/example.org.zone")
	first := p.background("apply", "--auto-approve")
	p.waiting()
	pid := strconv.Itoa(first.Process.Pid)
	lowered := p.read("zones/example.org.zone")

	p.run("apply", "--auto-approve").is(t, exitRefused, "process "+pid, "example.org", "hint: ")
	p.run("resume", "last").is(t, exitRefused, "process "+pid)
	p.run("runs").is(t, exitDone, "running")
	p.run("show", "last").is(t, exitDone, "running")
	if got := p.read("zones/example.org.zone"); got != lowered {
		t.Errorf("the zone was touched:\n%s", got)
	}

	p.clock = system().clock
	p.run("cancel", "last").is(t, exitDone, "interrupting process "+pid)
	if code := codeOfProcess(t, first); code != exitInterrupted {
		t.Errorf("the first process ended with %d", code)
	}
	p.run("runs").is(t, exitDone, "cancelled")
	if got := addresses(p.read("zones/example.org.zone")); got != addresses(before) {
		t.Errorf("the zone is not as it was:\n%s", got)
	}
}

// addresses are the lines of a zone file with address records.
func addresses(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, "IN A") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// A signal stops a process that waits, at a safe point.
func TestSignals(t *testing.T) {
	for signal, want := range map[syscall.Signal]int{syscall.SIGINT: exitInterrupted, syscall.SIGTERM: exitTerminated} {
		t.Run(signal.String(), func(t *testing.T) {
			p := newProgram(t, slowSite)
			c := p.background("apply", "--auto-approve")
			p.waiting()
			for range 3 { // wrappers pass a signal on that the terminal has sent to all
				if err := c.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Fatal(err)
				}
			}
			if code := codeOfProcess(t, c); code != want {
				t.Errorf("exit code %d, want %d", code, want)
			}
			p.run("runs").is(t, exitDone, "interrupted")
			p.run("cancel", "last").is(t, exitDone)
		})
	}
}

// A process that died holds nothing.
func TestDeadHolder(t *testing.T) {
	p := newProgram(t, slowSite)
	c := p.background("apply", "--auto-approve")
	p.waiting()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // killed
	p.run("runs").is(t, exitDone)
	p.run("resume", "last").is(t, exitDone, "1 of 1 change applied")
	if !strings.Contains(p.read("zones/example.org.zone"), "www\t3600 IN A 203.0.113.11") {
		t.Error("not applied")
	}
}

// A standard output that takes nothing is an error of every command that
// prints a result.
func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = full.Close() }()
	p := newProgram(t, "")
	p.stdout = full
	before := p.read("zones/example.org.zone")
	for _, args := range [][]string{
		{"plan"},
		{"plan", "--json"},
		{"plan", "--markdown"},
		{"drift"},
		{"verify"},
		{"backup"},
		{"runs", "--json"},
		{"validate"},
		{"schema"},
		{"version"},
		{"apply", "--auto-approve"},
	} {
		p.run(args...).is(t, exitError, "no space left on device")
	}
	if p.read("zones/example.org.zone") != before {
		t.Error("applied a plan that nobody could see")
	}
}
