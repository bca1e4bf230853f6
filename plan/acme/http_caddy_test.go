package acme

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

const (
	caddyFolder = "handle /.well-known/acme-challenge/* {\n    root * ROOT\n    file_server\n}\n" + caddyRest
	caddyProxy  = "handle /.well-known/acme-challenge/* {\n    reverse_proxy 127.0.0.12:PORT\n}\n" + caddyRest
	caddyRest   = "handle {\n    # what is there now, but tls, log, bind and handle_errors\n}"
	caddySite   = "http://www.example.org {\n    handle /.well-known/acme-challenge/* {\n        root * ROOT\n        file_server\n    }\n    handle {\n        redir https://{host}{uri} permanent\n    }\n}"
	caddyPlace  = "in place of what is in the site that answers http://www.example.org:\n"
)

// A server that says that it is Caddy gets its remedies in the words of that.
func TestCaddy(t *testing.T) {
	elsewhere := func(s *site) { s.client(netip.MustParseAddr("127.0.0.12")) }
	for name, c := range map[string]struct {
		with   func(*site)
		serves http.Handler
		check  ID
		offers []string
	}{
		"another root": {nil, http.NotFoundHandler(), "H-TOKEN", []string{"For Caddy, " + caddyPlace + caddyFolder}},
		"a webroot that nobody has told": {func(s *site) {
			hook := placing{plant.Webroot(s.root, time.Now), plant.Place{Command: "/usr/local/bin/place"}}
			s.opts.Client = func(*Subject) Client { return Client{Planter: hook} }
		}, http.NotFoundHandler(), "H-TOKEN", []string{"    root * /var/www/html # the webroot of your ACME client\n    file_server\n"}},
		"the client is elsewhere": {elsewhere, http.NotFoundHandler(), "H-TOKEN", []string{"before anything else. For Caddy", caddyProxy}},
		"a password":              {nil, answers(401, "text/plain", ""), "H-TOKEN", []string{"turn nobody away. For Caddy at 127.0.0.11:PORT, " + caddyPlace + caddyFolder}},
		"a filter":                {nil, forBrowsers(http.NotFoundHandler()), "H-WAF", []string{"As a rule for Caddy, before the filter's own, in place of", caddyFolder}},
		"see other": {nil, redirects(303, "/other"), "H-REDIR", []string{
			"no other is followed. For Caddy:\nredir https://{host}{uri} permanent\n",
			"and redirect the rest. For Caddy, as a site, in place of one of http://www.example.org:\n" + caddySite,
		}},
		"what it passes on wants TLS": {nil, answers(400, "text/html", "Reason: You're speaking plain HTTP to an SSL-enabled server port."), "H-TOKEN", []string{"before anything else. For Caddy", caddyFolder}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "127.0.0.11")
			if c.with != nil {
				c.with(s)
			}
			s.serve(0, calls("Caddy", c.serves))
			f := s.only(c.check, Fail)
			for _, words := range c.offers {
				Offers(t, f, s.fill(words))
			}
			lacks(t, f, "nginx", "location", "listen ")
		})
	}
}

// caddied is a name whose server is a real Caddy at 127.0.0.20, for HTTP and TLS; an
// ACME client's is at 127.0.0.21.
type caddied struct {
	*secure
	b *balancer
	// live has a certificate and its key for the name; admin is where it is told to
	// read its configuration again.
	live, admin string
	// configured is what it has read.
	configured string
}

func newCaddied(t *testing.T, served issued) *caddied {
	t.Helper()
	t.Setenv("HOME", t.TempDir()) // it keeps things there
	s := newSecure(t, frontend, "127.0.0.21")
	s.want(frontend)
	s.answer(frontend)
	s.served[0] = true
	_, _ = s.ls[0].Close(), s.tls[0].Close()
	s.serve(1, s.files())
	s.client(netip.MustParseAddr(frontend))
	openFolders(t, s.root)
	b := &balancer{s.site, s.ls[0].Addr().String(), nil}
	return &caddied{s, b, s.store(served), "off", ""}
}

// caddy is Caddy with sites. Without HTTP/3 it takes no port of UDP.
func (c *caddied) caddy(sites string) (stop func()) {
	c.t.Helper()
	stop = c.b.run("caddy", "caddy", func(dir string) (string, []string) {
		c.configured = fmt.Sprintf("{\nadmin %s\nhttp_port %d\nhttps_port %d\ndefault_bind %s\nstorage file_system %s\nservers {\nprotocols h1 h2\n}\n}\n%s\n",
			c.admin, c.opts.HTTPPort, c.opts.HTTPSPort, frontend, filepath.Join(dir, "store"), c.fill(sites))
		return c.configured, []string{"run", "--adapter", "caddyfile", "--config"}
	})
	for end := time.Now().Add(2 * time.Minute); strings.Contains(c.configured, "tls "); time.Sleep(10 * time.Millisecond) {
		l, err := net.Dial("tcp", c.tls[0].Addr().String())
		if err == nil {
			_ = l.Close()
			break
		}
		if time.Now().After(end) {
			c.t.Fatalf("Caddy does not listen for TLS: %v", err)
		}
	}
	return stop
}

// fill puts the certificate in as well.
func (c *caddied) fill(text string) string {
	live := strings.NewReplacer("LIVE", c.live, "/etc/letsencrypt/live/www.example.org", c.live)
	return c.secure.fill(live.Replace(text))
}

// The remedies repair a real Caddy that is broken in the same way, whatever it has
// beside them and in which order it obeys that.
func TestRemediesAreWhatCaddyReads(t *testing.T) {
	wantsTLS := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(wantsTLS.Close)
	const http80, byItself = "http://www.example.org", "www.example.org"
	for name, c := range map[string]struct {
		site, has string
		check     ID
		order     string
		at        string // where the ACME client runs
	}{
		"another root":         {http80, "root * /nonexistent\nfile_server", "H-TOKEN", "Have the server at", frontend},
		"the client elsewhere": {http80, "file_server", "H-TOKEN", "Have the server at", "127.0.0.21"},
		"for all names":        {"http://:PORT", "respond 404", "H-TOKEN", "Have the server at", frontend},
		"a password":           {http80, "basicauth {\nsomebody " + somePassword + "\n}\nfile_server", "H-TOKEN", "Ask nobody", frontend},
		"nobody":               {http80, "respond 403", "H-TOKEN", "Ask nobody", frontend},
		"no hidden files":      {http80, "@hidden path */.*\nerror @hidden 403", "H-TOKEN", "Ask nobody", "127.0.0.21"},
		"a filter":             {http80, "@others not header User-Agent *Firefox*\nrespond @others 403", "H-WAF", "Exempt the challenge's path", frontend},
		"an application":       {http80, "reverse_proxy 127.0.0.20:1", "H-TOKEN", "Have the server at", frontend},
		"one that wants TLS":   {http80, "reverse_proxy " + wantsTLS.Listener.Addr().String(), "H-TOKEN", "Have the server at", frontend},
		"a front controller":   {http80, "root * ROOT\nrewrite * /index.php\nfile_server", "H-TOKEN", "Have the server at", frontend},
		"a route":              {http80, "route {\nrespond 404\n}", "H-TOKEN", "Have the server at", frontend},
		"groups":               {http80, "handle /.well-known/* {\nrespond 404\n}\nhandle {\nrespond 200\n}", "H-TOKEN", "Have the server at", "127.0.0.21"},
		"a redirect":           {http80, "redir http://www.example.org:8443{uri}", "H-REDIR", "Or have the server at", frontend},
		"one of all names":     {"http://:PORT", "redir https://{host}:8443{uri}", "H-REDIR", "Or have the server at", "127.0.0.21"},
		"one by itself":        {byItself, "tls LIVE/fullchain.pem LIVE/privkey.pem\nrespond page", "H-TOKEN", "Or have the server at", frontend},
	} {
		t.Run(name, func(t *testing.T) {
			s := newCaddied(t, issued{})
			s.client(netip.MustParseAddr(c.at))
			stop := s.caddy(c.site + " {\n" + c.has + "\n}")
			f := s.only(c.check, Fail)
			stop()
			lines := paste(t, f, c.order)
			repaired := lines
			switch {
			case !strings.HasPrefix(lines, "http://"): // what goes into the site
				repaired = c.site + " {\n" + strings.ReplaceAll(lines, "# what is there now, but tls, log, bind and handle_errors", "\n"+c.has) + "\n}"
			case c.site != http80: // beside what there is
				repaired = lines + "\n" + c.site + " {\n" + c.has + "\n}"
			}
			s.caddy(repaired)
			s.only("H-TOKEN", Pass)
			s.only(c.check, Pass)
		})
	}
}

// somePassword is a hash that nothing is known to fit.
const somePassword = "$2a$14$QY62BhaUgJoQFoYTgNdvte7x564GCgPz9V3SrY7.KmeQ60ns8YTti"

// An old server that is Caddy passes challenges on, whether it answers or redirects.
func TestCaddyAsBridge(t *testing.T) {
	for name, site := range map[string]string{
		"it answers":             "http://www.example.org {\nrespond 404\n}",
		"it redirects by itself": "www.example.org {\ntls LIVE/fullchain.pem LIVE/privkey.pem\nrespond page\n}",
	} {
		t.Run(name, func(t *testing.T) {
			s := newCaddied(t, issued{})
			s.hold(frontend)
			s.want("127.0.0.21")
			s.subject.Pending = []Pending{{Type: zone.A, Until: day0.Add(time.Hour)}}
			stop := s.caddy(site)
			lines := paste(t, s.only("B-BRIDGE", Fail), "Until 2026-11-23 07:00 UTC")
			stop()
			if strings.HasPrefix(site, "www") {
				lines += "\n" + site
			} else {
				lines = "http://www.example.org {\n" + lines + "\n}"
			}
			s.caddy(lines)
			s.only("B-BRIDGE", Pass)
		})
	}
}

// What a Caddy serves is mended by lines, and a command, that a real one takes.
func TestCaddyThatSpeaksTLS(t *testing.T) {
	const site = "www.example.org {\n%s\nrespond page\n}"
	has := fmt.Sprintf(site, "tls LIVE/fullchain.pem LIVE/privkey.pem")
	t.Run("without the chain", func(t *testing.T) {
		s := newCaddied(t, issued{between: true})
		stop := s.caddy(has)
		lines := paste(t, s.only("T-CERT", Fail, "its own certificate alone"), "Have the server at 127.0.0.20 send the whole chain. For Caddy:")
		stop()
		s.live = s.store(issued{})
		s.caddy(fmt.Sprintf(site, lines))
		s.only("T-CERT", Pass)
	})
	t.Run("of old", func(t *testing.T) {
		s := newCaddied(t, issued{})
		old := newSecure(t, "127.0.0.11")
		old.serveTLS(0, issued{version: 0x0302}, calls("Caddy", http.NotFoundHandler()))
		f := old.only("T-CERT", Fail, "TLS 1.1 at most")
		Offers(t, f, "speak a TLS of today. For Caddy:\ntls {\n    protocols tls1.2 tls1.3\n}")
		s.caddy(fmt.Sprintf(site, strings.Replace(paste(t, f, "Have the server"), "{", "LIVE/fullchain.pem LIVE/privkey.pem {", 1)))
		s.only("T-CERT", Pass)
	})
	t.Run("expired", func(t *testing.T) {
		s := newCaddied(t, issued{from: day0.AddDate(0, 0, -100)})
		s.admin = "unix//" + filepath.Join(t.TempDir(), "admin")
		file := filepath.Join(t.TempDir(), "Caddyfile")
		s.caddy(has)
		f := s.only("T-CERT", Fail, "expired")
		_, command, _ := strings.Cut(paste(t, f, "Have one issued"), "\n")
		fresh := s.store(issued{})
		for _, name := range []string{"fullchain.pem", "privkey.pem"} {
			if err := os.Rename(filepath.Join(fresh, name), filepath.Join(s.live, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(file, []byte(s.configured), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(command, "/etc/caddy/Caddyfile", file, 1)).CombinedOutput() //nolint:gosec // G204: the remedy
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		s.only("T-CERT", Pass)
	})
}
