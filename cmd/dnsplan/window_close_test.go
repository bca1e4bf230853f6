package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/execute"
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
