package namesilo_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/namesilo"
)

func TestNew(t *testing.T) {
	for _, c := range []struct {
		base string
		want string // of the error; empty: none
	}{
		{"", ""},
		{namesilo.DefaultBaseURL, ""},
		{"https://www.namesilo.com/apibatch/", ""},
		{"http://127.0.0.1:8080/api", ""},
		{"http://[::1]:8080/api", ""},
		{"http://localhost:8080", ""},
		{"http://www.namesilo.com/api", "https://"},
		{"http://127.0.0.1.example.net/api", "https://"},
		{"www.namesilo.com/api", "not the address of an API"},
		{"ftp://www.namesilo.com/api", "not the address of an API"},
		{"https:///api", "not the address of an API"},
		{"https://www.namesilo.com/api?key=" + key, "not the address of an API"},
		{"https://secret@www.namesilo.com/api", "not the address of an API"},
		{"https://www.namesilo.com/api#" + key, "not the address of an API"},
		{"https://www.namesilo.com:x/" + key, "not the address of an API"},
		{"://" + key, "not the address of an API"},
	} {
		_, err := namesilo.New(namesilo.Config{APIKey: key, BaseURL: c.base})
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), key)) {
			t.Errorf("base_url %q: error %v, want %q", c.base, err, c.want)
		}
	}
	if _, err := namesilo.New(namesilo.Config{}); err == nil || !strings.Contains(err.Error(), "api_key is missing") {
		t.Errorf("no key: error %v", err)
	}
}

func TestLimits(t *testing.T) {
	l := provider(t, namesilo.Config{}).Limits(org)
	if l.MinTTL != 3600 || l.MaxTTL != 2592000 || l.Sync != 30*time.Minute || l.Batch != 1 || l.Atomic || l.Conditional || l.Proxy || l.Late != providers.LateHTTP {
		t.Errorf("%+v", l)
	}
}

// answers is an API without a network.
type answers func(r *http.Request) string

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader([]byte(a(r)))), Request: r,
	}, nil
}

// TestRate makes 30 requests to the vendor's own address: ten at once, then two
// a second.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		p := provider(t, namesilo.Config{Base: answers(func(r *http.Request) string {
			if r.URL.Scheme != "https" || r.URL.Host != "www.namesilo.com" || r.URL.Path != "/api/dnsListRecords" || r.Method != http.MethodGet {
				t.Errorf("%s %s", r.Method, r.URL)
			}
			n++
			return `{"reply":{"code":300}}`
		})})
		start := time.Now()
		for range 30 {
			if _, err := p.Read(t.Context(), org); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(start); n != 30 || d != 10*time.Second {
			t.Errorf("%d requests in %s, want 30 in 10s", n, d)
		}
		if b := p.Budget(); b.Used != 30 || b.Limit != 0 {
			t.Errorf("budget %+v", b)
		}
	})
}

// TestWaitingWriteIsCancelled ends a Write that waits for another.
func TestWaitingWriteIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		n := 0
		p := provider(t, namesilo.Config{Base: answers(func(*http.Request) string {
			n++
			<-release
			return `{"reply":{"code":300}}`
		})})
		write := func(ctx context.Context) error {
			_, err := p.Write(ctx, org, changesOf(t, "www 3600 A 192.0.2.1"))
			return err
		}
		first := make(chan error)
		go func() { first <- write(t.Context()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := write(ctx); err == nil || ctx.Err() == nil || n != 1 {
			t.Errorf("error %v after %d requests", err, n)
		}
		close(release)
		if err := <-first; err != nil {
			t.Error(err)
		}
	})
}

func ExampleNew() {
	p, err := namesilo.New(namesilo.Config{Name: "ns", APIKey: "secret"})
	fmt.Println(p, err, p.Limits("example.org.").MinTTL)
	// Output: namesilo at www.namesilo.com <nil> 3600
}
