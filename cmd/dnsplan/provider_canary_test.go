package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/export"
)

// everyCommand is what a user may run, each as loud as it can be. PLAN is a plan
// file and DRAFT one that import writes.
func everyCommand() [][]string {
	list := append([][]string{
		{"validate", "-v"},
		{"validate", "--json"},
		{"plan", "-v", "--json"},
		{"plan", "-v", "--markdown"},
		{"verify", "-v"},
		{"verify", "-v", "--json"},
		{"drift", "-v", "--json"},
		{"doctor"},
		{"import", "example.org", "www.example.org", "-v", "--provider", "vendor", "-o", "DRAFT"},
	}, failingCommands()...)
	list = append(list, [][]string{
		{"apply", "-v", "--auto-approve", "--strategy", "staged"},
		{"resume", "-v", "last"},
		{"cancel", "-v", "--json", "last"},
		{"show", "-v", "last"},
		{"runs", "-v"},
		{"backup", "-v", "--json"},
		{"backup", "--list", "--json"},
		{"log", "-v"},
		{"schema", "-v"},
		{"version", "-v"},
		{"version", "--json"},
	}...)
	for _, format := range export.Formats() {
		list = append(list, []string{"export", "-v", "--format", format, "--live"})
	}
	return list
}

// failingCommands are those that can tell of a server that fails.
func failingCommands() [][]string {
	return [][]string{
		{"plan", "-v", "-o", "PLAN"},
		{"doctor", "-v"},
		{"doctor", "-v", "--json"},
		{"drift", "-v"},
		{"import", "example.org", "-v", "--provider", "vendor"},
		{"backup", "-v"},
		{"apply", "-v", "PLAN"},
		{"apply", "-v", "--json", "--auto-approve"},
		{"show", "-v", "--json", "last"},
		{"runs", "-v", "--json"},
		{"log", "-v", "--json"},
	}
}

// canaryForms are a secret as it may show.
func canaryForms(secret string) map[string]string {
	quoted, err := json.Marshal(secret)
	if err != nil {
		panic(err)
	}
	out := map[string]string{
		"raw": secret, "query-escaped": url.QueryEscape(secret), "path-escaped": url.PathEscape(secret),
		"in JSON": strings.Trim(string(quoted), `"`), "a part": secret[7:23],
	}
	for skip := range 3 { // wherever it begins in a group of three octets
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", skip) + secret))
		core := text[4 : len(text)-4]
		out[fmt.Sprintf("base64, %d", skip)] = core
		out[fmt.Sprintf("base64 of URLs, %d", skip)] = strings.NewReplacer("+", "-", "/", "_").Replace(core)
	}
	return out
}

// watch runs commands and looks for secrets in all that they print and write,
// also past the program's own streams.
type watch struct {
	t       *testing.T
	secrets []string
	stray   *os.File
	// said is how much was printed.
	said int
}

// newWatch takes the place of the process's own streams and of package log until
// the test ends.
func newWatch(t *testing.T, secrets []string) *watch {
	t.Helper()
	stray, err := os.Create(filepath.Join(t.TempDir(), "stray"))
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, logger := os.Stdout, os.Stderr, log.Writer()
	os.Stdout, os.Stderr = stray, stray
	log.SetOutput(stray)
	t.Cleanup(func() {
		os.Stdout, os.Stderr = stdout, stderr
		log.SetOutput(logger)
		if err := stray.Close(); err != nil {
			t.Error(err)
		}
	})
	return &watch{t: t, secrets: secrets, stray: stray}
}

// look searches one text.
func (w *watch) look(where string, text []byte) {
	w.t.Helper()
	w.said += len(text)
	for _, secret := range w.secrets {
		for form, s := range canaryForms(secret) {
			if i := bytes.Index(text, []byte(s)); i >= 0 {
				w.t.Errorf("%s shows a secret, %s: %s", where, form, text[max(0, i-100):min(len(text), i+len(s)+100)])
			}
		}
	}
}

// run runs commands one after the other, and then reads every file.
func (w *watch) run(mode string, p *program, commands [][]string) {
	w.t.Helper()
	for _, args := range commands {
		for i, a := range args {
			switch a {
			case "PLAN":
				args[i] = p.path("canary.plan")
			case "DRAFT":
				args[i] = p.path("draft.toml")
			}
		}
		got := p.run(args...)
		where := mode + ": dnsplan " + strings.Join(args, " ")
		w.look(where+": standard output", []byte(got.stdout))
		w.look(where+": standard error", []byte(got.stderr))
		if strings.Contains(got.stderr, "panic") {
			w.t.Errorf("%s: %s", where, got.stderr)
		}
	}
	err := filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "secret.pem" {
			return err
		}
		b, err := os.ReadFile(path)
		w.look(mode+": "+path, b)
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
	b, err := os.ReadFile(w.stray.Name())
	if err != nil {
		w.t.Error(err)
	}
	w.look(mode+": the process's own streams", b)
}

// echoed is a request as a server may repeat it in an answer: its headers and
// query as they are, decoded and in base64.
func echoed(r *http.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s?%s ", r.Method, r.URL.Path, r.URL.RawQuery)
	for key, values := range r.URL.Query() {
		fmt.Fprintf(&b, "%s=%s %s ", key, values[0], base64.StdEncoding.EncodeToString([]byte(values[0])))
	}
	for key, values := range r.Header {
		_, bare, _ := strings.Cut(values[0], " ")
		fmt.Fprintf(&b, "%s: %s %s %s ", key, values[0], base64.StdEncoding.EncodeToString([]byte(values[0])), url.QueryEscape(bare+values[0]))
	}
	return b.String()
}

// repeats answers with a status and what it was asked, as a vendor of the kind
// words its errors: "json", "xml", "html" or "plain".
func repeats(status int, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text := echoed(r)
		switch kind {
		case "json":
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(map[string]any{
				"success": false, "errors": []any{map[string]any{"code": 10000, "message": text}}, "result": text,
				"error": map[string]any{"code": "unauthorized", "message": text}, "message": text, "detail": text, "Message": text,
				"reply": map[string]any{"code": 110, "detail": text}, "status": "Failed", "statusDescription": text,
			})
		case "xml":
			var b bytes.Buffer
			_ = xml.EscapeText(&b, []byte(text))
			w.Header().Set("Content-Type", "text/xml")
			w.WriteHeader(status)
			fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId></ErrorResponse>", "SomethingElse", &b, &b)
		case "html":
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			fmt.Fprintf(w, "<html><body><h1>Sign in</h1>%s</body></html>", text)
		default:
			w.WriteHeader(status)
			fmt.Fprint(w, text)
		}
	}
}

// moved redirects to a place that repeats the query and the credentials.
func moved(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	q.Set("seen", r.Header.Get("Authorization")+r.Header.Get("X-Api-Key"))
	w.Header().Set("Location", "https://login.example.net/?"+q.Encode())
	w.WriteHeader(http.StatusFound)
}

// failingServers are the ways in which a server fails, whose vendor words its
// errors in a format.
func failingServers(format string) map[string]wire {
	out := map[string]wire{"closed": closed, "redirect": always(http.HandlerFunc(moved)), "a page": always(repeats(http.StatusOK, "html"))}
	for _, status := range []int{200, 401, 403, 429, 500} {
		for _, format := range []string{format, "plain"} {
			out[fmt.Sprintf("%d %s", status, format)] = always(repeats(status, format))
		}
	}
	return out
}

// writesFail is w for requests that change something, and good for others.
func writesFail(good http.Handler, w wire) wire {
	return func(r *http.Request) (http.Handler, error) {
		op := filepath.Base(r.URL.Path)
		if r.Method == http.MethodGet && op != "dnsAddRecord" && op != "dnsUpdateRecord" && op != "dnsDeleteRecord" {
			return good, nil
		}
		return w(r)
	}
}

// No secret shows in what any command prints or writes, with any provider, on
// good servers and on such that repeat what they were sent.
func TestNoSecretShows(t *testing.T) {
	for _, tt := range []struct {
		typ, format string
		start       func(*testing.T) *vendor
	}{
		{"cloudflare", "json", func(t *testing.T) *vendor { v, _ := newCloudflare(t); return v }},
		{"route53", "xml", func(t *testing.T) *vendor { v, _, _ := newRoute53(t); return v }},
		{"namesilo", "json", func(t *testing.T) *vendor { v, _ := newNameSilo(t); return v }},
	} {
		t.Run(tt.typ, func(t *testing.T) {
			v := tt.start(t)
			for mode, w := range failingServers(tt.format) {
				v.watched(t, mode, w, failingCommands())
				v.watched(t, "writes: "+mode, writesFail(v.handler, w), failingCommands())
			}
			v.watched(t, "good", always(v.handler), everyCommand()) // the last: behind it there is nothing to write
		})
	}
}

// watched watches commands on one server, in a bubble.
func (v *vendor) watched(t *testing.T, mode string, server wire, commands [][]string) {
	t.Helper()
	bubble(t, server, func(t *testing.T) {
		w := newWatch(t, v.secrets)
		p := v.program(t, "direct", wanted)
		w.run(mode, p, commands)
		begun := mode == "good" || strings.HasPrefix(mode, "writes: ") // there is a plan only where the zone was read
		if runs := p.glob(".dnsplan/runs/*/journal.jsonl"); begun != (len(runs) > 0) {
			t.Errorf("%s: runs %q", mode, runs)
		}
		if w.said < 1000 {
			t.Errorf("%s: no more than %d octets were looked at", mode, w.said)
		}
	})
}

// The same on a real PowerDNS, whose API and whose keys are secrets of their own.
func TestNoSecretShowsOfPowerDNS(t *testing.T) {
	v, _ := newPowerDNS(t, "powerdns")
	newWatch(t, v.secrets).run("good", v.program(t, "direct", wanted), everyCommand())
	v.env["PDNS_API_KEY"] += "x"
	newWatch(t, v.secrets).run("a wrong key", v.program(t, "direct", wanted), failingCommands())
	for mode, w := range failingServers("json") {
		v.watched(t, mode, w, failingCommands())
	}

	v, s := newPowerDNS(t, "rfc2136")
	newWatch(t, v.secrets).run("good", v.program(t, "direct", wanted), everyCommand())
	other := "b3RoZXItc2VjcmV0LW9mLTMyLW9jdGV0cy1hdC1hbGw="
	v.env["TEST_TSIG"], v.secrets = other, append(v.secrets, other)
	newWatch(t, v.secrets).run("a wrong key", v.program(t, "direct", wanted), failingCommands())
	v.env["TEST_TSIG"] += "no base64"
	newWatch(t, v.secrets).run("a malformed key", v.program(t, "direct", wanted), failingCommands())
	s.Stop()
	newWatch(t, v.secrets).run("closed", v.program(t, "direct", wanted), failingCommands())
}

// The providers that go through libdns, whose servers are none of ours: they
// fail in every way.
func TestNoSecretShowsOfGenericTypes(t *testing.T) {
	for _, typ := range inventory.GenericTypes() {
		t.Run(typ, func(t *testing.T) {
			v := newGeneric(t, typ)
			for mode, w := range failingServers("json") {
				v.watched(t, mode, w, failingCommands()[:7]) // what follows is about runs, of which there are none
			}
		})
	}
}

// The watch finds what it has to find.
func TestWatchFinds(t *testing.T) {
	const secret = "canary/watch+one=0123456789abcdef&x"
	for name, text := range map[string]string{
		"raw": "x " + secret, "query": url.Values{"key": {secret}}.Encode(), "a part": "canary/watch+one=0123456789...",
		"basic": "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+secret)), "JSON": `{"key":"canary\u002f` + secret + `"}`,
	} {
		found := false
		for _, form := range canaryForms(secret) {
			found = found || strings.Contains(text, form)
		}
		if !found {
			t.Errorf("%s: %q is not found", name, text)
		}
	}
}

// newGeneric is a provider of a type of package generic, with a canary for each
// of its secrets.
func newGeneric(t *testing.T, typ string) *vendor {
	t.Helper()
	v := &vendor{typ: typ, env: map[string]string{}}
	for _, c := range (inventory.Provider{Type: typ}).Credentials() {
		_, name, _ := strings.Cut(string(c.Refs[0]), ":")
		secret := fmt.Sprintf("canary/%s+%s=0123456789abcdefghijklmnop&%d", typ, c.Key, len(v.env))
		switch c.Key {
		case "account_name", "sub_auth_id":
			continue
		}
		v.env[name] = secret
		v.secrets = append(v.secrets, secret)
	}
	if typ == "transip" {
		v.env["TRANSIP_ACCOUNT_NAME"] = "canary-account"
		path := filepath.Join(t.TempDir(), "secret.pem")
		v.settings = fmt.Sprintf("private_key_file = %q\n", path)
		v.secrets = append(v.secrets, privateKey(t, path))
	}
	return v
}

// privateKey writes a key to a file and returns a line of it.
func privateKey(t *testing.T, path string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")[2]
}

// A secret that stands where a reference should is refused, and not shown.
func TestNoLiteralSecretShows(t *testing.T) {
	for _, typ := range inventory.ProviderTypes() {
		for _, c := range (inventory.Provider{Type: typ}).Credentials() {
			const secret = "canary/literal+secret=0123456789abcdef"
			v := &vendor{typ: typ, settings: fmt.Sprintf("%s = %q\n", c.Key, secret), secrets: []string{secret}}
			p := v.program(t, "direct", wanted)
			w := newWatch(t, v.secrets)
			for _, args := range [][]string{
				{"validate"},
				{"validate", "-v", "--json"},
				{"plan", "-v"},
				{"doctor", "-v"},
				{"apply", "-v", "--json", "--auto-approve"},
				{"import", "example.org", "-v", "--provider", typ, "--set", c.Key + "=" + secret},
				{"import", "example.org", "-v", "--provider", typ, "--set", secret},
			} {
				got := p.run(args...)
				if got.code != exitError {
					t.Errorf("%s, %s: %q ends with %d", typ, c.Key, args, got.code)
				}
				where := fmt.Sprintf("%s, %s: %q", typ, c.Key, args[0])
				w.look(where, []byte(got.stdout))
				w.look(where, []byte(got.stderr))
			}
		}
	}
}
