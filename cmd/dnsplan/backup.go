package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/backup"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/report"
)

func newBackup(a *app) *cobra.Command {
	var list bool
	c := &cobra.Command{
		Use:   "backup [ZONE...]",
		Short: "Keep a copy of the zones as they are now",
		Long: `Reads the zones whole and keeps each as a zone file and as JSON with everything
that the provider knows. A copy counts only when it was read again and holds
every record. Every run makes one of each zone that it touches. Of a zone that
its provider does not list, a copy holds the inventory's names alone, and says
so.`,
		Example: "  dnsplan backup\n  dnsplan backup example.org\n  dnsplan backup --list",
		RunE: func(c *cobra.Command, zones []string) error {
			if list {
				return runBackupList(a, c, zones)
			}
			return runBackup(a, c, zones)
		},
	}
	c.Flags().BoolVar(&list, "list", false, "list the copies that there are, newest first, and make none")
	return c
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
		if !s.HasZone(n) {
			return s.NoSuchZone(n)
		}
	}
	done, err := a.backupZones(c, s, wanted)
	if err != nil && len(done) == 0 {
		return err
	}
	if printErr := a.printBackups(s.Settings, done); printErr != nil {
		return printErr
	}
	return err // of a later zone: the earlier copies count, and have been named
}

// runBackupList lists the copies in the state folder, of some zones or of all. A
// zone of which there is none is an error, and nothing is listed.
func runBackupList(a *app, c *cobra.Command, args []string) error {
	s, err := a.common(c)
	if err != nil {
		return err
	}
	wanted, err := parseNames(args)
	if err != nil {
		return err
	}
	dir := filepath.Join(s.StateDir, config.BackupDir)
	all, err := backup.List(dir)
	if err != nil {
		return err
	}
	for _, n := range wanted {
		if !slices.ContainsFunc(all, func(b backup.Info) bool { return b.Zone == n }) {
			return &noBackupError{fmt.Errorf("there is no copy of zone %s in %s", n.Display(), dir)}
		}
	}
	return a.printBackups(s, slices.DeleteFunc(all, func(b backup.Info) bool {
		return len(wanted) > 0 && !slices.Contains(wanted, b.Zone)
	}))
}

// backupZones copies one zone after the other and returns what was made, also
// where a later one fails.
func (a *app) backupZones(c *cobra.Command, s *config.Session, wanted []zone.Name) ([]backup.Info, error) {
	var done []backup.Info
	for _, z := range s.Inventory.Zones {
		if len(wanted) > 0 && !slices.Contains(wanted, z.Name) {
			continue
		}
		p, err := s.Provider(c.Context(), z.Provider)
		if err != nil {
			return done, err
		}
		live, err := s.Live(c.Context(), p, z)
		if err != nil {
			return done, err
		}
		if live.Blind != "" {
			a.notices.line(fmt.Sprintf("warning: %s%s is not whole, names outside the inventory are missing: %s", z.Name.Display(), inView(z.View), live.Blind))
		}
		info, err := s.SaveBackup(z, live, a.clock.Now())
		if err != nil {
			return done, err
		}
		done = append(done, info)
	}
	return done, nil
}

func (a *app) printBackups(s config.Settings, list []backup.Info) error {
	if s.JSON {
		return report.BackupsJSON(a.stdout, list)
	}
	return report.BackupsText(a.stdout, list, a.options(a.stdout, s))
}
