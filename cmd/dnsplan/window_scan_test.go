package main

import (
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// Another machine, with its own state folder, closes a window whose machine is gone:
// not before its deadline unless it is told to, and not over what someone else has
// set.
func TestWindowScanZone(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.run("recover", "--scan-zone", "example.org", "--state-dir", "other").is(t, exitDone, "no record of example.org tells of a window")
	r.run("recover", "--scan-zone", "example.net").is(t, exitError, "example.net")
	r.run("recover", "--now").is(t, exitError, "--scan-zone")
	r.run("window", "open", "www.example.org").is(t, exitDone)
	r.kill(r.guardIn(), syscall.SIGKILL)
	r.run("recover", "--scan-zone", "example.org").is(t, exitDone, "of this state folder")
	r.run("recover", "--scan-zone", "example.org", "--state-dir", "other").is(t, exitDone, "may be open until", "--now closes it")
	if r.toggles() != "off" {
		t.Fatalf("it was closed: %q", r.toggles())
	}
	there, clock := r.later()
	clock.elapse(time.Hour)
	there.run("recover", "--scan-zone", "example.org", "--state-dir", r.path("other")).is(t, exitDone, "2 of 2 changes applied")
	r.closedOnce()
	r.run("recover", "--scan-zone", "example.org", "--state-dir", "other").is(t, exitDone, "no record of example.org tells of a window")
	there.run("recover").is(t, exitDone) // the machine is back, and finds it closed
	r.closedOnce()
}

// Told to, another machine closes a window before its deadline.
func TestWindowScanNow(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	p := r.opened()
	got := r.run("recover", "--scan-zone", "example.org", "--now", "--state-dir", "other", "--json").is(t, exitDone)
	if !strings.Contains(got.stdout, `"type":"summary"`) {
		t.Errorf("no summary:\n%s", got.stdout)
	}
	r.closedOnce()
	r.commandStops()
	p.wait().is(t, 128+int(syscall.SIGKILL))
	r.closedOnce()
}

// Another machine sees the window, and plans nothing at its names. Where it has set
// the TTL all the same, as an older dnsplan does, the window closes.
func TestWindowOfAnotherMachine(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	p := r.opened()
	for _, state := range []string{".dnsplan", "other"} {
		got := r.run("plan", "--detailed-exitcode", "--state-dir", state).is(t, exitDifferences, "Conflicts, apply refuses: 2")
		if flat := strings.Join(strings.Fields(got.stdout), " "); !strings.Contains(flat, "has the proxy off until") || !strings.Contains(flat, "dnsplan recover --scan-zone example.org)") {
			t.Errorf("the plan does not tell of the window:\n%s", got.stdout)
		}
		r.run("apply", "--auto-approve", "--state-dir", state).is(t, exitRefused, "an issuance window of run")
	}
	r.run("drift", "--state-dir", "other").is(t, exitDifferences, "has the proxy off until")
	if got := r.toggles(); got != "off" {
		t.Errorf("written: %q", got)
	}
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool {
		if x.ID != "a3" {
			x.TTL = 3600
		}
		return true
	})
	r.commandStops()
	p.wait().is(t, 128+int(syscall.SIGKILL), "proxied again")
	r.closedOnce()
	r.run("plan", "--detailed-exitcode", "--state-dir", "other").is(t, exitDifferences, "plain.example.org") // whose TTL is 300
}

// A window that could not be closed, because someone else has changed the record, is
// told of by check afterwards, here and on another machine.
func TestCheckOfAWindowLeftOpen(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	p := r.opened()
	r.run("check", "www.example.org", "--only", "X-BACK", "--state-dir", "other").is(t, exitDone, "is open, until")
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool {
		switch x.ID {
		case "a1":
			x.Content = "192.0.2.99"
		case "a2":
			x.Content = "2001:db8::99"
		}
		return true
	})
	r.commandStops()
	p.wait().is(t, exitPartly)
	r.run("check", "www.example.org", "--only", "X-BACK").is(t, exitDifferences, "fatal", "www 300 IN A 127.0.0.77 ; proxied", "Turn the proxy of www.example.org on by hand at the provider")
	r.run("recover").is(t, exitPartly, "Left open: the window of 1 run", "fatal", "X-BACK", "www 300 IN A 127.0.0.77 ; proxied", "Turn the proxy of www.example.org on by hand at the provider", "dnsplan rollback 01")
	if got := r.run("recover", "--json").is(t, exitPartly); !strings.Contains(got.stdout, `"left_open":true`) || !strings.Contains(got.stdout, `"check":"X-BACK"`) {
		t.Errorf("not told to machines:\n%s", got.stdout)
	}
	r.run("recover", "--windows").is(t, exitPartly, "Left open: the window of 1 run", "X-BACK", "dnsplan rollback 01")
	if got := r.run("recover", "--windows", "--json").is(t, exitPartly); !strings.Contains(got.stdout, `"left_open":true`) {
		t.Errorf("not told to machines:\n%s", got.stdout)
	}
	there, clock := r.later()
	clock.elapse(time.Hour)
	there.run("check", "www.example.org", "--only", "X-BACK", "--state-dir", r.path("other")).is(t, exitDifferences, "fatal", "and someone has changed its", "on by hand at the provider")
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool {
		x.Proxied = x.ID != "a3"
		return true
	})
	r.run("recover").is(t, exitDone, "Nothing to recover")
	r.run("recover", "--windows").is(t, exitDone, "Nothing to recover")
}

// What a window that was left open says next does what it says: nothing turns the proxy
// on over what someone else has set but a person, and rollback does once that is gone.
func TestRollbackOfAWindowLeftOpen(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	set := func(a, aaaa string) {
		r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool {
			switch x.ID {
			case "a1":
				x.Content = a
			case "a2":
				x.Content = aaaa
			}
			return true
		})
	}
	p := r.opened()
	set("192.0.2.99", "2001:db8::99")
	r.commandStops()
	next := strings.Join(strings.Fields(p.wait().is(t, exitPartly, "dnsplan check www.example.org --only X-BACK").stderr), " ")
	run := regexp.MustCompile("dnsplan rollback (01[0-9A-Z]+) turn the proxy on, once the addresses are again what they were").FindStringSubmatch(next)
	if run == nil {
		t.Fatalf("no such command in: %s", next)
	}
	there, _ := r.later()
	there.run("rollback", run[1], "--auto-approve").is(t, exitRefused, "turn the proxy of www.example.org on by hand at the provider; else set there what was before, and then: dnsplan rollback "+run[1])
	set(originV4, originV6)
	there.run("rollback", run[1], "--auto-approve").is(t, exitDone, "2 of 2 changes applied")
	if !r.proxied() {
		t.Errorf("live is %+v", r.fake.Records("example.org"))
	}
	there.run("recover", "--windows").is(t, exitDone, "Nothing to recover")
}

// Another machine does not close a window over an address that someone has set in it,
// of which the marker tells: it closes the others, and its exit code says that a person
// has to look. The marker stays until that person takes it out, or turns the proxy on.
func TestWindowScanOvertaken(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool {
		x.Proxied = true // plain, too
		return true
	})
	r.run("window", "open", "www.example.org", "plain.example.org").is(t, exitDone)
	r.kill(r.guardIn(), syscall.SIGKILL)
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool {
		if x.ID == "a1" {
			x.Content = "192.0.2.99"
		}
		return true
	})
	scan := func(args ...string) ended {
		return r.run(append([]string{"recover", "--scan-zone", "example.org", "--state-dir", "other"}, args...)...)
	}
	scan().is(t, exitDone, "www.example.org: its window", "someone has set A 192.0.2.99 in it, so that a person has to close it", "plain.example.org: its window", "--now closes it")
	const left = "the issuance window of www.example.org (run "
	first := scan("--now", "--json").is(t, exitPartly, left, "is left open, the proxy off: someone has set A 192.0.2.99 in it", "take what begins with dnsplan-window out of its comment")
	if !strings.Contains(first.stdout, `"exit_code":4`) {
		t.Errorf("the summary has another exit code:\n%s", first.stdout)
	}
	scan("--now").is(t, exitPartly, left)
	if got := scan("--now", "--json").is(t, exitPartly, left); !strings.Contains(got.stdout, `"exit_code":4`) || !strings.Contains(got.stdout, "is left open") {
		t.Errorf("the summary is another one:\n%s", got.stdout)
	}
	for _, x := range r.fake.Records("example.org") {
		if ours := x.ID == "a3"; x.Proxied != ours || strings.Contains(x.Comment, "dnsplan-window") == ours {
			t.Errorf("%+v", x)
		}
	}
	r.run("window", "close").is(t, exitPartly, "someone else has set 192.0.2.99")
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool {
		x.Comment = ""
		return true
	})
	scan("--now").is(t, exitDone, "no record of example.org tells of a window")
}

// A scan that leaves a window to a person says so whatever else has come of it, and a
// signal's code stays that.
func TestWindowScanOvertakenCode(t *testing.T) {
	f := &scanning{left: []plan.Marked{{Name: "www.example.org."}}}
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, exitPartly},
		{silent(exitError), exitPartly},
		{silent(exitPartly), exitPartly},
		{silent(exitTerminated), exitTerminated},
		{refused("held"), exitPartly},
		{journal.ErrBusy, exitPartly},
	} {
		err := f.overtaken(tt.err)
		if got := codeOf(t.Context(), err); got != tt.want || !as[*overtakenError](err) {
			t.Errorf("%v: %d, %v, want %d", tt.err, got, err, tt.want)
		}
	}
}
