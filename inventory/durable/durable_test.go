package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/durable"
)

// A file is replaced as a whole, and leaves nothing beside it. A new one is its
// owner's alone; what a user lets others read they go on reading.
func TestWriteFile(t *testing.T) {
	for _, mode := range []os.FileMode{0, 0o600, 0o640} {
		path, want := filepath.Join(t.TempDir(), "state"), os.FileMode(0o600)
		if mode != 0 {
			want = mode
			if err := errors.Join(os.WriteFile(path, []byte("a longer text than comes"), mode), os.Chmod(path, mode)); err != nil {
				t.Fatal(err)
			}
		}
		if err := durable.WriteFile(path, []byte("text")); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "text" {
			t.Errorf("%q, %v", b, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%v, %v, want %v", info.Mode(), err, want)
		}
		if all, err := os.ReadDir(filepath.Dir(path)); err != nil || len(all) != 1 {
			t.Errorf("%v, %v", all, err)
		}
	}
}

func TestNoFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	if err := durable.WriteFile(filepath.Join(dir, "state"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("write: %v", err)
	}
	if err := durable.SyncDir(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("sync: %v", err)
	}
}
