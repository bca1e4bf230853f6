package config

import (
	"context"
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/notify"
	"github.com/dnsplan/dnsplan/plan/report"
	"github.com/dnsplan/dnsplan/providers"
)

// The events that [[notify]] tells.
const (
	// NotifyRunFailed: a run failed, holds, or was left open.
	NotifyRunFailed = "run-failed"
	// NotifyWindowOpen: an issuance window was not closed, or long behind its
	// deadline.
	NotifyWindowOpen = "window-open-too-long"
	// NotifyDrift: live is not what the inventory says.
	NotifyDrift = "drift"
)

// Notify sends the message to all that the inventory wants told of the event,
// and returns what went wrong, for warnings: a secret that is not there, a
// service that does not answer. It takes notify.Limit at most, and its errors
// show no URL.
func (s *Session) Notify(ctx context.Context, event, message string) []error {
	var targets []notify.Target
	var errs []error
	for i, n := range s.Inventory.Notifies {
		if !slices.Contains(n.On, event) {
			continue
		}
		name := fmt.Sprintf("notify[%d]", i)
		url, err := n.URL.Resolve(s.secretSources())
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		targets = append(targets, notify.Target{Name: name, URL: url.Reveal()})
	}
	return append(errs, notify.Send(ctx, targets, message)...)
}

// examineNotifies tells whether the URLs are there. Nothing is sent.
func (s *Session) examineNotifies(advice func(error) string) []report.Check {
	var checks []report.Check
	for i, n := range s.Inventory.Notifies {
		c := report.Check{
			Subject: fmt.Sprintf("notify[%d]", i),
			Finding: providers.Finding{Topic: "credentials", Detail: fmt.Sprintf("%s is there; it was not tried", n.URL)},
		}
		if _, err := n.URL.Resolve(s.secretSources()); err != nil {
			c.Verdict, c.Detail, c.Remedy = providers.Bad, err.Error(), advice(err)
		}
		checks = append(checks, c)
	}
	return checks
}
