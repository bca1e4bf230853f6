package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/report"
)

// planOptions are the flags of every command that makes a plan.
type planOptions struct {
	strategy       string
	group          string
	allowProtected bool
	allowEmpty     []string
	force          bool
	ignoreWindows  bool
	awaitWindow    bool
	noACMECheck    bool
	reason         string
	ticket         string
	by             string
	detailed       bool
	// compareOnly says that the plan is not to be applied.
	compareOnly bool
}

func (o *planOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.strategy, "strategy", "", "staged or direct, in place of the inventory's")
	fs.StringVar(&o.group, "group", "", "only the records of this group")
	fs.BoolVar(&o.allowProtected, "allow-protected", false, "let protected names change")
	fs.StringArrayVar(&o.allowEmpty, "allow-empty", nil, "let this `name`, a zone or its apex, or a name that records point at, lose its last address")
	fs.BoolVar(&o.force, "force", false, "lift the thresholds on updates and deletions")
	fs.BoolVar(&o.ignoreWindows, "ignore-windows", false, "switch at any time, also in a freeze")
	fs.BoolVar(&o.awaitWindow, "await-window", false, "begin now, and switch when the change windows open")
	fs.BoolVar(&o.noACMECheck, "no-acme-check", false, "switch without asking the new servers for ACME challenges")
	fs.StringVar(&o.reason, "reason", "", "why, for the change log")
	fs.StringVar(&o.ticket, "ticket", "", "ticket, for the change log")
	fs.StringVar(&o.by, "by", "", "who, for the change log (default: the user)")
	fs.BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 when there are changes")
}

// planning are the names of those flags, which make no sense with a saved plan.
func (o *planOptions) planning() []string {
	var names []string
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	(&planOptions{}).addFlags(fs)
	fs.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// request turns flags and arguments into what the session plans.
func (o *planOptions) request(a *app, names []string) (config.Request, error) {
	r := config.Request{
		Group: o.group, Strategy: o.strategy, Reason: o.reason, Ticket: o.ticket, By: o.by,
		Now: a.clock.Now(), Entropy: a.entropy,
		Allow:         plan.Allowances{Thresholds: o.force, Protected: o.allowProtected},
		IgnoreWindows: o.ignoreWindows, AwaitWindow: o.awaitWindow, NoACMECheck: o.noACMECheck, CompareOnly: o.compareOnly,
	}
	if !slices.Contains([]string{"", inventory.Staged, inventory.Direct}, o.strategy) {
		return r, fmt.Errorf("--strategy %q: want staged or direct", o.strategy)
	}
	var err error
	if r.Names, err = parseNames(names); err != nil {
		return r, err
	}
	if r.Allow.Empty, err = parseNames(o.allowEmpty); err != nil {
		return r, fmt.Errorf("--allow-empty: %w", err)
	}
	if r.By == "" {
		r.By = a.user()
	}
	return r, nil
}

func parseNames(list []string) ([]zone.Name, error) {
	var out []zone.Name
	for _, s := range list {
		n, err := zone.ParseName(s)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

// user is who is at work, as the environment tells, or else the system.
func (a *app) user() string {
	for _, name := range []string{"SUDO_USER", "USER", "LOGNAME"} {
		if v, ok := a.env(name); ok && v != "" {
			return v
		}
	}
	if a.account == nil {
		return ""
	}
	return a.account()
}

func newPlan(a *app) *cobra.Command {
	o := &planOptions{}
	var out string
	var markdown bool
	c := &cobra.Command{
		Use:   "plan [NAME...]",
		Short: "Show what would change, step by step, and how long it takes",
		Long: `Compares the inventory with what the providers hold and prints the changes and
the timed steps that apply would take. Nothing is written but FILE.

A NAME limits the plan to that owner name, such as www.example.org.`,
		Example: `  dnsplan plan
  dnsplan plan www.example.org
  dnsplan plan -o move.plan              save it, to apply exactly this
  dnsplan plan --json | jq .summary
  dnsplan plan --markdown >> "$GITHUB_STEP_SUMMARY"`,
		RunE: func(c *cobra.Command, names []string) error { return runPlan(a, c, o, names, out, markdown) },
	}
	o.addFlags(c.Flags())
	c.Flags().StringVarP(&out, "out", "o", "", "save the plan in `FILE`")
	c.Flags().BoolVar(&markdown, "markdown", false, "print Markdown for a pull request")
	return c
}

func runPlan(a *app, c *cobra.Command, o *planOptions, names []string, out string, markdown bool) error {
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // nothing was written through it
	only, err := parseNames(names)
	if err != nil {
		return err
	}
	p, err := a.makePlan(c.Context(), s, o, names)
	if err != nil {
		return err
	}
	if out != "" {
		if err := savePlan(out, s.Settings.Inventory, p); err != nil {
			return err
		}
	}
	if err := a.printMade(c, s.Settings, p, markdown, only); err != nil {
		return err
	}
	if out != "" {
		a.notices.say(fmt.Sprintf("Saved to %s. Apply exactly this with: %s", out, s.Settings.Command("apply "+config.Quoted(out))))
	}
	if o.detailed && differs(p) {
		return silent(exitDifferences)
	}
	return nil
}

// differs tells whether live is not what the inventory says. What conflicts
// differs too, although no plan can change it.
func differs(p *plan.Plan) bool { return !p.Empty() || len(p.Conflicts) > 0 }

// makePlan reads everything and plans, with what earlier runs have left in caches
// and not finished.
func (a *app) makePlan(ctx context.Context, s *config.Session, o *planOptions, names []string) (*plan.Plan, error) {
	req, err := o.request(a, names)
	if err != nil {
		return nil, err
	}
	past, err := s.Settings.Past(req.Now)
	if err != nil {
		return nil, err
	}
	req.Cached = past.Cached
	p, err := s.Plan(ctx, req)
	if err != nil {
		return nil, err
	}
	past.Warn(p)
	return p, nil
}

// printMade is printPlan for a plan that c has made. Only are the names that it was
// limited to.
func (a *app) printMade(c *cobra.Command, s config.Settings, p *plan.Plan, markdown bool, only []zone.Name) error {
	o := a.options(a.stdout, s)
	o.Only, o.Save = only, again(c, "-o change.plan", "markdown", "detailed-exitcode")
	return a.printPlanAs(s, p, markdown, o)
}

// printPlan writes the plan to standard output in the form that was asked for.
func (a *app) printPlan(s config.Settings, p *plan.Plan, markdown bool) error {
	return a.printPlanAs(s, p, markdown, a.options(a.stdout, s))
}

func (a *app) printPlanAs(s config.Settings, p *plan.Plan, markdown bool, o report.Options) error {
	switch {
	case s.JSON:
		return report.PlanJSON(a.stdout, p)
	case markdown:
		return report.PlanMarkdown(a.stdout, p, o)
	}
	return report.PlanText(a.stdout, p, o)
}

// savePlan writes the plan whole or not at all, readable by its owner alone.
// It never takes the place of the inventory, or of a file that is no plan.
func savePlan(path, inventory string, p *plan.Plan) error {
	doc, err := plan.Encode(p)
	if err != nil {
		return err
	}
	target, err := planTarget(path, inventory)
	if err != nil {
		return fmt.Errorf("save plan %s: %w", path, err)
	}
	if err := renameio.WriteFile(target, doc, 0o600); err != nil {
		return fmt.Errorf("save plan %s: %w", path, err)
	}
	return nil
}

// errNoPlanFile is a file that a plan would take the place of.
var errNoPlanFile = errors.New("the file is there and is no plan of dnsplan; it is left as it is")

// planTarget follows links, so that none is replaced by a file, and refuses
// what is there and no file, which would be replaced by one too, and a file
// that is not empty and no plan.
func planTarget(path, inventory string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return filepath.Clean(path), nil //nolint:nilerr // not there yet; else the write tells
	}
	info, err := os.Stat(target)
	if err != nil {
		return target, err
	}
	if own, err := os.Stat(inventory); err == nil && os.SameFile(own, info) {
		return target, fmt.Errorf("that is the inventory: %w", errNoPlanFile)
	}
	switch {
	case !info.Mode().IsRegular():
		return target, errors.New("not a regular file")
	case info.Size() > 0 && !isPlan(target):
		return target, errNoPlanFile
	}
	return target, nil
}

// isPlan tells whether a file starts as a plan does, also a damaged one: with
// format_version and id.
func isPlan(path string) bool {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return false
	}
	defer f.Close()
	d := json.NewDecoder(f)
	var head []json.Token
	for range 5 {
		t, err := d.Token()
		if err != nil {
			return false
		}
		head = append(head, t)
	}
	_, version := head[2].(float64)
	return head[0] == json.Delim('{') && head[1] == "format_version" && version && head[3] == "id"
}

// readPlan reads a saved plan.
func readPlan(path string) (*plan.Plan, error) {
	doc, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	p, err := plan.Decode(doc)
	if err != nil {
		return nil, fmt.Errorf("plan %s: %w", path, err)
	}
	return p, nil
}
