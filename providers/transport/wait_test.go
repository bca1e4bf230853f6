package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// Pauses double up to 8 s, each give or take a half.
func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := chain(transport.Options{Tries: 7}, reply(500))
		_, err := send(t, c, get)
		if e, ok := errors.AsType[*transport.AnswerError](err); !ok || e.Status != 500 {
			t.Errorf("error %v", err)
		}
		if len(f.at) != 7 {
			t.Fatalf("%d tries, want 7", len(f.at))
		}
		for i, middle := range []time.Duration{1, 2, 4, 8, 8, 8} {
			middle *= time.Second
			if gap := f.at[i+1] - f.at[i]; gap < middle/2 || gap > middle*3/2+time.Millisecond {
				t.Errorf("pause %d is %s, want about %s", i+1, gap, middle)
			}
		}
	})
}

func TestTries(t *testing.T) {
	conn := fails(errBroken)
	for _, c := range []struct {
		name   string
		method string
		script []answer
		status int
		tries  int
	}{
		{"read", get, []answer{reply(200)}, 200, 1},
		{"read, 500", get, []answer{reply(500), reply(502), reply(200)}, 200, 3},
		{"read, 429", get, []answer{reply(429), reply(200)}, 200, 2},
		{"read, no connection", get, []answer{fails(refused), reply(200)}, 200, 2},
		{"read, no reply", get, []answer{conn, reply(200)}, 200, 2},
		{"read, reply breaks off", get, []answer{broken(200), reply(200)}, 200, 2},
		{"read, 404", get, []answer{reply(404)}, 404, 1},
		{"read, always 429", get, []answer{reply(429)}, 0, 5},
		{"read, always 500", get, []answer{reply(500)}, 0, 5},
		{"read, never connected", get, []answer{fails(refused)}, 0, 3},
		{"read, never a route", get, []answer{fails(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH})}, 0, 5},
		{"write", post, []answer{reply(200)}, 200, 1},
		{"write, 429", post, []answer{reply(429), reply(201)}, 201, 2},
		{"write, 429 that breaks off", post, []answer{broken(429), reply(201)}, 201, 2},
		{"write, no connection", post, []answer{fails(refused), reply(200)}, 200, 2},
		{"write, no connection, then 500", post, []answer{fails(refused), reply(500)}, 0, 2},
		{"write, no reply", post, []answer{conn}, 0, 1},
		{"write, reply breaks off", post, []answer{broken(200)}, 0, 1},
		{"write, 500", post, []answer{reply(500)}, 0, 1},
		{"write, 400", post, []answer{reply(400)}, 400, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				chain, f := chain(transport.Options{}, c.script...)
				status, err := send(t, chain, c.method)
				if status != c.status || len(f.at) != c.tries || (err == nil) != (c.status != 0) {
					t.Errorf("status %d, error %v after %d tries", status, err, len(f.at))
				}
			})
		})
	}
}

func TestErrorsByOutcome(t *testing.T) {
	page := reply(200, "Content-Type", "Text/HTML; charset", "body", "<html><title>Sign in</title></html>")
	for _, c := range []struct {
		name    string
		method  string
		answer  answer
		unknown bool
		text    string
	}{
		{"read, 503", get, reply(503, "body", "down"), false, `api.example.net answers 503 Service Unavailable: "down"`},
		{"read, 502 of a page that says it once more", get, reply(502, "Content-Type", "text/html", "body", "<title>502 Bad Gateway</title>"), false, "api.example.net answers 502 Bad Gateway"},
		{"write, 503", post, reply(503), true, "outcome unknown: POST /zones: api.example.net answers 503"},
		{"read, a page", get, page, false, `api.example.net answers 200 OK with a web page, not as the API would: "Sign in"`},
		{"write, a page", post, page, true, `"Sign in"`},
		{"write, a page of 404", post, reply(404, "Content-Type", "text/html"), false, "answers 404 Not Found with a web page"},
		{"read, moved", get, reply(301, "Location", "https://www.example.net/"), false, `"moved to https://www.example.net/"`},
		{"write, moved", post, reply(307, "Location", "/login"), false, `"moved to /login"`},
		{"read, no reply", get, fails(errBroken), false, "connection reset"},
		{"write, no reply", post, fails(errBroken), true, "outcome unknown: POST /zones was sent: connection reset"},
		{"read, closed", get, fails(io.EOF), false, "the connection was closed in the place of a reply"},
		{"write, breaks off", post, broken(200), true, "the reply breaks off: connection reset"},
		{"write, no connection", post, fails(refused), false, "dial tcp: connection refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				chain, _ := chain(transport.Options{}, c.answer)
				_, err := send(t, chain, c.method)
				if err == nil || errors.Is(err, providers.ErrUnknown) != c.unknown || !strings.Contains(err.Error(), c.text) {
					t.Errorf("error %v, want unknown %t and %q", err, c.unknown, c.text)
				}
			})
		})
	}
	for _, code := range []int{401, 403, 404} {
		chain, _ := chain(transport.Options{}, reply(code, "Content-Type", "text/html"))
		if _, err := send(t, chain, get); errors.Is(err, providers.ErrCredentials) != (code != 404) {
			t.Errorf("a page of %d: %v", code, err)
		}
	}
}

// A vendor of its own way to refuse for the rate.
func TestThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := transport.Options{Throttled: func(status int, body []byte) bool {
			return status == 400 && strings.Contains(string(body), "Throttling")
		}}
		c, f := chain(o, reply(400, "body", "Throttling"), reply(400, "body", "other"))
		if status, err := send(t, c, post); status != 400 || err != nil || len(f.at) != 2 {
			t.Errorf("status %d, error %v after %d tries", status, err, len(f.at))
		}
	})
}

func TestRetryAfter(t *testing.T) {
	in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	for _, c := range []struct {
		name   string
		answer func() answer
		wait   time.Duration // to the second try; at most a pause is added
		until  time.Duration // of the RateLimitError, where there is no second try
	}{
		{"seconds", func() answer { return reply(429, "Retry-After", "7") }, 7 * time.Second, 0},
		{"none", func() answer { return reply(429, "Retry-After", "0") }, 0, 0},
		{"as long as patience", func() answer { return reply(429, "Retry-After", "30") }, 30 * time.Second, 0},
		{"longer than patience", func() answer { return reply(429, "Retry-After", "31") }, 0, 31 * time.Second},
		{"an age", func() answer { return reply(429, "Retry-After", "99999999999999999999999") }, 0, 365 * 24 * time.Hour},
		{"a date", func() answer { return reply(429, "Retry-After", in(9*time.Second)) }, 9 * time.Second, 0},
		{"a date that has passed", func() answer { return reply(429, "Retry-After", in(-time.Hour)) }, 0, 0},
		{"a date by a clock an hour ahead", func() answer { return dated(time.Hour, 429, "Retry-After", in(time.Hour+5*time.Second)) }, 5 * time.Second, 0},
		{"a date by a clock an hour behind", func() answer { return dated(-time.Hour, 429, "Retry-After", in(time.Minute-time.Hour)) }, 0, time.Minute},
		{"503", func() answer { return reply(503, "Retry-After", "3") }, 3 * time.Second, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				chain, f := chain(transport.Options{}, c.answer(), reply(200))
				start := time.Now()
				_, err := send(t, chain, get)
				if c.until != 0 {
					e, ok := errors.AsType[*providers.RateLimitError](err)
					if !ok || e.Until.Sub(start) != c.until || len(f.at) != 1 || time.Since(start) != 0 {
						t.Errorf("error %v after %s and %d tries, want one that is limited for %s", err, time.Since(start), len(f.at), c.until)
					}
					return
				}
				if err != nil || len(f.at) != 2 || f.at[1] < c.wait || f.at[1] > c.wait+time.Second {
					t.Errorf("error %v, tries at %v, want the second at %s", err, f.at, c.wait)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c, f := chain(transport.Options{}, reply(429, "Retry-After", "soon"), reply(200))
		if _, err := send(t, c, post); err != nil || f.at[1] < 500*time.Millisecond || f.at[1] > 1501*time.Millisecond {
			t.Errorf("error %v, tries at %v: what cannot be read is as if it were not there", err, f.at)
		}
	})
}

// Without a Retry-After, a limit ends when the budget is renewed, else soon.
func TestLimitedUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := chain(transport.Options{Tries: 1}, reply(429))
		_, err := send(t, c, get)
		if e, ok := errors.AsType[*providers.RateLimitError](err); !ok || time.Until(e.Until) != 8*time.Second {
			t.Errorf("error %v", err)
		}
		c, _ = chain(transport.Options{Tries: 1}, reply(429, "X-RateLimit-Limit", "10", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "77"))
		_, err = send(t, c, get)
		if e, ok := errors.AsType[*providers.RateLimitError](err); !ok || time.Until(e.Until) != 77*time.Second {
			t.Errorf("error %v", err)
		}
	})
}

// A budget that is used up is waited for where that is short, and no request is
// made where it is not.
func TestBudget(t *testing.T) {
	spent := func(reset string) answer {
		return reply(200, "X-RateLimit-Limit", "1200", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", reset)
	}
	synctest.Test(t, func(t *testing.T) {
		c, f := chain(transport.Options{}, spent("20"), spent("600"), reply(200))
		for range 2 {
			if _, err := send(t, c, post); err != nil {
				t.Fatal(err)
			}
		}
		if want := []time.Duration{0, 20 * time.Second}; !slices.Equal(f.at, want) {
			t.Errorf("requests at %v, want %v", f.at, want)
		}
		b := c.Budget()
		if b.Limit != 1200 || b.Remaining != 0 || b.Used != 2 || time.Until(b.Reset) != 10*time.Minute {
			t.Errorf("budget %+v", b)
		}
		_, err := send(t, c, post)
		if e, ok := errors.AsType[*providers.RateLimitError](err); !ok || !e.Until.Equal(b.Reset) || len(f.at) != 2 {
			t.Errorf("error %v after %d requests, want a limit until the reset and no third request", err, len(f.at))
		}
		time.Sleep(10 * time.Minute)
		if _, err := send(t, c, post); err != nil || len(f.at) != 3 {
			t.Errorf("after the reset: %v, %d requests", err, len(f.at))
		}
	})
}

func TestUsedCountsEachTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := chain(transport.Options{}, fails(errBroken), reply(500), reply(200))
		if _, err := send(t, c, get); err != nil || c.Budget() != (providers.Budget{Used: 3}) {
			t.Errorf("error %v, budget %+v", err, c.Budget())
		}
	})
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := chain(transport.Options{Rate: 2, Burst: 3}, reply(429, "Retry-After", "0"), reply(200))
		for range 5 { // one of them is tried twice
			if _, err := send(t, c, get); err != nil {
				t.Fatal(err)
			}
		}
		last := f.at[len(f.at)-1]
		if len(f.at) != 6 || last < 1500*time.Millisecond-time.Second || f.at[2] > time.Second {
			t.Errorf("requests at %v, want 3 at once and then 2 a second", f.at)
		}
		for i := range len(f.at) - 4 {
			if gap := f.at[i+4] - f.at[i]; gap < 500*time.Millisecond {
				t.Errorf("5 requests within %s: %v", gap, f.at)
			}
		}
	})
}

// A deadline is not waited for in vain: the error says what there was to wait for.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		request := func() *http.Request {
			r, err := http.NewRequestWithContext(ctx, post, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		start := time.Now()
		c, f := chain(transport.Options{}, reply(429, "Retry-After", "20"))
		if _, err := do(c, request()); err == nil || !strings.HasPrefix(err.Error(), "rate limited until") || len(f.at) != 1 {
			t.Errorf("throttled: %v after %d tries", err, len(f.at))
		}
		c, f = chain(transport.Options{}, reply(200, "X-RateLimit-Limit", "9", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "20"))
		for range 2 {
			_, err := do(c, request())
			if _, limited := errors.AsType[*providers.RateLimitError](err); limited != (len(f.at) == 1 && err != nil) {
				t.Errorf("budget: %v", err)
			}
		}
		c, f = chain(transport.Options{Rate: 0.1}, reply(200))
		for i := range 2 {
			_, err := do(c, request())
			if late := err != nil && strings.Contains(err.Error(), "would not be made in time"); late != (i == 1) || len(f.at) != 1 {
				t.Errorf("rate: %v after %d requests", err, len(f.at))
			}
		}
		if time.Since(start) != 0 {
			t.Errorf("waited %s", time.Since(start))
		}
	})
}

// TestCancel ends the context at each point where a request can be waiting.
func TestCancel(t *testing.T) {
	spent := reply(200, "X-RateLimit-Limit", "9", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "20")
	for _, c := range []struct {
		name    string
		method  string
		options transport.Options
		before  int // requests that are made first
		script  []answer
		sent    int
		unknown bool
	}{
		{"before the rate", post, transport.Options{Rate: 0.01}, 1, []answer{reply(200)}, 1, false},
		{"before the budget", post, transport.Options{}, 1, []answer{spent}, 1, false},
		{"in a pause of a read", get, transport.Options{Pause: time.Minute}, 0, []answer{reply(500)}, 1, false},
		{"in a Retry-After of a write", post, transport.Options{}, 0, []answer{reply(429, "Retry-After", "20")}, 1, false},
		{"in a pause of a write that was not sent", post, transport.Options{Pause: time.Minute}, 0, []answer{fails(refused)}, 1, false},
		{"in a read", get, transport.Options{}, 0, []answer{hangs}, 1, false},
		{"in a write", post, transport.Options{}, 0, []answer{hangs}, 1, true},
		{"in the second try of a write", post, transport.Options{}, 0, []answer{reply(429, "Retry-After", "0"), hangs}, 2, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				chain, f := chain(c.options, c.script...)
				for range c.before {
					if _, err := send(t, chain, c.method); err != nil {
						t.Fatal(err)
					}
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				start := time.Now()
				time.AfterFunc(5*time.Second, cancel)
				r, err := http.NewRequestWithContext(ctx, c.method, url, nil)
				if err != nil {
					t.Fatal(err)
				}
				_, err = do(chain, r)
				if !errors.Is(err, context.Canceled) || errors.Is(err, providers.ErrUnknown) != c.unknown {
					t.Errorf("error %v, want unknown %t and context.Canceled", err, c.unknown)
				}
				if len(f.at) != c.sent || time.Since(start) != 5*time.Second {
					t.Errorf("%d requests, done after %s", len(f.at), time.Since(start))
				}
			})
		})
	}
}

func TestCancelledBefore(t *testing.T) {
	c, f := chain(transport.Options{}, reply(200))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := http.NewRequestWithContext(ctx, post, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := do(c, r); !errors.Is(err, context.Canceled) || len(f.at) != 0 {
		t.Errorf("error %v after %d requests", err, len(f.at))
	}
}

// Each try has its own time, which is not the caller's.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := chain(transport.Options{Timeout: 10 * time.Second}, hangs, reply(200))
		if status, err := send(t, c, get); status != 200 || err != nil || f.at[1] < 10*time.Second {
			t.Errorf("read: status %d, error %v, tries at %v", status, err, f.at)
		}
		c, f = chain(transport.Options{Timeout: 10 * time.Second}, hangs)
		_, err := send(t, c, post)
		if !errors.Is(err, providers.ErrUnknown) || errors.Is(err, context.DeadlineExceeded) || len(f.at) != 1 {
			t.Errorf("write: error %v after %d tries", err, len(f.at))
		}
		if want := "outcome unknown: POST /zones was sent: no whole reply within 10s"; err.Error() != want {
			t.Errorf("write: error %q, want %q", err, want)
		}
	})
}
