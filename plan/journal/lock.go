package journal

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// lockDir is the folder of the locks within the state folder.
const lockDir = "lock"

// LockName is what a run holds alone: a zone, in one view where it has several.
type LockName struct {
	Zone zone.Name
	View string
}

// String returns "example.org." or "example.org./internal".
func (n LockName) String() string {
	if n.View == "" {
		return string(n.Zone)
	}
	return string(n.Zone) + "/" + n.View
}

// Holder says who holds a lock; it is what stands in the lock's file.
type Holder struct {
	Run     string    `json:"run"`
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Since   time.Time `json:"since"`
	Command string    `json:"command"`
}

// HeldError is a lock that a living process holds.
type HeldError struct {
	Name   LockName
	Holder Holder // zero when the holder has not written itself down yet
}

// Error names the zone and its holder.
func (e *HeldError) Error() string {
	h := e.Holder
	if h == (Holder{}) {
		return fmt.Sprintf("lock %s: held by another process", e.Name)
	}
	return fmt.Sprintf("lock %s: held by run %s (%s, process %d on %s, since %s)",
		e.Name, h.Run, h.Command, h.PID, h.Host, h.Since.UTC().Format(time.RFC3339))
}

// AcquireLocks takes all the locks or none, without waiting, and writes h into
// each. A lock is the kernel's (flock(2)): one whose holder died is free and is
// taken over. Release gives all back; calling it again does nothing.
// Errors: a *HeldError for the first lock that someone else holds, or others.
//
// The files stay behind: removing one while another process opens it would let
// two processes hold the same lock, each on a file of its own.
func AcquireLocks(stateDir string, names []LockName, h Holder) (release func() error, err error) {
	dir := filepath.Join(stateDir, lockDir)
	if err := ensureFolder(dir); err != nil {
		return nil, fmt.Errorf("lock zones: %w", err)
	}
	var held lockSet
	for _, n := range inOrder(names) {
		if err := held.take(dir, n, h); err != nil {
			return nil, errors.Join(err, held.release())
		}
	}
	return sync.OnceValue(held.release), nil
}

// inOrder sorts by zone and view, each once, so that the same holder is named
// however the zones were listed.
func inOrder(names []LockName) []LockName {
	names = slices.Clone(names)
	slices.SortFunc(names, func(a, b LockName) int {
		return cmp.Or(zone.CompareNames(a.Zone, b.Zone), cmp.Compare(a.View, b.View))
	})
	return slices.Compact(names)
}

type lockSet []*flock.Flock

func (s *lockSet) take(dir string, n LockName, h Holder) error {
	path := filepath.Join(dir, zone.FileName(n.Zone, n.View))
	if err := ensureFile(path); err != nil {
		return fmt.Errorf("lock %s: %w", n, err)
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDWR|syscall.O_NOFOLLOW))
	ok, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock %s: %w", n, err)
	}
	if !ok {
		return &HeldError{Name: n, Holder: readHolder(path)}
	}
	*s = append(*s, lock)
	b, err := marshal(h)
	if err != nil {
		return fmt.Errorf("lock %s: %w", n, err)
	}
	if err := os.WriteFile(path, append(b, '\n'), fileMode); err != nil {
		return fmt.Errorf("lock %s: %w", n, err)
	}
	return nil
}

// release empties each file before it frees it, so that an idle lock names no
// one.
func (s *lockSet) release() error {
	var errs []error
	for _, lock := range *s {
		errs = append(errs, os.Truncate(lock.Path(), 0), lock.Close())
	}
	*s = nil
	return errors.Join(errs...)
}

// readHolder returns the zero Holder when the file holds none.
func readHolder(path string) Holder {
	b, err := os.ReadFile(path)
	if err != nil {
		return Holder{}
	}
	var h Holder
	if err := json.Unmarshal(b, &h); err != nil {
		return Holder{}
	}
	return h
}
