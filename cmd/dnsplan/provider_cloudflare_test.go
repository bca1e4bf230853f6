package main

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// proxiedSite wants www behind the proxy, or not.
func proxiedSite(v *vendor, proxied bool, addr string) string {
	return v.inventory("direct", fmt.Sprintf("[[zone.record]]\nname = \"www\"\na = [%q]\nproxied = %t\n", addr, proxied))
}

// The inventory turns the proxy on and off, and moves a name behind it; ids,
// comments and tags stay, also of the sibling that the inventory does not have.
func TestCloudflareProxied(t *testing.T) {
	v, s := newCloudflare(t)
	s.RemoveZone("example.org")
	s.AddZone(cloudflaretest.Zone{ID: "z1", Name: "example.org", Plan: "pro"})
	s.Put("example.org",
		cloudflaretest.Record{ID: "a1", Type: "A", Name: "www", Content: "192.0.2.1", TTL: 3600, Comment: "web", Tags: []string{"owner:ops"}},
		cloudflaretest.Record{ID: "a2", Type: "AAAA", Name: "www", Content: "2001:db8::1", TTL: 3600, Comment: "web six"})
	kept := func() string {
		var out []string
		for _, r := range s.Records("example.org") {
			out = append(out, fmt.Sprintf("%s %s %d %t %q %v", r.ID, r.Content, r.TTL, r.Proxied, r.Comment, r.Tags))
		}
		return strings.Join(out, "; ")
	}
	p := v.program(t, "direct", "")
	for _, tt := range []struct {
		proxied             bool
		addr, plan, applied string
		want                string
	}{
		{true, "192.0.2.1", "proxied", "2 of 2 changes applied", `a1 192.0.2.1 1 true "web" [owner:ops]; a2 2001:db8::1 1 true "web six" []`},
		{true, "203.0.113.11", "203.0.113.11", "1 of 1 change applied", `a1 203.0.113.11 1 true "web" [owner:ops]; a2 2001:db8::1 1 true "web six" []`},
		{false, "203.0.113.11", "proxied", "2 of 2 changes applied", `a1 203.0.113.11 3600 false "web" [owner:ops]; a2 2001:db8::1 `},
	} {
		p.write("inventory.toml", proxiedSite(v, tt.proxied, tt.addr))
		p.run("plan").is(t, exitDone, tt.plan)
		p.run("apply", "--auto-approve").is(t, exitDone, tt.applied)
		if got := kept(); !strings.HasPrefix(got, tt.want) {
			t.Errorf("proxied %t, %s: live is %s\nwant %s", tt.proxied, tt.addr, got, tt.want)
		}
		p.run("plan").is(t, exitDone, "No changes.")
		p.run("drift").is(t, exitDone)
	}
	for _, r := range s.Log() {
		if r.Method == http.MethodPut || r.Method == http.MethodDelete || strings.Contains(r.Body, "deletes\":[{") || strings.Contains(r.Body, "puts\":[{") {
			t.Errorf("a record was not patched: %s %s %s", r.Method, r.Path, r.Body)
		}
	}
}

// hundred is a zone of 100 names, and the inventory that moves them all.
func hundred(s *cloudflaretest.Server) string {
	var records strings.Builder
	for i := range 100 {
		s.Put("example.org", cloudflaretest.Record{Type: "A", Name: fmt.Sprintf("h%d", i), Content: fmt.Sprintf("10.0.0.%d", i), TTL: 3600})
		fmt.Fprintf(&records, "[[zone.record]]\nname = \"h%d\"\na = [\"10.1.0.%d\"]\n", i, i)
	}
	return records.String()
}

// A plan of 100 changes lists the records once. Its apply keeps to at most 4 lists
// and 2 look-ups of the zone for each zone and phase, and to one batch a phase:
// two lists a write, and one behind each wait, for whether someone else was there.
func TestCloudflareCallsOfApply(t *testing.T) {
	for _, tt := range []struct {
		strategy string
		phases   int
		most     int // requests of apply in all
	}{{"direct", 1, 5}, {"staged", 3, 14}} {
		t.Run(tt.strategy, func(t *testing.T) {
			v, s := newCloudflare(t)
			p := v.program(t, tt.strategy, hundred(s))
			s.ResetLog()
			p.run("plan", "--force", "-o", p.path("hundred.plan")).is(t, exitDone)
			if got := fmt.Sprint(s.Counts()); got != "map[record list:1 zone look-up:1]" {
				t.Errorf("plan: %s", got)
			}
			s.ResetLog()
			p.run("apply", p.path("hundred.plan")).is(t, exitDone, "100 of 100 changes applied")
			counts := s.Counts()
			t.Logf("apply, %s: %v", tt.strategy, counts)
			if counts["record list"] > 4*tt.phases || counts["zone look-up"] > 2 || counts["batch"] != tt.phases || len(s.Log()) > tt.most {
				t.Errorf("apply: %v", counts)
			}
			for kind := range counts {
				if !slices.Contains([]string{"record list", "zone look-up", "batch"}, kind) {
					t.Errorf("a request of kind %q", kind)
				}
			}
		})
	}
}

// -v has a line for each request with what is left of the budget, on standard
// error, and no secret.
func TestCloudflareBudgetLines(t *testing.T) {
	v, _ := newCloudflare(t)
	p := v.program(t, "direct", wanted)
	got := p.run("plan", "-v").is(t, exitDone)
	re := regexp.MustCompile(`^dnsplan: vendor: GET http://127\.0\.0\.1:\d+/client/v4/zones[^ ]*: 200 in \d+ ms; (\d+) of 1200 requests left until \d\d:\d\d:\d\dZ$`)
	var left []string
	for l := range strings.Lines(got.stderr) {
		if m := re.FindStringSubmatch(strings.TrimSpace(l)); m != nil {
			left = append(left, m[1])
		} else if strings.Contains(l, " GET ") {
			t.Errorf("line %q", l)
		}
	}
	if want := []string{"1199", "1199"}; !slices.Equal(left, want) { // one of each token
		t.Errorf("left: %q, want %q\n%s", left, want, got.stderr)
	}
	got = p.run("apply", "-v", "--auto-approve").is(t, exitDone, "requests left until", "POST http://127.0.0.1:", "/dns_records/batch: 200 in ")
	if strings.Contains(got.stdout, "requests left") {
		t.Errorf("standard output has lines of the log:\n%s", got.stdout)
	}
	got = p.run("apply", "-v", "--json", "--auto-approve", "--strategy", "direct").is(t, exitDone)
	if strings.Contains(got.stdout, "dnsplan: ") {
		t.Errorf("standard output has lines of the log:\n%s", got.stdout)
	}
}

// A reply that is lost behind a batch which landed: the run looks, finds what it
// wants, and is done; the batch was sent once.
func TestCloudflareLostReply(t *testing.T) {
	v, s := newCloudflare(t)
	lost := 0
	fails := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || lost > 0 {
			s.ServeHTTP(w, r)
			return
		}
		lost++
		s.ServeHTTP(discard{http.Header{}}, r)
		panic(http.ErrAbortHandler)
	})
	s.Serve(t, fails)
	v.settings = fmt.Sprintf("base_url = %q\n", s.BaseURL())
	p := v.program(t, "direct", wanted)
	p.run("apply", "--auto-approve").is(t, exitDone, "4 of 4 changes applied")
	if n := s.Counts()["batch"]; n != 1 || lost != 1 {
		t.Errorf("%d batches were sent, %d replies lost", n, lost)
	}
	p.run("plan").is(t, exitDone, "No changes.")
	p.run("runs").is(t, exitDone, "done")
}

// discard is a http.ResponseWriter that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// A process that is killed when its batch has landed and before that is written
// down: another one takes the run over, and sends no second batch.
func TestCloudflareKilledBehindTheBatch(t *testing.T) {
	v, s := newCloudflare(t)
	landed := make(chan struct{})
	s.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			s.ServeHTTP(w, r)
			return
		}
		s.ServeHTTP(discard{http.Header{}}, r)
		close(landed)
		<-r.Context().Done() // the caller is killed
		panic(http.ErrAbortHandler)
	}))
	v.settings = fmt.Sprintf("base_url = %q\n", s.BaseURL())
	for name, value := range v.env {
		t.Setenv(name, value)
	}
	p := v.program(t, "direct", wanted)
	c := p.background("apply", "--auto-approve")
	<-landed
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // killed
	journal := p.glob(".dnsplan/runs/*/journal.jsonl")
	if len(journal) != 1 || !strings.Contains(p.read(journal[0]), `"event":"start"`) {
		t.Fatalf("journals: %q", journal)
	}
	p.run("runs").is(t, exitDone, "interrupted")
	p.run("resume", "last").is(t, exitDone, "4 of 4 changes applied")
	if n := s.Counts()["batch"]; n != 1 {
		t.Errorf("%d batches were sent", n)
	}
	v.holds(t, "www 3600 A 203.0.113.11", "www 3600 AAAA 2001:db8::11", "pool 3600 A 192.0.2.21", "pool 3600 A 203.0.113.22",
		"*.lab 3600 A 203.0.113.3", "@ 3600 A 192.0.2.80", "old 3600 A 192.0.2.9")
	p.run("plan").is(t, exitDone, "No changes.")
}
