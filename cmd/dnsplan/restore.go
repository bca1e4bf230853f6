package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

type restoreOptions struct {
	planOptions
	autoApprove bool
	confirm     []string
	out         string
	markdown    bool
}

// addFlags takes the flags of planning that fit: a backup knows no groups, and what
// was there before is not asked for challenges.
func (o *restoreOptions) addFlags(fs *pflag.FlagSet) {
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.planOptions.addFlags(all)
	all.Lookup("reason").Usage = "why, for the change log (default: restore of FILE)"
	all.VisitAll(func(f *pflag.Flag) {
		if f.Name != "group" && f.Name != "detailed-exitcode" && f.Name != "no-acme-check" {
			fs.AddFlag(f)
		}
	})
	fs.BoolVar(&o.autoApprove, "auto-approve", false, "do not ask")
	confirmFlag(fs, &o.confirm)
	fs.StringVarP(&o.out, "out", "o", "", "save the plan in `PLAN` and apply nothing")
	fs.BoolVar(&o.markdown, "markdown", false, "with -o, print Markdown for a pull request")
}

func newRestore(a *app) *cobra.Command {
	o := &restoreOptions{}
	c := &cobra.Command{
		Use:   "restore FILE [NAME...]",
		Short: "Bring a zone, or names of it, back to a backup",
		Long: `Compares the backup FILE, by its .json or .zone file, with what the provider
holds, and makes the plan that brings its A and AAAA records back: values, TTLs,
proxied, comments and tags. A FILE named without its folder is looked for in the
state folder's backups too. The plan is shown, asked about and applied like any
other, or saved with -o. Never is anything written blindly.

Without NAMEs, address records that the backup lacks are deleted; with NAMEs,
and of a backup that is not whole, nothing is. Records of other types, sets that
are foreign, and names that the inventory ignores stay as they are, and are told
of; an ignored name comes back when it is named.

A .zone file without its .json file is read as any zone file: its addresses and
TTLs come back, and nothing is deleted.`,
		Example: `  dnsplan backup --list
  dnsplan restore .dnsplan/backups/20261123T060000Z-example.org.json
  dnsplan restore 20261123T060000Z-example.org.json www.example.org
  dnsplan restore 20261123T060000Z-example.org.json -o back.plan`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runRestore(a, c, o, args[0], args[1:]) },
	}
	o.addFlags(c.Flags())
	return c
}

func runRestore(a *app, c *cobra.Command, o *restoreOptions, file string, names []string) error {
	if o.markdown && o.out == "" {
		return errors.New("--markdown is for a plan that is saved: add -o PLAN")
	}
	only, err := parseNames(names)
	if err != nil {
		return err
	}
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // what was written is on disk by then
	ctx := c.Context()
	p, err := a.planRestore(ctx, s, o, file, names)
	if o.out != "" && err == nil {
		return a.saveRestore(c, s.Settings, o, p, only)
	}
	if err == nil {
		err = a.approve(ctx, s.Settings, p, consent{o.autoApprove, o.confirm, o.allowEmpty})
	}
	if err != nil {
		return a.notBegun(ctx, s.Settings, p, err)
	}
	if p.Empty() {
		return a.nothing(s.Settings, p)
	}
	return a.startAs(ctx, s, p, "restore")
}

// noBackupError is a backup that is not where it was said to be.
type noBackupError struct{ error }

func (e *noBackupError) Unwrap() error { return e.error }

// inBackups is where a backup lies that is named without its folder, as long as
// no file of that name lies here.
func inBackups(s config.Settings, file string) string {
	if _, err := os.Lstat(file); err == nil || filepath.Base(file) != file {
		return file
	}
	kept := filepath.Join(s.StateDir, config.BackupDir, file)
	if _, err := os.Lstat(kept); err != nil {
		return file
	}
	return kept
}

// planRestore plans what brings a backup back.
func (a *app) planRestore(ctx context.Context, s *config.Session, o *restoreOptions, file string, names []string) (*plan.Plan, error) {
	req, err := o.request(a, names)
	if err != nil {
		return nil, err
	}
	if req.Reason == "" {
		req.Reason = "restore of " + filepath.Base(file)
	}
	src, err := config.OpenBackup(ctx, inBackups(s.Settings, file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &noBackupError{err}
	}
	if err != nil {
		return nil, err
	}
	past, err := s.Settings.Past(req.Now)
	if err != nil {
		return nil, err
	}
	req.Cached = past.Cached
	p, err := s.Restore(ctx, src, req)
	if err != nil {
		return nil, err
	}
	past.Warn(p)
	return p, nil
}

// saveRestore saves the plan, and shows it as plan does.
func (a *app) saveRestore(c *cobra.Command, s config.Settings, o *restoreOptions, p *plan.Plan, only []zone.Name) error {
	if err := savePlan(o.out, s.Inventory, p); err != nil {
		return err
	}
	if err := a.printMade(c, s, p, o.markdown, only); err != nil {
		return err
	}
	a.notices.say(fmt.Sprintf("Saved to %s. Apply exactly this with: %s", o.out, s.Command("apply "+config.Quoted(o.out))))
	return nil
}
