package execute

import (
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// WindowResult is how the issuance window of a run stands.
type WindowResult struct {
	Names []zone.Name
	// Opened is when the write that turns the proxy off was begun; zero when it
	// never was.
	Opened time.Time
	// Deadline is when the window closes at the latest; zero before Opened.
	Deadline time.Time
	// Ready is when a certificate authority sees the origin, on all names; zero
	// until then.
	Ready time.Time
	// Closed is when every proxy was on again; zero until then, and where one could
	// not be turned on.
	Closed time.Time
	// Command is what is known of the command; nil where it was not begun.
	Command *CommandResult
}

// Open tells whether a proxy is off, or may be.
func (w *WindowResult) Open() bool { return !w.Opened.IsZero() && w.Closed.IsZero() }

// CommandResult is what is known of an issuance window's command.
type CommandResult struct {
	Begun time.Time
	// Ended is when it had ended; zero where it was ended with its window, or died
	// with its process.
	Ended time.Time
	// Code is its exit code, once it has ended.
	Code int
}
