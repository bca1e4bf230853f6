package journal

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// used is a state folder with a run, a lock and a change log.
func used(t *testing.T) (dir string) {
	t.Helper()
	dir = logOf(t, "01A")
	release, err := AcquireLocks(dir, []LockName{{Zone: "example.org."}}, holder)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(release(), MarkWindow(dir, OpenWindow{Run: "01A"}), os.Mkdir(filepath.Join(dir, "backups"), 0o700), os.Mkdir(filepath.Join(dir, "acme"), 0o700)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// inside are the entries of a used state folder.
var inside = []string{
	"runs", "runs/01A", "runs/01A/plan.json", "runs/01A/journal.jsonl", "lock", "lock/example.org", "windows", "windows/01A", "backups", "acme", "change-log.jsonl", "change-log.md",
}

// openAll opens the state folder, and the run as it is taken over.
func openAll(dir string) error {
	if err := OpenState(dir); err != nil {
		return err
	}
	_, w, _, err := Open(filepath.Join(dir, RunsDir, "01A"))
	if err == nil {
		err = w.Close()
	}
	return err
}

func TestOpenStateRefusesWhatOthersMadeWithin(t *testing.T) {
	tests := map[string]struct {
		spoil func(t *testing.T, path string)
		want  string
	}{
		"a link": {func(t *testing.T, path string) {
			away := filepath.Join(t.TempDir(), "away")
			if err := errors.Join(os.Rename(path, away), os.Symlink(away, path)); err != nil {
				t.Fatal(err)
			}
		}, "it is a symbolic link"},
		"a link to nothing": {func(t *testing.T, path string) {
			if err := errors.Join(os.RemoveAll(path), os.Symlink("/nonexistent/file", path)); err != nil {
				t.Fatal(err)
			}
		}, "it is a symbolic link"},
		"group-writable": {func(t *testing.T, path string) { chmod(t, path, 0o770) }, "others may write to it (mode 0770)"},
		"world-writable": {func(t *testing.T, path string) { chmod(t, path, 0o702) }, "others may write to it (mode 0702)"},
		"another user's": {func(t *testing.T, path string) {
			if os.Geteuid() != 0 {
				t.Skip("only root can give a file away")
			}
			giveAway(t, path)
		}, "it belongs to user 65534"},
		"a pipe": {func(t *testing.T, path string) {
			if err := errors.Join(os.RemoveAll(path), syscall.Mkfifo(path, 0o600)); err != nil {
				t.Fatal(err)
			}
		}, "it is not a f"},
	}
	for name, tt := range tests {
		for _, entry := range inside {
			t.Run(name+"/"+entry, func(t *testing.T) {
				dir := used(t)
				if err := openAll(dir); err != nil {
					t.Fatalf("as it was: %v", err)
				}
				tt.spoil(t, filepath.Join(dir, filepath.FromSlash(entry)))
				err := openAll(dir)
				state, ok := errors.AsType[*StateError](err)
				if !ok || !strings.HasSuffix(state.Path, filepath.FromSlash(entry)) || !strings.Contains(err.Error(), tt.want) || state.Fix == "" {
					t.Errorf("got %v, want %q", err, tt.want)
				}
			})
		}
	}
}

func chmod(t *testing.T, path string, m os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, m); err != nil {
		t.Fatal(err)
	}
}

// No file is made, read or written through a link, also where one has come
// since the folder was opened.
func TestLinksAreNotFollowed(t *testing.T) {
	for _, entry := range []string{"lock/example.org", "change-log.jsonl", "runs/01B/plan.json", "runs/01B/journal.jsonl"} {
		t.Run(entry, func(t *testing.T) {
			dir := used(t)
			target := filepath.Join(t.TempDir(), "target")
			write(t, target, "")
			path := filepath.Join(dir, filepath.FromSlash(entry))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.RemoveAll(path), os.Symlink(target, path)); err != nil {
				t.Fatal(err)
			}
			release, lockErr := AcquireLocks(dir, []LockName{{Zone: "example.org."}}, holder)
			if lockErr == nil {
				defer release()
			}
			_, _, logErr := AppendChanges(dir, []Change{newEntry()})
			_, runErr := createIn(filepath.Join(dir, RunsDir, "01B"))
			if lockErr == nil && logErr == nil && runErr == nil {
				t.Error("no error")
			}
			if b, err := os.ReadFile(target); err != nil || len(b) > 0 {
				t.Errorf("written through the link: %q, %v", b, err)
			}
		})
	}
}

func newEntry() Change { return entry("01B", "c1") }

// createIn makes a run's files in a folder that is there.
func createIn(dir string) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := writeNew(filepath.Join(dir, PlanFile), []byte("{}"), openFile); err != nil {
		return nil, err
	}
	w, err := create(dir, Event{At: now, Kind: Begin}, openFile)
	if err == nil {
		err = w.Close()
	}
	return w, err
}

// The modes are 0700 and 0600 whatever the umask is.
func TestModesUnderAnyUmask(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, umask := range []string{"0", "022", "0277", "0777"} {
		t.Run(umask, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			cmd := exec.CommandContext(t.Context(), exe, dir)
			cmd.Env = append(os.Environ(), childEnv+"=umask", umaskEnv+"="+umask)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			for path, want := range map[string]os.FileMode{
				".": 0o700, "runs": 0o700, "runs/01A": 0o700, "runs/01A/plan.json": 0o600, "runs/01A/journal.jsonl": 0o600,
				"lock": 0o700, "lock/example.org": 0o600, "change-log.jsonl": 0o600, "change-log.md": 0o600,
			} {
				if m := mode(t, filepath.Join(dir, path)); m != want {
					t.Errorf("%s: mode %o, want %o", path, m, want)
				}
			}
		})
	}
}
