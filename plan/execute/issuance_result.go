package execute

import (
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
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
	// Expired says that its deadline has closed the window of a hook, which nobody has
	// told to close: that is no failure, since the hook's client had all the time.
	Expired bool
	// Early says that someone else has turned a proxy on before the window closed, so that
	// the command may have run through it, and Handed that one stays off, because
	// another window has it open, which closes it.
	Early, Handed bool
	// Command is what is known of the command; nil where it was not begun.
	Command *CommandResult
	// Certificates are what the addresses behind the proxy serve behind the command;
	// none where they were not asked.
	Certificates []CertificateResult
}

// Issued sums up what the addresses serve that could be asked: IssuedSame where one
// serves the certificate of before, else IssuedNone where one serves none, else
// IssuedNew, and IssuedUnknown where none could be asked.
func (w *WindowResult) Issued() Issued {
	for _, sum := range []Issued{IssuedSame, IssuedNone, IssuedNew} {
		if slices.ContainsFunc(w.Certificates, func(r CertificateResult) bool { return r.Issued == sum }) {
			return sum
		}
	}
	return IssuedUnknown
}

// Open tells whether a proxy is off, or may be.
func (w *WindowResult) Open() bool { return !w.Opened.IsZero() && w.Closed.IsZero() }

// closedAt is when the proxy of the zone was on again; zero until then.
func (s *State) closedAt(ref plan.ZoneRef) time.Time {
	w := s.index.window
	if at, done := s.steps[w.on.ID].done[ref]; done {
		return at
	}
	if slices.ContainsFunc(s.index.byZone[ref], s.alarmed) {
		return time.Time{}
	}
	return s.steps[w.off.ID].undone[ref]
}

// windowResult sums an issuance window up; nil in other runs.
func (s *State) windowResult() *WindowResult {
	if s.plan.Window == nil {
		return nil
	}
	r := &WindowResult{Names: s.plan.Window.Names, Opened: s.opened(), Command: s.command, Certificates: s.certificates}
	if r.Opened.IsZero() {
		return r
	}
	w := s.index.window
	r.Deadline = r.Opened.Add(time.Duration(s.plan.Window.Deadline) * time.Second)
	all := true
	for ref := range s.steps[w.off.ID].begun {
		at := s.closedAt(ref)
		all = all && !at.IsZero()
		r.Closed = later(r.Closed, at)
	}
	if !all {
		r.Closed = time.Time{}
	}
	r.Ready, r.Expired = s.readyAt(), s.expired()
	for _, z := range s.zones {
		r.Early, r.Handed = r.Early || len(z.early) > 0, r.Handed || len(z.handed) > 0
	}
	return r
}

// expired tells whether all that has failed is that nobody has told the window of a
// hook to close.
func (s *State) expired() bool {
	late := false
	for _, z := range s.plan.Zones {
		f := s.zones[z.ZoneRef].failed
		switch {
		case f == nil:
		case f.Step != s.index.window.command.ID || f.Class != Late && f.Class != Linked:
			return false
		default:
			late = true
		}
	}
	return late && s.plan.Window.Hook
}

// readyAt is when the last step before the command was done in all zones; zero
// until then.
func (s *State) readyAt() (at time.Time) {
	before := s.index.steps[s.index.window.command.After[0]]
	if !s.everywhere(before) {
		return time.Time{}
	}
	for _, t := range s.steps[before.ID].done {
		at = later(at, t)
	}
	return at
}
