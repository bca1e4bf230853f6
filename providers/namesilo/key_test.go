package namesilo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/namesilo"
	"github.com/dnsplan/dnsplan/providers/namesilo/namesilotest"
)

// forms are how the key may show.
var forms = []string{key, url.QueryEscape(key), url.PathEscape(key)}

// wantNoKey checks a text.
func wantNoKey(t *testing.T, what, text string) {
	t.Helper()
	for _, f := range forms {
		if strings.Contains(text, f) {
			t.Errorf("%s shows the key: %s", what, text)
		}
	}
}

// TestKeyShowsNowhere lets every request fail in each way, and looks at errors,
// at what they wrap, at findings and at the log.
func TestKeyShowsNowhere(t *testing.T) {
	echo := func(code int, kind string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Location", "https://login.example.net/?back="+r.URL.String())
			w.WriteHeader(code)
			fmt.Fprintf(w, "you asked for %s with the key %s", r.URL, r.URL.Query().Get("key"))
		}
	}
	detail := func(code int) namesilotest.Fault {
		return namesilotest.Refuse("", 0, code, "what about "+key+" and "+url.QueryEscape(key)+"?")
	}
	faults := map[string]func(skip int) namesilotest.Fault{
		"hangs up": func(int) namesilotest.Fault { return namesilotest.Lose("", 0) },
		"slow": func(int) namesilotest.Fault {
			return namesilotest.Serve("", 0, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		},
	}
	for _, code := range []int{110, 113, 115, 200, 201, 210, 280, 400, 999} {
		faults[fmt.Sprint("reply code ", code)] = func(int) namesilotest.Fault { return detail(code) }
	}
	for _, code := range []int{200, 302, 400, 401, 403, 404, 429, 500, 503} {
		for _, kind := range []string{"text/html", "text/plain", "application/json", "text/xml"} {
			faults[fmt.Sprint("echo ", code, " ", kind)] = func(int) namesilotest.Fault { return namesilotest.Serve("", 0, echo(code, kind)) }
		}
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for skip := range 3 {
				s := namesilotest.New(t, namesilotest.Options{Key: key})
				s.Hold(domain, a("r1", "b", "192.0.2.1", 3600), alias)
				for range 6 { // more than a request is tried
					f := fault(skip)
					f.Skip = skip
					s.Inject(f)
				}
				tryAll(t, s.URL, name == "slow")
			}
		})
	}
}

// tryAll makes every call of a provider at base.
func tryAll(t *testing.T, base string, slow bool) {
	t.Helper()
	var mu sync.Mutex
	var log []string
	p := provider(t, namesilo.Config{BaseURL: base, Name: "ns", Log: func(line string) {
		mu.Lock()
		defer mu.Unlock()
		log = append(log, line)
	}})
	ctx := t.Context()
	if slow {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
	}
	c := changesOf(t, "alias 3600 A 192.0.2.1")
	c[0].Replaces = "mail.example.net."
	_, errWrite := p.Write(ctx, org, append(c, change("b 3600 A 192.0.2.1", "b 3600 A 192.0.2.2")))
	_, errRead := p.Read(ctx, org)
	_, errLook := p.Look(ctx, org, nil)
	_, errList := p.ListZones(ctx)
	for _, err := range []error{errWrite, errRead, errLook, errList} {
		wantNoKeyIn(t, err)
	}
	for _, f := range p.Examine(ctx, []zone.Name{org}) {
		wantNoKey(t, "finding", fmt.Sprintf("%+v", f))
	}
	mu.Lock()
	defer mu.Unlock()
	if len(log) == 0 {
		t.Error("nothing logged")
	}
	wantNoKey(t, "log", strings.Join(log, "\n"))
}

// wantNoKeyIn looks at an error and at all that can be got out of it.
func wantNoKeyIn(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
		wantNoKey(t, verb, fmt.Sprintf(verb, err))
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		t.Errorf("a *url.Error can be got out of %v: %s", err, u.URL)
	}
	if r, ok := errors.AsType[*providers.RefusedError](err); ok {
		wantNoKey(t, "reason", r.Reason)
	}
	switch e := any(err).(type) {
	case interface{ Unwrap() error }:
		wantNoKeyIn(t, e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			wantNoKeyIn(t, inner)
		}
	}
}

// TestKeyNetwork has nobody at the other end, or somebody who speaks no TLS.
func TestKeyNetwork(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	garbage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer garbage.Close()
	go func() {
		for {
			c, err := garbage.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("220 mail.example.org ESMTP\r\n"))
			_ = c.Close()
		}
	}()
	for _, base := range []string{
		closed.URL, strings.Replace(plain.URL, "http:", "https:", 1), "http://" + garbage.Addr().String(),
	} {
		tryAll(t, base, false)
	}
}

// TestKeyInValues prints what holds the key.
func TestKeyInValues(t *testing.T) {
	c := namesilo.Config{APIKey: key, BaseURL: "https://www.namesilo.com/api"}
	p := provider(t, c)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		wantNoKey(t, verb, fmt.Sprintf(verb, c)+fmt.Sprintf(verb, &c)+fmt.Sprintf(verb, p))
	}
	c.Log, c.Base = nil, nil
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	wantNoKey(t, "JSON", string(b))
}
