package vantage

import (
	"context"
	"errors"
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

// ErrRefused is a vantage that answered, and does not carry out the request.
var ErrRefused = errors.New("it does not carry out the request")

// Greet tells whether a vantage is there, lets us in and speaks the form: it is
// asked for nothing, which it has to refuse. The error is that of Ask.
func Greet(ctx context.Context, p Probe) error {
	v, err := p.Ask(ctx, Request{})
	switch {
	case err == nil:
		return &Error{p.Name(), fmt.Errorf("it was asked for nothing, and says that it has fetched something (ok: %v)", v.OK)}
	case errors.Is(err, ErrRefused):
		return nil
	}
	return err
}
