package acme

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

// balancer is a load balancer at 127.0.0.20 before three backends at 127.0.0.21 to
// 127.0.0.23, all on one port; the ACME client runs on the first.
type balancer struct {
	*site
	front string         // what it listens at
	acme  *acmetest.Site // challenges of a real authority, on the first backend
}

const frontend = "127.0.0.20"

func backends() []string { return []string{"127.0.0.21", "127.0.0.22", "127.0.0.23"} }

func newBalancer(t *testing.T) *balancer {
	t.Helper()
	s := newSite(t, append([]string{frontend}, backends()...)...)
	b := &balancer{s, s.ls[0].Addr().String(), &acmetest.Site{}}
	_ = s.ls[0].Close() // its port is the balancer's now, and nobody else listens at this address
	files := s.files()
	s.serve(1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat(filepath.Join(s.root, filepath.FromSlash(r.URL.Path))); err == nil {
			files.ServeHTTP(w, r)
			return
		}
		b.acme.ServeHTTP(w, r)
	}))
	s.serve(2, http.NotFoundHandler())
	s.serve(3, answers(404, "text/html", "backend three"))
	s.want(frontend)
	s.answer(frontend)
	b.client(b.addrs[1])
	return b
}

func (b *balancer) port() int { return b.opts.HTTPPort }

// run starts a balancer of a Debian package with a configuration, and returns what
// ends it. It is up when it accepts connections.
func (b *balancer) run(program, debianPackage string, configure func(dir string) (config string, argv []string)) (stop func()) {
	b.t.Helper()
	path := needs.Program(b.t, program, debianPackage)
	dir := b.t.TempDir()
	config, argv := configure(dir)
	file := filepath.Join(dir, "config")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		b.t.Fatal(err)
	}
	cmd := exec.CommandContext(b.t.Context(), path, append(argv, file)...) //nolint:gosec // G204: a server of the test's own choice
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	stop = func() { _ = cmd.Process.Kill(); <-ended }
	b.t.Cleanup(stop)
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", b.front); err == nil {
			_ = c.Close()
			return stop
		}
		select {
		case <-ended:
			b.t.Fatalf("%s ended:\n%s\n%s", program, log.String(), config)
		default:
		}
	}
	b.t.Fatalf("%s does not listen at %s:\n%s", program, b.front, log.String())
	return nil
}

// haproxy is HAProxy that balances in one way, with further lines in its frontend
// and behind its backend.
func (b *balancer) haproxy(how, inFrontend, behind string) func() {
	return b.run("haproxy", "haproxy", func(string) (string, []string) {
		var servers strings.Builder
		for i, a := range backends() {
			fmt.Fprintf(&servers, "    server s%d %s:%d\n", i, a, b.port())
		}
		return fmt.Sprintf(`global
    nbthread 1
defaults
    mode http
    timeout connect 10s
    timeout client 30s
    timeout server 30s
frontend web
    bind %s
%s
    default_backend servers
backend servers
    balance %s
%s
%s
`, b.front, inFrontend, how, servers.String(), behind), []string{"-db", "-f"}
	})
}

// nginx balances over its upstream, with further lines in its server.
func (b *balancer) nginx(inServer string) func() {
	return b.run("nginx", "nginx", func(dir string) (string, []string) {
		var servers strings.Builder
		for _, a := range backends() {
			fmt.Fprintf(&servers, "    server %s:%d;\n", a, b.port())
		}
		var temp strings.Builder
		for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
			fmt.Fprintf(&temp, "  %s_temp_path %s;\n", kind, filepath.Join(dir, kind))
		}
		rest := "\n    location / { proxy_pass http://servers; }"
		if strings.Contains(inServer, "location / {") {
			rest = ""
		}
		return fmt.Sprintf(`daemon off;
master_process off;
pid %s;
error_log %s;
events {}
http {
  access_log off;
%s  upstream servers {
%s  }
  server {
    listen %s;
    server_name www.example.org;
%s%s
  }
}
`, filepath.Join(dir, "pid"), filepath.Join(dir, "error.log"), temp.String(), servers.String(), b.front, inServer, rest), []string{"-e", filepath.Join(dir, "error.log"), "-c"}
	})
}

// paste finds the remedy whose order begins so.
func paste(t *testing.T, f Finding, order string) string {
	t.Helper()
	i := slices.IndexFunc(f.Remedies, func(r Remedy) bool { return strings.HasPrefix(r.Do, order) })
	if i < 0 {
		t.Fatalf("no remedy %q in %+v", order, f.Remedies)
	}
	Offers(t, f, f.Remedies[i].text())
	return f.Remedies[i].Paste
}

// A real HAProxy sends each connection to the next of three backends, one of which
// has the token: 8 of 12 fail. The lines of the remedy, pasted into its
// configuration, mend it.
func TestHAProxy(t *testing.T) {
	b := newBalancer(t)
	stop := b.haproxy("roundrobin", "", "")
	b.opts.Now = func() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) } // four remote perspectives
	f := b.only("H-LB", Fail, "8 of 12 connections to "+b.front, "about 3.7 % of issuances succeed")
	if len(f.Asked) != 3 {
		t.Errorf("asked %+v; want the answers of three backends", f.Asked)
	}
	stop()
	b.haproxy("roundrobin", paste(t, f, "HAProxy: in the frontend"), paste(t, f, "HAProxy: and a backend"))
	b.only("H-LB", Pass, "12 connections")
	b.only("H-TOKEN", Pass)
}

// Behind a balancer it is no luck what the other checks say, wherever its turn is:
// nobody is accused of a filter, and H-TOKEN never says that all is well.
func TestLuckBehindABalancer(t *testing.T) {
	for first := range 3 {
		b := newBalancer(t)
		b.haproxy("roundrobin", "", "")
		for range first {
			resp, err := http.Get("http://" + b.front)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		}
		found := Examined(t.Context(), New(b.opts), []*Subject{b.subject}, Selection{Only: []string{"H-TOKEN", "H-WAF", "H-LB"}})
		for _, f := range found.Findings {
			if f.Outcome != Fail && f.Outcome != Unknown && f.Check != "H-WAF" || f.Check != "H-LB" && f.Outcome != Pass && f.Because != "H-LB" {
				t.Errorf("after %d: %s %s because of %q: %s", first, f.Check, f.Outcome, f.Because, f.Summary)
			}
		}
		for range 3 { // alone, it finds out by itself
			for _, f := range b.check("H-WAF") {
				if f.Outcome == Fail {
					t.Errorf("after %d: %s", first, f.Summary)
				}
			}
		}
	}
}

// By source, one address of ours always meets one backend; several do not.
func TestHAProxyBySource(t *testing.T) {
	b := newBalancer(t)
	stop := b.haproxy("source", "", "")
	f := b.only("H-LB", Fail, "connections to "+b.front)
	stop()
	b.haproxy("source", paste(t, f, "HAProxy: in the frontend"), paste(t, f, "HAProxy: and a backend"))
	b.only("H-LB", Pass, "12 addresses of this machine")
	b.opts.Sources = func(netip.Addr) []netip.Addr { return nil }
	b.only("H-LB", Pass, "one address of this machine, which a load balancer that goes by the source")
}

func TestNginx(t *testing.T) {
	b := newBalancer(t)
	stop := b.nginx("")
	f := b.only("H-LB", Fail, "8 of 12 connections to "+b.front)
	stop()
	b.nginx(paste(t, f, "nginx: in the server"))
	b.only("H-LB", Pass, "12 connections")
}

// orders orders five certificates at a real authority, whose ACME client's files are
// on the first backend, and returns how many are issued.
func (b *balancer) orders() (issued int) {
	b.t.Helper()
	zone := b.subject.Zone.Servers[0].Servers[0].Addr
	ca := acmetest.NewCA(b.t, acmetest.Config{DNS: zone, HTTPPort: b.port()})
	for range 5 {
		if _, err := ca.Order(b.t.Context(), b.acme, "www.example.org"); err == nil {
			issued++
		}
	}
	return issued
}

// What H-LB predicts is what an authority does: it asks thrice at once, two of which
// do not meet the token.
func TestIssuanceThroughBalancers(t *testing.T) {
	for _, program := range []string{"haproxy", "nginx"} {
		t.Run(program, func(t *testing.T) {
			b := newBalancer(t)
			start := func(f Finding) (stop func()) {
				if len(f.Remedies) == 0 {
					f.Remedies = []Remedy{{Do: "HAProxy: in the frontend"}, {Do: "HAProxy: and a backend"}, {Do: "nginx: in the server"}}
				}
				if program == "nginx" {
					return b.nginx(paste(t, f, "nginx: in the server"))
				}
				return b.haproxy("roundrobin", paste(t, f, "HAProxy: in the frontend"), paste(t, f, "HAProxy: and a backend"))
			}
			stop := start(Finding{})
			f := b.only("H-LB", Fail)
			if n := b.orders(); n != 0 {
				t.Errorf("%d of 5 are issued without the rule", n)
			}
			stop()
			start(f)
			if n := b.orders(); n != 5 {
				t.Errorf("%d of 5 are issued with the rule", n)
			}
		})
	}
}

// Without a planter, backends that differ are a warning.
func TestBalancerWithoutPlanter(t *testing.T) {
	b := newBalancer(t)
	b.haproxy("roundrobin", "", "")
	b.opts.Client = nil
	if f := b.only("H-LB", Fail, "gives 2 kinds of answers"); f.Severity != Warning {
		t.Errorf("severity %s, want warning", f.Severity)
	}
}

// The remedy of a balancer never sends challenges to the balancer itself: not where
// its own host says that the ACME client runs there, nor where another host does.
func TestBalancerIsNotItsOwnBackend(t *testing.T) {
	lb := Host{Name: "lb", Addrs: []netip.Addr{netip.MustParseAddr(frontend)}, ACMEClient: true}
	web := Host{Name: "web-01", Addrs: []netip.Addr{netip.MustParseAddr("2001:db8::21"), netip.MustParseAddr("127.0.0.21")}, ACMEClient: true}
	other := Host{Name: "web-02", Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.22")}, ACMEClient: true}
	elsewhere, plain := other, Host{Name: "lb", Addrs: lb.Addrs}
	elsewhere.OwnPlace = true
	const tells = "; a [[host]] with it and acme_client = true tells dnsplan)"
	for name, c := range map[string]struct {
		p    Client
		want string
		note string // behind the address that is not known
	}{
		"the balancer alone is known":           {Client{Host: lb, Clients: []Host{lb}}, someClient, "; acme_client and [host.challenge] at a [[host]] with it, and not at lb, tell dnsplan)"},
		"the client is another host":            {Client{Host: web, Clients: []Host{web, elsewhere}}, "127.0.0.21", ""},
		"the challenge is of the host":          {Client{Host: plain, Clients: []Host{web}}, "127.0.0.21", ""},
		"another client is for others":          {Client{Host: lb, Clients: []Host{lb, elsewhere}}, someClient, "; acme_client and [host.challenge] at a [[host]] with it, and not at lb, tell dnsplan)"},
		"the only client is for others":         {Client{Host: plain, Clients: []Host{elsewhere}}, someClient, tells},
		"the balancer is a client, and another": {Client{Host: lb, Clients: []Host{lb, web}}, someClient, "; perhaps that of web-01)"},
		"there are several":                     {Client{Clients: []Host{web, other}}, someClient, "; perhaps that of web-01 or web-02)"},
		"nothing is known":                      {Client{}, someClient, tells},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, frontend)
			s.serve(0, byTurns(new(atomic.Int32), s.files(), http.NotFoundHandler()))
			c.p.Planter = s.opts.Client(s.subject).Planter
			s.opts.Client = func(*Subject) Client { return c.p }
			f := s.only("H-LB", Fail, "6 of 12 connections to")
			Offers(t, f, "server acme "+c.want+s.fill(":PORT"), "proxy_pass http://"+c.want+s.fill(":PORT;"))
			if c.want != someClient {
				lacks(t, f, "in place of")
				return
			}
			Offers(t, f, "the address of the ACME client's own server, which has the token from webroot "+s.root+", in place of "+someClient+c.note)
		})
	}
}

// The remedies for single servers are read by a real nginx, too.
func TestRemediesAreWhatNginxReads(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.Handler
		check   ID
		order   string
	}{
		{"another root", http.NotFoundHandler(), "H-TOKEN", "Have the server at"},
		{"a password", answers(401, "text/plain", ""), "H-TOKEN", "Ask nobody"},
		{"a redirect", redirects(303, "/other"), "H-REDIR", "Or have the server at"},
		{"a filter", forBrowsers(http.NotFoundHandler()), "H-WAF", "Exempt the challenge's path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, frontend)
			stop := served(s, c.handler)
			f := s.only(c.check, Fail)
			stop()
			openFolders(t, s.root)
			b := &balancer{s, fmt.Sprintf("%s:%d", frontend, s.opts.HTTPPort), nil}
			b.nginx(paste(t, f, c.order))
			b.only("H-TOKEN", Pass)
			b.only(c.check, Pass)
		})
	}
}

// Lines of a server of nginx that come before its locations are moved, as the remedy
// has it, and then the location of challenges is one.
func TestNginxThatIsObeyedBeforeItsLocations(t *testing.T) {
	for name, c := range map[string]struct {
		breaks string
		check  ID
		order  string
	}{
		"a page of maintenance": {"return 503;", "H-TOKEN", "Have the server at"},
		"a condition":           {"if ($request_method = GET) { return 404; }", "H-TOKEN", "Have the server at"},
		"one of the client":     {"if ($http_user_agent !~ Firefox) { return 403; }", "H-WAF", "Exempt the challenge's path"},
		"a door that is shut":   {"return 403;", "H-TOKEN", "Ask nobody"},
		"a front controller":    {"root EMPTY;\nrewrite ^ /index.html break;", "H-TOKEN", "Have the server at"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, frontend)
			_ = s.ls[0].Close()
			openFolders(t, s.root)
			empty := t.TempDir()
			openFolders(t, empty)
			c.breaks = strings.ReplaceAll(c.breaks, "EMPTY", empty)
			b := &balancer{s, fmt.Sprintf("%s:%d", frontend, s.opts.HTTPPort), nil}
			stop := b.nginx(c.breaks)
			f := s.only(c.check, Fail)
			stop()
			lines, aside := paste(t, f, c.order), paste(t, f, "nginx obeys return, rewrite and if")
			moved := strings.Replace(aside, "# the lines with return, rewrite and if", c.breaks, 1)
			if moved == aside {
				t.Fatalf("nothing says where to: %s", aside)
			}
			b.nginx(lines + "\n" + moved)
			b.only("H-TOKEN", Pass)
			b.only(c.check, Pass)
		})
	}
}

// served answers at the first address until stop.
func served(s *site, h http.Handler) (stop func()) {
	srv := &http.Server{Handler: h}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = srv.Serve(s.ls[0]) }()
	stop = func() { _ = srv.Close(); <-ended }
	s.t.Cleanup(stop)
	return stop
}

// openFolders lets another user read what is in the test's folder, as nginx does
// where the test runs as root.
func openFolders(t *testing.T, dir string) {
	t.Helper()
	for d := dir; d != os.TempDir() && len(d) > 1; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil { //nolint:gosec // G302: nginx's user reads it
			t.Fatal(err)
		}
	}
}
