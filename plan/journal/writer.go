package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"

	"github.com/dnsplan/dnsplan/inventory/durable"
)

// The files of a run's folder.
const (
	JournalFile = "journal.jsonl"
	PlanFile    = "plan.json"
)

// ErrNeverBegun is a run whose folder exists but whose journal holds no event:
// the process died while it claimed the plan, so nothing was done. The plan
// counts as used; make a new one.
var ErrNeverBegun = errors.New("the run never began: nothing was done; make a new plan")

// Writer appends events to a journal, which it holds locked until Close.
// Its methods are safe for concurrent use.
type Writer struct {
	path string
	lock *flock.Flock

	mu  sync.Mutex
	f   file
	seq int
	err error // the first failure; no event is written behind it
}

// create starts the journal of a new run in dir with its first event, whose
// Kind is Begin. Its errors wrap fs.ErrExist when dir has a journal already.
func create(dir string, first Event, open opener) (*Writer, error) {
	path := filepath.Join(dir, JournalFile)
	if first.Kind != Begin {
		return nil, fmt.Errorf("create journal %s: the first event is %q, want %q", path, first.Kind, Begin)
	}
	f, err := open(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	lock, err := lockJournal(path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create journal: %w", err), f.Close())
	}
	w := &Writer{path: path, lock: lock, f: f}
	if _, err := w.Append(first); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if err := durable.SyncDir(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("create journal %s: %w", path, err), w.Close())
	}
	return w, nil
}

// Open locks the journal in dir and returns its events and a Writer that goes
// on behind them. A bad last line (torn, zero-filled or with a wrong checksum)
// was never acknowledged: it is cut off, and repaired says so; it is empty when
// there was nothing to repair.
// Errors: a *StateError when a file of the run is a link, or one that others
// made or can change, a *BusyError when another Writer holds the journal, ErrNeverBegun, a
// *DamageError, or others. With an error nothing was changed, except where
// cutting off the last line itself failed.
func Open(dir string) (events []Event, w *Writer, repaired string, err error) {
	return open(dir, openFile)
}

func open(dir string, open opener) ([]Event, *Writer, string, error) {
	path := filepath.Join(dir, JournalFile)
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return nil, nil, "", fmt.Errorf("open journal %s: %w", path, ErrNeverBegun)
	}
	if err := checkRun(dir); err != nil {
		return nil, nil, "", err
	}
	lock, err := lockJournal(path)
	if err != nil {
		return nil, nil, "", fmt.Errorf("open journal: %w", err)
	}
	events, w, repaired, err := openLocked(path, lock, open)
	if err != nil {
		return nil, nil, "", errors.Join(err, lock.Close())
	}
	return events, w, repaired, nil
}

func openLocked(path string, lock *flock.Flock, open opener) ([]Event, *Writer, string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, "", fmt.Errorf("open journal: %w", err)
	}
	got, err := (&reader{path: path}).parse(b)
	if err != nil {
		return nil, nil, "", err
	}
	if len(got.events) == 0 {
		return nil, nil, "", fmt.Errorf("open journal %s: %w", path, ErrNeverBegun)
	}
	f, err := open(path, os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return nil, nil, "", fmt.Errorf("open journal: %w", err)
	}
	var repaired string
	if got.tail != nil {
		if err := cutOff(f, int64(got.size)); err != nil {
			return nil, nil, "", errors.Join(fmt.Errorf("repair journal %s: %w", path, err), f.Close())
		}
		repaired = fmt.Sprintf("cut %d bytes off behind line %d: %s", len(b)-got.size, len(got.events), got.tail)
	}
	return got.events, &Writer{path: path, lock: lock, f: f, seq: len(got.events)}, repaired, nil
}

// cutOff makes f size bytes long, durably.
func cutOff(f file, size int64) error {
	if err := f.Truncate(size); err != nil {
		return err
	}
	return f.Sync()
}

// Append numbers the events and writes them, in one call and one sync. When it
// returns, they are on disk. It returns them as a reader will see them.
//
// After events that could not be written or synced the state of the file is
// unknown: that error comes back from every further Append, and nothing more is
// written. An event that cannot be encoded, or has no At or Kind, is refused
// with those beside it, without that consequence.
func (w *Writer) Append(events ...Event) ([]Event, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return nil, w.err
	}
	out := make([]Event, len(events))
	var lines []byte
	for i, e := range events {
		written, line, err := w.encode(w.seq+1+i, e)
		if err != nil {
			return nil, fmt.Errorf("append to journal %s: %w", w.path, err)
		}
		out[i], lines = written, append(lines, line...)
	}
	if len(events) == 0 {
		return nil, nil
	}
	if err := writeSynced(w.f, lines); err != nil {
		w.err = fmt.Errorf("append to journal %s: %w", w.path, err)
		return nil, w.err
	}
	w.seq += len(events)
	return out, nil
}

// encode numbers e and returns it with its line, read back from that line.
func (w *Writer) encode(seq int, e Event) (Event, []byte, error) {
	if e.At.IsZero() || e.Kind == "" {
		return Event{}, nil, errors.New("an event needs a time and a kind")
	}
	e.Seq, e.At, e.Until = seq, e.At.UTC(), e.Until.UTC()
	line, err := encodeLine(e)
	if err != nil {
		return Event{}, nil, err
	}
	e, err = decodeLine(line[:len(line)-1])
	return e, line, err
}

// writeSynced writes b in one call and syncs. A failed sync is never tried
// again: the kernel may have dropped the pages and report success (fsync(2)).
func writeSynced(f file, b []byte) error {
	n, err := f.Write(b)
	if err != nil {
		return err
	}
	if n < len(b) {
		return io.ErrShortWrite
	}
	return f.Sync()
}

// Close releases the journal. Appending behind it is an error.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f == nil {
		return nil
	}
	err := errors.Join(w.f.Close(), w.lock.Close())
	w.f = nil
	if w.err == nil {
		w.err = fmt.Errorf("append to journal %s: %w", w.path, os.ErrClosed)
	}
	return err
}

// Read returns the events of the journal file at path and changes nothing, so
// it may run while a Writer appends. A torn last line is left out.
// Errors: a *DamageError, with which come the events before the damage, for
// people to look at; fs.ErrNotExist, or others.
func Read(path string) ([]Event, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	got, err := (&reader{path: path}).parse(b)
	return got.events, err
}
