package program_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/program"
)

// sh is a program of one line of shell; $1 is the first of more arguments.
func sh(line string) program.Program {
	return program.Program{Argv: []string{"/bin/sh", "-c", line, "sh"}, Keep: 100}
}

func TestRun(t *testing.T) {
	for name, tt := range map[string]struct {
		line, want, err string
	}{
		"reads and writes":        {`read a; echo "$1 $a"`, "plant token\n", ""},
		"its output is bounded":   {`head -c 100000 /dev/zero | tr '\0' x`, strings.Repeat("x", 100), ""},
		"no input is wanted":      {`exec <&-; echo done`, "done\n", ""},
		"fails":                   {`echo a note >&2; echo gone >&2; exit 3`, "", "exit status 3: gone"},
		"fails, says why in vain": {`echo gone; exit 3`, "", "exit status 3: gone"},
		"fails without a word":    {`exit 3`, "", "exit status 3"},
		"harms a terminal":        {`printf 'a\033[2J\033]0;x\007b' >&2; exit 3`, "", "exit status 3: a[2J]0;xb"},
		"has no terminal":         {`exec 3</dev/tty && echo one`, "", "exit status"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sh(tt.line).Run(t.Context(), []byte("token\n"), "plant")
			switch {
			case string(got) != tt.want:
				t.Errorf("wrote %q, want %q", got, tt.want)
			case tt.err == "" && err != nil, tt.err != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.err)):
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

func TestNothingToRun(t *testing.T) {
	if _, err := (program.Program{}).Run(t.Context(), nil); err == nil {
		t.Error("an empty command ran")
	}
	if _, err := (program.Program{Argv: []string{"no-such-program-4711"}}).Run(t.Context(), nil); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

// alive tells whether a process runs.
func alive(t *testing.T, pid string) bool {
	t.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// A program that hangs is ended, with what it has started, also when neither
// listens to SIGTERM.
func TestHangs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "child")
	why := errors.New("no reply within a while")
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	ended := make(chan error, 1)
	go func() {
		_, err := sh(`trap '' TERM; sleep 600 & echo $! >"$1.new"; mv "$1.new" "$1"; wait; wait`).Run(ctx, nil, file)
		ended <- err
	}()
	var child []byte
	for deadline := time.Now().Add(time.Minute); child == nil && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		child, _ = os.ReadFile(file)
	}
	stop(why)
	if err := <-ended; !errors.Is(err, why) {
		t.Errorf("error %v, want %v", err, why)
	}
	pid := strings.TrimSpace(string(child))
	if _, err := os.Stat("/proc/self/stat"); err != nil || pid == "" {
		t.Skip("no /proc here")
	}
	for deadline := time.Now().Add(time.Minute); alive(t, pid); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the child still runs")
		}
	}
}

// A program that is done has its output taken, although something that it has
// left holds the streams, as a shared connection of ssh does.
func TestLeavesSomething(t *testing.T) {
	got, err := sh(`sleep 20 & echo $!`).Run(t.Context(), nil)
	if err != nil || len(got) == 0 {
		t.Fatalf("%q, %v", got, err)
	}
	pid := strings.TrimSpace(string(got))
	if _, err := os.Stat("/proc/self/stat"); err == nil && !alive(t, pid) {
		t.Error("what it has left was ended")
	}
	_ = exec.Command("kill", pid).Run()
}
