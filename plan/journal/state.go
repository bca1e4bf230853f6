package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// StateError is a state folder that dnsplan refuses to use. Nothing in it was
// touched.
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
// cannot be written.
func OpenState(dir string) error {
	dir = filepath.Clean(dir)
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return createState(dir)
	}
	if err != nil {
		return fmt.Errorf("open state folder: %w", err)
	}
	return checkState(dir, info)
}

func createState(dir string) error {
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return fmt.Errorf("create state folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("create state folder: %w", err)
	}
	if err := checkState(dir, info); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(dir)); err != nil && !errors.Is(err, fs.ErrPermission) {
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
	case mode.Perm()&0o022 != 0:
		return refuse(fmt.Sprintf("others may write to it (mode %04o)", mode.Perm()), "run: chmod 700 "+dir)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return refuse(fmt.Sprintf("it belongs to user %d and this is user %d", st.Uid, os.Geteuid()),
			fmt.Sprintf("run as its owner, or: chown %d %s", os.Geteuid(), dir))
	}
	if err := unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return refuse("it cannot be written: "+err.Error(), "run: chmod 700 "+dir+", or name another one with --state-dir")
	}
	return nil
}
