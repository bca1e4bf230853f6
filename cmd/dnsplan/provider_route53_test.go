package main

import (
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers/route53/route53test"
)

// Alias and weighted sets are shown and never written; one that the inventory
// wants is a conflict, and apply refuses.
func TestRoute53Foreign(t *testing.T) {
	v, s, z := newRoute53(t)
	z.Put(
		route53test.Alias("cdn.example.org.", "A", "d1.cloudfront.net.", "Z2FDTNDATAQYW2"),
		route53test.Weighted("canary.example.org.", "A", "one", 90, 60, "192.0.2.31"),
		route53test.Weighted("canary.example.org.", "A", "two", 10, 60, "192.0.2.32"),
	)
	bubble(t, always(s), func(t *testing.T) {
		p := v.program(t, "direct", wanted)
		got := p.run("plan", "--json").is(t, exitDone, `"foreign": "alias"`, `"foreign": "weighted"`, `"conflicts": []`)
		if n := strings.Count(got.stdout, "canary.example.org."); n != 1 {
			t.Errorf("the weighted sets are listed %d times", n)
		}
		p.run("apply", "--auto-approve").is(t, exitDone, "4 of 4 changes applied")
		p.write("inventory.toml", v.inventory("direct", wanted+"[[zone.record]]\nname = \"cdn\"\na = [\"203.0.113.9\"]\n"))
		p.run("plan").is(t, exitDone, "cdn.example.org A", "alias")
		p.run("plan", "--detailed-exitcode").is(t, exitDifferences)
		before := v.writes()
		p.run("apply", "--auto-approve").is(t, exitRefused, "conflict", "cdn.example.org A", "alias")
		if n := v.writes() - before; n > 0 {
			t.Errorf("%d change batches", n)
		}
	})
}

// A change batch that is throttled four times lands the fifth time, and a run
// waits until it is in sync.
func TestRoute53Throttled(t *testing.T) {
	v, s, _ := newRoute53(t)
	s.Throttle("ChangeResourceRecordSets", 4)
	s.Pending(3)
	bubble(t, always(s), func(t *testing.T) {
		p := v.program(t, "direct", wanted)
		began := time.Now()
		p.run("apply", "--auto-approve").is(t, exitDone, "4 of 4 changes applied")
		if took := time.Since(began); took < 3*time.Second || took > time.Minute {
			t.Errorf("took %s", took)
		}
		p.run("plan").is(t, exitDone, "No changes.")
	})
	if n := s.Count("ChangeResourceRecordSets"); n != 5 {
		t.Errorf("%d change batches were sent, want 5", n)
	}
	if n := s.Count("GetChange"); n != 4 {
		t.Errorf("%d polls, want 4", n)
	}
}
