package main

import (
	"errors"

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
for nothing. Nothing is written. Exits with 1 where a zone cannot be read, or
all its servers or all resolvers are silent, and shows what the others answer;
--json says why ("error"), and of which zones nothing is known ("unread").`,
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
	v := report.Verification{Checked: a.clock.Now(), Require: s.Inventory.Verify.Require}
	names, err := parseNames(args)
	if err == nil {
		v, err = s.Verify(c.Context(), names, a.clock.Now())
	}
	switch {
	case s.Settings.JSON:
		err = errors.Join(err, report.VerifyJSON(a.stdout, v, err))
	case err == nil, len(v.RRsets) > 0 && c.Context().Err() == nil:
		err = errors.Join(err, report.VerifyText(a.stdout, v, a.options(a.stdout, s.Settings)))
	}
	if err == nil && !v.Agree() {
		return silent(exitDifferences)
	}
	return err
}
