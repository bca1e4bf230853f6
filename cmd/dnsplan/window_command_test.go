package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// stubborn is a command that does not care for signals, and ends once the window is
// closed.
const stubborn = "trap '' TERM; echo > begun; until test -e closed; do sleep 0.05; done; echo > done"

// A command that does not end when it is told to keeps no window open: it is not waited
// for until then, and nothing is left of it at the end.
func TestCommandIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for _, within := range []time.Duration{time.Minute, 10 * time.Millisecond} {
		dir := t.TempDir()
		over := false
		c := &child{
			argv: []string{"sh", "-c", "cd " + dir + " && " + stubborn}, within: within,
			began: func(int) {}, over: func() { over = true },
		}
		ctx, stop := context.WithCancel(t.Context())
		result := make(chan error)
		go func() { _, err := c.Command(ctx); result <- err }()
		there := func(name string) bool { _, err := os.Stat(filepath.Join(dir, name)); return err == nil }
		eventually(t, "the command runs", func() bool { return there("begun") })
		stop()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("within %s: %v", within, err)
		}
		patient := within == time.Minute
		if patient {
			if there("done") {
				t.Error("it has ended before the window was closed")
			}
			if err := os.WriteFile(filepath.Join(dir, "closed"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if killed := c.gone(); killed == patient || !over || there("done") != patient {
			t.Errorf("within %s: killed %t, over %t, done %t", within, killed, over, there("done"))
		}
	}
}

// What was never run is gone.
func TestNoCommandIsGone(t *testing.T) {
	var c *child
	if c.gone() || (&child{}).gone() {
		t.Error("killed")
	}
}
