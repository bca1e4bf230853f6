package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

func newBackup(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "backup [ZONE...]",
		Short: "Keep a copy of the zones as they are now",
		Long: `Reads the zones whole and keeps each as a zone file and as JSON with everything
that the provider knows. A copy counts only when it was read again and holds
every record. Every run makes one of each zone that it touches.`,
		Example: "  dnsplan backup\n  dnsplan backup example.org",
		RunE:    func(c *cobra.Command, zones []string) error { return runBackup(a, c, zones) },
	}
}

func runBackup(a *app, c *cobra.Command, args []string) error {
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // the copies are on disk by then
	wanted, err := parseNames(args)
	if err != nil {
		return err
	}
	for _, n := range wanted {
		if !slices.ContainsFunc(s.Inventory.Zones, func(z inventory.Zone) bool { return z.Name == n }) {
			return fmt.Errorf("zone %s is not in inventory %s", n.Display(), s.Settings.Inventory)
		}
	}
	done, err := a.backupZones(c, s, wanted)
	if err != nil {
		return err
	}
	return printBackups(a.stdout, s.Settings, done)
}

// savedZone is one copy.
type savedZone struct {
	plan.ZoneRef
	RRsets int    `json:"rrsets"`
	Others int    `json:"other_records"`
	Path   string `json:"path"`
}

func (a *app) backupZones(c *cobra.Command, s *config.Session, wanted []zone.Name) ([]savedZone, error) {
	var done []savedZone
	for _, z := range s.Inventory.Zones {
		if len(wanted) > 0 && !slices.Contains(wanted, z.Name) {
			continue
		}
		p, err := s.Provider(c.Context(), z.Provider)
		if err != nil {
			return done, err
		}
		live, err := p.Read(c.Context(), z.Name)
		if err != nil {
			return done, fmt.Errorf("provider %q: %w", z.Provider, err)
		}
		ref := plan.ZoneRef{Zone: z.Name, View: z.View}
		path, err := s.SaveBackup(ref, live, "", a.clock.Now())
		if err != nil {
			return done, err
		}
		done = append(done, savedZone{ref, len(live.RRsets), len(live.Others), path})
	}
	return done, nil
}

func printBackups(w io.Writer, s config.Settings, done []savedZone) error {
	if s.JSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(struct {
			FormatVersion int         `json:"format_version"`
			Backups       []savedZone `json:"backups"`
		}{1, append([]savedZone{}, done...)})
	}
	for _, b := range done {
		if _, err := fmt.Fprintf(w, "%s: %s and %s kept in %s\n", b.ZoneRef, count(b.RRsets, "address RRset"), count(b.Others, "other record"), b.Path); err != nil {
			return err
		}
	}
	return nil
}
