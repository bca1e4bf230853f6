package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// childEnv makes the test binary act as another process: its value is the act
// and the folder.
const childEnv = "DNSPLAN_JOURNAL_CHILD"

func TestMain(m *testing.M) {
	if act := os.Getenv(childEnv); act != "" {
		if err := child(act, os.Args[len(os.Args)-1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// nobody is a user without rights.
const nobody = 65534

var errUnknownAct = errors.New("unknown act")

func child(act, dir string) error {
	switch act {
	case "append":
		return childAppend(dir)
	case "lock":
		return childLock(dir)
	case "open-state":
		return childOpenState()
	case "umask":
		return childUmask(dir)
	}
	return errUnknownAct
}

// childAppend appends until it is killed and says each number that was
// acknowledged.
func childAppend(dir string) error {
	_, w, _, err := Open(dir)
	if err != nil {
		return err
	}
	for {
		es, err := w.Append(Event{At: time.Now(), Kind: Start, Step: "s1", Message: "a message of some length"})
		if err != nil {
			return err
		}
		fmt.Println(es[0].Seq)
	}
}

// childOpenState gives root's rights up and opens the folder that it stands in,
// whose parents it may not be able to reach.
func childOpenState() error {
	if err := syscall.Setuid(nobody); err != nil {
		return err
	}
	return OpenState(".")
}

// umaskEnv is the umask of the act umask.
const umaskEnv = "DNSPLAN_JOURNAL_UMASK"

// childUmask makes all that a state folder holds, under another umask.
func childUmask(dir string) error {
	umask, err := strconv.ParseInt(os.Getenv(umaskEnv), 8, 32)
	if err != nil {
		return err
	}
	syscall.Umask(int(umask))
	if err := OpenState(dir); err != nil {
		return err
	}
	release, err := AcquireLocks(dir, []LockName{{Zone: "example.org."}}, Holder{Run: "01A"})
	if err != nil {
		return err
	}
	w, err := CreateRun(dir, "01A", []byte("{}"), Event{At: now, Kind: Begin})
	if err != nil {
		return err
	}
	_, _, err = AppendChanges(dir, []Change{entry("01A", "c1")})
	return errors.Join(err, w.Close(), release())
}

// childLock holds a lock until it is killed.
func childLock(dir string) error {
	release, err := AcquireLocks(dir, []LockName{{Zone: "example.org."}}, Holder{Run: "01DEAD", PID: os.Getpid(), Host: "h"})
	if err != nil {
		return err
	}
	fmt.Println("held")
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	<-signals // it is killed before one comes
	return release()
}

var now = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

// sample is a journal of five events, with odd contents.
func sample(t testing.TB) (dir string, events []Event) {
	t.Helper()
	dir = t.TempDir()
	w, err := create(dir, Event{At: now, Kind: Begin, Data: json.RawMessage(`{ "a" : [1, 2] }`)}, openFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []Event{
		{At: now, Kind: Start, Step: "s1", Zone: "example.org./internal", Message: "86400 -> 300"},
		{At: now.Add(time.Second), Kind: Wait, Step: "s2", Until: now.Add(48 * time.Hour)},
		{At: now, Kind: Failed, Step: "s1", Undo: true, Error: "line\nbreak \x00 \u2028 \"quoted\" \xff"},
		{At: now, Kind: End, Message: `,"crc":"00000000"}`},
	} {
		if _, err := w.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, readAll(t, dir)
}

func readAll(t testing.TB, dir string) []Event {
	t.Helper()
	events, err := Read(filepath.Join(dir, JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func mode(t testing.TB, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}
