package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/vantage"
)

// challenged is a web server on loopback with one challenge, and its port.
func challenged(t *testing.T) (port string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "www.example.org" || r.URL.Path != http01.Path+"token" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Server", "front")
		_, _ = w.Write([]byte("token.print\n"))
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// vantageEnv is an environment that holds a token and nothing else.
func vantageEnv(name string) (string, bool) {
	if name == "TOKEN" {
		return "canary-vantage-token", true
	}
	return "", false
}

// agentApp is the program at the other end.
func agentApp(stdin io.Reader, stdout, stderr io.Writer, args ...string) *app {
	return &app{
		args: args, stdin: stdin, stdout: stdout, stderr: stderr, clock: system().clock,
		env:      vantageEnv,
		terminal: func(any) (int, bool) { return 0, false },
	}
}

// serving starts dnsplan vantage --listen and returns its URL. It must end well.
func serving(t *testing.T, args ...string) (url string, stderr *lockedBuffer) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	stderr = &lockedBuffer{}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, agentApp(strings.NewReader(""), io.Discard, stderr, append([]string{"vantage", "--listen", "127.0.0.1:0"}, args...)...))
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != exitDone {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})
	at := regexp.MustCompile(`serving at (https?://\S+)\n`)
	eventually(t, "the vantage serves", func() bool { return at.MatchString(stderr.String()) })
	return at.FindStringSubmatch(stderr.String())[1], stderr
}

const loopbackRequest = "http://www.example.org" + http01.Path

// TestVantageOnStandardInput: one request, one reply, through the real rules.
func TestVantageOnStandardInput(t *testing.T) {
	port := challenged(t)
	for token, want := range map[string]string{
		"token": `"ok":true,"status":200,"body":"token.print\n"`,
		"other": `"ok":false,"status":404`,
	} {
		in := strings.NewReader(`{"version":1,"url":"` + loopbackRequest + token + `","address":"127.0.0.1","expect":"token.print"}`)
		var out, errs bytes.Buffer
		code := run(t.Context(), agentApp(in, &out, &errs, "vantage", "--name", "fra", "--http-port", port, "--allow-reserved", "--resolver", "127.0.0.1:1"))
		if code != exitDone || !strings.Contains(out.String(), want) || errs.Len() > 0 {
			t.Errorf("exit code %d, %s%s, want %s", code, out.String(), errs.String(), want)
		}
	}
}

// TestVantages: the vantages of an inventory, by URL and by command, fetch from a
// real web server; what they lack is told, and no token.
func TestVantages(t *testing.T) {
	port := challenged(t)
	url, stderr := serving(t, "--token", "env:TOKEN", "--http-port", port, "--allow-reserved", "--resolver", "127.0.0.1:1", "--name", "http")
	if !strings.Contains(stderr.String(), "warning: the token comes without encryption") {
		t.Errorf("no warning: %s", stderr)
	}
	p := newProgram(t, `version = 1
[[vantage]]
name = "by-url"
url = "`+url+`"
token = "env:TOKEN"
[[vantage]]
name = "by-command"
command = ["`+os.Args[0]+`", "vantage", "--http-port", "`+port+`", "--allow-reserved", "--resolver", "127.0.0.1:1", "--name", "ssh"]
[[vantage]]
name = "without"
url = "`+url+`"
[[vantage]]
name = "unset"
url = "`+url+`"
token = "env:NO_SUCH"
[[vantage]]
name = "gone"
url = "http://127.0.0.1:1/"
`)
	t.Setenv(asProgram, "1")
	s, err := config.Open(config.Settings{Inventory: p.path("inventory.toml")}, vantageEnv)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want := []string{"http ok", "ssh ok", `ask vantage "without": it answered 401`, "its token: secret env:NO_SUCH", "connection refused"}
	probes := s.Vantages()
	if len(probes) != len(want) {
		t.Fatalf("%d vantages, want %d", len(probes), len(want))
	}
	for i, probe := range probes {
		r := vantage.Request{URL: loopbackRequest + "token", Expect: "token.print", Address: netip.MustParseAddr("127.0.0.1")}
		v, err := probe.Ask(t.Context(), r)
		text := v.Vantage
		if v.OK {
			text += " ok"
		}
		if err != nil {
			text = err.Error()
		}
		if !strings.Contains(text, want[i]) || strings.Contains(text, "canary") {
			t.Errorf("%s: %s, want %s", probe.Name(), text, want[i])
		}
	}
	p.env["TOKEN"] = "canary-vantage-token"
	got := p.run("doctor").is(t, exitDifferences,
		"ok      vantage by-url      answers: in ", "ok      vantage by-command  answers: in ",
		"wrong   vantage without     answers: it answered 401 Unauthorized: check its token",
		"wrong   vantage unset       answers: its token: secret env:NO_SUCH: not set in the environment",
		"wrong   vantage gone        answers: ", "nothing listens there")
	if strings.Contains(stderr.String()+got.stdout+got.stderr, "canary") {
		t.Errorf("the token is shown: %s", stderr)
	}
}

// TestVantageTLS: with a certificate it serves HTTPS.
func TestVantageTLS(t *testing.T) {
	port := challenged(t)
	cert, key, trusting := testCertificate(t)
	url, _ := serving(t, "--tls-cert", cert, "--tls-key", key, "--http-port", port, "--allow-reserved", "--resolver", "127.0.0.1:1")
	if !strings.HasPrefix(url, "https://127.0.0.1:") {
		t.Fatal(url)
	}
	transport := &http.Transport{TLSClientConfig: trusting, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	probe := vantage.NewHTTP(vantage.HTTPOptions{Name: "tls", URL: url, Transport: transport})
	v, err := probe.Ask(t.Context(), vantage.Request{URL: loopbackRequest + "token", Address: netip.MustParseAddr("127.0.0.1")})
	if err != nil || !v.OK || v.Header["Server"] != "front" {
		t.Errorf("%+v, %v", v, err)
	}
}

// testCertificate writes the certificate of net/http/httptest, which is valid for
// 127.0.0.1, and returns what trusts it.
func testCertificate(t *testing.T) (cert, key string, trusting *tls.Config) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	pair := server.TLS.Certificates[0]
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return cert, key, &tls.Config{RootCAs: roots}
}

// TestVantageStops: a signal ends it also while nobody writes a request.
func TestVantageStops(t *testing.T) {
	silent, write := io.Pipe()
	defer write.Close()
	ctx, stop := context.WithCancelCause(t.Context())
	stop(signalled{syscall.SIGTERM})
	var stdout, stderr bytes.Buffer
	if code := run(ctx, agentApp(silent, &stdout, &stderr, "vantage")); code != exitTerminated || stdout.Len() > 0 {
		t.Errorf("exit code %d, %q, %q", code, stdout.String(), stderr.String())
	}
}
