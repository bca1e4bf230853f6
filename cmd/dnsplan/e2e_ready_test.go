package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"
	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

// readyBed is a test bed whose name is validated by HTTP-01, with resolvers that
// dnsplan does not know and an authority behind each of two.
type readyBed struct {
	*testbed
	clock *movedClock
	site  *acmetest.Site // at the new address
	// like resolves as Let's Encrypt does. late is a cache that asks the secondary
	// alone, and so is the last of all to hear of the change.
	like, late *dnsd.Server
	byLike     *acmetest.CA
	byLate     *acmetest.CA
}

// newReadyBed has an old TTL of an hour and a change TTL of five minutes.
func newReadyBed(t *testing.T) *readyBed {
	t.Helper()
	r := &readyBed{site: &acmetest.Site{}}
	web := acmetest.Listen(t, oldAddr, newAddr)
	port := acmetest.Port(web[0])
	r.testbed = newBed(t, bedOptions{
		ttl: 3600, changeTTL: "5m", settle: "10m", timeout: "2m", fakeTime: true, caches: make([]dnsd.UnboundOptions, 1),
		check: fmt.Sprintf("http_port = %d\nhttps_port = %d\nallow_reserved = true", port, port),
	})
	acmetest.Serve(t, web[0], http.NotFoundHandler())
	acmetest.Serve(t, web[1], r.site)
	stubs := func(servers ...netip.AddrPort) map[string][]netip.AddrPort {
		return map[string][]netip.AddrPort{e2eZone: servers}
	}
	r.like = dnsd.Unbound(t, dnsd.UnboundOptions{LikeAuthority: true, FakeTime: true, Stubs: stubs(r.authoritative()...)})
	r.late = dnsd.Unbound(t, dnsd.UnboundOptions{FakeTime: true, Stubs: stubs(r.secondary.Addr)})
	r.byLike = acmetest.NewCA(t, acmetest.Config{DNS: r.like.Addr, HTTPPort: port})
	r.byLate = acmetest.NewCA(t, acmetest.Config{DNS: r.late.Addr, HTTPPort: port})
	r.clock = r.move(patientPolls)
	r.clock.caches = append(r.clock.caches, r.like, r.late)
	return r
}

// says expects the resolver to lead to an address.
func (r *readyBed) says(who string, s *dnsd.Server, want string) {
	r.t.Helper()
	if ttl, data, err := s.TryAnswer(dns.TypeA, e2eName); err != nil || !slices.Equal(data, []string{want}) {
		r.t.Errorf("%s gives %v (TTL %d) %v, want %s", who, data, ttl, err, want)
	}
}

// issues expects an authority to issue, or to find the old server.
func (r *readyBed) issues(who string, ca *acmetest.CA, want bool) {
	r.t.Helper()
	_, err := ca.Order(r.t.Context(), r.site, e2eName)
	if p, ok := errors.AsType[acme.Problem](err); want && err != nil || !want && (!ok || p.Type != acme.ProblemTypeUnauthorized) {
		r.t.Errorf("an authority that resolves as %s: %v; want issued %t", who, err, want)
	}
}

// stops are the long waits of an apply, at each of which the test has its turn.
type stops struct {
	t     *testing.T
	until chan time.Time
	on    chan struct{}
	ended chan output
}

// begin starts apply.
func (r *readyBed) begin() *stops {
	s := &stops{r.t, make(chan time.Time), make(chan struct{}), make(chan output, 1)}
	ctx, cancel := context.WithCancel(r.t.Context())
	r.clock.before = func(_ int, until time.Time) {
		select {
		case s.until <- until:
			<-s.on
		case <-ctx.Done():
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ended <- r.dnsplan(ctx, "apply", "--auto-approve")
	}()
	r.t.Cleanup(func() { cancel(); <-done })
	return s
}

// next returns when a wait has begun, with its end.
func (s *stops) next() time.Time {
	s.t.Helper()
	select {
	case until := <-s.until:
		return until
	case o := <-s.ended:
		s.t.Fatalf("ended where a wait was to come: %v", o)
		return time.Time{}
	}
}

// goOn ends the wait.
func (s *stops) goOn() { s.on <- struct{}{} }

// finish ends all waits that are left, and fails the test unless the run is done.
func (s *stops) finish() {
	s.t.Helper()
	for {
		select {
		case <-s.until:
			s.goOn()
		case o := <-s.ended:
			if o.code != exitDone {
				s.t.Errorf("apply: %v", o)
			}
			return
		}
	}
}

// reached is when dnsplan says that the run comes to a milestone; the zero value
// while it says nothing of it.
func (r *readyBed) reached(name plan.MilestoneName) time.Time {
	r.t.Helper()
	var shown struct{ Milestones []report.Milestone }
	out := r.want(exitDone, "show", "last", "--json").stdout
	if err := json.Unmarshal([]byte(out), &shown); err != nil {
		r.t.Fatalf("%v: %s", err, out)
	}
	for _, m := range shown.Milestones {
		if m.Name == name {
			return m.At
		}
	}
	return time.Time{}
}

// The authority is ready when dnsplan says so, and so is the world; neither is
// earlier. The last of all caches to take the old answer still has it when the
// authority is ready, and as long as its TTL allows, but not when the world is.
func TestE2EReady(t *testing.T) {
	r := newReadyBed(t)
	r.says("the authority's resolver", r.like, oldAddr)
	r.issues("Let's Encrypt", r.byLike, false)
	run := r.begin()

	r.clock.advance(run.next()) // the old TTL has run out
	r.prime()                   // with the change TTL now
	r.secondary.Freeze()
	run.goOn()
	dnsd.Eventually(t, "the primary has the new address", func() bool {
		_, data := r.primary.Answer(dns.TypeA, e2eName)
		return slices.Equal(data, []string{newAddr})
	})
	r.says("the late cache", r.late, oldAddr)
	taken := r.clock.Now()
	for _, m := range []plan.MilestoneName{plan.CAReady, plan.WorldReady} {
		if at := r.reached(m); !at.IsZero() {
			t.Errorf("%s at %v, while the secondary gives out the old address", m, at)
		}
	}
	r.secondary.Thaw()

	run.next()
	ca := r.reached(plan.CAReady)
	if agreed := at(t, r.lastRun(), moment{plan.StepPropagate, 2, journal.Done}).At; !ca.Equal(agreed.Add(time.Minute)) {
		t.Errorf("CA-ready at %v, want a minute behind the agreement at %v", ca, agreed)
	}
	r.clock.advance(ca)
	r.says("the authority's resolver", r.like, newAddr)
	r.issues("Let's Encrypt", r.byLike, true)
	r.issues("the late cache", r.byLate, false)
	r.clock.advance(taken.Add(4 * time.Minute))
	r.says("the late cache", r.late, oldAddr)
	if at := r.reached(plan.WorldReady); !at.IsZero() {
		t.Errorf("world-ready at %v, while a cache may hold the old address", at)
	}

	run.goOn()
	run.next() // of settling
	world := r.reached(plan.WorldReady)
	if last := taken.Add(5*time.Minute + execute.Margin); world.Before(last) {
		t.Errorf("world-ready at %v; a cache could hold the old address until %v", world, last)
	}
	for i, c := range append(slices.Clone(r.caches), r.like, r.late) {
		r.says(cacheName(i), c, newAddr)
	}
	r.issues("Let's Encrypt", r.byLike, true)
	r.issues("the late cache", r.byLate, true)
	run.goOn()
	run.finish()
}
