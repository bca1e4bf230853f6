package transport_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// TestWritingGETIsSentOnce breaks a connection that was used before under a GET
// that changes something. net/http would send it again by itself.
func TestWritingGETIsSentOnce(t *testing.T) {
	var writes atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/write" {
			writes.Add(1)
			if r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
				t.Errorf("a body of %d octets, %v", r.ContentLength, r.TransferEncoding)
			}
			panic(http.ErrAbortHandler)
		}
	}))
	defer s.Close()
	c := transport.New(transport.Options{
		Name: "test", Pause: 1, Writes: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/write") },
	}).Client()
	get := func(path string) error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(r)
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	if err := get("/read"); err != nil {
		t.Fatal(err)
	}
	if err := get("/write"); !errors.Is(err, providers.ErrUnknown) || writes.Load() != 1 {
		t.Errorf("error %v after %d requests, want ErrUnknown after one", err, writes.Load())
	}
}
