package journal

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/fsnotify/fsnotify"
)

// recheck is how long Watch trusts notifications before it looks by itself:
// writes from another machine to a shared file system are never notified.
const recheck = 2 * time.Second

// Watch yields the events of the journal file at path whose Seq is at least
// fromSeq: those that are there, then each as it is appended. It ends behind an
// End event. When ctx ends, or the journal cannot be read (see Read), the last
// pair holds the error. It changes nothing.
func Watch(ctx context.Context, path string, fromSeq int) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		n := newNotifier(path)
		defer n.close()
		f := follower{reader: reader{path: path}}
		for {
			events, err := f.next()
			if err != nil {
				yield(Event{}, err)
				return
			}
			if !yieldFrom(events, fromSeq, yield) {
				return
			}
			if err := n.wait(ctx); err != nil {
				yield(Event{}, fmt.Errorf("watch journal %s: %w", path, err))
				return
			}
		}
	}
}

// yieldFrom tells whether to go on.
func yieldFrom(events []Event, fromSeq int, yield func(Event, error) bool) bool {
	for _, e := range events {
		if e.Seq >= fromSeq && !yield(e, nil) {
			return false
		}
		if e.Kind == End {
			return false
		}
	}
	return true
}

// follower reads what was appended since it last read.
type follower struct {
	reader
	offset int64
}

func (f *follower) next() ([]Event, error) {
	b, err := f.readTail()
	if err != nil {
		return nil, fmt.Errorf("watch journal: %w", err)
	}
	got, err := f.parse(b)
	f.offset += int64(got.size)
	return got.events, err
}

// readTail opens the file anew, so that one that was removed is noticed.
func (f *follower) readTail() ([]byte, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < f.offset {
		return nil, f.damage("the file is shorter than it was")
	}
	if _, err := file.Seek(f.offset, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(file)
}

// notifier wakes a follower. Its channels are nil where the system has no
// notifications left to give; recheck alone drives it then.
type notifier struct {
	w      *fsnotify.Watcher
	events chan fsnotify.Event
	errors chan error
}

func newNotifier(path string) *notifier {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return &notifier{}
	}
	n := &notifier{w: w, events: w.Events, errors: w.Errors}
	if err := w.Add(path); err != nil {
		n.close()
		return &notifier{}
	}
	return n
}

// wait returns when the file may have changed, or with the context's cause. An
// error of the watcher, such as an overflow, is a reason to look as well.
func (n *notifier) wait(ctx context.Context) error {
	timer := time.NewTimer(recheck)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case _, open := <-n.events:
		if !open { // else it would be ready for ever
			n.events = nil
		}
	case _, open := <-n.errors:
		if !open {
			n.errors = nil
		}
	case <-timer.C:
	}
	return nil
}

// close ends the watcher; what it could not release goes with the process.
func (n *notifier) close() {
	if n.w != nil {
		_ = n.w.Close()
	}
}
