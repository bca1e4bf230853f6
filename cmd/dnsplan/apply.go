package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
)

type applyOptions struct {
	planOptions
	autoApprove bool
	confirm     []string
}

func newApply(a *app) *cobra.Command {
	o := &applyOptions{}
	c := &cobra.Command{
		Use:   "apply [FILE]",
		Short: "Make the changes, as the timed sequence that plan shows",
		Long: `Plans, asks, and applies; or applies the saved plan FILE exactly as it stands.

Each step is written down before it is done. Ctrl-C stops at a safe point, and
dnsplan resume goes on from there: time that has been waited counts. The plan is
printed on standard output, progress on standard error.`,
		Example: `  dnsplan apply
  dnsplan apply --auto-approve --reason "new rack" --ticket OPS-7
  dnsplan apply move.plan
  dnsplan apply --strategy direct --auto-approve     no TTL sequence, no waits`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runApply(a, c, o, args) },
	}
	o.addFlags(c.Flags())
	c.Flags().Lookup("detailed-exitcode").Usage = "for plan alone; accepted here for scripts, and changes nothing"
	c.Flags().BoolVar(&o.autoApprove, "auto-approve", false, "do not ask")
	confirmFlag(c.Flags(), &o.confirm)
	return c
}

func runApply(a *app, c *cobra.Command, o *applyOptions, args []string) error {
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // what was written is on disk by then
	p, seen, err := a.planToApply(c, s, o, args)
	if err != nil {
		return a.notBegun(c.Context(), s.Settings, p, err)
	}
	if err := a.approve(c.Context(), s.Settings, seen, consent{len(args) > 0 || o.autoApprove, o.confirm, o.allowEmpty}); err != nil {
		return a.notBegun(c.Context(), s.Settings, p, err)
	}
	if p.Empty() {
		return a.nothing(s.Settings, p)
	}
	return a.start(c.Context(), s, p)
}

// consent is what was said on the command line to a plan that is to be applied.
type consent struct {
	// approved says that nobody is to be asked.
	approved bool
	// confirm are the zones that were named once more, and emptied those that a
	// flag of the same command line lets be emptied.
	confirm, emptied []string
}

// approve shows the plan, lets the guards judge it, and asks where nobody has
// said yes before.
func (a *app) approve(ctx context.Context, s config.Settings, p *plan.Plan, said consent) error {
	if !s.JSON {
		if err := a.printPlan(s, p, false); err != nil {
			return err
		}
	}
	if err := guard(p); err != nil || p.Empty() {
		return err
	}
	if err := s.CheckUnfinished(p, a.clock.Now()); err != nil {
		return err
	}
	severe, err := said.unconfirmed(p)
	if err != nil {
		return err
	}
	if _, ok := a.terminal(a.stdin); len(severe) > 0 && (said.approved || !ok) {
		return toConfirm(severe)
	}
	if said.approved {
		return nil
	}
	if _, ok := a.terminal(a.stdin); ok && s.JSON { // who is asked must see what about
		if err := report.PlanText(a.stderr, p, a.options(a.stderr, s)); err != nil {
			return err
		}
	}
	return a.confirm(ctx, severe...)
}

// planToApply reads the saved plan, or makes one. Seen is the plan as the guards
// see it now.
func (a *app) planToApply(c *cobra.Command, s *config.Session, o *applyOptions, args []string) (p, seen *plan.Plan, err error) {
	if len(args) == 0 {
		p, err := a.makePlan(c.Context(), s, &o.planOptions, nil)
		return p, p, err
	}
	for _, name := range o.planning() {
		if c.Flags().Changed(name) {
			return nil, nil, fmt.Errorf("--%s is for planning, and %s is a plan already: it is applied as it stands", name, args[0])
		}
	}
	if p, err = readPlan(args[0]); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, noPlan(s, args[0], err)
	} else if err != nil {
		return nil, nil, err
	}
	if p.Window != nil {
		return nil, nil, refused("%s is the plan of an issuance window, which is open around a command and for as long alone: run dnsplan window NAME... -- CMD...", args[0])
	}
	if err := unused(s.Settings, p); err != nil {
		return nil, nil, fmt.Errorf("plan %s: %w", args[0], err)
	}
	if p.Inventory.SHA256 != s.Inventory.SHA256 {
		a.notices.line(fmt.Sprintf("warning: %s has changed since %s was made; the plan is applied as it stands", s.Settings.Inventory, args[0]))
	}
	seen, err = s.Judged(p, a.clock.Now())
	return p, seen, err
}

// noPlanError is a FILE that is not there, in whose place a NAME may have been given.
type noPlanError struct {
	name string // empty where it is no name of the inventory
	err  error
}

func (e *noPlanError) Error() string { return e.err.Error() }
func (e *noPlanError) Unwrap() error { return e.err }

// place says in a hint which name it is.
func (e *noPlanError) place(hint string) string {
	return strings.ReplaceAll(hint, " NAME", strings.TrimSuffix(" "+e.name, " "))
}

// noPlan tells err of the name that was given in place of a FILE.
func noPlan(s *config.Session, path string, err error) error {
	if n, bad := zone.ParseName(path); bad == nil && s.HasRecord(n) {
		return &noPlanError{n.Display(), err}
	}
	return &noPlanError{"", err}
}

// unused makes sure that the plan has no run yet. The engine claims it
// atomically; but live has moved by a used plan, and that is not what to say
// of it.
func unused(s config.Settings, p *plan.Plan) error {
	run, err := journal.FindRun(s.StateDir, p.ID)
	switch {
	case errors.Is(err, journal.ErrNoRun):
		return nil
	case err == nil && run.ID == p.ID:
		return about(run.ID, fmt.Errorf("run %s: %w", run.ID, journal.ErrUsed))
	}
	return err
}

// guard refuses a plan that must not be applied, with everything that stands in
// its way.
func guard(p *plan.Plan) error {
	var reasons []string
	for _, r := range p.Refusals {
		reasons = append(reasons, fmt.Sprintf("%s%s: %s: %s (allow with %s)", r.Zone.Display(), inView(r.View), r.Code, r.Message, r.Allow))
	}
	for _, c := range p.Conflicts {
		reasons = append(reasons, fmt.Sprintf("%s %s%s: conflict: %s", c.Name.Display(), c.Type, inView(c.View), report.ConflictText(c)))
	}
	if len(reasons) == 0 {
		return nil
	}
	return refused("refused, nothing was changed:\n  %s", strings.Join(reasons, "\n  "))
}

// inView tells views of one zone apart.
func inView(view string) string {
	if view == "" {
		return ""
	}
	return " in view " + view
}
