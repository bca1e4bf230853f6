package main

import (
	"context"
	"crypto/rand"
	"flag"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

// A signal in the wait ends the program with the signal's exit code and the
// line that goes on; what was waited counts.
func TestE2ESignalInTheWait(t *testing.T) {
	for _, tt := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGINT, exitInterrupted}, {syscall.SIGTERM, exitTerminated}} {
		t.Run(tt.signal.String(), func(t *testing.T) {
			t.Parallel()
			b := newLongBed(t, true)
			clock := b.move(900 * time.Millisecond)
			ctx, cancel := context.WithCancelCause(t.Context())
			clock.before = func(int, time.Time) { cancel(signalled{tt.signal}) }
			o := b.dnsplan(ctx, "apply", "--auto-approve")
			r := b.lastRun()
			if o.code != tt.code || !strings.Contains(o.stdout, "dnsplan resume "+r.ID) {
				t.Fatalf("want exit code %d and how to go on: %v", tt.code, o)
			}
			b.updates(oldAddr)
			clock.before = nil
			clock.advance(clock.Now().Add(40 * time.Hour)) // life goes on, and the caches' time
			b.resumes(clock, r.ID, 2)
		})
	}
}

// A process that is killed in the wait leaves nothing behind but a journal.
// Another one takes the run over, waits for the rest only, and makes each
// write that is left, once.
func TestE2EKilledInTheWait(t *testing.T) {
	t.Parallel()
	b := newLongBed(t, true)
	child := b.child("apply", "--auto-approve")
	var id string
	dnsd.Eventually(t, "the child is in its wait", func() bool {
		r, err := config.Reader(config.Settings{StateDir: b.path(".dnsplan")}, b.clock).Show(t.Context(), "last")
		id = r.ID
		return err == nil && len(r.Events) > 0 && r.Events[len(r.Events)-1].Kind == journal.Wait
	})
	if o := b.want(exitRefused, "apply", "--auto-approve"); !strings.Contains(o.stderr, id) {
		t.Errorf("the run that holds the zone is not named: %v", o)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	if o := b.want(exitDone, "runs"); !strings.Contains(o.stdout, "interrupted") || !strings.Contains(o.stdout, id) {
		t.Errorf("the run is not listed as interrupted: %v", o)
	}
	b.updates(oldAddr)
	clock := b.move(900 * time.Millisecond)
	clock.advance(clock.Now().Add(40 * time.Hour))
	b.resumes(clock, "last", 1)
}

// resumes finishes a run that stopped in its first wait. The clock's nth move
// has to end at the deadline that was written down before the stop.
func (b *testbed) resumes(clock *movedClock, id string, nth int) {
	b.t.Helper()
	deadline := at(b.t, b.lastRun(), moment{plan.StepExpire, 1, journal.Wait}).Until
	b.want(exitDone, "resume", id)
	b.waitedOut(b.lastRun(), twoDays)
	if moved := clock.moved(b.t, nth); !moved.Equal(deadline) {
		b.t.Errorf("resumed, it waits until %v, want %v as before", moved, deadline)
	}
	b.updates(oldAddr, newAddr, newAddr)
}

// child runs the program in a process of its own, under the real clock: this
// test binary, with TestE2EChild alone. It ends at the latest when this process
// does, and closes its standard input.
func (b *testbed) child(args ...string) *exec.Cmd {
	b.t.Helper()
	self, err := os.Executable()
	if err != nil {
		b.t.Fatal(err)
	}
	args = append([]string{"-test.run=^TestE2EChild$", "-test.count=1", "--", "-i", b.path("inventory.toml")}, args...)
	cmd := exec.CommandContext(b.t.Context(), self, args...)
	cmd.Env = append(os.Environ(), childEnv+"=1")
	if _, err := cmd.StdinPipe(); err != nil {
		b.t.Fatal(err)
	}
	var out lockedBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		_ = cmd.Process.Kill() // gone already, mostly
		_ = cmd.Wait()
		if b.t.Failed() {
			b.t.Logf("output of the child:\n%s", out.String())
		}
	})
	return cmd
}

// childEnv tells TestE2EChild that it is one.
const childEnv = "DNSPLAN_E2E_CHILD"

// TestE2EChild is the program, when child runs it.
func TestE2EChild(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		t.Skip("this is the program in a process of its own, for the test that kills it")
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1) // the parent is gone
	}()
	ctx, stop := interruptible(t.Context())
	defer stop()
	code := run(ctx, &app{
		args: flag.Args(), stdin: strings.NewReader(""), stdout: os.Stdout, stderr: os.Stderr,
		env:   func(name string) (string, bool) { v, ok := e2eEnv()[name]; return v, ok },
		clock: embedded.SystemClock{}, entropy: rand.Reader,
		terminal: func(any) (int, bool) { return 0, false },
	})
	t.Fatalf("the program ended by itself, with exit code %d", code)
}
