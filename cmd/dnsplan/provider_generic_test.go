package main

import (
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory"
)

// Every provider that goes through libdns has its requests tried again, and told
// with -v.
func TestGenericTypesTryAgain(t *testing.T) {
	for _, typ := range inventory.GenericTypes() {
		t.Run(typ, func(t *testing.T) {
			v := newGeneric(t, typ)
			bubble(t, always(repeats(http.StatusServiceUnavailable, "json")), func(t *testing.T) {
				got := v.program(t, "direct", wanted).run("plan", "-v").is(t, exitError, "answers 503 Service Unavailable")
				for _, want := range []string{"vendor: ", " https://", ": 503 in ", ", try 5"} {
					if !strings.Contains(got.stderr, want) {
						t.Errorf("no %q in %s", want, got.stderr)
					}
				}
			})
		})
	}
}

// The program itself puts the carrier in its place: requests of a libdns provider
// that takes no client are told as all others, and go through the proxy of the
// environment, where nobody listens.
func TestProgramCarries(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	v := newGeneric(t, "gandi")
	p := v.program(t, "direct", wanted)
	for name, value := range v.env {
		t.Setenv(name, value)
	}
	t.Setenv("HTTPS_PROXY", "http://"+addr)
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", "")
	said, err := os.Create(p.path("said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	c := p.prepared("plan", "-v")
	c.Stdout, c.Stderr = said, said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if code := codeOfProcess(t, c); code != exitError {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"vendor: GET https://api.gandi.net/", addr, ", try 3"} {
		if text := p.read("said"); !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}
