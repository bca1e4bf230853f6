package vantage

import (
	"context"
	"fmt"
)

// Probe asks one vantage. Its methods are safe for concurrent use.
type Probe interface {
	// Name is what the inventory calls the vantage.
	Name() string
	// Ask has the vantage carry out r, whose Version is filled in. What the vantage
	// met is in the reply, also where it is bad news; an error, which is an *Error,
	// says that the vantage was of no use, so that nothing is known about the name.
	// It takes no longer than the vantage's timeout, and ends with the context.
	Ask(ctx context.Context, r Request) (Reply, error)
}

// Error is a vantage that was of no use. It shows no secret.
type Error struct {
	// Vantage is what the inventory calls it.
	Vantage string
	Err     error
}

// Error says which vantage, and why.
func (e *Error) Error() string { return fmt.Sprintf("ask vantage %q: %v", e.Vantage, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
