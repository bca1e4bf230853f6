package execute_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
)

// phaseOf reads "old or new, 60 s, waits".
func phaseOf(p execute.Phase, now time.Time) string {
	words := make([]string, len(p.Addrs))
	for i, set := range p.Addrs {
		words[i] = map[string]string{"[]": "none", "[192.0.2.1]": "old", "[203.0.113.1]": "new"}[fmt.Sprint(set)]
	}
	text := strings.Join(words, " or ")
	if p.TTL > 0 {
		text += fmt.Sprintf(", %d s", p.TTL)
	}
	if p.Until.After(now) {
		text += ", waits " + p.Until.Sub(now).String()
	}
	return text
}

// What servers show of an RRset follows the run, also where it is taken back.
func TestPhase(t *testing.T) {
	low := rrset{zone: org, name: "www", before: 60, after: 60}
	created := rrset{zone: org, name: "www", after: 3600}
	ttlOnly := rrset{zone: org, name: "www", before: 3600, after: 300, same: true}
	for _, tt := range []struct {
		set          rrset
		script, want string
	}{
		{update, "to lower-ttl", "old"},
		{update, "to lower-ttl start", "old"},
		{update, "to propagate", "old"},
		{update, "to expire", "old, 60 s"},
		{update, "to expire ok", "old, 60 s, waits 10m2s"},
		{update, "to gate", "old, 60 s"},
		{update, "to switch start", "old or new, 60 s"},
		{update, "to switch ok", "old or new, 60 s"},
		{update, "to switch ok ok", "new, 60 s"},
		{update, "to switch ok ok ok", "new, 60 s, waits 1m2s"},
		{update, "to settle", "new, 60 s"},
		{update, "to raise-ttl start", "new"},
		{update, "to raise-ttl ok ok", "new"},
		{update, "to switch ok fail", "old or new"},
		{update, "to verify fail", "old or new"},
		{low, "to switch", "old, 60 s"},
		{created, "to switch", "none, 60 s"},
		{created, "to switch start", "none or new, 60 s"},
		{ttlOnly, "to propagate ok", "old"},
	} {
		t.Run(tt.script, func(t *testing.T) {
			r := newRun(planOf(plan.Staged, tt.set))
			r.do(t, tt.script)
			if got := phaseOf(r.state.Phase(&r.p.Changes[0]), r.now); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// A TTL that the provider chooses is not lowered, and is none of the run's until the
// switch.
func TestPhaseOfAnAutomaticTTL(t *testing.T) {
	p := planOf(plan.Staged, rrset{zone: org, name: "www", before: 60, after: 60})
	p.Changes[0].Before.Auto, p.Changes[0].Before.TTL = true, 300
	for script, want := range map[string]string{"to switch": "old", "to settle": "new, 60 s"} {
		r := newRun(p)
		r.do(t, script)
		if got := phaseOf(r.state.Phase(&p.Changes[0]), r.now); got != want {
			t.Errorf("%s: %s, want %s", script, got, want)
		}
	}
}
