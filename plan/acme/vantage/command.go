package vantage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// CommandOptions say which command is a vantage.
type CommandOptions struct {
	// Name is what the inventory calls the vantage.
	Name string
	// Argv is the program and its arguments; no shell reads them. A program
	// without a slash is looked for along PATH.
	Argv []string
	// Dir is where the command runs, and relative paths start; empty is the
	// process's own.
	Dir string
	// Timeout limits one Ask; 0 is DefaultTimeout.
	Timeout time.Duration
}

// Command asks a vantage through a command: the request is on its standard input,
// the reply on its standard output.
type Command struct{ opts CommandOptions }

// NewCommand returns a Probe. It runs nothing.
func NewCommand(o CommandOptions) *Command {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	return &Command{o}
}

// Name returns the name in the inventory.
func (c *Command) Name() string { return c.opts.Name }

// Ask has the vantage carry out r; see Probe. A command that takes too long is
// killed, with all that it has started in its session. It has no terminal, so that
// it fails where it would ask for a password.
func (c *Command) Ask(ctx context.Context, r Request) (Reply, error) {
	ctx, stop := context.WithTimeoutCause(ctx, c.opts.Timeout, slowError(c.opts.Timeout))
	defer stop()
	r = r.prepare(c.opts.Timeout)
	text, err := c.run(ctx, r)
	if err != nil {
		return Reply{}, &Error{c.opts.Name, err}
	}
	v, err := readReply(text, r)
	if err != nil {
		return Reply{}, &Error{c.opts.Name, err}
	}
	return v, nil
}

// grace is how long the streams of a killed command may stay open: what it has
// started elsewhere could hold them for ever.
const grace = 2 * time.Second

func (c *Command) run(ctx context.Context, r Request) ([]byte, error) {
	request, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(c.opts.Argv) == 0 {
		return nil, errors.New("its command is empty")
	}
	out, said := &bounded{most: MaxReply + 1}, &bounded{most: 4 << 10, last: true}
	cmd := exec.CommandContext(ctx, c.opts.Argv[0], c.opts.Argv[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = c.opts.Dir, bytes.NewReader(append(request, '\n')), out, said
	cmd.SysProcAttr, cmd.WaitDelay = &syscall.SysProcAttr{Setsid: true}, grace
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("%s: %w%s", c.opts.Argv[0], err, said.lastLine())
	}
	return out.text, nil
}

// bounded keeps the first bytes that are written to it or, with last, the last
// ones. It takes all, so that the command is not stopped by it.
type bounded struct {
	most int
	last bool
	text []byte
}

func (b *bounded) Write(p []byte) (int, error) {
	b.text = append(b.text, p...)
	if over := len(b.text) - b.most; over > 0 && b.last {
		b.text = b.text[over:]
	} else if over > 0 {
		b.text = b.text[:b.most]
	}
	return len(p), nil
}

// lastLine is what a command has said last, as the end of an error.
func (b *bounded) lastLine() string {
	lines := strings.Split(strings.TrimSpace(string(b.text)), "\n")
	if line := plain(lines[len(lines)-1]); line != "" {
		return ": " + line
	}
	return ""
}
