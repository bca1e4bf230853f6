package sandbox

import (
	_ "embed" // example.org.zone
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

//go:embed example.org.zone
var seedZone string

// seedName is the file that seedZone becomes.
const seedName = "example.org" + zoneSuffix

// seed makes the folder and, when it holds no zone file, puts the first one
// there, whole or not at all. Of two processes that do so at once one wins, and
// what is in the file by then is never overwritten.
func seed(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	names, err := zoneFiles(dir)
	if err != nil || len(names) > 0 {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".seed-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(seedZone)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", tmp.Name(), err)
	}
	err = os.Link(tmp.Name(), filepath.Join(dir, seedName))
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
