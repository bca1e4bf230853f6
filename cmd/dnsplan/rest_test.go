package main

import (
	"encoding/json"
	"strings"
	"testing"
)

const netSite = `
[[zone]]
name     = "example.net"
provider = "files"
servers  = []
[[zone.record]]
name = "www"
a    = ["203.0.113.22"]
`

const netZone = `$ORIGIN example.net.
$TTL 3600
@	3600 IN SOA ns1 hostmaster 1 7200 900 1209600 300
@	3600 IN NS ns1.example.org.
www	300 IN A 192.0.2.22
api	300 IN A 192.0.2.23
`

// partlyDone is a run of two zones of which one is done, and one failed because the
// service there was not up, which it is by now.
func partlyDone(t *testing.T) (p *program, w *webServer, run string) {
	t.Helper()
	w = newWebServer(t, 0)
	p = newProgram(t, probedSite(files, "", w.addr)+netSite)
	p.write("zones/example.net.zone", netZone)
	p.run("apply", "--auto-approve", "--reason", "new site", "--ticket", "OPS-4").is(t, exitPartly, "1 of 2 changes applied")
	w.well.Store(1 << 40)
	return p, w, p.runs()[0].ID
}

type listedRun struct {
	ID, State, Reason string
}

// runs are the program's runs, newest first.
func (p *program) runs() []listedRun {
	p.t.Helper()
	var list struct{ Runs []listedRun }
	out := p.run("runs", "--json").is(p.t, exitDone)
	if err := json.Unmarshal([]byte(out.stdout), &list); err != nil {
		p.t.Fatalf("runs: %v\n%s", err, out.stdout)
	}
	return list.Runs
}

// resume does only the rest of a run that has ended, and asks nobody.
func TestResumeDoesTheRest(t *testing.T) {
	p, w, id := partlyDone(t)
	done := p.read("zones/example.net.zone")
	p.run("resume", id).is(t, exitDone, "The rest of run "+id+": what it has not applied.", "1 of 1 change applied")
	if !strings.Contains(p.read("zones/example.org.zone"), w.addr.Addr().String()) {
		t.Error("the rest was not applied")
	}
	if p.read("zones/example.net.zone") != done {
		t.Error("what was done was written again")
	}
	if runs := p.runs(); len(runs) != 2 || runs[0].State != "done" || runs[0].Reason != "new site" {
		t.Errorf("runs: %+v", runs)
	}
	p.run("show", "last").is(t, exitDone, "✓ done", "OPS-4")
	p.run("log", "--verify").is(t, exitDone)
	p.run("resume", id).is(t, exitDone, "nothing of it is left to do")
	p.run("resume", "last").is(t, exitError, "the run has ended")
	if n := len(p.runs()); n != 2 {
		t.Errorf("%d runs: one that does nothing is none", n)
	}
	p.run("plan", "--detailed-exitcode").is(t, exitDone)
}

// It goes wrong again, and can be resumed again.
func TestResumeOfTheRest(t *testing.T) {
	p, w, _ := partlyDone(t)
	w.well.Store(0)
	p.run("resume", "last").is(t, exitError, "0 of 1 change applied")
	w.well.Store(1 << 40)
	p.run("resume", "last").is(t, exitDone, "1 of 1 change applied")
	if n := len(p.runs()); n != 3 {
		t.Errorf("%d runs", n)
	}
}

// A value that someone else has set since is not overwritten; --accept-live leaves
// it.
func TestResumeOfTheRestKeepsTheirs(t *testing.T) {
	p, _, id := partlyDone(t)
	zone := p.read("zones/example.org.zone")
	var theirs strings.Builder
	for line := range strings.Lines(zone) {
		if f := strings.Fields(line); len(f) > 3 && f[0] == "www" && f[3] == "A" {
			line = "www\t600 IN A 198.51.100.5\n"
		}
		theirs.WriteString(line)
	}
	p.write("zones/example.org.zone", theirs.String())
	p.run("resume", id).is(t, exitRefused, "the run was to set: 127.0.0.1", "now: 198.51.100.5 (TTL 600), which someone else has set since",
		"hint: keep what is there and go on with the rest: dnsplan resume "+id+" --accept-live")
	if p.read("zones/example.org.zone") != theirs.String() {
		t.Error("it was overwritten")
	}
	p.run("resume", id, "--accept-live").is(t, exitDone, "[left-as-live]")
	if n := len(p.runs()); n != 1 || p.read("zones/example.org.zone") != theirs.String() {
		t.Errorf("%d runs", n)
	}
}

// Guards that stand in the way of the rest name what lifts them: no flag that resume
// has not.
func TestResumeOfTheRestThatAGuardRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ at, key, says string }{
		"protected": {"servers  = []", "servers = []\nprotect = [\"www\"]", "protected-name: www.example.org is protected in the inventory (allow with a new plan made with --allow-protected)"},
		"a freeze":  {"[check]", frozen + "[check]", "(allow with a new plan made with --ignore-windows)"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _, id := partlyDone(t)
			p.write("inventory.toml", strings.Replace(p.read("inventory.toml"), tt.at, tt.key, 1))
			before := p.read("zones/example.org.zone")
			p.run("resume", id).is(t, exitRefused, tt.says)
			if n := len(p.runs()); n != 1 || p.read("zones/example.org.zone") != before {
				t.Errorf("%d runs, or the zone was written", n)
			}
		})
	}
}

// frozen is a freeze that never ends.
const frozen = `
[[window]]
name = "freeze"
kind = "deny"
cron = "0 0 * * *"
duration = "24h"
timezone = "UTC"
zones = ["*"]
`

// What was switched in a freeze, because a flag allowed it, is named once more for the
// rest too.
func TestResumeOfTheRestInAFreeze(t *testing.T) {
	w := newWebServer(t, 0)
	p := newProgram(t, probedSite(files, "", w.addr)+netSite+frozen)
	p.write("zones/example.net.zone", netZone)
	p.run("apply", "--auto-approve", "--ignore-windows", "--confirm", "example.org", "--confirm", "example.net").is(t, exitPartly)
	w.well.Store(1 << 40)
	p.run("resume", "last").is(t, exitRefused, "name what it is about once more: --confirm example.org")
	p.run("resume", "last", "--confirm", "example.org").is(t, exitDone, "1 of 1 change applied")
}

// A cancelled run is over: who cancelled it has taken the approval back.
func TestResumeOfACancelledRun(t *testing.T) {
	p := newProgram(t, slowSite)
	p.background("apply", "--auto-approve")
	p.waiting()
	p.clock = system().clock
	p.run("cancel", "last").is(t, exitDone)
	p.run("resume", "last").is(t, exitError, "the run has ended")
}
