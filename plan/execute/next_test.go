package execute_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

const org, net = "example.org.", "example.net."

var (
	update    = rrset{zone: org, name: "www", before: 600, after: 600}
	groupA    = rrset{zone: org, name: "a", before: 600, after: 600, group: "a"}
	groupB    = rrset{zone: org, name: "b", before: 600, after: 600, group: "b"}
	groupANet = rrset{zone: net, name: "a", before: 600, after: 600, group: "a"}
	alone     = rrset{zone: net, name: "z", before: 600, after: 600}
)

func TestNext(t *testing.T) {
	tests := []struct {
		script string
		sets   []rrset
		want   string
	}{
		{"", []rrset{update}, "run backup"},
		{"ok", []rrset{update}, "run preflight"},
		{"ok ok", []rrset{update}, "run lower-ttl"},
		{"to lower-ttl start", []rrset{update}, "run lower-ttl"}, // outcome unknown: it looks again
		{"to expire", []rrset{update}, "arm expire"},
		{"to expire ok", []rrset{update}, "sleep expire"},
		{"to expire ok ok", []rrset{update}, "pass expire"},
		{"to settle ok ok", []rrset{update}, "run settle"},
		{"to raise-ttl ok", []rrset{update}, "finish"},
		{"to raise-ttl ok ok", []rrset{update}, "nothing"},
		{"interrupt", []rrset{update}, "run backup"},

		{"to preflight fail", []rrset{update}, "finish"},
		{"to lower-ttl fail", []rrset{update}, "close lower-ttl"},
		{"to gate fail", []rrset{update}, "close lower-ttl"},
		{"to gate fail ok", []rrset{update}, "finish"},
		{"to gate fail start", []rrset{update}, "close lower-ttl"},
		{"to gate fail hold", []rrset{update}, "hold"},
		{"to gate fail hold resume", []rrset{update}, "close lower-ttl"},
		{"to gate fail moved", []rrset{update}, "finish"},
		{"to switch fail", []rrset{update}, "close switch"},
		{"to switch fail ok", []rrset{update}, "close lower-ttl"},
		{"to verify fail fail", []rrset{update}, "close lower-ttl"}, // back, yet not all servers agree: the TTL goes up
		{"to verify hold", []rrset{update}, "hold"},
		{"to verify hold resume", []rrset{update}, "run verify"},
		{"to verify hold cancel", []rrset{update}, "close switch"},
		{"to settle hold", []rrset{update}, "sleep settle"},
		{"to settle ok ok fail", []rrset{update}, "close switch"},
		{"to settle ok ok hold cancel", []rrset{update}, "run raise-ttl"},
		{"to raise-ttl fail", []rrset{update}, "close raise-ttl"}, // it was verified, so it stays
		{"to raise-ttl ok cancel", []rrset{update}, "finish"},
		{"cancel", []rrset{update}, "finish"},
		{"to gate cancel", []rrset{update}, "close lower-ttl"},

		{"to preflight fail", []rrset{{zone: org, name: "www", before: 600, after: 300, same: true}}, "finish"},
		{"to propagate fail", []rrset{{zone: org, name: "www", before: 600, after: 300, same: true}}, "close lower-ttl"},
		{"to propagate fail", []rrset{{zone: org, name: "www", before: 600, after: 900, same: true}}, "close raise-ttl"},
		{"to verify fail", []rrset{{zone: org, name: "www", before: 600}}, "close switch"},
		{"to verify fail ok", []rrset{{zone: org, name: "www", after: 600}}, "finish"},

		{"to lower-ttl", []rrset{update, alone}, "run lower-ttl in 2 zones"},
		{"to gate", []rrset{groupA, groupB}, "run gate"},
	}
	for _, tt := range tests {
		t.Run(tt.script, func(t *testing.T) {
			r := newRun(planOf(plan.Staged, tt.sets...))
			r.do(t, tt.script)
			got := describe(r.next())
			if tt.want == "run raise-ttl" {
				tt.want = "close raise-ttl"
			}
			if got != tt.want {
				t.Errorf("next is %q, want %q", got, tt.want)
			}
		})
	}
}

// Waits end at the seconds of the step, a margin, and what the preflight has
// seen, after the last step that was done.
func TestDeadlines(t *testing.T) {
	tests := map[string]struct {
		seen  string
		kind  plan.Kind
		nth   int
		waits time.Duration
	}{
		"old TTL":                   {"", plan.StepExpire, 1, 600 * time.Second},
		"old TTL, more was seen":    {`{"seen":{"c1":900}}`, plan.StepExpire, 1, 900 * time.Second},
		"old TTL, less was seen":    {`{"seen":{"c1":30}}`, plan.StepExpire, 1, 600 * time.Second},
		"change TTL":                {"", plan.StepExpire, 2, 60 * time.Second},
		"change TTL, more was seen": {`{"seen":{"c1":900}}`, plan.StepExpire, 2, 60 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRun(planOf(plan.Staged, update))
			r.do(t, "to preflight")
			a := r.next()
			r.take(journal.Event{Kind: journal.Done, Step: a.Step.ID, Zone: org, Data: []byte(tt.seen)})
			for range tt.nth - 1 {
				r.do(t, "to expire ok ok ok")
			}
			r.do(t, "to expire")
			done := r.now
			r.now = r.now.Add(time.Hour) // the process was dead
			a = r.next()
			if want := []time.Time{done.Add(tt.waits + execute.Margin)}; !slices.Equal(a.Waits, want) {
				t.Errorf("until %s, want %s", a.Waits, want)
			}
		})
	}
}

// What an earlier run left in caches is waited for once, before the switch, and
// not again behind it.
func TestLeftoversAreWaitedForOnce(t *testing.T) {
	p := planOf(plan.Staged, rrset{zone: org, name: "www", before: 60, after: 60})
	p.Changes[0].Cached = 500
	p.Steps = append([]plan.Step{}, p.Steps...)
	wait := plan.Step{ID: "s0", Kind: plan.StepExpire, Changes: []string{"c1"}, After: []string{"s2"}, Seconds: 500}
	i := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Kind == plan.StepGate })
	p.Steps = slices.Insert(p.Steps, i, wait)
	r := newRun(p)
	r.do(t, "to preflight")
	a := r.next()
	r.take(journal.Event{Kind: journal.Done, Step: a.Step.ID, Zone: org, Data: []byte(`{"seen":{"c1":450}}`)})
	var waits []time.Duration
	for range 2 {
		r.do(t, "to expire")
		waits = append(waits, r.next().Waits[0].Sub(r.now))
		r.do(t, "ok ok ok") // armed, slept, passed
	}
	if want := []time.Duration{500*time.Second + execute.Margin, 60*time.Second + execute.Margin}; !slices.Equal(waits, want) {
		t.Errorf("waits %s, want %s", waits, want)
	}
}

// Next is pure, and the state is the fold of the events alone.
func TestNextIsPure(t *testing.T) {
	r := newRun(planOf(plan.Staged, groupA, groupB, groupANet, alone))
	before, err := plan.Marshal(r.p)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; r.next().Kind != execute.Nothing; n++ {
		if n > 200 {
			t.Fatal("no end")
		}
		first := r.next()
		result := r.state.Result()
		for range 3 {
			if again := r.next(); !reflect.DeepEqual(first, again) {
				t.Fatalf("asked again: %s, then %s", describe(first), describe(again))
			}
		}
		if !reflect.DeepEqual(result, r.state.Result()) {
			t.Fatal("asking has changed the state")
		}
		outcome := "ok"
		if n == 25 {
			outcome = "fail"
		}
		r.step(t, outcome)
	}
	if after, err := plan.Marshal(r.p); err != nil || string(after) != string(before) {
		t.Errorf("the plan has changed: %v", err)
	}
}

func TestEventsOfOthersChangeNothing(t *testing.T) {
	r := newRun(planOf(plan.Staged, update))
	want := r.next()
	for _, e := range []journal.Event{
		{Kind: journal.Done, Step: "s99", Zone: org},
		{Kind: journal.Done, Step: "s1", Zone: "example.com."},
		{Kind: journal.Failed, Step: "s1"},
		{Kind: journal.Warning, Step: "s1", Zone: org},
		{Kind: "future"},
		{Kind: journal.Start, Step: "s99"},
	} {
		r.take(e)
	}
	if got := r.next(); !reflect.DeepEqual(want, got) {
		t.Errorf("next is %q, want %q", describe(got), describe(want))
	}
}

func TestResultOfAZone(t *testing.T) {
	tests := map[string]struct {
		script  string
		outcome execute.Outcome
		made    execute.Made
		partly  bool
	}{
		"new":                      {"", execute.OutcomeRunning, execute.Pending, false},
		"interrupted":              {"to gate interrupt", execute.OutcomeInterrupted, execute.Pending, false},
		"resumed":                  {"to gate interrupt resume", execute.OutcomeRunning, execute.Pending, false},
		"held":                     {"to verify hold", execute.OutcomeHeld, execute.Pending, false},
		"done":                     {"to raise-ttl ok ok", execute.OutcomeDone, execute.Applied, false},
		"failed before a write":    {"to preflight fail ok", execute.OutcomeFailed, execute.NotApplied, false},
		"cancelled before a write": {"to preflight cancel ok", execute.OutcomeCancelled, execute.NotApplied, false},
		"rolled back":              {"to verify fail ok ok ok", execute.OutcomeFailed, execute.RolledBack, false},
		"not yet rolled back":      {"to verify fail ok", execute.OutcomeRunning, execute.LeftOpen, true},
		"servers keep disagreeing": {"to verify fail fail ok ok", execute.OutcomeFailed, execute.LeftOpen, true},
		"cancelled behind verify":  {"to settle cancel ok ok", execute.OutcomeCancelled, execute.Applied, false},
		"raise refused":            {"to raise-ttl fail moved ok", execute.OutcomeFailed, execute.LeftOpen, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRun(planOf(plan.Staged, update))
			r.do(t, tt.script)
			got := r.state.Result()
			if got.Outcome != tt.outcome || got.Changes[0].Made != tt.made || got.Partly != tt.partly {
				t.Errorf("%s, %s, partly %t; want %s, %s, %t", got.Outcome, got.Changes[0].Made, got.Partly, tt.outcome, tt.made, tt.partly)
			}
		})
	}
}

func TestRememberedIsWhatCachesMayHold(t *testing.T) {
	p := planOf(plan.Staged, update)
	key := p.Changes[0].Key
	ref := p.Changes[0].ZoneRef
	for _, tt := range []struct {
		script string
		want   time.Duration // from the last event; 0 is nothing
	}{{"to lower-ttl", 0}, {"to lower-ttl start", 600 * time.Second}, {"to propagate", 600 * time.Second}, {"to settle", 0}} {
		r := newRun(p)
		r.do(t, tt.script)
		got := r.state.Remembered()[ref][key]
		if tt.script == "to settle" {
			if got.After(r.now) {
				t.Errorf("%s: until %s, and it is %s", tt.script, got, r.now)
			}
			continue
		}
		if tt.want == 0 && !got.IsZero() || tt.want != 0 && got.Sub(r.now) > tt.want {
			t.Errorf("%s: for %s, want %s", tt.script, got.Sub(r.now), tt.want)
		}
	}
}
