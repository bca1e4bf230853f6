package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// roomFile is the file of a run's folder that keeps room on the disk.
const roomFile = "room"

// KeepRoom keeps as many bytes on the disk for the journal of a run, so that an
// issuance window can be closed, which is not done unless it is written down first,
// also where the disk has filled up meanwhile: the command's own logs may do that.
// UseRoom gives it free.
func KeepRoom(stateDir, run string, bytes int) error {
	if !validID(run) {
		return fmt.Errorf("keep room for run %q: not an id of letters, digits, hyphens and underscores", run)
	}
	path := filepath.Join(stateDir, RunsDir, run, roomFile)
	text := make([]byte, bytes)
	for i := range text {
		text[i] = byte(i*i>>8) ^ byte(i) // which no file system makes much smaller
	}
	err := writeNew(path, text, openFile)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil // kept, now or before
	}
	_ = os.Remove(path) // what there was room for
	return fmt.Errorf("keep room for run %s: %w", run, err)
}

// UseRoom gives what KeepRoom has kept free. It does nothing where that is nothing; of
// an error the next write tells.
func UseRoom(stateDir, run string) {
	if validID(run) {
		_ = os.Remove(filepath.Join(stateDir, RunsDir, run, roomFile))
	}
}
