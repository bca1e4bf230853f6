package embedded_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/providers"
)

// rival is another dnsplan at the same zone, with a state folder of its own: its
// locks are nobody else's.
type rival struct {
	eng  *embedded.Engine
	plan *plan.Plan
	// err is why the run did not begin.
	err    error
	result execute.Result
}

// rivals are two plans for the same RRsets, made at the same moment, in two
// state folders.
func (r *rig) rivals(wants ...string) []*rival {
	r.t.Helper()
	var out []*rival
	for i, want := range wants {
		d := &plan.Desired{ZoneRef: plan.ZoneRef{Zone: org}, Provider: "memory", Discover: true, Records: recordsOf(r.t, org, want)}
		diff := plan.Diff(d, r.w.provider.Snapshot(org), plan.Selection{})
		policy := r.plan.Policy
		p := plan.Build([]plan.ZoneDiff{diff}, policy, plan.Origin{ID: fmt.Sprintf("RUN%d", i), Created: time.Now()})
		out = append(out, &rival{eng: r.engine(stateDir(r.t), nil), plan: p})
	}
	return out
}

// run takes the rival's run as far as it goes without a person.
func (v *rival) run(t *testing.T) {
	if _, v.err = v.eng.Start(t.Context(), v.plan); v.err != nil {
		return
	}
	v.wait(t)
}

func (v *rival) wait(t *testing.T) {
	var err error
	if v.result, err = v.eng.Wait(t.Context(), v.plan.ID); err != nil {
		t.Errorf("wait for %s: %v", v.plan.ID, err)
	}
}

// refused tells whether the run did not begin because live had moved.
func (v *rival) refused(t *testing.T) bool {
	if v.err == nil {
		return false
	}
	if _, stale := errors.AsType[*execute.StaleError](v.err); !stale {
		t.Errorf("start %s: %v", v.plan.ID, v.err)
	}
	return true
}

// wantNoLostUpdate follows the provider's own log: each write that landed went
// from what was live to one of the states that its plan goes through.
func (r *rig) wantNoLostUpdate(before *zone.Snapshot) {
	r.t.Helper()
	live := map[zone.Key]zone.RRset{}
	for _, s := range before.RRsets {
		live[s.Key] = s
	}
	for _, call := range r.w.landed() {
		for _, c := range call.Changes {
			was, ok := live[c.Key()]
			if ok != (c.Before != nil) || ok && !was.Equal(*c.Before) {
				r.t.Errorf("%s: the write of %v expected %v, and %v was live", call.At, c.After, c.Before, was)
			}
			delete(live, c.Key())
			if c.After != nil {
				live[c.Key()] = *c.After
			}
		}
	}
}

// wantOneWinner wants that at most one of the rivals says of an RRset that it is
// applied, and that live is what it says.
func (r *rig) wantOneWinner(rivals []*rival) {
	r.t.Helper()
	applied := map[zone.Key]string{}
	for _, v := range rivals {
		for _, c := range v.result.Changes {
			if c.Made != execute.Applied {
				continue
			}
			key := c.Change.Key
			if other, twice := applied[key]; twice {
				r.t.Errorf("%s is applied by %s and by %s", key, other, v.plan.ID)
			}
			applied[key] = v.plan.ID
			live, ok := r.w.provider.Snapshot(org).Find(key)
			if want := c.Change.After.RRset(key); !ok || !live.Equal(*want) {
				r.t.Errorf("%s says that %s is applied, and live is %v", v.plan.ID, want, live)
			}
		}
	}
}

// Two people with a state folder each, or on two machines, change the same
// names: no lock is between them, and what each write expects is. Whatever the
// order of their requests, nothing is overwritten unseen: one wins, and the
// other's run does not begin, or holds; or both hold.
func TestTwoStateFolders(t *testing.T) {
	const live = "a 600 A 192.0.2.1\nb 600 A 192.0.2.2\nc 60 A 192.0.2.3"
	wants := [][2]string{
		{"a 600 A 203.0.113.1\nb 600 A 203.0.113.2", "a 600 A 198.51.100.1\nb 600 A 198.51.100.2"},
		{"a 600 A 203.0.113.1", "a 600 A 198.51.100.1\nc 60 A 198.51.100.3"},
		{"c 60 A 203.0.113.3", "c 60 A 198.51.100.3"},
		{"a 300 A 192.0.2.1", "a 600 A 198.51.100.1"},
	}
	won, held, refused := 0, 0, 0
	for seed := range uint64(120) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			strategy := plan.Staged
			if seed%3 == 0 {
				strategy = plan.Direct
			}
			s := scenario{live: live, want: live, policy: func(p *plan.Policy) { p.Strategy = strategy }}
			r := s.build(t)
			before := r.w.provider.Snapshot(org)
			pair := wants[seed%uint64(len(wants))]
			rivals := r.rivals(pair[0], pair[1])
			var mu sync.Mutex
			pause := func(most int) {
				mu.Lock()
				d := time.Duration(random.IntN(most)) * 100 * time.Millisecond
				mu.Unlock()
				time.Sleep(d)
			}
			r.w.onWrite = func(zone.Name, []providers.Change) { pause(20) } // between a look and its write
			var wg sync.WaitGroup
			spread := []int{1, 10, 1000, 15000}[random.IntN(4)] // tenths of a second
			for _, v := range rivals {
				wg.Go(func() { pause(spread); v.run(t) })
			}
			wg.Wait()
			r.wantNoLostUpdate(before)
			r.wantOneWinner(rivals)
			for _, v := range rivals {
				switch {
				case v.refused(t):
					refused++
				case v.result.Outcome == execute.OutcomeHeld:
					held++
				case v.result.Outcome == execute.OutcomeDone:
					won++
				}
			}
			r.settleRivals(t, rivals, before)
			if t.Failed() {
				t.Logf("seed %d", seed)
			}
		})
	}
	t.Logf("%d won, %d hold, %d were refused", won, held, refused)
	if won == 0 || held == 0 || refused == 0 {
		t.Errorf("the orders are not mixed: %d won, %d hold, %d were refused", won, held, refused)
	}
}

// settleRivals has each one that holds cancelled, and wants that the winner's
// values stay.
func (r *rig) settleRivals(t *testing.T, rivals []*rival, before *zone.Snapshot) {
	for _, v := range rivals {
		if v.err == nil && v.result.Outcome == execute.OutcomeHeld {
			if err := v.eng.Signal(t.Context(), v.plan.ID, engine.Cancel); err != nil {
				t.Errorf("cancel %s: %v", v.plan.ID, err)
			}
			v.wait(t)
		}
	}
	r.wantNoLostUpdate(before)
	r.wantOneWinner(rivals)
	for _, s := range r.w.provider.Snapshot(org).RRsets {
		known := slices.ContainsFunc(rivals, func(v *rival) bool {
			return slices.ContainsFunc(v.plan.Changes, func(c plan.Change) bool {
				return c.Key == s.Key && (slices.Equal(s.Addrs, c.Before.Values) || slices.Equal(s.Addrs, c.After.Values))
			})
		})
		touched := slices.ContainsFunc(rivals, func(v *rival) bool {
			return slices.ContainsFunc(v.plan.Changes, func(c plan.Change) bool { return c.Key == s.Key })
		})
		if touched && !known {
			t.Errorf("live is %s, which nobody has wanted", s)
		}
	}
}
