// Package engine is the contract of durable runs: a plan that was started goes
// on to its end, whatever happens to the process. The command line sees only
// this; engine/embedded keeps runs on disk and drives them in the process.
package engine

import (
	"context"
	"errors"
	"iter"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// Signal is a person's word to a run.
type Signal string

// The signals.
const (
	// Resume lets a held or interrupted run go on. An issuance window does not go
	// on: it closes.
	Resume Signal = "resume"
	// AcceptLive is Resume, and leaves what someone else has set meanwhile as it
	// is: those changes are in no later step.
	AcceptLive Signal = "accept-live"
	// Cancel takes back what is not finished and ends the run.
	Cancel Signal = "cancel"
)

// ErrEnded is a signal to a run that has ended.
var ErrEnded = errors.New("the run has ended")

// Run is one execution of a plan, as it stands.
type Run struct {
	ID     string
	Plan   *plan.Plan
	Events []journal.Event
	Result execute.Result
	// Busy says that a process is working on it now.
	Busy bool
	// Err is why the run cannot be read; the other fields but ID are empty then.
	// With a *journal.DamageError, Plan may be there, and Events and Result are
	// those before the damage: for people to look at, and not to go on from.
	Err error
}

// Engine starts runs and takes them to their end. It is safe for concurrent
// use.
type Engine interface {
	// Start claims the plan for a run, once its zones are locked and live is
	// still what the plan saw. Errors: *journal.HeldError, *execute.StaleError,
	// journal.ErrUsed; with each of them nothing was touched.
	Start(ctx context.Context, p *plan.Plan) (id string, err error)
	// Wait takes the run on until it ends, holds, is the open window of a hook, or
	// the context ends, and returns how it stands. When the context ends, an
	// issuance window is closed first. The error is for what keeps the run from going
	// on; a failed change is part of the result.
	Wait(ctx context.Context, id string) (execute.Result, error)
	// Signal gives a person's word to the run. It takes effect in Wait.
	Signal(ctx context.Context, id string, s Signal) error
	// Show returns a run; List returns all, newest first.
	Show(ctx context.Context, id string) (Run, error)
	List(ctx context.Context) ([]Run, error)
	// Watch yields the run's events from the first on, and new ones as they
	// come, until the run ends or the context does.
	Watch(ctx context.Context, id string) iter.Seq2[journal.Event, error]
}
