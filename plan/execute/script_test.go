package execute_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

var epoch = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

// rrset is one RRset that is to change: an update without before or after is a
// create or a delete.
type rrset struct {
	zone, name, group string
	before, after     zone.TTL // 0 is no such RRset
	same              bool     // the values stay
	probe             bool     // the record has one
}

// planOf builds the plan that changes the sets.
func planOf(strategy plan.Strategy, sets ...rrset) *plan.Plan {
	live, want := map[string]*zone.Snapshot{}, map[string]*plan.Desired{}
	var zones []string
	for _, s := range sets {
		if live[s.zone] == nil {
			zones = append(zones, s.zone)
			live[s.zone] = &zone.Snapshot{Zone: zone.Name(s.zone)}
			want[s.zone] = &plan.Desired{ZoneRef: plan.ZoneRef{Zone: zone.Name(s.zone)}, Prune: true, Discover: true}
		}
		s.add(live[s.zone], want[s.zone])
	}
	var diffs []plan.ZoneDiff
	for _, z := range zones {
		live[z].Sort()
		diffs = append(diffs, plan.Diff(want[z], live[z], plan.Selection{}))
	}
	policy := plan.Policy{Strategy: strategy, ChangeTTL: 60, Settle: 100, Require: "all", Timeout: 600}
	return plan.Build(diffs, policy, plan.Origin{ID: "RUN", Created: epoch})
}

func (s rrset) add(live *zone.Snapshot, want *plan.Desired) {
	key := zone.Key{Name: zone.Name(s.name + "." + s.zone), Type: zone.A}
	was, will := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("203.0.113.1")
	if s.same {
		will = was
	}
	if s.before > 0 {
		live.RRsets = append(live.RRsets, zone.RRset{Key: key, TTL: s.before, Addrs: []netip.Addr{was}})
	}
	if s.after > 0 {
		r := plan.Record{Key: key, Addrs: []netip.Addr{will}, TTL: s.after, Group: s.group}
		if s.probe {
			r.Probe = &plan.Probe{Type: plan.ProbeTCP, Port: 25, Timeout: 5}
		}
		want.Records = append(want.Records, r)
	}
}

// run is a run in the making: it takes events and says what is next.
type run struct {
	p     *plan.Plan
	state *execute.State
	now   time.Time
	seq   int
}

func newRun(p *plan.Plan) *run { return &run{p: p, state: execute.NewState(p), now: epoch} }

func (r *run) next() execute.Action { return execute.Next(r.p, r.state, r.now) }

func (r *run) take(e journal.Event) {
	r.seq++
	e.Seq, e.At = r.seq, r.now
	r.state.Apply(e)
}

// each takes an event of the kind for each of the action's zones.
func (r *run) each(a execute.Action, k journal.Kind, class execute.Class) {
	for i, z := range a.Zones {
		e := journal.Event{Kind: k, Step: a.Step.ID, Zone: z.String(), Undo: a.Closing}
		if k == journal.Wait {
			e.Until = a.Waits[i]
		}
		if class != "" {
			e.Error, e.Data = "because", json.RawMessage(fmt.Sprintf(`{"class":%q}`, class))
		}
		r.take(e)
	}
}

// do takes the words of a script, one after the other, each at what is next:
//
//	ok        the action succeeds in all zones; waits are armed, slept and passed
//	start     it begins, and the process dies
//	fail      it fails in all zones; moved, the same with an alarm's class
//	hold      it needs a person
//	late      it begins, and is broken off when its limit comes
//	to KIND   ok until a step of the kind is next
//	resume, cancel, interrupt
func (r *run) do(t testing.TB, script string) {
	t.Helper()
	words := strings.Fields(script)
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "to":
			i++
			r.to(t, plan.Kind(words[i]))
		case "resume":
			r.take(journal.Event{Kind: journal.Resume})
		case "cancel":
			r.take(journal.Event{Kind: journal.Cancel})
		case "interrupt":
			r.take(journal.Event{Kind: journal.Interrupted})
		default:
			r.step(t, words[i])
		}
	}
}

func (r *run) to(t testing.TB, k plan.Kind) {
	t.Helper()
	for range 100 {
		if a := r.next(); a.Step == nil || a.Step.Kind == k {
			return
		}
		r.step(t, "ok")
	}
	t.Fatalf("no step of kind %s comes", k)
}

// step lets the next action come to the outcome.
func (r *run) step(t testing.TB, outcome string) {
	t.Helper()
	a := r.next()
	switch a.Kind {
	case execute.Arm:
		r.each(a, journal.Wait, "")
	case execute.Sleep:
		r.now = a.Until
	case execute.Pass:
		r.each(a, journal.Done, "")
	case execute.Finish:
		r.take(journal.Event{Kind: journal.End})
	case execute.GiveUp:
		r.giveUp(t, a)
	case execute.Run:
		r.take(journal.Event{Kind: journal.Start, Step: a.Step.ID, Undo: a.Closing})
		r.now = r.now.Add(time.Second)
		if outcome == "late" {
			r.now = a.Limit
			return
		}
		r.end(t, a, outcome)
	default:
		t.Fatalf("%s where nothing is to be done", outcome)
	}
}

func (r *run) giveUp(t rapid.TB, a execute.Action) {
	t.Helper()
	events, err := execute.GivenUp(a)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		r.take(e)
	}
}

func (r *run) end(t testing.TB, a execute.Action, outcome string) {
	t.Helper()
	switch outcome {
	case "ok":
		r.each(a, journal.Done, "")
	case "fail":
		r.each(a, journal.Failed, execute.Disagree)
	case "moved":
		r.each(a, journal.Failed, execute.Moved)
	case "hold":
		r.each(a, journal.Hold, execute.Lagging)
	case "start":
	default:
		t.Fatalf("no such word: %q", outcome)
	}
}

// describe says an action in words.
func describe(a execute.Action) string {
	kinds := map[execute.Kind]string{
		execute.Run: "run", execute.Arm: "arm", execute.Sleep: "sleep", execute.Pass: "pass",
		execute.GiveUp: "give up", execute.Hold: "hold", execute.Finish: "finish", execute.Nothing: "nothing",
	}
	out := kinds[a.Kind]
	if a.Closing {
		out = "close"
	}
	if a.Step != nil {
		out += " " + string(a.Step.Kind)
	}
	if len(a.Zones) > 1 {
		out += fmt.Sprintf(" in %d zones", len(a.Zones))
	}
	return out
}
