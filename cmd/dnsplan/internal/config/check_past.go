package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/dnsplan/dnsplan/inventory/backup"
	"github.com/dnsplan/dnsplan/inventory/durable"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/acme/ledger"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// checkPast is what the state folder tells the checks. Each part is read once, when
// a check first asks for it; a state folder that is not there tells nothing.
func (s *Session) checkPast(now func() time.Time) acme.Past {
	dir := s.Settings.StateDir
	return acme.Past{
		Changes: sync.OnceValues(func() ([]journal.Change, error) { return journal.ReadChanges(dir) }),
		Windows: sync.OnceValues(func() ([]journal.OpenWindow, error) { return journal.OpenWindows(dir) }),
		Runs:    sync.OnceValues(func() ([]string, error) { return runIDs(dir) }),
		Tries:   sync.OnceValues(func() ([]ledger.Try, error) { return s.tries(now()) }),
		Watched: sync.OnceValues(s.Settings.watched),
		Backup:  s.newestBackup,
	}
}

// runIDs are the ids of the runs of a state folder.
func runIDs(dir string) ([]string, error) {
	runs, err := journal.ListRuns(dir)
	ids := make([]string, len(runs))
	for i, r := range runs {
		ids[i] = r.ID
	}
	return ids, err
}

// newestBackup reads the newest backup of a zone whole. Where there is none, one
// that cannot be read at all, and is the zone's by its name, is an error.
func (s *Session) newestBackup(ref plan.ZoneRef) (out acme.Backup, err error) {
	all, err := backup.List(filepath.Join(s.Settings.StateDir, BackupDir))
	if err != nil {
		return out, err
	}
	for _, b := range all {
		if b.Err != nil && namedFor(b.Path, ref) {
			return out, b.Err // the good ones are in front
		}
		if b.Err != nil || b.Zone != ref.Zone || b.View != ref.View {
			continue
		}
		snapshot, _, err := backup.Load(b.Path)
		return acme.Backup{Taken: b.Taken, Path: b.Path, Snapshot: snapshot}, err
	}
	return out, nil
}

// namedFor tells whether a backup is one of the zone by the name of its file.
func namedFor(path string, ref plan.ZoneRef) bool {
	base := strings.TrimSuffix(filepath.Base(path), ".json")
	whose := "-" + zone.FileName(ref.Zone, ref.View)
	return strings.HasSuffix(strings.TrimRight(base, "-0123456789"), whose) || strings.HasSuffix(base, whose)
}

// countsFor is how long a failed try can count: more than any limit needs to refill.
const countsFor = 24 * time.Hour

// tries are the issuances that the ledger has, and those of windows of late whose
// command failed: what it has tried at which authority is not known. Of windows that were
// opened the journals alone tell, because they know of a command whose process died
// behind it too. A run that cannot be read has seen none.
func (s *Session) tries(now time.Time) ([]ledger.Try, error) {
	out, err := ledger.Read(s.Settings.StateDir)
	if err != nil {
		return nil, err
	}
	runs, err := journal.ListRuns(s.Settings.StateDir)
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		id, err := ulid.ParseStrict(strings.ToUpper(r.ID))
		if err == nil && now.Sub(ulid.Time(id.Time())) < countsFor {
			out = append(out, windowTries(r)...)
		}
	}
	return out, nil
}

// CommandFailed writes down that a command which was to have a certificate issued for the
// origins has failed without a window; see tries.
func (s *Session) CommandFailed(origins []Origin, problem string, now time.Time) error {
	if err := journal.OpenState(s.Settings.StateDir); err != nil {
		return err
	}
	var failed []ledger.Try
	for _, o := range origins {
		failed = append(failed, ledger.Try{At: now, Name: o.Name, By: ledger.Window, Problem: problem})
	}
	return ledger.Append(s.Settings.StateDir, failed...)
}

// windowTries is what the command of an issuance window came to, for each name.
func windowTries(r journal.Run) (out []ledger.Try) {
	doc, err := r.Plan()
	if err != nil {
		return nil
	}
	made, err := plan.Decode(doc)
	if err != nil || made.Window == nil {
		return nil
	}
	events, err := r.Events()
	if err != nil {
		return nil
	}
	w := execute.Fold(made, events).Result().Window
	if w == nil || w.Command == nil || w.Command.Ended.IsZero() || w.Command.Code == 0 {
		return nil
	}
	for _, n := range w.Names {
		out = append(out, ledger.Try{
			At: w.Command.Ended, Name: n, By: ledger.Window,
			Problem: fmt.Sprintf("%s ended with %d, run %s", made.Window.Command, w.Command.Code, r.ID),
		})
	}
	return out
}

// WatchedFile within the state folder holds when live was last compared with the
// inventory, as RFC 3339 has it.
const WatchedFile = "watched"

// watched is when live was last compared with the inventory; zero where it never
// was.
func (s Settings) watched() (time.Time, error) {
	b, err := os.ReadFile(filepath.Join(s.StateDir, WatchedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339, strings.TrimSpace(string(b)))
}

// Watch writes down that all of live was compared with the inventory. Without a
// state folder it does nothing: comparing is not to leave anything behind.
func (s Settings) Watch(now time.Time) error {
	if _, err := os.Stat(s.StateDir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := journal.OpenState(s.StateDir); err != nil {
		return err
	}
	path := filepath.Join(s.StateDir, WatchedFile)
	if err := durable.WriteFile(path, []byte(now.UTC().Format(time.RFC3339)+"\n")); err != nil {
		return fmt.Errorf("write down that live was compared: %w", err)
	}
	return nil
}
