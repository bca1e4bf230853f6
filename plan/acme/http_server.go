package acme

import (
	"fmt"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// webServer is a kind of web server, in whose words remedies are written.
type webServer string

// The kinds whose words are known here.
const (
	nginx  webServer = "nginx"
	apache webServer = "Apache"
	caddy  webServer = "Caddy"
)

// server is the kind of web server that has answered at the address itself.
func (f fetched) server() webServer {
	if len(f.Hops) == 0 {
		return nginx
	}
	return serverCalled(f.Hops[0].Header.Get("Server"))
}

// serverCalled is the kind by the first product that a Server field names (RFC 9110,
// section 10.2.4), as "Apache/2.4.62 (Debian)": nginx where it names none that is
// known here. Apache-Coyote is another one.
func serverCalled(field string) webServer {
	product, _, _ := strings.Cut(strings.ReplaceAll(field, "/", " "), " ")
	for _, known := range []webServer{apache, caddy} {
		if strings.EqualFold(product, string(known)) {
			return known
		}
	}
	return nginx
}

// about is where in its configuration lines stand that are about a name. Of Apache's
// sections the last one counts, and of its Alias and Redirect lines the first; Caddy
// goes by an order of its own, in which much comes before handle
// (https://caddyserver.com/docs/caddyfile/directives#directive-order).
func (w webServer) about(name string) string {
	switch w {
	case apache:
		return "at the end of the <VirtualHost> of " + name + ", in place of an Alias or Redirect that takes that path"
	case caddy:
		return "in place of what is in the site that answers http://" + name
	}
	return "in the server of " + name
}

// source is where challenges are: in a folder, the ACME client's webroot, or at its
// server. One of the two is set.
type source struct {
	webroot, server string
	// guessed says that nobody has told the webroot.
	guessed bool
}

// folder is the webroot as nginx and Caddy take it for one word.
func (s source) folder() string {
	if strings.ContainsFunc(s.webroot, oddInPath) {
		return fmt.Sprintf("%q", s.webroot)
	}
	return s.webroot
}

// someWebroot stands where nobody has said from where challenges are served.
const someWebroot = "/var/www/html"

// challenges has challenges answered from where they are; open has it ask nobody for
// a password, and turn nobody away.
func (w webServer) challenges(from source, open bool) string {
	switch w {
	case apache:
		return apacheChallenges(from)
	case caddy:
		return caddyChallenges(from)
	}
	var lines []string
	if open {
		lines = append(lines, "auth_basic off;", "allow all;")
	}
	switch {
	case from.server != "":
		lines = append(lines, fmt.Sprintf("proxy_pass http://%s;", from.server), "proxy_set_header Host $host;")
	case from.guessed:
		lines = append(lines, fmt.Sprintf("root %s; # the webroot of your ACME client", from.folder()))
	default:
		lines = append(lines, fmt.Sprintf("root %s;", from.folder()))
	}
	return fmt.Sprintf("location ^~ %s {\n    %s\n}", http01.Path, strings.Join(lines, "\n    "))
}

// apacheChallenges is open in any case: a folder has to be permitted by itself. What
// the <VirtualHost> rewrites or passes on is left alone within its <Location>,
// wherever that stands.
func apacheChallenges(from source) string {
	var note, before, proxy string
	switch {
	case from.server != "":
		before = "# needs mod_proxy_http, as by: a2enmod proxy_http\n"
		proxy = fmt.Sprintf("    ProxyPass \"http://%s%s\"\n    ProxyPreserveHost On\n", from.server, http01.Path)
	default:
		if from.guessed {
			note = fmt.Sprintf("# in place of %s the webroot of your ACME client\n", from.webroot)
		}
		before = note + fmt.Sprintf("Alias %q %q\n", http01.Path, from.webroot+http01.Path)
		proxy = "    <IfModule mod_proxy.c>\n        ProxyPass \"!\"\n    </IfModule>\n"
	}
	return before + fmt.Sprintf("<Location %q>\n%s    <IfModule mod_rewrite.c>\n        RewriteEngine off\n    </IfModule>\n    Require all granted\n</Location>", http01.Path, proxy)
}

// caddyGroup is what Caddy does with challenges.
func caddyGroup(from source) []string {
	root := "root * " + from.folder()
	switch {
	case from.server != "":
		return []string{"reverse_proxy " + from.server}
	case from.guessed:
		root += " # the webroot of your ACME client"
	}
	return []string{root, "file_server"}
}

// caddyChallenges is open in any case, for of two groups one alone counts.
func caddyChallenges(from source) string {
	return fmt.Sprintf("handle %s* {\n    %s\n}\nhandle {\n    # what is there now, but tls, log, bind and handle_errors\n}", http01.Path, strings.Join(caddyGroup(from), "\n    "))
}

// redirect leads all that is asked of a name to https.
func (w webServer) redirect(name string) string {
	switch w {
	case apache:
		return fmt.Sprintf(`Redirect permanent "/" "https://%s/"`, name)
	case caddy:
		return "redir https://{host}{uri} permanent"
	}
	return "return 301 https://$host$request_uri;"
}

// besideRedirect is challenges with redirect for all else, and where that stands. Caddy
// leads to https by itself what has no site of http://.
func (w webServer) besideRedirect(from source, name string) (where, lines string) {
	if w == caddy {
		return "as a site, in place of one of http://" + name,
			fmt.Sprintf("http://%s {\n    handle %s* {\n        %s\n    }\n    handle {\n        %s\n    }\n}", name, http01.Path, strings.Join(caddyGroup(from), "\n        "), w.redirect(name))
	}
	return "in place of the redirect of " + name, w.challenges(from, false) + "\n" + w.redirectRest(name)
}

// redirectRest is redirect for all but challenges: Apache redirects before it looks
// at an Alias, and nginx, in the server itself, before it looks at a location.
func (w webServer) redirectRest(name string) string {
	if w == apache {
		return fmt.Sprintf(`RedirectMatch permanent "^/(?!%s)(.*)" "https://%s/$1"`, strings.ReplaceAll(strings.TrimPrefix(http01.Path, "/"), ".", `\.`), name)
	}
	return "location / {\n    " + w.redirect(name) + "\n}"
}

// plain has it speak HTTP/1.1 at an address, and nothing else.
func (w webServer) plain(at string) string {
	if w == apache {
		return "SSLEngine off\nProtocols http/1.1"
	}
	return fmt.Sprintf("listen %s;", at)
}

// wholeChain has it send the certificate of a name, as certbot keeps it, with those
// between it and the authority's.
func (w webServer) wholeChain(name string) string {
	switch w {
	case apache:
		return fmt.Sprintf("SSLCertificateFile /etc/letsencrypt/live/%s/fullchain.pem", name)
	case caddy:
		return fmt.Sprintf("tls /etc/letsencrypt/live/%[1]s/fullchain.pem /etc/letsencrypt/live/%[1]s/privkey.pem", name)
	}
	return fmt.Sprintf("ssl_certificate /etc/letsencrypt/live/%s/fullchain.pem;", name)
}

// versionsOfTLS has it speak the versions of TLS that clients take.
func (w webServer) versionsOfTLS() string {
	switch w {
	case apache:
		return "SSLProtocol -all +TLSv1.2 +TLSv1.3"
	case caddy:
		return "tls {\n    protocols tls1.2 tls1.3\n}"
	}
	return "ssl_protocols TLSv1.2 TLSv1.3;"
}

// reload is the command that has it read certificates again.
func (w webServer) reload() string {
	switch w {
	case apache:
		return "apachectl graceful"
	case caddy:
		return "caddy reload --force --config /etc/caddy/Caddyfile"
	}
	return "nginx -s reload"
}
