package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
)

func newLog(a *app) *cobra.Command {
	var verify bool
	c := &cobra.Command{
		Use:   "log",
		Short: "Print the change log",
		Long: `Prints what was changed, when, why, by whom, and who verified it. The log lies
in the state folder, as JSON lines and as Markdown.

Each entry holds the hash of the one before it, and the end of each run the hash
of the last. With --verify nothing is printed but whether the log is as it was
written: an entry that was edited, taken out, put in or moved is named, and the
exit code is 1. It cannot find what somebody does who writes the log and the
journals of all runs anew: against that, keep the last hash elsewhere.`,
		Example: "  dnsplan log\n  dnsplan log --json | jq 'select(.name == \"www.example.org.\")'\n  dnsplan log --verify",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.common(c)
			switch {
			case err != nil:
				return err
			case verify:
				return runLogVerify(a, s)
			}
			return runLog(a, s)
		},
	}
	c.Flags().BoolVar(&verify, "verify", false, "say whether the log is as it was written")
	return c
}

func runLog(a *app, s config.Settings) error {
	entries, err := journal.ReadChanges(s.StateDir)
	if err != nil {
		return err
	}
	if v, err := journal.VerifyChanges(s.StateDir); err == nil && v.Fault != nil {
		a.notices.line(fmt.Sprintf("warning: %s line %d: %s", v.Fault.Path, v.Fault.Line, v.Fault.Reason))
	}
	if s.JSON {
		return report.ChangeLogJSON(a.stdout, entries)
	}
	return report.ChangeLogText(a.stdout, entries, a.options(a.stdout, s))
}

func runLogVerify(a *app, s config.Settings) error {
	v, err := journal.VerifyChanges(s.StateDir)
	if err != nil {
		return err
	}
	if s.JSON {
		err = report.VerificationJSON(a.stdout, v)
	} else if v.Fault == nil {
		err = report.VerificationText(a.stdout, v, a.options(a.stdout, s))
	}
	if err == nil && v.Fault != nil {
		err = &journal.TamperError{Fault: *v.Fault}
	}
	return err
}
