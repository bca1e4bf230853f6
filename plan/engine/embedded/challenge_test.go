package embedded_test

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/preflight"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/probe"
)

// warned is how many attempts fail of what answers well, and has something to say.
const warned = math.MinInt32

// Ask makes services an execute.Challenger.
func (s *services) Ask(ctx context.Context, q preflight.Question) preflight.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	addr := q.Addr.String()
	s.asked[addr] = append(s.asked[addr], time.Now())
	r := preflight.Result{Result: probe.Result{Asked: "the challenge of " + q.Name.Display() + " at " + netip.AddrPortFrom(q.Addr, q.Challenge.Port).String(), Answer: "the token"}}
	switch {
	case ctx.Err() != nil:
		r.Err = ctx.Err()
	case s.unroutable[addr]:
		r.Err, r.Unroutable = errors.New("this machine has no route to it"), true
	case s.ill[addr] == warned:
		r.Warning = "the old address " + q.Old[0].String() + " does not pass it on"
	case s.ill[addr] != 0:
		s.ill[addr]--
		r.Err = errors.New("connection refused")
	}
	return r
}

// challenged is an update of a name that is validated by HTTP-01.
var challenged = scenario{live: liveWWW, want: wantWWW + " challenge"}

// TestChallenges: a new address that does not answer a challenge is not switched
// to, and the TTL that was lowered for it goes back up.
func TestChallenges(t *testing.T) {
	const words = "nothing is switched, www.example.org A: the challenge of www.example.org at 203.0.113.1:80: connection refused (3 tries); put it right, or switch without asking by a plan made with --no-acme-check"
	for name, tt := range map[string]struct {
		scenario
		at         func(r *rig) func(journal.Event) bool
		fails      int
		unroutable bool
		made       execute.Made
		writes     []string
		words      string
		warning    string
	}{
		"well":                {scenario: challenged, made: execute.Applied, writes: []string{lowWWW, switchWWW, isWWW}},
		"as the run begins":   {scenario: challenged, fails: always, made: execute.NotApplied, words: words},
		"twice as it begins":  {scenario: challenged, fails: 2, made: execute.Applied, writes: []string{lowWWW, switchWWW, isWWW}},
		"no route":            {scenario: challenged, unroutable: true, made: execute.Applied, writes: []string{lowWWW, switchWWW, isWWW}, warning: "www.example.org A: 203.0.113.1 is not probed"},
		"without a bridge":    {scenario: challenged, fails: warned, made: execute.Applied, writes: []string{lowWWW, switchWWW, isWWW}, warning: "www.example.org A: the old address 192.0.2.1 does not pass it on"},
		"behind the switch":   {scenario: challenged, at: func(r *rig) func(journal.Event) bool { return r.nth(plan.StepSwitch, 1) }, fails: always, made: execute.Applied, writes: []string{lowWWW, switchWWW, isWWW}},
		"before it is direct": {scenario: scenario{live: liveWWW, want: wantWWW + " challenge", policy: func(p *plan.Policy) { p.Strategy = plan.Direct }}, fails: always, made: execute.NotApplied, words: words},
		"while the old TTL runs out": {
			scenario: challenged, at: func(r *rig) func(journal.Event) bool { return armed(r.step(plan.StepExpire, 1)) },
			fails: always, made: execute.RolledBack, writes: []string{lowWWW, wasWWW}, words: words,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.inBubble(t, func(t *testing.T, r *rig) {
				r.w.services.unroutable[newWeb] = tt.unroutable
				r.ails(tt.at, tt.fails)
				r.comesTo(tt.made, tt.writes, tt.words)
				if got := warningsOf(r); (got == "") != (tt.warning == "") || !strings.Contains(got, tt.warning) {
					t.Errorf("warnings %q, want %q", got, tt.warning)
				}
			})
		})
	}
}

// warningsOf are those that the journal holds.
func warningsOf(r *rig) string {
	var out []string
	for _, e := range r.events() {
		if e.Kind == journal.Warning {
			out = append(out, e.Message)
		}
	}
	return strings.Join(out, "\n")
}
