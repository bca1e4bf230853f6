package journal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"
)

// shared takes the lock that Run.Busy takes for a moment.
func shared(t *testing.T, dir string) *flock.Flock {
	t.Helper()
	lock := flock.New(filepath.Join(dir, JournalFile), flock.SetFlag(os.O_RDONLY))
	if ok, err := lock.TryRLock(); err != nil || !ok {
		t.Fatalf("shared lock: %t, %v", ok, err)
	}
	t.Cleanup(func() { _ = lock.Close() })
	return lock
}

// A reader is waited for.
func TestOpenBesideAReader(t *testing.T) {
	dir, _ := sample(t)
	synctest.Test(t, func(t *testing.T) {
		reader := shared(t, dir)
		time.AfterFunc(5*lockPause, func() { _ = reader.Close() })
		_, w, _, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A reader that stays is not taken for the run's holder: a signal would go to it.
func TestReaderIsNoHolder(t *testing.T) {
	dir, _ := sample(t)
	synctest.Test(t, func(t *testing.T) {
		shared(t, dir)
		began := time.Now()
		_, _, _, err := Open(dir)
		busy, ok := errors.AsType[*BusyError](err)
		if !ok || busy.PID != 0 {
			t.Errorf("beside a reader: %v", err)
		}
		if waited := time.Since(began); waited != 100*time.Millisecond {
			t.Errorf("waited %s", waited)
		}
	})
}
