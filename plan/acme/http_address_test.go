package acme

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

func TestSeveralAddresses(t *testing.T) {
	s := newSite(t, "127.0.0.11", "127.0.0.12", "127.0.0.13")
	s.serve(0, s.files())
	s.serve(1, http.NotFoundHandler())
	s.serve(2, s.files())
	found := s.check("H-TOKEN")
	if len(found) != 2 || found[0].Outcome != Fail || found[1].Outcome != Pass {
		t.Fatalf("found %+v; want what fails, then what passes", found)
	}
	holds(t, "fail", found[0].Summary, "127.0.0.12:")
	holds(t, "pass", found[1].Summary, "127.0.0.11:", "127.0.0.13:")
}

// Addresses that differ make issuance a matter of luck, whose odds are told; the
// token tells D-SINGLE how many of them serve it.
func TestChance(t *testing.T) {
	const off, yes, no = 0, 1, 2
	for name, c := range map[string]struct {
		addrs    []string
		are      []int
		token    string // of H-TOKEN; empty where it says none
		single   string // of D-SINGLE
		severity Severity
	}{
		"one of two":                   {[]string{"127.0.0.11", "127.0.0.12"}, []int{yes, no}, "about 16 % of issuances succeed", "1 of 2 serve the challenge, about 16 %", Error},
		"two of three":                 {[]string{"127.0.0.11", "127.0.0.12", "127.0.0.13"}, []int{yes, off, yes}, "about 40 % of issuances succeed", "2 of 3 serve the challenge", Error},
		"both":                         {[]string{"127.0.0.11", "127.0.0.12"}, []int{yes, yes}, "", "2 of 2 serve the challenge, every issuance succeeds", Warning},
		"none":                         {[]string{"127.0.0.11", "127.0.0.12"}, []int{no, no}, "", "0 of 2 serve the challenge, no issuance succeeds", Error},
		"IPv6 is asked first":          {[]string{"127.0.0.11", "::1"}, []int{yes, no}, "no issuance succeeds", "", 0},
		"IPv6 is good":                 {[]string{"127.0.0.11", "::1"}, []int{no, yes}, "", "", 0},
		"IPv6 cannot be connected to":  {[]string{"127.0.0.11", "::1"}, []int{yes, off}, "", "", 0},
		"IPv6 is dead, and one of two": {[]string{"127.0.0.11", "127.0.0.12", "::1"}, []int{yes, no, off}, "about 16 % of issuances succeed", "1 of 2 serve", Error},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, c.addrs...)
			s.opts.Now = func() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) } // four remote perspectives
			for i, is := range c.are {
				switch is {
				case yes:
					s.serve(i, s.files())
				case no:
					s.serve(i, http.NotFoundHandler())
				case off:
					_ = s.ls[i].Close()
				}
			}
			said := map[ID]Finding{}
			for _, f := range Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{"D-SINGLE", "H-TOKEN"}}).Findings {
				if _, ok := said[f.Check]; !ok {
					said[f.Check] = f
				}
			}
			if c.token == "" && strings.Contains(said["H-TOKEN"].Summary, "issuance") {
				t.Errorf("H-TOKEN: %s", said["H-TOKEN"].Summary)
			}
			holds(t, "H-TOKEN", said["H-TOKEN"].Summary, c.token)
			holds(t, "D-SINGLE", said["D-SINGLE"].Summary, c.single)
			if f := said["D-SINGLE"]; c.severity != 0 && (f.Outcome != Fail || f.Severity != c.severity) {
				t.Errorf("D-SINGLE: %+v", f)
			}
		})
	}
	s := newSite(t, "127.0.0.11", "127.0.0.12")
	count := &counting{Planter: plant.Webroot(s.root, time.Now)}
	s.opts.Client = func(*Subject) Client { return Client{Planter: count} }
	s.only("D-SINGLE", Fail, "if one serves the challenge")
	if n := count.placed.Load(); n != 0 {
		t.Errorf("D-SINGLE alone places %d tokens", n)
	}
}

func TestWantedAddressIsAskedBeforeItIsThere(t *testing.T) {
	s := newSite(t, "127.0.0.11", "127.0.0.12")
	s.serve(0, s.files())
	s.serve(1, http.NotFoundHandler())
	s.answer("127.0.0.11")
	s.hold("127.0.0.11")
	s.want("127.0.0.12")
	found := s.check("H-TOKEN")
	if len(found) != 2 || found[0].Outcome != Fail {
		t.Fatalf("found %+v", found)
	}
	holds(t, "fail", found[0].Summary, "127.0.0.12:", "(wanted, not answered by the DNS)")
	holds(t, "pass", found[1].Summary, "127.0.0.11:", "(not wanted, still answered by the DNS)")
}

func TestDeadIPv6IsSparedByIPv4(t *testing.T) {
	s := newSite(t, "127.0.0.11", "::1")
	_ = s.ls[1].Close()
	s.serve(0, s.files())
	found := s.check("H-PORT80")
	if len(found) != 2 || found[0].Outcome != Fail || found[0].Severity != Warning {
		t.Fatalf("found %+v; want a warning and a pass", found)
	}
	holds(t, "fail", found[0].Summary, "[::1]:", "Let's Encrypt turns to IPv4")
	s.opts.Issuer = Issuer{Name: "https://ca.example.net/dir"}
	if found = s.check("H-PORT80"); found[0].Outcome != Fail || found[0].Severity != Error {
		t.Errorf("another authority: %+v", found[0])
	}
}

func TestBridge(t *testing.T) {
	s := newSite(t, "127.0.0.11", "127.0.0.12")
	s.serve(1, s.files())
	s.answer("127.0.0.11")
	s.hold("127.0.0.11")
	s.want("127.0.0.12")
	var old http.Handler = http.NotFoundHandler()
	s.serve(0, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { old.ServeHTTP(w, r) }))
	f := s.only("B-BRIDGE", Fail, "the old address 127.0.0.11:")
	Offers(t, f, s.fill("location ^~ /.well-known/acme-challenge/ {\n    proxy_pass http://127.0.0.12:PORT;\n    proxy_set_header Host $host;\n}"), "nginx obeys return, rewrite and if of the server itself before any location.")
	old = s.files()
	s.only("B-BRIDGE", Pass)
	s.opts.Client = nil
	s.only("B-BRIDGE", Unknown, "does not say where a token")
}

// A server each second of whose answers comes from another backend.
func TestBackendsThatDiffer(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, byTurns(new(atomic.Int32), http.NotFoundHandler(), s.files()))
	s.opts.Now = func() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) } // four remote perspectives
	f := s.only("H-LB", Fail, "6 of 12 connections to 127.0.0.11:", "about 16 % of issuances succeed")
	Offers(t, f, "HAProxy: in the frontend of 127.0.0.11:", "use_backend acme if acme_challenge", "HAProxy: and a backend of its own (", "nginx: in the server of www.example.org, before other locations (", "server acme ACME-CLIENT-ADDRESS:", "dnsplan check www.example.org --only H-LB", "location ^~ /.well-known/acme-challenge/ {")
}
