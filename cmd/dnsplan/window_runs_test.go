package main

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

const windowRun = "01KAR5TQ6B8M2J4Z7XW9C3D5EF"

// issuance is a saved plan of an issuance window over www.example.org.
func issuance(t *testing.T, w plan.Window) []byte {
	t.Helper()
	www := zone.RRset{
		Key: zone.Key{Name: "www.example.org.", Type: zone.A}, TTL: zone.AutoTTL, Auto: true, Proxied: true,
		Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
	}
	p, err := plan.BuildWindow([]plan.WindowZone{{
		Desired: &plan.Desired{ZoneRef: plan.ZoneRef{Zone: "example.org."}, Provider: "files"},
		Live:    &zone.Snapshot{Zone: "example.org.", RRsets: []zone.RRset{www}},
		Names:   []zone.Name{www.Name}, Proxy: true, Comments: true,
	}}, w, plan.Policy{Timeout: 600}, plan.Origin{ID: windowRun, Created: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := plan.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// ranAWindow is a program in whose state folder there is a run of an issuance window
// that has come as far as these events.
func ranAWindow(t *testing.T, w plan.Window, events ...journal.Event) *program {
	t.Helper()
	p := newProgram(t, "")
	state := p.path(".dnsplan")
	if err := journal.OpenState(state); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	writer, err := journal.CreateRun(state, windowRun, issuance(t, w), journal.Event{At: at, Kind: journal.Begin})
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		if events[i].At = at; events[i].Step != "" && events[i].Kind != journal.Start {
			events[i].Zone = "example.org."
		}
	}
	if _, err := writer.Append(events...); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}

// ready are the events of a window that is open.
func ready() (out []journal.Event) {
	for _, step := range []string{"s1", "s2", "s3", "s4", "s5"} {
		out = append(out, journal.Event{Kind: journal.Start, Step: step}, journal.Event{Kind: journal.Done, Step: step})
	}
	return out
}

// A saved plan of a window is shown, and not applied.
func TestApplyRefusesAWindow(t *testing.T) {
	p := newProgram(t, "")
	if err := os.WriteFile(p.path("renewal.plan"), issuance(t, plan.Window{Deadline: 1200, Ready: 60, Command: "certbot"}), 0o600); err != nil {
		t.Fatal(err)
	}
	p.run("apply", p.path("renewal.plan")).is(t, exitRefused, "is the plan of an issuance window", "dnsplan window NAME... -- CMD...")
	p.run("show", p.path("renewal.plan")).is(t, exitDone, "dnsplan will turn the proxy of www.example.org off, run certbot, and turn it on")
	if _, err := os.Stat(filepath.Join(p.path(".dnsplan"), journal.RunsDir)); err == nil {
		t.Error("there is a run")
	}
}

// The open window of a hook is nobody's to recover before its deadline.
func TestRecoverLeavesAHooksWindow(t *testing.T) {
	p := ranAWindow(t, plan.Window{Deadline: 1200, Ready: 60, Hook: true}, ready()...)
	if runs := p.runs(); len(runs) != 1 || runs[0].State != "open" {
		t.Errorf("runs: %+v", runs)
	}
	p.run("show", "last").is(t, exitDone, "open", "the proxy is off since 06:00:00 UTC, until 06:20:00 UTC at the latest")
	p.run("recover").is(t, exitDone, windowRun+": open, left as it is")
}

// What a window has left open is not done again by resume: there is nothing that is
// to stay.
func TestResumeOfAWindowThatHasEnded(t *testing.T) {
	left := append(ready(),
		journal.Event{Kind: journal.Start, Step: "s6"},
		journal.Event{Kind: journal.Failed, Step: "s6", Error: "no such file", Data: json.RawMessage(`{"class":"refused"}`)},
		journal.Event{Kind: journal.Start, Step: "s3", Undo: true},
		journal.Event{Kind: journal.Failed, Step: "s3", Undo: true, Error: "left as it is", Data: json.RawMessage(`{"class":"moved","left":["c1"]}`)},
		journal.Event{Kind: journal.End},
	)
	p := ranAWindow(t, plan.Window{Deadline: 1200, Ready: 60, Command: "certbot"}, left...)
	p.run("show", "last").is(t, exitDone, "failed", "is not on again everywhere", "the command was not run", "dnsplan rollback "+windowRun)
	p.run("resume", windowRun).is(t, exitError, "the run has ended")
	if n := len(p.runs()); n != 1 {
		t.Errorf("%d runs", n)
	}
}

// Cancel interrupts the process of a window, which closes it by itself.
func TestCancelOfAWindowUnderWay(t *testing.T) {
	r := newWindowRig(t)
	first := r.start("window", "www.example.org", "--force", "--", "sh", "-c", "echo > begun; sleep 600")
	r.commandRuns("begun")
	r.run("cancel", "last").is(t, exitDone, "interrupting process "+strconv.Itoa(first.Process.Pid), "cancelled", "the proxy was off for")
	if got := first.wait(); got.code != exitInterrupted {
		t.Errorf("the first process ended with %d\n%s", got.code, got.stderr)
	}
	r.closedOnce()
}

// A window that could not be closed in time holds, and recover tries again: there is
// nothing that a person has to decide.
func TestRecoverOfAWindowThatHolds(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.abandon(r.opened())
	run, err := journal.FindRun(r.path(".dnsplan"), "last")
	if err != nil {
		t.Fatal(err)
	}
	_, writer, _, err := run.Open()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if _, err := writer.Append(
		journal.Event{At: now, Kind: journal.Cancel}, journal.Event{At: now, Kind: journal.Start, Step: "s3", Undo: true},
		journal.Event{At: now, Kind: journal.Hold, Step: "s3", Undo: true, Zone: "example.org.", Error: "no answer", Data: json.RawMessage(`{"class":"unreachable"}`)},
	); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	here, _ := r.later()
	if held, err := config.Reader(config.Settings{StateDir: r.path(".dnsplan")}, here.clock).Show(t.Context(), "last"); err != nil || held.Result.Outcome != execute.OutcomeHeld {
		t.Fatalf("%s, %v", held.Result.Outcome, err)
	}
	r.run("recover", "--windows").is(t, exitDone, "proxied again")
	r.closedOnce()
}
