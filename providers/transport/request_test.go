package transport_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

func TestBodyIsSentWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := chain(transport.Options{}, reply(429), fails(refused), reply(200))
		const text = `{"patches": [1, 2, 3]}`
		// A body that can be read once.
		r, err := http.NewRequestWithContext(t.Context(), post, url, io.NopCloser(strings.NewReader(text)))
		if err != nil {
			t.Fatal(err)
		}
		header := r.Header.Clone()
		if _, err := do(c, r); err != nil || !slices.Equal(f.bodies, []string{text, text, text}) {
			t.Errorf("error %v, bodies %q", err, f.bodies)
		}
		if r.URL.String() != url || len(r.Header) != len(header) {
			t.Errorf("the caller's request is changed: %v %v", r.URL, r.Header)
		}
	})
	t.Run("empty", func(t *testing.T) {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength != 0 || len(r.TransferEncoding) > 0 || r.Header.Get("Idempotency-Key") != "" {
				t.Errorf("%s: length %d, %v, %v", r.Method, r.ContentLength, r.TransferEncoding, r.Header)
			}
		}))
		defer s.Close()
		c := transport.New(transport.Options{Name: "test"})
		for _, method := range []string{post, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			r, err := http.NewRequestWithContext(t.Context(), method, s.URL, io.NopCloser(bytes.NewReader(nil)))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Idempotency-Key", "1")
			if _, err := do(c, r); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("unreadable", func(t *testing.T) {
		c, f := chain(transport.Options{}, reply(200))
		r, err := http.NewRequestWithContext(t.Context(), post, url, badReader{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := do(c, r); !errors.Is(err, errBroken) || len(f.at) != 0 {
			t.Errorf("error %v after %d requests", err, len(f.at))
		}
	})
}

// What the next try would meet too is not tried again.
func TestHopeless(t *testing.T) {
	for name, err := range map[string]error{
		"no such host":        &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "api.example.net", IsNotFound: true}},
		"unknown certificate": &tls.CertificateVerificationError{Err: errors.New("unknown authority")},
		"no TLS":              tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"},
	} {
		c, f := chain(transport.Options{}, fails(err))
		if _, got := send(t, c, get); got == nil || len(f.at) != 1 || errors.Is(got, providers.ErrUnknown) {
			t.Errorf("%s: error %v after %d tries", name, got, len(f.at))
		}
	}
}

// Over real sockets: a write that finds nobody was not sent.
func TestNobodyListens(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	c := transport.New(transport.Options{Name: "test", Tries: 3, Pause: time.Millisecond})
	r, err := http.NewRequestWithContext(t.Context(), post, s.URL, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := do(c, r); err == nil || errors.Is(err, providers.ErrUnknown) || c.Budget().Used != 3 {
		t.Errorf("error %v after %d tries", err, c.Budget().Used)
	}
	// The other end does not speak TLS: the request was not sent either.
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	r, err = http.NewRequestWithContext(t.Context(), post, "https://"+l.Addr().String(), strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := do(c, r); err == nil || errors.Is(err, providers.ErrUnknown) || c.Budget().Used != 6 {
		t.Errorf("error %v after %d tries", err, c.Budget().Used)
	}
	l.Close()
	<-done
}

func TestReply(t *testing.T) {
	c, _ := chain(transport.Options{Secrets: []string{"hush-hush"}},
		reply(200, "body", "hush-hush", "Content-Length", "9", "X-Some", "y"), reply(403, "body", "no hush-hush here", "Content-Length", "17"))
	for i, want := range []string{"hush-hush", "no [redacted] here"} {
		r, err := http.NewRequestWithContext(t.Context(), get, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || string(body) != want || resp.ContentLength != int64(len(want)) || resp.Request != r {
			t.Errorf("body %q, error %v, length %d, want %q", body, err, resp.ContentLength, want)
		}
		if i == 0 && resp.Header.Get("X-Some") != "y" {
			t.Errorf("header %v", resp.Header)
		}
	}
}

// Client follows no redirect: the chain turns it into an error.
func TestClientFollowsNothing(t *testing.T) {
	c, f := chain(transport.Options{}, reply(302, "Location", "https://elsewhere.example.net/"))
	r, err := http.NewRequestWithContext(t.Context(), get, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Client().Do(r)
	if err == nil {
		resp.Body.Close()
	}
	if e, ok := errors.AsType[*transport.AnswerError](err); !ok || !e.Page || len(f.at) != 1 {
		t.Errorf("error %v after %d requests", err, len(f.at))
	}
}

func TestSkew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := chain(transport.Options{}, reply(200), dated(-90*time.Second, 200), reply(200))
		for i := range 3 {
			if _, err := send(t, c, get); err != nil {
				t.Fatal(err)
			}
			ahead, known := c.Skew()
			if known != (i > 0) || known && ahead != 90*time.Second {
				t.Errorf("reply %d: ahead by %s, known %t", i, ahead, known)
			}
		}
	})
}

func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		o := transport.Options{Name: "cf", Secrets: []string{"hush/hush"}, Log: func(s string) { lines = append(lines, s) }}
		c, _ := chain(o, fails(errors.New("no way:\nhush/hush")), reply(500),
			reply(200, "X-RateLimit-Limit", "1200", "X-RateLimit-Remaining", "1173", "X-RateLimit-Reset", "60"))
		r, err := http.NewRequestWithContext(t.Context(), get, "https://user:pass@api.example.net/zones?key=hush%2Fhush&page=2", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := do(c, r); err != nil {
			t.Fatal(err)
		}
		const request = "cf: GET https://user:xxxxx@api.example.net/zones?key=[redacted]&page=2: "
		want := []string{
			request + "no way: [redacted] in 0 ms",
			request + "500 in 0 ms, try 2",
			request + "200 in 0 ms, try 3; 1173 of 1200 requests left until " + time.Now().Add(time.Minute).UTC().Format("15:04:05Z"),
		}
		if !slices.Equal(lines, want) {
			t.Errorf("log\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
		}
	})
}
