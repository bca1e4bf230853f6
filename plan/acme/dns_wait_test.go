package acme_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme"
)

// waiting has the provider hold what a line says of A, with a TTL, and a run, or
// several, have left what resolvers may hold: "8.8.4.9 3h12m".
func waiting(live string, ttl zone.TTL, p acme.Pending, held ...string) func(*dnsSite) {
	return func(s *dnsSite) {
		s.ns1 = edit(s.ns1, "8.8.4.10", live)
		s.subject = func(sub *acme.Subject) {
			sub.Zone.Live.RRsets = records(s.t, sub.Name, []string{"A " + live, "AAAA 2600::10"})
			sub.Zone.Live.RRsets[0].TTL = ttl
			p.Type, p.Held = zone.A, heldFor(s.t, held)
			sub.Pending = []acme.Pending{p}
		}
	}
}

func heldFor(t *testing.T, lines []string) (out []acme.Held) {
	t.Helper()
	for _, l := range lines {
		addr, left, _ := strings.Cut(l, " ")
		d, err := time.ParseDuration(left)
		if err != nil {
			t.Fatal(err)
		}
		h := acme.Held{Until: dnsNow.Add(d)}
		if addr != "?" {
			h.Addrs = []netip.Addr{netip.MustParseAddr(addr)}
		}
		out = append(out, h)
	}
	return out
}

// proxy turns the proxy's part of a site on or off: of what is live, and of what
// resolvers may hold.
func proxy(change func(*dnsSite), live, held bool) func(*dnsSite) {
	return func(s *dnsSite) {
		change(s)
		whole := s.subject
		s.subject = func(sub *acme.Subject) {
			whole(sub)
			for i := range sub.Zone.Live.RRsets {
				sub.Zone.Live.RRsets[i].Proxied = live
			}
			for i := range sub.Pending[0].Held {
				sub.Pending[0].Held[i].Proxied = held
			}
		}
	}
}

// hiding has the provider, which has a proxy, be down.
func hiding(change func(*dnsSite)) func(*dnsSite) {
	return func(s *dnsSite) {
		change(s)
		whole := s.subject
		s.subject = func(sub *acme.Subject) {
			whole(sub)
			sub.Zone.Proxy, sub.Zone.Live, sub.Zone.LiveErr = true, nil, errors.New("it is down")
		}
	}
}

// What is left in caches is an error where nobody waits for it, a warning where a run
// does, and nothing where it is what is live. The time is the engine's, with its
// margin of two seconds.
func TestDNSWait(t *testing.T) {
	const fail, pass = acme.Fail, acme.Pass
	running := acme.Pending{Run: "01K"}
	armed := acme.Pending{Run: "01K", Waits: dnsNow.Add(4 * time.Hour)}
	stopped := acme.Pending{Run: "01K", Stands: "interrupted"}
	var ended acme.Pending
	for _, b := range []dnsBreak{
		// Other addresses are wanted, and the TTL was lowered.
		{
			"lowered, and a run waits", "D-WAIT", waiting("8.8.4.9", 300, armed, "8.8.4.9 3h12m"), fail, acme.Warning,
			[]string{"not yet: resolvers may hold www.example.org A with its old TTL until 2026-11-24 10:00:00 UTC, 4h from now, and 8.8.4.10 is to come; run 01K waits for that, as planned"},
			[]string{"Leave the run to wait", "dnsplan show 01K"},
		},
		{
			"lowered, and a run waits for its servers yet", "D-WAIT", waiting("8.8.4.9", 300, running, "8.8.4.9 3h12m"), fail, acme.Warning,
			[]string{"until 2026-11-24 09:12:02 UTC"},
			nil,
		},
		{
			"lowered, and the run has stopped", "D-WAIT", waiting("8.8.4.9", 300, stopped, "8.8.4.9 3h12m"), fail, acme.Error,
			[]string{"09:12:02 UTC, 3h12m from now", "8.8.4.10 is to come; run 01K is interrupted, and nobody waits for that"},
			[]string{"it waits as long as it must by itself:\ndnsplan resume 01K", "Or take back what it has not finished:\ndnsplan cancel 01K"},
		},
		{
			"lowered, and nobody waits", "D-WAIT", waiting("8.8.4.9", 300, ended, "8.8.4.9 3h12m"), fail, acme.Error,
			[]string{"09:12:02 UTC", "no run waits for that"},
			[]string{"Switch no earlier; dnsplan waits until then by itself:\ndnsplan plan -o www.example.org.plan www.example.org\ndnsplan apply"},
		},
		{"lowered, and it is no longer than the TTL of now", "D-WAIT", waiting("8.8.4.9", 300, ended, "8.8.4.9 5m"), pass, acme.Error, nil, nil},
		{
			"lowered, and nothing is to change", "D-WAIT", waiting("8.8.4.10", 300, ended, "8.8.4.10 3h12m"), fail, acme.Info,
			[]string{"resolvers may hold www.example.org A with an old TTL until 2026-11-24 09:12:02 UTC"},
			[]string{"Leave its addresses as they are until then"},
		},
		{"raised behind a change", "D-WAIT", waiting("8.8.4.10", 3600, ended, "8.8.4.10 5m"), pass, acme.Error, []string{"no run of this machine has left anything"}, nil},

		// It was switched.
		{
			"switched, and a run waits", "D-WAIT", waiting("8.8.4.10", 300, running, "8.8.4.9 5m"), fail, acme.Warning,
			[]string{"not yet: resolvers may still lead users of www.example.org A to 8.8.4.9 until 2026-11-24 06:05:02 UTC, 5m2s from now; run 01K waits for that, as planned"},
			[]string{"dnsplan show 01K", "Keep the server at 8.8.4.9 running until then."},
		},
		{
			"switched, and the run holds", "D-WAIT", waiting("8.8.4.10", 300, acme.Pending{Run: "01K", Stands: "holding"}, "8.8.4.9 5m"), fail, acme.Error,
			[]string{"run 01K is holding, and nobody waits"},
			[]string{"dnsplan resume 01K", "Keep the server at 8.8.4.9 running"},
		},
		{
			"switched, and nobody waits", "D-WAIT", waiting("8.8.4.10", 300, ended, "8.8.4.9 24h", "8.8.4.8 1h", "8.8.4.10 5m"), fail, acme.Error,
			[]string{"to 8.8.4.9 and 8.8.4.8 until 2026-11-25 06:00:02 UTC, 1d from now; no run waits for that"},
			[]string{"Keep the server at 8.8.4.9 and 8.8.4.8 running", "this is a warning then:\ndnsplan check www.example.org --only D-WAIT,B-BRIDGE,T-CERT"},
		},
		{
			"switched, and a run waits for less than an earlier one has left", "D-WAIT", waiting("8.8.4.10", 300, acme.Pending{Run: "01K", Waits: dnsNow.Add(time.Minute)}, "8.8.4.9 1m", "8.8.4.8 24h"), fail, acme.Warning,
			[]string{"to 8.8.4.9 and 8.8.4.8 until 2026-11-25 06:00:02 UTC, 1d from now"},
			nil,
		},
		{
			"an alias was replaced", "D-WAIT", waiting("8.8.4.10", 300, ended, "? 5m"), fail, acme.Error,
			[]string{"to what stood before until 2026-11-24 06:05:02 UTC"},
			[]string{"Keep the server at what stood before running"},
		},
		{"caches that are done", "D-WAIT", waiting("8.8.4.10", 300, running, "8.8.4.9 0s"), pass, acme.Error, nil, nil},
		{"what nobody can read of the provider", "D-WAIT", func(s *dnsSite) {
			waiting("8.8.4.9", 300, ended, "8.8.4.9 5m")(s)
			whole := s.subject
			s.subject = func(sub *acme.Subject) { whole(sub); sub.Zone.Live = nil }
		}, fail, acme.Error, []string{"lead users of www.example.org A to 8.8.4.9"}, nil},

		// The proxy was turned on or off: it is the same server.
		{
			"the proxy is off", "D-WAIT", proxy(waiting("8.8.4.10", 300, ended, "8.8.4.10 5m"), false, true), fail, acme.Info,
			[]string{"resolvers may lead to the proxy of www.example.org A until 2026-11-24 06:05:02 UTC"},
			[]string{"Leave the proxy's settings for the name"},
		},
		{
			"the proxy is on", "D-WAIT", proxy(waiting("8.8.4.10", 300, ended, "8.8.4.10 1h"), true, false), fail, acme.Info,
			[]string{"resolvers may lead past the proxy, to 8.8.4.10 itself, until 2026-11-24 07:00:02 UTC"},
			[]string{"take connections from everywhere"},
		},
		{
			"whether the proxy is on is not known", "D-WAIT", hiding(proxy(waiting("8.8.4.10", 300, ended, "8.8.4.10 5m"), true, true)), acme.Unknown, acme.Error,
			[]string{"what the provider holds of www.example.org is not known: it is down"},
			nil,
		},
		{"nor of what resolvers hold no more", "D-WAIT", hiding(proxy(waiting("8.8.4.10", 300, ended, "8.8.4.10 0s"), true, true)), pass, acme.Error, nil, nil},
		{
			"and other addresses are held than are wanted", "D-WAIT", hiding(proxy(waiting("8.8.4.10", 300, ended, "8.8.4.9 5m"), false, false)), fail, acme.Error,
			[]string{"lead users of www.example.org A to 8.8.4.9"},
			nil,
		},
		{"another address behind the proxy", "D-WAIT", proxy(waiting("8.8.4.10", 300, ended, "8.8.4.9 5m"), true, true), pass, acme.Error, nil, nil},
	} {
		t.Run(b.what, b.run)
	}
}
