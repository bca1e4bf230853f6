// Package netfault sorts the errors of connections by what went wrong, so that all
// who ask a server call the same thing by the same name:
//
//	conn, err := dialer.DialContext(ctx, "tcp", at)
//	switch netfault.Of(err) {
//	case netfault.Refused: // nothing listens there, or a firewall says no
//	case netfault.NoRoute: // this machine cannot ask: nothing is known of the server
//	}
//
// It knows the errors of the operating system and of package net, and nothing of
// what is spoken over a connection.
package netfault

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
)

// Fault is what went wrong, in a word. Empty is no error.
type Fault string

// The faults.
const (
	// Refused: nothing listens on the port, or a firewall says no.
	Refused Fault = "refused"
	// Timeout: silence for too long; mostly a firewall.
	Timeout Fault = "timeout"
	// Reset: the connection was cut off by the other side, or on the way.
	Reset Fault = "reset"
	// Closed: the other side ended the connection before it had said all.
	Closed Fault = "closed"
	// NoRoute: this machine has no way to the address at all, as without IPv6. It
	// says nothing of the server.
	NoRoute Fault = "no-route"
	// Unreachable: a router, or this machine's own network, reports that nobody is
	// at the address.
	Unreachable Fault = "unreachable"
	// Cancelled: the caller did not want to wait any longer.
	Cancelled Fault = "cancelled"
	// Other is anything else.
	Other Fault = "other"
)

// Of sorts an error, wherever in its chain the fault is told.
func Of(err error) Fault {
	if err == nil {
		return ""
	}
	for _, known := range []struct {
		fault  Fault
		errors []error
	}{
		{Cancelled, []error{context.Canceled}},
		{Refused, []error{syscall.ECONNREFUSED}},
		{NoRoute, []error{syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT}},
		{Unreachable, []error{syscall.EHOSTUNREACH, syscall.EHOSTDOWN}},
		{Reset, []error{syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE}},
	} {
		for _, of := range known.errors {
			if errors.Is(err, of) {
				return known.fault
			}
		}
	}
	switch {
	case isTimeout(err):
		return Timeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Closed
	}
	return Other
}

// isTimeout knows deadlines of contexts and of connections, and the system's own.
func isTimeout(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

// Worded returns err in other words, for people; the error stays in the chain.
func Worded(word string, err error) error { return &worded{word, err} }

type worded struct {
	word string
	err  error
}

func (e *worded) Error() string { return e.word }
func (e *worded) Unwrap() error { return e.err }
