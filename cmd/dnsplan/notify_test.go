package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// hookSecret is a canary: part of a URL that must not be shown anywhere.
const hookSecret = "hook0canary0secret"

// webhook is where messages arrive.
func webhook(t *testing.T, status int) (url string, sent chan string) {
	t.Helper()
	sent = make(chan string, 8)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		sent <- string(b)
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return "generic+" + s.URL + "/" + hookSecret, sent
}

// notifying is a program whose inventory tells of events.
func notifying(t *testing.T, url string, on string) *program {
	p := newProgram(t, "")
	p.write("inventory.toml", p.read("inventory.toml")+"\n[[notify]]\nurl = \"env:HOOK\"\non = ["+on+"]\n")
	p.env["HOOK"] = url
	return p
}

func wantMessage(t *testing.T, sent chan string, words ...string) {
	t.Helper()
	select {
	case got := <-sent:
		for _, w := range words {
			if !strings.Contains(got, w) {
				t.Errorf("the message does not say %q:\n%s", w, got)
			}
		}
	default:
		t.Error("no message was sent")
	}
}

func wantSilence(t *testing.T, sent chan string) {
	t.Helper()
	select {
	case got := <-sent:
		t.Errorf("sent %s", got)
	default:
	}
}

func TestDriftNotifies(t *testing.T) {
	url, sent := webhook(t, http.StatusOK)
	p := notifying(t, url, `"drift"`)
	got := p.run("drift").is(t, exitDifferences)
	wantMessage(t, sent, "live is not what", "www.example.org A: update", "www.example.org AAAA: create")
	noCanary(t, got, hookSecret)
	p.run("drift", "--json").is(t, exitDifferences)
	wantMessage(t, sent, "www.example.org A: update")
	p.run("apply", "--auto-approve").is(t, exitDone)
	p.run("drift").is(t, exitDone)
	wantSilence(t, sent)
}

// atFirstWait does something while a run waits for the first time.
func (p *program) atFirstWait(do func()) { p.clock.(*leapingClock).interrupt = do }

// staged makes the site's strategy staged, without servers to ask.
func (p *program) staged() {
	p.write("inventory.toml", strings.Replace(p.read("inventory.toml"), `"direct"`, `"staged"`, 1))
}

// A run that holds, or has left something, is told of with its zones, the cause
// and what to do. One that is done, or that a guard refused, is not.
func TestARunThatNeedsAPersonNotifies(t *testing.T) {
	tests := map[string]struct {
		meanwhile func(p *program) // while the run waits for the first time
		code      int
		words     []string
	}{
		"unreadable": {func(p *program) { p.write("zones/example.org.zone", "no zone at all\n") }, exitPartly, []string{"holds: a person has to decide", "dnsplan resume "}},
		"moved": {func(p *program) {
			p.write("zones/example.org.zone", strings.ReplaceAll(p.read("zones/example.org.zone"), "192.0.2.1\t", "198.51.100.7\t"))
		}, exitPartly, []string{"holds: a person has to decide", "198.51.100.7", "dnsplan "}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, sent := webhook(t, http.StatusOK)
			p := notifying(t, url, `"run-failed"`)
			p.staged()
			p.atFirstWait(func() { tt.meanwhile(p) })
			got := p.run("apply", "--auto-approve").is(t, tt.code)
			wantMessage(t, sent, append(tt.words, "dnsplan: run 01", "(example.org.)", "example.org. s", "of 2 changes applied")...)
			noCanary(t, got, hookSecret)
		})
	}
	url, sent := webhook(t, http.StatusOK)
	p := notifying(t, url, `"run-failed"`)
	p.run("drift").is(t, exitDifferences)
	p.run("apply", "--auto-approve").is(t, exitDone)
	p.run("apply", p.path("none.plan")).is(t, exitError)
	wantSilence(t, sent)
}

// A service that does not take the message is a warning, and no other exit code;
// the URL is shown nowhere.
func TestANotificationThatFailsIsAWarning(t *testing.T) {
	url, sent := webhook(t, http.StatusInternalServerError)
	for name, u := range map[string]string{
		"refused": url, "unknown": "nosuch://" + hookSecret, "nobody": "generic+http://127.0.0.1:1/" + hookSecret,
	} {
		t.Run(name, func(t *testing.T) {
			p := notifying(t, u, `"drift"`)
			got := p.run("drift", "-v").is(t, exitDifferences, "dnsplan: warning: not notified: notify[0]: ")
			noCanary(t, got, hookSecret)
			got = p.run("drift", "--json").is(t, exitDifferences, "warning: not notified")
			if !json.Valid([]byte(got.stdout)) {
				t.Errorf("no JSON: %s", got.stdout)
			}
		})
	}
	<-sent
	p := notifying(t, "", `"drift"`)
	p.run("drift").is(t, exitDifferences, "warning: not notified: notify[0]: secret env:HOOK: not set")
	p.run("doctor").is(t, exitDifferences, "notify[0]", "secret env:HOOK: not set")
}

// A secret may come from a file that HOOK_FILE names.
func TestANotificationURLInAFile(t *testing.T) {
	url, sent := webhook(t, http.StatusOK)
	p := notifying(t, "", `"drift"`)
	p.write("hook", url+"\n")
	p.env["HOOK_FILE"] = p.path("hook")
	noCanary(t, p.run("doctor").is(t, exitDone, "env:HOOK is there; it was not tried"), hookSecret)
	p.run("drift").is(t, exitDifferences)
	wantMessage(t, sent, "live is not what")
}

func noCanary(t *testing.T, e ended, secret string) {
	t.Helper()
	if strings.Contains(e.stdout+e.stderr, secret) {
		t.Errorf("the secret is shown\nstdout:\n%s\nstderr:\n%s", e.stdout, e.stderr)
	}
}
