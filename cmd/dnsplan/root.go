package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
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
		Example: `  dnsplan plan                           what would change, and how long it takes
  dnsplan apply                          do it, after asking
  dnsplan plan -o move.plan www.example.org
  dnsplan apply move.plan                exactly what was reviewed
  dnsplan verify www.example.org         what every server answers now`,
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	config.Flags(root.PersistentFlags())
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 80 "))
	root.SetHelpTemplate(root.HelpTemplate() + "\n" + exitCodes + "\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return &usageError{c.CommandPath(), err} })
	root.AddGroup(
		&cobra.Group{ID: "change", Title: "Change:"},
		&cobra.Group{ID: "runs", Title: "Runs:"},
		&cobra.Group{ID: "look", Title: "Look:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("change", newValidate(a), newPlan(a), newApply(a), newShow(a))
	add("runs", newRuns(a), newResume(a), newCancel(a))
	add("look", newVerify(a), newDrift(a), newBackup(a), newLog(a))
	root.AddCommand(newSchema(a), newVersion(a))
	return root
}

// usageError is a command line that cannot be read.
type usageError struct {
	command string // as "dnsplan plan"
	err     error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

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
	session, err := config.Open(s, a.env)
	if err == nil && s.Verbose {
		a.tellOf(session)
	}
	return session, err
}

// tellOf says what a command works with.
func (a *app) tellOf(s *config.Session) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(a.stderr, "dnsplan: "+format+"\n", args...) }
	say("inventory %s, SHA-256 %s", s.Settings.Inventory, s.Inventory.SHA256)
	say("state folder %s", s.Settings.StateDir)
	for _, p := range s.Inventory.Providers {
		say("provider %q of type %s", p.Name, p.Type)
	}
	for _, z := range s.Inventory.Zones {
		say("zone %s at provider %q: %s", plan.ZoneRef{Zone: z.Name, View: z.View}, z.Provider, count(len(z.Records), "wanted RRset"))
	}
}
