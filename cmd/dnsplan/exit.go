package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers"
)

// The exit codes.
const (
	exitDone        = 0
	exitError       = 1
	exitDifferences = 2
	exitRefused     = 3
	exitPartly      = 4
	exitInterrupted = 130
	exitTerminated  = 143
)

// exitCodes is the part of every command's help that says what they mean.
const exitCodes = `Exit codes:
  0  done, or nothing to do
  1  error
  2  there are differences (plan --detailed-exitcode, drift, verify)
  3  refused by a guard; nothing was touched
  4  partly applied; a person has to look
  130, 143  stopped by a signal; the run can be resumed`

// coded is an error with an exit code of its own. One without a cause says
// nothing: what it means has been printed already.
type coded struct {
	code int
	err  error
}

func (e *coded) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}
func (e *coded) Unwrap() error { return e.err }

// silent ends with a code and prints nothing more.
func silent(code int) error {
	if code == exitDone {
		return nil
	}
	return &coded{code: code}
}

// refused ends with exitRefused.
func refused(format string, args ...any) error {
	return &coded{exitRefused, fmt.Errorf(format, args...)}
}

// advice is what stands behind one kind of error: its exit code and what to do.
type advice struct {
	code int
	hint string
}

// advise is the one table of errors, exit codes and hints.
func advise(err error) advice {
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case as[*execute.StaleError](err):
		return advice{exitRefused, "nothing was changed; make a new plan: dnsplan plan"}
	case as[*journal.HeldError](err), is(journal.ErrBusy):
		return advice{exitRefused, "wait for that run, or see it with: dnsplan runs"}
	case is(journal.ErrUsed):
		return advice{exitRefused, "a plan is applied once; see its run with: dnsplan show ID, or make a new plan"}
	case is(plan.ErrDamaged):
		return advice{exitRefused, "a saved plan is applied only as it was written; make a new one: dnsplan plan -o FILE"}
	case is(plan.ErrNewer):
		return advice{exitRefused, "update dnsplan, or make the plan anew with this one: dnsplan plan -o FILE"}
	case as[inventory.Errors](err):
		return advice{exitError, ""}
	case is(fs.ErrNotExist) && strings.Contains(err.Error(), "inventory"):
		return advice{exitError, "name one with -i, or start from inventory.example.toml"}
	case is(config.ErrNoSuchName):
		return advice{exitError, "a NAME is a whole owner name, as www.example.org"}
	case is(engine.ErrEnded):
		return advice{exitError, "see it with: dnsplan show ID"}
	case is(providers.ErrCredentials):
		return advice{exitError, "check the provider's credentials in the inventory, and what they may do"}
	case is(providers.ErrZoneNotFound):
		return advice{exitError, "check the zone's name and its provider in the inventory"}
	case is(syscall.ENOSPC):
		return advice{exitError, "make room on the disk of the state folder; a run goes on with: dnsplan resume ID"}
	case is(fs.ErrPermission):
		return advice{exitError, "check who owns the file and its mode"}
	}
	return advice{exitError, ""}
}

func as[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// exit prints what went wrong and returns the code.
func (a *app) exit(ctx context.Context, err error) int {
	if err == nil {
		return exitDone
	}
	c, own := errors.AsType[*coded](err)
	if own && c.err == nil {
		return c.code
	}
	if s, ok := errors.AsType[signalled](context.Cause(ctx)); ok && errors.Is(err, context.Canceled) {
		_, _ = fmt.Fprintf(a.stderr, "dnsplan: %v\n", s)
		return signalCode(s)
	}
	advice := advise(err)
	if own {
		advice.code = c.code
	}
	_, _ = fmt.Fprintf(a.stderr, "dnsplan: error: %v\n", err) // nothing can be said about a closed stderr
	if advice.hint != "" {
		_, _ = fmt.Fprintf(a.stderr, "dnsplan: hint: %s\n", advice.hint)
	}
	return advice.code
}

// signalCode is 128 and the signal's number, as shells have it.
func signalCode(s signalled) int {
	if s.Signal == syscall.SIGTERM {
		return exitTerminated
	}
	return exitInterrupted
}
