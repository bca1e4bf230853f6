package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/dnsplan/dnsplan/inventory/durable"
)

// StateError is a state folder, or a file or folder within it, that dnsplan
// refuses to use. Nothing in it was touched.
type StateError struct {
	Path   string
	Reason string
	Fix    string // what to do, a shell command where there is one
}

// Error says what is wrong and what to do.
func (e *StateError) Error() string {
	return fmt.Sprintf("open state folder %s: %s (%s)", e.Path, e.Reason, e.Fix)
}

// OpenState makes the state folder with mode 0700, its parents too, or checks
// the one that is there. It refuses, with a *StateError, whatever others could
// have prepared or could change: something that is no folder, a symbolic link,
// a folder of another user, one that group or world may write, and one that
// cannot be written. Of what lies within, runs, locks, windows, backups and the
// change log, it refuses what is a link, belongs to another user, or may be written by
// others; the files of a run are looked at as Open takes it over.
func OpenState(dir string) error {
	dir = filepath.Clean(dir)
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return createState(dir)
	}
	if err != nil {
		return fmt.Errorf("open state folder: %w", err)
	}
	if err := checkState(dir, info); err != nil {
		return err
	}
	return checkWithin(dir)
}

func createState(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), folderMode); err != nil {
		return fmt.Errorf("create state folder: %w", err)
	}
	if err := makeFolder(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("create state folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("create state folder: %w", err)
	}
	if err := checkState(dir, info); err != nil {
		return err
	}
	if err := durable.SyncDir(filepath.Dir(dir)); err != nil && !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("create state folder %s: %w", dir, err)
	}
	return nil
}

func checkState(dir string, info fs.FileInfo) error {
	refuse := func(reason, fix string) error { return &StateError{Path: dir, Reason: reason, Fix: fix} }
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return refuse("it is a symbolic link", "name the folder itself")
	case !mode.IsDir():
		return refuse("it is not a folder", "name another one with --state-dir")
	}
	if err := checkOurs(dir, info); err != nil {
		return err
	}
	if err := unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return refuse("it cannot be written: "+err.Error(), "run: chmod 700 "+dir+", or name another one with --state-dir")
	}
	return nil
}

// checkOurs refuses a file or folder that others could have made, or can change.
func checkOurs(path string, info fs.FileInfo) error {
	own := "700"
	if !info.IsDir() {
		own = "600"
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return &StateError{path, fmt.Sprintf("others may write to it (mode %04o)", mode), "run: chmod " + own + " " + path}
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return &StateError{
			path, fmt.Sprintf("it belongs to user %d and this is user %d", st.Uid, os.Geteuid()),
			fmt.Sprintf("run as its owner, or: chown %d %s", os.Geteuid(), path),
		}
	}
	return nil
}

// checkEntry refuses an entry of the state folder that is a link, of another
// kind than it must be, or not ours; one that is not there is as it should be.
func checkEntry(path string, folder bool) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return &StateError{path, "it is a symbolic link", "put what it points to in its place"}
	case folder && !mode.IsDir():
		return &StateError{path, "it is not a folder", "move it away"}
	case !folder && !mode.IsRegular():
		return &StateError{path, "it is not a file", "move it away"}
	}
	return checkOurs(path, info)
}

// checkWithin checks what the state folder holds, down to the folders of the
// runs and the files of the locks and windows.
func checkWithin(dir string) error {
	for _, f := range []struct {
		name   string
		folder bool
	}{{RunsDir, true}, {lockDir, true}, {windowDir, true}, {"backups", true}, {"acme", true}, {ChangeLogFile, false}, {ChangeLogTable, false}, {"acme-tries.jsonl", false}, {"watched", false}} {
		if err := checkEntry(filepath.Join(dir, f.name), f.folder); err != nil {
			return err
		}
	}
	return errors.Join(
		checkAll(filepath.Join(dir, RunsDir), true), checkAll(filepath.Join(dir, lockDir), false), checkAll(filepath.Join(dir, windowDir), false),
	)
}

// checkAll checks the entries of a folder, and names the first that is refused.
func checkAll(dir string, folders bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("open state folder: %w", err)
	}
	for _, e := range entries {
		if err := checkEntry(filepath.Join(dir, e.Name()), folders); err != nil {
			return err
		}
	}
	return nil
}

// checkRun checks the files of a run.
func checkRun(dir string) error {
	for _, f := range []struct {
		path   string
		folder bool
	}{{dir, true}, {filepath.Join(dir, PlanFile), false}, {filepath.Join(dir, JournalFile), false}} {
		if err := checkEntry(f.path, f.folder); err != nil {
			return err
		}
	}
	return nil
}
