package embedded_test

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
)

func TestPreflightNeedsEveryServer(t *testing.T) {
	for name, breakIt := range map[string]func(*authority){
		"silent":  func(a *authority) { a.dead = true },
		"garbage": func(a *authority) { a.garbage = true },
	} {
		t.Run(name, func(t *testing.T) {
			update.inBubble(t, func(t *testing.T, r *rig) {
				breakIt(r.w.servers[org][1])
				result := r.run()
				r.wantOutcome(result, execute.OutcomeFailed, execute.NotApplied)
				r.wantFailure(result, execute.Unreachable, "ns2.example.org.")
				r.wantWrites()
				if result.Partly || result.Changes[0].Written {
					t.Errorf("partly %t, written %t", result.Partly, result.Changes[0].Written)
				}
			})
		})
	}
}

// A server that loads its zones gets over it; one that says something else, or
// takes too long, does not.
func TestPreflightAsksAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		says    resolver.Status
		lasts   time.Duration
		timeout int64
		fails   bool
		spent   time.Duration // at most, before the failure
	}{
		"a moment of SERVFAIL":     {says: resolver.ServFail, lasts: time.Millisecond},
		"SERVFAIL while it loads":  {says: resolver.ServFail, lasts: 25 * time.Second},
		"REFUSED while it reloads": {says: resolver.Refused, lasts: 25 * time.Second},
		"SERVFAIL that stays":      {says: resolver.ServFail, lasts: time.Hour, fails: true, spent: 30 * time.Second},
		"a short time-out":         {says: resolver.ServFail, lasts: 25 * time.Second, timeout: 10, fails: true, spent: 10 * time.Second},
		"lame":                     {says: resolver.Lame, lasts: 5 * time.Second, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := update
			s.policy = func(p *plan.Policy) { p.Timeout = cmp.Or(tt.timeout, p.Timeout) }
			s.inBubble(t, func(t *testing.T, r *rig) {
				a := r.w.servers[org][1]
				a.refuses, a.until = tt.says, r.began.Add(tt.lasts)
				result := r.run()
				if !tt.fails {
					r.wantOutcome(result, execute.OutcomeDone, execute.Applied)
					return
				}
				r.wantFailure(result, execute.Unreachable, "ns2.example.org.")
				r.wantWrites()
				if spent := time.Since(r.began); spent > tt.spent+time.Second {
					t.Errorf("gave up after %s, want %s", spent, tt.spent)
				}
			})
		})
	}
}

func TestPreflightLeavesOutASilentAddress(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		a := r.w.servers[org][1]
		a.silent = a.addrs[1:]
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		r.wantWarning(a.addrs[1].String())
	})
}

func TestPreflightWantsWhatThePlanSaw(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.w.history[org][0].snapshot = snapshotOf(t, org, "www 600 A 192.0.2.66", negative)
		r.w.servers[org][0].frozen = r.began
		result := r.run()
		r.wantOutcome(result, execute.OutcomeFailed, execute.NotApplied)
		r.wantFailure(result, execute.Disagree, "192.0.2.66")
		r.wantWrites()
	})
}

// A server that still serves a higher TTL than the plan saw makes the wait
// longer.
func TestPreflightSeesAHigherTTL(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.w.history[org] = []version{
			{r.began.Add(-time.Hour), snapshotOf(t, org, "www 2000 A 192.0.2.1", negative)},
			{r.began.Add(-time.Second), r.w.provider.Snapshot(org)},
		}
		o := r.watch()
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		o.end(0)
		if wait := r.wroteAt(2).Sub(r.wroteAt(1)); wait < 2000*time.Second {
			t.Errorf("waited %s, want the 2000 s that the second server gave out", wait)
		}
	})
}

// A cache that was filled before the TTL was lowered in the zone, and still has
// more of it left than the plan saw.
func TestBaselineSeesAHigherTTL(t *testing.T) {
	s := scenario{live: "www 60 A 192.0.2.1", want: "www 60 A 203.0.113.1"}
	s.inBubble(t, func(t *testing.T, r *rig) {
		key := r.plan.Changes[0].Key
		was := lookup(r.w.provider.Snapshot(org), key)
		r.w.resolvers[0].entries[key] = entry{was, r.began.Unix() + 500}
		o := r.watch()
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		done := time.Now()
		o.end(oldTTL * time.Second)
		o.wantForgotten(r, done)
	})
}

func TestResolverDownAtTheBaselineIsLeftOut(t *testing.T) {
	for name, breakIt := range map[string]func(*cache){
		"silent":  func(c *cache) { c.dead = true },
		"garbage": func(c *cache) { c.garbage = true },
	} {
		t.Run(name, func(t *testing.T) {
			update.inBubble(t, func(t *testing.T, r *rig) {
				breakIt(r.w.resolvers[1])
				result := r.run()
				r.wantOutcome(result, execute.OutcomeDone, execute.Applied)
				r.wantWarning("resolver r2 (198.51.100.2:53) is left out")
				if by := result.Changes[0].VerifiedBy; len(by) != 4+2 {
					t.Errorf("verified by %q", by)
				}
			})
		})
	}
}

func TestTooFewResolversAtTheBaseline(t *testing.T) {
	s := update
	s.policy = func(p *plan.Policy) { p.Require = "3" }
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.w.resolvers[1].dead = true
		result := r.run()
		r.wantOutcome(result, execute.OutcomeFailed, execute.NotApplied)
		r.wantFailure(result, execute.Unreachable, "2 of 3 resolvers", "3 needed")
		r.wantWrites()
	})
}

// Of no resolver that answers, one is missing: a run that could verify nothing
// writes nothing.
func TestAllResolversDownAtTheBaseline(t *testing.T) {
	for _, require := range []string{"all", "majority", "1"} {
		t.Run(require, func(t *testing.T) {
			s := update
			s.policy = func(p *plan.Policy) { p.Require = require }
			s.inBubble(t, func(t *testing.T, r *rig) {
				for _, c := range r.w.resolvers {
					c.dead = true
				}
				result := r.run()
				r.wantOutcome(result, execute.OutcomeFailed, execute.NotApplied)
				r.wantFailure(result, execute.Unreachable, "0 of 3 resolvers", "1 needed")
				r.wantWrites()
			})
		})
	}
}

func TestTimeoutBeforeTheSwitchRaisesTheTTLAgain(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepLower, 1)), func() { r.w.set(r.w.servers[org][1].freeze) })
		result := r.run()
		r.wantOutcome(result, execute.OutcomeFailed, execute.RolledBack)
		r.wantFailure(result, execute.Disagree, "ns2.example.org.", "600")
		r.wantWrites(lowWWW, wasWWW)
		if result.Partly {
			t.Error("nothing is left of it, and the result says partly")
		}
	})
}

func TestServersThatDisagreeBehindTheSwitchTakeItBack(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepSwitch, 1)), func() { r.w.set(r.w.servers[org][1].freeze) })
		o := r.watch()
		result := r.run()
		o.end(0)
		r.wantOutcome(result, execute.OutcomeFailed, execute.RolledBack)
		r.wantWrites(lowWWW, switchWWW, lowWWW, wasWWW)
		r.wantLive(org, wasWWW)
		if result.Partly {
			t.Error("the old values are back, and the result says partly")
		}
	})
}

// With on_failure = "hold" servers that disagree behind the switch wait for a
// person: resume checks again, cancel takes it back.
func TestDisagreementHoldsWhereThePolicySaysSo(t *testing.T) {
	s := update
	s.policy = func(p *plan.Policy) { p.OnFailure = plan.Hold }
	for _, kind := range []plan.Kind{plan.StepSwitch, plan.StepVerify, plan.StepSettle} {
		t.Run(string(kind), func(t *testing.T) {
			s.inBubble(t, func(t *testing.T, r *rig) {
				var was time.Time
				r.rec.at(began(r.step(kind, 1)), func() {
					r.w.set(func() {
						a := r.w.servers[org][1]
						was = a.frozen
						a.freeze()
						if kind != plan.StepSwitch {
							a.frozen = r.wroteAt(1).Add(lastLag)
						}
					})
				})
				result := r.run()
				r.wantOutcome(result, execute.OutcomeHeld, execute.Pending)
				r.wantFailure(result, execute.Disagree, "ns2.example.org.")
				r.wantWrites(lowWWW, switchWWW)
				r.wantOutcome(r.signal(engine.Resume), execute.OutcomeHeld) // checked again
				r.w.set(func() { r.w.servers[org][1].frozen = was })
				r.wantOutcome(r.signal(engine.Resume), execute.OutcomeDone, execute.Applied)
				r.wantWrites(lowWWW, switchWWW, isWWW)
			})
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		s.inBubble(t, func(t *testing.T, r *rig) {
			r.rec.at(began(r.step(plan.StepSwitch, 1)), func() { r.w.set(r.w.servers[org][1].freeze) })
			r.wantOutcome(r.run(), execute.OutcomeHeld)
			r.wantOutcome(r.signal(engine.Cancel), execute.OutcomeCancelled)
			r.wantLive(org, wasWWW)
		})
	})
}

// Before the switch it costs nothing to take the TTL back, whatever the policy.
func TestHoldIsAboutWhatIsSwitched(t *testing.T) {
	s := update
	s.policy = func(p *plan.Policy) { p.OnFailure = plan.Hold }
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepLower, 1)), func() { r.w.set(r.w.servers[org][1].freeze) })
		r.wantOutcome(r.run(), execute.OutcomeFailed, execute.RolledBack)
		r.wantLive(org, wasWWW)
	})
}

// The time-out is the provider's, where that needs longer.
func TestAgreementWaitsAsLongAsTheProviderNeeds(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.plan.Zones[0].Sync = 3000
		r.w.servers[org][1].lag = 2500 * time.Second
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
	})
}

// stuckUpdate is an update whose first resolver keeps the old answer.
func stuckUpdate(t *testing.T, do func(t *testing.T, r *rig)) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepSwitch, 1)), func() {
			c := r.w.resolvers[0]
			key := r.plan.Changes[0].Key
			c.stuck[key], c.entries[key] = true, entry{lookup(r.w.provider.Snapshot(org), key), time.Now().Unix() + 60}
		})
		result := r.run()
		r.wantOutcome(result, execute.OutcomeHeld, execute.Pending)
		r.wantFailure(result, execute.Lagging, "r1", "192.0.2.1", "2 of 3", "3 needed")
		r.wantWrites(lowWWW, switchWWW)
		do(t, r)
	})
}

func TestLaggingResolverHoldsAtTheLowTTL(t *testing.T) {
	stuckUpdate(t, func(t *testing.T, r *rig) {
		r.wantOutcome(r.signal(engine.Resume), execute.OutcomeHeld) // it still lags
		r.wantWrites(lowWWW, switchWWW)
		r.w.set(func() { clear(r.w.resolvers[0].stuck) })
		before := time.Now()
		r.wantOutcome(r.signal(engine.Resume), execute.OutcomeDone, execute.Applied)
		r.wantWrites(lowWWW, switchWWW, isWWW)
		if took := time.Since(before); took > 100*time.Second+soon {
			t.Errorf("went on for %s: waits were served again", took)
		}
	})
}

func TestCancelWhileHeldTakesItBack(t *testing.T) {
	stuckUpdate(t, func(t *testing.T, r *rig) {
		result := r.signal(engine.Cancel)
		r.wantOutcome(result, execute.OutcomeCancelled, execute.RolledBack)
		r.wantWrites(lowWWW, switchWWW, lowWWW, wasWWW)
		if result.Partly || result.LeftOpen() {
			t.Errorf("result %+v", result)
		}
	})
}

func TestMajorityIsEnough(t *testing.T) {
	s := update
	s.policy = func(p *plan.Policy) { p.Require = "majority" }
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepSwitch, 1)), func() { r.w.resolvers[2].dead = true })
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		r.wantWarning("resolver r3 (198.51.100.3:53) does not give the new answer yet")
	})
}

// A resolver that dies later than the baseline counts as one that lags.
func TestResolverThatDiesLaterHolds(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepSwitch, 1)), func() { r.w.resolvers[2].dead = true })
		result := r.run()
		r.wantOutcome(result, execute.OutcomeHeld)
		r.wantFailure(result, execute.Lagging, "r3", "timed out")
	})
}

// An expired answer that a resolver still gives, once, lives on behind it for
// the TTL that it carries.
func TestServeStaleIsWaitedOut(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		c := r.w.resolvers[1]
		c.stale = 90 * time.Second
		o := r.watch()
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		verified := r.doneAt(r.step(plan.StepVerify, 1), org)
		o.end(oldTTL * time.Second)
		for what, at := range o.last {
			if strings.HasPrefix(what, "r2 ") && strings.HasSuffix(what, "192.0.2.1") && verified.Before(at.Add(25*time.Second)) {
				t.Errorf("verified %s after %s was given with 30 s; the run asks each 5 s at least", verified.Sub(at), what)
			}
		}
	})
}

// The TTL was low already when the plan was made, and a resolver still holds
// what stood there before it was lowered, for longer than a run may wait.
func TestGateStopsAtAnOldTTL(t *testing.T) {
	s := scenario{live: "www 60 A 192.0.2.1", want: "www 60 A 203.0.113.1"}
	s.inBubble(t, func(t *testing.T, r *rig) {
		key := r.plan.Changes[0].Key
		r.w.resolvers[0].entries[key] = entry{lookup(r.w.provider.Snapshot(org), key), r.began.Unix() + 86000}
		result := r.run()
		r.wantOutcome(result, execute.OutcomeFailed, execute.NotApplied)
		r.wantFailure(result, execute.Disagree, "r1", "86000", "nothing is switched")
		r.wantWrites()
	})
}

// The servers have given the old TTL out for longer than the plan and the
// preflight saw: before the switch it is raised again.
func TestGateStopsAndRaisesTheTTLAgain(t *testing.T) {
	s := scenario{live: liveWWW + "\nlow 60 A 192.0.2.8", want: wantWWW + "\nlow 60 A 203.0.113.8"}
	s.inBubble(t, func(t *testing.T, r *rig) {
		key := zone.Key{Name: "low." + org, Type: zone.A}
		r.rec.at(began(r.step(plan.StepGate, 1)), func() {
			r.w.resolvers[0].entries[key] = entry{lookup(r.w.provider.Snapshot(org), key), time.Now().Unix() + 86000}
		})
		r.wantOutcome(r.run(), execute.OutcomeFailed, execute.NotApplied, execute.RolledBack)
		r.wantWrites(lowWWW, wasWWW)
	})
}

// Within the time-out the gate waits for what a resolver says it has left.
func TestGateWaitsForWhatIsLeft(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		var until time.Time
		r.rec.at(began(r.step(plan.StepGate, 1)), func() {
			key := r.plan.Changes[0].Key
			until = time.Now().Add(500 * time.Second)
			r.w.resolvers[0].entries[key] = entry{lookup(r.w.provider.Snapshot(org), key), until.Unix()}
		})
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		if r.wroteAt(2).Before(until) {
			t.Errorf("switched %s before the resolver had forgotten", until.Sub(r.wroteAt(2)))
		}
	})
}

// A resolver that lengthens TTLs passes the gate with a warning, and lags at the
// verification when it still has the old answer.
func TestClampingResolver(t *testing.T) {
	for _, tt := range []struct {
		clamp   zone.TTL
		outcome execute.Outcome
	}{{300, execute.OutcomeDone}, {3000, execute.OutcomeHeld}} {
		t.Run(fmt.Sprint(tt.clamp), func(t *testing.T) {
			update.inBubble(t, func(t *testing.T, r *rig) {
				r.rec.at(armed(r.step(plan.StepExpire, 1)), func() { r.w.set(func() { r.w.resolvers[2].clamp = tt.clamp }) })
				o := r.watch()
				result := r.run()
				o.end(0)
				r.wantOutcome(result, tt.outcome)
				r.wantWarning("keeps answers longer than it may")
				if tt.outcome == execute.OutcomeHeld {
					r.wantFailure(result, execute.Lagging, "r3", "192.0.2.1")
				}
			})
		})
	}
}

func TestCancelBeforeTheSwitch(t *testing.T) {
	for name, when := range map[string]plan.Kind{"in the wait": plan.StepExpire, "before the first write": plan.StepLower} {
		t.Run(name, func(t *testing.T) {
			update.inBubble(t, func(t *testing.T, r *rig) {
				is := armed(r.step(plan.StepExpire, 1))
				if when == plan.StepLower {
					is = began(r.step(plan.StepPreflight, 1))
				}
				r.rec.at(is, func() {
					if err := r.eng.Signal(t.Context(), r.plan.ID, engine.Cancel); err != nil {
						t.Errorf("cancel: %v", err)
					}
				})
				result := r.run()
				if when == plan.StepLower {
					r.wantOutcome(result, execute.OutcomeCancelled, execute.NotApplied)
					r.wantWrites()
					return
				}
				r.wantOutcome(result, execute.OutcomeCancelled, execute.RolledBack)
				r.wantWrites(lowWWW, wasWWW)
				if took := time.Since(r.began); took > oldTTL*time.Second {
					t.Errorf("took %s: a cancel ends the wait", took)
				}
			})
		})
	}
}

// theirs is what someone else sets in the middle of an update.
const (
	theirs   = "www 300 A 198.51.100.5"
	isTheirs = "www.example.org. 300 A 198.51.100.5"
)

// moments are when someone else may set the RRset, and what the run has written
// by then.
func moments() map[string]moment {
	return map[string]moment{
		"before the switch": {func(r *rig) func(journal.Event) bool { return armed(r.step(plan.StepExpire, 1)) }, []string{lowWWW, switchWWW + " ! not written"}, "60"},
		"right before it":   {func(r *rig) func(journal.Event) bool { return began(r.step(plan.StepSwitch, 1)) }, []string{lowWWW, switchWWW + " ! not written"}, "60"},
		"right behind it":   {func(r *rig) func(journal.Event) bool { return began(r.step(plan.StepPropagate, 2)) }, []string{lowWWW, switchWWW}, "203.0.113.1"},
		"behind the switch": {func(r *rig) func(journal.Event) bool { return armed(r.step(plan.StepExpire, 2)) }, []string{lowWWW, switchWWW}, "203.0.113.1"},
		"while it settles":  {func(r *rig) func(journal.Event) bool { return armed(r.step(plan.StepSettle, 1)) }, []string{lowWWW, switchWWW}, "203.0.113.1"},
		"before the raise":  {func(r *rig) func(journal.Event) bool { return began(r.step(plan.StepRaise, 1)) }, []string{lowWWW, switchWWW, isWWW + " ! not written"}, "203.0.113.1"},
	}
}

type moment struct {
	is     func(r *rig) func(journal.Event) bool
	writes []string
	ours   string
}

// moved lets someone else set the RRset at each moment: the run holds, says the
// three values, and has not written over them.
func moved(t *testing.T, then func(t *testing.T, r *rig, m moment)) {
	t.Helper()
	for name, m := range moments() {
		t.Run(name, func(t *testing.T) {
			update.inBubble(t, func(t *testing.T, r *rig) {
				r.rec.at(m.is(r), func() { r.w.edit(t, org, theirs) })
				result := r.run()
				r.wantOutcome(result, execute.OutcomeHeld, execute.Pending)
				r.wantFailure(result, execute.Moved, "www.example.org A", "was 192.0.2.1 (TTL 600) before the run", m.ours, "someone else has set 198.51.100.5 (TTL 300)")
				r.wantWrites(m.writes...)
				r.wantLive(org, isTheirs)
				then(t, r, m)
			})
		})
	}
}

func TestSomeoneElseHoldsTheRun(t *testing.T) {
	moved(t, func(t *testing.T, r *rig, m moment) {
		r.wantOutcome(r.signal(engine.Resume), execute.OutcomeHeld, execute.Pending) // it looks again
		r.wantLive(org, isTheirs)
	})
}

// Cancelled, it leaves theirs alone, with an alarm.
func TestCancelOverSomeoneElse(t *testing.T) {
	moved(t, func(t *testing.T, r *rig, m moment) {
		result := r.signal(engine.Cancel)
		r.wantOutcome(result, execute.OutcomeCancelled, execute.LeftOpen)
		r.wantLive(org, isTheirs)
		if !result.Partly || !result.LeftOpen() {
			t.Errorf("an alarm, and the result says %+v", result)
		}
	})
}

// Left to someone else, the change is in no later step, and the run ends well.
func TestAcceptLive(t *testing.T) {
	moved(t, func(t *testing.T, r *rig, m moment) {
		result := r.signal(engine.AcceptLive)
		r.wantOutcome(result, execute.OutcomeDone, execute.Left)
		r.wantLive(org, isTheirs)
		r.wantWrites(m.writes...)
		if result.Partly || result.LeftOpen() {
			t.Errorf("a person has decided, and the result says %+v", result)
		}
		if switched := m.ours == "203.0.113.1"; result.Changes[0].Live.IsZero() == switched {
			t.Errorf("switched %t, and live since %s", switched, result.Changes[0].Live)
		}
		log, err := journal.ReadChanges(r.state)
		if err != nil || len(log) > 0 && log[0].Outcome != string(execute.Left) {
			t.Errorf("change log: %+v, %v", log, err)
		}
	})
}

// Once the RRset is as the run has left it, the run goes on.
func TestResumeOnceItIsBack(t *testing.T) {
	moved(t, func(t *testing.T, r *rig, m moment) {
		back := "www 60 A 203.0.113.1"
		if m.ours == "60" {
			back = "www 60 A 192.0.2.1"
		}
		r.w.edit(t, org, back)
		r.wantOutcome(r.signal(engine.Resume), execute.OutcomeDone, execute.Applied)
		r.wantLive(org, isWWW)
	})
}

// Accept-live where nothing has moved is resume.
func TestAcceptLiveOfNothing(t *testing.T) {
	stuckUpdate(t, func(t *testing.T, r *rig) {
		r.w.set(func() { clear(r.w.resolvers[0].stuck) })
		r.wantOutcome(r.signal(engine.AcceptLive), execute.OutcomeDone, execute.Applied)
	})
}

// The person's word counts only for what is there when it is given.
func TestAcceptLiveNeedsTheProvider(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(armed(r.step(plan.StepExpire, 1)), func() { r.w.edit(t, org, theirs) })
		r.wantOutcome(r.run(), execute.OutcomeHeld)
		r.w.set(func() { r.w.down = true })
		if err := r.eng.Signal(t.Context(), r.plan.ID, engine.AcceptLive); !errors.Is(err, errDown) {
			t.Errorf("got %v", err)
		}
		r.w.set(func() { r.w.down = false })
		r.wantOutcome(r.signal(engine.AcceptLive), execute.OutcomeDone, execute.Left)
	})
}

// A second change of the zone goes on beside one that was left to someone else.
func TestAcceptLiveGoesOnWithTheRest(t *testing.T) {
	s := scenario{live: liveWWW + "\nweb 600 A 192.0.2.8", want: wantWWW + "\nweb 600 A 203.0.113.8"}
	for name, when := range map[string]plan.Kind{"before the switch": plan.StepExpire, "behind it": plan.StepSettle} {
		t.Run(name, func(t *testing.T) {
			s.inBubble(t, func(t *testing.T, r *rig) {
				r.rec.at(armed(r.step(when, 1)), func() { r.w.edit(t, org, "web 300 A 198.51.100.5") })
				r.wantOutcome(r.run(), execute.OutcomeHeld, execute.Pending, execute.Pending)
				result := r.signal(engine.AcceptLive)
				r.wantOutcome(result, execute.OutcomeDone, execute.Left, execute.Applied)
				r.wantLive(org, "web.example.org. 300 A 198.51.100.5", isWWW)
				r.wantLaws()
			})
		})
	}
}

// A cancel behind an accept takes back the rest alone.
func TestCancelBehindAcceptLive(t *testing.T) {
	s := scenario{live: liveWWW + "\nweb 600 A 192.0.2.8", want: wantWWW + "\nweb 600 A 203.0.113.8"}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(armed(r.step(plan.StepExpire, 2)), func() { r.w.edit(t, org, "web 300 A 198.51.100.5") })
		r.wantOutcome(r.run(), execute.OutcomeHeld)
		r.rec.at(began(r.step(plan.StepVerify, 1)), func() { _ = r.eng.Signal(t.Context(), r.plan.ID, engine.Cancel) })
		r.wantOutcome(r.signal(engine.AcceptLive), execute.OutcomeCancelled, execute.Left, execute.RolledBack)
		r.wantLive(org, "web.example.org. 300 A 198.51.100.5", wasWWW)
	})
}

// Two changes of one zone: cancelled, what someone else has set is left alone,
// and the other one is closed.
func TestAnAlarmIsAboutItsOwnRRset(t *testing.T) {
	s := scenario{live: liveWWW + "\nweb 600 A 192.0.2.8", want: wantWWW + "\nweb 600 A 203.0.113.8"}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(armed(r.step(plan.StepExpire, 2)), func() { r.w.edit(t, org, "web 300 A 198.51.100.5") })
		r.wantOutcome(r.run(), execute.OutcomeHeld)
		r.wantOutcome(r.signal(engine.Cancel), execute.OutcomeCancelled, execute.LeftOpen, execute.RolledBack)
		r.wantLive(org, "web.example.org. 300 A 198.51.100.5", wasWWW)
	})
}

// What moves together with a zone in which someone else was waits with it, and
// other zones go on.
func TestSomeoneElseHoldsTheGroup(t *testing.T) {
	s := groupInTwoZones
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(armed(r.step(plan.StepExpire, 1)), func() { r.w.edit(t, net, "a 300 A 198.51.100.5") })
		r.wantOutcome(r.run(), execute.OutcomeHeld, execute.Pending, execute.Pending, execute.Pending)
		r.wantLive(org, "a.example.org. 60 A 192.0.2.1", "z.example.org. 60 A 192.0.2.3")
		r.wantOutcome(r.signal(engine.AcceptLive), execute.OutcomeDone, execute.Left, execute.Applied, execute.Applied)
		r.wantLive(net, "a.example.net. 300 A 198.51.100.5")
	})
}

func TestRefusedWrites(t *testing.T) {
	www := zone.Key{Name: "www." + org, Type: zone.A}
	for name, fault := range map[string]memory.Fault{
		"refused":     memory.RefuseWrite("quota", www),
		"credentials": memory.FailWrite(providers.ErrCredentials),
		"foreign":     memory.FailWrite(providers.ErrForeign),
	} {
		t.Run(name, func(t *testing.T) {
			update.inBubble(t, func(t *testing.T, r *rig) {
				r.w.provider.Inject(fault)
				result := r.run()
				r.wantOutcome(result, execute.OutcomeFailed, execute.NotApplied)
				r.wantFailure(result, execute.Refused, "lower-ttl in example.org.")
				if len(r.w.landed()) > 0 {
					t.Errorf("writes: %q", r.w.writes())
				}
			})
		})
	}
}

func TestRefusedSwitchRaisesTheTTLAgain(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepSwitch, 1)), func() { r.w.provider.Inject(memory.RefuseWrite("frozen zone", zone.Key{})) })
		result := r.run()
		r.wantOutcome(result, execute.OutcomeFailed, execute.RolledBack)
		r.wantWrites(lowWWW, switchWWW+" ! not written", wasWWW)
	})
}

// A switch that cannot be taken back is told once, and its TTL stays low.
func TestRefusedRollbackIsLeftOpen(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepSwitch, 1)), func() {
			r.w.servers[org][1].freeze()
			r.w.onWrite = func(_ zone.Name, c []providers.Change) {
				if c[0].After.TTL == lowTTL && c[0].After.Addrs[0].String() == "192.0.2.1" {
					r.w.provider.Inject(memory.RefuseWrite("frozen zone", zone.Key{}))
				}
			}
		})
		result := r.run()
		r.wantOutcome(result, execute.OutcomeFailed, execute.LeftOpen)
		r.wantWrites(lowWWW, switchWWW, lowWWW+" ! not written")
		if len(result.Failures) != 2 {
			t.Errorf("failures: %+v", result.Failures)
		}
	})
}

func TestLostReplyIsWrittenOnce(t *testing.T) {
	for _, kind := range []plan.Kind{plan.StepLower, plan.StepSwitch, plan.StepRaise} {
		t.Run(string(kind), func(t *testing.T) {
			update.inBubble(t, func(t *testing.T, r *rig) {
				r.rec.at(began(r.step(kind, 1)), func() { r.w.provider.Inject(memory.LoseReply()) })
				r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
				if got := len(r.w.provider.Writes()); got != 3 {
					t.Errorf("%d writes: %q", got, r.w.writes())
				}
			})
		})
	}
}

func TestPartlyWrittenGoesOnWithTheRest(t *testing.T) {
	s := scenario{live: "a 60 A 192.0.2.1\nb 60 A 192.0.2.2", want: "a 60 A 203.0.113.1\nb 60 A 203.0.113.2"}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.w.provider.Inject(memory.PartWrite(1))
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied, execute.Applied)
		r.wantWrites("a.example.org. 60 A 203.0.113.1; b.example.org. 60 A 203.0.113.2 ! not written", "b.example.org. 60 A 203.0.113.2")
	})
}

func TestTransientErrorsAreTriedAgain(t *testing.T) {
	passing := errors.New("502 bad gateway")
	update.inBubble(t, func(t *testing.T, r *rig) {
		later := time.Now().Add(2 * time.Minute)
		r.w.provider.Inject(memory.FailWrite(passing), memory.FailWrite(&providers.RateLimitError{Until: later}), memory.ConflictWrite())
		r.start() // reads once before it starts
		r.w.provider.Inject(memory.FailRead(passing), memory.FailPage(2))
		result := r.wait()
		r.wantOutcome(result, execute.OutcomeDone, execute.Applied)
		if first := r.wroteAt(1); first.Before(later) {
			t.Errorf("written %s before the limit's end", later.Sub(first))
		}
		if got := r.w.provider.Pending(); got != 0 {
			t.Errorf("%d faults have not struck", got)
		}
	})
}

func TestProviderThatStaysDown(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepSwitch, 1)), func() { r.w.set(func() { r.w.down = true }) })
		result := r.run()
		r.wantOutcome(result, execute.OutcomeHeld)
		r.wantFailure(result, execute.Unreachable, errDown.Error())
		r.wantOutcome(r.signal(engine.Resume), execute.OutcomeHeld) // still down
		r.w.set(func() { r.w.down = false })
		r.wantOutcome(r.signal(engine.Resume), execute.OutcomeFailed, execute.RolledBack)
		r.wantWrites(lowWWW, wasWWW)
	})
}

// The name has been a CNAME: to take the new addresses away would leave nothing.
func TestReplacedCNAMEIsNotEmptied(t *testing.T) {
	s := scenario{live: "www 600 CNAME web.example.com.", want: wantWWW + " replace"}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepSwitch, 1)), func() { r.w.set(r.w.servers[org][1].freeze) })
		result := r.run()
		r.wantOutcome(result, execute.OutcomeFailed, execute.LeftOpen)
		r.wantFailure(result, execute.Moved, "CNAME web.example.com.")
		r.wantLive(org, switchWWW)
	})
}

const (
	liveGroups = "a 600 A 192.0.2.1\nb 600 A 192.0.2.2"
	wantGroups = "a 600 A 203.0.113.1 group=one\nb 600 A 203.0.113.2 group=two"
)

func TestFailedGroupStopsTheLaterOnesInItsZone(t *testing.T) {
	s := scenario{live: liveGroups, want: wantGroups, liveNet: "b 600 A 192.0.2.9", wantNet: "b 600 A 203.0.113.9"}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepSwitch, 1)), func() { r.w.set(r.w.servers[org][1].freeze) })
		result := r.run()
		r.wantOutcome(result, execute.OutcomeFailed, execute.Applied, execute.RolledBack, execute.RolledBack)
		r.wantLive(org, "a.example.org. 600 A 192.0.2.1", "b.example.org. 600 A 192.0.2.2")
		r.wantLive(net, "b.example.net. 600 A 203.0.113.9")
		for _, w := range r.w.writes() {
			if strings.Contains(w, "203.0.113.2") {
				t.Errorf("the second group was switched: %s", w)
			}
		}
		if !result.Partly {
			t.Error("one zone was changed and the other was not, and the result says not partly")
		}
	})
}

// The first group is verified when the second one fails: it stays, and its TTL
// goes up.
func TestVerifiedGroupStaysWhenALaterOneFails(t *testing.T) {
	s := scenario{live: liveGroups, want: wantGroups}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepSwitch, 2)), func() { r.w.set(r.w.servers[org][1].freeze) })
		result := r.run()
		r.wantOutcome(result, execute.OutcomeFailed, execute.Applied, execute.RolledBack)
		r.wantLive(org, "a.example.org. 600 A 203.0.113.1", "b.example.org. 600 A 192.0.2.2")
	})
}

// The alarm is about the second group, and the first one has been made.
func TestVerifiedGroupIsAppliedBesideAnAlarm(t *testing.T) {
	s := scenario{live: liveGroups, want: wantGroups}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(began(r.step(plan.StepPropagate, 3)), func() { r.w.edit(t, org, "b 300 A 198.51.100.5") })
		r.wantOutcome(r.run(), execute.OutcomeHeld)
		r.wantOutcome(r.signal(engine.Cancel), execute.OutcomeCancelled, execute.Applied, execute.LeftOpen)
		r.wantLive(org, "a.example.org. 600 A 203.0.113.1", "b.example.org. 300 A 198.51.100.5")
	})
}

var groupInTwoZones = scenario{
	live: "a 600 A 192.0.2.1\nz 600 A 192.0.2.3", want: "a 600 A 203.0.113.1 group=one\nz 600 A 203.0.113.3",
	liveNet: "a 600 A 192.0.2.2", wantNet: "a 600 A 203.0.113.2 group=one",
}

// A group that fails in one zone is taken back in all, whenever it fails.
func TestFailedGroupIsTakenBackInAllItsZones(t *testing.T) {
	for _, kind := range []plan.Kind{plan.StepSwitch, plan.StepVerify} {
		for _, failing := range []zone.Name{org, net} {
			t.Run(string(kind)+" "+string(failing), func(t *testing.T) {
				groupInTwoZones.inBubble(t, func(t *testing.T, r *rig) {
					r.rec.at(began(r.step(kind, 1)), func() {
						a := r.w.servers[failing][0]
						a.freeze()
						if kind == plan.StepVerify { // falls back to what it had at the beginning
							a.frozen = r.wroteAt(1).Add(lastLag)
						}
					})
					result := r.run()
					if result.Outcome != execute.OutcomeFailed {
						t.Errorf("outcome %q", result.Outcome)
					}
					r.wantLive(org, "a.example.org. 600 A 192.0.2.1", "z.example.org. 600 A 192.0.2.3")
					r.wantLive(net, "a.example.net. 600 A 192.0.2.2")
				})
			})
		}
	}
}

// While a group is held in one zone its other zones wait too, so that a cancel
// can take all of it back.
func TestHeldGroupHoldsInAllItsZones(t *testing.T) {
	groupInTwoZones.inBubble(t, func(t *testing.T, r *rig) {
		key := zone.Key{Name: "a." + net, Type: zone.A}
		r.rec.at(began(r.step(plan.StepVerify, 1)), func() {
			c := r.w.resolvers[0]
			c.stuck[key], c.entries[key] = true, entry{reply: lookup(r.w.history[net][0].snapshot, key)}
		})
		r.wantOutcome(r.run(), execute.OutcomeHeld, execute.Pending, execute.Pending, execute.Pending)
		for _, w := range r.w.writes() {
			if strings.Contains(w, "203.0.113.3") || strings.Contains(w, "600 A 203") {
				t.Errorf("went on beside a held group: %s", w)
			}
		}
		r.wantOutcome(r.signal(engine.Cancel), execute.OutcomeCancelled, execute.RolledBack, execute.RolledBack, execute.RolledBack)
		r.wantLive(org, "a.example.org. 600 A 192.0.2.1", "z.example.org. 600 A 192.0.2.3")
		r.wantLive(net, "a.example.net. 600 A 192.0.2.2")
	})
}

// What does not stay good while it settles is taken back while the TTL is low.
func TestFailureWhileSettlingTakesItBack(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(armed(r.step(plan.StepSettle, 1)), func() { r.w.set(func() { r.w.servers[org][1].frozen = r.wroteAt(1).Add(lastLag) }) })
		r.wantOutcome(r.run(), execute.OutcomeFailed, execute.RolledBack)
		r.wantWrites(lowWWW, switchWWW, lowWWW, wasWWW)
	})
}

// A signal to the process during closing does not stop it, not even when
// closing finds that someone else was there.
func TestClosingGoesOnAfterASignal(t *testing.T) {
	update.inBubble(t, func(t *testing.T, r *rig) {
		ctx, stop := contextOf(t)
		defer stop()
		r.rec.at(armed(r.step(plan.StepExpire, 2)), func() {
			r.w.edit(t, org, theirs)
			if err := r.eng.Signal(t.Context(), r.plan.ID, engine.Cancel); err != nil {
				t.Errorf("cancel: %v", err)
			}
		})
		r.start()
		closing := 0
		r.rec.onEvent = chain(r.rec.onEvent, func(e journal.Event) {
			if e.Kind == journal.Start && e.Undo {
				if closing++; closing > 10 {
					t.Fatal("closing is begun again and again")
				}
				stop()
			}
		})
		result, err := r.eng.Wait(ctx, r.plan.ID)
		if err != nil {
			t.Fatal(err)
		}
		r.wantOutcome(result, execute.OutcomeCancelled, execute.LeftOpen)
	})
}

// A zone that has failed before anything was written is not looked at again when
// the others begin to write.
func TestZoneThatFailedEarlyIsNotTouched(t *testing.T) {
	s := scenario{live: liveWWW, want: wantWWW, liveNet: "www 300 A 192.0.2.5", wantNet: "www 300 A 203.0.113.5"}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.w.servers[net][0].dead = true
		r.rec.at(armed(r.step(plan.StepExpire, 1)), func() { r.w.edit(t, net, "www 60 A 198.51.100.5") })
		result := r.run()
		r.wantOutcome(result, execute.OutcomeFailed, execute.NotApplied, execute.Applied)
		if len(result.Failures) != 1 || result.Changes[0].Written {
			t.Errorf("failures %+v, written %t", result.Failures, result.Changes[0].Written)
		}
	})
}
