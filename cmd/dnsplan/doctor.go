package main

import (
	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/plan/report"
	"github.com/dnsplan/dnsplan/providers"
)

func newDoctor(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check credentials, zones, permissions, limits and resolvers",
		Long: `Looks at all that a run needs of the world and prints a line for each: where
the credentials of each provider were found (never what they are), which zones
they show, what they permit as far as that can be told without writing, whether
each zone of the inventory can be read and its name servers answer, the
provider's limits and what is left of its requests, the clock, each resolver
and vantage, and the state folder. What is not "ok" has what to do about it on
the next line.

Exits with 2 when something is wrong. What is unclear cannot be told from here.
Nothing is written, and no folder is made. A server of type rfc2136 is sent an
update without a change, on a condition that never holds; it may log that.`,
		Example: `  dnsplan doctor
  dnsplan doctor -v                      with a line for each request
  dnsplan doctor --json | jq '.checks[] | select(.verdict != "ok")'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runDoctor(a, c) },
	}
}

func runDoctor(a *app, c *cobra.Command) error {
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // nothing was written through it
	found := s.Examine(c.Context(), a.clock.Now(), func(err error) string {
		hint := advise(err).hint
		if hint == seeDoctor {
			return ""
		}
		return pasted(apart(hint), "", s.Settings.Command)
	})
	if err := c.Context().Err(); err != nil {
		return err
	}
	if s.Settings.JSON {
		err = report.DoctorJSON(a.stdout, found)
	} else {
		o := a.options(a.stdout, s.Settings)
		if o.Width == 0 { // no terminal
			o.Width = report.WholeLines
		}
		err = report.DoctorText(a.stdout, found, o)
	}
	if err == nil && found.Worst() == providers.Bad {
		return silent(exitDifferences)
	}
	return err
}
