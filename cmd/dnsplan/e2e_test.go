package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

// The end-to-end tests run the program against BIND as the primary with TSIG,
// Knot as its secondary and Unbound as the caches that clients ask: real
// servers, unprivileged, on loopback. Some move the caches' clock and the
// program's together instead of waiting.

// afterwards is how many visits through each cache are made after success.
const afterwards = 15

// A staged change is not seen by anybody: from the moment that apply reports
// success no client is led to the old server, which is stopped right then.
func TestE2EStaged(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedOptions{ttl: 12, settle: "2s", timeout: "2m"})
	before := b.primary.AXFR(e2eZone)
	w := newWeb(t)
	b.prime()
	p := b.poll(w)
	o := b.want(exitDone, "apply", "--auto-approve", "--reason", "new rack", "--ticket", "OPS-7")
	w.old.Close()
	p.until(afterwards, o.ended)
	visits := p.done()

	stale, failed := judge(visits, o.ended)
	if len(stale) > 0 || len(failed) > 0 {
		t.Errorf("old answers after success: %v\nfailed visits: %v", stale, failed)
	}
	b.timeline(b.lastRun(), visits, o)
	b.waitedOut(b.lastRun(), 12*time.Second)
	b.updates(oldAddr, newAddr, newAddr)
	b.nothingElse(before)
	b.backedUp()
	b.logged(b.lastRun())
	b.want(exitDone, "verify")
	b.want(exitDone, "plan", "--detailed-exitcode")
	b.want(exitDone, "apply", "--auto-approve")
	b.updates(oldAddr, newAddr, newAddr)
}

// The wait for the old TTL begins when the last authoritative server has
// stopped to give it out, and not when the provider took the change: while the
// secondary is frozen, caches go on fetching the old TTL from it.
func TestE2EFrozenSecondary(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedOptions{ttl: 12, settle: "2s", timeout: "2m"})
	w := newWeb(t)
	b.secondary.Freeze()
	b.prime()
	p := b.poll(w)
	wait := b.begin("apply", "--auto-approve")
	dnsd.Eventually(t, "the primary has the lowered TTL", func() bool {
		ttl, _ := b.primary.Answer(dns.TypeA, e2eName)
		return ttl == 2
	})
	p.until(20, time.Now()) // four seconds of life go on
	for _, e := range b.lastRun().Events {
		if e.Kind == journal.Wait {
			t.Errorf("the wait began at %v, while the secondary was frozen", e.At)
		}
	}
	ttl, _ := b.secondary.Answer(dns.TypeA, e2eName)
	frozenUntil := time.Now()
	if ttl != 12 {
		t.Errorf("the frozen secondary gives TTL %d", ttl)
	}
	b.secondary.Thaw()
	o := wait()
	if o.code != exitDone {
		t.Fatal(o)
	}
	w.old.Close()
	p.until(afterwards, o.ended)
	visits := p.done()

	if stale, failed := judge(visits, o.ended); len(stale) > 0 || len(failed) > 0 {
		t.Errorf("old answers after success: %v\nfailed visits: %v", stale, failed)
	}
	r := b.lastRun()
	b.timeline(r, visits, o)
	if began := at(t, r, moment{plan.StepSwitch, 1, journal.Start}).At; began.Before(frozenUntil.Add(12 * time.Second)) {
		t.Errorf("switched at %v, while caches could hold what the secondary gave out until %v", began, frozenUntil)
	}
	b.waitedOut(r, 12*time.Second)
	b.updates(oldAddr, newAddr, newAddr)
}

// Without the sequence the same poller does see old answers, and clients that
// find nobody there: so the tests above can fail.
func TestE2EDirect(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedOptions{ttl: 120, settle: "2s", timeout: "2m"})
	w := newWeb(t)
	b.prime()
	p := b.poll(w)
	o := b.want(exitDone, "apply", "--auto-approve", "--strategy", "direct")
	w.old.Close()
	p.until(afterwards, o.ended)

	stale, failed := judge(p.done(), o.ended)
	if len(stale) < len(b.caches)*afterwards {
		t.Errorf("%d visits through %d caches were led to the old server, want all of them", len(stale), len(b.caches))
	}
	if len(failed) == 0 {
		t.Error("no request failed although the old server was stopped")
	}
	b.updates(newAddr)
}

// timeline says how the run went, in seconds from its beginning.
func (b *testbed) timeline(r engine.Run, visits []visit, o output) {
	b.t.Helper()
	began := r.Events[0].At
	var lastOld time.Time
	for _, v := range visits {
		if v.addr == oldAddr {
			lastOld = v.asked
		}
	}
	when := func(m moment) time.Time { return at(b.t, r, m).At }
	for _, l := range []struct {
		what string
		at   time.Time
	}{
		{"TTL lowered at the primary", when(moment{plan.StepLower, 1, journal.Done})},
		{"all servers had the lowered TTL", when(moment{plan.StepPropagate, 1, journal.Done})},
		{"the wait ended", when(moment{plan.StepExpire, 1, journal.Done})},
		{"switched at the primary", when(moment{plan.StepSwitch, 1, journal.Done})},
		{"all servers had the new address", when(moment{plan.StepPropagate, 2, journal.Done})},
		{"last old answer of a cache", lastOld},
		{"verified", when(moment{plan.StepVerify, 1, journal.Done})},
		{"TTL raised", when(moment{plan.StepRaise, 1, journal.Done})},
		{"success reported", o.ended},
	} {
		b.t.Logf("%7.2f s  %s", l.at.Sub(began).Seconds(), l.what)
	}
	b.t.Logf("%d visits through %d caches", len(visits), len(b.caches))
}

// waitedOut checks the order of the staged sequence against the old TTL.
func (b *testbed) waitedOut(r engine.Run, old time.Duration) {
	b.t.Helper()
	agreed := at(b.t, r, moment{plan.StepPropagate, 1, journal.Done}).At
	deadline := at(b.t, r, moment{plan.StepExpire, 1, journal.Wait}).Until
	switched := at(b.t, r, moment{plan.StepSwitch, 1, journal.Start}).At
	raised := at(b.t, r, moment{plan.StepRaise, 1, journal.Start}).At
	verified := at(b.t, r, moment{plan.StepVerify, 1, journal.Done}).At
	if !deadline.Equal(agreed.Add(old + execute.Margin)) {
		b.t.Errorf("waited until %v, want the old TTL and the margin after %v", deadline, agreed)
	}
	if switched.Before(deadline) || raised.Before(verified) {
		b.t.Errorf("switched %v before %v, or raised %v before %v", switched, deadline, raised, verified)
	}
}

// nothingElse checks that the zone is as before but for the name and the serial.
func (b *testbed) nothingElse(before []string) {
	b.t.Helper()
	others := func(lines []string) []string {
		return slices.DeleteFunc(lines, func(l string) bool {
			return strings.HasPrefix(l, e2eName+".") || strings.Contains(l, "\tSOA\t")
		})
	}
	was, is := others(before), others(b.primary.AXFR(e2eZone))
	if !slices.Equal(was, is) {
		b.t.Errorf("other records changed:\n%s\nto:\n%s", strings.Join(was, "\n"), strings.Join(is, "\n"))
	}
	if ttl, data := b.primary.Answer(dns.TypeA, e2eName); ttl != 12 || !slices.Equal(data, []string{newAddr}) {
		b.t.Errorf("the primary ends with %v (TTL %d)", data, ttl)
	}
}

// backedUp checks that the zone as it was before can be loaded by a server.
func (b *testbed) backedUp() {
	b.t.Helper()
	files, err := filepath.Glob(b.path(".dnsplan/backups/*.zone"))
	if err != nil || len(files) != 1 {
		b.t.Fatalf("backups: %v %v", files, err)
	}
	program := needs.Program(b.t, "named-checkzone", "bind9-utils")
	out, err := exec.CommandContext(b.t.Context(), program, "-D", "-o", "-", e2eZone, files[0]).CombinedOutput()
	if err != nil || !strings.Contains(string(out), oldAddr) || strings.Contains(string(out), newAddr) {
		b.t.Errorf("named-checkzone: %v: %s", err, out)
	}
}

// logged checks the change log as people and machines get it.
func (b *testbed) logged(r engine.Run) {
	b.t.Helper()
	var c journal.Change
	out := b.want(exitDone, "log", "--json").stdout
	if err := json.Unmarshal([]byte(out), &c); err != nil {
		b.t.Fatalf("%v: %s", err, out)
	}
	if c.Run != r.ID || c.Name != e2eName+"." || !slices.Equal(c.OldValues, []string{oldAddr}) || !slices.Equal(c.NewValues, []string{newAddr}) ||
		c.OldTTL != 12 || c.NewTTL != 12 || c.Reason != "new rack" || c.Ticket != "OPS-7" || c.By != "operator" {
		b.t.Errorf("change log: %+v", c)
	}
	if len(c.VerifiedBy) != len(b.caches)+len(b.authoritative()) {
		b.t.Errorf("verified by %q", c.VerifiedBy)
	}
	text := b.want(exitDone, "log").stdout
	for _, want := range []string{e2eName, oldAddr, newAddr, "OPS-7", "new rack"} {
		if !strings.Contains(text, want) {
			b.t.Errorf("dnsplan log does not say %q:\n%s", want, text)
		}
	}
}
