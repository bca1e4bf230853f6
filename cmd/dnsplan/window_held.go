package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
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

// badDeadline is what is wrong with the deadline; empty where nothing is.
func (w *issuing) badDeadline() string {
	d, ready := w.options.deadline, w.session.WindowReady()
	switch {
	case d > longestWindow:
		return fmt.Sprintf("--deadline %s: it may be %s at most, and the proxy is off meanwhile", zone.FormatDuration(d), zone.FormatDuration(longestWindow))
	case d <= ready || d <= 0:
		return fmt.Sprintf("--deadline %s: it has to be more than the %s that a certificate authority may go on to see the proxy; %s is usual", d, zone.FormatDuration(ready), zone.FormatDuration(windowDeadline))
	}
	return ""
}
