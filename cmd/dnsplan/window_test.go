package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// A window opens for the command and closes behind it, whatever its exit code, which
// is passed on.
func TestWindow(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]int{"echo issued; echo hm >&2": 0, "exit 7": 7, "kill -TERM $$": 143} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			r := newWindowRig(t)
			got := r.run("window", "www.example.org", "--", "sh", "-c", script).is(t, want)
			r.closedOnce()
			counted := r.run("check", "www.example.org", "--only", "R-RATE", "--json").is(t, exitDone)
			if want, got := fmt.Sprintf("seen %d failure", min(want, 1)), counted.stdout; !strings.Contains(got, want) {
				t.Errorf("not %q: %s", want, got)
			}
			if want == 0 && (got.stdout != "issued\n" || !strings.Contains(got.stderr, "hm\n")) {
				t.Errorf("the command's output is not there:\n%s\n%s", got.stdout, got.stderr)
			}
		})
	}
}

// What must not be opened is told of at once, and nothing is touched.
func TestWindowRefused(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	for _, tt := range []struct {
		args  []string
		code  int
		texts []string
	}{
		{[]string{"other.example.org", "*.lab.example.org", "192.0.2.1", "--", "true"}, exitError, []string{"other.example.org: it is in no record of the inventory\n", "*.lab.example.org: HTTP-01 cannot validate a wildcard", "192.0.2.1: it is an IP address"}},
		{[]string{"www", "[2001:db8::1]:80", "http://www.example.org", "--", "true"}, exitError, []string{"www: it is in no record of the inventory, did you mean \"www.example.org\"?", "[2001:db8::1]:80: it is an IP address", "http://www.example.org: it is a URL"}},
		{[]string{"www.example.org", "--", "no-such-command"}, exitError, []string{"no-such-command: the command cannot be run"}},
		{[]string{"www.example.org"}, exitError, []string{"want: dnsplan window NAME... -- COMMAND"}},
		{[]string{"www.example.org", "--deadline", "4s", "--", "true"}, exitError, []string{"--deadline 4s: it has to be 5s at least", "go on to see the proxy for 3s, and then the command is to run"}},
		{[]string{"www.example.org", "--deadline", "-5m", "--", "true"}, exitError, []string{"--deadline -5m0s: it has to be 5s at least", "20m is usual"}},
		{[]string{"www.example.org", "--deadline", "0", "--", "true"}, exitError, []string{"--deadline 0s: it has to be 5s at least"}},
		{[]string{"www.example.org", "--deadline", "25h", "--", "true"}, exitError, []string{"--deadline 1d1h: it may be 1d at most"}},
	} {
		r.run(append([]string{"window"}, tt.args...)...).is(t, tt.code, tt.texts...)
	}
	r.check = ""
	r.inventory()
	r.run("window", "www.example.org", "--", "true").is(t, exitRefused, "no public authority connects to "+originV4, "no public authority connects to "+originV6)
	r.untouched()
}

// A CNAME has no window, whether the inventory has the name or not; what helps is said.
func TestWindowOfAnAlias(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool { return x.ID != "a3" })
	r.fake.Put("example.org",
		cloudflaretest.Record{ID: "c1", Type: "CNAME", Name: "shop", Content: "www.example.org", TTL: 1, Proxied: true},
		cloudflaretest.Record{ID: "c2", Type: "CNAME", Name: "plain", Content: "www.example.org", TTL: 1, Proxied: true})
	const why = "it is a CNAME to www.example.org, and a window is for A and AAAA: where the CNAME itself is proxied, a window of its target does not help, but DNS-01 does"
	r.run("window", "shop.example.org", "--", "true").is(t, exitError, "shop.example.org: it is in no record of the inventory: "+why)
	r.run("window", "plain.example.org", "--", "true").is(t, exitRefused, "plain.example.org: "+why)
	r.untouched()
}

// A name that is DNS-only has its command run without a write.
func TestWindowDNSOnly(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.run("window", "plain.example.org", "--", "sh", "-c", "echo ran; exit 5").is(t, 5, "ran", "no name is proxied")
	r.untouched()
}

// Addresses of examples are not connected to, and keep no window closed.
func TestWindowOfAnExample(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.check = ""
	r.inventory()
	text, err := os.ReadFile(r.path("inventory.toml"))
	if err != nil {
		t.Fatal(err)
	}
	shown := strings.NewReplacer(originV4, "203.0.113.10", originV6, "2001:db8::10").Replace(string(text))
	if err := os.WriteFile(r.path("inventory.toml"), []byte(shown), 0o600); err != nil {
		t.Fatal(err)
	}
	r.fake.RemoveZone("example.org")
	r.fake.AddZone(cloudflaretest.Zone{ID: "z1", Name: "example.org", Plan: "pro"})
	r.fake.Put("example.org",
		cloudflaretest.Record{ID: "a1", Type: "A", Name: "www", Content: "203.0.113.10", TTL: 1, Proxied: true, Comment: "web", Tags: []string{"owner:ops"}},
		cloudflaretest.Record{ID: "a2", Type: "AAAA", Name: "www", Content: "2001:db8::10", TTL: 1, Proxied: true})
	got := r.run("window", "www.example.org", "--", "true").is(t, exitDone, "proxied again")
	if !strings.Contains(got.stderr, "X-ORIGIN cannot be told") {
		t.Errorf("no warning:\n%s", got.stderr)
	}
	if got := r.toggles(); got != "off on" {
		t.Errorf("toggled %q", got)
	}
}

// Where nothing listens at the origin the window opens: the command may bring its own
// server, as certbot --standalone does.
func TestWindowNothingListens(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	listener := acmetest.Listen(t, originV4)[0]
	_ = listener.Close()
	r.check = fmt.Sprintf("allow_reserved = true\nhttp_port = %d\n", acmetest.Port(listener))
	r.inventory()
	got := r.run("window", "www.example.org", "--", "true").is(t, exitDone, "proxied again")
	if !strings.Contains(got.stderr, "warning: www.example.org: X-ORIGIN cannot be told: nothing listens at "+originV4) {
		t.Errorf("no warning:\n%s", got.stderr)
	}
	r.closedOnce()
}

// Where something answers at the origin, and not with the token that was placed, the
// window would not help: it stays closed unless it is forced.
func TestWindowOriginIsAnother(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.check += "challenge = { webroot = \"web\" }\n"
	r.inventory()
	if err := os.Mkdir(r.path("web"), 0o700); err != nil {
		t.Fatal(err)
	}
	r.run("window", "www.example.org", "--", "touch", "ran").is(t, exitRefused, "X-ORIGIN", "does not answer the challenge", "--force opens it")
	r.untouched()
	if _, err := os.Stat(r.path("ran")); err == nil {
		t.Error("the command was run")
	}
	r.run("window", "www.example.org", "--force", "--", "true").is(t, exitDone, "proxied again")
	r.closedOnce()
}

// An origin that answered the token as the window was planned, and has another answer
// once it is shown, closes the window: the command would fail, and count as a try.
func TestWindowOriginTurns(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	web := acmetest.Listen(t, originV4)[0]
	files := http.FileServer(http.Dir(r.path("web")))
	acmetest.Serve(t, web, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if r.toggles() != "" {
			http.NotFound(w, q)
			return
		}
		files.ServeHTTP(w, q)
	}))
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool { return x.ID != "a2" })
	r.check = fmt.Sprintf("allow_reserved = true\nhttp_port = %d\nchallenge = { webroot = \"web\" }\n", acmetest.Port(web))
	r.inventory()
	if err := os.Mkdir(r.path("web"), 0o700); err != nil {
		t.Fatal(err)
	}
	r.run("window", "www.example.org", "--", "touch", "ran").is(t, exitError, "nothing is run, www.example.org A: the challenge of www.example.org at "+web.Addr().String(), "404", "--force")
	if _, err := os.Stat(r.path("ran")); err == nil {
		t.Error("the command was run")
	}
	r.closedAgain("off on")
	r.run("window", "www.example.org", "--force", "--", "touch", "ran").is(t, exitDone)
	if _, err := os.Stat(r.path("ran")); err != nil {
		t.Error(err)
	}
	r.closedAgain("off on off on")
}

// A protected name has a window when that is asked for, and is closed by everybody.
func TestWindowProtected(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.zone = "protect = [\"www\"]\n"
	r.inventory()
	r.run("window", "www.example.org", "--", "touch", "ran").is(t, exitRefused, "www.example.org: it is protected in the inventory", "--allow-protected")
	r.run("window", "open", "www.example.org").is(t, exitRefused, "--allow-protected")
	r.run("window", "plain.example.org", "--", "true").is(t, exitDone)
	r.untouched()
	if _, err := os.Stat(r.path("ran")); err == nil {
		t.Error("the command was run")
	}
	r.run("window", "www.example.org", "--allow-protected", "--", "true").is(t, exitDone, "proxied again")
	r.closedOnce()
	p := r.opened("--allow-protected")
	r.run("recover", "--scan-zone", "example.org", "--now", "--state-dir", "other").is(t, exitDone, "2 of 2 changes applied")
	r.commandStops()
	p.wait()
	if got := r.toggles(); got != "off on off on" || !r.proxied() {
		t.Errorf("toggled %q; live is %+v", got, r.fake.Records("example.org"))
	}
}

// With --json standard output holds events alone: what the command says goes to
// standard error.
func TestWindowJSON(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	for _, name := range []string{"www.example.org", "plain.example.org"} {
		got := r.run("window", name, "--json", "--", "sh", "-c", "echo from the command; exit 6").is(t, 6)
		if !strings.Contains(got.stderr, "from the command") {
			t.Errorf("the command's output is not on standard error:\n%s", got.stderr)
		}
		last := ""
		for line := range strings.Lines(got.stdout) {
			if last = line; !json.Valid([]byte(line)) {
				t.Errorf("no JSON: %s", line)
			}
		}
		if !strings.Contains(last, `"type":"summary"`) || !strings.Contains(last, `"exit_code":6`) {
			t.Errorf("the last line is %s", last)
		}
	}
	r.run("window", "other.example.org", "--json", "--", "true").is(t, exitError, `"type":"summary"`)
}
