package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// scan closes the issuance windows that the records of a zone tell of by themselves,
// as another machine has to: those whose deadline has passed, or all of them at once.
// It is a run like any other, of this state folder. A window whose own run is here is
// left to that, and one at whose names someone has changed an address to a person.
func (a *app) scan(ctx context.Context, s *config.Session, text string, all bool) error {
	name, err := zone.ParseName(text)
	if err != nil {
		return err
	}
	zones, err := s.Scan(ctx, name)
	if err != nil {
		return err
	}
	f := &scanning{app: a, session: s, all: all, now: a.clock.Now(), open: a.openWindows(s.Settings)}
	p, err := s.CloseMarked(zones, f.closes, a.user(), f.now, a.entropy)
	if err != nil {
		return err
	}
	for _, left := range f.left {
		a.notifyOf(ctx, "dnsplan: "+overtakenText(left))
	}
	if p.Empty() && len(f.left) > 0 {
		return a.notBegun(ctx, s.Settings, p, f.overtaken(nil))
	}
	if p.Empty() {
		a.notices.line("no record of " + name.Display() + " tells of a window that is to be closed")
		return a.nothing(s.Settings, p)
	}
	if err := a.approve(ctx, s.Settings, p, consent{approved: true}); err != nil {
		return a.notBegun(ctx, s.Settings, p, f.overtaken(err))
	}
	f.tellOfLate(ctx)
	return f.run(ctx, p)
}

// scanning is a scan at work.
type scanning struct {
	*app
	session *config.Session
	// all closes windows before their deadlines too.
	all bool
	now time.Time
	// open are the windows of this state folder.
	open []journal.OpenWindow
	// closed are the names whose proxy goes on, and left those that are to, and have
	// another address by now.
	closed, left []plan.Marked
}

// closes tells whether the window of a marked name is closed by this scan. Where it is
// not, and somebody may think that it is, that is said.
func (f *scanning) closes(m plan.Marked) bool {
	name := m.Name.Display()
	switch ours := slices.ContainsFunc(f.open, func(w journal.OpenWindow) bool { return w.Run == m.Marker.Run }); {
	case ours:
		f.notices.line(fmt.Sprintf("%s: its window is run %s of this state folder, which closes it: %s", name, m.Marker.Run, f.session.Settings.Command("recover")))
		return false
	case !f.all && f.now.Before(m.Marker.Until):
		then := "--now closes it"
		if len(m.Changed) > 0 {
			then = "someone has set " + changedText(m) + " in it, so that a person has to close it"
		}
		f.notices.line(fmt.Sprintf("%s: its window (run %s) may be open until %s; %s", name, m.Marker.Run, m.Marker.Until.Format(time.RFC3339), then))
		return false
	case len(m.Changed) > 0:
		f.left = append(f.left, m)
		return false
	}
	f.closed = append(f.closed, m)
	return true
}

// run closes. What is left makes its exit code that of a run which a person has to
// look after.
func (f *scanning) run(ctx context.Context, p *plan.Plan) error {
	e, view, err := f.begin(ctx, f.session, p, "recover")
	if err != nil {
		return f.notBegun(ctx, f.session.Settings, p, f.overtaken(err))
	}
	if len(f.left) > 0 {
		view.exit = func(r execute.Result) int { return max(exitOf(r), exitPartly) }
	}
	return f.overtaken(f.wait(ctx, f.session.Settings, e, view, p.ID))
}

// overtaken is the error about what is left, with what else went wrong; nil where
// there is neither.
func (f *scanning) overtaken(err error) error {
	if len(f.left) == 0 {
		return err
	}
	lines := make([]string, len(f.left))
	for i, m := range f.left {
		lines[i] = overtakenText(m)
	}
	left := &overtakenError{lines}
	if own, ok := err.(*coded); ok && own.err == nil { //nolint:errorlint // the very value that says nothing more
		return &coded{max(own.code, exitPartly), left}
	}
	return errors.Join(&coded{exitPartly, left}, err)
}

// tellOfLate notifies of windows that are closed long behind their deadlines.
func (f *scanning) tellOfLate(ctx context.Context) {
	for _, m := range f.closed {
		if f.now.After(m.Marker.Until.Add(windowLate)) {
			f.notifyOf(ctx, fmt.Sprintf("dnsplan: the issuance window of %s (run %s) was open until %s, and its deadline was %s: another machine closes it",
				m.Name.Display(), m.Marker.Run, f.now.UTC().Format(time.RFC3339), m.Marker.Until.Format(time.RFC3339)))
		}
	}
}

// overtakenError is about windows that stay open because someone has changed
// addresses in them, a line for each.
type overtakenError struct{ lines []string }

func (e *overtakenError) Error() string { return strings.Join(e.lines, "\n") }

// overtakenText says why the window of a name is left open.
func overtakenText(m plan.Marked) string {
	return fmt.Sprintf("the issuance window of %s (run %s) is left open, the proxy off: someone has set %s in it", m.Name.Display(), m.Marker.Run, changedText(m))
}

// changedText lists what someone has set in a window: "A 192.0.2.7 and AAAA 2001:db8::7".
func changedText(m plan.Marked) string {
	now := make([]string, len(m.Changed))
	for i, r := range m.Changed {
		now[i] = r.Type.String()
		for _, addr := range r.Addrs {
			now[i] += " " + addr.String()
		}
	}
	return strings.Join(now, " and ")
}
