package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// windowRig is a site behind the proxy of the Cloudflare fake, and dnsplan as
// processes of its own that open windows. The fake's log is the judge.
type windowRig struct {
	t    *testing.T
	fake *cloudflaretest.Server
	// dir holds the inventory and the state folder.
	dir string
	// settings are those of the provider, check what [check] has beside ready, and
	// zone what the zone has beside its servers.
	settings, check, zone string
	// servers are those to ask, as a TOML list.
	servers string
	// env are the variables that the processes have beside the test's.
	env []string
}

const (
	originV4 = "127.0.0.77"
	originV6 = "::1"
)

// newWindowRig brings www with two proxied addresses, and plain with one that is
// not. Nothing serves them, and no name server is asked.
func newWindowRig(t *testing.T) *windowRig {
	t.Helper()
	v, s := newCloudflare(t)
	s.RemoveZone("example.org")
	s.AddZone(cloudflaretest.Zone{ID: "z1", Name: "example.org", Plan: "pro"})
	s.Put("example.org",
		cloudflaretest.Record{ID: "a1", Type: "A", Name: "www", Content: originV4, TTL: 1, Proxied: true, Comment: "web", Tags: []string{"owner:ops"}},
		cloudflaretest.Record{ID: "a2", Type: "AAAA", Name: "www", Content: originV6, TTL: 1, Proxied: true},
		cloudflaretest.Record{ID: "a3", Type: "A", Name: "plain", Content: originV4, TTL: 300})
	r := &windowRig{t: t, fake: s, dir: t.TempDir(), settings: v.settings, check: "allow_reserved = true\n", servers: "[]"}
	t.Cleanup(r.noGuard)
	r.check += fmt.Sprintf("http_port = %d\n", serveOrigins(t))
	r.inventory()
	r.env = []string{asProgram + "=1"}
	for name, value := range v.env {
		r.env = append(r.env, name+"="+value)
	}
	return r
}

// serveOrigins answers on both addresses of www, at one port that it returns.
func serveOrigins(t *testing.T) int {
	t.Helper()
	four, err := net.Listen("tcp", net.JoinHostPort(originV4, "0"))
	if err != nil {
		t.Fatal(err)
	}
	port := four.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // a TCP listener's
	listeners := []net.Listener{four}
	if six, err := net.Listen("tcp", net.JoinHostPort(originV6, strconv.Itoa(port))); err == nil { // else this machine has no IPv6
		listeners = append(listeners, six)
	}
	for _, l := range listeners {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		_ = s.Listener.Close() // not that one
		s.Listener = l
		s.Start()
		t.Cleanup(s.Close)
	}
	return port
}

// inventory writes the inventory.
func (r *windowRig) inventory() {
	r.t.Helper()
	text := fmt.Sprintf("version = 1\n[check]\nready = \"1s\"\n%s[[provider]]\nname = \"cf\"\ntype = \"cloudflare\"\n%s"+
		"[[zone]]\nname = \"example.org\"\nprovider = \"cf\"\nservers = %s\n%s"+
		"[[zone.record]]\nname = \"www\"\na = [%q]\naaaa = [%q]\nacme = \"http-01\"\n"+
		"[[zone.record]]\nname = \"plain\"\na = [%q]\n[[zone.record]]\nname = \"*.lab\"\na = [%q]\n",
		r.check, r.settings, r.servers, r.zone, originV4, originV6, originV4, originV4)
	if err := os.WriteFile(r.path("inventory.toml"), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// serve puts a handler in front of the fake, or in its place.
func (r *windowRig) serve(h http.HandlerFunc) {
	r.t.Helper()
	r.fake.Serve(r.t, h)
	r.settings = fmt.Sprintf("base_url = %q\n", r.fake.BaseURL())
	r.inventory()
}

// breakable lets the fake be down while the returned value is true, and counts what has
// come then.
func (r *windowRig) breakable() (down *atomic.Bool, refused *atomic.Int32) {
	r.t.Helper()
	down, refused = &atomic.Bool{}, &atomic.Int32{}
	r.serve(func(w http.ResponseWriter, q *http.Request) {
		if down.Load() {
			refused.Add(1)
			http.Error(w, "{}", http.StatusServiceUnavailable)
			return
		}
		r.fake.ServeHTTP(w, q)
	})
	return down, refused
}

// heldClosing has the fake hold the write that turns the proxy on, of which it tells,
// until it is let go.
func (r *windowRig) heldClosing() (closing <-chan struct{}, letGo func()) {
	r.t.Helper()
	came, held := make(chan struct{}, 1), make(chan struct{})
	r.serve(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		if strings.Contains(string(body), `"proxied":true`) {
			select {
			case came <- struct{}{}:
			default: // it is known
			}
			<-held
		}
		q.Body = io.NopCloser(bytes.NewReader(body))
		r.fake.ServeHTTP(w, q)
	})
	letGo = sync.OnceFunc(func() { close(held) })
	r.t.Cleanup(letGo)
	return came, letGo
}

func (r *windowRig) path(name string) string { return filepath.Join(r.dir, name) }

// windowProcess is dnsplan as a process of its own.
type windowProcess struct {
	*exec.Cmd
	t        *testing.T
	out, err *os.File
}

// start begins dnsplan in a session of its own: what a terminal would send to all
// is sent to it alone.
func (r *windowRig) start(args ...string) *windowProcess {
	r.t.Helper()
	return r.startAs(func(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }, args...)
}

// startAs is start, where prepare says how.
func (r *windowRig) startAs(prepare func(*exec.Cmd), args ...string) *windowProcess {
	r.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	p := &windowProcess{Cmd: exec.CommandContext(context.WithoutCancel(r.t.Context()), exe, args...), t: r.t, out: r.stream(), err: r.stream()}
	p.Stdout, p.Stderr, p.Dir, p.Env = p.out, p.err, r.dir, append(os.Environ(), r.env...)
	prepare(p.Cmd)
	begin(r.t, p.Cmd)
	return p
}

// stream is a file for what a process says. A pipe has an end only when a command that
// was left behind has gone too.
func (r *windowRig) stream() *os.File {
	r.t.Helper()
	f, err := os.CreateTemp(r.t.TempDir(), "said")
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = f.Close() })
	return f
}

// said is what the process has said so far on standard error.
func (p *windowProcess) said() string {
	p.t.Helper()
	text, err := os.ReadFile(p.err.Name())
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// wait returns how the process has ended.
func (p *windowProcess) wait() ended {
	p.t.Helper()
	_ = p.Wait() // the state says it
	var said [2]string
	for i, f := range []*os.File{p.out, p.err} {
		text, err := os.ReadFile(f.Name())
		if err != nil {
			p.t.Fatal(err)
		}
		said[i] = string(text)
	}
	return ended{p.ProcessState.ExitCode(), said[0], said[1]}
}

// run is start and wait.
func (r *windowRig) run(args ...string) ended {
	r.t.Helper()
	return r.start(args...).wait()
}

// proxied tells whether both records of www are as they were at first: proxied, with
// their own comments and tags.
func (r *windowRig) proxied() bool {
	n := 0
	for _, x := range r.fake.Records("example.org") {
		if x.ID == "a1" && x.Proxied && x.TTL == 1 && x.Comment == "web" && len(x.Tags) == 1 || x.ID == "a2" && x.Proxied && x.TTL == 1 && x.Comment == "" {
			n++
		}
	}
	return n == 2
}

// toggles are the writes of the fake's log: "off", "on" or what else was sent.
func (r *windowRig) toggles() string {
	var out []string
	for _, q := range r.fake.Log() {
		switch off, on := strings.Contains(q.Body, `"proxied":false`), strings.Contains(q.Body, `"proxied":true`); {
		case q.Method == "GET":
		case off && !on:
			out = append(out, "off")
		case on && !off:
			out = append(out, "on")
		default:
			out = append(out, q.Method+" "+q.Body)
		}
	}
	return strings.Join(out, " ")
}

// closedOnce fails the test unless the proxy went off once and on once, and all is
// as it was.
func (r *windowRig) closedOnce() {
	r.t.Helper()
	if got := r.toggles(); got != "off on" || !r.proxied() {
		r.t.Errorf("toggled %q, want off and on; live is %+v", got, r.fake.Records("example.org"))
	}
}

// untouched fails the test if anything was written.
func (r *windowRig) untouched() {
	r.t.Helper()
	if got := r.toggles(); got != "" {
		r.t.Errorf("toggled %q, want nothing", got)
	}
}

// commandRuns waits until the command has written the file.
func (r *windowRig) commandRuns(file string) {
	r.t.Helper()
	eventually(r.t, "the command runs", func() bool { _, err := os.Stat(r.path(file)); return err == nil })
}

// later is dnsplan in this process, over the rig's folder, by a clock that can leap.
func (r *windowRig) later() (*program, *leapingClock) {
	clock := &leapingClock{now: time.Now()}
	return &program{t: r.t, dir: r.dir, env: map[string]string{"CLOUDFLARE_API_TOKEN": cfToken, "CF_ZONE_API_TOKEN": cfZones}, entropy: &counter{}, clock: clock}, clock
}

// inTime does something in a new rig whose windows have that deadline; where the
// machine was too slow for it, again with one of twice the length.
func inTime(t *testing.T, do func(r *windowRig, deadline time.Duration) (inTime bool)) {
	t.Helper()
	for deadline := 6 * time.Second; !do(newWindowRig(t), deadline); deadline *= 2 {
		t.Logf("%s were too short", deadline)
	}
}
