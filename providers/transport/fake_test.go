package transport_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers/transport"
)

// fake is a vendor in memory. It answers by its script, the last line of which
// holds for all further requests.
type fake struct {
	script []answer

	mu     sync.Mutex
	start  time.Time
	at     []time.Duration // when each request came
	bodies []string
}

type answer func(*http.Request) (*http.Response, error)

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(b)
	}
	f.mu.Lock()
	n := len(f.at)
	f.at = append(f.at, time.Since(f.start).Round(time.Millisecond))
	f.bodies = append(f.bodies, body)
	f.mu.Unlock()
	return f.script[min(n, len(f.script)-1)](r)
}

// reply answers with a status, and with headers as name and value. A name of
// "body" is the body.
func reply(code int, headers ...string) answer {
	return func(r *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: code, Header: http.Header{}, Request: r}
		body := ""
		for i := 0; i+1 < len(headers); i += 2 {
			if headers[i] == "body" {
				body = headers[i+1]
				continue
			}
			resp.Header.Add(headers[i], headers[i+1])
		}
		resp.Body = io.NopCloser(strings.NewReader(body))
		return resp, nil
	}
}

// dated is reply with the vendor's clock, which is off by so much.
func dated(off time.Duration, code int, headers ...string) answer {
	return func(r *http.Request) (*http.Response, error) {
		return reply(code, append(headers, "Date", time.Now().Add(off).UTC().Format(http.TimeFormat))...)(r)
	}
}

func fails(err error) answer {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

var errBroken = errors.New("connection reset")

// broken answers with a body that breaks off.
func broken(code int) answer {
	return func(r *http.Request) (*http.Response, error) {
		resp, err := reply(code)(r)
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"half`), badReader{}))
		return resp, err
	}
}

type badReader struct{}

func (badReader) Read([]byte) (int, error) { return 0, errBroken }

// refused is a connection that nobody takes.
var refused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

// hangs answers when the request's context ends, with its error.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// chain returns a chain over a fake, and the client over it. A Pause that is not
// set is a second.
func chain(o transport.Options, script ...answer) (*transport.Chain, *fake) {
	f := &fake{script: script, start: time.Now()}
	o.Base = f
	if o.Name == "" {
		o.Name = "test"
	}
	if o.Pause == 0 {
		o.Pause = time.Second
	}
	return transport.New(o), f
}

const (
	url  = "https://api.example.net/zones?page=1"
	get  = http.MethodGet
	post = http.MethodPost
)

// send makes a request and returns the status.
func send(t *testing.T, c *transport.Chain, method string) (int, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(c, r)
}

func do(c *transport.Chain, r *http.Request) (int, error) {
	resp, err := c.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, nil
}
