package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// begun is a journal that has begun, in a folder of its own.
func begun(t *testing.T) (dir string, w *Writer) {
	t.Helper()
	dir = t.TempDir()
	w, err := create(dir, Event{At: now, Kind: Begin}, openFile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return dir, w
}

func TestWatchFollowsUntilTheEnd(t *testing.T) {
	dir, w := begun(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	next := map[int]Event{ // what to append when an event is seen
		1: {At: now, Kind: Start, Step: "s1"},
		2: {At: now, Kind: Done, Step: "s1"},
		3: {At: now, Kind: End},
	}
	var seen []Kind
	for e, err := range Watch(ctx, filepath.Join(dir, JournalFile), 1) {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, e.Kind)
		if n, ok := next[e.Seq]; ok {
			if _, err := w.Append(n); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(seen) != 4 || seen[3] != End {
		t.Errorf("saw %v", seen)
	}
}

func TestWatchFromAnEvent(t *testing.T) {
	dir, events := sample(t)
	var seen []int
	for e, err := range Watch(t.Context(), filepath.Join(dir, JournalFile), 4) {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, e.Seq)
	}
	if len(seen) != 2 || seen[0] != 4 {
		t.Errorf("saw %v", seen)
	}
	for range Watch(t.Context(), filepath.Join(dir, JournalFile), len(events)+1) {
		t.Error("saw an event behind the end")
	}
	for range Watch(t.Context(), filepath.Join(dir, JournalFile), 0) {
		break // a reader that stops is left alone
	}
}

func TestWatchEndsWithTheContext(t *testing.T) {
	dir, _ := begun(t)
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var last error
	for e, err := range Watch(ctx, filepath.Join(dir, JournalFile), 1) {
		if e.Seq == 1 {
			cancel(stop)
		}
		last = err
	}
	if !errors.Is(last, stop) {
		t.Errorf("ended with %v", last)
	}
}

// A torn line is waited for; a repair takes it away and goes on.
func TestWatchOverARepair(t *testing.T) {
	dir, _ := sample(t)
	path := filepath.Join(dir, JournalFile)
	cutLast(t, path)
	appendBytes(t, path, []byte(`{"seq":5,"at":"20`))
	f := follower{reader: reader{path: path}}
	if events, err := f.next(); err != nil || len(events) != 4 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	if events, err := f.next(); err != nil || len(events) != 0 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	_, w, repaired, err := Open(dir)
	if err != nil || repaired == "" {
		t.Fatal(err, repaired)
	}
	defer w.Close()
	if _, err := w.Append(Event{At: now, Kind: Resume}); err != nil {
		t.Fatal(err)
	}
	if events, err := f.next(); err != nil || len(events) != 1 || events[0].Kind != Resume {
		t.Errorf("%v, %v", events, err)
	}
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := f.next(); err == nil {
		t.Error("a journal that shrank was read")
	}
}

// cutLast takes the last line away.
func cutLast(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := len(b) - 1
	for n > 0 && b[n-1] != '\n' {
		n--
	}
	if err := os.Truncate(path, int64(n)); err != nil {
		t.Fatal(err)
	}
}

func TestWatchTellsARemovedJournal(t *testing.T) {
	dir, _ := begun(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	path := filepath.Join(dir, JournalFile)
	var last error
	for e, err := range Watch(ctx, path, 1) {
		if e.Seq == 1 {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		last = err
	}
	if !errors.Is(last, os.ErrNotExist) {
		t.Errorf("ended with %v", last)
	}
}

func TestWatchWithoutNotifications(t *testing.T) {
	dir := t.TempDir()
	n := newNotifier(filepath.Join(dir, "none"))
	defer n.close()
	if n.events != nil {
		t.Fatal("a file that is not there is watched")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.wait(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
