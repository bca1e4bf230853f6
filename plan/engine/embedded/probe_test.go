package embedded_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/probe"
)

// services is a model of what runs at each address. It is an execute.Prober and
// safe for concurrent use.
type services struct {
	mu sync.Mutex
	// ill are how many attempts fail at an address; always where it is negative.
	ill        map[string]int
	unroutable map[string]bool
	asked      map[string][]time.Time
	// serials are those of the certificates that addresses serve, and shown when one
	// was asked for.
	serials map[string]string
	shown   []time.Time
}

// always is how many attempts fail of what is dead.
const always = -1

func newServices() *services {
	return &services{ill: map[string]int{}, unroutable: map[string]bool{}, asked: map[string][]time.Time{}, serials: map[string]string{}}
}

func (s *services) set(addr string, fails int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ill[addr] = fails
}

// askedAt are the moments at which an address was asked.
func (s *services) askedAt(addr string) []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[addr]
}

func (s *services) Probe(ctx context.Context, t probe.Target) probe.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	addr := t.Addr.String()
	s.asked[addr] = append(s.asked[addr], time.Now())
	r := probe.Result{Asked: "GET " + t.Probe.URL() + " at " + netip.AddrPortFrom(t.Addr, t.Probe.Port).String(), Answer: "200 OK"}
	switch {
	case ctx.Err() != nil:
		r.Err = ctx.Err()
	case s.unroutable[addr]:
		r.Err, r.Unroutable = errors.New("this machine has no route to it"), true
	case s.ill[addr] != 0:
		s.ill[addr]--
		r.Err = errors.New("connection refused")
	}
	return r
}

// webProbe is what records with the word probe have.
func webProbe() *plan.Probe {
	return &plan.Probe{Type: plan.ProbeHTTP, Port: 80, Scheme: "http", Host: "www.example.org", Path: "/up", Timeout: 5}
}

const newWeb = "203.0.113.1"

// probed is an update of a name with a probe.
var probed = scenario{live: liveWWW, want: wantWWW + " probe"}

// nth is true of the start of the nth step of a kind.
func (r *rig) nth(k plan.Kind, n int) func(journal.Event) bool { return began(r.step(k, n)) }

// ails has so many attempts at the new address fail, from the first on, or from an
// event.
func (r *rig) ails(from func(r *rig) func(journal.Event) bool, fails int) {
	if from == nil {
		r.w.services.set(newWeb, fails)
		return
	}
	r.rec.at(from(r), func() { r.w.services.set(newWeb, fails) })
}

// comesTo runs, and wants the one change made so by these writes; words are those of
// the probe that failed, if one did.
func (r *rig) comesTo(made execute.Made, writes []string, words string) {
	r.t.Helper()
	result := r.run()
	outcome := execute.OutcomeFailed
	if made == execute.Applied {
		outcome = execute.OutcomeDone
	}
	r.wantOutcome(result, outcome, made)
	r.wantWrites(writes...)
	if words != "" {
		r.wantFailure(result, execute.Probe, words)
	}
}

// TestProbesOfAGoodRun: the new address is asked as the run begins and right
// before the switch; behind it each ten seconds until the TTL goes up.
func TestProbesOfAGoodRun(t *testing.T) {
	probed.inBubble(t, func(t *testing.T, r *rig) {
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		r.wantWrites(lowWWW, switchWWW, isWWW)
		switched, verified := r.wroteAt(2), r.doneAt(r.step(plan.StepVerify, 1), org)
		var before, behind, settling int
		for _, at := range r.w.services.askedAt(newWeb) {
			switch {
			case !at.After(switched): // a bubble has no time between two steps
				before++
			case !at.After(verified):
				behind++
			default:
				settling++
			}
		}
		if before != 2 || behind != 1 || settling != 10 {
			t.Errorf("asked %d times before the switch, %d in the verification, %d while it settled; want 2, 1, 10", before, behind, settling)
		}
		if last := r.w.services.askedAt(newWeb)[1]; switched.Sub(last) > time.Second {
			t.Errorf("asked %s before the switch", switched.Sub(last))
		}
		if len(r.w.services.askedAt("192.0.2.1")) > 0 {
			t.Error("the old address was asked")
		}
		for _, e := range r.events() {
			if e.Kind == journal.Done && e.Step == r.step(plan.StepProbe, 1).ID && !strings.Contains(string(e.Data), `"probed":["www.example.org A 203.0.113.1: 200 OK"]`) {
				t.Errorf("the journal does not say who answered: %s", e.Data)
			}
		}
	})
}

func TestIllServices(t *testing.T) {
	tests := map[string]struct {
		scenario
		// at is when the new address falls ill, and for how many attempts; nil is
		// before the run.
		at     func(r *rig) func(journal.Event) bool
		fails  int
		made   execute.Made
		writes []string
		words  string
	}{
		"as the run begins": {
			probed, nil, always, execute.NotApplied, nil,
			"nothing is switched, www.example.org A: GET http://www.example.org/up at 203.0.113.1:80: connection refused (3 tries)",
		},
		"twice as the run begins": {probed, nil, 2, execute.Applied, []string{lowWWW, switchWWW, isWWW}, ""},
		"while the old TTL runs out": {
			probed,
			func(r *rig) func(journal.Event) bool { return armed(r.step(plan.StepExpire, 1)) },
			always, execute.RolledBack,
			[]string{lowWWW, wasWWW},
			"nothing is switched",
		},
		"behind the switch": {
			probed,
			func(r *rig) func(journal.Event) bool { return r.nth(plan.StepSwitch, 1) },
			always, execute.RolledBack,
			[]string{lowWWW, switchWWW, lowWWW, wasWWW},
			"the service is not well behind the switch, www.example.org A: GET http://www.example.org/up at 203.0.113.1:80 (as ns1.example.org., ns2.example.org., r1 and 2 more answer): connection refused",
		},
		"while it settles": {
			probed,
			func(r *rig) func(journal.Event) bool { return armed(r.step(plan.StepSettle, 1)) },
			always, execute.RolledBack,
			[]string{lowWWW, switchWWW, lowWWW, wasWWW},
			"the service is not well behind the switch",
		},
		"twice while it settles": {
			probed,
			func(r *rig) func(journal.Event) bool { return armed(r.step(plan.StepSettle, 1)) },
			2, execute.Applied,
			[]string{lowWWW, switchWWW, isWWW},
			"",
		},
		"direct": {
			scenario{live: liveWWW, want: wantWWW + " probe", policy: func(p *plan.Policy) { p.Strategy = plan.Direct }},
			nil, always, execute.NotApplied, nil, "nothing is switched",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.inBubble(t, func(t *testing.T, r *rig) {
				r.ails(tt.at, tt.fails)
				r.comesTo(tt.made, tt.writes, tt.words)
				if tt.made != execute.Applied {
					r.wantLive(org, wasWWW)
				}
			})
		})
	}
}

// TestDeadServiceIsRolledBackAtOnce: what dies while it settles is not waited
// for, and the old address is back while the TTL is low; another zone settles on.
func TestDeadServiceIsRolledBackAtOnce(t *testing.T) {
	s := probed
	s.liveNet, s.wantNet = "web 600 A 192.0.2.9", "web 600 A 203.0.113.9 probe"
	s.policy = func(p *plan.Policy) { p.Settle = 3600 }
	s.inBubble(t, func(t *testing.T, r *rig) {
		settle := r.step(plan.StepSettle, 1)
		var died time.Time
		r.rec.at(armed(settle), func() {
			died = time.Now()
			r.w.services.set(newWeb, always)
		})
		result := r.run()
		r.wantOutcome(result, execute.OutcomeFailed)
		var made []execute.Made
		for _, c := range result.Changes {
			made = append(made, c.Made)
		}
		if diff := cmp.Diff([]execute.Made{execute.Applied, execute.RolledBack}, made); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		r.wantLive(org, wasWWW)
		r.wantLive(net, "web.example.net. 600 A 203.0.113.9")
		for _, c := range r.w.landed() {
			if c.Changes[0].Key().Name == "www.example.org." && c.At.After(died) {
				if took := c.At.Sub(died); took > 20*time.Second {
					t.Errorf("the old address came back after %s", took)
				}
				break
			}
		}
		if end := r.doneAt(settle, net); end.Sub(died) < 3600*time.Second {
			t.Errorf("example.net settled for %s", end.Sub(died))
		}
	})
}

// TestSettlingIsTakenUpAgain: who stops the process while services are watched
// goes on with the time that is left.
func TestSettlingIsTakenUpAgain(t *testing.T) {
	probed.inBubble(t, func(t *testing.T, r *rig) {
		ctx, stop := contextOf(t)
		var armedAt time.Time
		r.rec.at(armed(r.step(plan.StepSettle, 1)), func() {
			armedAt = time.Now()
			time.AfterFunc(35*time.Second, stop)
		})
		r.start()
		result, err := r.eng.Wait(ctx, r.plan.ID)
		if err != nil {
			t.Fatal(err)
		}
		r.wantOutcome(result, execute.OutcomeInterrupted)
		asked := len(r.w.services.askedAt(newWeb))
		time.Sleep(10 * time.Second)
		r.wantOutcome(r.signal(engine.Resume), execute.OutcomeDone, execute.Applied)
		end := r.doneAt(r.step(plan.StepSettle, 1), org)
		if took := end.Sub(armedAt); took < 100*time.Second || took > 105*time.Second {
			t.Errorf("settled for %s", took)
		}
		if more := len(r.w.services.askedAt(newWeb)) - asked; more < 4 || more > 7 {
			t.Errorf("asked %d times behind the interruption", more)
		}
	})
}

// TestUnroutableIsTold: an address that this machine has no route to is left to
// those who have.
func TestUnroutableIsTold(t *testing.T) {
	s := scenario{live: "www 600 AAAA 2001:db8::1", want: "www 600 AAAA 2001:db8::2 probe"}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.w.services.unroutable["2001:db8::2"] = true
		r.wantOutcome(r.run(), execute.OutcomeDone, execute.Applied)
		r.wantWarning("www.example.org AAAA: 2001:db8::2 is not probed: this machine has no route to it")
	})
}

// TestGroupGoesBackWithItsDeadService: names that move together go back together.
func TestGroupGoesBackWithItsDeadService(t *testing.T) {
	s := scenario{
		live:    "www 600 A 192.0.2.1",
		want:    wantWWW + " probe group=web",
		liveNet: "web 600 A 192.0.2.9", wantNet: "web 600 A 203.0.113.9 group=web",
	}
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(r.nth(plan.StepVerify, 1), func() { r.w.services.set(newWeb, always) })
		result := r.run()
		r.wantOutcome(result, execute.OutcomeFailed, execute.RolledBack, execute.RolledBack)
		r.wantFailure(result, execute.Probe, "connection refused")
		r.wantLive(org, wasWWW)
		r.wantLive(zone.Name("example.net."), "web.example.net. 600 A 192.0.2.9")
	})
}

// TestProbedThroughTheProxy: before the switch the origin is asked, behind it what
// the name leads to.
func TestProbedThroughTheProxy(t *testing.T) {
	for name, dead := range map[string]bool{"well": false, "the proxy does not reach the origin": true} {
		t.Run(name, func(t *testing.T) {
			scenario{live: "www 300 A 192.0.2.1 proxied", want: "www 300 A 203.0.113.1 proxied probe"}.inBubble(t, func(t *testing.T, r *rig) {
				proxy := proxies[zone.A].String()
				if dead {
					r.w.services.set(proxy, always)
				}
				result := r.run()
				if origin := r.w.services.askedAt(newWeb); len(origin) == 0 || len(r.w.services.askedAt(proxy)) == 0 {
					t.Error("the origin or the proxy was not asked")
				}
				if !dead {
					r.wantOutcome(result, execute.OutcomeDone, execute.Applied)
					return
				}
				r.wantOutcome(result, execute.OutcomeFailed, execute.RolledBack)
				r.wantFailure(result, execute.Probe, proxy+":80", "answer): connection refused")
			})
		})
	}
}

// TestHeldService: who wants to be asked is asked; what has become well by then
// goes on, and what has not can be taken back.
func TestHeldService(t *testing.T) {
	for _, kind := range []plan.Kind{plan.StepVerify, plan.StepSettle} {
		for _, well := range []bool{true, false} {
			t.Run(string(kind)+map[bool]string{true: " well again", false: " taken back"}[well], func(t *testing.T) {
				s := probed
				s.policy = func(p *plan.Policy) { p.OnFailure = plan.Hold }
				s.inBubble(t, func(t *testing.T, r *rig) {
					at := r.nth(plan.StepVerify, 1)
					if kind == plan.StepSettle {
						at = armed(r.step(kind, 1))
					}
					r.rec.at(at, func() { r.w.services.set(newWeb, always) })
					held := r.run()
					r.wantOutcome(held, execute.OutcomeHeld)
					r.wantFailure(held, execute.Probe, "the service is not well behind the switch")
					r.wantLive(org, switchWWW)
					if !well {
						r.wantOutcome(r.signal(engine.Cancel), execute.OutcomeCancelled, execute.RolledBack)
						r.wantLive(org, wasWWW)
						return
					}
					r.w.services.set(newWeb, 0)
					r.wantOutcome(r.signal(engine.Resume), execute.OutcomeDone, execute.Applied)
					r.wantLive(org, isWWW)
				})
			})
		}
	}
}

// TestHoldIsForWhatIsBehindTheSwitch: before it nothing has to be decided.
func TestHoldIsForWhatIsBehindTheSwitch(t *testing.T) {
	s := probed
	s.policy = func(p *plan.Policy) { p.OnFailure = plan.Hold }
	s.inBubble(t, func(t *testing.T, r *rig) {
		r.rec.at(armed(r.step(plan.StepExpire, 1)), func() { r.w.services.set(newWeb, always) })
		r.wantOutcome(r.run(), execute.OutcomeFailed, execute.RolledBack)
		r.wantLive(org, wasWWW)
	})
}
