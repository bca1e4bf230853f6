package journal

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestOpenStateMakesAndTakesAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 {
		if err := OpenState(dir + "/"); err != nil {
			t.Fatal(err)
		}
	}
	if m := mode(t, dir); m != 0o700 {
		t.Errorf("mode %o", m)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := OpenState(dir); err != nil {
		t.Errorf("readable by others: %v", err)
	}
}

func TestOpenStateRefuses(t *testing.T) {
	tests := map[string]struct {
		prepare func(t *testing.T, path string)
		want    string
	}{
		"a file": {func(t *testing.T, path string) { write(t, path, "") }, "not a folder"},
		"a symbolic link": {func(t *testing.T, path string) {
			if err := os.Symlink(t.TempDir(), path); err != nil {
				t.Fatal(err)
			}
		}, "symbolic link"},
		"group-writable": {func(t *testing.T, path string) { mkdirMode(t, path, 0o770) }, "run: chmod 700 "},
		"world-writable": {func(t *testing.T, path string) { mkdirMode(t, path, 0o707) }, "mode 0707"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state")
			tt.prepare(t, path)
			err := OpenState(path)
			if _, ok := errors.AsType[*StateError](err); !ok || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	if err := OpenState(filepath.Join(file, "state")); err == nil {
		t.Error("a folder within a file")
	}
}

func mkdirMode(t *testing.T, path string, m os.FileMode) {
	t.Helper()
	if err := errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, m)); err != nil {
		t.Fatal(err)
	}
}

func TestOpenStateOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	dir := t.TempDir()
	giveAway(t, dir)
	if err := OpenState(dir); err == nil || !strings.Contains(err.Error(), "chown 0 ") {
		t.Error(err)
	}
}

func TestOpenStateThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	err := OpenState(dir)
	if os.Geteuid() == 0 {
		err = openStateAsNobody(t, dir)
	}
	if err == nil || !strings.Contains(err.Error(), "it cannot be written: permission denied") {
		t.Error(err)
	}
}

// openStateAsNobody opens dir in a child without root's rights.
// giveAway makes nobody the owner of dir, which the root of a user namespace
// that maps no further user cannot (user_namespaces(7)).
func giveAway(t *testing.T, dir string) {
	t.Helper()
	err := os.Chown(dir, nobody, nobody)
	if errors.Is(err, syscall.EINVAL) {
		t.Skipf("this root is alone in its user namespace: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func openStateAsNobody(t *testing.T, dir string) error {
	t.Helper()
	giveAway(t, dir)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), childEnv+"=open-state")
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	return errors.New(string(out))
}

var holder = Holder{Run: "01K0A", PID: 4711, Host: "ops1", Since: now, Command: "apply"}

func TestLocksAreAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	org, com := LockName{Zone: "example.org."}, LockName{Zone: "example.com."}
	internal := LockName{Zone: "example.org.", View: "internal"}
	release, err := AcquireLocks(dir, []LockName{org, org, internal}, holder)
	if err != nil {
		t.Fatal(err)
	}
	_, err = AcquireLocks(dir, []LockName{org, com}, Holder{Run: "01K0B"})
	held, ok := errors.AsType[*HeldError](err)
	if !ok || held.Name != org || held.Holder != holder {
		t.Fatalf("second run: %v", err)
	}
	const want = "lock example.org.: held by run 01K0A (apply, process 4711 on ops1, since 2026-11-23T06:00:00Z)"
	if err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	free, err := AcquireLocks(dir, []LockName{com}, holder)
	if err != nil {
		t.Fatalf("a lock of a refused run: %v", err)
	}
	for range 2 {
		if err := errors.Join(release(), free()); err != nil {
			t.Error(err)
		}
	}
	again, err := AcquireLocks(dir, []LockName{com, internal, org}, holder)
	if err != nil {
		t.Fatalf("behind release: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}

func TestLockFiles(t *testing.T) {
	dir := t.TempDir()
	names := []LockName{{Zone: "."}, {Zone: "0/25.2.0.192.in-addr.arpa."}, {Zone: "example.org.", View: "../../x"}}
	release, err := AcquireLocks(dir, names, holder)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		path := filepath.Join(dir, "lock", e.Name())
		if m := mode(t, path); m != 0o600 {
			t.Errorf("%s: mode %o", e.Name(), m)
		}
		got = append(got, e.Name())
	}
	if s := strings.Join(got, " "); s != "%2E 0%2F25.2.0.192.in-addr.arpa example.org@%2E.%2F..%2Fx" {
		t.Errorf("files %s", s)
	}
	if m := mode(t, filepath.Join(dir, "lock")); m != 0o700 {
		t.Errorf("folder's mode %o", m)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	if h := readHolder(filepath.Join(dir, "lock", "%2E")); h != (Holder{}) {
		t.Errorf("an idle lock names %+v", h)
	}
}

func TestAHolderThatIsNotWrittenYet(t *testing.T) {
	dir := t.TempDir()
	n := LockName{Zone: "example.org."}
	release, err := AcquireLocks(dir, []LockName{n}, holder)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for _, text := range []string{"", "{", "\x00\x00"} {
		write(t, filepath.Join(dir, "lock", "example.org"), text)
		_, err := AcquireLocks(dir, []LockName{n}, holder)
		if err == nil || err.Error() != "lock example.org.: held by another process" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestALockOfADeadProcessIsTakenOver(t *testing.T) {
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, dir)
	cmd.Env = append(os.Environ(), childEnv+"=lock")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatal(line, err)
	}
	names := []LockName{{Zone: "example.org."}}
	_, err = AcquireLocks(dir, names, holder)
	if held, ok := errors.AsType[*HeldError](err); !ok || held.Holder.PID != cmd.Process.Pid {
		t.Errorf("while it lives: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // says that it was killed
	if h := readHolder(filepath.Join(dir, "lock", "example.org")); h.Run != "01DEAD" {
		t.Errorf("the dead holder left %+v", h)
	}
	release, err := AcquireLocks(dir, names, holder)
	for deadline := time.Now().Add(2 * time.Minute); err != nil && time.Now().Before(deadline); {
		release, err = AcquireLocks(dir, names, holder)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}
