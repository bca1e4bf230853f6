package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
)

const twoDays = 48 * time.Hour

// newLongBed has the old TTL at 48 hours, and caches whose clocks move.
func newLongBed(t *testing.T, primaryOnly bool) *testbed {
	t.Helper()
	b := newBed(t, bedOptions{
		ttl: int(twoDays.Seconds()), settle: "10m", timeout: "1m", primaryOnly: primaryOnly, fakeTime: true,
	})
	b.prime()
	return b
}

// The staged sequence over an old TTL of 48 hours, in the caches' time.
func TestE2ETwoDays(t *testing.T) {
	t.Parallel()
	b := newLongBed(t, false)
	clock := b.move(patientPolls)
	clock.before = func(n int, _ time.Time) {
		for i, c := range b.caches {
			ttl, data, err := c.TryAnswer(dns.TypeA, e2eName)
			if n == 1 && (err != nil || ttl < 3600 || !slices.Equal(data, []string{oldAddr})) {
				t.Errorf("before the wait %s holds %v (TTL %d) %v", cacheName(i), data, ttl, err)
			}
		}
	}
	began := time.Now()
	o := b.want(exitDone, "apply", "--auto-approve")
	for i, c := range b.caches {
		if ttl, data := c.Answer(dns.TypeA, e2eName); !slices.Equal(data, []string{newAddr}) {
			t.Errorf("after success %s gives %v (TTL %d)", cacheName(i), data, ttl)
		}
	}
	r := b.lastRun()
	b.waitedOut(r, twoDays)
	b.updates(oldAddr, newAddr, newAddr)
	if took := r.Events[len(r.Events)-1].At.Sub(r.Events[0].At); took < twoDays+10*time.Minute {
		t.Errorf("the run took %v of the caches' time", took)
	} else {
		t.Logf("%v in %v", took, o.ended.Sub(began))
	}
}

// A plan doctored to wait 47 hours fails while the caches still hold the old
// answer: at the gate, before anything is switched.
func TestE2ETwoDaysDoctored(t *testing.T) {
	t.Parallel()
	b := newLongBed(t, false)
	b.move(patientPolls)
	b.want(exitDone, "plan", "-o", b.path("move.plan"))
	b.doctor("move.plan", 47*time.Hour)
	o := b.want(exitError, "apply", b.path("move.plan"))
	for i := range b.caches {
		if !strings.Contains(flat(o.stdout), cacheName(i)+" (") {
			t.Errorf("%s is not named: %v", cacheName(i), o)
		}
	}
	if !strings.Contains(flat(o.stdout), "nothing is switched") {
		t.Errorf("it is not said what happened: %v", o)
	}
	if ttl, data := b.primary.Answer(dns.TypeA, e2eName); ttl != uint32(twoDays.Seconds()) || !slices.Equal(data, []string{oldAddr}) {
		t.Errorf("the primary ends with %v (TTL %d)", data, ttl)
	}
	b.updates(oldAddr, oldAddr)
	r := b.lastRun()
	if waited := at(t, r, moment{plan.StepExpire, 1, journal.Wait}); waited.Until.Sub(waited.At) > 47*time.Hour+time.Minute {
		t.Errorf("the doctored plan waited until %v", waited.Until)
	}
}

// doctor changes the first wait of a saved plan and seals it again, as
// nobody but the program should.
func (b *testbed) doctor(name string, wait time.Duration) {
	b.t.Helper()
	doc, err := os.ReadFile(b.path(name))
	if err != nil {
		b.t.Fatal(err)
	}
	p, err := plan.Decode(doc)
	if err != nil {
		b.t.Fatal(err)
	}
	i := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Kind == plan.StepExpire })
	if i < 0 || p.Steps[i].Seconds != int64(twoDays.Seconds()) {
		b.t.Fatalf("the plan does not wait for 48 hours: %+v", p.Steps)
	}
	p.Steps[i].Seconds = int64(wait.Seconds())
	if doc, err = plan.Encode(p); err != nil {
		b.t.Fatal(err)
	}
	b.write(name, string(doc))
}

// A wait that is an hour shorter for the caches than the program believes is no
// success either: the verification finds the old answer in all of them.
func TestE2ETwoDaysCheated(t *testing.T) {
	t.Parallel()
	b := newLongBed(t, true)
	clock := b.move(900 * time.Millisecond)
	clock.behind = time.Hour
	o := b.want(exitPartly, "apply", "--auto-approve")
	hold := at(t, b.lastRun(), moment{plan.StepVerify, 1, journal.Hold})
	for i := range b.caches {
		if !strings.Contains(hold.Error, cacheName(i)+" (") {
			t.Errorf("%s is not named: %v", cacheName(i), o)
		}
	}
	b.updates(oldAddr, newAddr)

	clock.advance(clock.Now().Add(time.Hour))
	b.goesOn(uint32(twoDays.Seconds()))
}
