package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

// A resolver that keeps answers longer than it may is named as the one that
// lags; the run stops with the TTL still low and says how to go on. Once the
// resolver has forgotten, resume finishes.
func TestE2EResolverLags(t *testing.T) {
	for _, tt := range []struct {
		name   string
		lagger dnsd.UnboundOptions
		// asked is how long before the end of the first wait another client
		// asks the lagging resolver; 0 is not at all.
		asked time.Duration
		// forgets is how long the resolver keeps the old answer at most.
		forgets time.Duration
	}{
		{name: "cache-min-ttl", lagger: dnsd.UnboundOptions{CacheMin: time.Minute}, forgets: time.Minute},
		{name: "cache-min-ttl, asked by others too", lagger: dnsd.UnboundOptions{CacheMin: time.Minute}, asked: 45 * time.Second, forgets: time.Minute},
		{name: "cache-min-ttl far above the old TTL", lagger: dnsd.UnboundOptions{CacheMin: 2 * time.Hour}, forgets: 2 * time.Hour},
		{name: "serve-expired", lagger: dnsd.UnboundOptions{ServeExpired: true}, forgets: 30 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, bedOptions{
				ttl: 12, settle: "2s", timeout: "20s", primaryOnly: true, fakeTime: true,
				caches: []dnsd.UnboundOptions{{}, tt.lagger, {}},
			})
			clock := b.move(900 * time.Millisecond) // the one server agrees at once: no real pauses
			clock.before = func(n int, until time.Time) {
				if n == 1 && tt.asked > 0 {
					clock.advance(until.Add(-tt.asked))
					_, _, _ = b.caches[1].TryAnswer(dns.TypeA, e2eName)
				}
			}
			b.lags(b.want(exitPartly, "apply", "--auto-approve"))
			clock.advance(clock.Now().Add(tt.forgets))
			b.goesOn(12)
		})
	}
}

// lags checks a run that cache2 holds up.
func (b *testbed) lags(o output) {
	b.t.Helper()
	r := b.lastRun()
	hold := at(b.t, r, moment{plan.StepVerify, 1, journal.Hold})
	lagger := b.caches[1].Addr.String()
	if !strings.Contains(o.stderr, "cache2 ("+lagger+")") {
		b.t.Errorf("%s is not named in the progress: %s", lagger, o.stderr)
	}
	for _, text := range []string{hold.Error, o.stdout} {
		text = flat(text)
		if !strings.Contains(text, "cache2 ("+lagger+")") || strings.Contains(text, "cache1") || strings.Contains(text, "cache3") {
			b.t.Errorf("%s is not named as the only one that lags: %s", lagger, text)
		}
	}
	if !strings.Contains(o.stdout, "dnsplan resume "+r.ID) {
		b.t.Errorf("it is not said how to go on: %v", o)
	}
	if ttl, data := b.primary.Answer(dns.TypeA, e2eName); ttl != 2 || !slices.Equal(data, []string{newAddr}) {
		b.t.Errorf("the primary holds %v (TTL %d) while the run waits for a person", data, ttl)
	}
	b.updates(oldAddr, newAddr)
}

// goesOn resumes the run and checks that it ends as if nothing had been, with
// the TTL at rest.
func (b *testbed) goesOn(rest uint32) {
	b.t.Helper()
	o := b.want(exitDone, "resume", b.lastRun().ID)
	if ttl, data := b.primary.Answer(dns.TypeA, e2eName); ttl != rest || !slices.Equal(data, []string{newAddr}) {
		b.t.Errorf("the primary ends with %v (TTL %d): %v", data, ttl, o)
	}
	b.updates(oldAddr, newAddr, newAddr)
}
