package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/renameio/v2"

	"github.com/dnsplan/dnsplan/inventory/durable"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

// windowDir is the folder of the marks of open issuance windows within the state
// folder.
const windowDir = "windows"

// OpenWindow is the mark of an issuance window whose proxy is off, or may be. So
// open windows are found without reading every run.
type OpenWindow struct {
	Run   string      `json:"run"`
	Names []zone.Name `json:"names"`
	// Deadline is when the window closes at the latest, in UTC.
	Deadline time.Time `json:"deadline"`
	// Hook says that no process has to live while it is open.
	Hook bool `json:"hook"`
	// Holder is who has opened it. Whether a process works on the run now is what
	// Run.Busy tells.
	Holder Holder `json:"holder"`
}

// MarkWindow writes the mark of a window, durably, in place of one of the same
// run. It comes before the write that turns the proxy off.
func MarkWindow(stateDir string, w OpenWindow) error {
	dir := filepath.Join(stateDir, windowDir)
	if !validID(w.Run) {
		return fmt.Errorf("mark window %q: not an id of letters, digits, hyphens and underscores", w.Run)
	}
	if err := ensureFolder(dir); err != nil {
		return fmt.Errorf("mark window %s: %w", w.Run, err)
	}
	w.Deadline = w.Deadline.UTC()
	b, err := marshal(w)
	if err != nil {
		return fmt.Errorf("mark window %s: %w", w.Run, err)
	}
	err = renameio.WriteFile(filepath.Join(dir, w.Run), append(b, '\n'), fileMode,
		renameio.WithTempDir(stateDir), renameio.WithStaticPermissions(fileMode))
	if err == nil {
		err = errors.Join(durable.SyncDir(dir), durable.SyncDir(stateDir))
	}
	if err != nil {
		return fmt.Errorf("mark window %s: %w", w.Run, err)
	}
	return nil
}

// ForgetWindow takes the mark of a window away, once its run has ended; one that
// is not there is no error.
func ForgetWindow(stateDir, run string) error {
	if !validID(run) {
		return fmt.Errorf("forget window %q: not an id of letters, digits, hyphens and underscores", run)
	}
	err := os.Remove(filepath.Join(stateDir, windowDir, run))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget window %s: %w", run, err)
	}
	return nil
}

// OpenWindows returns the windows whose runs have not ended, the oldest first. A
// mark that a crash has left behind the end of its run is taken away. A window
// whose run cannot be read is among them: nobody knows that it is closed. With an
// error, which is about marks that cannot be read, the others are returned.
func OpenWindows(stateDir string) ([]OpenWindow, error) {
	dir := filepath.Join(stateDir, windowDir)
	entries, err := entriesOf(dir)
	if err != nil {
		return nil, fmt.Errorf("list windows: %w", err)
	}
	var open []OpenWindow
	var errs []error
	for _, e := range entries {
		w, err := readWindow(filepath.Join(dir, e.Name()), e.Name())
		switch {
		case errors.Is(err, fs.ErrNotExist): // another process has closed it just now
		case err != nil:
			errs = append(errs, err)
		case ended(stateDir, w.Run):
			errs = append(errs, ForgetWindow(stateDir, w.Run))
		default:
			open = append(open, w)
		}
	}
	slices.SortFunc(open, func(a, b OpenWindow) int { return a.Holder.Since.Compare(b.Holder.Since) })
	return open, errors.Join(errs...)
}

// FindWindow returns the window of a run; open is false where it has no mark, or the
// run has ended. It does not look at the marks of others.
func FindWindow(stateDir, run string) (w OpenWindow, open bool, err error) {
	w, err = readWindow(filepath.Join(stateDir, windowDir, run), run)
	if errors.Is(err, fs.ErrNotExist) {
		return OpenWindow{}, false, nil
	}
	return w, err == nil && !ended(stateDir, run), err
}

func readWindow(path, run string) (w OpenWindow, err error) {
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &w)
	}
	if err == nil && (w.Run != run || !validID(run)) {
		err = fmt.Errorf("it is about run %q", w.Run)
	}
	if err != nil {
		return w, fmt.Errorf("read window %s: %w", path, err)
	}
	return w, nil
}

// ended tells whether the last event of a run is its end.
func ended(stateDir, run string) bool {
	events, err := Run{ID: run, Path: filepath.Join(stateDir, RunsDir, run)}.Events()
	return err == nil && events[len(events)-1].Kind == End
}
