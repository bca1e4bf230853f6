package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/plan/report"
)

func newDrift(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "drift",
		Short: "Check once whether live is what the inventory says",
		Long: `Compares every zone with the inventory, once, and prints what has moved. Exits
with 0 when nothing has, with 2 when something has, and with 1 when a zone
cannot be read: a failed read is never taken for "no drift". With --json it is
the document that plan --json prints. When it was done is kept in the state
folder, if there is one, for dnsplan check.`,
		Example: "  dnsplan drift\n  dnsplan drift --json | jq '.changes[].name'",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return runDrift(a, c) },
	}
}

func runDrift(a *app, c *cobra.Command) error {
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // nothing was written through it
	p, err := a.makePlan(c.Context(), s, &planOptions{compareOnly: true}, nil)
	if err != nil {
		return err
	}
	if s.Settings.JSON {
		err = a.printPlan(s.Settings, p, false)
	} else {
		err = report.DriftText(a.stdout, p, a.options(a.stdout, s.Settings))
	}
	if err != nil {
		return err
	}
	if err := s.Settings.Watch(p.Created); err != nil {
		a.notices.line(fmt.Sprintf("warning: %v", err))
	}
	if differs(p) {
		a.tellOfDrift(c.Context(), p)
		return silent(exitDifferences)
	}
	return nil
}
