package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/report"
)

// notifier tells people elsewhere of an event, as the inventory has it. That it
// cannot is a warning, and changes nothing else.
type notifier func(ctx context.Context, event, message string)

// notifierOf returns the session's notifier.
func (a *app) notifierOf(s *config.Session) notifier {
	return func(ctx context.Context, event, message string) {
		ctx = context.WithoutCancel(ctx) // a run that a signal ends is told of too
		for _, err := range s.Notify(ctx, event, message) {
			a.notices.line(fmt.Sprintf("warning: not notified: %v", err))
		}
	}
}

// tellOfRun notifies of a run that needs a person.
func (a *app) tellOfRun(ctx context.Context, p *plan.Plan, r report.Result) {
	if a.notify == nil || p == nil || r.ExitCode != exitError && r.ExitCode != exitPartly {
		return
	}
	a.notify(ctx, config.NotifyRunFailed, runMessage(p, r))
}

// runMessage says what has become of a run: which zones, why, and how to decide.
func runMessage(p *plan.Plan, r report.Result) string {
	lines := []string{fmt.Sprintf("dnsplan: run %s %s (%s)", r.Run, stands(r), strings.Join(changedZones(p), ", "))}
	for _, f := range r.Failures {
		lines = append(lines, strings.TrimSpace(f.Zone+" "+f.Step)+": "+f.Error)
	}
	if r.Error != "" {
		lines = append(lines, r.Error)
	}
	lines = append(lines, tallyOf(r))
	for _, c := range r.Next {
		lines = append(lines, c.Does+": "+c.Command)
	}
	return strings.Join(lines, "\n")
}

// stands is how the run stands, in the words of a message.
func stands(r report.Result) string {
	switch {
	case r.Error != "":
		return "stopped: it did not come to an end"
	case r.Outcome == execute.OutcomeHeld:
		return "holds: a person has to decide"
	case r.ExitCode == exitPartly:
		return "has ended and left something open: a person has to look"
	}
	return "failed: the old values stand"
}

// changedZones are the zones that the plan changes, in its order.
func changedZones(p *plan.Plan) []string {
	var out []string
	seen := map[plan.ZoneRef]bool{}
	for i := range p.Changes {
		if ref := p.Changes[i].ZoneRef; !seen[ref] {
			seen[ref] = true
			out = append(out, ref.String())
		}
	}
	return out
}

// tallyOf counts what has been applied.
func tallyOf(r report.Result) string {
	applied := 0
	for _, c := range r.Changes {
		if c.State == execute.Applied {
			applied++
		}
	}
	return fmt.Sprintf("%d of %s applied", applied, count(len(r.Changes), "change"))
}

// tellOfDrift notifies of what has moved; p differs from live.
func (a *app) tellOfDrift(ctx context.Context, p *plan.Plan) {
	if a.notify == nil {
		return
	}
	lines := []string{fmt.Sprintf("dnsplan: live is not what %s says", p.Inventory.Path)}
	for _, c := range p.Changes {
		lines = append(lines, fmt.Sprintf("%s %s%s: %s", c.Name.Display(), c.Type, inView(c.View), c.Action))
	}
	for _, c := range p.Conflicts {
		lines = append(lines, fmt.Sprintf("%s %s%s: conflict: %s", c.Name.Display(), c.Type, inView(c.View), report.ConflictText(c)))
	}
	a.notify(ctx, config.NotifyDrift, strings.Join(clipped(lines), "\n"))
}

// mostLines keeps a message in the size that chats take.
const mostLines = 50

func clipped(lines []string) []string {
	if len(lines) <= mostLines {
		return lines
	}
	more := fmt.Sprintf("and %d more", len(lines)-mostLines)
	return append(lines[:mostLines:mostLines], more)
}
