package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/providers/transport"
)

// named is a RoundTripper that answers with a name, and counts.
type named struct {
	name string

	mu sync.Mutex
	n  int
}

func (n *named) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	n.n++
	n.mu.Unlock()
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(n.name)), Request: r}, nil
}

// install makes rt the default transport until the test ends.
func install(t *testing.T, rt http.RoundTripper) {
	t.Helper()
	usual := http.DefaultTransport
	http.DefaultTransport = rt
	t.Cleanup(func() { http.DefaultTransport = usual })
}

// ask makes a request as client code does that knows of no Carrier.
func ask(t *testing.T, ctx context.Context, url string, headers ...string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}

func key(want string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Header.Get("X-Key") == want }
}

// Where a request goes, by what it carries.
func TestCarrier(t *testing.T) {
	plain, one, two := &named{name: "plain"}, &named{name: "one"}, &named{name: "two"}
	c := transport.NewCarrier(plain)
	install(t, c)
	releaseOne := c.Claim(key("1"), one)
	releaseTwo := c.Claim(key("2"), two)
	again := c.Claim(key("1"), two)
	through := transport.Through(t.Context(), two)
	for _, tt := range []struct {
		name    string
		ctx     context.Context
		headers []string
		want    string
	}{
		{"nobody's", t.Context(), nil, "plain"},
		{"an unknown key", t.Context(), []string{"X-Key", "3"}, "plain"},
		{"claimed by two", t.Context(), []string{"X-Key", "1"}, "one"},
		{"claimed", t.Context(), []string{"X-Key", "2"}, "two"},
		{"by its context", through, nil, "two"},
		{"by its context, though claimed", through, []string{"X-Key", "1"}, "two"},
		{"by a context that was made of it", context.WithValue(through, testKey{}, 1), nil, "two"},
	} {
		if got := ask(t, tt.ctx, "https://api.example.net/", tt.headers...); got != tt.want {
			t.Errorf("%s: went to %s, want %s", tt.name, got, tt.want)
		}
	}
	releaseOne()
	releaseOne()
	if got := ask(t, t.Context(), "https://api.example.net/", "X-Key", "1"); got != "two" {
		t.Errorf("the oldest claim is released: went to %s", got)
	}
	again()
	releaseTwo()
	if got := ask(t, t.Context(), "https://api.example.net/", "X-Key", "1"); got != "plain" {
		t.Errorf("all claims are released: went to %s", got)
	}
}

type testKey struct{}

// Two providers of one vendor, many requests at once: none goes to the other.
func TestCarrierConcurrently(t *testing.T) {
	plain := &named{name: "plain"}
	c := transport.NewCarrier(plain)
	install(t, c)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			mine := strconv.Itoa(i)
			rt := &named{name: mine}
			ctx := transport.Through(t.Context(), rt)
			for range 50 {
				release := c.Claim(key(mine), rt)
				if got := ask(t, ctx, "https://api.example.net/"); got != mine {
					t.Errorf("by context: %s went to %s", mine, got)
				}
				if got := ask(t, t.Context(), "https://api.example.net/", "X-Key", mine); got != mine {
					t.Errorf("claimed: %s went to %s", mine, got)
				}
				release()
				if got := ask(t, t.Context(), "https://api.example.net/", "X-Key", mine); got != "plain" {
					t.Errorf("released: %s went to %s", mine, got)
				}
			}
		})
	}
	wg.Wait()
	if plain.n != 20*50 {
		t.Errorf("%d plain requests, want %d", plain.n, 20*50)
	}
}

// idle counts CloseIdleConnections.
type idle struct {
	named
	closed int
}

func (i *idle) CloseIdleConnections() { i.closed++ }

// What takes http.DefaultTransport for granted finds what it would find without
// a Carrier, and no Chain goes through one.
func TestPlain(t *testing.T) {
	below := &idle{named: named{name: "below"}}
	install(t, below)
	if _, ok := transport.Installed(); ok || transport.Plain() != http.RoundTripper(below) {
		t.Error("there is no Carrier, and one was found")
	}
	c := transport.NewCarrier(below)
	http.DefaultTransport = c
	if got, ok := transport.Installed(); !ok || got != c || transport.Plain() != http.RoundTripper(below) {
		t.Errorf("found %v, below it %v", got, transport.Plain())
	}
	http.DefaultClient.CloseIdleConnections()
	if below.closed != 1 {
		t.Errorf("idle connections were closed %d times", below.closed)
	}
	transport.NewCarrier(&named{}).CloseIdleConnections()

	chain := transport.New(transport.Options{})
	if got := ask(t, transport.Through(t.Context(), chain), "https://api.example.net/"); got != "below" || chain.Budget().Used != 1 {
		t.Errorf("went to %q, %d times through the chain", got, chain.Budget().Used)
	}
}

// A server that takes a request and says nothing is given up, and its connection
// closed, also for whom no context bounds.
func TestBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := transport.Bounded(&http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, there) }() // until it is closed
			return here, nil
		}})
		began := time.Now()
		resp, err := (&http.Client{Transport: transport.NewCarrier(rt)}).Get("http://hook.example.net/") //nolint:noctx // it is what is tested
		if err == nil {
			resp.Body.Close()
		}
		if !os.IsTimeout(err) || time.Since(began) != transport.HeaderTimeout {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
	if other := (&named{}); transport.Bounded(other) != http.RoundTripper(other) {
		t.Error("another transport was replaced")
	}
}

// A redirect is followed to the same place alone, and never that of a write.
func TestRedirects(t *testing.T) {
	for _, tt := range []struct {
		name, method, to string
		allowed, follows bool
	}{
		{"a final slash", get, "/zones/?page=1", true, true},
		{"the whole address", get, "https://api.example.net/zones/", true, true},
		{"not asked for", get, "/zones/", false, false},
		{"another host", get, "https://login.example.net/", true, false},
		{"another port", get, "https://api.example.net:8443/", true, false},
		{"another scheme", get, "http://api.example.net/zones/", true, false},
		{"nowhere", get, "", true, false},
		{"a write", post, "/zones/", true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, f := chain(transport.Options{Redirects: tt.allowed}, reply(301, "Location", tt.to), reply(200))
			r, err := http.NewRequestWithContext(t.Context(), tt.method, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := (&http.Client{Transport: c}).Do(r)
			if err == nil {
				resp.Body.Close()
			}
			answer, refused := errors.AsType[*transport.AnswerError](err)
			if tt.follows && (err != nil || len(f.at) != 2) || !tt.follows && (!refused || answer.Status != 301 || len(f.at) != 1) {
				t.Errorf("%d requests, error %v", len(f.at), err)
			}
		})
	}
}

// A token that the vendor gave in the meantime, and repeats.
func TestHidesCredentialsOfRequest(t *testing.T) {
	const token = "token-for-an-hour"
	for _, code := range []int{400, 500} {
		c, _ := chain(transport.Options{Tries: 1}, reply(code, "body", "no "+token))
		r, err := http.NewRequestWithContext(t.Context(), get, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := c.RoundTrip(r)
		said := ""
		if err != nil {
			said = err.Error()
		} else {
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			said = string(body)
		}
		if !strings.Contains(said, "no [redacted]") || strings.Contains(said, token) {
			t.Errorf("%d: %q", code, said)
		}
	}
}
