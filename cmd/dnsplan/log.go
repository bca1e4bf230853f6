package main

import (
	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
)

func newLog(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "log",
		Short: "Print the change log",
		Long: `Prints what was changed, when, why, by whom, and who verified it. The log lies
in the state folder, as JSON lines and as Markdown.`,
		Example: "  dnsplan log\n  dnsplan log --json | jq 'select(.name == \"www.example.org.\")'",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return runLog(a, c) },
	}
}

func runLog(a *app, c *cobra.Command) error {
	s, err := a.common(c)
	if err != nil {
		return err
	}
	entries, err := journal.ReadChanges(s.StateDir)
	if err != nil {
		return err
	}
	if s.JSON {
		return report.ChangeLogJSON(a.stdout, entries)
	}
	return report.ChangeLogText(a.stdout, entries, a.options(a.stdout, s))
}
