package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/acme/cert"
	"github.com/dnsplan/dnsplan/plan/report"
)

// preflightChecks are the checks that say whether a window would help: those of
// refusing are grave enough to keep it closed, the others warn. X-TLS is among
// them, because a certificate that is bad is what a window is opened for. What cannot
// be told warns as well: the command may open the port itself.
func preflightChecks() (sel acme.Selection, refusing []acme.ID) {
	return acme.Selection{Only: []string{"X-ORIGIN", "X-TLS", "D-CAA", "R-RATE"}, Opening: true}, []acme.ID{"X-ORIGIN", "D-CAA", "R-RATE"}
}

// judge refuses a window that is not needed yet, or would not help. With --force it
// warns. Where nothing is to be turned off there is nothing to refuse.
func (w *issuing) judge(ctx context.Context, is config.Issuance) error {
	if is.Plan.Empty() {
		return nil
	}
	failed, err := w.preflight(ctx, is)
	if err != nil {
		return err
	}
	against := slices.Concat(w.fresh(is), failed)
	if w.options.force {
		for _, line := range against {
			what, _, _ := strings.Cut(line, "\n") // what to do about it is not wanted
			w.notices.line("warning: " + what)
		}
		return nil
	}
	if len(against) > 0 {
		return refused("no issuance window, nothing was changed (--force opens it):\n  %s", strings.Join(against, "\n  "))
	}
	return nil
}

// fresh says so where none of the certificates is due.
func (w *issuing) fresh(is config.Issuance) (all []string) {
	now := w.clock.Now()
	for _, o := range is.Origins {
		text, ok := notDue(is.Served, o.Name, now)
		if !ok {
			return nil
		}
		all = append(all, text)
	}
	return all
}

// notDue tells whether all that the origin of a name serves will do for a while.
func notDue(all []config.OriginCertificate, name zone.Name, now time.Time) (text string, fresh bool) {
	for _, c := range all {
		if c.Name != name {
			continue
		}
		if !c.Fresh(now) {
			return "", false
		}
		leaf := c.Served.Leaf()
		text = fmt.Sprintf("%s: the certificate is not due: it is good until %s and to be renewed from %s", name.Display(),
			cert.Moment(leaf, leaf.NotAfter), cert.Moment(leaf, c.Due.From))
	}
	return text, text != ""
}

// preflight makes the checks and returns those that keep the window closed. The
// others that do not pass are warnings.
func (w *issuing) preflight(ctx context.Context, is config.Issuance) (against []string, err error) {
	var names []zone.Name
	for _, o := range is.Origins {
		names = append(names, o.Name)
	}
	sel, refusing := preflightChecks()
	found, err := w.session.Check(ctx, names, sel, w.clock.Now)
	if err != nil {
		return nil, err
	}
	for _, f := range found.Findings {
		switch {
		case f.Outcome == acme.Pass:
		case f.Outcome == acme.Unknown:
			w.notices.line(fmt.Sprintf("warning: %s: %s cannot be told: %s", f.Name.Display(), f.Check, f.Summary))
		case f.Wrong() && slices.Contains(refusing, f.Check):
			against = append(against, findingText(f))
		default:
			w.notices.line(fmt.Sprintf("warning: %s: %s: %s", f.Name.Display(), f.Check, f.Summary))
		}
	}
	return against, nil
}

// findingText is a finding with what to do about it, each on lines of its own.
func findingText(f acme.Finding) string {
	lines := []string{fmt.Sprintf("%s: %s: %s", f.Name.Display(), f.Check, f.Summary)}
	for _, r := range f.Remedies {
		lines = append(lines, "    "+r.Do)
		for paste := range strings.Lines(r.Paste) {
			lines = append(lines, report.Paste(strings.TrimRight(paste, "\n")))
		}
	}
	return strings.Join(lines, "\n")
}
