package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// scan closes the issuance windows that the records of a zone tell of by themselves,
// as another machine has to: those whose deadline has passed, or all of them at once.
// It is a run like any other, of this state folder. A window whose own run is here is
// left to that.
func (a *app) scan(ctx context.Context, s *config.Session, text string, all bool) error {
	name, err := zone.ParseName(text)
	if err != nil {
		return err
	}
	zones, err := s.Scan(ctx, name)
	if err != nil {
		return err
	}
	open := a.openWindows(s.Settings)
	now := a.clock.Now()
	due := func(m plan.Marked) bool {
		switch ours := slices.ContainsFunc(open, func(w journal.OpenWindow) bool { return w.Run == m.Marker.Run }); {
		case ours:
			a.notices.line(fmt.Sprintf("%s: its window is run %s of this state folder, which closes it: %s", m.Name.Display(), m.Marker.Run, s.Settings.Command("recover")))
			return false
		case !all && now.Before(m.Marker.Until):
			a.notices.line(fmt.Sprintf("%s: its window (run %s) may be open until %s; --now closes it", m.Name.Display(), m.Marker.Run, m.Marker.Until.Format(time.RFC3339)))
			return false
		}
		return true
	}
	p, err := s.CloseMarked(zones, due, a.user(), now, a.entropy)
	if err != nil {
		return err
	}
	if p.Empty() {
		a.notices.line("no record of " + name.Display() + " tells of a window that is to be closed")
		return a.nothing(s.Settings, p)
	}
	if err := a.approve(ctx, s.Settings, p, consent{approved: true}); err != nil {
		return a.notBegun(ctx, s.Settings, p, err)
	}
	for _, z := range zones {
		for _, m := range z.Marked {
			if now.After(m.Marker.Until.Add(windowLate)) && !slices.ContainsFunc(open, func(w journal.OpenWindow) bool { return w.Run == m.Marker.Run }) {
				a.notifyOf(ctx, fmt.Sprintf("dnsplan: the issuance window of %s (run %s) was open until %s, and its deadline was %s: another machine closes it",
					m.Name.Display(), m.Marker.Run, now.UTC().Format(time.RFC3339), m.Marker.Until.Format(time.RFC3339)))
			}
		}
	}
	return a.startAs(ctx, s, p, "recover")
}
