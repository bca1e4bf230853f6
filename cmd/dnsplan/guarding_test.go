package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// A guard whose run has no folder any more gives up at once, and tells people: nobody
// can close that window by its run.
func TestGuardGivesUp(t *testing.T) {
	clock := &leapingClock{now: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)}
	var told []string
	var said strings.Builder
	g := &guarding{
		app: &app{
			clock: clock, stderr: &said, notices: &notices{w: &said}, env: func(string) (string, bool) { return "", false },
			terminal: func(any) (int, bool) { return 0, false },
			notify:   func(_ context.Context, event, message string) { told = append(told, event+": "+message) },
		},
		session: &config.Session{Settings: config.Settings{Inventory: "inventory.toml", StateDir: t.TempDir()}},
		run:     windowRun,
	}
	began := clock.Now()
	if err := g.close(t.Context()); !errors.Is(err, journal.ErrNoRun) {
		t.Error(err)
	}
	if waited := clock.Now().Sub(began); waited != 0 {
		t.Errorf("it has tried again for %s", waited)
	}
	if len(told) != 1 || !strings.HasPrefix(told[0], config.NotifyWindowOpen+": ") || !strings.Contains(told[0], windowRun) {
		t.Errorf("told %q", told)
	}
}

// A process that has said nothing for a while hangs, and has less time behind the
// deadline than one that still closes the window.
func TestGuardGrace(t *testing.T) {
	for silent, want := range map[time.Duration]time.Duration{0: guardGrace, guardSilent - time.Second: guardGrace, guardSilent + time.Second: guardSoon} {
		g := &guarding{heard: time.Now().Add(-silent)}
		if got := g.grace(); got != want {
			t.Errorf("silent for %s: %s, want %s", silent, got, want)
		}
	}
	if guardBeat*3 > guardSilent || guardLetGo+guardBeat*3 > guardGrace || guardLetGo <= endWithin {
		t.Error("the times do not fit each other")
	}
}
