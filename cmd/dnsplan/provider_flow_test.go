package main

import (
	"strings"
	"testing"
)

// Every provider with a server to be had goes through all that a user does with
// it.
func TestProviderFlow(t *testing.T) { everyVendor(t, flow) }

// flow looks, saves a plan, finds it stale, applies it, and looks again.
func flow(t *testing.T, v *vendor) {
	t.Helper()
	p := v.program(t, "direct", wanted)
	p.run("doctor").is(t, exitDone, "provider vendor")
	p.run("plan").is(t, exitDone, "Plan: 1 to create, 3 to update, 0 to delete.", "www.example.org A", "*.lab.example.org A", "192.0.2.1", "203.0.113.11")
	p.run("drift").is(t, exitDifferences)
	p.run("plan", "-o", p.path("move.plan")).is(t, exitDone, "move.plan")

	v.move("198.51.100.7")
	before := v.writes()
	p.run("apply", p.path("move.plan")).is(t, exitRefused, "www.example.org A:", "192.0.2.1", "198.51.100.7", "203.0.113.11", "hint: nothing was changed; make a new plan")
	if n := v.writes(); n != before {
		t.Errorf("%d writes by a plan that is stale", n-before)
	}
	v.move("192.0.2.1")

	p.run("apply", p.path("move.plan")).is(t, exitDone, "4 of 4 changes applied")
	v.holds(t, "www 3600 A 203.0.113.11", "www 3600 AAAA 2001:db8::11", "pool 3600 A 192.0.2.21", "pool 3600 A 203.0.113.22",
		"*.lab 3600 A 203.0.113.3", "@ 3600 A 192.0.2.80", "old 3600 A 192.0.2.9")
	p.run("plan").is(t, exitDone, "No changes.")
	p.run("drift").is(t, exitDone)
	p.run("apply", p.path("move.plan")).is(t, exitRefused, "applied once")
	p.run("log").is(t, exitDone, "203.0.113.11")
	p.run("backup").is(t, exitDone, "example.org")
	p.run("backup", "--list").is(t, exitDone, "example.org")

	p.run("doctor").is(t, exitDone, "6 address RRsets")
	p.backupHoldsOthers()
	p.importIsEmptyPlan()
}

// backupHoldsOthers makes sure that a backup has the records that are no
// addresses.
func (p *program) backupHoldsOthers() {
	p.t.Helper()
	files := p.glob(".dnsplan/backups/*-example.org*.zone")
	if len(files) < 2 {
		p.t.Fatalf("backups: %q", files)
	}
	for _, f := range files {
		if text := p.read(f); !strings.Contains(text, "mail.example.net.") || !strings.Contains(text, "192.0.2.80") {
			p.t.Errorf("%s:\n%s", f, text)
		}
	}
}

// importIsEmptyPlan imports the zone and plans right after.
func (p *program) importIsEmptyPlan() {
	p.t.Helper()
	p.run("import", "example.org", "--provider", "vendor", "-o", p.path("imported.toml")).is(p.t, exitDone, "Imported example.org")
	text := strings.Replace(p.read("imported.toml"), "provider = \"vendor\"", "provider = \"vendor\"\nservers = []", 1)
	p.write("inventory.toml", text)
	p.run("plan").is(p.t, exitDone, "No changes.")
}
