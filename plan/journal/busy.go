package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"
)

// ErrBusy is a journal that another Writer holds. See BusyError.
var ErrBusy = errors.New("another process holds the run")

// BusyError is an ErrBusy that names the holder.
type BusyError struct {
	Run  string // the run's id
	Path string // the journal
	PID  int    // the process that holds it; 0 where the system does not tell
}

// Error names the run and the process.
func (e *BusyError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("run %s is held by another process (%s is locked)", e.Run, e.Path)
	}
	return fmt.Sprintf("run %s is held by process %d (%s is locked)", e.Run, e.PID, e.Path)
}

// Is makes errors.Is(err, ErrBusy) true.
func (e *BusyError) Is(target error) bool { return target == ErrBusy }

// Run.Busy holds a shared lock for a moment. Where no Writer is known to hold
// the journal, its lock is tried this often, with this pause between.
const (
	lockTries = 11
	lockPause = 10 * time.Millisecond
)

// lockJournal takes the journal's exclusive lock. It waits for a tenth of a
// second at most, and not at all for another Writer that the system names. The
// lock is the kernel's (flock(2)) and goes with the process, however it dies.
func lockJournal(path string) (*flock.Flock, error) {
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	for try := 1; ; try++ {
		ok, err := lock.TryLock()
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if ok {
			return lock, nil
		}
		if pid := lockPID(path); pid != 0 || try == lockTries {
			return nil, &BusyError{Run: filepath.Base(filepath.Dir(path)), Path: path, PID: pid}
		}
		<-time.After(lockPause)
	}
}

// lockPID returns the process that holds the exclusive flock of path, as Linux
// lists it (proc_locks(5)); 0 where it cannot be told, and where only readers
// hold it: a signal must never go to one of them.
func lockPID(path string) int {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	b, err := os.ReadFile("/proc/locks")
	if err != nil {
		return 0
	}
	dev := uint64(st.Dev)
	return findLock(string(b), fmt.Sprintf("%02x:%02x:%d", unix.Major(dev), unix.Minor(dev), st.Ino))
}

// findLock looks for lines of exclusive locks, such as
//
//	1: FLOCK  ADVISORY  WRITE 4711 fe:00:262 0 EOF
func findLock(locks, id string) int {
	for line := range strings.Lines(locks) {
		f := strings.Fields(line)
		if len(f) < 6 || f[1] != "FLOCK" || f[3] != "WRITE" || f[5] != id {
			continue
		}
		if pid, err := strconv.Atoi(f[4]); err == nil && pid > 0 {
			return pid
		}
	}
	return 0
}
