package acme

import (
	"fmt"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

// calls has a server call itself something.
func calls(itself string, next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", itself)
		next.ServeHTTP(w, r)
	}
}

const (
	debian       = "Apache/2.4.62 (Debian)"
	apacheFolder = "Alias \"/.well-known/acme-challenge/\" \"ROOT/.well-known/acme-challenge/\"\n<Location \"/.well-known/acme-challenge/\">\n    <IfModule mod_proxy.c>\n        ProxyPass \"!\"\n    </IfModule>\n" + apacheOpen
	apacheProxy  = "# needs mod_proxy_http, as by: a2enmod proxy_http\n<Location \"/.well-known/acme-challenge/\">\n    ProxyPass \"http://127.0.0.12:PORT/.well-known/acme-challenge/\"\n    ProxyPreserveHost On\n" + apacheOpen
	apacheOpen   = "    <IfModule mod_rewrite.c>\n        RewriteEngine off\n    </IfModule>\n    Require all granted\n</Location>"
	apacheEnd    = "at the end of the <VirtualHost> of www.example.org, in place of an Alias or Redirect that takes that path:\n"
)

// A server that says that it is Apache gets its remedies in the words of that, and
// any other one in nginx's.
func TestApache(t *testing.T) {
	elsewhere := func(s *site) { s.client(netip.MustParseAddr("127.0.0.12")) }
	for name, c := range map[string]struct {
		with   func(*site)
		serves http.Handler
		check  ID
		offers []string
	}{
		"another root": {nil, calls(debian, http.NotFoundHandler()), "H-TOKEN", []string{"For Apache, " + apacheEnd + apacheFolder}},
		"a webroot that nobody has told": {func(s *site) {
			hook := placing{plant.Webroot(s.root, time.Now), plant.Place{Command: "/usr/local/bin/place"}}
			s.opts.Client = func(*Subject) Client { return Client{Planter: hook} }
		}, calls(debian, http.NotFoundHandler()), "H-TOKEN", []string{
			"# in place of /var/www/html the webroot of your ACME client\nAlias \"/.well-known/acme-challenge/\" \"/var/www/html/.well-known/acme-challenge/\"\n<Location ",
		}},
		"the client is elsewhere": {elsewhere, calls("Apache", http.NotFoundHandler()), "H-TOKEN", []string{"before anything else. For Apache", apacheProxy}},
		"a password":              {nil, calls(debian, answers(401, "text/plain", "")), "H-TOKEN", []string{"turn nobody away. For Apache at 127.0.0.11:PORT, " + apacheEnd + apacheFolder}},
		"a filter":                {nil, calls(debian, forBrowsers(http.NotFoundHandler())), "H-WAF", []string{"As a rule for Apache, before the filter's own, at the end", apacheFolder}},
		"see other": {nil, calls(debian, redirects(303, "/other")), "H-REDIR", []string{
			"no other is followed. For Apache:\nRedirect permanent \"/\" \"https://www.example.org/\"\n",
			"and redirect the rest. For Apache, in place of the redirect of www.example.org:\n" + apacheFolder + "\nRedirectMatch permanent \"^/(?!\\.well-known/acme-challenge/)(.*)\" \"https://www.example.org/$1\"\n",
		}},
		"TLS":                    {nil, calls(debian, answers(400, "text/html", "Reason: You're speaking plain HTTP to an SSL-enabled server port.")), "H-TOKEN", []string{"without TLS and HTTP/2. For Apache:\nSSLEngine off\nProtocols http/1.1\n"}},
		"Tomcat is another one":  {nil, calls("Apache-Coyote/1.1", http.NotFoundHandler()), "H-TOKEN", []string{"For nginx, in the server of www.example.org:\nlocation ^~ "}},
		"one that says nothing":  {nil, http.NotFoundHandler(), "H-TOKEN", []string{"For nginx, in the server of www.example.org:\nlocation ^~ "}},
		"another one altogether": {nil, calls("lighttpd/1.4.69", http.NotFoundHandler()), "H-TOKEN", []string{"For nginx, in the server of www.example.org:\nlocation ^~ "}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "127.0.0.11")
			if c.with != nil {
				c.with(s)
			}
			s.serve(0, c.serves)
			for _, words := range c.offers {
				Offers(t, s.only(c.check, Fail), s.fill(words))
			}
		})
	}
}

// The old server is told until when to pass challenges on, in its own words.
func TestApacheAsBridge(t *testing.T) {
	s := newSite(t, "127.0.0.11", "127.0.0.12")
	s.serve(0, calls(debian, http.NotFoundHandler()))
	s.serve(1, s.files())
	s.answer("127.0.0.11")
	s.hold("127.0.0.11")
	s.want("127.0.0.12")
	s.opts.Now = func() time.Time { return day0 }
	s.subject.Pending = []Pending{{Type: zone.AAAA, Until: day0.Add(3 * time.Hour)}, {Type: zone.A, Until: day0.Add(time.Hour)}}
	Offers(t, s.only("B-BRIDGE", Fail), s.fill("Until 2026-11-23 07:00 UTC, when the old answers are forgotten, have the old server pass challenges on. For Apache at 127.0.0.11:PORT, at the end"), s.fill(apacheProxy))
}

// The remedies repair a real Apache that is broken in the same way, too, whatever
// modules it has.
func TestRemediesAreWhatApacheReads(t *testing.T) {
	passed := []string{"proxy", "proxy_http"}
	for name, c := range map[string]struct {
		breaks  string // lines of its configuration
		modules []string
		check   ID
		order   string
		at      string // where the ACME client runs; its server here
		inPlace bool   // the lines to paste stand in place of those that break it
	}{
		"another root":         {"", nil, "H-TOKEN", "Have the server at", "127.0.0.20", false},
		"the client elsewhere": {"", passed, "H-TOKEN", "Have the server at", "127.0.0.21", false},
		"a password":           {"<Location />\nAuthType Basic\nAuthName all\nAuthUserFile /dev/null\nRequire valid-user\n</Location>", passed, "H-TOKEN", "Ask nobody", "127.0.0.20", false},
		"nobody":               {"<Location />\nRequire all denied\n</Location>", nil, "H-TOKEN", "Ask nobody", "127.0.0.20", false},
		"no hidden files":      {`<LocationMatch "/\.">` + "\nRequire all denied\n</LocationMatch>", nil, "H-TOKEN", "Ask nobody", "127.0.0.20", false},
		"a redirect":           {`Redirect permanent / http://www.example.org.well-known/`, nil, "H-REDIR", "Or have the server at", "127.0.0.20", true},
		"a filter":             {"<Location />\nRequire expr %{HTTP_USER_AGENT} =~ /Firefox/\n</Location>", nil, "H-WAF", "Exempt the challenge's path", "127.0.0.20", false},
		"an application":       {"ProxyPass / http://127.0.0.20:1/", passed, "H-TOKEN", "Have the server at", "127.0.0.20", false},
		"one by a section":     {"<Location />\nProxyPass http://127.0.0.20:1/\n</Location>", passed, "H-TOKEN", "Have the server at", "127.0.0.20", false},
		"beside a client":      {"ProxyPass / http://127.0.0.20:1/\n" + `RewriteEngine on` + "\nRewriteRule . /index.php [L]", append(passed, "rewrite"), "H-TOKEN", "Have the server at", "127.0.0.21", false},
		"a front controller":   {"RewriteEngine on\nRewriteRule . /index.php [L]", []string{"rewrite"}, "H-TOKEN", "Have the server at", "127.0.0.20", false},
		"one of the folder":    {"DocumentRoot ROOT\n<Directory ROOT>\nRequire all granted\nOptions FollowSymLinks\nRewriteEngine on\nRewriteRule . /index.php [L]\n</Directory>", []string{"rewrite"}, "H-TOKEN", "Have the server at", "127.0.0.20", false},
		"a rule against it":    {"RewriteEngine on\n" + `RewriteRule ^/\.well-known - [R=404,L]`, append(passed, "rewrite"), "H-TOKEN", "Have the server at", "127.0.0.20", false},
		"a redirect of it":     {"Redirect 404 /.well-known", nil, "H-TOKEN", "Have the server at", "127.0.0.20", true},
		"an alias of it":       {`Alias "/.well-known" "/nonexistent"`, nil, "H-TOKEN", "Ask nobody", "127.0.0.20", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, frontend, "127.0.0.21")
			s.want(frontend)
			s.answer(frontend)
			_ = s.ls[0].Close()
			s.serve(1, s.files())
			s.client(netip.MustParseAddr(c.at))
			openFolders(t, s.root)
			b := &balancer{s, fmt.Sprintf("%s:%d", frontend, s.opts.HTTPPort), nil}
			c.breaks = s.fill(c.breaks)
			stop := b.apache(c.breaks, c.modules...)
			f := s.only(c.check, Fail)
			stop()
			lines := paste(t, f, c.order)
			if c.inPlace {
				Offers(t, f, "in place of")
				c.breaks = ""
			}
			b.apache(c.breaks+"\n"+lines, c.modules...)
			b.only("H-TOKEN", Pass)
			b.only(c.check, Pass)
		})
	}
}

// apache is Apache with further lines in its virtual host, whose root is empty, and
// further modules.
func (b *balancer) apache(inHost string, further ...string) (stop func()) {
	return b.run("apache2", "apache2-bin", func(dir string) (string, []string) {
		openFolders(b.t, dir)
		var modules strings.Builder
		for _, m := range append([]string{"mpm_event", "alias", "auth_basic", "authn_core", "authn_file", "authz_core", "authz_user"}, further...) {
			fmt.Fprintf(&modules, "LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n", m, m)
		}
		return fmt.Sprintf(`ServerRoot %[1]s
PidFile %[2]s
ErrorLog %[3]s
DefaultRuntimeDir %[1]s
ServerName localhost
User nobody
Group nogroup
%[4]sListen %[5]s
<Directory />
    Require all denied
</Directory>
<VirtualHost %[5]s>
    ServerName www.example.org
    DocumentRoot %[1]s
    <Directory %[1]s>
        Require all granted
    </Directory>
%[6]s
</VirtualHost>
`, dir, filepath.Join(dir, "pid"), filepath.Join(dir, "error.log"), modules.String(), b.front, inHost), []string{"-X", "-f"}
	})
}
