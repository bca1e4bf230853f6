package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

func mark(run string, since time.Time) OpenWindow {
	return OpenWindow{
		Run: run, Names: []zone.Name{"www.example.org."}, Deadline: now.Add(20 * time.Minute), Hook: run == "01B",
		Holder: Holder{Run: run, PID: 4711, Host: "h", Since: since, Command: "dnsplan window"},
	}
}

// runIn makes a run of a state folder, with these events behind its first.
func runIn(t *testing.T, dir, id string, events ...Event) {
	t.Helper()
	w, err := CreateRun(dir, id, []byte("{}"), Event{At: now, Kind: Begin})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Append(events...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func windows(t *testing.T, dir string) []OpenWindow {
	t.Helper()
	open, err := OpenWindows(dir)
	if err != nil {
		t.Fatal(err)
	}
	return open
}

func TestOpenWindows(t *testing.T) {
	dir := t.TempDir()
	if open := windows(t, dir); len(open) != 0 {
		t.Errorf("%+v", open)
	}
	later, earlier := mark("01A", now.Add(time.Minute)), mark("01B", now)
	for _, w := range []OpenWindow{later, earlier, mark("01C", now), later} { // one of them twice
		runs := filepath.Join(dir, RunsDir, w.Run)
		if _, err := os.Stat(runs); w.Run != "01B" && err != nil { // of 01B there is no run to be read
			runIn(t, dir, w.Run, Event{At: now, Kind: Start, Step: "s3"})
		}
		if err := MarkWindow(dir, w); err != nil {
			t.Fatal(err)
		}
	}
	if err := ForgetWindow(dir, "01C"); err != nil {
		t.Error(err)
	}
	if err := ForgetWindow(dir, "01C"); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if diff := cmp.Diff([]OpenWindow{earlier, later}, windows(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	path := filepath.Join(dir, "windows", "01A")
	if m := mode(t, path); m != 0o600 {
		t.Errorf("mode %o", m)
	}
	if m := mode(t, filepath.Dir(path)); m != 0o700 {
		t.Errorf("mode %o of the folder", m)
	}
}

// TestMarkBehindTheEnd: a crash between the end of a run and the removal of its
// mark leaves a mark that means nothing.
func TestMarkBehindTheEnd(t *testing.T) {
	dir := t.TempDir()
	runIn(t, dir, "01A", Event{At: now, Kind: Start, Step: "s3"}, Event{At: now, Kind: End})
	if err := MarkWindow(dir, mark("01A", now)); err != nil {
		t.Fatal(err)
	}
	if open := windows(t, dir); len(open) != 0 {
		t.Errorf("%+v", open)
	}
	if err := MarkWindow(dir, mark("01A", now)); err != nil {
		t.Fatal(err)
	}
	if _, open, err := FindWindow(dir, "01A"); err != nil || open {
		t.Errorf("open: %t, %v", open, err)
	}
	windows(t, dir)
	if _, err := os.Stat(filepath.Join(dir, "windows", "01A")); !os.IsNotExist(err) {
		t.Errorf("the mark is there: %v", err)
	}
}

// TestMarksThatCannotBeRead: the others are found all the same.
func TestMarksThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	for _, run := range []string{"01A", "01B", "01C"} {
		if err := MarkWindow(dir, mark(run, now)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "windows", "01A"), "{")
	write(t, filepath.Join(dir, "windows", "01B"), `{"run":"01C"}`)
	open, err := OpenWindows(dir)
	if len(open) != 1 || open[0].Run != "01C" || err == nil || !strings.Contains(err.Error(), "01A") || !strings.Contains(err.Error(), `01B: it is about run "01C"`) {
		t.Errorf("%+v, %v", open, err)
	}
	if w, open, err := FindWindow(dir, "01C"); err != nil || !open || w.Run != "01C" {
		t.Errorf("the one that can be read: %+v, %t, %v", w, open, err)
	}
	if w, open, err := FindWindow(dir, "01A"); err == nil || open {
		t.Errorf("the one that cannot: %+v, %t", w, open)
	}
	if w, open, err := FindWindow(dir, "01D"); err != nil || open {
		t.Errorf("the one that is not there: %+v, %t, %v", w, open, err)
	}
}

// TestMarkGoesMeanwhile: a mark that another process takes away, once it was listed and
// before it is read, is no error.
func TestMarkGoesMeanwhile(t *testing.T) {
	dir := t.TempDir()
	if err := MarkWindow(dir, mark("01A", now)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("gone", filepath.Join(dir, "windows", "01B")); err != nil { // is listed, and cannot be read
		t.Fatal(err)
	}
	if open := windows(t, dir); len(open) != 1 || open[0].Run != "01A" {
		t.Errorf("%+v", open)
	}
}

func TestMarksStayInTheirFolder(t *testing.T) {
	dir := t.TempDir()
	for _, run := range []string{"", "..", "../01A", "a/b", "last"} {
		if err := MarkWindow(dir, OpenWindow{Run: run}); err == nil {
			t.Errorf("run %q is marked", run)
		}
		if err := ForgetWindow(dir, run); err == nil {
			t.Errorf("run %q is forgotten", run)
		}
	}
}
