package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"text/tabwriter"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/providers/providertest/flaky"
)

// fault is what happens to one update.
type fault struct {
	what string
	fate flaky.Fate
	// ails, when set, has BIND itself fail from now on, until the function that it
	// returns is called.
	ails func(*ordeal) (heal func())
	// ends says that the run is over with it, if not every time: what the provider
	// has said for certain is not asked again.
	ends bool
}

// updateFaults are what strikes updates; the commonest by far stands there more
// than once.
func updateFaults() []fault {
	return []fault{
		{what: "update: the reply is lost", fate: flaky.LoseReply},
		{what: "update: the reply is lost", fate: flaky.LoseReply},
		{what: "update: the reply is cut", fate: flaky.CutReply},
		{what: "update: cut off", fate: flaky.CutBefore},
		{what: "update: late", fate: flaky.Late},
		{what: "update: SERVFAIL, not from BIND", fate: flaky.Fail},
		{what: "update: SERVFAIL behind the write", fate: flaky.FailAfter},
		{what: "update: REFUSED, not from BIND", fate: flaky.Refuse},
		{what: "update: REFUSED behind the write", fate: flaky.RefuseAfter},
		{what: "update: BADKEY, not from BIND", fate: flaky.Deny, ends: true},
		{what: "update: BADKEY behind the write", fate: flaky.DenyAfter},
		{what: "update: SERVFAIL by BIND, signed", ails: func(o *ordeal) func() { return o.bind.BreakJournals() }},
		{what: "update: REFUSED by BIND, signed", ails: func(o *ordeal) func() { o.bind.Freeze(); return o.bind.Thaw }, ends: true},
	}
}

// deal gives each run other faults to begin with. Those that end it come to half
// of the runs, behind some of the others.
func (o *ordeal) deal(seed uint64) {
	var ends []fault
	for _, f := range updateFaults() {
		if f.ends {
			ends = append(ends, f)
		} else {
			o.faults = append(o.faults, f)
		}
	}
	first := int(seed) * 2 % len(o.faults)
	o.faults = slices.Concat(o.faults[first:], o.faults[:first])
	if seed%2 == 1 {
		o.faults = slices.Insert(o.faults, 1+o.rng.IntN(2), ends[int(seed/2)%len(ends)])
	}
}

// judgeUpdate strikes updates more often than not, as long as there are faults
// left, and of the questions on the same way one of twelve.
func (o *ordeal) judgeUpdate(m *dns.Msg) flaky.Fate {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m.Opcode != dns.OpcodeUpdate {
		o.healLocked(0)
		return o.question(m, 12, flaky.CutBefore, flaky.LoseReply, flaky.Late, flaky.Fail, flaky.FailAfter, flaky.Refuse)
	}
	o.begun = true
	if o.heal != nil {
		o.ailing--
		return flaky.Pass
	}
	if o.calm || len(o.faults) == 0 || o.rng.IntN(6) == 0 {
		return flaky.Pass
	}
	f := o.faults[0]
	o.faults = o.faults[1:]
	o.struck[f.what]++
	if f.ails != nil {
		o.heal, o.ailing = f.ails(o), o.rng.IntN(3)
	}
	return f.fate
}

// healLocked ends what ails BIND, once no more than left updates are to meet it.
func (o *ordeal) healLocked(left int) {
	if o.heal != nil && o.ailing <= left {
		o.heal()
		o.heal = nil
	}
}

// rest ends all that goes wrong.
func (o *ordeal) rest() {
	o.revive()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calm = true
	o.healLocked(o.ailing)
}

// judgeQuestion strikes one question of ten: before the first update only so that
// it is asked again, since a preflight that is told no ends the run.
func (o *ordeal) judgeQuestion(m *dns.Msg) flaky.Fate {
	o.mu.Lock()
	defer o.mu.Unlock()
	fates := []flaky.Fate{flaky.CutBefore, flaky.LoseReply, flaky.Late, flaky.Twice}
	if o.begun {
		fates = append(fates, flaky.Fail, flaky.Refuse)
	}
	return o.question(m, 10, fates...)
}

// question strikes one question of some.
func (o *ordeal) question(m *dns.Msg, some int, fates ...flaky.Fate) flaky.Fate {
	if o.calm || o.rng.IntN(some) > 0 {
		return flaky.Pass
	}
	f := fates[o.rng.IntN(len(fates))]
	what := "lost, late or twice"
	switch f {
	case flaky.Fail, flaky.FailAfter:
		what = "SERVFAIL"
	case flaky.Refuse:
		what = "REFUSED"
	}
	kind := "question"
	if t := m.Question[0].Qtype; t == dns.TypeSOA || t == dns.TypeAXFR {
		kind = dns.TypeToString[t]
	}
	o.struck[kind+": "+what]++
	return f
}

// tally counts the faults by what became of the runs that met them.
type tally struct {
	mu       sync.Mutex
	injected map[string]int
	runs     map[string]map[string]int // by fault and column
}

// columns are how a run may end; behind "left open", a person has resumed it.
func (*tally) columns() []string { return []string{"done", "taken back", "left open", "BROKEN"} }

// count takes in a run that has met faults.
func (c *tally) count(t *testing.T, struck map[string]int, r engine.Run) {
	c.mu.Lock()
	defer c.mu.Unlock()
	end := "taken back"
	switch {
	case t.Failed():
		end = "BROKEN"
	case r.Result.Outcome == execute.OutcomeDone:
		end = "done"
	case r.Result.LeftOpen():
		end = "left open"
	}
	for what, n := range struck {
		if c.runs == nil {
			c.injected, c.runs = map[string]int{}, map[string]map[string]int{}
		}
		if c.runs[what] == nil {
			c.runs[what] = map[string]int{}
		}
		c.injected[what] += n
		c.runs[what][end]++
	}
}

// String is a table of the faults, and of the runs that met each.
func (c *tally) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "injected\t")
	for _, column := range c.columns() {
		fmt.Fprint(w, column, "\t")
	}
	fmt.Fprint(w, "  fault\n")
	for _, what := range slices.Sorted(maps.Keys(c.injected)) {
		fmt.Fprint(w, c.injected[what], "\t")
		for _, column := range c.columns() {
			fmt.Fprint(w, c.runs[what][column], "\t")
		}
		fmt.Fprintf(w, "  %s\n", what)
	}
	_ = w.Flush() // into memory
	return b.String()
}
