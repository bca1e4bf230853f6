package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
)

// webServer is a web server on loopback that answers so many requests well, and each
// later one with 503; negative is all.
type webServer struct {
	addr netip.AddrPort
	well atomic.Int64
	host atomic.Value
}

func newWebServer(t *testing.T, well int64) *webServer {
	t.Helper()
	w := &webServer{}
	w.well.Store(well)
	s := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.host.Store(r.Host)
		if w.well.Add(-1) == -1 {
			w.well.Store(0) // it has answered all that it would
			out.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(s.Close)
	w.addr = netip.MustParseAddrPort(s.Listener.Addr().String())
	return w
}

// probedSite moves www.example.org to the web server's address.
func probedSite(provider, settings string, at netip.AddrPort) string {
	return fmt.Sprintf(`version = 1
[defaults]
ttl        = "1h"
change_ttl = "5m"
settle     = "10m"
%s
[check]
allow_reserved = true
[[provider]]
%s
[[zone.record]]
name = "www"
a    = [%q]
  [zone.record.probe]
  type   = "http"
  port   = %d
  path   = "/healthz"
  status = 200
`, settings, provider, at.Addr(), at.Port())
}

// flowing is all that was said, without its line breaks.
func flowing(e ended) string { return strings.Join(strings.Fields(e.stdout+e.stderr), " ") }

const files = `name = "files"
type = "zonefile"
dir  = "zones"
[[zone]]
name     = "example.org"
provider = "files"
servers  = []`

// TestProbedRuns: a service that is missing, or falls ill at some stage, on files
// and on a clock that no wait holds up.
func TestProbedRuns(t *testing.T) {
	for _, tt := range []struct {
		name string
		well int64 // requests
		code int
		says string
		// untouched says that not even the TTL was written.
		untouched bool
	}{
		{"missing", 0, exitError, "nothing is switched, www.example.org A: GET http://www.example.org:PORT/healthz at ADDR: answered 503", true},
		{"ill at the gate", 1, exitError, "nothing is switched", false},
		{"ill behind the switch", 2, exitError, "the service is not well behind the switch", false},
		{"ill while it settles", 5, exitError, "the service is not well behind the switch", false},
		{"well", 1 << 40, exitDone, "1 of 1 change applied", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWebServer(t, tt.well)
			p := newProgram(t, probedSite(files, "", w.addr))
			before := p.read("zones/example.org.zone")
			says := strings.NewReplacer("PORT", fmt.Sprint(w.addr.Port()), "ADDR", w.addr.String()).Replace(tt.says)
			out := p.run("apply", "--auto-approve").is(t, tt.code)
			if text := flowing(out); !strings.Contains(text, says) {
				t.Errorf("nothing says %q\n%s\n%s", says, out.stdout, out.stderr)
			}
			if host := w.host.Load(); host != "www.example.org" {
				t.Errorf("asked by the name %v", host)
			}
			after := p.read("zones/example.org.zone")
			if tt.untouched && after != before {
				t.Errorf("the zone was touched:\n%s", after)
			}
			if moved := strings.Contains(after, w.addr.Addr().String()); moved != (tt.code == exitDone) {
				t.Errorf("www has moved: %t\n%s", moved, after)
			}
			switch left := p.run("plan", "--json", "--strategy", "direct"); tt.code {
			case exitDone:
				left.is(t, exitDone, `"changes": []`)
			default:
				var doc plan.Plan
				if err := json.Unmarshal([]byte(left.stdout), &doc); err != nil {
					t.Fatal(err)
				}
				if b := doc.Changes[0].Before; b.TTL != 86400 || b.Values[0].String() != "192.0.2.1" {
					t.Errorf("live is %v, not what it was", b)
				}
			}
		})
	}
}

// TestProbedPlan: what is asked stands in the plan, and a plan that asks is one
// that can be saved and applied.
func TestProbedPlan(t *testing.T) {
	w := newWebServer(t, -1)
	p := newProgram(t, probedSite(files, "", w.addr))
	if text := flowing(p.run("plan").is(t, exitDone)); !strings.Contains(text, "and the service answers its probe") {
		t.Errorf("the plan does not say so: %s", text)
	}
	p.run("plan", "-o", p.path("plan.json")).is(t, exitDone)
	if doc := p.read("plan.json"); !strings.Contains(doc, `"kind": "probe"`) || !strings.Contains(doc, `"probe": {`) {
		t.Errorf("the saved plan does not ask:\n%s", doc)
	}
	w.well.Store(1 << 40)
	p.run("apply", p.path("plan.json"), "--auto-approve").is(t, exitDone)
}

// TestReservedIsTold: an address that nobody elsewhere reaches is told of, unless
// the inventory says that it is meant.
func TestReservedIsTold(t *testing.T) {
	w := newWebServer(t, -1)
	site := probedSite(files, "", w.addr)
	p := newProgram(t, strings.Replace(site, "allow_reserved = true", "", 1))
	p.run("plan").is(t, exitDone, "127.0.0.1 is in 127.0.0.0/8, Loopback", "[reserved-address]")
	p.write("inventory.toml", site)
	if out := p.run("plan"); strings.Contains(out.stdout, "reserved") {
		t.Errorf("it is told all the same:\n%s", out.stdout)
	}
}

// noIPv6 knows a way to IPv4 alone.
type noIPv6 struct{}

func (noIPv6) Route(_ context.Context, a netip.Addr) error {
	if a.Is6() {
		return syscall.ENETUNREACH
	}
	return nil
}

// TestNoWayIsTold: a machine without IPv6 publishes AAAA records, and says that it
// cannot tell what is there.
func TestNoWayIsTold(t *testing.T) {
	for _, strategy := range []string{"staged", "direct"} {
		p := newProgram(t, "version = 1\n[[provider]]\n"+files+"\n[[zone.record]]\nname = \"www\"\na = [\"203.0.113.11\"]\naaaa = [\"2001:db8::11\"]\n")
		p.router = noIPv6{}
		out := p.run("apply", "--auto-approve", "--strategy", strategy).is(t, exitDone)
		if text := flowing(out); strings.Count(text, "there is no way from here to 2001:db8::11 of www.example.org AAAA (network is unreachable)") != 1 || strings.Contains(text, "to 203.0.113.11 of") {
			t.Errorf("%s:\n%s\n%s", strategy, out.stdout, out.stderr)
		}
	}
}

// TestProbedThroughResolvers: real servers and resolvers lead to the service, and
// it dies while the new state settles.
func TestProbedThroughResolvers(t *testing.T) {
	if testing.Short() {
		t.Skip("real servers and real waits take seconds: left out by -short")
	}
	for _, tt := range []struct {
		name string
		well int64
		code int
		says string
	}{
		{"well", 1 << 40, exitDone, "1 of 1 change applied"},
		{"dies while it settles", 4, exitError, "answer): answered 503"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWebServer(t, tt.well)
			site := probedSite("name = \"box\"\ntype = \"sandbox\"\n[[zone]]\nname = \"example.org\"\nprovider = \"box\"", "", w.addr)
			for from, to := range map[string]string{"1h": "3s", "5m": "1s", "10m": "4s"} {
				site = strings.Replace(site, `"`+from+`"`, `"`+to+`"`, 1)
			}
			p := newProgram(t, site)
			p.clock = embedded.SystemClock{}
			out := p.run("apply", "--auto-approve").is(t, tt.code)
			if text := flowing(out); !strings.Contains(text, tt.says) {
				t.Errorf("nothing says %q\n%s\n%s", tt.says, out.stdout, out.stderr)
			}
		})
	}
}
