package plan_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/plan"
)

// letsEncrypt is a policy of a known authority.
func letsEncrypt() plan.Policy {
	p := policy()
	p.Authority = &plan.Authority{Name: "Let's Encrypt", Ready: 60, Known: true}
	return p
}

// asked are the details of the probe steps.
func asked(p *plan.Plan) (out []string) {
	for _, s := range p.Steps {
		if s.Kind == plan.StepProbe {
			out = append(out, strings.TrimSpace(s.Group+" "+s.Detail))
		}
	}
	return out
}

// TestBuildChallenges: new addresses that count are asked before the TTL goes
// down, and again before the switch of their group.
func TestBuildChallenges(t *testing.T) {
	const answers = "203.0.113.11 answers a challenge on port 80"
	for _, tt := range []struct {
		name     string
		strategy plan.Strategy
		site     site
		want     []string
	}{
		{"update", plan.Staged, site{live: "www 3600 A 192.0.2.1", want: "www 3600 A 203.0.113.11 challenge"}, []string{answers, answers}},
		{"create", plan.Staged, site{want: "www 300 A 203.0.113.11 challenge"}, []string{answers}},
		{"direct", plan.Direct, site{live: "www 3600 A 192.0.2.1", want: "www 3600 A 203.0.113.11 challenge"}, []string{answers}},
		{
			"with probe and certificate", plan.Direct,
			site{live: "www 3600 A 192.0.2.1", want: "www 3600 A 203.0.113.11 challenge certificate probe=tcp"},
			[]string{"2 new addresses answer their probes; " + answers},
		},
		{
			"certificate alone", plan.Direct,
			site{live: "www 3600 A 192.0.2.1", want: "www 3600 A 203.0.113.11 certificate"},
			[]string{"203.0.113.11: port 443 has a valid certificate for www.example.org"},
		},
		{"groups", plan.Staged, site{
			live: "a 300 A 192.0.2.1\nb 300 A 192.0.2.1",
			want: "a 300 A 203.0.113.1 203.0.113.2 group=x challenge\nb 300 A 203.0.113.1 challenge",
		}, []string{"3 new addresses answer challenges", "x 2 new addresses answer challenges", "203.0.113.1 answers a challenge on port 80"}},
		{"reserved", plan.Staged, site{live: "www 3600 A 192.0.2.1", want: "www 3600 A 203.0.113.11 challenge=public"}, nil},
		{
			"one of two reserved", plan.Direct,
			site{live: "www 300 A 192.0.2.1", want: "www 300 A 8.8.8.8 203.0.113.11 challenge=public"},
			[]string{"8.8.8.8 answers a challenge on port 80"},
		},
		{"nothing new", plan.Staged, site{live: "www 300 A 192.0.2.1 192.0.2.2", want: "www 300 A 192.0.2.1 challenge certificate"}, nil},
		{"TTL", plan.Staged, site{live: "www 300 A 192.0.2.1", want: "www 600 A 192.0.2.1 challenge certificate"}, nil},
		{"a wildcard", plan.Staged, site{live: "* 300 A 192.0.2.1", want: "* 300 A 203.0.113.1 challenge"}, nil},
		{"behind a proxy", plan.Staged, site{live: "www 300 A 192.0.2.1 proxied", want: "www 300 A 203.0.113.1 challenge"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pol := letsEncrypt()
			pol.Strategy = tt.strategy
			p := build(t, pol, tt.site)
			if diff := cmp.Diff(tt.want, asked(p)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if _, err := plan.Decode(mustEncode(t, p)); err != nil {
				t.Error(err)
			}
		})
	}
}

func milestoneLines(p *plan.Plan) (out []string) {
	for _, m := range p.Milestones {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s +%d %v %s", m.Name, m.After, m.Seconds, m.Changes, m.Group)))
	}
	return out
}

// TestMilestones: an authority that is known to forget soon is ready before the
// world; any other one with it.
func TestMilestones(t *testing.T) {
	update := site{live: "www 300 A 192.0.2.1", want: "www 300 A 203.0.113.11 acme"}
	for _, tt := range []struct {
		name string
		by   *plan.Authority
		site site
		want []string
	}{
		{"known", &plan.Authority{Name: "Let's Encrypt", Ready: 60, Known: true}, update, []string{"ca-ready s5 +60 [c1]", "world-ready s6 +0 [c1]"}},
		{"not known", &plan.Authority{Name: "x", Ready: 60}, update, []string{"ca-ready s6 +0 [c1]", "world-ready s6 +0 [c1]"}},
		{"no sooner", &plan.Authority{Name: "x", Ready: 300, Known: true}, update, []string{"ca-ready s6 +0 [c1]", "world-ready s6 +0 [c1]"}},
		{"nobody", nil, update, nil},
		{"no server is asked", &plan.Authority{Name: "x", Ready: 60, Known: true}, site{live: update.live, want: update.want, servers: []string{}}, []string{"ca-ready s6 +0 [c1]", "world-ready s6 +0 [c1]"}},
		{"not by http-01", &plan.Authority{Name: "x", Ready: 60, Known: true}, site{live: "www 300 A 192.0.2.1", want: "www 300 A 203.0.113.11"}, nil},
		{"the TTL alone", &plan.Authority{Name: "x", Ready: 60, Known: true}, site{live: "www 300 A 192.0.2.1", want: "www 600 A 192.0.2.1 acme"}, nil},
		{"groups", &plan.Authority{Name: "x", Ready: 60, Known: true}, site{
			live: "a 300 A 192.0.2.1\nb 300 A 192.0.2.1\nc 300 A 192.0.2.1\nd 300 A 192.0.2.1",
			want: "a 300 A 203.0.113.1 group=x acme\nb 300 A 203.0.113.1 group=x\nc 300 A 203.0.113.1 acme\nd 600 A 192.0.2.1 acme",
		}, []string{"ca-ready s5 +60 [c1] x", "world-ready s6 +0 [c1] x", "ca-ready s9 +60 [c3]", "world-ready s10 +0 [c3]"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pol := policy()
			pol.Authority = tt.by
			p := build(t, pol, tt.site)
			if diff := cmp.Diff(tt.want, milestoneLines(p)); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, stepLines(p))
			}
			if (p.Policy.Authority == nil) != (tt.want == nil) {
				t.Errorf("authority %v", p.Policy.Authority)
			}
			if _, err := plan.Decode(mustEncode(t, p)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestNoAuthorityNoTrace: a plan that no authority looks at is the same bytes,
// whatever is known of the authority.
func TestNoAuthorityNoTrace(t *testing.T) {
	site := site{live: "www 3600 A 192.0.2.1\na 300 A 192.0.2.1", want: "www 3600 A 203.0.113.11 probe=http\na 600 A 192.0.2.1\nb 300 A 192.0.2.1"}
	with, without := mustEncode(t, build(t, letsEncrypt(), site)), mustEncode(t, build(t, policy(), site))
	if diff := cmp.Diff(string(without), string(with)); diff != "" {
		t.Errorf("(-without +with):\n%s", diff)
	}
}

// acmeWarnings are the warnings about certificates: "code name: beginning".
func acmeWarnings(p *plan.Plan) (out []string) {
	for _, w := range p.Warnings {
		switch w.Code {
		case plan.ACMENotChecked, plan.ACMEBridge, plan.RenewalInChange, plan.CachedAuthorization:
			out = append(out, w.Code+" "+w.Name+": "+w.Message)
		}
	}
	return out
}

func TestACMEWarnings(t *testing.T) {
	p := build(t, letsEncrypt(), site{
		live: "a 300 A 192.0.2.1\nb 300 A 192.0.2.1\nc 300 A 192.0.2.2\nd 300 A 192.0.2.2\nf 300 A 192.0.2.2\ng 300 A 192.0.2.2",
		want: "a 300 A 203.0.113.1 challenge=public\nb 300 A 203.0.113.1 challenge\nc 300 A 203.0.113.1 acme\nd 600 A 192.0.2.2 acme\ne 300 A 203.0.113.1 challenge\nf 300 A 203.0.113.1 acme\ng 300 A 203.0.113.1",
	})
	want := []string{
		"acme-not-checked a.example.org.: whether the new server of the name answers challenges is not checked",
		"acme-bridge : until every cache has forgotten 192.0.2.1, an authority may ask it for the challenges of a.example.org and b.example.org: have it pass them on to 203.0.113.1, as nginx does by:\nlocation ^~ /.well-known/acme-challenge/ {\n    proxy_pass http://203.0.113.1;\n    proxy_set_header Host $host;\n}",
		"acme-bridge : until every cache has forgotten 192.0.2.2, an authority may ask it for the challenges of c.example.org and f.example.org:",
		"cached-authorization : a renewal of a.example.org, b.example.org, c.example.org and 1 more name soon",
	}
	got := acmeWarnings(p)
	if len(got) != len(want) {
		t.Fatalf("%d warnings, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%q, want %q", got[i], want[i])
		}
	}
}

func TestACMEWarningsOfPolicy(t *testing.T) {
	pol := letsEncrypt()
	pol.NoACMECheck = true
	p := build(t, pol, site{live: "www 300 AAAA 2001:db8::1", want: "www 300 AAAA 2001:db8::2 acme"})
	got := strings.Join(acmeWarnings(p), "\n")
	if !strings.Contains(got, "so --no-acme-check says") || !strings.Contains(got, "proxy_pass http://[2001:db8::2];") {
		t.Error(got)
	}
	if _, err := plan.Decode(mustEncode(t, p)); err != nil {
		t.Error(err)
	}
}

// TestRenewals: what is due before the change is over is told, and nothing else.
func TestRenewals(t *testing.T) {
	site := site{live: "www 300 A 192.0.2.1\nb 300 A 192.0.2.1", want: "www 300 A 203.0.113.1 acme\nb 300 A 203.0.113.1"}
	o := origin()
	at := func(d time.Duration) time.Time { return o.Created.Add(d) }
	for _, tt := range []struct {
		name string
		r    plan.Renewal
		want string
	}{
		{"inside", plan.Renewal{Name: "www.example.org.", From: at(10 * time.Minute), ByAuthority: true}, "the certificate that 192.0.2.1 serves is due for renewal from 2026-11-23 06:10 UTC (its authority says so), and the change takes until 2026-11-23 06:15 UTC at least"},
		{"before", plan.Renewal{Name: "www.example.org.", From: at(-time.Hour)}, "has been due for renewal since 2026-11-23 05:00 UTC (by its life)"},
		{"behind", plan.Renewal{Name: "www.example.org.", From: at(16 * time.Minute)}, ""},
		{"not by http-01", plan.Renewal{Name: "b.example.org.", From: at(time.Minute)}, ""},
	} {
		tt.r.Addr, tt.r.NotAfter = netip.MustParseAddr("192.0.2.1"), at(30*24*time.Hour)
		o.Renewals = []plan.Renewal{tt.r}
		p := plan.Build([]plan.ZoneDiff{site.diff(t)}, letsEncrypt(), o)
		got := ""
		for _, w := range p.Warnings {
			if w.Code == plan.RenewalInChange {
				got = w.Message
			}
		}
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestSignings: signatures that end before the change is over are told, and no others.
func TestSignings(t *testing.T) {
	site := site{live: "www 300 A 192.0.2.1", want: "www 300 A 203.0.113.1 acme"}
	o := origin()
	for in, want := range map[time.Duration]string{
		10 * time.Minute: "end on 2026-11-23 06:10 UTC, and the change takes until 2026-11-23 06:15 UTC at least",
		16 * time.Minute: "",
	} {
		o.Signings = []plan.Signing{{Zone: "example.org.", Ends: o.Created.Add(in)}}
		p := plan.Build([]plan.ZoneDiff{site.diff(t)}, letsEncrypt(), o)
		got := ""
		for _, w := range p.Warnings {
			if w.Code == plan.SignaturesEnd {
				got = w.Message
			}
		}
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// TestDecodeRefusesChallenges: a sealed plan asks what an inventory could say, and
// promises no other moments than its steps do.
func TestDecodeRefusesChallenges(t *testing.T) {
	site := site{live: "a 300 A 192.0.2.1\nb 300 A 192.0.2.1", want: "a 300 A 203.0.113.1 challenge certificate\nb 600 A 192.0.2.1"}
	for _, tt := range []edit{
		{"no port", func(p *plan.Plan) { p.Changes[0].Challenge.Port = 0 }, "no port"},
		{"no port of https", func(p *plan.Plan) { p.Changes[0].Challenge.HTTPSPort = 0 }, "no port"},
		{"a planter of two lines", func(p *plan.Plan) { p.Changes[0].Challenge.Planter = "a\nb" }, "planter"},
		{"a long planter", func(p *plan.Plan) { p.Changes[0].Challenge.Planter = strings.Repeat("x", 256) }, "planter"},
		{"nobody counts", func(p *plan.Plan) { p.Changes[0].Challenge.AllowReserved = false }, "a challenge that nobody is asked for"},
		{"not by http-01", func(p *plan.Plan) { p.Changes[0].ACME = "" }, "a challenge that nobody is asked for"},
		{"a TTL is asked", func(p *plan.Plan) { p.Changes[1].Challenge = p.Changes[0].Challenge }, "a challenge that nobody is asked for"},
		{"the challenge is gone", func(p *plan.Plan) { p.Changes[0].Challenge, p.Changes[0].Certificate = nil, nil }, "step 3"},
		{"another name's certificate", func(p *plan.Plan) { p.Changes[0].Certificate.Host = "b.example.org" }, "it is not the name's"},
		{"no certificate", func(p *plan.Plan) {
			p.Changes[0].Certificate = &plan.Probe{Type: plan.ProbeTCP, Port: 443, Timeout: 5}
		}, "it is not the name's"},
		{"a certificate without a port", func(p *plan.Plan) { p.Changes[0].Certificate.Port = 0 }, "certificate: no port"},
		{"a TTL with a certificate", func(p *plan.Plan) {
			c := *p.Changes[0].Certificate
			c.Host = "b.example.org"
			p.Changes[1].Certificate = &c
		}, "a certificate that nobody is asked for"},
		{"not to be asked", func(p *plan.Plan) { p.Policy.NoACMECheck = true }, "challenges that are not to be asked for"},
		{"a milestone less", func(p *plan.Plan) { p.Milestones = p.Milestones[:1] }, "1 milestones"},
		{"sooner", func(p *plan.Plan) { p.Milestones[0].Seconds = 0 }, "milestones"},
		{"after another step", func(p *plan.Plan) { p.Milestones[1].After = "s1" }, "milestones"},
		{"another authority", func(p *plan.Plan) { p.Policy.Authority.Known = false }, "milestones"},
		{"no authority", func(p *plan.Plan) { p.Policy.Authority = nil }, "milestones"},
		{"a time that never comes", func(p *plan.Plan) { p.Policy.Authority.Ready = -1 }, "ready_seconds -1"},
	} {
		p := build(t, letsEncrypt(), site)
		if _, err := plan.Decode(mustEncode(t, p)); err != nil {
			t.Fatalf("unedited: %v", err)
		}
		tt.edit(p)
		if _, err := plan.Decode(mustEncode(t, p)); !errors.Is(err, plan.ErrDamaged) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
