package plan_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/plan"
)

// probes are those that the lines of a site can name.
func probes() map[string]*plan.Probe {
	return map[string]*plan.Probe{
		"tcp":   {Type: plan.ProbeTCP, Port: 25, Timeout: 5},
		"tls":   {Type: plan.ProbeTLS, Port: 443, Host: "www.example.org", CA: "ca.pem", Timeout: 5},
		"http":  {Type: plan.ProbeHTTP, Port: 80, Scheme: "http", Host: "www.example.org", Path: "/", Timeout: 5},
		"https": {Type: plan.ProbeHTTP, Port: 8443, Scheme: "https", Host: "app.example.net", Path: "/up?full=1", Status: "2xx", Body: "ok", CA: "ca.pem", Timeout: 9},
	}
}

func TestProbeSaysWhatItAsks(t *testing.T) {
	for name, want := range map[string]string{
		"tcp":   "port 25 takes a connection",
		"tls":   "port 443 has a valid certificate for www.example.org",
		"http":  "GET http://www.example.org/ is answered with 2xx or 3xx",
		"https": `GET https://app.example.net:8443/up?full=1 is answered with 2xx and "ok"`,
	} {
		if got := probes()[name].String(); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestProbeStatus(t *testing.T) {
	for status, good := range map[string][]int{
		"": {200, 204, 299, 301, 304, 399}, "2xx": {200, 204, 299}, "503": {503},
	} {
		p := plan.Probe{Status: status}
		for _, code := range []int{100, 200, 204, 299, 301, 304, 399, 400, 404, 500, 503} {
			if got := p.TakesStatus(code); got != slices.Contains(good, code) {
				t.Errorf("status %q takes %d: %t", status, code, got)
			}
		}
	}
}

// TestBuildProbes: new addresses are asked as the run begins, and right before
// the switch of their group; what brings no new address has nothing to ask then.
func TestBuildProbes(t *testing.T) {
	tests := []struct {
		name     string
		strategy plan.Strategy
		site     site
		want     string
	}{
		{"update", plan.Staged, site{live: "www 3600 A 192.0.2.1", want: "www 3600 A 203.0.113.11 probe=http"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 probe [c1]
			s4 lower-ttl [c1] 3600 -> 300
			s5 propagate [c1]
			s6 expire [c1] 3600 s
			s7 gate [c1]
			s8 probe [c1]
			s9 switch [c1] update www.example.org A
			s10 propagate [c1]
			s11 expire [c1] 300 s
			s12 verify [c1]
			s13 settle [c1] 600 s
			s14 raise-ttl [c1] 300 -> 3600`},
		{"create: switched at once, asked once", plan.Staged, site{want: "www 300 A 203.0.113.11 probe=tcp"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 probe [c1]
			s4 switch [c1] create www.example.org A
			s5 propagate [c1]
			s6 expire [c1] 900 s
			s7 verify [c1]
			s8 settle [c1] 600 s`},
		{"groups", plan.Staged, site{
			live: "a 300 A 192.0.2.1\nb 300 A 192.0.2.1\nc 300 A 192.0.2.1",
			want: "a 300 A 203.0.113.1 group=one probe=http\nb 300 A 203.0.113.1 group=two\nc 300 A 203.0.113.1 group=three probe=tls",
		}, `
			s1 backup [c1 c2 c3]
			s2 preflight [c1 c2 c3]
			s3 probe [c1 c3]
			s4 gate [c1 c2 c3]
			s5 probe [c1] group one
			s6 switch [c1] update a.example.org A group one
			s7 propagate [c1] group one
			s8 expire [c1] 300 s group one
			s9 verify [c1] group one
			s10 probe [c3] group three
			s11 switch [c3] update c.example.org A group three
			s12 propagate [c3] group three
			s13 expire [c3] 300 s group three
			s14 verify [c3] group three
			s15 switch [c2] update b.example.org A group two
			s16 propagate [c2] group two
			s17 expire [c2] 300 s group two
			s18 verify [c2] group two
			s19 settle [c1 c2 c3] 600 s`},
		{"only removed", plan.Staged, site{live: "www 300 A 192.0.2.1 192.0.2.2", want: "www 300 A 192.0.2.1 probe=http"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 gate [c1]
			s4 switch [c1] update www.example.org A
			s5 propagate [c1]
			s6 expire [c1] 300 s
			s7 verify [c1]
			s8 settle [c1] 600 s`},
		{"TTL", plan.Staged, site{live: "www 300 A 192.0.2.1", want: "www 600 A 192.0.2.1 probe=http"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 raise-ttl [c1] 300 -> 600
			s4 propagate [c1]`},
		{"direct", plan.Direct, site{live: "www 3600 A 192.0.2.1", want: "www 3600 A 203.0.113.11 probe=http"}, `
			s1 backup [c1]
			s2 probe [c1]
			s3 switch [c1] update www.example.org A`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pol := policy()
			pol.Strategy = tt.strategy
			p := build(t, pol, tt.site)
			if diff := cmp.Diff(lines(tt.want), stepLines(p)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if _, err := plan.Decode(mustEncode(t, p)); err != nil {
				t.Error(err)
			}
		})
	}
}

func mustEncode(t testing.TB, p *plan.Plan) []byte {
	t.Helper()
	doc, err := plan.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestProbeDetails: what is asked stands in the plan.
func TestProbeDetails(t *testing.T) {
	p := build(t, policy(), site{
		live: "a 300 A 192.0.2.1\nb 300 A 192.0.2.1",
		want: "a 300 A 203.0.113.1 probe=http group=x\nb 300 A 203.0.113.1 203.0.113.2 probe=tcp",
	})
	want := []string{
		"3 new addresses answer their probes",
		"203.0.113.1: GET http://www.example.org/ is answered with 2xx or 3xx",
		"servers and resolvers give the new answer, and the service answers its probe",
		"2 new addresses answer their probes",
		"servers and resolvers give the new answer, and the service answers its probe",
		"the new state stays good, and the service answers its probe",
	}
	var got []string
	for _, s := range p.Steps {
		if s.Kind == plan.StepProbe || s.Kind == plan.StepVerify || s.Kind == plan.StepSettle {
			got = append(got, s.Detail)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDecodeRefusesProbes: a sealed plan asks what an inventory could say, and
// nothing else.
func TestDecodeRefusesProbes(t *testing.T) {
	site := site{live: "a 300 A 192.0.2.1\nb 300 A 192.0.2.1", want: "a 300 A 203.0.113.1 probe=https\nb 600 A 192.0.2.1"}
	for _, tt := range []edit{
		{"no port", func(p *plan.Plan) { p.Changes[0].Probe.Port = 0 }, "no port"},
		{"no time", func(p *plan.Plan) { p.Changes[0].Probe.Timeout = 0 }, "timeout_seconds 0"},
		{"all the time", func(p *plan.Plan) { p.Changes[0].Probe.Timeout = 301 }, "timeout_seconds 301"},
		{"another type", func(p *plan.Plan) { p.Changes[0].Probe.Type = "icmp" }, `type "icmp"`},
		{"http with TLS of tcp", func(p *plan.Plan) { p.Changes[0].Probe.Type = plan.ProbeTCP }, "more than a probe of type tcp has"},
		{"TLS with a path", func(p *plan.Plan) { p.Changes[0].Probe.Type = plan.ProbeTLS }, "more than a probe of type tls has"},
		{"another scheme", func(p *plan.Plan) { p.Changes[0].Probe.Scheme = "file" }, `scheme "file"`},
		{"a ca for http", func(p *plan.Plan) { p.Changes[0].Probe.Scheme = "http" }, "a ca for http"},
		{"a relative path", func(p *plan.Plan) { p.Changes[0].Probe.Path = "up" }, `path "up"`},
		{"a path of two lines", func(p *plan.Plan) { p.Changes[0].Probe.Path = "/\r\nHost: x" }, "path"},
		{"a long path", func(p *plan.Plan) { p.Changes[0].Probe.Path = "/" + strings.Repeat("x", 1024) }, "a long path"},
		{"a long body", func(p *plan.Plan) { p.Changes[0].Probe.Body = strings.Repeat("x", 1025) }, "a long path or body"},
		{"a status", func(p *plan.Plan) { p.Changes[0].Probe.Status = "9xx" }, `status "9xx"`},
		{"a host of two lines", func(p *plan.Plan) { p.Changes[0].Probe.Host = "a\r\nb" }, "host"},
		{"a wildcard", func(p *plan.Plan) { p.Changes[0].Probe.Host = "*.example.org" }, `host "*.example.org"`},
		{"no host", func(p *plan.Plan) { p.Changes[0].Probe.Host = "" }, `host ""`},
		{"a TTL is asked", func(p *plan.Plan) { p.Changes[1].Probe = p.Changes[0].Probe }, "a ttl with a probe"},
		{"nobody is asked before the switch", func(p *plan.Plan) { p.Steps = slices.Delete(p.Steps, 2, 3) }, "step 3"},
		{"the probe is gone, its steps are not", func(p *plan.Plan) { p.Changes[0].Probe = nil }, "step 3"},
	} {
		p := build(t, policy(), site)
		if _, err := plan.Decode(mustEncode(t, p)); err != nil {
			t.Fatalf("unedited: %v", err)
		}
		tt.edit(p)
		if _, err := plan.Decode(mustEncode(t, p)); !errors.Is(err, plan.ErrDamaged) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
