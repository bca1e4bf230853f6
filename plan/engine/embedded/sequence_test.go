package embedded_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers"
)

const (
	oldTTL    = 600
	lowTTL    = 60
	lastLag   = 5 * time.Second // of the second authoritative server
	soon      = 20 * time.Second
	liveWWW   = "www 600 A 192.0.2.1"
	wantWWW   = "www 600 A 203.0.113.1"
	wasWWW    = "www.example.org. 600 A 192.0.2.1"
	lowWWW    = "www.example.org. 60 A 192.0.2.1"
	switchWWW = "www.example.org. 60 A 203.0.113.1"
	isWWW     = "www.example.org. 600 A 203.0.113.1"
)

var update = scenario{live: liveWWW, want: wantWWW}

func TestSequence(t *testing.T) {
	tests := map[string]struct {
		scenario
		writes []string
		// lasts is the least time that the run takes, by its computed waits.
		lasts time.Duration
	}{
		"update": {update, []string{lowWWW, switchWWW, isWWW}, (oldTTL + lowTTL + 100) * time.Second},
		"update at or under the change TTL": {
			scenario{live: "www 60 A 192.0.2.1", want: "www 60 A 203.0.113.1"},
			[]string{switchWWW},
			(lowTTL + 100) * time.Second,
		},
		"update to a higher TTL": {
			scenario{live: "www 30 A 192.0.2.1", want: wantWWW},
			[]string{"www.example.org. 30 A 203.0.113.1", isWWW},
			(30 + 100) * time.Second,
		},
		"addition": {
			scenario{live: liveWWW, want: "www 600 A 192.0.2.1 203.0.113.1"},
			[]string{lowWWW, "www.example.org. 60 A 192.0.2.1 203.0.113.1", "www.example.org. 600 A 192.0.2.1 203.0.113.1"},
			(oldTTL + lowTTL + 100) * time.Second,
		},
		"create": {
			scenario{live: "@ 600 A 192.0.2.1", want: "@ 600 A 192.0.2.1\n" + wantWWW},
			[]string{switchWWW, isWWW},
			(negative + 100) * time.Second,
		},
		"create below a wildcard": {
			scenario{live: "* 300 A 192.0.2.7", want: "* 300 A 192.0.2.7\n" + wantWWW},
			[]string{switchWWW, isWWW},
			(300 + 100) * time.Second,
		},
		"delete": {
			scenario{live: liveWWW + "\n@ 600 A 192.0.2.1", want: "@ 600 A 192.0.2.1", prune: true},
			[]string{"delete www.example.org. A"},
			oldTTL * time.Second,
		},
		"TTL down": {
			scenario{live: liveWWW, want: "www 300 A 192.0.2.1"},
			[]string{"www.example.org. 300 A 192.0.2.1"},
			0,
		},
		"TTL up": {
			scenario{live: liveWWW, want: "www 900 A 192.0.2.1"},
			[]string{"www.example.org. 900 A 192.0.2.1"},
			0,
		},
		"replace a CNAME": {
			scenario{live: "www 900 CNAME web.example.com.", want: wantWWW + " replace"},
			[]string{switchWWW + " for CNAME web.example.com.", isWWW},
			(900 + 100) * time.Second,
		},
		"two groups": {
			scenario{
				live: "a 600 A 192.0.2.1\nb 600 A 192.0.2.2\nc 300 A 192.0.2.3",
				want: "a 600 A 203.0.113.1 group=one\nb 600 A 203.0.113.2 group=two\nc 300 A 203.0.113.3",
			},
			[]string{
				"a.example.org. 60 A 192.0.2.1; b.example.org. 60 A 192.0.2.2; c.example.org. 60 A 192.0.2.3",
				"a.example.org. 60 A 203.0.113.1", "b.example.org. 60 A 203.0.113.2", "c.example.org. 60 A 203.0.113.3",
				"a.example.org. 600 A 203.0.113.1; b.example.org. 600 A 203.0.113.2; c.example.org. 300 A 203.0.113.3",
			},
			(oldTTL + 3*lowTTL + 100) * time.Second,
		},
		"both families in one batch": {
			scenario{live: liveWWW + "\nwww 600 AAAA 2001:db8::1", want: wantWWW + "\nwww 600 AAAA 2001:db8::2"},
			[]string{
				lowWWW + "; www.example.org. 60 AAAA 2001:db8::1",
				switchWWW + "; www.example.org. 60 AAAA 2001:db8::2",
				isWWW + "; www.example.org. 600 AAAA 2001:db8::2",
			},
			(oldTTL + lowTTL + 100) * time.Second,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.inBubble(t, func(t *testing.T, r *rig) {
				o := r.watch()
				result := r.run()
				done := time.Now()
				o.end(oldTTL * time.Second)
				r.wantOutcome(result, execute.OutcomeDone)
				r.wantWrites(tt.writes...)
				if took := done.Sub(r.began); took < tt.lasts || took > tt.lasts+2*time.Minute {
					t.Errorf("took %s, want %s and a little", took, tt.lasts)
				}
				if r.plan.Changes[0].Action != plan.TTL {
					o.wantForgotten(r, done)
				}
			})
		})
	}
}

// Invariant 6: the wait is the TTL that was live before, counted from the moment
// the last authoritative server serves the lowered TTL.
func TestSwitchWaitsForTheLastServerAndTheOldTTL(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.w.servers[org][1].lag = 3 * time.Minute
		r.w.onWrite = func(_ zone.Name, c []providers.Change) {
			if c[0].After.TTL != lowTTL || c[0].After.Addrs[0].String() != "203.0.113.1" {
				return
			}
			for _, cache := range r.w.resolvers {
				if left := cache.entries[c[0].Key()].ends - time.Now().Unix(); left > lowTTL {
					t.Errorf("%s: switched while %s holds the old answer for %d s", setOf(c[0]), cache.name, left)
				}
			}
		}
		o := r.watch()
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		done := time.Now()
		o.end(oldTTL * time.Second)
		o.wantForgotten(r, done)
		lowered := r.wroteAt(1).Add(3 * time.Minute)
		if earliest := lowered.Add(oldTTL * time.Second); r.wroteAt(2).Before(earliest) || r.wroteAt(2).After(earliest.Add(soon)) {
			t.Errorf("switched %s after the last server had the low TTL, want 600 s and a little", r.wroteAt(2).Sub(lowered))
		}
		switched := r.wroteAt(2).Add(3 * time.Minute)
		verified := r.doneAt(r.step(plan.StepVerify, 1), org)
		if earliest := switched.Add(lowTTL * time.Second); verified.Before(earliest) || r.wroteAt(3).Before(verified.Add(100*time.Second)) {
			t.Errorf("verified %s after the last server had the new answer, raised %s after that", verified.Sub(switched), r.wroteAt(3).Sub(verified))
		}
	})
}

// A wildcard answers where the deleted name was: a server that still has the
// name is not taken for one that has not.
func TestDeleteBelowAWildcard(t *testing.T) {
	const star = "* 300 A 192.0.2.7"
	s := scenario{live: star + "\n" + liveWWW, want: star, prune: true}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.w.servers[org][1].lag = 3 * time.Minute
		o := r.watch()
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		done := time.Now()
		o.end(oldTTL * time.Second)
		for what, at := range o.last {
			if strings.HasSuffix(what, "192.0.2.1") && at.After(done) {
				t.Errorf("%s was given %s after the end", what, at.Sub(done))
			}
		}
	})
}

// A server that never takes the deletion is told, whatever the TTLs are: here
// the wildcard's is the deleted name's.
func TestDeleteBelowAWildcardThatAServerNeverTakes(t *testing.T) {
	const star = "* 600 A 192.0.2.7"
	s := scenario{live: star + "\n" + liveWWW, want: star, prune: true}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepSwitch, 1)), func() { r.w.set(r.w.servers[org][1].freeze) })
		result := r.run()
		r.wantOutcome(result, execute.OutcomeFailed, execute.RolledBack)
		r.wantFailure(result, execute.Disagree, "192.0.2.1")
	})
}

// A server that never takes the proxy goes on giving the origin's address,
// which is no edge's.
func TestProxyOnThatAServerNeverTakes(t *testing.T) {
	s := scenario{live: liveWWW, want: liveWWW + " proxied"}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepProxyOn, 1)), func() { r.w.set(r.w.servers[org][1].freeze) })
		result := r.run()
		r.wantOutcome(result, execute.OutcomeFailed, execute.RolledBack)
		r.wantFailure(result, execute.Disagree, "192.0.2.1")
	})
}

// A new name is asked for at resolvers only when nothing can poison their caches
// any more.
func TestCreateAsksNoResolverBeforeTheNegativeTTL(t *testing.T) {
	s := scenario{live: "@ 600 A 192.0.2.1", want: "@ 600 A 192.0.2.9\n" + wantWWW}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied, execute.Applied)
		served := r.wroteAt(2).Add(lastLag)
		asked := map[zone.Name]bool{}
		for _, q := range r.w.asked {
			asked[q.key.Name] = true
			if q.key.Name == "www."+org && q.at.Before(served.Add(negative*time.Second)) {
				t.Errorf("a resolver was asked for %s %s after the last server had it", q.key, q.at.Sub(served))
			}
		}
		if !asked[org] || !asked["www."+org] {
			t.Errorf("asked for %v, want the apex and www", asked)
		}
	})
}

func TestTwoZonesMoveTogetherAndSeparately(t *testing.T) {
	s := scenario{live: liveWWW, want: wantWWW, liveNet: "www 300 A 192.0.2.5", wantNet: "www 300 A 203.0.113.5"}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied, execute.Applied)
		r.wantLive(org, isWWW)
		r.wantLive(net, "www.example.net. 300 A 203.0.113.5")
		if got := len(r.w.landed()); got != 6 {
			t.Errorf("%d writes, want 3 in each zone", got)
		}
		if diff := cmp.Diff(2, len(r.w.saved)); diff != "" {
			t.Errorf("backups: %s", diff)
		}
	})
}

func TestDirectNeverAsksTheDNS(t *testing.T) {
	s := update
	s.policy = func(p *plan.Policy) { p.Strategy = plan.Direct }
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.w.servers[org][0].dead, r.w.servers[org][1].dead = true, true
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		r.wantWrites(isWWW)
		if len(r.w.asked) > 0 || time.Since(r.began) > time.Second {
			t.Errorf("%d questions in %s", len(r.w.asked), time.Since(r.began))
		}
	})
}

// Without servers to ask, waits count from the write.
func TestNoServersToAsk(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.w.unnamed = true
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		if wait := r.wroteAt(2).Sub(r.wroteAt(1)); wait != oldTTL*time.Second+execute.Margin {
			t.Errorf("waited %s", wait)
		}
	})
}

func TestNoResolversToAsk(t *testing.T) {
	for _, require := range []string{"all", "majority", "2"} {
		s := update
		s.policy = func(p *plan.Policy) { p.Require, p.Resolvers = require, nil }
		s.inBubble(t, func(t *testing.T, r *rig) {
			r.w.resolvers = nil
			r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		})
	}
}

func TestSecondPlanIsEmpty(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.run()
		d := &plan.Desired{ZoneRef: plan.ZoneRef{Zone: org}, Records: recordsOf(t, org, wantWWW)}
		if diff := plan.Diff(d, r.w.provider.Snapshot(org), plan.Selection{}); len(diff.Changes) > 0 {
			t.Errorf("changes: %v", diff.Changes)
		}
	})
}

func TestProxiedValueIsJudgedByReadBack(t *testing.T) {
	s := scenario{live: "www 300 A 192.0.2.1 proxied", want: "www 300 A 203.0.113.1 proxied"}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		r.wantWrites("www.example.org. 300 A 203.0.113.1 (proxied)")
	})
}

func TestProxyOnWithNewValues(t *testing.T) {
	s := scenario{live: liveWWW, want: wantWWW + " proxied"}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		r.wantWrites("www.example.org. 300 A 203.0.113.1 (proxied)")
		if wait := r.wroteAt(1).Sub(r.began); wait > soon {
			t.Errorf("switched after %s: the TTL was not lowered, so there is none to be forgotten", wait)
		}
	})
}

func TestChangeLogHoldsWhatWasApplied(t *testing.T) {
	s := update
	s.policy = func(p *plan.Policy) { p.Reason, p.Ticket, p.By = "new rack", "OPS-7", "ada" }
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.run()
		log, err := journal.ReadChanges(r.state)
		if err != nil || len(log) != 1 {
			t.Fatalf("change log: %v, %v", log, err)
		}
		c := log[0]
		got := strings.Join([]string{c.Action, string(c.Name), c.OldValues[0], c.NewValues[0], c.Reason, c.Ticket, c.By, c.Run}, " ")
		if got != "update www.example.org. 192.0.2.1 203.0.113.1 new rack OPS-7 ada RUN" {
			t.Errorf("entry %q", got)
		}
		if len(c.VerifiedBy) != 4+3 {
			t.Errorf("verified by %q, want four addresses and three resolvers", c.VerifiedBy)
		}
	})
}
