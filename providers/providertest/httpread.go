package providertest

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// testIdle looks at what must cost nothing.
func testIdle(t *testing.T, h HTTPHarness) {
	s := h.site(t, two)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	limits := s.Provider.Limits(s.Name)
	if _, err := s.Provider.Read(ctx, s.Name); !errors.Is(err, context.Canceled) {
		t.Errorf("read: error %v, want context.Canceled", err)
	}
	if _, err := s.Provider.Write(ctx, s.Name, []providers.Change{s.sample(t)}); !errors.Is(err, context.Canceled) {
		t.Errorf("write: error %v, want context.Canceled", err)
	}
	if n := s.rest(); n != (counts{}) {
		t.Errorf("opened, asked for limits, cancelled: %+v, want no request", n)
	}
	line := "www 300 A 192.0.2.1 192.0.2.2"
	s.write(t, s.change(line, line))
	if n := s.rest(); n.writes != 0 {
		t.Errorf("a write of what is there: %+v", n)
	}
	_, err := s.Provider.Write(t.Context(), s.Name, []providers.Change{s.sample(t), s.change("www 300 A 192.0.2.7", line)})
	wantConflict(t, err, s.set(line).Key)
	if n := s.rest(); n.writes != 0 && !limits.Conditional {
		t.Errorf("a precondition that does not hold: %+v", n)
	}
}

func testReadOnce(t *testing.T, h HTTPHarness) {
	s := h.site(t, two)
	want := s.read(t)
	s.rest()
	s.read(t)
	plain := s.rest().reads
	for _, c := range []struct {
		name string
		how  reply
	}{
		{"429", status(http.StatusTooManyRequests)},
		{"429 with Retry-After", status(http.StatusTooManyRequests, "Retry-After", "1")},
		{"500", status(http.StatusInternalServerError)},
		{"502 with a page", page(http.StatusBadGateway)},
		{"503", status(http.StatusServiceUnavailable, "Retry-After", "0")},
		{"no reply", lost},
		{"a reply that breaks off", cut},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.strike(anyRead, 1, c.how)
			s.wantWhole(t, want)
			if n := s.rest(); n.reads != plain+1 {
				t.Errorf("%d requests, want one more than %d", n.reads, plain)
			}
			if c.name == "429 with Retry-After" {
				return // once is enough
			}
			fresh := h.site(t, two)
			fresh.strike(anyRead, 1, c.how)
			first := fresh.read(t)
			if n := fresh.rest(); n.struck != 1 || len(first.RRsets) != len(want.RRsets) {
				t.Errorf("the first request fails: %+v, %d sets, want %d", n, len(first.RRsets), len(want.RRsets))
			}
			fresh.wantWhole(t, first)
		})
	}
}

// testReadFails fails the reads that Read and Write make, for good.
func testReadFails(t *testing.T, h HTTPHarness) {
	type check func(t *testing.T, err error)
	either := func(*testing.T, error) {}
	for _, c := range []struct {
		name     string
		how      reply
		requests int
		check    check
	}{
		{"500", status(http.StatusInternalServerError), 10, answered(http.StatusInternalServerError)},
		{"503 with a page", page(http.StatusServiceUnavailable), 10, answered(http.StatusServiceUnavailable)},
		{"no reply", lost, 10, either},
		{"a reply that breaks off", cut, 10, either},
		{"429 for an hour", status(http.StatusTooManyRequests, "Retry-After", "3600"), 1, limitedFor(time.Hour)},
		{"a page", page(http.StatusOK), 1, answered(http.StatusOK)},
		{"moved", status(http.StatusFound, "Location", "https://login.example.net/"), 1, answered(http.StatusFound)},
		{"half of the data", truncated, 10, either},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := h.site(t, two)
			check := s.watch(t)
			for name, try := range map[string]func(*testing.T) error{
				"read":  s.tryRead,
				"write": func(t *testing.T) error { return s.tryWrite(t, s.sample(t)) },
			} {
				s.strike(anyRead, always, c.how)
				err := try(t)
				n := s.rest()
				if n.writes > 0 || n.reads == 0 || n.reads > c.requests {
					t.Errorf("%s: %+v, want no write and at most %d reads", name, n, c.requests)
				}
				wantCertain(t, err)
				c.check(t, err)
			}
			check()
		})
	}
}

// answered wants an AnswerError of that status.
func answered(code int) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		if e, ok := errors.AsType[*transport.AnswerError](err); !ok || e.Status != code {
			t.Errorf("error %v, want an AnswerError of %d", err, code)
		}
	}
}

// limitedFor wants a RateLimitError that ends in about d.
func limitedFor(d time.Duration) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		e, ok := errors.AsType[*providers.RateLimitError](err)
		if !ok {
			t.Errorf("error %v, want a RateLimitError", err)
			return
		}
		if left := time.Until(e.Until); left > d || left < d-10*time.Minute {
			t.Errorf("limited for another %s, want %s", left, d)
		}
	}
}

func testPages(t *testing.T, h HTTPHarness) {
	if h.Paged == "" {
		t.Skip("the vendor's lists have no pages")
	}
	second := func(r *http.Request, _ bool) bool { return h.SecondPage(r) }
	s := h.site(t, h.Paged)
	want := s.read(t)
	for name, how := range map[string]reply{
		"429": status(http.StatusTooManyRequests), "500": status(http.StatusInternalServerError), "cut": cut, "lost": lost,
	} {
		t.Run("once "+name, func(t *testing.T) {
			s.strike(second, 1, how)
			s.wantWhole(t, want)
			if n := s.rest(); n.struck != 1 {
				t.Errorf("%+v, want one fault on a second page", n)
			}
		})
	}
	for name, how := range map[string]reply{
		"429": status(http.StatusTooManyRequests, "Retry-After", "3600"), "500": status(http.StatusInternalServerError),
		"cut": cut, "lost": lost, "a page": page(http.StatusOK), "half": truncated, "404": status(http.StatusNotFound),
	} {
		t.Run("always "+name, func(t *testing.T) {
			s.strike(second, always, how)
			wantCertain(t, s.tryRead(t))
			if n := s.rest(); n.writes != 0 || n.struck == 0 {
				t.Errorf("%+v, want faults on a second page", n)
			}
		})
	}
	s.wantWhole(t, want)
}
