package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/dnsplan/dnsplan/inventory/backup"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// forget deletes the backups of a zone that are older than the inventory keeps
// them, behind a new one of the run, which may be none. The one that the run
// restores stays. That it fails is told and stops nothing: the new one counts.
func (s *Session) forget(ref plan.ZoneRef, run, restored string, now time.Time) {
	keep := s.Inventory.Backup.Keep
	if keep == 0 {
		return
	}
	gone, err := backup.Prune(filepath.Join(s.Settings.StateDir, BackupDir), ref.Zone, ref.View, now.Add(-keep), func(b backup.Info) bool {
		if restored != "" && (filepath.Base(b.Path) == restored || filepath.Base(b.ZonePath) == restored) {
			return true
		}
		return b.Run != "" && (b.Run == run || !s.ended(b.Run))
	})
	if s.Notice != nil && err != nil {
		s.Notice(fmt.Sprintf("warning: backups of %s that are older than keep: %v", ref, err))
	}
	if s.Log != nil && len(gone) > 0 {
		s.Log(fmt.Sprintf("older than keep, of %s, and deleted: %d", ref, len(gone)))
	}
}

// ended tells whether a run has come to its end, or is not there any more. One
// that cannot be read may need its backup.
func (s *Session) ended(id string) bool {
	r, err := journal.FindRun(s.Settings.StateDir, id)
	if err != nil {
		return errors.Is(err, journal.ErrNoRun)
	}
	events, err := r.Events()
	return err == nil && len(events) > 0 && events[len(events)-1].Kind == journal.End
}
