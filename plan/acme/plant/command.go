package plant

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/program"
)

// Command returns a planter that runs a program, without a shell: argv and then
// "plant NAME", with the body and nothing else on its standard input, to place a
// token; argv and then "remove NAME" to take it away, which must not fail where
// there is none. It runs in dir, where relative paths start. Exit status 0 says that
// it is done. limit bounds each of the two; a program that takes longer is ended as
// program.Run does. A few run at the same time, and the others wait for their turn.
// What is left when dnsplan itself is killed is the program's to clear away.
func Command(argv []string, dir string, limit time.Duration) Planter {
	p := program.Program{Argv: slices.Clone(argv), Dir: dir, Keep: maxSaid}
	return &command{p, limit, make(chan struct{}, atOnce)}
}

const (
	// maxSaid is how much is kept of what a program says, in bytes.
	maxSaid = 4 << 10
	// atOnce is how many run at the same time: sshd turns away more than ten
	// connections that are being made (MaxStartups of sshd_config).
	atOnce = 8
)

type command struct {
	program program.Program
	limit   time.Duration
	turns   chan struct{}
}

func (c *command) Place() Place { return Place{Command: c.program.Argv[0]} }

func (c *command) Plant(ctx context.Context, t Token) (func(context.Context) error, error) {
	if err := errors.Join(t.valid(), ctx.Err()); err != nil {
		return nil, err
	}
	remove := func(ctx context.Context) error {
		if err := c.run(context.WithoutCancel(ctx), "remove", t.Name, ""); err != nil {
			return fmt.Errorf("remove token with %s: %w", c.Place(), err)
		}
		return nil
	}
	if err := c.run(ctx, "plant", t.Name, t.Body); err != nil {
		err = fmt.Errorf("place token with %s: %w", c.Place(), err)
		if errors.Is(err, exec.ErrNotFound) {
			return nil, err // nothing has run
		}
		return nil, errors.Join(err, remove(ctx)) // it may have done its work all the same
	}
	return remove, nil
}

func (c *command) run(ctx context.Context, verb, name, input string) error {
	select {
	case c.turns <- struct{}{}:
		defer func() { <-c.turns }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	ctx, stop := context.WithTimeoutCause(ctx, c.limit, fmt.Errorf("no end within %v", c.limit))
	defer stop()
	_, err := c.program.Run(ctx, []byte(input), verb, name)
	return err
}
