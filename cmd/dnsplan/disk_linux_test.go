package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// diskPages is the size of a small disk; a file takes a page at least.
const diskPages = 24

// smallDisk mounts a disk of a few pages, where that is allowed.
func smallDisk(t *testing.T, pages int) string {
	t.Helper()
	dir := t.TempDir()
	size := fmt.Sprintf("size=%d", pages*os.Getpagesize())
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, size); err != nil {
		t.Skipf("mount: %v", err)
	}
	t.Cleanup(func() {
		err := error(syscall.EBUSY)
		eventually(t, "nobody has a file of the disk open", func() bool { // a guard ends by itself
			err = syscall.Unmount(dir, 0)
			return !errors.Is(err, syscall.EBUSY)
		})
		if err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// fill leaves some pages of a small disk free.
func fill(t *testing.T, dir string, free int) {
	t.Helper()
	ballast := make([]byte, os.Getpagesize())
	f, err := os.Create(filepath.Join(dir, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(ballast)
	}
	info, statErr := f.Stat()
	if statErr != nil {
		t.Fatal(statErr)
	}
	if err := f.Truncate(info.Size() - int64(free*os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// The state folder's disk is full, sooner or later: either nothing was written
// to the zone, or a run tells of it; and with room again all goes on.
func TestFullStateDisk(t *testing.T) {
	for free := range 12 {
		t.Run(strconv.Itoa(free), func(t *testing.T) {
			p, disk := newProgram(t, ""), smallDisk(t, diskPages)
			before := p.read("zones/example.org.zone")
			state := filepath.Join(disk, "state")
			fill(t, disk, free)
			got := p.run("apply", "--auto-approve", "--state-dir", state)
			if got.code == exitDone {
				t.Skip("that is room enough")
			}
			got.is(t, exitError, "no space left on device")
			changed := p.read("zones/example.org.zone") != before
			if err := os.Remove(filepath.Join(disk, "ballast")); err != nil {
				t.Fatal(err)
			}
			if changed {
				p.run("resume", "last", "--state-dir", state).is(t, exitDone)
			} else {
				p.run("apply", "--auto-approve", "--state-dir", state).is(t, exitDone)
			}
			p.run("plan", "--detailed-exitcode", "--state-dir", state).is(t, exitDone, "No changes.")
		})
	}
}

// The zone's disk is full: the zone stays as it is.
func TestFullZoneDisk(t *testing.T) {
	p, disk := newProgram(t, ""), smallDisk(t, diskPages)
	zones := filepath.Join(disk, "example.org.zone")
	before := p.read("zones/example.org.zone")
	if err := os.WriteFile(zones, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	p.write("inventory.toml", strings.Replace(p.read("inventory.toml"), `"zones"`, strconv.Quote(disk), 1))
	fill(t, disk, 0)
	p.run("apply", "--auto-approve").is(t, exitError, "no space left on device", "0 of 2 changes applied")
	after, err := os.ReadFile(zones)
	if err != nil || string(after) != before {
		t.Errorf("the zone is now %q, %v", after, err)
	}
	p.run("plan", "-o", filepath.Join(disk, "move.plan")).is(t, exitError, "no space left on device")
	left, err := filepath.Glob(filepath.Join(disk, "*plan*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The disk fills, or becomes read-only, while a staged run waits: the run says
// so, as soon as it needs a new page, and with a good disk it comes to its end.
// That nothing is written behind an entry that failed is in engine/embedded.
func TestTheDiskFailsDuringARun(t *testing.T) {
	remount := func(t *testing.T, disk string, flags uintptr) {
		t.Helper()
		if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|flags, ""); err != nil {
			t.Skipf("remount: %v", err)
		}
	}
	tests := map[string]struct {
		spoil, mend func(t *testing.T, disk string)
		says        string
	}{
		"full": {
			func(t *testing.T, disk string) { fill(t, disk, 0) },
			func(t *testing.T, disk string) {
				if err := os.Remove(filepath.Join(disk, "ballast")); err != nil {
					t.Fatal(err)
				}
			},
			"no space left on device",
		},
		// An open file keeps a disk from becoming read-only, so it is the journal's
		// next process that meets it.
		"read-only": {
			func(t *testing.T, disk string) {},
			func(t *testing.T, disk string) { remount(t, disk, 0) },
			"read-only file system",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, disk := newProgram(t, ""), smallDisk(t, diskPages)
			p.staged()
			state := filepath.Join(disk, "state")
			ctx, stop := context.WithCancelCause(t.Context())
			var then string
			p.atFirstWait(func() {
				then = p.read("zones/example.org.zone")
				tt.spoil(t, disk)
				if name == "read-only" {
					stop(signalled{os.Interrupt})
				}
			})
			got := p.runWith(ctx, "apply", "--auto-approve", "--state-dir", state)
			if name == "read-only" {
				got.is(t, exitInterrupted)
				remount(t, disk, syscall.MS_RDONLY)
				got = p.run("resume", "last", "--state-dir", state)
				p.run("apply", "--auto-approve", "--state-dir", state).is(t, exitError, tt.says)
			}
			got.is(t, exitError, tt.says)
			if now := p.read("zones/example.org.zone"); name == "read-only" && now != then {
				t.Errorf("written behind the failure: %q", now)
			}
			tt.mend(t, disk)
			p.run("resume", "last", "--state-dir", state).is(t, exitDone, "2 of 2 changes applied")
			p.run("plan", "--detailed-exitcode", "--state-dir", state).is(t, exitDone, "No changes.")
			p.run("log", "--verify", "--state-dir", state).is(t, exitDone, "as it was written: 2 entries")
		})
	}
}

// The command of a window removes the state folder: the window closes all the same, and
// nobody is told to go on with a run that is gone.
func TestWindowWithoutItsState(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--json=false", "--json"} {
		r := newWindowRig(t)
		got := r.run("window", "www.example.org", flag, "--", "rm", "-r", r.path(".dnsplan")).is(t, exitDone,
			"warning: the issuance window of www.example.org is closed, and the proxy on, but that could not all be written down: ",
			"; its run is gone from the state folder, and nothing is left to do\n")
		r.closedOnce()
		if said := got.stdout + got.stderr; strings.Contains(said, "dnsplan resume") || strings.Contains(said, "dnsplan recover") {
			t.Errorf("said:\n%s", said)
		}
	}
}

// The command of a window fills the disk of the state folder: the window closes all the
// same, by the room that was kept for that, whoever closes it.
func TestWindowFullDisk(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]string{"its process goes on": "true", "its process is killed": "kill -9 $PPID"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, disk := newWindowRig(t), smallDisk(t, 256)
			state := filepath.Join(disk, "state")
			got := r.run("window", "www.example.org", "--state-dir", state, "--", "sh", "-c", "dd if=/dev/zero bs=4096 of="+filepath.Join(disk, "ballast")+"; "+then)
			if !strings.Contains(got.stderr, "No space left on device") {
				t.Fatalf("the disk is not full:\n%s", got.stderr)
			}
			eventually(t, "the window closes", r.proxied)
			eventually(t, "its mark goes", func() bool {
				marks, err := filepath.Glob(filepath.Join(state, "windows", "*"))
				return err == nil && len(marks) == 0
			})
			r.closedOnce()
			if kept, err := filepath.Glob(filepath.Join(state, "runs", "*", "room")); err != nil || len(kept) > 0 {
				t.Errorf("%v, %v", kept, err)
			}
		})
	}
}

// Something else takes the room that was given free, once the proxy is on again: the
// command's code is passed on, and nobody says that the proxy is off. With room the run
// comes to its end.
func TestWindowFullDiskBehindIt(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--json=false", "--json"} {
		for _, code := range []int{exitDone, 5} {
			t.Run(fmt.Sprint(flag, code), func(t *testing.T) {
				t.Parallel()
				r, disk := newWindowRig(t), smallDisk(t, 256)
				closing, letGo := r.heldClosing()
				state := filepath.Join(disk, "state")
				p := r.start("window", "www.example.org", flag, "--state-dir", state, "--", "sh", "-c", fmt.Sprint("exit ", code))
				<-closing
				fill(t, disk, 0)
				letGo()
				got := p.wait().is(t, code, "warning: the issuance window of www.example.org is closed, and the proxy on, but that could not all be written down: ",
					"no space left on device; make room on the disk of the state folder, and then: dnsplan recover --state-dir")
				r.kill(r.guardIn(), syscall.SIGKILL)
				r.closedOnce()
				said := got.stdout + got.stderr
				if strings.Contains(said, "the proxy is off") || strings.Contains(said, "turn the proxy on") || !strings.Contains(said, "the window is closed, and the proxy on") {
					t.Errorf("said:\n%s", said)
				}
				if flag == "--json" && !strings.Contains(got.stdout, fmt.Sprintf(`"exit_code":%d,`, code)) {
					t.Errorf("the summary has another exit code:\n%s", got.stdout)
				}
				if err := os.Remove(filepath.Join(disk, "ballast")); err != nil {
					t.Fatal(err)
				}
				r.run("recover", "--state-dir", state).is(t, exitDone)
				r.run("runs", "--state-dir", state).is(t, exitDone, "done")
				r.closedOnce()
			})
		}
	}
}
