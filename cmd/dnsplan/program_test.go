package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/execute"
)

// program is dnsplan with one inventory, run within the test.
type program struct {
	t *testing.T
	// dir holds inventory.toml and zones/.
	dir   string
	env   map[string]string
	clock execute.Clock
	// entropy goes on from call to call.
	entropy io.Reader
	// stdout, when set, takes the standard output.
	stdout io.Writer
	// width, when set, is that of the terminal that the output is shown on.
	width int
	// router, when set, knows the machine's routes.
	router execute.Router
}

// ended is how a call ended.
type ended struct {
	code           int
	stdout, stderr string
}

// newProgram brings the site of the scripts; inventory, when not empty, takes
// the place of its inventory.
func newProgram(t *testing.T, inventory string) *program {
	t.Helper()
	p := &program{
		t: t, dir: t.TempDir(), env: map[string]string{"USER": "ops"}, entropy: &counter{},
		clock: &leapingClock{now: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)},
	}
	if inventory != "" {
		p.write("inventory.toml", inventory)
	}
	if err := bringSite(p.dir); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *program) path(name string) string { return filepath.Join(p.dir, name) }

func (p *program) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(p.path(name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *program) read(name string) string {
	p.t.Helper()
	b, err := os.ReadFile(p.path(name))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

// run runs a command over the program's inventory.
func (p *program) run(args ...string) ended {
	p.t.Helper()
	return p.runWith(p.t.Context(), args...)
}

func (p *program) runWith(ctx context.Context, args ...string) ended {
	p.t.Helper()
	var stdout, stderr bytes.Buffer
	a := p.outside(&stdout, &stderr, append(args, "-i", p.path("inventory.toml")))
	code := run(ctx, a)
	return ended{code, stdout.String(), stderr.String()}
}

// outside is all that a call knows of the world; a later one has a later time.
func (p *program) outside(stdout, stderr io.Writer, args []string) *app {
	if c, ok := p.clock.(*leapingClock); ok {
		c.elapse(time.Second)
	}
	a := &app{
		args: args, stdin: strings.NewReader(""), stdout: stdout, stderr: stderr,
		env: func(name string) (string, bool) { v, ok := p.env[name]; return v, ok }, clock: p.clock, entropy: p.entropy,
		terminal: func(any) (int, bool) { return p.width, p.width > 0 }, router: p.router,
	}
	for name, value := range p.env {
		a.environ = append(a.environ, name+"="+value)
	}
	if p.stdout != nil {
		a.stdout = p.stdout
	}
	return a
}

// is fails the test unless the code is code and both streams together hold each
// of the texts.
func (e ended) is(t *testing.T, code int, texts ...string) ended {
	t.Helper()
	if e.code != code {
		t.Fatalf("exit code %d, want %d\nstdout:\n%s\nstderr:\n%s", e.code, code, e.stdout, e.stderr)
	}
	for _, text := range texts {
		if !strings.Contains(e.stdout+e.stderr, text) {
			t.Fatalf("nothing says %q\nstdout:\n%s\nstderr:\n%s", text, e.stdout, e.stderr)
		}
	}
	return e
}

// eventually polls until done returns true.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(2 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline.C:
			t.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}
