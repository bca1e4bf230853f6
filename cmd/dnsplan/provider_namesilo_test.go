package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers/namesilo/namesilotest"
)

// A TTL below NameSilo's least one is raised to it, and said; a staged plan's
// waits follow from it.
func TestNameSiloLeastTTL(t *testing.T) {
	v, _ := newNameSilo(t)
	records := strings.Replace(wanted, "name = \"www\"\n", "name = \"www\"\nttl = 300\n", 1)
	p := v.program(t, "staged", records)
	p.run("validate").is(t, exitDone)
	got := p.run("plan", "--json").is(t, exitDone, `"code": "ttl-clamped"`, `"code": "change-ttl-clamped"`)
	p.run("plan").tells(t, exitDone, "TTL 300 is outside what the provider takes: 3600 is used")
	var doc struct {
		Steps []struct {
			Kind    string
			Seconds int
		}
		Summary struct {
			Seconds int `json:"duration_seconds"`
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &doc); err != nil {
		t.Fatal(err)
	}
	waits := 0
	for _, s := range doc.Steps {
		if s.Kind == "lower-ttl" || s.Kind == "raise-ttl" {
			t.Errorf("a step of kind %s, where the live TTL is the least one", s.Kind)
		}
		if s.Kind == "expire" && s.Seconds == 3600 {
			waits++
		}
	}
	if waits != 1 || doc.Summary.Seconds != 3600+600 { // 600 is what it settles
		t.Errorf("%d waits of an hour, %d s in all", waits, doc.Summary.Seconds)
	}
	began := p.clock.Now()
	p.run("apply", "--auto-approve").is(t, exitDone, "4 of 4 changes applied")
	if took := p.clock.Now().Sub(began); took < 70*time.Minute {
		t.Errorf("took %s", took)
	}
	v.holds(t, "www 3600 A 203.0.113.11", "www 3600 AAAA 2001:db8::11", "pool 3600 A 192.0.2.21", "pool 3600 A 203.0.113.22",
		"*.lab 3600 A 203.0.113.3", "@ 3600 A 192.0.2.80", "old 3600 A 192.0.2.9")
	p.run("plan").is(t, exitDone, "No changes.")
}

// NameSilo takes record by record. A run goes on with an RRset of which it has
// written a part, and knows it for its own.
func TestNameSiloFailsBetweenTwoRecords(t *testing.T) {
	v, fake := newNameSilo(t)
	two := "\n[[zone.record]]\nname = \"pair\"\na = [\"203.0.113.31\", \"203.0.113.32\"]\nround_robin = true\n"
	p := v.program(t, "direct", two)
	fake.Inject(namesilotest.Serve("dnsAddRecord", 1, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	p.run("apply", "--auto-approve").is(t, exitDone, "1 of 1 change applied")
	v.holds(t, append([]string{"pair 3600 A 203.0.113.31", "pair 3600 A 203.0.113.32"}, seed...)...)
	p.run("plan").is(t, exitDone, "No changes.")
}
