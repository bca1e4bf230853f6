package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// hostileAnswer is what a server may send to whoever looks at what was found.
const hostileAnswer = "HTTP/1.1 404 \x1b[2JGone\u009b31m\r\nServer: <img src=x onerror=y>|`$x$\u009b2J\r\nVia: @ops\u202e\r\nContent-Type: text/html\r\n\r\n" +
	"\x1b]0;owned\x07<script>alert(1)</script>\x9b1m\r\n```\r\n| a | b |\r\n"

// rude answers each request so, and closes.
func rude(t *testing.T, l net.Listener) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = io.WriteString(c, hostileAnswer)
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
}

// A server that is looked at does nothing to the terminal, the document or the page
// that what it says is shown in.
func TestCheckHostileServer(t *testing.T) {
	web := acmetest.Listen(t, "127.0.0.31")
	rude(t, web[0])
	soa := "example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60"
	text := "example.org. 300 IN CAA 0 issue \"\\027[2J<b>|`\\195\\155.example.net\""
	zone := resolvertest.NewZone(t, soa, "www.example.org. 300 IN A 127.0.0.31", text)
	p := oneSite(t, web[0], t.TempDir(), zone)
	p.write("zones/example.org.zone", soa+"\nexample.org. 300 IN NS ns1.example.net.\nwww.example.org. 300 IN A 127.0.0.31\n")
	for _, form := range [][]string{{}, {"-v"}, {"--checklist"}, {"--json"}, {"--json", "--checklist"}, {"--markdown"}, {"--markdown", "--checklist"}} {
		e := p.run(append([]string{"check", "--only", "H,D-CAA"}, form...)...).is(t, exitDifferences, "127.0.0.31")
		for _, r := range e.stdout + e.stderr {
			if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%v: %U in\n%q", form, r, e.stdout)
				break
			}
		}
		for line := range strings.Lines(e.stdout) {
			if form := strings.Join(form, " "); strings.HasPrefix(form, "--markdown") && (strings.Contains(line, "<") || strings.Contains(line, "@ops")) {
				t.Errorf("%s: %s", form, line)
			}
		}
		if form := strings.Join(form, " "); strings.HasPrefix(form, "--json") && !json.Valid([]byte(e.stdout)) {
			t.Errorf("%s: not JSON:\n%s", form, e.stdout)
		}
	}
}
