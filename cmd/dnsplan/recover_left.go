package main

import (
	"context"
	"maps"
	"slices"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
)

// leftOpen are the runs that have ended and left their issuance window open, because
// someone else had set a record in it: there is nothing to go on with, and a person has
// to look, for as long as X-BACK finds that the proxy should be on. Of several runs
// over a name the latest counts; runs come newest first.
func (a *app) leftOpen(ctx context.Context, s *config.Session, runs []engine.Run) (list []report.Recovery) {
	var known []zone.Name
	for _, r := range runs {
		if r.Err != nil || r.Result.Window == nil || !isOver(r.Result) {
			continue
		}
		var names []zone.Name
		for _, n := range r.Result.Window.Names {
			if !slices.Contains(known, n) && s.HasRecord(n) && leftAt(r.Result, n) {
				names = append(names, n)
			}
		}
		known = append(known, r.Result.Window.Names...)
		if len(names) == 0 {
			continue
		}
		if left, is := a.stillOpen(ctx, s, r, names); is {
			list = append(list, left)
		}
	}
	return list
}

// runsThatLeft are the runs that have left the issuance window of a name open, by the
// change log: those whose window was the last one of the name.
func runsThatLeft(log []journal.Change) []string {
	left := map[zone.Name]string{}
	for _, c := range log {
		switch {
		case c.LeftOff():
			left[c.Name] = c.Run
		case c.Outcome == string(execute.Closed) && c.Run != left[c.Name]:
			delete(left, c.Name)
		}
	}
	return slices.Collect(maps.Values(left))
}

// leftAt tells whether the run has left the window of the name open.
func leftAt(r execute.Result, n zone.Name) bool {
	return slices.ContainsFunc(r.Changes, func(c execute.ChangeResult) bool { return c.Change.Name == n && c.Made == execute.LeftOpen })
}

// stillOpen looks at what a run has left open. What cannot be told counts as open.
func (a *app) stillOpen(ctx context.Context, s *config.Session, r engine.Run, names []zone.Name) (out report.Recovery, is bool) {
	shown := report.NewRun(r.Plan, r.Events, false)
	out = report.Recovery{
		Run: r.ID, State: shown.State, ExitCode: exitPartly, Window: shown.Window, Left: true, Next: pasteable(s.Settings, shown.Next),
	}
	found, err := s.Check(ctx, names, acme.Selection{Only: []string{"X-BACK"}}, a.clock.Now)
	if err != nil {
		out.Error = err.Error()
		return out, true
	}
	out.Findings = slices.DeleteFunc(found.Findings, func(f acme.Finding) bool { return !f.Wrong() && f.Outcome != acme.Unknown })
	return out, len(out.Findings) > 0
}
