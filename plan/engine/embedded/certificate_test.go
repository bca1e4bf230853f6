package embedded_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// Certificate makes services an execute.Certifier: it serves what serials has, and
// cannot be asked where that is "?".
func (s *services) Certificate(ctx context.Context, name zone.Name, a netip.Addr) (plan.OriginCertificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = append(s.shown, time.Now())
	serial := s.serials[a.String()]
	if serial == "?" {
		return plan.OriginCertificate{}, errors.New("connection refused")
	}
	return plan.OriginCertificate{Name: name, Address: a, Serial: serial}, ctx.Err()
}

// serve has an address serve another certificate from now on.
func (s *services) serve(addr, serial string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serials[addr] = serial
}

// askedOf has the window ask the addresses behind the proxy for challenges, and for
// the certificates, of which each has served number 1.
func askedOf(w plan.Window, zones []plan.WindowZone) (plan.Window, []plan.WindowZone) {
	for i := range zones {
		z := &zones[i]
		z.Challenges = map[zone.Name]*plan.Challenge{}
		for _, r := range z.Live.RRsets {
			z.Challenges[r.Name] = &plan.Challenge{Port: 80, HTTPSPort: 443, Planter: "web-01", AllowReserved: true}
			for _, a := range r.Addrs {
				w.Certificates = append(w.Certificates, plan.OriginCertificate{Name: r.Name, Address: a, Serial: "1"})
			}
		}
	}
	return w, zones
}

var asking = scenario{live: liveProxied, window: renewal, asked: true}

// TestWindowCertificates: what the window was worth is told by the certificates, and
// nothing else hangs upon that.
func TestWindowCertificates(t *testing.T) {
	const www4, www6 = "192.0.2.1", "2001:db8::1"
	for name, tt := range map[string]struct {
		code     int
		serials  [2]string // of both addresses, behind the command
		late     time.Duration
		want     [2]execute.Issued
		issued   execute.Issued
		warnings int
		asked    int
	}{
		"renewed":             {serials: [2]string{"2", "2"}, want: [2]execute.Issued{execute.IssuedNew, execute.IssuedNew}, issued: execute.IssuedNew, asked: 2},
		"renewed, and failed": {code: 1, serials: [2]string{"2", "2"}, want: [2]execute.Issued{execute.IssuedNew, execute.IssuedNew}, issued: execute.IssuedNew, asked: 2},
		"on one alone":        {serials: [2]string{"2", "1"}, want: [2]execute.Issued{execute.IssuedNew, execute.IssuedSame}, issued: execute.IssuedSame, warnings: 1, asked: 4},
		"loaded late":         {serials: [2]string{"2", "2"}, late: 1500 * time.Millisecond, want: [2]execute.Issued{execute.IssuedNew, execute.IssuedNew}, issued: execute.IssuedNew, asked: 6},
		"nothing new":         {serials: [2]string{"1", "1"}, want: [2]execute.Issued{execute.IssuedSame, execute.IssuedSame}, issued: execute.IssuedSame, warnings: 2, asked: 6},
		"nothing, and failed": {code: 1, serials: [2]string{"1", "1"}, want: [2]execute.Issued{execute.IssuedSame, execute.IssuedSame}, issued: execute.IssuedSame, asked: 6},
		"gone":                {serials: [2]string{"", ""}, want: [2]execute.Issued{execute.IssuedNone, execute.IssuedNone}, issued: execute.IssuedNone, asked: 2},
		"one is silent":       {serials: [2]string{"2", "?"}, want: [2]execute.Issued{execute.IssuedNew, execute.IssuedUnknown}, issued: execute.IssuedNew, asked: 2},
		"both are silent":     {serials: [2]string{"?", "?"}, want: [2]execute.Issued{execute.IssuedUnknown, execute.IssuedUnknown}, issued: execute.IssuedUnknown, asked: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asking.inBubble(t, func(t *testing.T, r *rig) {
				load := func() { r.w.services.serve(www4, tt.serials[0]); r.w.services.serve(www6, tt.serials[1]) }
				r.w.services.serve(www4, "1")
				r.w.services.serve(www6, "1")
				r.command = func(context.Context) (int, error) {
					if tt.late == 0 {
						load()
					}
					return tt.code, nil
				}
				if tt.late > 0 {
					r.rec.at(r.first(plan.StepIssued), func() { time.AfterFunc(tt.late, load) })
				}
				got := r.run()
				r.wantOutcome(got, execute.OutcomeDone, execute.Closed, execute.Closed)
				r.wantClosed()
				all := got.Window.Certificates
				if len(all) != 2 || all[0].Issued != tt.want[0] || all[1].Issued != tt.want[1] || got.Window.Issued() != tt.issued {
					t.Errorf("%v: %s, want %v: %s", all, got.Window.Issued(), tt.want, tt.issued)
				}
				if n := strings.Count(warningsOf(r), "serves the certificate of before for www.example.org"); n != tt.warnings {
					t.Errorf("%d warnings, want %d: %s", n, tt.warnings, warningsOf(r))
				}
				unknown := 0
				for _, c := range all {
					if c.Issued == execute.IssuedUnknown {
						unknown++
					}
				}
				if n := strings.Count(warningsOf(r), "is not known: connection refused"); n != unknown {
					t.Errorf("%d warnings of what is not known, want %d: %s", n, unknown, warningsOf(r))
				}
				if n := len(r.w.services.shown); n != tt.asked {
					t.Errorf("asked %d times, want %d", n, tt.asked)
				}
			})
		})
	}
}

// TestCertificateOfAServerThatRestarts: a server that serves the certificate of before
// and then nothing, because it is loading the new one, is asked once more.
func TestCertificateOfAServerThatRestarts(t *testing.T) {
	for _, tt := range []struct {
		then string
		want execute.Issued
	}{{"2", execute.IssuedNew}, {"?", execute.IssuedSame}} {
		asking.inBubble(t, func(t *testing.T, r *rig) {
			serve := func(serial string) func() { return func() { r.w.services.serve("192.0.2.1", serial) } }
			serve("1")()
			r.w.services.serve("2001:db8::1", "2")
			r.command = func(context.Context) (int, error) { return 0, nil }
			r.rec.at(r.first(plan.StepIssued), func() {
				time.AfterFunc(500*time.Millisecond, serve("?"))
				time.AfterFunc(1500*time.Millisecond, serve(tt.then))
			})
			if all := r.run().Window.Certificates; len(all) != 2 || all[0].Issued != tt.want || all[0].Error != "" {
				t.Errorf("%v, want %s", all, tt.want)
			}
		})
	}
}

// TestWindowChallenge: the command is run where both addresses answer a challenge once
// they are shown; else the window closes without it.
func TestWindowChallenge(t *testing.T) {
	for _, fails := range []int{0, 2, always} {
		asking.inBubble(t, func(t *testing.T, r *rig) {
			ran := 0
			r.command = func(context.Context) (int, error) { ran++; return 0, nil }
			r.rec.at(r.first(plan.StepExpire), func() { r.w.services.set("2001:db8::1", fails) })
			got := r.run()
			r.wantClosed()
			asked := r.w.services.askedAt("192.0.2.1")
			if len(asked) != 1 || asked[0].Sub(r.wroteAt(1)) < time.Minute {
				t.Errorf("asked at %v, and opened at %s", asked, r.wroteAt(1))
			}
			if fails != always {
				r.wantOutcome(got, execute.OutcomeDone, execute.Closed, execute.Closed)
				if ran != 1 {
					t.Errorf("the command was run %d times", ran)
				}
				return
			}
			r.wantOutcome(got, execute.OutcomeFailed, execute.Closed, execute.Closed)
			r.wantFailure(got, execute.Probe, "nothing is run, www.example.org AAAA: the challenge of www.example.org at [2001:db8::1]:80: connection refused (3 tries); put it right, or open a window without asking by --force")
			if ran != 0 || len(got.Window.Certificates) != 0 {
				t.Errorf("the command was run %d times, %+v", ran, got.Window)
			}
		})
	}
}

// first tells of the event that begins the first step of the kind.
func (r *rig) first(k plan.Kind) func(journal.Event) bool {
	id := r.step(k, 1).ID
	return func(e journal.Event) bool {
		return e.Step == id && (e.Kind == journal.Start || e.Kind == journal.Wait)
	}
}
