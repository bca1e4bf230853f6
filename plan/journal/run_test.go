package journal

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const plan = `{"format_version":1,"id":"01K0A"}`

func newRun(t *testing.T, stateDir, id string) {
	t.Helper()
	w, err := CreateRun(stateDir, id, []byte(plan), Event{At: now, Kind: Begin})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCreateRun(t *testing.T) {
	dir := t.TempDir()
	w, err := CreateRun(dir, "01K0A", []byte(plan), Event{At: now, Kind: Begin, Data: json.RawMessage(`{"command":"apply"}`)})
	if err != nil {
		t.Fatal(err)
	}
	run, err := FindRun(dir, LastRun)
	if err != nil {
		t.Fatal(err)
	}
	if busy, err := run.Busy(); err != nil || !busy {
		t.Errorf("busy: %v, %v", busy, err)
	}
	w.Close()
	if busy, err := run.Busy(); err != nil || busy {
		t.Errorf("busy behind close: %v, %v", busy, err)
	}
	events, err := run.Events()
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"command":"apply","plan_sha256":"` + digest([]byte(plan)) + `"}`; string(events[0].Data) != want {
		t.Errorf("data %s, want %s", events[0].Data, want)
	}
	if b, err := run.Plan(); err != nil || string(b) != plan {
		t.Errorf("plan %s, %v", b, err)
	}
	for path, want := range map[string]os.FileMode{
		filepath.Join(dir, RunsDir):       0o700,
		run.Path:                          0o700,
		run.Journal():                     0o600,
		filepath.Join(run.Path, PlanFile): 0o600,
	} {
		if got := mode(t, path); got != want {
			t.Errorf("%s: mode %o, want %o", path, got, want)
		}
	}
}

func TestAPlanIsUsedOnce(t *testing.T) {
	dir := t.TempDir()
	var won, used atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			w, err := CreateRun(dir, "01K0A", []byte(plan), Event{At: now, Kind: Begin})
			switch {
			case err == nil:
				won.Add(1)
				w.Close()
			case errors.Is(err, ErrUsed):
				used.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || used.Load() != 7 {
		t.Errorf("%d won, %d were told that it is used", won.Load(), used.Load())
	}
}

func TestCreateRunRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, id := range []string{"", "..", "../x", "a/b", "last", "a.b", strings.Repeat("a", 65)} {
		if _, err := CreateRun(dir, id, []byte(plan), Event{At: now, Kind: Begin}); err == nil {
			t.Errorf("id %q was taken", id)
		}
	}
	for _, data := range []string{`[]`, `"x"`, `{`} {
		if _, err := CreateRun(dir, "01K", []byte(plan), Event{At: now, Kind: Begin, Data: json.RawMessage(data)}); err == nil {
			t.Errorf("data %s was taken", data)
		}
	}
	if runs, err := ListRuns(dir); err != nil || len(runs) != 0 {
		t.Errorf("left behind: %v, %v", runs, err)
	}
}

// A process that dies, or a disk that fills, while a run is being made leaves a
// run that never began and a plan that is used.
func TestARunThatNeverBegan(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, stateDir, runDir string){
		"folder alone": func(*testing.T, string, string) {},
		"plan alone": func(t *testing.T, _, dir string) {
			write(t, filepath.Join(dir, PlanFile), plan)
		},
		"empty journal": func(t *testing.T, _, dir string) {
			write(t, filepath.Join(dir, JournalFile), "")
		},
		"torn begin": func(t *testing.T, _, dir string) {
			write(t, filepath.Join(dir, JournalFile), `{"seq":1`)
		},
		"full disk": func(t *testing.T, stateDir, dir string) {
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
			_, err := createRun(stateDir, "01K0A", []byte(plan), Event{At: now, Kind: Begin}, opened(&broken{failWrite: true}))
			if !errors.Is(err, errDisk) {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			runDir := filepath.Join(dir, RunsDir, "01K0A")
			if err := os.MkdirAll(runDir, 0o700); err != nil {
				t.Fatal(err)
			}
			prepare(t, dir, runDir)
			run, err := FindRun(dir, "01K")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := run.Events(); !errors.Is(err, ErrNeverBegun) {
				t.Errorf("events: %v", err)
			}
			if _, _, _, err := run.Open(); !errors.Is(err, ErrNeverBegun) {
				t.Errorf("open: %v", err)
			}
			if _, err := run.Plan(); !errors.Is(err, ErrNeverBegun) {
				t.Errorf("plan: %v", err)
			}
			if busy, err := run.Busy(); err != nil || busy {
				t.Errorf("busy: %v, %v", busy, err)
			}
			if _, err := CreateRun(dir, "01K0A", []byte(plan), Event{At: now, Kind: Begin}); !errors.Is(err, ErrUsed) {
				t.Errorf("create: %v", err)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAChangedPlanIsTold(t *testing.T) {
	dir := t.TempDir()
	newRun(t, dir, "01K0A")
	run, err := FindRun(dir, "01K0A")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(run.Path, PlanFile), plan+" ")
	if _, err := run.Plan(); !errors.Is(err, ErrPlanChanged) {
		t.Error(err)
	}
}

func TestFindRun(t *testing.T) {
	dir := t.TempDir()
	if runs, err := ListRuns(dir); err != nil || len(runs) != 0 {
		t.Errorf("no runs yet: %v, %v", runs, err)
	}
	if _, err := FindRun(dir, LastRun); !errors.Is(err, ErrNoRun) {
		t.Errorf("last of none: %v", err)
	}
	for _, id := range []string{"01K0B", "01K0A", "01K0AB", "01J9Z"} {
		newRun(t, dir, id)
	}
	write(t, filepath.Join(dir, RunsDir, "file"), "")
	if err := os.Mkdir(filepath.Join(dir, RunsDir, ".hidden"), 0o700); err != nil {
		t.Fatal(err)
	}
	runs, err := ListRuns(dir)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range runs {
		ids = append(ids, r.ID)
	}
	if got := strings.Join(ids, " "); got != "01K0B 01K0AB 01K0A 01J9Z" {
		t.Errorf("runs %s", got)
	}
	tests := []struct {
		prefix, want string
		err          error
	}{
		{"last", "01K0B", nil},
		{"01J", "01J9Z", nil},
		{"01j9z", "01J9Z", nil},
		{"01K0A", "01K0A", nil}, // exact, though another starts so
		{"01K", "", ErrAmbiguous},
		{"02", "", ErrNoRun},
		{"", "", ErrNoRun},
		{"../runs/01J9Z", "", ErrNoRun},
	}
	for _, tt := range tests {
		run, err := FindRun(dir, tt.prefix)
		if run.ID != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("FindRun(%q) = %q, %v", tt.prefix, run.ID, err)
		}
	}
}
