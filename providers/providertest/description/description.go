// Package description holds the requests that tests make against the description
// that a vendor has of its own API, so that a fake which takes too much hides
// nothing:
//
//	w := description.New("Cloudflare's description", breaches)
//	server := httptest.NewServer(w.Before(fake))
//	t.Cleanup(func() { server.Close(); w.Tell(t) })
package description

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/iotest"
)

// Breaches returns what a request has against a description, a line each; none is
// a request that it allows. The path is escaped, and has no query.
type Breaches func(method, path, query string, body []byte) []string

// Watch keeps what requests have against a description. It is safe for concurrent
// use.
type Watch struct {
	what     string
	breaches Breaches

	mu    sync.Mutex
	off   bool
	found []string
}

// New returns a Watch by the description that what names: "AWS's model".
func New(what string, breaches Breaches) *Watch {
	return &Watch{what: what, breaches: breaches}
}

// Off is for a test that sends what is not described: from now on no request is
// held against the description.
func (w *Watch) Off() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.off = true
}

// Before checks each request before next answers it. A body that cannot be read to
// its end is not checked, and next reads the same of it.
func (w *Watch) Before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), iotest.ErrReader(err)))
		} else {
			r.Body = io.NopCloser(bytes.NewReader(body))
			w.Check(r, body)
		}
		next.ServeHTTP(rw, r)
	})
}

// Check checks a request whose body was read. A breach that was found before, as
// where two handlers check one request, counts once.
func (w *Watch) Check(r *http.Request, body []byte) {
	found := w.breaches(r.Method, r.URL.EscapedPath(), r.URL.RawQuery, body)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range found {
		b = fmt.Sprintf("%s %s: %s", r.Method, r.URL, b)
		if !w.off && !slices.Contains(w.found, b) {
			w.found = append(w.found, b)
		}
	}
}

// Tell fails the test where a request had something against the description.
func (w *Watch) Tell(t testing.TB) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	const most = 20
	for _, b := range w.found[:min(len(w.found), most)] {
		t.Errorf("against %s: %s", w.what, b)
	}
}
