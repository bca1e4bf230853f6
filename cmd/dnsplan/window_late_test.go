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
