package main

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
)

// People are told once of a window that does not close for a minute, and of its end;
// not of one that takes a few tries, nor of tries before it closes.
func TestStuck(t *testing.T) {
	p, err := plan.Decode(issuance(t, plan.Window{Deadline: 1200, Ready: 60, Command: "certbot"}))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		events []journal.Event // before it is tried again
		after  time.Duration
		want   []string
	}{
		"the proxy goes off":      {[]journal.Event{{Kind: journal.Start, Step: "s3"}}, time.Hour, nil},
		"it closes":               {[]journal.Event{{Kind: journal.Start, Step: "s7"}}, 59 * time.Second, nil},
		"it does not close":       {[]journal.Event{{Kind: journal.Start, Step: "s7"}}, time.Minute, []string{"does not close, and the proxy is off: it is tried on\nno route", "is closed now"}},
		"it is not taken back":    {[]journal.Event{{Kind: journal.Start, Step: "s3", Undo: true}}, time.Hour, []string{"does not close", "is closed now"}},
		"first the one, then the": {[]journal.Event{{Kind: journal.Start, Step: "s7"}, {Kind: journal.Start, Step: "s3", Undo: true}}, time.Minute, []string{"does not close", "is closed now"}},
	} {
		clock := &leapingClock{now: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)}
		f := &follower{clock: clock, view: report.NewPlain(io.Discard, report.Options{})}
		var told []string
		f.stuck.tell = func(text string) { told = append(told, text) }
		f.Begin(p, nil)
		for _, e := range append(ready(), tt.events...) {
			e.At = clock.Now()
			if e.Kind == journal.Done {
				e.Zone = "example.org."
			}
			f.Event(e)
		}
		clock.elapse(tt.after)
		for range 3 {
			f.Progress(execute.Progress{Doing: "trying again: no route", Then: execute.TriesAgain})
		}
		f.stuck.telling.Wait()
		f.Event(journal.Event{Kind: journal.Done, Step: "s7", Zone: "example.org.", At: clock.Now()})
		f.Event(journal.Event{Kind: journal.End, At: clock.Now()})
		f.stuck.telling.Wait()
		if !slices.EqualFunc(told, tt.want, strings.Contains) {
			t.Errorf("%s: told %q, want %q", name, told, tt.want)
		}
	}
}
