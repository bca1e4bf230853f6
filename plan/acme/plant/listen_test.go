package plant_test

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/plant"
	"github.com/dnsplan/dnsplan/plan/netfault/netfaulttest"
)

var loopback = netip.MustParseAddrPort("127.0.0.1:1")

func get(t *testing.T, at netip.AddrPort, path string) (int, string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + at.String() + path)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(body)
}

func TestListen(t *testing.T) {
	at := netfaulttest.Nobody(t)
	p := plant.Listen(at)
	if p.Place().String() != "listener at "+at.String() {
		t.Errorf("called %q", p.Place())
	}
	for range 2 { // it listens again after it has stopped
		a, b := plant.NewToken(), plant.NewToken()
		removeA, err := p.Plant(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		removeB, err := p.Plant(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Plant(t.Context(), b); err == nil || !strings.Contains(err.Error(), "is there already") {
			t.Errorf("a second time: %v", err)
		}
		for path, want := range map[string]string{a.Path(): "200 " + a.Body, b.Path(): "200 " + b.Body, "/": "404 404 page not found\n", a.Path() + "x": "404 404 page not found\n"} {
			if status, body := get(t, at, path); want != http.StatusText(status)+body && want != itoa(status)+" "+body {
				t.Errorf("%s: %d %q, want %q", path, status, body, want)
			}
		}
		for range 2 {
			if err := removeA(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if status, _ := get(t, at, a.Path()); status != http.StatusNotFound {
			t.Errorf("removed, but %d", status)
		}
		if err := removeB(t.Context()); err != nil {
			t.Error(err)
		}
		if status, said := get(t, at, b.Path()); status != 0 || !strings.Contains(said, "refused") {
			t.Errorf("still listens: %d %s", status, said)
		}
	}
}

func itoa(n int) string { return map[int]string{200: "200", 404: "404"}[n] }

func TestListenWhereSomebodyDoes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = plant.Listen(netip.MustParseAddrPort(l.Addr().String())).Plant(t.Context(), plant.NewToken())
	if err == nil || !strings.Contains(err.Error(), "a web server is there, so give the challenge its webroot") {
		t.Errorf("error %v", err)
	}
}
