package report

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// OutcomeNothing is an outcome beside those of package execute: there was
// nothing to do, and nothing was written.
const OutcomeNothing execute.Outcome = "nothing"

// ResultChange is one change at the end.
type ResultChange struct {
	ID    string       `json:"id"`
	Name  zone.Name    `json:"name"`
	Type  zone.Type    `json:"type"`
	Zone  zone.Name    `json:"zone"`
	View  string       `json:"view,omitempty"`
	State execute.Made `json:"state"`
	// Error is why it was not applied, where no failure of its zone says so.
	Error string `json:"error,omitempty"`
	// Live is what the run left there, or what someone else has set since; nil
	// where that is not known.
	Live *Live `json:"live,omitempty"`
	// Theirs says that what is live was set by someone else while the run waited.
	Theirs bool `json:"someone_elses,omitempty"`
	// At is when the change was made; zero when it was not.
	At time.Time `json:"at,omitzero"`
	// VerifiedBy are the servers that gave the new answer.
	VerifiedBy []string `json:"verified_by,omitempty"`
}

// Result is the end of a run, or of this process's part in it.
type Result struct {
	Run      string
	Outcome  execute.Outcome
	ExitCode int
	// Began and Ended are when the run began and when this came out.
	Began, Ended time.Time
	// Error is what kept this process from going on; empty mostly.
	Error string
	// Failures are the zones that failed or need a person.
	Failures []Problem
	Changes  []ResultChange
	// Backups and ChangeLog are paths; ChangeLog is empty when nothing was
	// logged.
	Backups   []string
	ChangeLog string
	// Logged are the run's entries of the change log, for ResultText.
	Logged []journal.Change
	// Closing says that a held run holds while it takes back.
	Closing bool
	// Milestones are the moments that certificates depend on, as far as they are
	// known.
	Milestones []Milestone
	// Window is how the issuance window stands; nil in other runs.
	Window *Window
	// Moved says that a held run holds because someone else has set an RRset.
	Moved bool
	// Next is what to do; nil is what the outcome suggests.
	Next []Command
}

// NewResult puts together the end of a run, or of this process's part in it:
// what the step machine says of it, and what its events tell of times and of
// what is live. Now is when this came out.
func NewResult(p *plan.Plan, events []journal.Event, res execute.Result, exitCode int, now time.Time) Result {
	l := newLedger(p)
	for _, e := range events {
		l.apply(e)
	}
	r := Result{
		Run: p.ID, Outcome: res.Outcome, ExitCode: exitCode, Began: l.started, Ended: now, Backups: res.Backups,
		Closing: l.holdsClosing(), Moved: l.why().moved, Window: windowOf(p, res.Window), Milestones: l.milestones(),
	}
	if !l.ended.IsZero() {
		r.Ended = l.ended
	}
	if r.Outcome == execute.OutcomeRunning {
		r.Outcome = execute.OutcomeInterrupted // this process is no longer at it
	}
	writes := l.writes()
	for _, c := range res.Changes {
		r.Changes = append(r.Changes, l.beside(c.Change, resultOf(c, writes)))
	}
	for _, f := range res.Failures {
		if f.Class == execute.Stopped && f.Error == string(execute.OutcomeCancelled) {
			continue // the outcome says so
		}
		state := StepFailed
		switch r.Outcome {
		case execute.OutcomeHeld:
			state = StepNeedsYou
		case execute.OutcomeDone:
			state = StepWarning
		}
		r.Failures = append(r.Failures, Problem{Zone: f.Zone.String(), Step: f.Step, State: state, Error: f.Error, At: f.At})
	}
	return r
}

// beside adds what someone else has set in place of what the run has left.
func (l *ledger) beside(c *plan.Change, r ResultChange) ResultChange {
	live, ok := l.accepted[r.ID]
	if r.State == execute.Pending || r.State == execute.LeftOpen {
		live, ok = l.theirs[r.ID]
	}
	if ok && (r.State == execute.Left || r.State == execute.Pending || r.State == execute.LeftOpen) {
		r.Live, r.Theirs = liveOf(live.RRset(c.Key)), true
	}
	return r
}

// resultOf says what became of one change, when, and what it left live.
func resultOf(c execute.ChangeResult, writes map[string][]*entry) ResultChange {
	r := ResultChange{
		ID: c.Change.ID, Name: c.Change.Name, Type: c.Change.Type, Zone: c.Change.Zone, View: c.Change.View,
		State: c.Made, Error: c.Error, VerifiedBy: c.VerifiedBy,
	}
	left, at, known := written(c.Change, writes)
	switch c.Made {
	case execute.Applied:
		r.Live, r.At = liveOf(c.Change.After.RRset(c.Change.Key)), at
	case execute.Closed:
		r.Live = liveOf(closedAs(c).RRset(c.Change.Key))
	case execute.RolledBack, execute.NotApplied:
		r.Live, r.VerifiedBy = liveOf(c.Change.Before.RRset(c.Change.Key)), nil
	case execute.LeftOpen:
		if c.Stays != nil {
			r.Live = liveOf(c.Stays)
		}
	case execute.Left:
		r.VerifiedBy = nil
	case execute.Pending:
		r.VerifiedBy = nil
		if known {
			r.Live = liveOf(left)
		}
	}
	return r
}

// written follows the writes of a change that are done: what they left, and
// when the one that brought the new state was made. It is not known when a
// write has begun and not ended.
func written(c *plan.Change, writes map[string][]*entry) (live *zone.RRset, at time.Time, known bool) {
	live = c.Before.RRset(c.Key)
	ref := c.ZoneRef.String()
	for _, s := range writes[c.ID] {
		done, ok := s.done[ref]
		if !ok {
			return live, at, !s.begun[ref] && !s.begun[""]
		}
		live = c.Move(s.step.Kind).To
		if s.step.Kind != plan.StepRaise && s.step.Kind != plan.StepLower || c.Action == plan.TTL {
			at = done
		}
	}
	return live, at, true
}

// writes are the steps that write each change, by its id, in order.
func (l *ledger) writes() map[string][]*entry {
	out := make(map[string][]*entry, len(l.lookup.changes))
	for _, s := range l.steps {
		if s.step == nil || s.key.undo || !s.step.Kind.Writes() {
			continue
		}
		for _, id := range s.step.Changes {
			out[id] = append(out[id], s)
		}
	}
	return out
}

// Duration is how long the run took so far.
func (r Result) Duration() time.Duration {
	if r.Began.IsZero() {
		return 0
	}
	return max(0, r.Ended.Sub(r.Began))
}

// Commands is what to do next.
func (r Result) Commands() []Command {
	if r.Next != nil {
		return r.Next
	}
	if r.Window != nil {
		return r.Window.next(RunStateOf(r.Outcome), r.Run)
	}
	switch r.Outcome {
	case execute.OutcomeFailed:
		return next(RunFailed, r.Run, holding{})
	case execute.OutcomeHeld:
		return next(RunHolding, r.Run, holding{closing: r.Closing, moved: r.Moved})
	case execute.OutcomeCancelled:
		return next(RunCancelled, r.Run, holding{})
	case execute.OutcomeInterrupted:
		return next(RunInterrupted, r.Run, holding{})
	}
	return nil
}

// ResultJSON writes the last line of the machine stream: one object of type
// summary, on one line.
func ResultJSON(w io.Writer, r Result) error {
	_, err := w.Write(resultLine(r))
	return err
}

func resultLine(r Result) []byte {
	return jsonLine(struct {
		Type     string          `json:"type"`
		Run      string          `json:"run"`
		Result   execute.Outcome `json:"result"`
		ExitCode int             `json:"exit_code"`
		Error    string          `json:"error,omitempty"`
		Failures []Problem       `json:"failures,omitempty"`
		Changes  []ResultChange  `json:"changes"`
		Backups  []string        `json:"backups"`
		Log      string          `json:"change_log,omitempty"`
		Reached  []Milestone     `json:"milestones,omitempty"`
		Window   *Window         `json:"window,omitempty"`
		Next     []Command       `json:"next"`
		Began    time.Time       `json:"started,omitzero"`
		Ended    time.Time       `json:"ended,omitzero"`
		Seconds  int64           `json:"duration_seconds"`
	}{
		"summary", r.Run, r.Outcome, r.ExitCode, r.Error, r.Failures, append([]ResultChange{}, r.Changes...),
		append([]string{}, r.Backups...), r.ChangeLog, r.Milestones, r.Window, append([]Command{}, r.Commands()...),
		r.Began.UTC(), r.Ended.UTC(), int64(r.Duration() / time.Second),
	})
}

// ResultText writes the end of a run for people: what was changed, when, and
// who confirmed it; or what happened, what DNS holds now, and what to do. P is
// the plan of the run; nil leaves the old values out.
func ResultText(w io.Writer, p *plan.Plan, r Result, o Options) error {
	pg := newPage(o)
	if pg.o.Now.IsZero() {
		pg.o.Now = r.Ended
	}
	pg.result(p, r)
	return pg.writeTo(w)
}

func (p *page) result(pl *plan.Plan, r Result) {
	p.resultHead(r)
	p.happened(r)
	p.resultChanges(pl, r)
	p.certificates(r.Window)
	p.reachedAt(r.Milestones)
	findings(p, "Backups", r.Backups, func(s string) { p.row(4, "  ", txt(s)) })
	p.changeLog(r)
	p.commands(r.Commands())
}

// maxLogged is how many entries of the change log a result shows.
const maxLogged = 10

// changeLog shows what the run has logged, and where the log is.
func (p *page) changeLog(r Result) {
	if r.ChangeLog == "" {
		return
	}
	p.heading("Change log")
	for _, c := range r.Logged[:min(len(r.Logged), maxLogged)] {
		p.logged(2, c)
	}
	if rest := len(r.Logged) - maxLogged; rest > 0 {
		p.row(2, "  ", txt("... and "+count(rest, "more entry")))
	}
	p.row(4, "  ", txt(r.ChangeLog+" ("+p.o.Command("log")+")"))
}

func (p *page) resultHead(r Result) {
	m := runMark(map[execute.Outcome]RunState{
		execute.OutcomeDone: RunDone, execute.OutcomeFailed: RunFailed, execute.OutcomeHeld: RunHolding,
		execute.OutcomeCancelled: RunCancelled, execute.OutcomeInterrupted: RunInterrupted, execute.OutcomeOpen: RunOpen, OutcomeNothing: RunDone,
	}[r.Outcome])
	if r.Outcome == execute.OutcomeDone {
		m = r.Window.mark(m)
	}
	line := []span{in(m.style, m.sign(p.o)+" "+m.word)}
	switch {
	case r.Outcome == OutcomeNothing:
		line = append(line, txt(": nothing to do, nothing was written."))
	case r.Began.IsZero():
		line = append(line, txt(": nothing was done."))
	case r.Window != nil:
		line = append(line, txt(": "+r.Window.text(RunStateOf(r.Outcome), p.o)+"."))
	case r.Outcome == execute.OutcomeInterrupted:
		line = append(line, txt(": run "+r.Run+" stopped after "+keep(duration(r.Duration()))+". Nothing is lost: resume goes on, and the time already waited counts."))
	default:
		line = append(line, txt(": "+r.counted()+" after "+keep(duration(r.Duration()))+
			", "+keep(p.o.clock(r.Began))+" to "+keep(p.o.clock(r.Ended))))
	}
	p.row(2, "", line...)
}

// counted says "1 of 2 changes applied".
func (r Result) counted() string {
	n := 0
	for _, c := range r.Changes {
		if c.State == execute.Applied || c.State == execute.Closed && (c.Live == nil || c.Live.Proxied) {
			n++
		}
	}
	if r.Window != nil {
		return number(n) + " of " + count(len(r.Changes), "RRset") + " proxied again"
	}
	return number(n) + " of " + count(len(r.Changes), "change") + " applied"
}

func (p *page) happened(r Result) {
	if r.Error == "" && len(r.Failures) == 0 {
		return
	}
	p.heading("What happened")
	if r.Error != "" {
		p.row(4, "  ", in(red, r.Error))
	}
	for i, f := range r.Failures {
		if i == maxFindings {
			p.row(4, "  ", txt("... and "+number(len(r.Failures)-i)+" more"))
			return
		}
		p.problem(2, f)
	}
}

func (p *page) resultChanges(pl *plan.Plan, r Result) {
	if len(r.Changes) == 0 {
		return
	}
	known := lookup{} // without a plan nothing is known of what was before
	if pl != nil {
		known = newLookup(pl)
	}
	heading := "Changes"
	if r.Outcome != execute.OutcomeDone {
		heading = "What DNS holds now"
	}
	p.heading(heading)
	shared := r.verifiedAlike()
	for i, c := range worstFirst(r.Changes) {
		if i == p.o.MaxChanges {
			p.row(2, "  ", txt("... and "+count(len(r.Changes)-i, "more change")))
			break
		}
		if r.tells(c.Error) {
			c.Error = ""
		}
		p.resultChange(known.changes[c.ID], c, shared)
	}
	if shared {
		p.verifiedBy(r.verifiers())
	}
}

// verifiedBy lists the servers that verified everything.
func (p *page) verifiedBy(servers []string) {
	if len(servers) == 0 {
		p.heading(strings.ToUpper(byNobody[:1]) + byNobody[1:] + ".")
	}
	findings(p, "Verified by", servers, func(s string) { p.row(4, "  ", txt(s)) })
}

// byNobody is how a change was verified where no server is asked: each write is
// followed by a read.
const byNobody = "verified by nobody: the provider was read back"

// verifiedAlike tells whether several changes were applied, and all of them
// were verified by the same servers.
func (r Result) verifiedAlike() bool {
	n, shared := 0, r.verifiers()
	for _, c := range r.Changes {
		if c.State != execute.Applied {
			continue
		}
		if !slices.Equal(shared, c.VerifiedBy) {
			return false
		}
		n++
	}
	return n > 1
}

// verifiers are the servers that verified the first change that was applied.
func (r Result) verifiers() []string {
	for _, c := range r.Changes {
		if c.State == execute.Applied {
			return c.VerifiedBy
		}
	}
	return nil
}

// tells says whether err stands under what happened, or is the outcome itself.
func (r Result) tells(err string) bool {
	return err == string(execute.OutcomeCancelled) && r.Outcome == execute.OutcomeCancelled ||
		slices.ContainsFunc(r.Failures, func(f Problem) bool { return f.Error == err })
}

// worstFirst puts what did not work on top and keeps the order otherwise.
func worstFirst(changes []ResultChange) []ResultChange {
	out := slices.Clone(changes)
	rank := func(c ResultChange) int {
		if (c.State == execute.Applied || c.State == execute.Closed) && c.Error == "" {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(out, func(a, b ResultChange) int { return rank(a) - rank(b) })
	return out
}

// resultChange is one change at the end. Shared says that who verified it is
// told of all changes together.
func (p *page) resultChange(c *plan.Change, r ResultChange, shared bool) {
	const pad = len(execute.NotApplied)
	const column = 2 + pad + 3
	line := append(p.subject(r.Name, r.Type), viewOf(plan.ZoneRef{Zone: r.Zone, View: r.View})...)
	p.marked(2, changeMark(r.State), pad, line...)
	under := strings.Repeat(" ", column)
	if now := p.nowText(c, r); len(now) > 0 {
		p.row(column, under, now...)
	}
	if r.Error != "" {
		p.row(column, under, in(red, r.Error))
	}
	var made []string
	if !r.At.IsZero() {
		made = append(made, "at "+keep(p.o.clock(r.At)))
	}
	if r.State == execute.Applied && !shared || r.State == execute.Closed && len(r.VerifiedBy) > 0 {
		made = append(made, verifiedBy(r.VerifiedBy))
	}
	if len(made) > 0 {
		p.row(column, under, in(dim, strings.Join(made, p.o.dot())))
	}
}

// nowText says what is live. Of what was applied it shows the way there.
func (p *page) nowText(c *plan.Change, r ResultChange) []span {
	switch {
	case r.Live == nil:
		return []span{txt("now not known, see: " + p.o.Command("verify "+r.Name.Display()))}
	case r.State == execute.Applied && c != nil && c.Before != nil:
		return []span{txt(liveOf(c.Before.RRset(c.Key)).String() + " -> "), in(green, r.Live.String())}
	case r.State == execute.Applied:
		return []span{in(green, r.Live.String())}
	case r.Theirs && !r.Live.Exists:
		return []span{txt("now " + r.Live.String() + ": someone else has deleted it")}
	case r.Theirs:
		return []span{txt("now " + r.Live.String() + ", which someone else has set")}
	}
	return []span{txt("now " + r.Live.String())}
}
