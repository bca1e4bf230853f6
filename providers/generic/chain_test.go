package generic_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libdns/libdns"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/generic"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// answer is what a request gets in the place of the vendor's reply.
type answer func(r *http.Request) (*http.Response, error)

// tapped is a vendor whose requests are noted, and some of which are answered by
// the test.
type tapped struct {
	hosts
	mu     sync.Mutex
	seen   []request
	strike func(r *http.Request) answer // may be nil, and return nil
}

// request is one that was seen, and what it carried: headers and body.
type request struct {
	*http.Request
	carried string
}

func (v *tapped) RoundTrip(r *http.Request) (*http.Response, error) {
	r, carried, err := carry(r)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	v.seen = append(v.seen, request{r, carried})
	var struck answer
	if v.strike != nil {
		struck = v.strike(r)
	}
	v.mu.Unlock()
	if struck != nil {
		return struck(r)
	}
	return v.hosts.RoundTrip(r)
}

// carry returns r anew, and what it carries.
func carry(r *http.Request) (*http.Request, string, error) {
	var b strings.Builder
	for name, values := range r.Header {
		fmt.Fprintf(&b, "%s: %s ", name, values[0])
	}
	user, password, _ := r.BasicAuth()
	fmt.Fprintf(&b, "%s %s ", user, password)
	out := r.Clone(r.Context())
	if r.Body == nil {
		return out, b.String(), nil
	}
	body, err := io.ReadAll(r.Body)
	out.Body = io.NopCloser(bytes.NewReader(body))
	b.Write(body)
	return out, b.String(), err
}

// rest returns the requests since the last rest, and ends the strike.
func (v *tapped) rest() []request {
	v.mu.Lock()
	defer v.mu.Unlock()
	seen := v.seen
	v.seen, v.strike = nil, nil
	return seen
}

// first strikes the first n requests that match.
func first(n int, match func(*http.Request) bool, a answer) func(*http.Request) answer {
	return func(r *http.Request) answer {
		if n == 0 || !match(r) {
			return nil
		}
		n--
		return a
	}
}

func every(*http.Request) bool { return true }

// answers is a status with headers, and a body of JSON.
func answers(status int, headers ...string) answer {
	return func(r *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r}
		for i := 0; i+1 < len(headers); i += 2 {
			resp.Header.Set(headers[i], headers[i+1])
		}
		resp.Body = io.NopCloser(strings.NewReader(`{"message": "no"}`))
		return resp, nil
	}
}

// lost has the vendor act on the request or not, and its reply lost.
func (v *tapped) lost(acts bool) answer {
	return func(r *http.Request) (*http.Response, error) {
		if acts {
			if resp, err := v.hosts.RoundTrip(r); err == nil {
				resp.Body.Close()
			}
		}
		return nil, io.ErrUnexpectedEOF
	}
}

// instead has the vendor act on the request, and something else answered.
func (v *tapped) instead(a answer) answer {
	return func(r *http.Request) (*http.Response, error) {
		_, _ = v.lost(true)(r)
		return a(r)
	}
}

// onVendors runs f for each vendor, with the pauses and the rate that it has in
// the program, where time passes only when all wait. The zone holds www.
func onVendors(t *testing.T, f func(t *testing.T, kind string, v *tapped, s *store)) {
	all := vendors()
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		t.Run(kind, func(t *testing.T) {
			s := newStore(t, all[kind], "@ 86400 IN NS ns1\nwww 86400 IN A 192.0.2.1\n")
			v := &tapped{hosts: hosts{all[kind].host: all[kind].handler(s)}}
			serve(t, v)
			synctest.Test(t, func(t *testing.T) { f(t, kind, v, s) })
		})
	}
}

// logged takes lines of log.
type logged struct {
	mu   sync.Mutex
	list []string
}

func (l *logged) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, line)
}

// opened is a provider as the program opens it with -v.
func opened(t *testing.T, kind string) (providers.Provider, *logged) {
	t.Helper()
	l := &logged{}
	s := settings(t, kind)
	s.Log = l.add
	p, err := generic.Catalogue()[kind].Open(s)
	if err != nil {
		t.Fatal(err)
	}
	return p, l
}

// TestReadsAreTriedAgain looks at how often, and at how long is waited.
func TestReadsAreTriedAgain(t *testing.T) {
	onVendors(t, func(t *testing.T, kind string, v *tapped, _ *store) {
		p, _ := opened(t, kind)
		if _, err := p.Read(t.Context(), testZone); err != nil {
			t.Fatal(err)
		}
		plain := len(v.rest())
		for _, tt := range []struct {
			name        string
			answer      answer
			least, most time.Duration
		}{
			{"429", answers(429, "Retry-After", "7"), 7 * time.Second, 8 * time.Second},
			{"503", answers(503), time.Second / 4, time.Second},
			{"503 with Retry-After", answers(503, "Retry-After", "3"), 3 * time.Second, 4 * time.Second},
			{"no reply", v.lost(false), time.Second / 4, time.Second},
		} {
			p, _ := opened(t, kind)
			v.strike = first(1, every, tt.answer)
			began := time.Now()
			_, err := p.Read(t.Context(), testZone)
			took, seen := time.Since(began), v.rest()
			if err != nil || len(seen) != plain+1 || took < tt.least || took > tt.most {
				t.Errorf("%s: error %v, %d requests in %s, want %d", tt.name, err, len(seen), took, plain+1)
			}
		}
		p, _ = opened(t, kind)
		v.strike = first(9, every, answers(429, "Retry-After", "3600"))
		_, err := p.Read(t.Context(), testZone)
		limited, ok := errors.AsType[*providers.RateLimitError](err)
		if seen := v.rest(); !ok || time.Until(limited.Until) != time.Hour || len(seen) != 1 {
			t.Errorf("limited for an hour: error %v after %d requests", err, len(seen))
		}
	})
}

// TestWritesAreTriedAgain where they were refused for the rate, and only there.
func TestWritesAreTriedAgain(t *testing.T) {
	onVendors(t, func(t *testing.T, kind string, v *tapped, s *store) {
		p, _ := opened(t, kind)
		v.strike = first(1, isWrite(kind), answers(429, "Retry-After", "7"))
		began := time.Now()
		_, err := p.Write(t.Context(), testZone, []providers.Change{change("", "new 3600 A 203.0.113.5")})
		if took := time.Since(began); err != nil || took < 7*time.Second || written(v.rest(), kind) != 2 {
			t.Errorf("error %v after %s", err, took)
		}
		if n := len(s.rrset("new", "A")); n != 1 {
			t.Errorf("%d records, want one", n)
		}
	})
}

// written counts requests that change records.
func written(seen []request, kind string) (n int) {
	for _, r := range seen {
		if isWrite(kind)(r.Request) {
			n++
		}
	}
	return n
}

// TestLostWrites loses what became of a write, which is sent once whatever
// happens: what is live tells.
func TestLostWrites(t *testing.T) {
	onVendors(t, func(t *testing.T, kind string, v *tapped, s *store) {
		for _, tt := range []struct {
			name   string
			answer answer
			acts   bool
		}{
			{"no reply, done", v.lost(true), true},
			{"no reply, not done", v.lost(false), false},
			{"500, done", v.instead(answers(500)), true},
			{"502, done", v.instead(answers(502)), true}, // some SDKs would send it again
			{"503 with Retry-After, not done", answers(503, "Retry-After", "1"), false},
			{"504, not done", answers(504), false},
			{"a page, not done", answers(200, "Content-Type", "text/html"), false},
		} {
			s.drop(func(h held) bool { return h.name == "new" })
			p, _ := opened(t, kind)
			v.strike = first(1, isWrite(kind), tt.answer)
			_, err := p.Write(t.Context(), testZone, []providers.Change{change("", "new 3600 A 203.0.113.5")})
			if got, want := kindOf(err), map[bool]string{true: "none", false: "unknown"}[tt.acts]; got != want {
				t.Errorf("%s: error %q (%v), want %q", tt.name, got, err, want)
			}
			if n := written(v.rest(), kind); n != 1 {
				t.Errorf("%s: the write was sent %d times", tt.name, n)
			}
			if n := len(s.rrset("new", "A")); n != map[bool]int{true: 1, false: 0}[tt.acts] {
				t.Errorf("%s: %d records", tt.name, n)
			}
		}
	})
}

// TestEachRequestIsALine has -v tell of every request, of the tries too, and of
// no secret.
func TestEachRequestIsALine(t *testing.T) {
	onVendors(t, func(t *testing.T, kind string, v *tapped, _ *store) {
		p, log := opened(t, kind)
		v.strike = first(1, every, answers(503))
		if _, err := p.Read(t.Context(), testZone); err != nil {
			t.Fatal(err)
		}
		all := []providers.Change{change("www 86400 A 192.0.2.1", "www 3600 A 203.0.113.1"), change("", "new 3600 A 203.0.113.5")}
		if _, err := p.Write(t.Context(), testZone, all); err != nil {
			t.Fatal(err)
		}
		seen := v.rest()
		if len(log.list) != len(seen) {
			t.Fatalf("%d lines of %d requests: %q", len(log.list), len(seen), log.list)
		}
		for i, r := range seen {
			if want := fmt.Sprintf("%s: %s %s: ", kind, r.Method, r.URL); !strings.HasPrefix(log.list[i], want) || shows(log.list[i], canary) {
				t.Errorf("line %q, want it to begin with %q", log.list[i], want)
			}
		}
		if !strings.Contains(log.list[0], ": 503 in ") || !strings.Contains(log.list[1], ", try 2") {
			t.Errorf("lines %q, want one of a failure and one of the second try", log.list[:2])
		}
		if b := p.(providers.Budgeter).Budget(); b.Used != len(seen) {
			t.Errorf("budget %+v of %d requests", b, len(seen))
		}
	})
}

// shows tells whether a secret is in a text, as it is or in base64.
func shows(text, secret string) bool {
	return strings.Contains(text, secret) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(secret)))
}

// echo repeats what a request carries, where a vendor knows nobody by then.
func echo(r *http.Request) (*http.Response, error) {
	r, carried, err := carry(r)
	if err != nil {
		return nil, err
	}
	status, text := 400, fmt.Sprintf(`{"status": "Failed", "statusDescription": %q, "message": %q}`, carried, carried)
	switch {
	case strings.HasSuffix(r.URL.Path, "/1.0/auth/time"):
		status, text = 200, fmt.Sprint(time.Now().Unix())
	case strings.HasSuffix(r.URL.Path, "/v6/auth"):
		_, login, _ := strings.Cut(carried, `"login":"`)
		login, _, _ = strings.Cut(login, `"`)
		status, text = 200, fmt.Sprintf(`{"token": "%s-%s"}`, jwt(), login)
	}
	resp, err := answers(status)(r)
	resp.Body = io.NopCloser(strings.NewReader(text))
	return resp, err
}

// TestTwoOfOneVendor has two accounts at one vendor asked at once: no request of
// one goes through the chain of the other, which would log and redact it as its
// own.
func TestTwoOfOneVendor(t *testing.T) {
	all := vendors()
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		t.Run(kind, func(t *testing.T) {
			v := &tapped{strike: func(*http.Request) answer { return echo }}
			serve(t, v)
			var names []string
			logs := map[string]*logged{}
			var wg sync.WaitGroup
			for _, name := range []string{"one", "two"} {
				names, logs[name] = append(names, name), &logged{}
				s := settings(t, kind)
				s.Name, s.Log = name, logs[name].add
				s.Secret = func(key string) (string, error) { return secretOf(name), nil }
				p, err := generic.OpenFast(kind, s)
				if err != nil {
					t.Fatal(err)
				}
				for range 5 {
					wg.Go(func() {
						for range 10 {
							_, err := p.Read(t.Context(), testZone)
							if err == nil || shows(err.Error(), secretOf("one")) || shows(err.Error(), secretOf("two")) {
								t.Errorf("%s: error %v, want one without secrets", name, err)
							}
						}
					})
				}
			}
			wg.Wait()
			made := map[string]int{}
			for _, r := range v.rest() {
				made[owner(t, r, names)]++
			}
			for _, name := range names {
				if n := len(logs[name].list); n < 50 || n != made[name] {
					t.Errorf("%s: %d lines of %d requests", name, n, made[name])
				}
				for _, line := range logs[name].list {
					if !strings.HasPrefix(line, name+": ") || shows(line, secretOf("one")) || shows(line, secretOf("two")) {
						t.Errorf("%s: line %q", name, line)
					}
				}
			}
		})
	}
}

func secretOf(name string) string { return "canary-secret-of-" + name }

// owner tells whose request it is by what it carries.
func owner(t *testing.T, r request, names []string) string {
	t.Helper()
	for _, name := range names {
		if shows(r.carried, secretOf(name)) {
			return name
		}
	}
	t.Errorf("%s %s is nobody's: %s", r.Method, r.URL, r.carried)
	return ""
}

// TestClockRequestEnds: OVH's SDK asks for the server's clock with a context of
// its own, and ends with the caller's all the same.
func TestClockRequestEnds(t *testing.T) {
	v := &tapped{strike: func(*http.Request) answer {
		return func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
	}}
	serve(t, v)
	synctest.Test(t, func(t *testing.T) {
		p, _ := opened(t, "ovh")
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		_, err := p.Read(ctx, testZone)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 5*time.Second {
			t.Errorf("error %v after %s", err, time.Since(began))
		}
	})
}

// TestBypass opens each type in a program that has no carrier.
func TestBypass(t *testing.T) {
	for kind, entry := range generic.Catalogue() {
		p, err := entry.Open(settings(t, kind))
		if client := entry.Quirks.Chain == generic.ChainByClient; client != (err == nil) {
			t.Errorf("%s: %v, error %v", kind, p, err)
		}
		if err != nil && !strings.Contains(err.Error(), "would bypass its chain") {
			t.Errorf("%s: error %v", kind, err)
		}
	}
}

// TestBypassed has a libdns provider that answers, and no request in its chain.
func TestBypassed(t *testing.T) {
	serve(t, hosts{})
	f := newFake(t, testZone, seed, habits{})
	p, err := generic.New(f, generic.Quirks{}, generic.Hooks{}, generic.Config{Chain: transport.New(transport.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Read(t.Context(), testZone)
	_, werr := p.Write(t.Context(), testZone, []providers.Change{change("", "new 3600 A 192.0.2.1")})
	for _, err := range []error{err, werr} {
		if err == nil || !strings.Contains(err.Error(), "do not come through its chain") || len(f.written()) > 0 {
			t.Errorf("error %v, calls %q", err, f.calls)
		}
	}
}

// patient notes how much time its calls are given.
type patient struct {
	*fake
	given []time.Duration
}

func (p *patient) AppendRecords(ctx context.Context, z string, records []libdns.Record) ([]libdns.Record, error) {
	end, _ := ctx.Deadline()
	p.given = append(p.given, time.Until(end))
	return p.fake.AppendRecords(ctx, z, records)
}

// TestTimeForEachRecord: requests wait for the rate, so that many take longer.
func TestTimeForEachRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &patient{fake: newFake(t, testZone, seed, habits{})}
		p, err := generic.New(f, generic.Quirks{Timeout: time.Minute}, generic.Hooks{}, generic.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write(t.Context(), testZone, []providers.Change{change("", "new 3600 A 192.0.2.1 192.0.2.2 192.0.2.3")}); err != nil {
			t.Fatal(err)
		}
		if want := []time.Duration{time.Minute + 15*time.Second}; !slices.Equal(f.given, want) {
			t.Errorf("time %v, want %v", f.given, want)
		}
	})
}
