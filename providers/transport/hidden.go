package transport

import (
	"errors"
	"iter"
	"net/url"
	"reflect"
	"strconv"
)

// err returns e without secrets. A request error of net/http loses its URL,
// whose query may be a secret as a whole.
func (r *redactor) err(e error) error {
	if u, ok := e.(*url.Error); ok { //nolint:errorlint // only the outermost one is taken off
		e = u.Err
	}
	if e == nil || r.clean(e) {
		return e
	}
	return &redactedError{r.text(e.Error()), e, r}
}

// clean tells whether no secret shows in e nor in anything that it wraps.
func (r *redactor) clean(e error) bool {
	for inner := range tree(e) {
		if text := inner.Error(); r.text(text) != text {
			return false
		}
	}
	return true
}

// tree goes through e and all that it wraps.
func tree(e error) iter.Seq[error] {
	return func(yield func(error) bool) { walk(e, yield) }
}

func walk(e error, yield func(error) bool) bool {
	if e == nil {
		return true
	}
	if !yield(e) {
		return false
	}
	switch w := e.(type) { //nolint:errorlint // each link of the chain is looked at
	case interface{ Unwrap() error }:
		return walk(w.Unwrap(), yield)
	case interface{ Unwrap() []error }:
		for _, inner := range w.Unwrap() {
			if !walk(inner, yield) {
				return false
			}
		}
	}
	return true
}

// redactedError shows the text of an error that is not shown itself. It cannot
// be unwrapped, and As finds only what is clean.
type redactedError struct {
	text     string
	err      error
	redactor *redactor
}

func (e *redactedError) Error() string { return e.text }

// GoString keeps %#v from printing the error inside.
func (e *redactedError) GoString() string {
	return "&transport.redactedError{" + strconv.Quote(e.text) + "}"
}

// Is looks into the error inside.
func (e *redactedError) Is(target error) bool { return errors.Is(e.err, target) }

// As finds errors inside that hold no secret.
func (e *redactedError) As(target any) bool {
	to := reflect.ValueOf(target).Elem()
	for inner := range tree(e.err) {
		if reflect.TypeOf(inner).AssignableTo(to.Type()) && e.redactor.clean(inner) {
			to.Set(reflect.ValueOf(inner))
			return true
		}
		if nested, ok := inner.(*redactedError); ok && nested.As(target) { //nolint:errorlint // this link of the chain
			return true
		}
	}
	return false
}
