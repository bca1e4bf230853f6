package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// edit replaces what matches in a file, or fails the test.
func (p *program) edit(name, pattern, text string) {
	p.t.Helper()
	re, was := regexp.MustCompile("(?m)"+pattern), p.read(name)
	if !re.MatchString(was) {
		p.t.Fatalf("%s holds no %s", name, pattern)
	}
	p.write(name, re.ReplaceAllString(was, text))
}

// theirs is somebody else who sets www.
func (p *program) theirs() {
	p.edit("zones/example.org.zone", `^www\s.*A 1?.*$`, "www 600 IN A 198.51.100.5")
}

// switched is a run that was stopped behind the switch, before it was verified.
func switched(t *testing.T) *program {
	p := newProgram(t, slowSite)
	p.stops("apply", "--auto-approve")
	p.clock.(*leapingClock).elapse(25 * time.Hour) //nolint:forcetypeassert // newProgram's
	p.stops("resume", "last")
	return p
}

// backedUp is a program with a copy of its zone, b.json.
func backedUp(t *testing.T) *program {
	p := newProgram(t, "")
	p.run("backup").is(t, exitDone)
	p.write("b.json", p.read(p.glob(".dnsplan/backups/*.json")[0]))
	return p
}

// planned is a program with a saved plan, move.plan.
func planned(t *testing.T) *program {
	p := newProgram(t, "")
	p.run("plan", "-o", p.path("move.plan")).is(t, exitDone)
	return p
}

// applied is a program with a run that is done.
func applied(t *testing.T) *program {
	p := newProgram(t, "")
	p.run("apply", "--auto-approve", "--ticket", "OPS-7").is(t, exitDone)
	return p
}

// onSmallDisk is a program with a small disk, as its folder disk.
func onSmallDisk(t *testing.T) (p *program, disk string) {
	p, disk = newProgram(t, ""), smallDisk(t, diskPages)
	if err := os.Symlink(disk, p.path("disk")); err != nil {
		t.Fatal(err)
	}
	return p, disk
}

// hintsOfRuns are those about runs, plans and copies.
func hintsOfRuns() []hinted {
	return []hinted{
		{exitRefused, "keep what is there and take back the rest: dnsplan rollback RUN --accept-live --auto-approve; or put the value that is wanted into the inventory: dnsplan apply", func(t *testing.T) failed {
			p := applied(t)
			p.theirs()
			return p.fails("rollback last --auto-approve")
		}},
		{exitPartly, "see how it stands: dnsplan show RUN; once what went wrong is put right, take the rest back: dnsplan rollback RUN", func(t *testing.T) failed {
			p := newProgram(t, slowSite+`group = "b"`+"\n"+strings.Replace(netSite, `a    =`, "group = \"a\"\nttl = \"5m\"\na    =", 1))
			p.write("zones/example.net.zone", netZone)
			p.stops("apply", "--auto-approve")
			for _, d := range []time.Duration{25 * time.Hour, 301 * time.Second} {
				p.clock.(*leapingClock).elapse(d) //nolint:forcetypeassert // newProgram's
				p.stops("resume", "last")
			}
			if err := os.Remove(p.path("zones/example.net.zone")); err != nil {
				t.Fatal(err)
			}
			return p.fails("rollback last --auto-approve")
		}},
		{exitRefused, "nothing was changed; make a new plan: dnsplan plan", func(t *testing.T) failed {
			p := planned(t)
			p.theirs()
			return p.fails("apply move.plan")
		}},
		{exitRefused, "go on with that run: dnsplan resume RUN; or take it back: dnsplan cancel RUN; then make a new plan", func(t *testing.T) failed {
			p := switched(t)
			p.edit("inventory.toml", "203.0.113.11", "203.0.113.12")
			return p.fails("apply --auto-approve")
		}},
		{exitRefused, "keep what is there and go on with the rest: dnsplan resume RUN --accept-live; or put the value that is wanted into the inventory: dnsplan apply", func(t *testing.T) failed {
			p, _, _ := partlyDone(t)
			p.theirs()
			return p.fails("resume last")
		}},
		{exitRefused, "wait for that run, or see it with: dnsplan show RUN", func(t *testing.T) failed {
			p := newProgram(t, "")
			if err := journal.OpenState(p.path(".dnsplan")); err != nil {
				t.Fatal(err)
			}
			release, err := journal.AcquireLocks(p.path(".dnsplan"), []journal.LockName{{Zone: zone.MustParseName("example.org")}}, journal.Holder{Run: "01ARZ3NDEKTSV4RRFFQ69G5FAV"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = release() })
			return p.fails("apply --auto-approve")
		}},
		{exitRefused, "wait for that run, or see it with: dnsplan show RUN", func(t *testing.T) failed {
			p := switched(t)
			run, err := journal.FindRun(p.path(".dnsplan"), "last")
			if err != nil {
				t.Fatal(err)
			}
			_, w, _, err := run.Open()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = w.Close() })
			return p.fails("resume last")
		}},
		{exitRefused, "a plan is applied once; see its run with: dnsplan show RUN, or make a new plan: dnsplan plan", func(t *testing.T) failed {
			p := planned(t)
			p.run("apply", p.path("move.plan")).is(t, exitDone)
			return p.fails("apply move.plan")
		}},
		{exitRefused, "a saved plan is applied only as it was written; make a new one: dnsplan plan -o FILE", func(t *testing.T) failed {
			p := planned(t)
			p.edit("move.plan", "203.0.113.11", "203.0.113.12")
			return p.fails("apply move.plan")
		}},
		{exitRefused, "update dnsplan, or make the plan anew with this one: dnsplan plan -o FILE", func(t *testing.T) failed {
			p := planned(t)
			p.edit("move.plan", `"format_version": 1`, `"format_version": 2`)
			return p.fails("apply move.plan")
		}},
		{exitRefused, "nothing was changed; choose another copy: dnsplan backup --list", func(t *testing.T) failed {
			p := backedUp(t)
			p.edit("b.json", `192\.0\.2\.9`, "192.0.2.8")
			return p.fails("restore b.json --auto-approve")
		}},
		{exitRefused, "update dnsplan, or choose another copy: dnsplan backup --list", func(t *testing.T) failed {
			p := backedUp(t)
			p.edit("b.json", `"format_version":1`, `"format_version":2`)
			return p.fails("restore b.json --auto-approve")
		}},
		{exitError, "see the copies that there are: dnsplan backup --list", site("restore none.json")},
		{exitError, "put the zone, view and provider that it is of into the inventory; or restore the addresses alone, out of a copy of the .zone file by itself", func(t *testing.T) failed {
			p := backedUp(t)
			p.edit("inventory.toml", `"example.org"`, `"example.net"`)
			return p.fails("restore b.json --auto-approve")
		}},
		{exitError, "see the runs there are with: dnsplan runs", site("show 01NONE")},
		{exitError, "see the runs there are with: dnsplan runs", func(t *testing.T) failed {
			p := applied(t)
			p.theirs()
			p.run("apply", "--auto-approve").is(t, exitDone)
			return p.fails("show 01")
		}},
		{exitError, "see it with: dnsplan show RUN", func(t *testing.T) failed { return applied(t).fails("cancel last") }},
		{exitError, "apply takes the FILE of a saved plan; make one: dnsplan plan -o move.plan www.example.org, and apply that: dnsplan apply move.plan; without a FILE it plans all itself, and asks", site("apply www.example.org")},
		{exitError, "name a file that is not there yet, or an older plan", site("plan -o inventory.toml")},
	}
}

// hintsOfFiles are those about the inventory, the command line and what lies on disk.
func hintsOfFiles() []hinted {
	return []hinted{
		{exitError, "name one with -i, or start from inventory.example.toml", site("plan -i none.toml")},
		{exitError, "a group is what records have as their group in the inventory", site("plan --group nowhere")},
		{exitError, "a ZONE is one that the inventory has, as example.org", site("export --format bind example.net")},
		{exitError, "a NAME is a whole owner name, as www.example.org", site("plan nowhere.example.org")},
		{exitError, "see the checks that there are: dnsplan check --list", site("check --only H-NONE")},
		{exitError, "see what is left by --only and --skip: dnsplan check --list", site("check --only H --skip H")},
		{exitError, `say acme = "http-01" in the records whose names are validated so, or give a NAME`, func(t *testing.T) failed {
			p := newProgram(t, "")
			p.edit("inventory.toml", `^(\s*)name = "(www|api|@)"$`, "$0\nacme = \"none\"")
			return p.fails("check")
		}},
		{exitError, "set the variable, or write the file, or name another place for the secret in the inventory: env:NAME, file:PATH or cred:NAME", func(t *testing.T) failed {
			p := powered(t, "http://127.0.0.1:1")
			delete(p.env, "PDNS")
			return p.fails("plan")
		}},
		{exitRefused, "nothing was replaced; compare it with what the vendor publishes, and if that is right: dnsplan cdn update fastly --force --from fastly=small.json", func(t *testing.T) failed {
			p := newProgram(t, "")
			p.write("small.json", `{"addresses":["43.249.72.0/22"],"ipv6_addresses":["2a04:4e40::/32"]}`)
			return p.fails("cdn update fastly --from fastly=small.json")
		}},
		{exitError, "check that this machine reaches the vendor (its resolver, a firewall, a proxy); or fetch the list elsewhere, and take it from that file: dnsplan cdn update fastly --from fastly=FILE", func(t *testing.T) failed {
			return newProgram(t, "").fails("cdn update fastly --from fastly=http://" + resolvertest.ClosedPort(t).String())
		}},
		{exitError, "name a file that is not there yet", site("import example.org --provider files -o inventory.toml")},
		{exitError, "name a file that is not there yet, or an older export", site("export --format bind -o zones/example.org.zone")},
		{exitError, "see which line, and what is wrong with it: dnsplan log --verify", func(t *testing.T) failed {
			p := applied(t)
			p.edit(".dnsplan/change-log.jsonl", `\A\{`, "")
			return p.fails("log")
		}},
		{exitError, "see what can be read of it, and the values to set by hand: dnsplan show RUN", func(t *testing.T) failed {
			p := applied(t)
			p.edit(p.glob(".dnsplan/runs/*/journal.jsonl")[0], `"seq":2`, `"seq":7`)
			return p.fails("resume last")
		}},
		{exitError, "do not rely on what stands from that line on: compare it with a copy of the file, and with the journal of each run: dnsplan runs", func(t *testing.T) failed {
			p := applied(t)
			p.edit(".dnsplan/change-log.jsonl", "OPS-7", "OPS-8")
			return p.fails("log --verify")
		}},
		{exitError, "make room on the disk of the state folder; the run goes on with: dnsplan resume RUN --state-dir disk/state", func(t *testing.T) failed {
			p, disk := onSmallDisk(t)
			p.staged()
			p.atFirstWait(func() { fill(t, disk, 0) })
			return p.fails("apply --auto-approve --state-dir disk/state")
		}},
		{exitError, "make room on that disk, and try again", func(t *testing.T) failed {
			p, disk := onSmallDisk(t)
			fill(t, disk, 0)
			return p.fails("apply --auto-approve --state-dir disk/state")
		}},
		{exitError, "check who owns the file and its mode", site("export --format bind -o /sys/example.org.zone")}, // where nobody may make a file
	}
}
