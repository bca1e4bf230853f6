package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// lateOpening has the fake apply the write that turns the proxy off, of which it tells,
// three seconds after it came, whoever has gone meanwhile.
func (r *windowRig) lateOpening() (opening <-chan struct{}) {
	r.t.Helper()
	came, applied := make(chan struct{}), sync.WaitGroup{}
	tell := sync.OnceFunc(func() { close(came) })
	r.serve(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		q.Body = io.NopCloser(bytes.NewReader(body))
		if !strings.Contains(string(body), `"proxied":false`) {
			r.fake.ServeHTTP(w, q)
			return
		}
		tell()
		applied.Go(func() {
			time.Sleep(3 * time.Second)
			r.fake.ServeHTTP(httptest.NewRecorder(), q.WithContext(context.WithoutCancel(q.Context())))
		})
		<-q.Context().Done()
	})
	r.t.Cleanup(applied.Wait)
	return came
}

// The process is killed while the provider has its write and has not applied it yet:
// the guard does not take for closed what only goes off then.
func TestWindowKilledBeforeItsWriteLands(t *testing.T) {
	if testing.Short() {
		t.Skip("waits in real time")
	}
	t.Parallel()
	for name, args := range map[string][]string{
		"around a command": {"window", "www.example.org", "--", "touch", "ran"},
		"for a hook":       {"window", "open", "www.example.org"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newWindowRig(t)
			opening := r.lateOpening()
			p := r.start(args...)
			<-opening
			r.kill(p.Process.Pid, syscall.SIGKILL)
			_ = p.wait()
			eventually(t, "the window opens late, and closes", func() bool { return r.toggles() == "off on" })
			r.markGoes()
			r.closedOnce()
			r.run("runs").is(t, exitDone, "cancelled")
		})
	}
}

// The process and its guard are killed so: another window, which begins
// then, closes that one first, and waits until nothing can come any more.
func TestWindowLeftBeforeItsWriteLands(t *testing.T) {
	if testing.Short() {
		t.Skip("waits in real time")
	}
	t.Parallel()
	r := newWindowRig(t)
	opening := r.lateOpening()
	p := r.start("window", "www.example.org", "--", "touch", "ran")
	<-opening
	r.abandon(p)
	r.run("window", "plain.example.org", "--", "true").is(t, exitDone, "was left open: closing it", ") is closed now\n")
	r.closedOnce()
	r.markGoes()
}

// Another machine turns the proxy on while the command runs, or has the window of the
// name open too: the result says so.
func TestWindowIsShared(t *testing.T) {
	t.Parallel()
	t.Run("closed from elsewhere", func(t *testing.T) {
		t.Parallel()
		r := newWindowRig(t)
		p := r.opened()
		r.run("recover", "--scan-zone", "example.org", "--now", "--state-dir", "other").is(t, exitDone)
		r.commandStops()
		got := p.wait().is(t, bySignal+int(syscall.SIGKILL), "the proxy of www.example.org A was on already", "someone else had turned it on before")
		if strings.Contains(got.stdout+got.stderr, "the proxy was off for") {
			t.Errorf("it says for how long the proxy was off:\n%s", got.stderr)
		}
		r.closedOnce()
	})
	t.Run("open from elsewhere", func(t *testing.T) {
		t.Parallel()
		r := newWindowRig(t)
		p := r.opened()
		until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
		r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool {
			if x.Proxied || !strings.Contains(x.Comment, "dnsplan-window") {
				return false
			}
			x.Comment = plan.Marker{Run: "OTHER", Until: until}.String()
			return true
		})
		r.commandStops()
		p.wait().is(t, bySignal+int(syscall.SIGKILL), "stays DNS-only: the issuance window of run OTHER has it open until "+until.Format(time.RFC3339), "another window has it open, and closes it")
		r.markGoes()
		if r.toggles() != "off" {
			t.Errorf("it was closed over the other window: %s", r.toggles())
		}
	})
}
