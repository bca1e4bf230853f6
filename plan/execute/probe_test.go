package execute_test

import (
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
)

// TestNextWatches: where services are asked, a settling step runs until its
// deadline; elsewhere the run sleeps, and looks at the end.
func TestNextWatches(t *testing.T) {
	for _, probe := range []bool{false, true} {
		r := newRun(planOf(plan.Staged, rrset{zone: org, name: "www", before: 600, after: 600, probe: probe}))
		r.do(t, "to settle ok")
		a := r.next()
		if probe {
			if got := describe(a); got != "run settle" || !a.Until.Equal(r.now.Add(100*time.Second)) {
				t.Errorf("%s until %s", got, a.Until)
			}
			r.do(t, "start") // the process dies
			r.now = r.now.Add(200 * time.Second)
			a = r.next()
		} else if got := describe(a); got != "sleep settle" {
			t.Errorf("%s", got)
		} else {
			r.do(t, "ok")
			a = r.next()
		}
		if got := describe(a); got != "run settle" || !a.Until.IsZero() {
			t.Errorf("behind the deadline: %s until %s", got, a.Until)
		}
	}
}

// TestNextProbes: what fails before the switch gives the TTL back, and the
// addresses of a group wait for its probe.
func TestNextProbes(t *testing.T) {
	r := newRun(planOf(plan.Staged, rrset{zone: org, name: "www", before: 600, after: 600, probe: true}))
	for _, tt := range []struct{ script, want string }{
		{"to probe", "run probe"},
		{"ok", "run lower-ttl"},
		{"to probe", "run probe"},
		{"fail", "close lower-ttl"},
		{"ok", "finish"},
	} {
		r.do(t, tt.script)
		if got := describe(r.next()); got != tt.want {
			t.Fatalf("behind %q: %s, want %s", tt.script, got, tt.want)
		}
	}
	r.do(t, "ok")
	if got := r.state.Result(); got.Outcome != execute.OutcomeFailed || got.Changes[0].Made != execute.RolledBack {
		t.Errorf("%+v", got)
	}
}
