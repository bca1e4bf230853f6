package journal

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// broken is a file that fails at a call, and counts them.
type broken struct {
	file
	failWrite, failSync, failTruncate, short bool
	calls                                    int
}

var errDisk = syscall.ENOSPC

func (b *broken) Write(p []byte) (int, error) {
	b.calls++
	switch {
	case b.failWrite:
		n, _ := b.file.Write(p[:len(p)/2])
		return n, errDisk
	case b.short:
		return b.file.Write(p[:len(p)/2])
	}
	return b.file.Write(p)
}

func (b *broken) Sync() error {
	b.calls++
	if b.failSync {
		return errDisk
	}
	return b.file.Sync()
}

func (b *broken) Truncate(n int64) error {
	if b.failTruncate {
		return errDisk
	}
	return b.file.Truncate(n)
}

func opened(b *broken) opener {
	return func(path string, flag int) (file, error) {
		f, err := openFile(path, flag)
		b.file = f
		return b, err
	}
}

func TestAFailedWritePoisonsTheWriter(t *testing.T) {
	tests := map[string]struct {
		fail func(*broken)
		want error
	}{
		"full disk":   {func(b *broken) { b.failWrite = true }, errDisk},
		"short write": {func(b *broken) { b.short = true }, io.ErrShortWrite},
		"failed sync": {func(b *broken) { b.failSync = true }, errDisk},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir, before := sample(t)
			b := &broken{}
			_, w, _, err := open(dir, opened(b))
			if err != nil {
				t.Fatal(err)
			}
			tt.fail(b)
			_, first := w.Append(Event{At: now, Kind: Done})
			if !errors.Is(first, tt.want) {
				t.Fatalf("append: %v", first)
			}
			*b = broken{file: b.file} // the disk works again
			if _, err := w.Append(Event{At: now, Kind: Done}); !errors.Is(err, first) || b.calls != 0 {
				t.Errorf("append behind a failure: %v with %d calls", err, b.calls)
			}
			w.Close()
			got, w, _, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if diff := cmp.Diff(before, got[:len(before)]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCreateFailsOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if _, err := create(dir, Event{At: now, Kind: Begin}, opened(&broken{failWrite: true})); !errors.Is(err, errDisk) {
		t.Fatalf("create: %v", err)
	}
	if _, _, _, err := Open(dir); !errors.Is(err, ErrNeverBegun) {
		t.Errorf("open: %v", err)
	}
}

func TestAFailedRepairIsToldAndLeavesTheEvents(t *testing.T) {
	dir, before := sample(t)
	path := filepath.Join(dir, JournalFile)
	appendBytes(t, path, []byte(`{"seq":6,`))
	for _, b := range []*broken{{failTruncate: true}, {failSync: true}} {
		if _, _, _, err := open(dir, opened(b)); !errors.Is(err, errDisk) {
			t.Errorf("open: %v", err)
		}
	}
	if diff := cmp.Diff(before, readAll(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func appendBytes(t *testing.T, path string, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
}
