package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// heldOpen are those of the names whose window another run of this state folder has
// open, each with that run. A command is not begun in the window of another, which
// may close while it runs.
func (w *issuing) heldOpen(names []zone.Name) (held []string) {
	open := slices.DeleteFunc(w.openWindows(w.session.Settings), func(o journal.OpenWindow) bool { return w.orphaned(w.session.Settings, o) })
	for _, n := range names {
		for _, o := range open {
			if slices.Contains(o.Names, n) {
				held = append(held, fmt.Sprintf("%s: run %s has its window open until %s (%s)", n.Display(), o.Run, o.Deadline.Format(time.RFC3339), holderText(o)))
			}
		}
	}
	return held
}

// besideHeld is an error where another run has a window open in a zone of the plan, which
// takes one run at a time. The run itself would be refused for it, behind its plan.
func (w *issuing) besideHeld(p *plan.Plan) error {
	s := w.session.Settings
	for _, o := range w.openWindows(s) {
		r, err := journal.FindRun(s.StateDir, o.Run)
		if err != nil {
			continue // it holds nothing that is known
		}
		if busy, err := r.Busy(); err != nil || !busy {
			continue
		}
		doc, err := r.Plan()
		if err != nil {
			continue
		}
		other, err := plan.Decode(doc)
		if err != nil {
			continue
		}
		if i := slices.IndexFunc(p.Zones, func(z plan.Zone) bool { return slices.Contains(refsOf(other), z.ZoneRef) }); i >= 0 {
			ref := p.Zones[i].ZoneRef
			held := &journal.HeldError{Name: journal.LockName{Zone: ref.Zone, View: ref.View}, Holder: o.Holder}
			return &besideError{ofWindow(s, held), slices.Concat(o.Names, p.Window.Names)}
		}
	}
	return nil
}

// refsOf are the zones of a plan.
func refsOf(p *plan.Plan) (refs []plan.ZoneRef) {
	for _, z := range p.Zones {
		refs = append(refs, z.ZoneRef)
	}
	return refs
}

// besideError is about a window in whose zone another one is open.
type besideError struct {
	err error
	// names are those of both.
	names []zone.Name
}

func (e *besideError) Error() string { return e.err.Error() }
func (e *besideError) Unwrap() error { return e.err }

// place says in the hint that there can be one window for all the names.
func (e *besideError) place(hint string) string {
	return hint + "; one window can be for several names: " + windowNames(e.names)
}

// holderText says who closes the window: "dnsplan window, process 4711 on web-01".
func holderText(o journal.OpenWindow) string {
	if o.Hook {
		return "a hook has opened it: dnsplan window close"
	}
	return fmt.Sprintf("%s, process %d on %s", o.Holder.Command, o.Holder.PID, o.Holder.Host)
}

// longestWindow is how long a window may be open at most. An origin that is to be seen
// for longer is not for a window.
const longestWindow = 24 * time.Hour

// commandTime is what a command gets at least behind the wait for the authority.
const commandTime = 2 * time.Second

// badDeadline is what is wrong with the deadline; empty where nothing is.
func (w *issuing) badDeadline() string {
	d, ready := w.options.deadline, w.session.WindowReady()
	if ready > 0 {
		ready += plan.Margin
	}
	switch {
	case d > longestWindow:
		return fmt.Sprintf("--deadline %s: it may be %s at most, and the proxy is off meanwhile", zone.FormatDuration(d), zone.FormatDuration(longestWindow))
	case d < ready+commandTime:
		return fmt.Sprintf("--deadline %s: it has to be %s at least: a certificate authority may go on to see the proxy for %s, and then the command is to run; %s is usual",
			d, zone.FormatDuration(ready+commandTime), zone.FormatDuration(ready), zone.FormatDuration(windowDeadline))
	}
	return ""
}
