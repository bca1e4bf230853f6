package plan_test

import (
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

func rrset(r *zone.RRset) string {
	if r == nil {
		return "-"
	}
	s := r.String()
	if r.Auto {
		s += " auto"
	}
	return s[len(r.Name)+1:]
}

func TestMove(t *testing.T) {
	update := site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 192.0.2.2"}
	low := site{live: "www 60 A 192.0.2.1", want: "www 3600 A 192.0.2.2"}
	create := site{live: "www 7200 CNAME Google.com", want: "www 3600 A 192.0.2.2 replace"}
	gone := site{live: "www 86400 A 192.0.2.1", prune: true}
	ttl := site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 192.0.2.1"}
	off := site{live: "www 300 A 192.0.2.1 proxied", want: "www 3600 A 192.0.2.1 proxied=off"}
	on := site{live: "www 3600 A 192.0.2.1", want: "www 3600 A 192.0.2.2 proxied=on"}
	leave := site{live: "www 300 A 192.0.2.1 proxied", want: "www 3600 A 192.0.2.2 proxied=off"}
	behind := site{live: "www 300 A 192.0.2.1 proxied", want: "www 3600 A 192.0.2.2"}
	tests := []struct {
		name     string
		site     site
		kind     plan.Kind
		strategy plan.Strategy
		from, to string
		replaces zone.Name
	}{
		{"update", update, plan.StepLower, plan.Staged, "86400 A 192.0.2.1", "300 A 192.0.2.1", ""},
		{"update", update, plan.StepSwitch, plan.Staged, "300 A 192.0.2.1", "300 A 192.0.2.2", ""},
		{"update", update, plan.StepRaise, plan.Staged, "300 A 192.0.2.2", "3600 A 192.0.2.2", ""},
		{"direct update", update, plan.StepSwitch, plan.Direct, "86400 A 192.0.2.1", "3600 A 192.0.2.2", ""},
		{"update under the change TTL", low, plan.StepSwitch, plan.Staged, "60 A 192.0.2.1", "60 A 192.0.2.2", ""},
		{"update under the change TTL", low, plan.StepRaise, plan.Staged, "60 A 192.0.2.2", "3600 A 192.0.2.2", ""},
		{"create", create, plan.StepSwitch, plan.Staged, "-", "300 A 192.0.2.2", "google.com."},
		{"create", create, plan.StepRaise, plan.Staged, "300 A 192.0.2.2", "3600 A 192.0.2.2", ""},
		{"direct create", create, plan.StepSwitch, plan.Direct, "-", "3600 A 192.0.2.2", "google.com."},
		{"delete", gone, plan.StepSwitch, plan.Staged, "86400 A 192.0.2.1", "-", ""},
		{"direct delete", gone, plan.StepSwitch, plan.Direct, "86400 A 192.0.2.1", "-", ""},
		{"TTL", ttl, plan.StepLower, plan.Staged, "86400 A 192.0.2.1", "3600 A 192.0.2.1", ""},
		{"direct TTL", ttl, plan.StepSwitch, plan.Direct, "86400 A 192.0.2.1", "3600 A 192.0.2.1", ""},
		{"proxied off", off, plan.StepProxyOff, plan.Staged, "300 A 192.0.2.1 (proxied) auto", "3600 A 192.0.2.1", ""},
		{"values and proxied on", on, plan.StepSwitch, plan.Staged, "3600 A 192.0.2.1", "300 A 192.0.2.2 (proxied) auto", ""},
		{"values and proxied off", leave, plan.StepSwitch, plan.Staged, "300 A 192.0.2.1 (proxied) auto", "300 A 192.0.2.2", ""},
		{"values and proxied off", leave, plan.StepRaise, plan.Staged, "300 A 192.0.2.2", "3600 A 192.0.2.2", ""},
		{"value behind the proxy", behind, plan.StepSwitch, plan.Staged, "300 A 192.0.2.1 (proxied) auto", "300 A 192.0.2.2 (proxied) auto", ""},
	}
	for _, tt := range tests {
		p := policy()
		p.Strategy = tt.strategy
		c := &build(t, p, tt.site).Changes[0]
		before, after := rrset(c.Before.RRset(c.Key)), rrset(c.After.RRset(c.Key))
		m := c.Move(tt.kind)
		if rrset(m.From) != tt.from || rrset(m.To) != tt.to || m.Key != c.Key {
			t.Errorf("%s, %s: %s -> %s, want %s -> %s", tt.name, tt.kind, rrset(m.From), rrset(m.To), tt.from, tt.to)
		}
		if m.Replaces != tt.replaces || (m.ReplacesTTL != 0) != (tt.replaces != "") {
			t.Errorf("%s, %s: replaces %q with TTL %d", tt.name, tt.kind, m.Replaces, m.ReplacesTTL)
		}
		if end := rrset(m.End); end != "-" && (end != after || end == tt.to) || end == "-" && tt.to != after {
			t.Errorf("%s, %s: by way of %s to %s, want %s", tt.name, tt.kind, tt.to, end, after)
		}
		back := m.Inverse()
		if rrset(back.From) != tt.to || rrset(back.To) != tt.from || back.Key != m.Key || back.Replaces != "" || back.ReplacesTTL != 0 || back.End != nil {
			t.Errorf("%s, %s taken back: %+v", tt.name, tt.kind, back)
		}
		if rrset(c.Before.RRset(c.Key)) != before || rrset(c.After.RRset(c.Key)) != after {
			t.Errorf("%s, %s: the change is not as it was", tt.name, tt.kind)
		}
	}
}

func TestKinds(t *testing.T) {
	for k, want := range map[plan.Kind][2]bool{
		plan.StepBackup: {}, plan.StepPreflight: {}, plan.StepGate: {}, plan.StepPropagate: {}, plan.StepVerify: {}, plan.StepProbe: {},
		plan.StepCommand: {}, plan.StepLower: {true, false}, plan.StepSwitch: {true, false}, plan.StepRaise: {true, false},
		plan.StepProxyOff: {true, false}, plan.StepProxyOn: {true, false}, plan.StepExpire: {false, true}, plan.StepSettle: {false, true},
	} {
		if got := [2]bool{k.Writes(), k.Waits()}; got != want {
			t.Errorf("%s writes and waits: %v, want %v", k, got, want)
		}
	}
}

func TestPlanChange(t *testing.T) {
	p := build(t, policy(), site{want: "a 60 A 192.0.2.1\nb 60 A 192.0.2.1"})
	for _, id := range []string{"c1", "c2"} {
		if c, ok := p.Change(id); !ok || c.ID != id {
			t.Errorf("%s: %v, %t", id, c, ok)
		}
	}
	for _, id := range []string{"", "c", "c0", "c3", "c-1", "1", "c01"} {
		if c, ok := p.Change(id); ok {
			t.Errorf("%q: %v", id, c)
		}
	}
	p.Changes[0].ID, p.Changes[1].ID = "c2", "c1" // a plan that was not made here
	if c, ok := p.Change("c1"); !ok || c.ID != "c1" {
		t.Errorf("c1: %v, %t", c, ok)
	}
}
