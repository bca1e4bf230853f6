package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/report"
)

type checkOptions struct {
	only, skip                []string
	list, checklist, markdown bool
}

func (o *checkOptions) addFlags(f *pflag.FlagSet) {
	f.StringSliceVar(&o.only, "only", nil, "make these `checks` alone: ids, or families (D, H, B, T, R, X, O), as D-CAA,H")
	f.StringSliceVar(&o.skip, "skip", nil, "leave these `checks` out: ids or families")
	f.BoolVar(&o.list, "list", false, "list the checks that would be made, with what each proves, and make none")
	f.BoolVar(&o.checklist, "checklist", false, "decide the sixteen items of the operational checklist")
	f.BoolVar(&o.markdown, "markdown", false, "print Markdown")
}

func newCheck(a *app) *cobra.Command {
	o := &checkOptions{}
	c := &cobra.Command{
		Use:   "check [NAME...]",
		Short: "Predict whether certificates can be issued by HTTP-01",
		Long: `Looks at each name as a certificate authority would that validates HTTP-01: what
name servers and resolvers answer, who answers on port 80 of every address,
which certificate is served, and whether the records are kept as they should be.
What fails is printed with what to do about it, with your own names and
addresses. What nobody can know from this machine is said to be unclear.

Without a NAME it is every name whose record has acme = "http-01", or, where no
record has, every name that is not "dns-01" or "none". Nothing is written to the
DNS, unless an issuance window was left open, which any command closes first. A
token is placed on the host, and removed, where the inventory says how.

Checks have ids: D-* are about the DNS, H-* about HTTP, B-* about the time
between two servers, T-* about certificates, R-* about rate limits, X-* about
the CDN proxy, O-* about operations. --list shows them all. What fails or is
unclear only because of another check is told on one line; -v tells it in full.

Exits with 2 when something is wrong (an error or fatal); warnings stop nothing.
Where a provider cannot be read it is 1, and what can be told without it is told
all the same; --json prints a document then too, which says why ("error").`,
		Example: `  dnsplan check
  dnsplan check www.example.org --only D,H-PORT80
  dnsplan check --list --only H
  dnsplan check --checklist
  dnsplan check --json | jq '.findings[] | select(.outcome == "fail")'
  dnsplan check --markdown >> "$GITHUB_STEP_SUMMARY"`,
		RunE: func(c *cobra.Command, names []string) error { return runCheck(a, c, o, names) },
	}
	o.addFlags(c.Flags())
	return c
}

func runCheck(a *app, c *cobra.Command, o *checkOptions, args []string) error {
	sel, err := acme.ParseSelection(o.only, o.skip)
	if err != nil {
		return err
	}
	if o.list {
		return a.listChecks(c, o, sel, args)
	}
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // nothing was written through it
	if o.markdown && s.Settings.JSON {
		return &usageError{c.CommandPath(), errors.New("--json and --markdown: one form at a time")}
	}
	found, err := a.examine(c, s, sel, args)
	if err == nil || len(found.Findings) > 0 && c.Context().Err() == nil || s.Settings.JSON {
		err = errors.Join(err, a.printFound(s.Settings, found, err, o))
	}
	if err == nil && found.Worst() >= acme.Error {
		return silent(exitDifferences)
	}
	return err
}

// examine makes the checks. With an error it returns what was found all the same.
func (a *app) examine(c *cobra.Command, s *config.Session, sel acme.Selection, args []string) (acme.Found, error) {
	none := acme.Found{Checked: a.clock.Now()}
	if err := noAddresses(args); err != nil {
		return none, err
	}
	names, err := parseNames(args)
	if err != nil {
		return none, err
	}
	if _, damage := s.Settings.Ranges(); sel.Has("H-CDN") {
		a.warnOfRanges(s.Settings, damage)
	}
	return s.Check(c.Context(), names, sel, a.clock.Now)
}

// listChecks prints the table of the selected checks. No inventory is needed.
func (a *app) listChecks(c *cobra.Command, o *checkOptions, sel acme.Selection, names []string) error {
	if len(names) > 0 || o.checklist || o.markdown {
		return &usageError{c.CommandPath(), errors.New("--list makes no check: it takes neither a NAME nor --checklist or --markdown")}
	}
	s, err := a.common(c)
	if err != nil {
		return err
	}
	list := slices.DeleteFunc(acme.Checks(), func(x acme.Check) bool { return !sel.Has(x.ID) })
	if s.JSON {
		return report.ChecksJSON(a.stdout, list)
	}
	return report.ChecksText(a.stdout, list, a.options(a.stdout, s))
}

// noAddresses tells someone who gives what is no name that a NAME is wanted.
func noAddresses(args []string) error {
	for _, arg := range args {
		if what := insteadOfName(arg); what != "" {
			return fmt.Errorf("%s is %s: %w in the inventory", arg, what, config.ErrNoSuchName)
		}
	}
	return nil
}

// insteadOfName is what an argument is in place of a name: an IP address, also in
// brackets or with a port, or a URL; empty where it may be a name.
func insteadOfName(arg string) string {
	_, err := netip.ParseAddr(strings.Trim(arg, "[]"))
	_, port := netip.ParseAddrPort(arg)
	switch {
	case err == nil, port == nil:
		return "an IP address"
	case strings.Contains(arg, "://"):
		return "a URL"
	}
	return ""
}

// printFound writes findings to standard output in the form that was asked for.
// Missing is why they are not all; nil where they are.
func (a *app) printFound(s config.Settings, f acme.Found, missing error, o *checkOptions) error {
	options := a.options(a.stdout, s)
	switch {
	case s.JSON:
		return report.FoundJSON(a.stdout, f, o.checklist, missing)
	case o.markdown:
		return report.FoundMarkdown(a.stdout, f, o.checklist, options)
	case o.checklist:
		return report.ChecklistText(a.stdout, f, options)
	}
	return report.FoundText(a.stdout, f, s.Verbose, options)
}
