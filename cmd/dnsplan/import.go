package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

type importOptions struct {
	provider string
	settings []string
	out      string
	view     string
}

func newImport(a *app) *cobra.Command {
	o := &importOptions{}
	c := &cobra.Command{
		Use:   "import ZONE [NAME...] --provider P",
		Short: "Write an inventory of a zone as it is now",
		Long: `Reads the zone and writes an inventory that wants just what is live, so that the
plan right after it is empty. Addresses of several names become hosts. What
dnsplan never writes stands there as comments: foreign sets, and records of
other types. Nothing at the provider is changed.

P is a provider of the inventory, or else a type:
` + typeList() + `.
Settings of a type are given with --set; a secret is a reference there too:
env:NAME, file:PATH or cred:NAME. With NAMEs only these are imported; where a
provider does not list its zones there is no other way.`,
		Example: `  dnsplan import example.org --provider cloudflare > inventory.toml
  dnsplan import example.org --provider zonefile --set dir=/etc/bind/zones \
      -o inventory.toml
  dnsplan import example.org --provider rfc2136 --set server=192.0.2.53 \
      --set tsig_name=dnsplan. --set tsig_secret=file:tsig.secret
  dnsplan import example.net --provider cf -i inventory.toml -o net.toml
  dnsplan import example.org www.example.org --provider primary`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runImport(a, c, o, args) },
	}
	c.Flags().StringVar(&o.provider, "provider", "", "the provider `P`: one of the inventory, or a type")
	c.Flags().StringArrayVar(&o.settings, "set", nil, "a setting of the provider, as `key=value`; repeatable")
	c.Flags().StringVarP(&o.out, "out", "o", "", "write `FILE`, which must not be there yet, in place of standard output")
	c.Flags().StringVar(&o.view, "view", "", "the `view` of the zone, where it has several")
	return c
}

// typeList lists the types of providers in lines of help.
func typeList() string {
	var lines []string
	for part := range slices.Chunk(inventory.ProviderTypes(), 7) {
		lines = append(lines, strings.Join(part, ", "))
	}
	return strings.Join(lines, ",\n")
}

func runImport(a *app, c *cobra.Command, o *importOptions, args []string) error {
	s, err := a.common(c)
	if err != nil {
		return err
	}
	if c.Flags().Changed("json") {
		return &usageError{c.CommandPath(), errors.New("--json: an inventory is TOML")}
	}
	z, names, err := importNames(args)
	if err != nil {
		return err
	}
	var target string
	if o.out != "" {
		if target, err = newFile(o.out); err != nil {
			return fmt.Errorf("write inventory %s: %w", o.out, err)
		}
	}
	base, adHoc, err := a.importBase(c, s, o, z)
	if err != nil {
		return err
	}
	session := config.Adopt(s, base, a.env)
	session.Notice = a.notices.line
	if s.Verbose {
		session.Log = a.notices.line
	}
	d, err := a.draft(c.Context(), session, names)
	switch {
	case err != nil && adHoc:
		return &withoutInventory{err}
	case err != nil:
		return err
	}
	if err := a.writeDraft(d, target); err != nil {
		return err
	}
	a.tellImport(d, o.out)
	return nil
}

// importNames parses the zone and the names in it.
func importNames(args []string) (zone.Name, []zone.Name, error) {
	names, err := parseNames(args)
	if err != nil {
		return "", nil, err
	}
	z, names := names[0], names[1:]
	for i, n := range names {
		if !n.IsSubdomainOf(z) {
			return "", nil, fmt.Errorf("%s lies outside %s: a NAME is a whole owner name, as %s", args[i+1], z.Display(), "www."+z.Display())
		}
	}
	return z, names, nil
}

// importBase is the inventory to fill: with a provider of the inventory that is
// there, and its settings, or with one of a type, which is ad hoc.
func (a *app) importBase(c *cobra.Command, s config.Settings, o *importOptions, z zone.Name) (base *inventory.Inventory, adHoc bool, err error) {
	if o.provider == "" {
		return nil, false, &usageError{c.CommandPath(), errors.New("--provider is missing: a provider of the inventory, or a type")}
	}
	settings, err := parseSettings(o.settings)
	if err != nil {
		return nil, false, &usageError{c.CommandPath(), err}
	}
	path := o.out
	if path == "" {
		path = "inventory.toml"
	}
	old, err := a.oldInventory(c, s)
	if err != nil {
		return nil, false, err
	}
	p, known := old.Provider(o.provider)
	switch {
	case known && len(settings) > 0:
		return nil, false, fmt.Errorf("--set is for a provider that no inventory holds, but %q stands in %s, with its settings: leave --set out, or name another inventory with -i", o.provider, s.Inventory)
	case !known && !slices.Contains(inventory.ProviderTypes(), o.provider):
		return nil, false, unknownProvider(o.provider, old, s.Inventory)
	case !known:
		p = inventory.Provider{Name: o.provider, Type: o.provider, Settings: settings}
	}
	if p, err = old.Moved(p, filepath.Dir(path)); err != nil {
		return nil, false, err
	}
	base, err = inventory.Skeleton(path, p, z, o.view)
	if err != nil {
		return nil, false, fmt.Errorf("provider %q, with what --set gives: %w", o.provider, err)
	}
	if known {
		inherit(base, old)
	}
	return base, !known, nil
}

// inherit takes over what holds for all zones of the old inventory, and lends
// the names of its hosts.
func inherit(base, old *inventory.Inventory) {
	base.Defaults, base.Check, base.Hosts = old.Defaults, old.Check, old.Hosts
	usual := base.Verify.Resolvers
	if base.Verify = old.Verify; len(old.Verify.Resolvers) == 0 {
		base.Verify.Resolvers = usual
	}
}

// oldInventory is the inventory that is there; an empty one where none is. A
// shell has made an empty file of "> inventory.toml" before dnsplan starts.
func (a *app) oldInventory(c *cobra.Command, s config.Settings) (*inventory.Inventory, error) {
	info, err := os.Stat(s.Inventory)
	_, given := a.env("DNSPLAN_INVENTORY")
	given = given || c.Flags().Changed("inventory")
	if errors.Is(err, os.ErrNotExist) && !given || err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		return &inventory.Inventory{Dir: "."}, nil
	}
	unset := func(string) (string, bool) { return "", false } // what overrides a setting is not written down
	return config.Load(s.Inventory, unset)
}

func unknownProvider(name string, inv *inventory.Inventory, path string) error {
	known := inventory.ProviderTypes()
	what := "types: " + strings.Join(known, ", ")
	if len(inv.Providers) > 0 {
		var own []string
		for _, p := range inv.Providers {
			own = append(own, p.Name)
		}
		known = append(own, known...)
		what = "inventory " + path + " has " + strings.Join(own, ", ") + "; " + what
	}
	if near := inventory.DidYouMean(name, known); near != "" {
		what = near + " " + what
	}
	return fmt.Errorf("provider %q is neither in the inventory nor a type: %s", name, what)
}

// parseSettings reads key=value. Errors show no value, which may be a secret.
func parseSettings(list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, s := range list {
		key, value, ok := strings.Cut(s, "=")
		switch _, twice := out[key]; {
		case !ok || key == "":
			return nil, errors.New("--set wants key=value")
		case key == "name" || key == "type":
			return nil, fmt.Errorf("--set %s: --provider says that", key)
		case twice:
			return nil, fmt.Errorf("--set %s is given twice", key)
		}
		out[key] = value
	}
	return out, nil
}

// draft reads the zone. A NAME at which nothing lives is a slip of the pen.
func (a *app) draft(ctx context.Context, s *config.Session, names []zone.Name) (*inventory.Draft, error) {
	defer s.Close() //nolint:errcheck // nothing was written through it
	d, err := s.Draft(ctx, names)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		found := slices.ContainsFunc(d.Inventory.Zones[0].Records, func(r inventory.Record) bool { return r.Name == n }) ||
			slices.ContainsFunc(d.Left, func(l inventory.Left) bool { return l.Name == n })
		if !found {
			return nil, fmt.Errorf("%s: %w: no address is live there", n.Display(), config.ErrNoSuchName)
		}
	}
	if err := d.Check(); err != nil {
		return nil, fmt.Errorf("what was made of %s is no inventory, which is a mistake in dnsplan: %w", s.Inventory.Zones[0].Name.Display(), err)
	}
	return d, nil
}

// writeDraft writes to a file, whole or not at all, or to standard output.
func (a *app) writeDraft(d *inventory.Draft, target string) error {
	var text bytes.Buffer
	if err := d.Write(&text); err != nil {
		return err
	}
	if target == "" {
		if _, err := a.stdout.Write(text.Bytes()); err != nil {
			return fmt.Errorf("write inventory: %w", err)
		}
		return nil
	}
	if err := renameio.WriteFile(target, text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write inventory %s: %w", target, err)
	}
	return nil
}

// newFile follows links and refuses what is there, unless it is an empty file.
func newFile(path string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return filepath.Clean(path), nil //nolint:nilerr // not there yet; else the write tells
	}
	info, err := os.Stat(target)
	switch {
	case err != nil:
		return target, err
	case !info.Mode().IsRegular():
		return target, errors.New("not a regular file")
	case info.Size() > 0:
		return target, errFileThere
	}
	return target, nil
}

// errFileThere is a file that people may have written.
var errFileThere = errors.New("the file is there, and is left as it is")

// tellImport says on standard error what was made, and what to do with it.
func (a *app) tellImport(d *inventory.Draft, out string) {
	say := func(format string, args ...any) { a.notices.say(fmt.Sprintf(format, args...)) }
	inv := d.Inventory
	say("Imported %s: %s, %s.", inv.Zones[0].Name.Display(), count(len(inv.Zones[0].Records), "RRset"), count(len(inv.Hosts), "host"))
	if n := len(d.Left); n > 0 {
		say("As comments: %s that dnsplan cannot manage.", count(n, "address set"))
	}
	if d.Others > 0 {
		say("As comments: %s of other types.", count(d.Others, "record"))
	}
	if d.Blind() != "" {
		say("dnsplan: warning: other names of the zone cannot be seen: %s", d.Blind())
	}
	if out != "" {
		say("Wrote %s. It should have nothing to change: dnsplan plan -i %s", out, config.Quoted(out))
	}
}
