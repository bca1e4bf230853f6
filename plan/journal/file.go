package journal

import (
	"errors"
	"io"
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

func openFile(path string, flag int) (file, error) {
	f, err := os.OpenFile(path, flag, fileMode)
	if err != nil {
		return nil, err // not f: a nil *os.File in an interface is not nil
	}
	return f, nil
}

// syncDir makes the names in a folder durable. File systems that cannot sync a
// folder say EINVAL; they have no more to offer.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
