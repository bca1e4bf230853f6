package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
)

const org = "example.org."

var now = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

// planFor changes the address of name in the view.
func planFor(id, view, name string) *plan.Plan {
	key := zone.Key{Name: zone.Name(name + "." + org), Type: zone.A}
	live := &zone.Snapshot{Zone: org, RRsets: []zone.RRset{{Key: key, TTL: 3600, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}}
	want := &plan.Desired{ZoneRef: plan.ZoneRef{Zone: org, View: view}, Records: []plan.Record{
		{Key: key, TTL: 3600, Addrs: []netip.Addr{netip.MustParseAddr("203.0.113.1")}},
	}}
	diffs := []plan.ZoneDiff{plan.Diff(want, live, plan.Selection{})}
	return plan.Build(diffs, plan.Policy{Strategy: plan.Staged, ChangeTTL: 60, Require: "all"}, plan.Origin{ID: id, Created: now})
}

// record writes a run of p with the events, each an hour after the one before.
func record(t *testing.T, state string, p *plan.Plan, events ...journal.Event) {
	t.Helper()
	doc, err := plan.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	w, err := journal.CreateRun(state, p.ID, doc, journal.Event{Seq: 1, At: now, Kind: journal.Begin})
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		e.At = now.Add(time.Duration(i+1) * time.Hour)
		if _, err := w.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func stepOf(t *testing.T, p *plan.Plan, k plan.Kind) string {
	t.Helper()
	for _, s := range p.Steps {
		if s.Kind == k {
			return s.ID
		}
	}
	t.Fatalf("no step of kind %s", k)
	return ""
}

func TestUnfinishedRuns(t *testing.T) {
	old := planFor("OLD", "", "www")
	lower := journal.Event{Kind: journal.Start, Step: stepOf(t, old, plan.StepLower)}
	lowered := journal.Event{Kind: journal.Done, Step: lower.Step, Zone: org}
	switched := journal.Event{Kind: journal.Start, Step: stepOf(t, old, plan.StepSwitch)}
	backup := journal.Event{Kind: journal.Start, Step: stepOf(t, old, plan.StepBackup)}
	hold := journal.Event{Kind: journal.Hold, Step: stepOf(t, old, plan.StepGate), Zone: org, Error: "lags"}
	cancel, end := journal.Event{Kind: journal.Cancel}, journal.Event{Kind: journal.End}
	undone := journal.Event{Kind: journal.Done, Step: lower.Step, Zone: org, Undo: true}
	www := planFor("NEW", "", "www")
	for _, tt := range []struct {
		name   string
		events []journal.Event
		plan   *plan.Plan
		want   report.RunState // empty: not told of
		free   bool            // told of, and not refused
	}{
		{"begun", nil, www, "", true},
		{"nothing written", []journal.Event{backup}, www, "", true},
		{"died in the lowering", []journal.Event{backup, lower}, www, report.RunInterrupted, true},
		{"died in the first wait", []journal.Event{lower, lowered}, www, report.RunInterrupted, true},
		{"died in the switch", []journal.Event{lower, lowered, switched}, www, report.RunInterrupted, false},
		{"holds", []journal.Event{lower, lowered, hold}, www, report.RunHolding, false},
		{"another RRset", []journal.Event{lower, lowered, hold}, planFor("NEW", "", "api"), "", true},
		{"another view", []journal.Event{lower, lowered, hold}, planFor("NEW", "internal", "www"), "", true},
		{"its own run", []journal.Event{lower, lowered}, old, "", true},
		{"taken back, but for the end", []journal.Event{lower, lowered, cancel, undone}, www, "", true},
		{"ended", []journal.Event{lower, lowered, cancel, undone, end}, www, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := Settings{StateDir: t.TempDir()}
			record(t, s.StateDir, old, tt.events...)
			past, err := s.Past(now)
			if err != nil {
				t.Fatal(err)
			}
			found := past.Unfinished(tt.plan)
			if tt.want == "" && len(found) > 0 || tt.want != "" && (len(found) != 1 || found[0].State != tt.want) {
				t.Errorf("found %v, want %q", found, tt.want)
			}
			if err := s.CheckUnfinished(tt.plan, now); (err == nil) != tt.free {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

// A run that cannot be read is told of, however it is broken, while it may have
// left something.
func TestRunsThatCannotBeRead(t *testing.T) {
	const damaged = "journal damaged behind its first event" // its plan can be read
	file := func(name, text string) func(dir string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) }
	}
	for name, damage := range map[string]func(dir string) error{
		damaged: func(dir string) error {
			path := filepath.Join(dir, journal.JournalFile)
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, append(b, "{}\n{}\n"...), 0o600)
		},
		"plan edited":    file(journal.PlanFile, "{}"),
		"journal edited": file(journal.JournalFile, "{}\n{}\n"),
		"journal empty":  file(journal.JournalFile, ""),
		"no plan":        func(dir string) error { return os.Remove(filepath.Join(dir, journal.PlanFile)) },
		"no journal":     func(dir string) error { return os.Remove(filepath.Join(dir, journal.JournalFile)) },
	} {
		t.Run(name, func(t *testing.T) {
			s, p := Settings{StateDir: t.TempDir()}, planFor("OLD", "", "www")
			made := func() *plan.Plan { return planFor("NEW", "", "www") }
			record(t, s.StateDir, p)
			dir := filepath.Join(s.StateDir, journal.RunsDir, p.ID)
			if err := damage(dir); err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct {
				age  time.Duration
				told int
			}{{remembered - time.Hour, 1}, {remembered + time.Hour, 0}} {
				for _, path := range []string{dir, filepath.Join(dir, journal.PlanFile), filepath.Join(dir, journal.JournalFile)} {
					_ = os.Chtimes(path, now, now) // one of them may be gone
				}
				past, err := s.Past(now.Add(tt.age))
				if err != nil {
					t.Fatal(err)
				}
				until, supposed := past.Cached[plan.ZoneRef{Zone: org}][made().Changes[0].Key]
				if readable := name == damaged; supposed != (readable && tt.told == 1) || supposed && !until.Equal(now.Add(time.Hour)) {
					t.Errorf("after %s: in caches until %s", tt.age, until)
				}
				made := made()
				made.Warnings = nil
				past.Warn(made)
				if len(made.Warnings) != tt.told || tt.told == 1 && (made.Warnings[0].Code != LeftoversUnknown || made.Warnings[0].Name != "OLD") {
					t.Errorf("after %s: %v", tt.age, made.Warnings)
				}
			}
		})
	}
}

// What counts is when a run last did something.
func TestPastCountsFromTheLastEvent(t *testing.T) {
	p := planFor("OLD", "", "www")
	start := journal.Event{Kind: journal.Start, Step: stepOf(t, p, plan.StepLower)}
	done := journal.Event{Kind: journal.Done, Step: start.Step, Zone: org}
	s := Settings{StateDir: t.TempDir()}
	record(t, s.StateDir, p, start, done, journal.Event{Kind: journal.End})
	ended := now.Add(3 * time.Hour)
	for age, want := range map[time.Duration]int{0: 1, remembered: 1, remembered + time.Second: 0} {
		past, err := s.Past(ended.Add(age))
		if err != nil {
			t.Fatal(err)
		}
		if len(past.Cached) != want {
			t.Errorf("after %s: %v", age, past.Cached)
		}
	}
}
