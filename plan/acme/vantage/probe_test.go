package vantage_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/vantage"
)

const token = "canary-token-4711"

func bearer() (string, error) { return token, nil }

// TestPost: probe and agent understand each other.
func TestPost(t *testing.T) {
	f := &fetcher{found: found(http01.Valid, "", 200, "auth")}
	server := httptest.NewServer(agent(f).Handler(token))
	defer server.Close()
	p := vantage.NewHTTP(vantage.HTTPOptions{Name: "fra", URL: server.URL, Token: bearer})
	got, err := p.Ask(t.Context(), vantage.Request{URL: url, Expect: "auth", Address: web})
	if err != nil || !got.OK || got.Vantage != "frankfurt" || got.Address != web || p.Name() != "fra" {
		t.Fatalf("%+v, %v", got, err)
	}
	f.found = found(http01.Unauthorized, http01.Status, 404, "no")
	if got, err = p.Ask(t.Context(), vantage.Request{URL: url, Expect: "auth"}); err != nil || got.OK || got.Status != 404 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err = p.Ask(t.Context(), vantage.Request{URL: "http://www.example.org/admin"}); err == nil ||
		!strings.HasPrefix(err.Error(), `ask vantage "fra": it does not carry out the request: url is not http://NAME`) {
		t.Errorf("%v", err)
	}
}

// TestToken: without the right token nothing is carried out, and no error shows
// it.
func TestToken(t *testing.T) {
	f := &fetcher{}
	server := httptest.NewServer(agent(f).Handler(token))
	defer server.Close()
	for name, give := range map[string]func() (string, error){
		"none":    nil,
		"another": func() (string, error) { return "canary-token-4712", nil },
		"missing": func() (string, error) { return "", errors.New("secret env:TOKEN: not set") },
	} {
		_, err := vantage.NewHTTP(vantage.HTTPOptions{Name: "fra", URL: server.URL, Token: give}).Ask(t.Context(), vantage.Request{URL: url})
		switch {
		case err == nil || strings.Contains(err.Error(), "canary"):
			t.Errorf("%s: %v", name, err)
		case name == "missing" && !strings.Contains(err.Error(), "its token: secret env:TOKEN: not set"):
			t.Errorf("%s: %v", name, err)
		case name != "missing" && !strings.Contains(err.Error(), "401 Unauthorized: check its token"):
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(f.asked) > 0 {
		t.Errorf("carried out: %v", f.asked)
	}
	p := vantage.NewHTTP(vantage.HTTPOptions{Name: "fra", URL: server.URL, Token: bearer})
	if text := fmt.Sprintf("%v %+v %#v", p, p, p); strings.Contains(text, token) {
		t.Errorf("shown: %s", text)
	}
}

// TestHandlerTakesPOST: no other method, and no other path.
func TestHandlerTakesPOST(t *testing.T) {
	server := httptest.NewServer(agent(&fetcher{}).Handler(""))
	defer server.Close()
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/", http.StatusMethodNotAllowed},
		{http.MethodPost, "/x", http.StatusNotFound},
		{http.MethodPost, "/", http.StatusUnsupportedMediaType}, // as a web page could
		{http.MethodConnect, "/", http.StatusMethodNotAllowed},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, server.URL+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != tt.want {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, answer.StatusCode, tt.want)
		}
	}
}

// TestGreet: an agent refuses to fetch nothing, and so shows that it is one.
func TestGreet(t *testing.T) {
	f := &fetcher{}
	server := httptest.NewServer(agent(f).Handler(token))
	defer server.Close()
	if err := vantage.Greet(t.Context(), vantage.NewHTTP(vantage.HTTPOptions{Name: "fra", URL: server.URL, Token: bearer})); err != nil || len(f.asked) > 0 {
		t.Errorf("%v, fetched %v", err, f.asked)
	}
	if err := vantage.Greet(t.Context(), vantage.NewHTTP(vantage.HTTPOptions{Name: "fra", URL: server.URL})); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("%v", err)
	}
	liar := vantage.NewCommand(vantage.CommandOptions{Name: "liar", Argv: []string{"printf", "%s", wellFormed}})
	if err := vantage.Greet(t.Context(), liar); err == nil || !strings.Contains(err.Error(), `"liar": it was asked for nothing, and says that it has fetched`) {
		t.Errorf("%v", err)
	}
}

// TestBusy: more than a few at once are turned away.
func TestBusy(t *testing.T) {
	server := httptest.NewServer(agent(&fetcher{wait: true}).Handler(""))
	defer server.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	errs := make(chan error)
	for range 9 {
		go func() {
			_, err := vantage.NewHTTP(vantage.HTTPOptions{Name: "fra", URL: server.URL}).Ask(ctx, vantage.Request{URL: url})
			errs <- err
		}()
	}
	if err := <-errs; err == nil || !strings.Contains(err.Error(), "503 Service Unavailable: it is busy") {
		t.Errorf("%v", err)
	}
	stop()
	for range 8 {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
}

// wellFormed is a reply that would be taken.
const wellFormed = `{"version":1,"ok":true,"status":200,"body":"auth","at":"2026-11-27T12:00:00Z","later":"member"}`

// badReplies are replies that are none, and what is said of them.
func badReplies() map[string]struct{ text, want string } {
	return map[string]struct{ text, want string }{
		"nothing":            {"", "its reply is empty"},
		"no JSON":            {"hello " + token, "no JSON of the form"},
		"two":                {wellFormed + wellFormed, "no JSON of the form"},
		"another version":    {`{"version":2,"ok":true}`, "of version 2 of the form"},
		"no version":         {`{"ok":true}`, "of version 0 of the form"},
		"too long":           {`{"body":"` + strings.Repeat("x", vantage.MaxReply) + `"}`, "more than 65536 bytes"},
		"ok, and why not":    {`{"version":1,"ok":true,"status":200,"error":{"kind":"status"}}`, "contradicts itself: ok, and why not"},
		"not ok, and no why": {`{"version":1,"ok":false,"status":404}`, "contradicts itself"},
		"ok with 404":        {`{"version":1,"ok":true,"status":404}`, "ok, with status 404"},
		"ok, another body":   {`{"version":1,"ok":true,"status":200,"body":"other"}`, "ok, with a body that was not expected"},
		"refused":            {`{"version":1,"ok":false,"error":{"kind":"refused-request","detail":"no\u001b[31m way"}}`, "it does not carry out the request: no[31m way"},
		"no address":         {`{"version":1,"ok":true,"status":200,"address":"web"}`, "no JSON of the form"},
	}
}

func TestBadPost(t *testing.T) {
	for name, tt := range badReplies() {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json; charset=utf-8")
				_, _ = w.Write([]byte(tt.text))
			}))
			defer server.Close()
			_, err := vantage.NewHTTP(vantage.HTTPOptions{Name: "fra", URL: server.URL, Token: bearer}).Ask(t.Context(), vantage.Request{URL: url, Expect: "auth"})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), token) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestPostFails(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		case "/elsewhere":
			t.Error("a redirect was followed")
		case "/page":
			_, _ = w.Write([]byte("<html>" + r.Header.Get("Authorization")))
		case "/slow":
			_, _ = io.Copy(io.Discard, r.Body) // only then the server sees that the client is gone
			<-r.Context().Done()
		case "/busy":
			w.WriteHeader(http.StatusTooManyRequests)
		case "/cut":
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(wellFormed))
		default:
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer server.Close()
	tests := map[string]struct{ url, want string }{
		"moved":        {server.URL + "/moved", "302 Found: its url has moved"},
		"a page":       {server.URL + "/page", `it answered with "text/html; charset=utf-8" in place of JSON`},
		"busy":         {server.URL + "/busy", "429 Too Many Requests: it is busy"},
		"bad gateway":  {server.URL + "/none", "it answered 502 Bad Gateway"},
		"cut off":      {server.URL + "/cut", "unexpected EOF"},
		"nobody there": {"http://127.0.0.1:1/", "connection refused"},
		"slow":         {server.URL + "/slow", "no reply within 200ms"},
		"no URL":       {"http://[::1", "missing ']'"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			limit := time.Duration(0)
			if name == "slow" {
				limit = 200 * time.Millisecond
			}
			_, err := vantage.NewHTTP(vantage.HTTPOptions{Name: "fra", URL: tt.url, Token: bearer, Timeout: limit}).Ask(t.Context(), vantage.Request{URL: url})
			if own, ok := errors.AsType[*vantage.Error](err); !ok || own.Vantage != "fra" || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), token) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// TestCleaned: a vantage's own words cannot harm a terminal.
func TestCleaned(t *testing.T) {
	zoned := netip.MustParseAddr("fe80::1").WithZone("\x1b[2J")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		text, err := json.Marshal(vantage.Reply{
			Version: 1, Vantage: "fra\x1b[31m", URLs: []string{"http://a\n"}, Header: map[string]string{"server\a": "x\r\ny"},
			Address: zoned, Addresses: []netip.Addr{zoned},
			Body: strings.Repeat("b", 2000), Error: &vantage.Failure{Kind: "sta\ttus", Detail: strings.Repeat("long ", 200)},
		})
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(text)
	}))
	defer server.Close()
	got, err := vantage.NewHTTP(vantage.HTTPOptions{URL: server.URL}).Ask(t.Context(), vantage.Request{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(got.Vantage, got.Address, got.Addresses, got.URLs, got.Header, got.Error.Kind, got.Error.Detail)
	if strings.ContainsAny(text, "\x1b\r\n\t\a") || len(got.Body) != vantage.MaxBody || len(got.Error.Detail) > 300 || got.Header["Server"] != "x  y" {
		t.Errorf("%q, body of %d bytes", text, len(got.Body))
	}
}

// TestMain is the command of TestCommand, where the environment says so.
func TestMain(m *testing.M) {
	mode := os.Getenv("DNSPLAN_TEST_VANTAGE")
	if mode == "" {
		os.Exit(m.Run())
	}
	os.Exit(command(mode))
}

// command acts as a vantage, or as one that is of no use.
func command(mode string) int {
	switch mode {
	case "agent":
		f := &fetcher{found: found(http01.Valid, "", 200, "auth")}
		if err := agent(f).Exchange(context.Background(), os.Stdin, os.Stdout); err != nil {
			return 1
		}
	case "fails":
		fmt.Fprintln(os.Stderr, "first\nprobe@192.0.2.7: Permission denied (publickey).\x1b[0m")
		return 255
	case "leaves": // a shared connection of ssh, which holds standard error
		child := exec.Command("sleep", "20")
		child.Stderr = os.Stderr
		if err := child.Start(); err != nil {
			return 1
		}
		return command("agent")
	case "hangs": // with a child that holds the streams, too
		child := exec.Command("sleep", "600")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if err := child.Start(); err != nil {
			return 1
		}
		if err := os.WriteFile(os.Getenv("DNSPLAN_TEST_PID"), []byte(strconv.Itoa(child.Process.Pid)), 0o600); err != nil {
			return 1
		}
		_ = child.Wait()
	}
	return 0
}

func commandProbe(limit time.Duration) *vantage.Command {
	return vantage.NewCommand(vantage.CommandOptions{Name: "ssh", Argv: []string{os.Args[0]}, Timeout: limit})
}

func TestCommand(t *testing.T) {
	for _, mode := range []string{"agent", "leaves"} {
		t.Setenv("DNSPLAN_TEST_VANTAGE", mode)
		p := commandProbe(0)
		got, err := p.Ask(t.Context(), vantage.Request{URL: url, Expect: "auth"})
		if err != nil || !got.OK || got.Vantage != "frankfurt" || p.Name() != "ssh" {
			t.Errorf("%s: %+v, %v", mode, got, err)
		}
	}
}

func TestBadCommand(t *testing.T) {
	for name, tt := range badReplies() {
		t.Run(name, func(t *testing.T) {
			p := vantage.NewCommand(vantage.CommandOptions{Name: "ssh", Argv: []string{"printf", "%s", tt.text}})
			if _, err := p.Ask(t.Context(), vantage.Request{URL: url, Expect: "auth"}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestCommandFails(t *testing.T) {
	t.Setenv("DNSPLAN_TEST_VANTAGE", "fails")
	if _, err := commandProbe(0).Ask(t.Context(), vantage.Request{URL: url}); err == nil ||
		!strings.HasSuffix(err.Error(), "exit status 255: probe@192.0.2.7: Permission denied (publickey).[0m") {
		t.Errorf("%v", err)
	}
	for want, argv := range map[string][]string{
		"executable file not found": {"no-such-program-4711"},
		"no such file":              {"./no-such-program"},
		"its command is empty":      {},
	} {
		p := vantage.NewCommand(vantage.CommandOptions{Name: "x", Argv: argv, Dir: t.TempDir()})
		if _, err := p.Ask(t.Context(), vantage.Request{URL: url}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestCommandHangs: a command that takes too long is killed, and what it has
// started with it.
func TestCommandHangs(t *testing.T) {
	t.Setenv("DNSPLAN_TEST_VANTAGE", "hangs")
	pid := filepath.Join(t.TempDir(), "pid")
	t.Setenv("DNSPLAN_TEST_PID", pid)
	_, err := commandProbe(2*time.Second).Ask(t.Context(), vantage.Request{URL: url})
	if err == nil || !strings.Contains(err.Error(), "no reply within 2s") {
		t.Errorf("%v", err)
	}
	text, err := os.ReadFile(pid)
	if err != nil {
		t.Skipf("the command was killed before it had started another: %v", err)
	}
	child := filepath.Join("/proc", string(text), "stat")
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		stat, err := os.ReadFile(child)
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("what the command has started is still there: %s", stat)
		}
	}
}

// TestCancelled: the context's cause is the error's.
func TestCancelled(t *testing.T) {
	why := errors.New("stopped by SIGINT")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	for _, p := range []vantage.Probe{
		commandProbe(0), vantage.NewHTTP(vantage.HTTPOptions{Name: "http", URL: "http://127.0.0.1:1/"}),
	} {
		if _, err := p.Ask(ctx, vantage.Request{URL: url}); !errors.Is(err, why) {
			t.Errorf("%s: %v", p.Name(), err)
		}
	}
}
