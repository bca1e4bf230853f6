package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryLineIsJSONWithItsChecksumLast(t *testing.T) {
	dir, events := sample(t)
	b, err := os.ReadFile(filepath.Join(dir, JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"seq":1,"at":"2026-11-23T06:00:00Z","event":"begin","data":{"a":[1,2]},"crc":"1397f420"}`
	if got, _, _ := strings.Cut(string(b), "\n"); got != want {
		t.Errorf("first line\n%s\nwant\n%s", got, want)
	}
	for line := range bytes.Lines(b) {
		var members map[string]any
		if err := json.Unmarshal(line, &members); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if len(events) != 5 || events[4].Kind != End || events[1].Message != "86400 -> 300" {
		t.Errorf("read %+v", events)
	}
	if m := mode(t, filepath.Join(dir, JournalFile)); m != 0o600 {
		t.Errorf("mode %o", m)
	}
}

func TestAppendReturnsWhatAReaderSees(t *testing.T) {
	dir, before := sample(t)
	_, w, repaired, err := Open(dir)
	if err != nil || repaired != "" {
		t.Fatal(err, repaired)
	}
	defer w.Close()
	es, err := w.Append(Event{At: now.In(now.Location()), Kind: Warning, Message: "\xff", Data: json.RawMessage("{\n}")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append(before, es...), readAll(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestAppendRefusesBadEventsAndGoesOn(t *testing.T) {
	dir, before := sample(t)
	_, w, _, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, e := range []Event{{}, {Kind: Done}, {At: now}, {At: now, Kind: Done, Data: json.RawMessage("{")}} {
		if _, err := w.Append(e); err == nil {
			t.Errorf("%+v was taken", e)
		}
	}
	if _, err := w.Append(Event{At: now, Kind: Done}); err != nil {
		t.Error(err)
	}
	if got := readAll(t, dir); len(got) != len(before)+1 {
		t.Errorf("%d events, want %d", len(got), len(before)+1)
	}
}

func TestAppendIsSafeForConcurrentUse(t *testing.T) {
	dir, before := sample(t)
	_, w, _, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if _, err := w.Append(Event{At: now, Kind: Warning}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, dir); len(got) != len(before)+40 {
		t.Errorf("%d events", len(got))
	}
	if _, err := w.Append(Event{At: now, Kind: Done}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("append behind close: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestCreateRefuses(t *testing.T) {
	dir, _ := sample(t)
	if _, err := create(dir, Event{At: now, Kind: Begin}, openFile); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second journal: %v", err)
	}
	if _, err := create(t.TempDir(), Event{At: now, Kind: Start}, openFile); err == nil {
		t.Error("a journal that does not begin")
	}
	if _, err := create(filepath.Join(dir, "none"), Event{At: now, Kind: Begin}, openFile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func TestSecondWriterIsRefused(t *testing.T) {
	dir, _ := sample(t)
	_, w, _, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, _, _, err = Open(dir)
	busy, ok := errors.AsType[*BusyError](err)
	if !ok || !errors.Is(err, ErrBusy) || busy.Run != filepath.Base(dir) {
		t.Fatalf("second writer: %v", err)
	}
	if busy.PID != 0 && busy.PID != os.Getpid() {
		t.Errorf("held by %d, this is %d", busy.PID, os.Getpid())
	}
	if busy.PID != 0 && !strings.Contains(err.Error(), "held by process "+strconv.Itoa(os.Getpid())) {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, w, _, err = Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
}

func TestFindLock(t *testing.T) {
	const locks = "1: POSIX  ADVISORY  WRITE 10 fe:00:262 0 EOF\n" +
		"1: FLOCK  ADVISORY  READ 9 fe:00:262 0 EOF\n1: FLOCK  ADVISORY  READ 9 fe:00:264 0 EOF\n" +
		"2: -> FLOCK  ADVISORY  WRITE 11 fe:00:262 0 EOF\nshort\n" +
		"3: FLOCK  ADVISORY  WRITE -1 fe:00:262 0 EOF\n4: FLOCK  ADVISORY  WRITE 12 fe:00:262 0 EOF\n"
	if got := findLock(locks, "fe:00:262"); got != 12 {
		t.Errorf("found %d", got)
	}
	for _, other := range []string{"fe:00:263", "fe:00:264"} {
		if got := findLock(locks, other); got != 0 {
			t.Errorf("%s: found %d", other, got)
		}
	}
}

func TestOpenRepairsTornTails(t *testing.T) {
	good := `{"seq":6,"at":"2026-11-23T06:00:00Z","event":"done"`
	good += `,"crc":"` + checksum([]byte(good)) + `"}`
	for name, tail := range map[string]string{
		"torn":                    `{"seq":6,"at"`,
		"no newline":              good,
		"zeros":                   strings.Repeat("\x00", 4096),
		"zeros behind an event":   good + strings.Repeat("\x00", 512),
		"bad checksum":            strings.Replace(good, "done", "Done", 1) + "\n",
		"not json":                "garbage\n",
		"a newline":               "\n",
		"newline became a letter": good + "x",
	} {
		t.Run(name, func(t *testing.T) {
			dir, before := sample(t)
			path := filepath.Join(dir, JournalFile)
			appendBytes(t, path, []byte(tail))
			if diff := cmp.Diff(before, readAll(t, dir)); diff != "" {
				t.Errorf("read: %s", diff)
			}
			got, w, repaired, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if diff := cmp.Diff(before, got); diff != "" {
				t.Error(diff)
			}
			if want := fmt.Sprintf("cut %d bytes off behind line 5", len(tail)); !strings.HasPrefix(repaired, want) {
				t.Errorf("repaired: %q", repaired)
			}
			if es, err := w.Append(Event{At: now, Kind: Done}); err != nil || es[0].Seq != 6 {
				t.Error(es, err)
			}
			if got := readAll(t, dir); len(got) != 6 {
				t.Errorf("%d events", len(got))
			}
		})
	}
}

func TestReadRefusesDamage(t *testing.T) {
	dir, _ := sample(t)
	b, err := os.ReadFile(filepath.Join(dir, JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	l := bytes.SplitAfter(b, []byte("\n")) // five lines and an empty rest
	tests := map[string]struct {
		lines [][]byte
		line  int
	}{
		"line missing":               {[][]byte{l[0], l[2], l[3]}, 2},
		"first line missing":         {[][]byte{l[1], l[2]}, 1},
		"line repeated":              {[][]byte{l[0], l[1], l[1], l[2]}, 3},
		"last line repeated":         {[][]byte{l[0], l[1], l[1]}, 3},
		"blank line":                 {[][]byte{l[0], []byte("\n"), l[1]}, 2},
		"newline lost":               {[][]byte{l[0], bytes.TrimSpace(l[1]), l[2]}, 2},
		"newline lost and line torn": {[][]byte{l[0], bytes.TrimSpace(l[1]), l[2][:9]}, 2},
		"zeros between":              {[][]byte{l[0], make([]byte, 99), []byte("\n"), l[1]}, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), JournalFile)
			if err := os.WriteFile(path, bytes.Join(tt.lines, nil), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Read(path)
			damage, ok := errors.AsType[*DamageError](err)
			if !ok || damage.Line != tt.line || damage.Path != path {
				t.Errorf("got %v, want damage in line %d", err, tt.line)
			}
			if _, _, _, err := Open(filepath.Dir(path)); err == nil {
				t.Error("opened for writing")
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, bytes.Join(tt.lines, nil)) {
				t.Error("the file was changed", err)
			}
		})
	}
}

// A journal that was cut anywhere holds exactly its complete events.
func TestCutAtEveryByte(t *testing.T) {
	dir, events := sample(t)
	b, err := os.ReadFile(filepath.Join(dir, JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(b) + 1 {
		want := bytes.Count(b[:n], []byte("\n"))
		got, err := (&reader{}).parse(b[:n])
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if diff := cmp.Diff(events[:want], got.events[:len(got.events):len(got.events)]); diff != "" && want > 0 || len(got.events) != want {
			t.Fatalf("cut at %d: %s", n, diff)
		}
		if (got.tail != nil) != (n > got.size) {
			t.Fatalf("cut at %d: tail %v behind %d", n, got.tail, got.size)
		}
	}
}

// A byte that changed in the last line cuts the line off; before it, the
// journal is refused.
func TestFlipEveryByte(t *testing.T) {
	dir, events := sample(t)
	b, err := os.ReadFile(filepath.Join(dir, JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	lastLine := bytes.LastIndexByte(b[:len(b)-1], '\n') + 1
	for i := range b {
		for _, bit := range []byte{1, 1 << 5, 0xff} {
			bad := bytes.Clone(b)
			bad[i] ^= bit
			got, err := (&reader{}).parse(bad)
			if n := len(got.events); n > 0 && !reflect.DeepEqual(events[:n], got.events[:n]) {
				t.Fatalf("byte %d ^ %#x: other events", i, bit)
			}
			if i < lastLine {
				damage, ok := errors.AsType[*DamageError](err)
				if !ok || damage.Line != 1+bytes.Count(b[:i], []byte("\n")) {
					t.Fatalf("byte %d ^ %#x: %v", i, bit, err)
				}
			} else if err != nil || len(got.events) != len(events)-1 || got.tail == nil {
				t.Fatalf("byte %d ^ %#x: %d events, tail %v, %v", i, bit, len(got.events), got.tail, err)
			}
		}
	}
}

func TestKilledWriterLosesNothingItAcknowledged(t *testing.T) {
	dir, _ := sample(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		acked := killWriter(t, exe, dir, 1+rand.IntN(30))
		events, w, _, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) < acked {
			t.Fatalf("%d events, %d were acknowledged", len(events), acked)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killWriter lets a child append, kills it behind some events and returns the
// last number that it acknowledged.
func killWriter(t *testing.T, exe, dir string, after int) (acked int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), exe, dir)
	cmd.Env = append(os.Environ(), childEnv+"=append")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if n == after {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		if acked, err = strconv.Atoi(lines.Text()); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Wait(); cmd.ProcessState.Exited() {
		t.Fatalf("the child was not killed: %v", err)
	}
	return acked
}

func FuzzRead(f *testing.F) {
	dir, _ := sample(f)
	b, err := os.ReadFile(filepath.Join(dir, JournalFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add([]byte("{,\"crc\":\"00000000\"}\n"))
	f.Add(append(bytes.Clone(b), 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := (&reader{}).parse(b)
		if err != nil {
			if _, ok := errors.AsType[*DamageError](err); !ok {
				t.Fatal(err)
			}
			return
		}
		again, err := (&reader{}).parse(b[:got.size])
		if err != nil || again.tail != nil || len(again.events) != len(got.events) {
			t.Fatalf("the complete part reads differently: %v, %v", again.tail, err)
		}
		if (got.tail == nil) != (got.size == len(b)) {
			t.Fatalf("%d of %d bytes with tail %v", got.size, len(b), got.tail)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	w, err := create(dir, Event{At: now, Kind: Begin}, func(path string, flag int) (file, error) {
		f, err := openFile(path, flag)
		return unsynced{f}, err
	})
	if err != nil {
		b.Fatal(err)
	}
	for range 1000 {
		if _, err := w.Append(Event{At: now, Kind: Done, Step: "s1", Message: "a message"}); err != nil {
			b.Fatal(err)
		}
	}
	w.Close()
	for b.Loop() {
		if _, err := Read(filepath.Join(dir, JournalFile)); err != nil {
			b.Fatal(err)
		}
	}
}

type unsynced struct{ file }

func (unsynced) Sync() error { return nil }
