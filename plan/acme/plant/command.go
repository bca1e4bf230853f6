package plant

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Command returns a planter that runs a program, without a shell: argv and then
// "plant NAME", with the body and nothing else on its standard input, to place a
// token; argv and then "remove NAME" to take it away, which must not fail where
// there is none. Exit status 0 says that it is done. limit bounds each of the two;
// a program that takes longer is ended with all that it has started, first by
// SIGTERM and two seconds later by SIGKILL. What is left when dnsplan itself is
// killed is the program's to clear away.
func Command(argv []string, limit time.Duration) Planter {
	return &command{slices.Clone(argv), limit}
}

type command struct {
	argv  []string
	limit time.Duration
}

// String names the program alone: arguments may hold secrets.
func (c *command) String() string { return "command " + c.argv[0] }

func (c *command) Plant(ctx context.Context, t Token) (func(context.Context) error, error) {
	if err := errors.Join(t.valid(), ctx.Err()); err != nil {
		return nil, err
	}
	remove := func(ctx context.Context) error {
		if err := c.run(context.WithoutCancel(ctx), "remove", t.Name, ""); err != nil {
			return fmt.Errorf("remove token with %s: %w", c, err)
		}
		return nil
	}
	if err := c.run(ctx, "plant", t.Name, t.Body); err != nil {
		err = fmt.Errorf("place token with %s: %w", c, err)
		if errors.Is(err, exec.ErrNotFound) {
			return nil, err // nothing has run
		}
		return nil, errors.Join(err, remove(ctx)) // it may have done its work all the same
	}
	return remove, nil
}

// grace is how long a program may take to end when it is told to.
const grace = 2 * time.Second

func (c *command) run(ctx context.Context, verb, name, input string) error {
	ctx, stop := context.WithTimeoutCause(ctx, c.limit, fmt.Errorf("no end within %v", c.limit))
	defer stop()
	var said clipped
	cmd := exec.CommandContext(ctx, c.argv[0], append(slices.Clone(c.argv[1:]), verb, name)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	err := cmd.Run()
	if cmd.Process != nil && ctx.Err() != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what does not listen
	}
	if err == nil || errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success() {
		return nil // what it leaves running, as a shared connection of ssh, may hold its output
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if text := said.line(); text != "" {
		return fmt.Errorf("%w: %s", err, text)
	}
	return err
}

// clipped keeps the beginning of what a program says.
type clipped struct{ bytes.Buffer }

// most is how much of it, in bytes.
const most = 200

func (c *clipped) Write(p []byte) (int, error) {
	c.Buffer.Write(p[:min(len(p), max(0, most-c.Len()))])
	return len(p), nil
}

// line is what was said as one line without control characters.
func (c *clipped) line() string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(c.String(), "?"), func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
}
