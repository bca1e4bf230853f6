package main

import (
	"bytes"
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
	"github.com/dnsplan/dnsplan/inventory/export"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

type exportOptions struct {
	format string
	out    string
	view   string
	live   bool
}

func newExport(a *app) *cobra.Command {
	o := &exportOptions{}
	c := &cobra.Command{
		Use:   "export --format FORMAT [ZONE...]",
		Short: "Write zones in the form of another tool",
		Long: `Writes what the inventory wants, its address records, without asking anybody.
With --live each zone is as it will be once that is applied: other types,
and addresses that the inventory lacks, come from the provider. Nothing is
changed anywhere. The formats:

  bind        zone file; with --live whole, else a part for $INCLUDE
  markdown    a document for people: hosts, certificates, groups, owners
  cloudflare  zone file for Cloudflare's import, which only adds
  route53     change batches for aws route53 change-resource-record-sets
  namesilo    one API call a line, without the key; they only add
  octodns     YAML of octoDNS, which deletes what does not stand in it
  dnscontrol  dnsconfig.js of DNSControl, with NO_PURGE

bind and cloudflare hold the other types, markdown lists them. All others are
for addresses alone; what is left out is told on standard error. A form that
takes one zone a file needs one ZONE, or a folder.`,
		Example: `  dnsplan export --format markdown -o INVENTORY.md
  dnsplan export --format bind --live example.org > example.org.zone
  dnsplan export --format octodns -o config/
  dnsplan export --format route53 -o batch.json example.org
  aws route53 change-resource-record-sets --hosted-zone-id Z0EXAMPLE \
      --change-batch file://batch.json`,
		RunE: func(c *cobra.Command, args []string) error { return runExport(a, c, o, args) },
	}
	c.Flags().StringVar(&o.format, "format", "", "the `format`: "+strings.Join(export.Formats(), ", "))
	c.Flags().StringVarP(&o.out, "out", "o", "", "write `FILE`, or files into a folder that exists or ends in /")
	c.Flags().StringVar(&o.view, "view", "", "only this `view` of the zones")
	c.Flags().BoolVar(&o.live, "live", false, "with what the providers hold besides")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(export.Formats(), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return c
}

func runExport(a *app, c *cobra.Command, o *exportOptions, args []string) error {
	format, err := exportFormat(c, o)
	if err != nil {
		return err
	}
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // nothing was written through it
	zones, err := exportZones(s, o.view, args)
	if err != nil {
		return err
	}
	doc, err := a.exportDocument(c, s, zones, o.live)
	if err != nil {
		return err
	}
	result, err := export.Render(format, doc)
	if err != nil {
		return fmt.Errorf("export as %s: %w", format, err)
	}
	if err := a.writeExport(result.Files, o.out, s.Settings.Inventory); err != nil {
		return err
	}
	for _, n := range result.Notes {
		a.notices.line("note: " + n)
	}
	return nil
}

func exportFormat(c *cobra.Command, o *exportOptions) (export.Format, error) {
	switch {
	case c.Flags().Changed("json"):
		return "", &usageError{c.CommandPath(), errors.New("--json: --format says what is written")}
	case o.format == "":
		return "", &usageError{c.CommandPath(), errors.New("--format is missing: " + strings.Join(export.Formats(), ", "))}
	}
	f, err := export.ParseFormat(o.format)
	if err != nil {
		return "", &usageError{c.CommandPath(), err}
	}
	return f, nil
}

// exportZones are the zones that are named, or all, in the inventory's order.
func exportZones(s *config.Session, view string, args []string) ([]inventory.Zone, error) {
	wanted, err := parseNames(args)
	if err != nil {
		return nil, err
	}
	found := map[zone.Name]bool{}
	var out []inventory.Zone
	for _, z := range s.Inventory.Zones {
		if (len(wanted) == 0 || slices.Contains(wanted, z.Name)) && (view == "" || z.View == view) {
			found[z.Name] = true
			out = append(out, z)
		}
	}
	for _, n := range wanted {
		switch {
		case !s.HasZone(n):
			return nil, s.NoSuchZone(n)
		case !found[n]:
			return nil, fmt.Errorf("inventory %s has no zone %s%s", s.Settings.Inventory, n.Display(), inView(view))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("inventory %s has no zone%s", s.Settings.Inventory, inView(view))
	}
	return out, nil
}

// exportDocument reads nothing, or with live each zone.
func (a *app) exportDocument(c *cobra.Command, s *config.Session, zones []inventory.Zone, live bool) (export.Document, error) {
	doc := export.Document{Inventory: s.Inventory}
	for _, z := range zones {
		if !live {
			doc.Zones = append(doc.Zones, export.Desired(s.Inventory, z))
			continue
		}
		diff, err := s.Compare(c.Context(), z)
		if err != nil {
			return doc, err
		}
		warn := func(format string, args ...any) {
			a.notices.line("warning: " + fmt.Sprintf(format, args...))
		}
		for _, x := range diff.Conflicts {
			warn("%s %s%s stays as it is live: conflict: %s", x.Name.Display(), x.Type, inView(x.View), x.Reason)
		}
		if diff.Live.Blind != "" {
			warn("%s%s is not whole, names outside the inventory cannot be seen: %s", z.Name.Display(), inView(z.View), diff.Live.Blind)
		}
		doc.Zones = append(doc.Zones, export.WithLive(s.Inventory, z, diff.Outcome()))
	}
	return doc, nil
}

// writeExport writes to standard output, to a file, or into a folder. All files
// are looked at before the first is written.
func (a *app) writeExport(files []export.File, out, inventory string) error {
	folder := isFolder(out)
	if len(files) != 1 && !folder {
		return fmt.Errorf("%d files come of this, and there is room for one: name one ZONE, or a folder with -o FOLDER/", len(files))
	}
	if out == "" {
		if _, err := a.stdout.Write(files[0].Text); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
		return nil
	}
	targets := make([]string, len(files))
	for i, f := range files {
		path := out
		if folder {
			path = filepath.Join(out, f.Name)
		}
		target, err := exportTarget(path, inventory)
		if err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		targets[i] = target
	}
	if folder {
		if err := os.MkdirAll(out, 0o755); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
	}
	for i, f := range files {
		if err := renameio.WriteFile(targets[i], f.Text, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", targets[i], err)
		}
		a.notices.say(fmt.Sprintf("Wrote %s.", targets[i]))
	}
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return strings.HasSuffix(path, string(filepath.Separator)) || err == nil && info.IsDir()
}

// errNoExport is a file that an export would take the place of.
var errNoExport = errors.New("the file is there and is no export of dnsplan; it is left as it is")

// exportTarget is newFile, but that an earlier export is written over.
func exportTarget(path, inventory string) (string, error) {
	target, err := newFile(path)
	switch {
	case !errors.Is(err, errFileThere):
		return target, err
	case !isExport(target) || sameFile(target, inventory):
		return target, errNoExport
	}
	return target, nil
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// isExport tells whether a file says of itself that it was exported.
func isExport(path string) bool {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 512)
	n, _ := f.Read(head) // what cannot be read is no export
	return bytes.Contains(head[:n], []byte(export.Marker))
}
