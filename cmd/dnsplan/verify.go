package main

import (
	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/plan/report"
)

func newVerify(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify [NAME...]",
		Short: "Show what every server answers now, and judge it",
		Long: `Asks every authoritative server and each resolver of the inventory for the
inventory's records and compares the answers with it. A TTL above the
inventory's is a difference. A server that does not answer is named and counts
for nothing. Nothing is written.`,
		Example: "  dnsplan verify\n  dnsplan verify www.example.org --json",
		RunE:    func(c *cobra.Command, names []string) error { return runVerify(a, c, names) },
	}
}

func runVerify(a *app, c *cobra.Command, args []string) error {
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // nothing was written through it
	names, err := parseNames(args)
	if err != nil {
		return err
	}
	v, err := s.Verify(c.Context(), names, a.clock.Now())
	if err != nil {
		return err
	}
	if s.Settings.JSON {
		err = report.VerifyJSON(a.stdout, v)
	} else {
		err = report.VerifyText(a.stdout, v, a.options(a.stdout, s.Settings))
	}
	if err == nil && !v.Agree() {
		return silent(exitDifferences)
	}
	return err
}
