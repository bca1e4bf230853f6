package providertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

func testWriteOnce(t *testing.T, h HTTPHarness) {
	for name, how := range map[string]reply{
		"429":                  status(http.StatusTooManyRequests),
		"429 with Retry-After": status(http.StatusTooManyRequests, "Retry-After", "0"),
	} {
		t.Run(name, func(t *testing.T) {
			s := h.site(t, two)
			check := s.watch(t)
			c := s.sample(t)
			s.strike(anyWrite, 1, how)
			if err := s.tryWrite(t, c); err != nil {
				t.Error(err)
			}
			if n := s.rest(); n.writes != 2 || n.executed != 1 {
				t.Errorf("%+v, want 2 tries and one that is executed", n)
			}
			check(c)
		})
	}
	t.Run("429 for an hour", func(t *testing.T) {
		s := h.site(t, two)
		check := s.watch(t)
		s.strike(anyWrite, always, status(http.StatusTooManyRequests, "Retry-After", "3600"))
		err := s.tryWrite(t, s.sample(t))
		if n := s.rest(); n.writes != 1 {
			t.Errorf("%+v, want one try", n)
		}
		wantCertain(t, err)
		limitedFor(time.Hour)(t, err)
		check()
	})
}

// testWriteLost loses what became of one write. The provider's next read shows
// what stands there.
func testWriteLost(t *testing.T, h HTTPHarness) {
	for _, c := range []struct {
		name  string
		how   reply
		lands bool
	}{
		{"executed, no reply", executed(lost), true},
		{"executed, a reply that breaks off", cut, true},
		{"executed, 500", executed(status(http.StatusInternalServerError)), true},
		{"executed, 502 with a page", executed(page(http.StatusBadGateway)), true},
		{"executed, 503 with Retry-After", executed(status(http.StatusServiceUnavailable, "Retry-After", "0")), true},
		{"executed, a page", executed(page(http.StatusOK)), true},
		{"not executed, no reply", lost, false},
		{"not executed, 504", status(http.StatusGatewayTimeout), false},
		{"not executed, a page", page(http.StatusOK), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := h.site(t, two)
			check := s.watch(t)
			s.strike(anyWrite, 1, c.how)
			create := s.sample(t)
			err := s.tryWrite(t, create)
			s.wantOneTry(t, c.lands)
			if emptyReply(err, c.name) {
				t.Skip("the vendor's reply has no body that could break off")
			}
			wantUnknown(t, err)
			if c.lands {
				check(create)
			} else {
				check()
			}
		})
	}
	t.Run("executed, half of the data", func(t *testing.T) {
		s := h.site(t, two)
		check := s.watch(t)
		s.strike(anyWrite, 1, truncated)
		create := s.sample(t)
		err := s.tryWrite(t, create)
		s.wantOneTry(t, true)
		if err != nil {
			wantUnknown(t, err)
		}
		check(create)
	})
}

// emptyReply tells a reply that was whole although it was to break off: some
// vendors answer a write without a body.
func emptyReply(err error, name string) bool {
	return err == nil && strings.Contains(name, "breaks off")
}

// wantOneTry checks that one write was sent and was not sent again, and ends the
// fault.
func (s *site) wantOneTry(t *testing.T, lands bool) {
	t.Helper()
	want := 0
	if lands {
		want = 1
	}
	if n := s.rest(); n.writes != 1 || n.executed != want {
		t.Errorf("%+v, want one write that is sent once", n)
	}
}

// testWriteParts writes one change more than fits a batch.
func testWriteParts(t *testing.T, h HTTPHarness) {
	s := h.site(t, "")
	batch := s.Provider.Limits(s.Name).Batch
	if batch == 0 {
		t.Skip("the provider has no largest batch")
	}
	check := s.watch(t)
	var all []providers.Change
	for i := range batch + 1 {
		all = append(all, s.change("", fmt.Sprintf("p%d 300 A 10.0.%d.%d", i, i>>8, i&255)))
	}
	refuse := status(http.StatusTooManyRequests, "Retry-After", "3600")
	s.strike(anyWrite, always, refuse)
	err := s.tryWrite(t, all...)
	wantCertain(t, err)
	limitedFor(time.Hour)(t, err)
	if n := s.rest(); n.writes != 1 {
		t.Errorf("%+v, want nothing more behind a batch that failed", n)
	}
	check()

	writes := 0
	second := func(_ *http.Request, isWrite bool) bool {
		if isWrite {
			writes++
		}
		return isWrite && writes == 2
	}
	s.strike(second, always, refuse)
	err = s.tryWrite(t, all...)
	limitedFor(time.Hour)(t, err)
	if n := s.rest(); !errors.Is(err, providers.ErrPartial) || n.writes != 2 || n.executed != 1 {
		t.Errorf("error %v, %+v: want ErrPartial behind one batch", err, n)
	}
	check(all[:batch]...)
}

func testDenied(t *testing.T, h HTTPHarness) {
	for _, code := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		deny := status(code)
		if h.Deny != nil {
			deny = func(w http.ResponseWriter, r *http.Request, _ http.Handler) { h.Deny(w, r, code) }
		}
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			s := h.site(t, two)
			s.strike(anyRead, always, deny)
			wantDenied(t, s.tryRead(t))
			if n := s.rest(); n.reads != 1 {
				t.Errorf("read: %+v, want one request", n)
			}
			check := s.watch(t)
			s.strike(anyRead, always, deny)
			wantDenied(t, s.tryWrite(t, s.sample(t)))
			if n := s.rest(); n.writes != 0 {
				t.Errorf("write behind a read that is denied: %+v", n)
			}
			s.strike(anyWrite, always, deny)
			wantDenied(t, s.tryWrite(t, s.sample(t)))
			s.wantOneTry(t, false)
			check()
		})
	}
}

func wantDenied(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, providers.ErrCredentials) {
		t.Errorf("error %v, want ErrCredentials", err)
	}
	wantCertain(t, err)
}

// testCancelled ends the context while the fake holds a request.
func testCancelled(t *testing.T, h HTTPHarness) {
	for _, c := range []struct {
		name  string
		hits  func(*http.Request, bool) bool
		how   func(hold reply) reply
		lands bool
	}{
		{"a read", anyRead, func(hold reply) reply { return hold }, false},
		{"a write", anyWrite, func(hold reply) reply { return hold }, false},
		{"a write that lands", anyWrite, executed, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := h.site(t, two)
			check := s.watch(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s.strike(c.hits, always, c.how(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
				cancel()
				<-r.Context().Done()
			}))
			create := s.sample(t)
			_, err := s.Provider.Write(ctx, s.Name, []providers.Change{create})
			s.wantHidden(t, err)
			n := s.rest()
			if c.hits(nil, false) {
				if !errors.Is(err, context.Canceled) || n.writes != 0 {
					t.Errorf("error %v, %+v", err, n)
				}
				wantCertain(t, err)
			} else {
				wantUnknown(t, err)
			}
			if n.struck != 1 {
				t.Errorf("%+v, want one request that is held", n)
			}
			wantNoneRunning(t, s.Provider)
			if c.lands {
				check(create)
			} else {
				check()
			}
		})
	}
}

// wantNoneRunning waits until no goroutine is left in the adapter's package.
func wantNoneRunning(t *testing.T, p providers.Provider) {
	t.Helper()
	pkg := reflect.Indirect(reflect.ValueOf(p)).Type().PkgPath() + "."
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		left := goroutines(pkg)
		if len(left) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Errorf("left behind: %s", left[0])
			return
		}
	}
}

// goroutines returns the stacks that are in pkg, but for those of tests.
func goroutines(pkg string) []string {
	buf := make([]byte, 1<<20)
	var out []string
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(stack, pkg) && !strings.Contains(stack, "testing.tRunner(") {
			out = append(out, stack)
		}
	}
	return out
}

func testClosed(t *testing.T, h HTTPHarness) {
	var s *site
	t.Run("open", func(t *testing.T) { s = h.site(t, two) })
	// The cleanup of that test has closed the fake.
	wantCertain(t, s.tryRead(t))
	wantCertain(t, s.tryWrite(t, s.change("", "new 300 A 192.0.2.99")))
	if n := s.rest(); n != (counts{}) {
		t.Errorf("%+v after the end of the fake", n)
	}
}

// testOvertaken holds the request of one writer back until another has written.
func testOvertaken(t *testing.T, h HTTPHarness) {
	s := h.site(t, two)
	before := s.read(t)
	changes := []providers.Change{
		s.change("www 300 A 192.0.2.1 192.0.2.2", "www 300 A 203.0.113.1"),
		s.change("www 300 A 192.0.2.1 192.0.2.2", "www 300 A 203.0.113.2"),
	}
	arrived, overtaken := make(chan struct{}), make(chan struct{})
	s.strike(anyWrite, 1, func(w http.ResponseWriter, r *http.Request, fake http.Handler) {
		close(arrived)
		// An adapter may let one writer go behind the other.
		patience := time.NewTimer(time.Second)
		defer patience.Stop()
		select {
		case <-overtaken:
		case <-patience.C:
		}
		fake.ServeHTTP(w, r)
	})
	errs := make([]error, len(changes))
	var wg sync.WaitGroup
	wg.Go(func() { _, errs[0] = s.Provider.Write(t.Context(), s.Name, changes[:1]) })
	<-arrived
	wg.Go(func() {
		defer close(overtaken)
		_, errs[1] = s.Provider.Write(t.Context(), s.Name, changes[1:])
	})
	wg.Wait()
	s.rest()
	s.judge(t, before, changes, errs)
}

// testHidden lets the vendor repeat the whole request in its answer.
func testHidden(t *testing.T, h HTTPHarness) {
	if len(h.Secrets) == 0 {
		t.Skip("the provider has no credentials")
	}
	s := h.site(t, two)
	s.wantHidden(t, s.Provider)
	for _, code := range []int{200, 302, 400, 401, 403, 404, 409, 422, 429, 500, 502} {
		for _, kind := range []string{"text/plain", "text/html", "application/json", "application/xml"} {
			s := h.site(t, two)
			s.strike(anyRead, always, echo(code, kind))
			wantCertain(t, s.tryRead(t))
			s.rest()
			s.watch(t)
			s.strike(anyWrite, always, echo(code, kind))
			err := s.tryWrite(t, s.sample(t))
			if n := s.rest(); err == nil && code != 200 || n.writes != 1 && code != 429 {
				t.Errorf("write answered %d %s: error %v, %+v", code, kind, err, n)
			}
			_, err = s.Provider.Read(t.Context(), zone.Name("not-held.example.net."))
			s.wantHidden(t, err)
		}
	}
	s.wantHidden(t, s.Provider)
}
