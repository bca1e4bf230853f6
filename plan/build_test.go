package plan_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// stepLines writes the steps in a line each: id, kind, changes, then the
// seconds of a wait, what a write does, and the group.
func stepLines(p *plan.Plan) string {
	var b strings.Builder
	for _, st := range p.Steps {
		fmt.Fprintf(&b, "%s %s %v", st.ID, st.Kind, st.Changes)
		switch {
		case st.Kind.Waits():
			fmt.Fprintf(&b, " %d s", st.Seconds)
		case st.Kind.Writes():
			b.WriteString(" " + st.Detail)
		}
		if st.Group != "" {
			b.WriteString(" group " + st.Group)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestBuild holds the table of the staged sequence, one row a kind of change.
// The zone's negative TTL is 900 s, the change TTL 300 s, settling takes 600 s.
func TestBuild(t *testing.T) {
	tests := []struct {
		name string
		site site
		want string
	}{
		{"nothing to do", site{live: "www 300 A 192.0.2.1", want: "www 300 A 192.0.2.1"}, ``},
		{"update", site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 203.0.113.11"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 lower-ttl [c1] 86400 -> 300
			s4 propagate [c1]
			s5 expire [c1] 86400 s
			s6 gate [c1]
			s7 switch [c1] update www.example.org A
			s8 propagate [c1]
			s9 expire [c1] 300 s
			s10 verify [c1]
			s11 settle [c1] 600 s
			s12 raise-ttl [c1] 300 -> 3600`},
		{"partial update", site{live: "www 3600 A 192.0.2.1 192.0.2.2", want: "www 3600 A 192.0.2.2"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 lower-ttl [c1] 3600 -> 300
			s4 propagate [c1]
			s5 expire [c1] 3600 s
			s6 gate [c1]
			s7 switch [c1] update www.example.org A
			s8 propagate [c1]
			s9 expire [c1] 300 s
			s10 verify [c1]
			s11 settle [c1] 600 s
			s12 raise-ttl [c1] 300 -> 3600`},
		{"update at the change TTL: no lowering, no first wait, no raise", site{live: "www 300 A 192.0.2.1", want: "www 300 A 192.0.2.2"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 gate [c1]
			s4 switch [c1] update www.example.org A
			s5 propagate [c1]
			s6 expire [c1] 300 s
			s7 verify [c1]
			s8 settle [c1] 600 s`},
		{"update under the change TTL, to a higher one", site{live: "www 60 A 192.0.2.1", want: "www 3600 A 192.0.2.2"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 gate [c1]
			s4 switch [c1] update www.example.org A
			s5 propagate [c1]
			s6 expire [c1] 60 s
			s7 verify [c1]
			s8 settle [c1] 600 s
			s9 raise-ttl [c1] 60 -> 3600`},
		{"update to a TTL under the change TTL", site{live: "www 3600 A 192.0.2.1", want: "www 60 A 192.0.2.2"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 lower-ttl [c1] 3600 -> 60
			s4 propagate [c1]
			s5 expire [c1] 3600 s
			s6 gate [c1]
			s7 switch [c1] update www.example.org A
			s8 propagate [c1]
			s9 expire [c1] 60 s
			s10 verify [c1]
			s11 settle [c1] 600 s`},
		{"update where the provider's minimum is above the change TTL", site{live: "www 86400 A 192.0.2.1", want: "www 7200 A 192.0.2.2", minTTL: 3600}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 lower-ttl [c1] 86400 -> 3600
			s4 propagate [c1]
			s5 expire [c1] 86400 s
			s6 gate [c1]
			s7 switch [c1] update www.example.org A
			s8 propagate [c1]
			s9 expire [c1] 3600 s
			s10 verify [c1]
			s11 settle [c1] 600 s
			s12 raise-ttl [c1] 3600 -> 7200`},
		{"create", site{want: "www 3600 A 203.0.113.11"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 switch [c1] create www.example.org A
			s4 propagate [c1]
			s5 expire [c1] 900 s
			s6 verify [c1]
			s7 settle [c1] 600 s
			s8 raise-ttl [c1] 300 -> 3600`},
		{"create below a wildcard", site{live: "* 7200 A 192.0.2.1", want: "* 7200 A 192.0.2.1\nwww 60 A 203.0.113.11"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 switch [c1] create www.example.org A
			s4 propagate [c1]
			s5 expire [c1] 7200 s
			s6 verify [c1]
			s7 settle [c1] 600 s`},
		{"create where the provider shows no SOA", site{want: "www 60 A 203.0.113.11", noSOA: true}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 switch [c1] create www.example.org A
			s4 propagate [c1]
			s5 expire [c1] 3600 s
			s6 verify [c1]
			s7 settle [c1] 600 s`},
		{"delete", site{live: "old 7200 A 192.0.2.9", prune: true}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 switch [c1] delete old.example.org A
			s4 propagate [c1]
			s5 expire [c1] 7200 s
			s6 verify [c1]`},
		{"TTL down only", site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 192.0.2.1"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 lower-ttl [c1] 86400 -> 3600
			s4 propagate [c1]`},
		{"TTL up only", site{live: "www 60 A 192.0.2.1", want: "www 3600 A 192.0.2.1"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 raise-ttl [c1] 60 -> 3600
			s4 propagate [c1]`},
		{"TTL down and up", site{live: "a 86400 A 192.0.2.1\nb 60 A 192.0.2.1", want: "a 3600 A 192.0.2.1\nb 3600 A 192.0.2.1"}, `
			s1 backup [c1 c2]
			s2 preflight [c1 c2]
			s3 lower-ttl [c1] 86400 -> 3600
			s4 propagate [c1]
			s5 raise-ttl [c2] 60 -> 3600
			s6 propagate [c2]`},
		{"TTLs beside an update", site{
			live: "down 86400 A 192.0.2.1\nup 60 A 192.0.2.1\nwww 7200 A 192.0.2.1", want: "down 600 A 192.0.2.1\nup 3600 A 192.0.2.1\nwww 7200 A 192.0.2.2",
		}, `
			s1 backup [c1 c2 c3]
			s2 preflight [c1 c2 c3]
			s3 lower-ttl [c1 c3] 7200..86400 -> 300..600
			s4 propagate [c1 c3]
			s5 expire [c3] 7200 s
			s6 gate [c3]
			s7 switch [c3] update www.example.org A
			s8 propagate [c3]
			s9 expire [c3] 300 s
			s10 verify [c3]
			s11 settle [c3] 600 s
			s12 raise-ttl [c2 c3] 60..300 -> 3600..7200
			s13 propagate [c2]`},
		{"replace a CNAME", site{live: "www 7200 CNAME google.com.", want: "www 3600 A 192.0.2.1 replace\nwww 3600 AAAA 2001:db8::1 replace"}, `
			s1 backup [c1 c2]
			s2 preflight [c1 c2]
			s3 switch [c1 c2] 2 create
			s4 propagate [c1 c2]
			s5 expire [c1 c2] 7200 s
			s6 verify [c1 c2]
			s7 settle [c1 c2] 600 s
			s8 raise-ttl [c1 c2] 300 -> 3600`},
		{"replace a CNAME whose TTL is under the negative one", site{live: "www 60 CNAME google.com.", want: "www 60 A 192.0.2.1 replace"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 switch [c1] create www.example.org A
			s4 propagate [c1]
			s5 expire [c1] 900 s
			s6 verify [c1]
			s7 settle [c1] 600 s`},
		{"value of a proxied record", site{live: "www 300 A 192.0.2.1 proxied", want: "www 3600 A 192.0.2.2"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 switch [c1] update www.example.org A
			s4 verify [c1]`},
		{"proxied off", site{live: "www 300 A 192.0.2.1 proxied", want: "www 3600 A 192.0.2.1 proxied=off"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 proxy-off [c1] proxied www.example.org A
			s4 propagate [c1]
			s5 expire [c1] 300 s
			s6 verify [c1]`},
		{"proxied on, both families", site{live: "www 3600 A 192.0.2.1\nwww 7200 AAAA 2001:db8::1", want: "www 3600 A 192.0.2.1 proxied=on"}, `
			s1 backup [c1 c2]
			s2 preflight [c1 c2]
			s3 proxy-on [c1 c2] 2 proxied
			s4 propagate [c1 c2]
			s5 expire [c1 c2] 7200 s
			s6 verify [c1 c2]`},
		{"values and proxy off", site{live: "www 300 A 192.0.2.1 proxied", want: "www 3600 A 192.0.2.2 proxied=off"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 gate [c1]
			s4 switch [c1] update www.example.org A
			s5 propagate [c1]
			s6 expire [c1] 300 s
			s7 verify [c1]
			s8 settle [c1] 600 s
			s9 raise-ttl [c1] 300 -> 3600`},
		{"values and proxy on", site{live: "www 3600 A 192.0.2.1", want: "www 3600 A 192.0.2.2 proxied=on"}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 switch [c1] update www.example.org A
			s4 propagate [c1]
			s5 expire [c1] 3600 s
			s6 verify [c1]
			s7 settle [c1] 600 s`},

		{"an earlier run left a low TTL and caches that hold a long one", site{
			live: "www 300 A 192.0.2.1", want: "www 3600 A 192.0.2.2", cached: map[string]zone.TTL{"www.example.org. A": 40000},
		}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 expire [c1] 40000 s
			s4 gate [c1]
			s5 switch [c1] update www.example.org A
			s6 propagate [c1]
			s7 expire [c1] 300 s
			s8 verify [c1]
			s9 settle [c1] 600 s
			s10 raise-ttl [c1] 300 -> 3600`},
		{"leftovers that are longer than the TTL that goes down", site{
			live: "www 3600 A 192.0.2.1", want: "www 3600 A 192.0.2.2", cached: map[string]zone.TTL{"www.example.org. A": 40000},
		}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 lower-ttl [c1] 3600 -> 300
			s4 propagate [c1]
			s5 expire [c1] 40000 s
			s6 gate [c1]
			s7 switch [c1] update www.example.org A
			s8 propagate [c1]
			s9 expire [c1] 300 s
			s10 verify [c1]
			s11 settle [c1] 600 s
			s12 raise-ttl [c1] 300 -> 3600`},
		{"leftovers that are gone before the wait behind the switch is over", site{
			live: "www 300 A 192.0.2.1", want: "www 300 A 192.0.2.2", cached: map[string]zone.TTL{"www.example.org. A": 200},
		}, `
			s1 backup [c1]
			s2 preflight [c1]
			s3 gate [c1]
			s4 switch [c1] update www.example.org A
			s5 propagate [c1]
			s6 expire [c1] 300 s
			s7 verify [c1]
			s8 settle [c1] 600 s`},
		{"leftovers of what is created or deleted", site{
			live: "old 300 A 192.0.2.9", want: "new 60 A 192.0.2.1", prune: true,
			cached: map[string]zone.TTL{"old.example.org. A": 5000, "new.example.org. A": 4000},
		}, `
			s1 backup [c1 c2]
			s2 preflight [c1 c2]
			s3 switch [c1 c2] 1 create, 1 delete
			s4 propagate [c1 c2]
			s5 expire [c1 c2] 5000 s
			s6 verify [c1 c2]
			s7 settle [c1] 600 s`},

		{"groups in name order, then what has none and deletions", site{
			live: "a 3600 A 192.0.2.1\nb 7200 A 192.0.2.1\nc 300 A 192.0.2.1\nold 600 A 192.0.2.9",
			want: "a 3600 A 192.0.2.2 group=web\nb 3600 A 192.0.2.2 group=api\nc 300 A 192.0.2.2\nd 60 A 192.0.2.2 group=web", prune: true,
		}, `
			s1 backup [c1 c2 c3 c4 c5]
			s2 preflight [c1 c2 c3 c4 c5]
			s3 lower-ttl [c1 c2] 3600..7200 -> 300
			s4 propagate [c1 c2]
			s5 expire [c1 c2] 7200 s
			s6 gate [c1 c2 c3]
			s7 switch [c2] update b.example.org A group api
			s8 propagate [c2] group api
			s9 expire [c2] 300 s group api
			s10 verify [c2] group api
			s11 switch [c1 c4] 1 create, 1 update group web
			s12 propagate [c1 c4] group web
			s13 expire [c1 c4] 900 s group web
			s14 verify [c1 c4] group web
			s15 switch [c3 c5] 1 update, 1 delete
			s16 propagate [c3 c5]
			s17 expire [c3 c5] 600 s
			s18 verify [c3 c5]
			s19 settle [c1 c2 c3 c4] 600 s
			s20 raise-ttl [c1 c2] 300 -> 3600`},
		{"a group that only changes TTLs has no switch", site{
			live: "a 3600 A 192.0.2.1\nb 300 A 192.0.2.1", want: "a 600 A 192.0.2.1 group=api\nb 300 A 192.0.2.2 group=web",
		}, `
			s1 backup [c1 c2]
			s2 preflight [c1 c2]
			s3 lower-ttl [c1] 3600 -> 600
			s4 propagate [c1]
			s5 gate [c2]
			s6 switch [c2] update b.example.org A group web
			s7 propagate [c2] group web
			s8 expire [c2] 300 s group web
			s9 verify [c2] group web
			s10 settle [c2] 600 s`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := build(t, policy(), tt.site)
			if diff := cmp.Diff(lines(tt.want), stepLines(p)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			var sum int64
			for i, st := range p.Steps {
				sum += st.Seconds
				if want := []string{fmt.Sprintf("s%d", i)}; i > 0 && !slices.Equal(st.After, want) {
					t.Errorf("%s comes after %v", st.ID, st.After)
				}
			}
			if p.Summary.Duration != sum {
				t.Errorf("the plan takes %d s, its steps %d s", p.Summary.Duration, sum)
			}
		})
	}
}

func TestBuildDirect(t *testing.T) {
	p := policy()
	p.Strategy = plan.Direct
	got := build(t, p, site{
		live:  "a 86400 A 192.0.2.1\nb 300 A 192.0.2.1\nold 300 A 192.0.2.9\nx 300 A 192.0.2.1 proxied",
		want:  "a 3600 A 192.0.2.2 group=web\nb 600 A 192.0.2.1\nc 3600 A 192.0.2.2\nx 600 A 192.0.2.1 proxied=off",
		prune: true, minTTL: 600, servers: []string{},
	})
	want := lines(`
		s1 backup [c1 c2 c3 c4 c5]
		s2 switch [c1 c2 c3 c4 c5] 1 create, 1 update, 1 ttl, 1 proxied, 1 delete`)
	if diff := cmp.Diff(want, stepLines(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(got.Warnings) > 0 || got.Summary.Duration != 0 {
		t.Errorf("warnings %v, %d s", got.Warnings, got.Summary.Duration)
	}
	for i := range got.Changes {
		if c := &got.Changes[i]; c.ChangeTTL != 0 || c.Strategy != plan.Direct {
			t.Errorf("%s: change TTL %d, %s", c.Key, c.ChangeTTL, c.Strategy)
		}
	}
}

func TestBuildSeveralZones(t *testing.T) {
	internal := site{view: "internal", live: "www 600 A 192.0.2.1", want: "www 600 A 192.0.2.2 group=web"}
	external := site{view: "external", live: "www 3600 A 192.0.2.1", want: "www 3600 A 192.0.2.2 group=web"}
	com := site{zone: "example.com", live: "www 60 A 192.0.2.1", want: "www 60 A 192.0.2.2"}
	same := site{zone: "example.net", live: "www 60 A 192.0.2.1", want: "www 60 A 192.0.2.1"}
	p := build(t, policy(), same, internal, com, external)
	var zones []string
	for _, z := range p.Zones {
		zones = append(zones, z.String())
	}
	if want := []string{"example.com.", "example.net.", "example.org./external", "example.org./internal"}; !slices.Equal(zones, want) {
		t.Errorf("zones %q, want %q", zones, want)
	}
	want := lines(`
		s1 backup [c1 c2 c3]
		s2 preflight [c1 c2 c3]
		s3 lower-ttl [c2 c3] 600..3600 -> 300
		s4 propagate [c2 c3]
		s5 expire [c2 c3] 3600 s
		s6 gate [c1 c2 c3]
		s7 switch [c2 c3] 2 update group web
		s8 propagate [c2 c3] group web
		s9 expire [c2 c3] 300 s group web
		s10 verify [c2 c3] group web
		s11 switch [c1] update www.example.com A
		s12 propagate [c1]
		s13 expire [c1] 60 s
		s14 verify [c1]
		s15 settle [c1 c2 c3] 600 s
		s16 raise-ttl [c2 c3] 300 -> 600..3600`)
	if diff := cmp.Diff(want, stepLines(p)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if p.Steps[0].Detail != "keep a copy of 3 zones" {
		t.Errorf("backup of %q", p.Steps[0].Detail)
	}
	if again := build(t, policy(), external, com, internal, same); !slices.Equal(marshal(t, again), marshal(t, p)) {
		t.Error("the order of zones changes the plan")
	}
}

func TestBuildWithoutSettling(t *testing.T) {
	p := policy()
	p.Settle = 0
	got := build(t, p, site{live: "www 3600 A 192.0.2.1", want: "www 3600 A 192.0.2.2"})
	if strings.Contains(stepLines(got), "settle") || !strings.Contains(stepLines(got), "raise-ttl") {
		t.Errorf("steps:\n%s", stepLines(got))
	}
}

// TestBuildDuration is the example of the JSON contract: 86400 + 300 + 600.
func TestBuildDuration(t *testing.T) {
	p := build(t, policy(), site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 203.0.113.11"})
	if p.Summary.Duration != 87300 {
		t.Errorf("%d s", p.Summary.Duration)
	}
}

func TestBuildWarns(t *testing.T) {
	quiet := policy()
	quiet.Resolvers = nil
	tests := []struct {
		name   string
		policy plan.Policy
		site   site
		want   []string
	}{
		{"nothing", policy(), site{live: "www 300 A 192.0.2.1", want: "www 300 A 192.0.2.2"}, nil},
		{"no resolvers", quiet, site{live: "www 300 A 192.0.2.1", want: "www 300 A 192.0.2.2"}, []string{"no-resolvers "}},
		{"no resolvers, and nothing to do", quiet, site{}, nil},
		{"no servers", policy(), site{want: "www 300 A 192.0.2.2", servers: []string{}}, []string{"no-authoritative-check example.org."}},
		{"servers", policy(), site{want: "www 300 A 192.0.2.2", servers: []string{"192.0.2.53"}}, nil},
		{
			"change TTL under the provider's minimum", policy(),
			site{live: "www 3600 A 192.0.2.1", want: "www 3600 A 192.0.2.2", minTTL: 600},
			[]string{"change-ttl-clamped example.org."},
		},
		{"TTL only needs no change TTL", policy(), site{live: "www 3600 A 192.0.2.1", want: "www 7200 A 192.0.2.1", minTTL: 600}, nil},
		{"TTL under the minimum", policy(), site{want: "www 60 A 192.0.2.2", minTTL: 120}, []string{"ttl-clamped www.example.org."}},
	}
	for _, tt := range tests {
		var got []string
		for _, w := range build(t, tt.policy, tt.site).Warnings {
			got = append(got, w.Code+" "+w.Name)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestBuildForMixedTTLs: what makes the TTLs of a set equal is a step, is saved, and is
// not asked for again once they are.
func TestBuildForMixedTTLs(t *testing.T) {
	p := build(t, policy(), site{live: "www 7200 A 192.0.2.1 192.0.2.2 mixed", want: "www 7200 A 192.0.2.1 192.0.2.2"})
	if c := p.Changes[0]; c.Action != plan.TTL || !c.Before.Mixed || c.After.Mixed {
		t.Errorf("change %+v, before %+v, after %+v", c, c.Before, c.After)
	}
	if !slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Kind == plan.StepRaise }) {
		t.Errorf("no step raises a TTL: %+v", p.Steps)
	}
	saved, err := plan.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := plan.Decode(saved); err != nil || !again.Changes[0].Before.Mixed {
		t.Errorf("read back: %v", err)
	}
	if p := build(t, policy(), site{live: "www 7200 A 192.0.2.1 192.0.2.2", want: "www 7200 A 192.0.2.1 192.0.2.2"}); !p.Empty() {
		t.Errorf("changes %+v", p.Changes)
	}
}

// TestBuildForASlowProvider plans with the bounds of NameSilo: TTLs from 3600
// to 2592000 s, 30 minutes until all servers follow, and no SOA record to see.
func TestBuildForASlowProvider(t *testing.T) {
	s := site{
		live:   "www 86400 A 192.0.2.1\nlow 3600 A 192.0.2.1\nlong 7200 A 192.0.2.1",
		want:   "www 300 A 203.0.113.1\nlow 600 A 203.0.113.1\nlong 4000000 A 192.0.2.1\nnew 60 A 192.0.2.1",
		minTTL: 3600, maxTTL: 2592000, noSOA: true,
	}
	diff := s.diff(t)
	diff.Desired.Sync = 1800
	p := plan.Build([]plan.ZoneDiff{diff}, policy(), origin())
	var warned []string
	for _, w := range p.Warnings {
		warned = append(warned, w.Name+" "+w.Message)
	}
	want := []string{
		"long.example.org. TTL 4000000 is outside what the provider takes: 2592000 is used",
		"low.example.org. TTL 600 is outside what the provider takes: 3600 is used",
		"new.example.org. TTL 60 is outside what the provider takes: 3600 is used",
		"www.example.org. TTL 300 is outside what the provider takes: 3600 is used",
		"example.org. the change TTL 300 is under the provider's minimum: 3600 is used, and the waits follow from it",
	}
	if !slices.Equal(warned, want) {
		t.Errorf("warnings:\n%s\nwant:\n%s", strings.Join(warned, "\n"), strings.Join(want, "\n"))
	}
	// c1 long, c2 low, c3 new, c4 www. The wait before the switch is the old TTL
	// of the one that can be lowered, that behind it the lowest TTL there is. The
	// negative TTL for new, which nobody can see, is taken as an hour.
	wantSteps := lines(`
		s1 backup [c1 c2 c3 c4]
		s2 preflight [c1 c2 c3 c4]
		s3 lower-ttl [c4] 86400 -> 3600
		s4 propagate [c4]
		s5 expire [c4] 86400 s
		s6 gate [c2 c4]
		s7 switch [c2 c3 c4] 1 create, 2 update
		s8 propagate [c2 c3 c4]
		s9 expire [c2 c3 c4] 3600 s
		s10 verify [c2 c3 c4]
		s11 settle [c2 c3 c4] 600 s
		s12 raise-ttl [c1] 7200 -> 2592000
		s13 propagate [c1]`)
	if got := stepLines(p); got != wantSteps {
		t.Errorf("steps:\n%swant:\n%s", got, wantSteps)
	}
	if p.Zones[0].Sync != 1800 || p.Summary.Duration != 86400+3600+600 {
		t.Errorf("sync %d s, duration %d s", p.Zones[0].Sync, p.Summary.Duration)
	}
}

func TestBuildTellsWhatItCannotSee(t *testing.T) {
	for prune, message := range map[bool]string{
		false: "unmanaged names cannot be seen: zone transfer refused",
		true:  "unmanaged names cannot be seen, and nothing is pruned: zone transfer refused",
	} {
		s := site{want: "www 300 A 192.0.2.1", prune: prune, blind: "zone transfer refused"}
		o := origin()
		o.Warnings = []plan.Warning{{Code: "proxied-ttl", Name: "x.example.org.", Message: "ttl has no effect"}}
		p := plan.Build([]plan.ZoneDiff{plan.Diff(s.desired(t), s.snapshot(t), plan.Selection{})}, policy(), o)
		want := []plan.Warning{o.Warnings[0], {Code: "blind", Name: "example.org.", Message: message}}
		if !slices.Equal(p.Warnings, want) {
			t.Errorf("warnings %+v", p.Warnings)
		}
	}
}

func marshal(t testing.TB, p *plan.Plan) []byte {
	t.Helper()
	b, err := plan.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBuildIsDeterministic: equal inputs give equal bytes apart from id and created.
func TestBuildIsDeterministic(t *testing.T) {
	s := site{
		live: "a 3600 A 192.0.2.1\nb 300 A 192.0.2.1 proxied\nb 300 AAAA 2001:db8::1 proxied\nold 300 A 192.0.2.9",
		want: "a 3600 A 192.0.2.2 group=web\nb 300 A 192.0.2.1 proxied=off\nc 60 A 192.0.2.3 group=api", prune: true,
	}
	first := marshal(t, build(t, policy(), s))
	for range 10 {
		if again := marshal(t, build(t, policy(), s)); !bytes.Equal(first, again) {
			t.Fatalf("a second plan differs:\n%s", cmp.Diff(string(first), string(again)))
		}
	}
	other := origin()
	other.ID, other.Created = "01KAR5TQ6B8M2J4Z7XW9C3D5EG", other.Created.Add(time.Hour)
	d := []plan.ZoneDiff{s.diff(t)}
	p := plan.Build(d, policy(), other)
	p.Refusals = plan.Check(d, plan.Allowances{})
	p.ID, p.Created = planID, origin().Created.UTC().Truncate(time.Second)
	if again := marshal(t, p); !bytes.Equal(first, again) {
		t.Errorf("id and time change more than themselves:\n%s", cmp.Diff(string(first), string(again)))
	}
}

// TestPlanJSON holds the whole document, and that its members are the contract's.
func TestPlanJSON(t *testing.T) {
	tests := []struct {
		file string
		site site
	}{
		{"update.json", site{
			live: "www 86400 A 192.0.2.1\nold 300 A 192.0.2.9", want: "www 3600 A 203.0.113.11", servers: []string{"192.0.2.53"},
		}},
		{"empty.json", site{}},
		{"kinds.json", site{
			view: "external", protect: "@", prune: true, minTTL: 60,
			live: "@ 3600 A 192.0.2.1\nttl 60 A 192.0.2.1\ncdn 300 A 192.0.2.1 proxied\nalias 300 A foreign=alias\nold 300 A 192.0.2.9\n" +
				"shop 600 CNAME google.com.\nblog 600 CNAME example.net.\n* 120 A 192.0.2.7",
			want: "@ 3600 A 192.0.2.1 192.0.2.2\nttl 3600 A 192.0.2.1\ncdn 3600 A 192.0.2.1 proxied=off group=web\nalias 300 A 192.0.2.3\n" +
				"shop 300 A 192.0.2.4 replace\nblog 300 A 192.0.2.5\nnew 30 AAAA 2001:db8::1\n* 120 A 192.0.2.7",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			got := marshal(t, build(t, policy(), tt.site))
			path := "testdata/" + tt.file
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got), run with -update to accept:\n%s", path, diff)
			}
			if bytes.Contains(got, []byte("null")) && tt.file != "kinds.json" {
				t.Error("a null list")
			}
		})
	}
}

// TestPlanJSONMembers looks for each member of the contract by its path.
func TestPlanJSONMembers(t *testing.T) {
	var doc map[string]any
	p := build(t, policy(), site{
		live: "www 86400 A 192.0.2.1\nold 300 A 192.0.2.9\nw 60 CNAME google.com.\na 60 A foreign=alias",
		want: "www 3600 A 203.0.113.11\nw 60 A 192.0.2.1\nnew 60 A 192.0.2.1", minTTL: 60, protect: "www", servers: []string{},
	})
	if err := json.Unmarshal(marshal(t, p), &doc); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{
		"format_version": 1.0, "id": planID, "created": "2026-11-23T06:00:00Z", "inventory/path": "inventory.toml", "inventory/sha256": "5eed",
		"zones/0/zone": "example.org.", "zones/0/view": "", "zones/0/provider": "cf",
		"changes/0/id": "c1", "changes/0/zone": "example.org.", "changes/0/name": "new.example.org.", "changes/0/type": "A",
		"changes/0/action": "create", "changes/0/before": nil,
		"changes/1/action": "update", "changes/1/before/ttl": 86400.0, "changes/1/before/values/0": "192.0.2.1", "changes/1/before/proxied": false,
		"changes/1/after/ttl": 3600.0, "changes/1/after/values/0": "203.0.113.11", "changes/1/after/proxied": false,
		"changes/1/strategy": "staged", "changes/1/add/0": "203.0.113.11", "changes/1/remove/0": "192.0.2.1",
		"unmanaged/0/zone": "example.org.", "unmanaged/0/name": "a.example.org.", "unmanaged/0/type": "A", "unmanaged/0/foreign": "alias",
		"unmanaged/1/values/0": "192.0.2.9",
		"conflicts/0/name":     "w.example.org.", "conflicts/0/type": "A", "conflicts/0/reason": "live CNAME google.com.",
		"refusals/0/code": "protected-name", "refusals/0/zone": "example.org.", "refusals/0/allow": "--allow-protected",
		"refusals/0/message": "www.example.org is protected in the inventory",
		"warnings/0/code":    "no-authoritative-check", "warnings/0/name": "example.org.",
		"steps/2/id": "s3", "steps/2/kind": "lower-ttl", "steps/2/changes/0": "c2", "steps/2/after/0": "s2", "steps/2/detail": "86400 -> 300",
		"steps/4/kind": "expire", "steps/4/seconds": 86400.0, "steps/4/detail": "resolvers may hold the old TTL",
		"summary/create": 1.0, "summary/update": 1.0, "summary/ttl": 0.0, "summary/proxied": 0.0, "summary/delete": 0.0,
		"summary/unmanaged": 2.0, "summary/conflicts": 1.0, "summary/duration_seconds": 86400.0 + 900 + 600,
	} {
		if got, ok := member(doc, path); !ok || got != want {
			t.Errorf("%s: %v (there: %t), want %v", path, got, ok, want)
		}
	}
	if v, ok := member(doc, "unmanaged/0/values"); !ok || v == nil {
		t.Errorf("values of an alias: %v", v)
	}
	if v, ok := member(doc, "changes/0/view"); ok {
		t.Errorf("a view where there is none: %v", v)
	}
}

// member walks "a/0/b" down a JSON document.
func member(doc any, path string) (any, bool) {
	for key := range strings.SplitSeq(path, "/") {
		switch v := doc.(type) {
		case map[string]any:
			next, ok := v[key]
			if !ok {
				return nil, false
			}
			doc = next
		case []any:
			i := int(key[0] - '0')
			if i >= len(v) {
				return nil, false
			}
			doc = v[i]
		default:
			return nil, false
		}
	}
	return doc, true
}
