package journal

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

const (
	fileMode   os.FileMode = 0o600
	folderMode os.FileMode = 0o700
)

// file is what is done with a file that grows; tests make it fail.
type file interface {
	io.Writer
	Truncate(size int64) error
	Sync() error
	Close() error
}

// opener opens a file for writing.
type opener func(path string, flag int) (file, error)

// openFile follows no symbolic link. A file that it makes has the mode 0600
// whatever the umask is.
func openFile(path string, flag int) (file, error) {
	f, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW, fileMode)
	if err != nil {
		return nil, err // not f: a nil *os.File in an interface is not nil
	}
	if flag&os.O_EXCL != 0 {
		if err := f.Chmod(fileMode); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

// makeFolder makes a folder of the mode 0700 whatever the umask is. Its error
// wraps fs.ErrExist where something is there.
func makeFolder(path string) error {
	if err := os.Mkdir(path, folderMode); err != nil {
		return err
	}
	return os.Chmod(path, folderMode)
}

// ensureFolder is makeFolder for one that may be there.
func ensureFolder(path string) error {
	if err := makeFolder(path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// ensureFile makes an empty file where there is none.
func ensureFile(path string) error {
	f, err := openFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// entriesOf lists a folder; one that is not there has nothing in it.
func entriesOf(dir string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}
