package plant_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

// script writes a program and returns how to run it.
func script(t *testing.T, text string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "place")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"/bin/sh", path}
}

func TestCommand(t *testing.T) {
	dir := t.TempDir()
	argv := append(script(t, `
case $2 in
plant) cat >"$1/$3" ;;
remove) rm -f "$1/$3" ;;
*) exit 9 ;;
esac
`), dir)
	p := plant.Command(argv, "", time.Minute)
	token := plant.NewToken()
	remove, err := p.Plant(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if got := tree(t, dir); !equal(got, []string{token.Name + " " + token.Body}) {
		t.Errorf("placed: %v", got)
	}
	for range 2 {
		if err := remove(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if got := tree(t, dir); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
	if p.Place().String() != "command /bin/sh" {
		t.Errorf("called %q", p.Place())
	}
}

// Relative paths start at the folder that is given, the program's too.
func TestCommandInFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "place"), []byte("#!/bin/sh\n[ $2 = remove ] && exec rm $1\ncat >$1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	token := plant.NewToken()
	remove, err := plant.Command([]string{"./place", "token"}, dir, time.Minute).Plant(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := os.ReadFile(filepath.Join(dir, "token")); err != nil || string(body) != token.Body {
		t.Errorf("body %q, %v", body, err)
	}
	if err := remove(t.Context()); err != nil {
		t.Error(err)
	}
}

// A planter makes no more connections at a time than sshd takes.
func TestCommandTakesTurns(t *testing.T) {
	dir := t.TempDir()
	p := plant.Command(append(script(t, `
mkdir "$1/$3"
ls -d "$1"/dnsplan-* | wc -l >>"$1/counts"
sleep 0.05
rmdir "$1/$3"
`), dir), "", time.Minute)
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			if err := plant.During(t.Context(), p, plant.NewToken(), func(context.Context) error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	counts, err := os.ReadFile(filepath.Join(dir, "counts"))
	if err != nil || len(strings.Fields(string(counts))) != 60 {
		t.Fatalf("%q, %v", counts, err)
	}
	for n := range strings.FieldsSeq(string(counts)) {
		if i, err := strconv.Atoi(n); err != nil || i > 8 {
			t.Errorf("%s at once", n)
		}
	}
}

// A placement that fails may have done its work all the same: it is undone.
func TestCommandFails(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	argv := script(t, `echo "$1" >>`+log+`
[ "$1" = remove ] || { echo "a note
permission	denied" >&2; exit 3; }
`)
	_, err := plant.Command(argv, "", time.Minute).Plant(t.Context(), plant.NewToken())
	if want := "place token with command /bin/sh: exit status 3: permission denied"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if text, _ := os.ReadFile(log); string(text) != "plant\nremove\n" {
		t.Errorf("ran %q", text)
	}
}

// A removal that fails is told, and tried again when it is asked for again.
func TestCommandCannotRemove(t *testing.T) {
	p := plant.Command(script(t, `[ "$1" = plant ] || { echo gone; exit 1; }`), "", time.Minute)
	remove, err := p.Plant(t.Context(), plant.NewToken())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := remove(t.Context()); err == nil || err.Error() != "remove token with command /bin/sh: exit status 1: gone" {
			t.Errorf("error %v", err)
		}
	}
}

func TestCommandDoesNotExist(t *testing.T) {
	_, err := plant.Command([]string{"no-such-program"}, "", time.Minute).Plant(t.Context(), plant.NewToken())
	if !errors.Is(err, exec.ErrNotFound) || strings.Contains(err.Error(), "remove") {
		t.Errorf("error %v", err)
	}
}

// A program that hangs is ended, with what it has started.
func TestCommandHangs(t *testing.T) {
	dir := t.TempDir()
	argv := script(t, `[ "$1" = remove ] && exit 0
sh -c 'echo $$ >`+dir+`/child; exec sleep 600'
`)
	start := time.Now()
	_, err := plant.Command(argv, "", 500*time.Millisecond).Plant(t.Context(), plant.NewToken())
	if err == nil || !strings.Contains(err.Error(), "no end within 500ms") {
		t.Errorf("error %v", err)
	}
	if took := time.Since(start); took > 5*time.Minute {
		t.Errorf("took %v", took)
	}
	pid, err := os.ReadFile(filepath.Join(dir, "child"))
	if err != nil {
		t.Skip("the child had not started yet")
	}
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("no /proc here")
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		state, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/stat")
		if err != nil || strings.Contains(string(state), ") Z ") {
			return
		}
	}
	t.Error("the child still runs")
}

// Something that goes on in the background and holds the output, as a shared
// connection of ssh does, is waited for briefly and left alone.
func TestCommandLeavesSomething(t *testing.T) {
	dir := t.TempDir()
	argv := script(t, `[ "$1" = remove ] && { kill $(cat `+dir+`/child); exit; }
sleep 600 & echo $! >`+dir+`/child
`)
	remove, err := plant.Command(argv, "", time.Minute).Plant(t.Context(), plant.NewToken())
	if err != nil {
		t.Fatal(err)
	}
	if err := remove(t.Context()); err != nil { // the kill fails where nothing runs
		t.Error(err)
	}
}
