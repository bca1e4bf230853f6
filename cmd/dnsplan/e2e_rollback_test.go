package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// The way back is as careful as the way there: over an old TTL of 48 hours, in
// the caches' time, with every server asked.
func TestE2ERollback(t *testing.T) {
	t.Parallel()
	b := newLongBed(t, false)
	b.move(patientPolls)
	b.want(exitDone, "apply", "--auto-approve")
	first := b.lastRun()
	for _, c := range b.caches {
		c.Answer(dns.TypeA, e2eName) // they hold the new answer for two days now
	}
	o := b.want(exitDone, "rollback", "last", "--auto-approve")
	if !strings.Contains(flat(o.stdout), "Rollback of run "+first.ID) {
		t.Errorf("it is not said what it is: %v", o)
	}
	for i, c := range b.caches {
		if ttl, data := c.Answer(dns.TypeA, e2eName); !slices.Equal(data, []string{oldAddr}) {
			t.Errorf("after success %s gives %v (TTL %d)", cacheName(i), data, ttl)
		}
	}
	b.waitedOut(b.lastRun(), twoDays)
	b.updates(oldAddr, newAddr, newAddr, newAddr, oldAddr, oldAddr)
	if ttl, _ := b.primary.Answer(dns.TypeA, e2eName); ttl != uint32(twoDays.Seconds()) {
		t.Errorf("the TTL is %d", ttl)
	}
	b.want(exitDone, "rollback", first.ID) // nothing is left of it
}

// Someone else changes the name at the server while the run waits: it holds,
// and nothing is written over theirs, whatever the person says then.
func TestE2ESomeoneElse(t *testing.T) {
	for word, want := range map[string]struct {
		args []string
		code int
	}{
		"accepted":    {[]string{"resume", "last", "--accept-live"}, exitDone},
		"cancelled":   {[]string{"cancel", "last"}, exitPartly},
		"rolled back": {[]string{"rollback", "last", "--auto-approve"}, exitPartly},
	} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			b := newLongBed(t, true)
			clock := b.move(patientPolls)
			const theirs = "127.0.0.66"
			clock.before = func(n int, _ time.Time) {
				if n == 1 {
					_, now := b.primary.Answer(dns.TypeA, e2eName)
					b.primary.Update(e2eZone, []string{e2eName + ". 0 IN A " + now[0]}, []string{e2eName + ". 77 IN A " + theirs})
				}
			}
			o := b.want(exitPartly, "apply", "--auto-approve")
			if text := flat(o.stdout); !strings.Contains(text, oldAddr+" (TTL 172800) before the run") || !strings.Contains(text, "someone else has set "+theirs+" (TTL 77)") {
				t.Errorf("the three values are not said: %v", o)
			}
			b.want(exitPartly, "resume", "last")
			b.want(want.code, want.args...)
			if ttl, data := b.primary.Answer(dns.TypeA, e2eName); ttl != 77 || !slices.Equal(data, []string{theirs}) {
				t.Errorf("the server has %v (TTL %d)", data, ttl)
			}
		})
	}
}
