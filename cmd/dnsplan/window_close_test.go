package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// People are told of a window that was open long behind its deadline, or still is.
func TestTellOfLate(t *testing.T) {
	opened := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		closed  time.Duration // after opened; 0 is never
		outcome execute.Outcome
		want    string
	}{
		{7 * time.Minute, execute.OutcomeDone, ""},
		{20*time.Minute + 5*time.Second, execute.OutcomeFailed, ""},
		{25 * time.Minute, execute.OutcomeFailed, "was open until 2026-11-23T06:25:00Z, and its deadline was 2026-11-23T06:20:00Z"},
		{0, execute.OutcomeFailed, "is open, and the proxy off"},
		{0, execute.OutcomeOpen, ""},
	} {
		var told []string
		a := &app{notify: func(_ context.Context, event, message string) { told = append(told, event+": "+message) }}
		w := &execute.WindowResult{Names: []zone.Name{"www.example.org."}, Opened: opened, Deadline: opened.Add(20 * time.Minute)}
		if tt.closed > 0 {
			w.Closed = opened.Add(tt.closed)
		}
		a.tellOfLate(t.Context(), execute.Result{Run: "01A", Outcome: tt.outcome, Window: w})
		got := strings.Join(told, "\n")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) || got != "" && !strings.HasPrefix(got, config.NotifyWindowOpen) {
			t.Errorf("closed after %v, %s: told %q, want %q", tt.closed, tt.outcome, got, tt.want)
		}
	}
}

// A window that could not be closed in time is told of, with what closes it; and an
// interrupted command lets go at once.
func TestOrphansTakeNoTime(t *testing.T) {
	var said strings.Builder
	a := &app{notices: &notices{w: &said}}
	ctx, interrupt := context.WithCancel(t.Context())
	patience, stop := letGoAfter(ctx, time.Hour, 0)
	defer stop()
	if execute.LetGo(patience) {
		t.Error("let go of at once")
	}
	interrupt()
	<-patience.Done()
	s := &config.Session{Settings: config.Settings{Inventory: "inventory.toml", StateDir: t.TempDir()}}
	a.closeOrphan(patience, s, journal.OpenWindow{Run: "01A", Names: []zone.Name{"www.example.org."}}, "plan")
	if got := said.String(); !strings.Contains(got, "warning: the issuance window of www.example.org (run 01A) is not closed yet") || !strings.Contains(got, "dnsplan recover --windows") {
		t.Errorf("said %q", got)
	}
	over, stop := letGoAfter(t.Context(), 0, 0)
	defer stop()
	if <-over.Done(); !execute.LetGo(over) {
		t.Error(context.Cause(over))
	}
}
