package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// outage has the provider be silent, until the returned function is called.
func (r *windowRig) outage() (over func()) {
	r.t.Helper()
	ended := make(chan struct{})
	r.serve(func(w http.ResponseWriter, q *http.Request) {
		select {
		case <-ended:
			r.fake.ServeHTTP(w, q)
		case <-q.Context().Done():
		}
	})
	return func() { close(ended) }
}

// While the provider is silent, a command that only looks says what it waits for, lets
// go of the window, says so, and does what it is for; a later one closes the window.
func TestWindowLeftInAnOutage(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.abandon(r.opened())
	r.commandEnds()
	over := r.outage()
	begun := time.Now()
	got := r.run("runs").is(t, exitDone)
	if took := time.Since(begun); took >= time.Minute {
		t.Errorf("a command that only looks has waited for %s", took)
	}
	first, then, _ := strings.Cut(got.stderr, "\n")
	if !strings.Contains(first, "was left open: closing it; dnsplan runs waits 5s for that at most, and goes on") {
		t.Errorf("it says first: %q", first)
	}
	if want := "is not closed yet, and the proxy may be off; close it with: dnsplan recover --windows\n"; !strings.HasSuffix(then, want) {
		t.Errorf("it says then: %q", then)
	}
	if !strings.Contains(got.stdout, "interrupted") {
		t.Errorf("it has not done its work:\n%s", got.stdout)
	}
	over()
	untilClosed(func() ended { return r.run("runs") }).is(t, exitDone, ") is closed now\n")
	r.closedOnce()
}

// What changes records waits longer for a window than what looks.
func TestClosesWithin(t *testing.T) {
	root := newRoot(&app{env: func(string) (string, bool) { return "", false }})
	for line, want := range map[string]time.Duration{
		"apply": 45 * time.Second, "restore": 45 * time.Second, "window": 45 * time.Second, "window open": 45 * time.Second,
		"plan": 5 * time.Second, "runs": 5 * time.Second, "log": 5 * time.Second, "drift": 5 * time.Second, "verify": 5 * time.Second,
		"show": 5 * time.Second, "check": 5 * time.Second, "cdn list": 5 * time.Second,
	} {
		c, _, err := root.Find(strings.Fields(line))
		if err != nil {
			t.Fatal(err)
		}
		if got := closesWithin(c); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}
