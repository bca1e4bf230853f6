// Package durable writes files that outlast the loss of power:
//
//	err := durable.WriteFile(filepath.Join(stateDir, "state.json"), text)
package durable

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
)

// fileMode is that of every new file: what dnsplan keeps is the user's own.
const fileMode os.FileMode = 0o600

// WriteFile puts text in the place of the file at path, which keeps its mode; a new
// file has the mode 0600 whatever the umask is. After a crash at any moment, and
// behind an error, the old file is there or the new one, whole.
func WriteFile(path string, text []byte) error {
	dir := filepath.Dir(path)
	err := renameio.WriteFile(path, text, fileMode, renameio.WithTempDir(dir), renameio.WithStaticPermissions(fileMode))
	if err != nil {
		return err
	}
	return SyncDir(dir)
}

// SyncDir makes the names in a folder durable: what was made, renamed or removed
// there. File systems that cannot sync a folder say EINVAL; they have no more to
// offer.
func SyncDir(dir string) error {
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
