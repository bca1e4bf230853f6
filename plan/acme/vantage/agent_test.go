package vantage_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/vantage"
)

// fetcher is a Validator that finds what it is told to, and remembers what it was
// asked.
type fetcher struct {
	mu    sync.Mutex
	asked []http01.Request
	found http01.Result
	// wait blocks until the context ends.
	wait bool
}

func (f *fetcher) Validate(ctx context.Context, q http01.Request) http01.Result {
	f.mu.Lock()
	f.asked = append(f.asked, q)
	f.mu.Unlock()
	if f.wait {
		<-ctx.Done()
		return http01.Result{Verdict: http01.Unknown, Err: &http01.Error{Kind: http01.Cancelled, Cause: context.Cause(ctx)}}
	}
	return f.found
}

var noon = time.Date(2026, time.November, 27, 12, 0, 0, 0, time.UTC)

func agent(f *fetcher, change ...func(*vantage.AgentOptions)) *vantage.Agent {
	o := vantage.AgentOptions{Name: "frankfurt", Validator: f, Reserved: http01.Reserved, Now: func() time.Time { return noon }}
	for _, c := range change {
		c(&o)
	}
	return vantage.NewAgent(o)
}

var web = netip.MustParseAddr("93.184.215.14")

const url = "http://www.example.org" + http01.Path + "token"

// found is a result with one hop.
func found(verdict http01.Verdict, kind http01.Kind, status int, body string) http01.Result {
	r := http01.Result{Verdict: verdict, Hops: []http01.Hop{{
		URL: url, Host: "www.example.org", Resolved: []netip.Addr{web}, Used: web,
		Status: status, Body: []byte(body), Header: http.Header{"Server": {"nginx"}, "Via": {"a", "b"}},
	}}}
	if kind != "" {
		r.Err = &http01.Error{Kind: kind, URL: url, Addr: web, Cause: errors.New("no\ngood\x1b[31m")}
	}
	return r
}

func TestAnswer(t *testing.T) {
	whole := vantage.Reply{
		Version: 1, Vantage: "frankfurt", At: noon, OK: true, Status: 200, Body: "auth\n", Addresses: []netip.Addr{web}, Address: web,
		URLs: []string{url}, Header: map[string]string{"Server": "nginx", "Via": "a, b"},
	}
	with := func(change func(*vantage.Reply)) vantage.Reply {
		r := whole
		change(&r)
		return r
	}
	tests := map[string]struct {
		found  http01.Result
		expect string
		want   vantage.Reply
	}{
		"well": {found(http01.Valid, "", 200, "auth\n"), "auth", whole},
		"not found": {found(http01.Unauthorized, http01.Status, 404, "no"), "auth", with(func(r *vantage.Reply) {
			r.OK, r.Status, r.Body = false, 404, "no"
			r.Error = &vantage.Failure{Kind: "status", Problem: "unauthorized", Detail: url + " at 93.184.215.14: no good[31m"}
		})},
		"another body": {found(http01.Unauthorized, http01.WrongBody, 200, "auth\n"), "other", with(func(r *vantage.Reply) {
			r.OK = false
			r.Error = &vantage.Failure{Kind: "wrong-body", Problem: "unauthorized", Detail: url + " at 93.184.215.14: no good[31m"}
		})},
		"any body":      {found(http01.Unauthorized, http01.WrongBody, 200, "auth\n"), "", whole},
		"any long body": {found(http01.Unauthorized, http01.BodyTooLong, 200, strings.Repeat("ä", 300)), "", with(func(r *vantage.Reply) { r.Body = strings.Repeat("ä", 256) })},
		"nothing came": {http01.Result{Verdict: http01.DNSFailed, Err: &http01.Error{Kind: http01.NoAddress, URL: url, Cause: errors.New("no address")}}, "auth", vantage.Reply{
			Version: 1, Vantage: "frankfurt", At: noon, Error: &vantage.Failure{Kind: "no-address", Problem: "dns", Detail: url + ": no address"},
		}},
		"nobody looks it up": {http01.Result{Verdict: http01.DNSFailed, Err: &http01.Error{Kind: http01.LookupFailed, URL: url, Cause: errors.New("no reply")}}, "auth", vantage.Reply{
			Version: 1, Vantage: "frankfurt", At: noon, Error: &vantage.Failure{Kind: vantage.KindNoResolver, Detail: url + ": no reply"},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := &fetcher{found: tt.found}
			got := agent(f).Answer(t.Context(), vantage.Request{Version: 1, URL: url, Expect: tt.expect, Address: web})
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			want := http01.Request{Host: "www.example.org", Token: "token", Want: tt.expect, Pin: web}
			if len(f.asked) != 1 || f.asked[0] != want {
				t.Errorf("asked %v, want %v", f.asked, want)
			}
		})
	}
}

// TestRefuses: what is no challenge of a public name is not fetched at all.
func TestRefuses(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"nothing":             {"", "no request came"},
		"no JSON":             {"hello", "no JSON of the form"},
		"a number":            {"7", "no JSON of the form"},
		"two requests":        {`{"version":1}{"version":1}`, "no JSON of the form"},
		"no version":          {`{"url":"` + url + `"}`, "version 0"},
		"a later version":     {`{"version":2,"url":"` + url + `"}`, "version 2"},
		"no address":          {`{"version":1,"url":"` + url + `","address":"web-02"}`, "no JSON of the form"},
		"too long":            {`{"version":1,"url":"` + strings.Repeat(" ", vantage.MaxRequest) + `"}`, "more than 16384 bytes"},
		"a secret place":      {`{"version":1,"url":"http://www.example.org/admin"}`, "url is not http://NAME"},
		"loopback":            {`{"version":1,"url":"` + url + `","address":"127.0.0.1"}`, "address 127.0.0.1 is reserved"},
		"loopback in IPv6":    {`{"version":1,"url":"` + url + `","address":"::ffff:127.0.0.1"}`, "is reserved"},
		"the cloud's secrets": {`{"version":1,"url":"` + url + `","address":"169.254.169.254"}`, "is reserved"},
		"a private network":   {`{"version":1,"url":"` + url + `","address":"10.0.0.1"}`, "is reserved"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := &fetcher{}
			var out strings.Builder
			if err := agent(f).Exchange(t.Context(), strings.NewReader(tt.text), &out); err != nil {
				t.Fatal(err)
			}
			var got vantage.Reply
			if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
				t.Fatal(err)
			}
			if got.OK || got.Error == nil || got.Error.Kind != vantage.KindRefused || !strings.Contains(got.Error.Detail, tt.want) {
				t.Errorf("%s, want %q", out.String(), tt.want)
			}
			if len(f.asked) > 0 {
				t.Errorf("it was fetched: %v", f.asked)
			}
		})
	}
}

// TestAllowed: addresses of one's own, where the agent permits them.
func TestAllowed(t *testing.T) {
	f := &fetcher{found: found(http01.Valid, "", 200, "auth")}
	own := func(o *vantage.AgentOptions) { o.Reserved, o.Port = nil, 5002 }
	r := vantage.Request{Version: 1, URL: strings.Replace(url, ".org/", ".org:5002/", 1), Address: netip.MustParseAddr("127.0.0.1"), Expect: "auth"}
	if got := agent(f, own).Answer(t.Context(), r); !got.OK || len(f.asked) != 1 || f.asked[0].Host != "www.example.org" {
		t.Errorf("%+v, %v", got.Error, f.asked)
	}
}

// TestTimeLimit: a fetch ends with the request's time-out, and then tells nothing.
func TestTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		got := agent(&fetcher{wait: true}).Answer(t.Context(), vantage.Request{Version: 1, URL: url, Timeout: 7})
		if got.OK || got.Error == nil || got.Tells() || !strings.Contains(got.Error.Detail, "no reply within 7s") || time.Since(began) != 7*time.Second {
			t.Errorf("%+v after %s", got.Error, time.Since(began))
		}
	})
}

func TestTells(t *testing.T) {
	for kind, want := range map[http01.Kind]bool{http01.Kind(vantage.KindNoResolver): false, http01.LookupFailed: true, http01.NoRoute: false, http01.Cancelled: false, http01.ConnectTimeout: true, http01.Status: true} {
		if got := (vantage.Reply{Error: &vantage.Failure{Kind: vantage.Kind(kind)}}).Tells(); got != want {
			t.Errorf("%s: %v", kind, got)
		}
	}
	if !(vantage.Reply{OK: true}).Tells() {
		t.Error("what is well tells")
	}
}

// TestBrokenStreams: what cannot be read or written is an error.
func TestBrokenStreams(t *testing.T) {
	if err := agent(&fetcher{}).Exchange(t.Context(), strings.NewReader("{}"), broken{}); err == nil || !strings.Contains(err.Error(), "write the reply") {
		t.Errorf("%v", err)
	}
	var out strings.Builder
	if err := agent(&fetcher{}).Exchange(t.Context(), broken{}, &out); err != nil || !strings.Contains(out.String(), "read the request: broken") {
		t.Errorf("%v, %s", err, out.String())
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error)  { return 0, errors.New("broken") }
func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

// TestBounded: what a server makes up does not make a reply longer than whoever
// asked takes.
func TestBounded(t *testing.T) {
	long := strings.Repeat("\x01&", 1<<20)
	r := found(http01.Unauthorized, http01.Status, 404, long)
	maps.Copy(r.Hops[0].Header, map[string][]string{"Server": {long, long}, "Via": {long}})
	hop := r.Hops[0]
	hop.URL = "http://www.example.org/" + long
	for range 11 {
		r.Hops = append(r.Hops, hop)
	}
	text, err := json.Marshal(agent(&fetcher{found: r}).Answer(t.Context(), vantage.Request{Version: 1, URL: url}))
	if err != nil || len(text) > vantage.MaxReply {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// TestHarmless: what a server says moves no cursor of whoever looks at a reply, and
// is still what it has said.
func TestHarmless(t *testing.T) {
	const said = "\x1b[2J\u009b31m\x7f\u202e\u00f6\U0001f600"
	var out strings.Builder
	a := agent(&fetcher{found: found(http01.Unauthorized, http01.Status, 404, said)})
	if err := a.Exchange(t.Context(), strings.NewReader(`{"version": 1, "url": "`+url+`"}`), &out); err != nil {
		t.Fatal(err)
	}
	if odd := strings.IndexFunc(strings.TrimSuffix(out.String(), "\n"), func(r rune) bool { return r < ' ' || r > '~' }); odd >= 0 {
		t.Errorf("%q", out.String())
	}
	var v vantage.Reply
	if err := json.Unmarshal([]byte(out.String()), &v); err != nil || v.Body != said {
		t.Errorf("body %q, %v", v.Body, err)
	}
}
