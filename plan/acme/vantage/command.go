package vantage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/program"
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
// ended as program.Run does, which may take two seconds more.
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

func (c *Command) run(ctx context.Context, r Request) ([]byte, error) {
	request, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(c.opts.Argv) == 0 {
		return nil, errors.New("its command is empty")
	}
	p := program.Program{Argv: c.opts.Argv, Dir: c.opts.Dir, Keep: MaxReply + 1}
	out, err := p.Run(ctx, append(request, '\n'))
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", c.opts.Argv[0], err)
	}
	return out, nil
}
