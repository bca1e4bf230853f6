package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/plan"
)

// newRoot is the command without a command.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "dnsplan",
		Short: "Change DNS address records safely, with the time that caches take",
		Long: `dnsplan keeps an inventory of intended A and AAAA records, compares it with what
the DNS provider holds, and applies the difference as a timed procedure: back
up, check, lower the TTL, wait until caches have forgotten the old one, switch,
verify on authoritative servers and resolvers, settle, raise the TTL, and write
the change log.`,
		Example: `  dnsplan plan                       what would change, and how long it takes
  dnsplan apply                      do it, after asking
  dnsplan plan -o move.plan www.example.org
  dnsplan apply move.plan            exactly what was reviewed
  dnsplan verify www.example.org     what every server answers now`,
		SilenceErrors: true, SilenceUsage: true,
		Args: unknownCommand, SuggestionsMinimumDistance: 2,
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return a.closeLeft(c) },
	}
	config.Flags(root.PersistentFlags())
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 80 "))
	root.SetHelpTemplate(root.HelpTemplate() + "\n" + exitCodes + "\n")
	root.SetFlagErrorFunc(flagError)
	root.AddGroup(
		&cobra.Group{ID: "change", Title: "Change:"},
		&cobra.Group{ID: "runs", Title: "Runs:"},
		&cobra.Group{ID: "look", Title: "Look:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(counted(c))
		}
	}
	add("change", newImport(a), newValidate(a), newPlan(a), newApply(a), newWindow(a), newShow(a))
	add("runs", newRuns(a), newResume(a), newCancel(a), newRollback(a), newRecover(a), newRestore(a))
	add("look", newVerify(a), newCheck(a), newRehearse(a), newDrift(a), newDoctor(a), newBackup(a), newExport(a), newLog(a), newCDN(a), newVantage(a), newSystemd(a))
	root.AddCommand(counted(newSchema(a)), counted(newVersion(a)), counted(newGuard(a)))
	a.complete(root)
	return root
}

// usageError is a command line that cannot be read.
type usageError struct {
	command string // as "dnsplan plan"
	err     error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// unknownCommand refuses words that are no command, and says which one is near.
func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q for %q", args[0], c.CommandPath())
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w, did you mean %q?", err, near[0])
	}
	return &usageError{c.CommandPath(), err}
}

// flagError is a flag that cannot be read. Behind an unknown command no flag is
// known, and the command is what to tell of.
func flagError(c *cobra.Command, err error) error {
	if !c.HasParent() {
		if unknown := unknownCommand(c, c.Flags().Args()); unknown != nil {
			return unknown
		}
	}
	return &usageError{c.CommandPath(), err}
}

// counted makes a command say how many arguments it wants.
func counted(c *cobra.Command) *cobra.Command {
	fits := c.Args
	if fits == nil {
		return c
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if err := fits(c, args); err == nil || as[*usageError](err) {
			return err
		}
		return &usageError{c.CommandPath(), fmt.Errorf("%s, want: %s %s", count(len(args), "argument"), c.Parent().CommandPath(), c.Use)}
	}
	return c
}

// common reads the flags that every command has.
func (a *app) common(c *cobra.Command) (config.Settings, error) {
	return config.ReadSettings(c.Flags(), a.env)
}

// open reads the common flags and the inventory.
func (a *app) open(c *cobra.Command) (*config.Session, error) {
	s, err := a.common(c)
	if err != nil {
		return nil, err
	}
	return a.openWith(s)
}

// openWith reads the inventory.
func (a *app) openWith(s config.Settings) (*config.Session, error) {
	session, err := config.Open(s, a.env)
	if err != nil {
		return nil, err
	}
	a.warnOfVariables(session.Inventory)
	session.Notice, a.notify, session.Router = a.notices.line, a.notifierOf(session), a.router
	if s.Verbose {
		session.Log = a.notices.line
		a.tellOf(session)
	}
	return session, nil
}

// warnOfVariables adds a warning for each variable of the environment that was
// meant to override a setting and overrides none.
func (a *app) warnOfVariables(inv *inventory.Inventory) {
	inv.Warnings = append(inv.Warnings, inventory.UnknownSettings(a.environ)...)
}

// tellOf says what a command works with.
func (a *app) tellOf(s *config.Session) {
	say := func(format string, args ...any) { a.notices.line(fmt.Sprintf(format, args...)) }
	say("inventory %s, SHA-256 %s", s.Settings.Inventory, s.Inventory.SHA256)
	say("state folder %s", s.Settings.StateDir)
	for _, p := range s.Inventory.Providers {
		say("provider %q of type %s", p.Name, p.Type)
	}
	for _, z := range s.Inventory.Zones {
		say("zone %s at provider %q: %s", plan.ZoneRef{Zone: z.Name, View: z.View}, z.Provider, count(len(z.Records), "wanted RRset"))
	}
}
