package journal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/journal"
)

// Room is kept in the folder of the run, once, and given free once.
func TestRoom(t *testing.T) {
	state := t.TempDir()
	if err := journal.KeepRoom(state, "RUN", 1000); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "\n") {
		t.Errorf("for a run that is not there: %v", err)
	}
	if err := journal.KeepRoom(state, "../RUN", 1000); err == nil {
		t.Error("kept outside of the folder")
	}
	dir := filepath.Join(state, journal.RunsDir, "RUN")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := journal.KeepRoom(state, "RUN", 1000); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "room")); err != nil || info.Size() != 1000 || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	for range 2 {
		journal.UseRoom(state, "RUN")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}
