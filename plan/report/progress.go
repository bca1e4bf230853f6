package report

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// Progress shows a run while it goes on. Its methods may be called from several
// goroutines. It is an execute.Observer.
//
// Time comes with events and ticks alone. The first error of writing stops all
// further output; End returns it.
type Progress struct {
	mu   sync.Mutex
	w    io.Writer
	err  error
	face face
	now  nowState
}

// nowState is what is known of a run while it goes on.
type nowState struct {
	o      Options // Now moves on with events and ticks
	plan   *plan.Plan
	run    string
	ledger *ledger
	// step is what runs now; nil between steps.
	step  *entry
	doing execute.Progress
	// told are the milestones that were told.
	told map[string]bool
}

// face is one way to show progress. Each method returns what to write.
type face interface {
	begin(n *nowState) []byte
	// event is told after n has taken e in.
	event(n *nowState, e journal.Event) []byte
	// milestone is told as soon as its time is known.
	milestone(n *nowState, m Milestone) []byte
	progress(n *nowState, p execute.Progress) []byte
	tick(n *nowState) []byte
	end(n *nowState, r Result) []byte
}

func newProgress(w io.Writer, o Options, f face) *Progress {
	empty := &plan.Plan{}
	return &Progress{w: w, face: f, now: nowState{o: o.filled(), plan: empty, ledger: newLedger(empty)}}
}

// Begin says which plan is about to run. Past are the events of a run that is
// resumed: they are taken in, not shown.
func (p *Progress) Begin(pl *plan.Plan, run string, past ...journal.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.plan, p.now.run, p.now.ledger = pl, run, newLedger(pl)
	for _, e := range past {
		p.now.take(e)
	}
	p.now.fresh() // those are known
	p.write(p.face.begin(&p.now))
}

// Event shows one event of the journal.
func (p *Progress) Event(e journal.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.take(e)
	p.write(p.face.event(&p.now, e))
	for _, m := range p.now.fresh() {
		p.write(p.face.milestone(&p.now, m))
	}
}

// Progress shows what the step that runs tells.
func (p *Progress) Progress(e execute.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.doing = e
	p.write(p.face.progress(&p.now, e))
}

// Tick says what time it is, once a second or so, so that countdowns go on.
func (p *Progress) Tick(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.moveOn(now)
	p.write(p.face.tick(&p.now))
}

// End says how it came out, and returns the first error of writing. NewJSON's
// is the whole result. NewPlain says it in one line and NewLive only takes its
// block away: the result belongs on another stream, where the caller writes
// ResultText. Both write that themselves where r.Error kept the run from going
// on.
func (p *Progress) End(r Result) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.moveOn(r.Ended)
	p.write(p.face.end(&p.now, r))
	return p.err
}

func (p *Progress) write(b []byte) {
	if p.err == nil && len(b) > 0 {
		_, p.err = p.w.Write(b)
	}
}

func (n *nowState) moveOn(t time.Time) {
	if t.After(n.o.Now) {
		n.o.Now = t
	}
}

// take folds an event and finds out which step runs now.
func (n *nowState) take(e journal.Event) {
	n.moveOn(e.At)
	n.ledger.apply(e)
	switch e.Kind {
	case journal.Start, journal.Wait:
		s := n.ledger.entry(entryKey{e.Step, e.Undo})
		if s != n.step {
			n.step, n.doing = s, execute.Progress{}
		}
	case journal.Done, journal.Failed, journal.Hold:
		if n.step != nil && n.ledger.stepState(n.step) != StepRunning {
			n.step, n.doing = nil, execute.Progress{}
		}
	case journal.Interrupted, journal.End, journal.Cancel:
		n.step, n.doing = nil, execute.Progress{}
	}
}

// deadline is when the wait of the step that runs ends, or when what it does is
// given up or tried again, with the word for it; zero without one. Behind a wait
// a step may still look for agreement.
func (n *nowState) deadline() (at time.Time, word string) {
	if n.step != nil && !n.step.until.IsZero() && !n.doing.Deadline.After(n.step.until) {
		return n.step.until, "ends"
	}
	switch n.doing.Then {
	case execute.Ends:
		return n.doing.Deadline, "ends"
	case execute.TriesAgain:
		if !n.o.Now.Before(n.doing.Deadline) {
			return time.Time{}, "" // it is being tried
		}
		return n.doing.Deadline, "tries again at"
	}
	return n.doing.Deadline, "gives up at"
}

// next is the first step that has not begun; nil without one.
func (n *nowState) next() *entry {
	for _, s := range n.ledger.steps {
		if !s.key.undo && n.ledger.stepState(s) == StepPending {
			return s
		}
	}
	return nil
}

// name is the step as lines name it: "s5 expire", "s3 lower-ttl, taken back".
func (s *entry) name() string {
	out := s.key.step
	if s.step != nil {
		out += " " + string(s.step.Kind)
	}
	if s.key.undo {
		out += ", taken back"
	}
	return out
}

// sentence says what the step does; empty when the plan does not hold it.
func (n *nowState) sentence(s *entry) string {
	if s.step == nil {
		return ""
	}
	if s.key.undo {
		return n.ledger.lookup.closing(s.step)
	}
	return n.ledger.lookup.sentence(s.step)
}

// endText is all that is known when something kept the run from going on.
func (n *nowState) endText(r Result) []byte {
	if r.Error == "" {
		return nil
	}
	p := newPage(n.o)
	p.result(n.plan, r)
	return p.out.Bytes()
}

// jsonLine is v on one line. What this package hands it can always be encoded.
func jsonLine(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil
	}
	return escaped(b.Bytes())
}
