package report

import (
	"io"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// RunState is what has become of a run.
type RunState string

// The states of a run.
const (
	// RunNotBegun: the plan was claimed, and the process died before it did
	// anything.
	RunNotBegun RunState = "not begun"
	RunRunning  RunState = "running"
	// RunHolding: nothing goes on until a person decides.
	RunHolding   RunState = "holding"
	RunDone      RunState = "done"
	RunFailed    RunState = "failed"
	RunCancelled RunState = "cancelled"
	// RunInterrupted: the process stopped or died; resume goes on.
	RunInterrupted RunState = "interrupted"
	// RunOpen: the issuance window of a hook is open, until it is told to close.
	RunOpen RunState = "open"
	// RunDamaged: the journal was changed after it was written; what comes before
	// that is shown, and nothing goes on.
	RunDamaged RunState = "damaged"
)

// StepState is what has become of a step.
type StepState string

// The states of a step.
const (
	StepPending     StepState = "pending"
	StepRunning     StepState = "running"
	StepDone        StepState = "done"
	StepFailed      StepState = "failed"
	StepSkipped     StepState = "skipped"
	StepNeedsYou    StepState = "needs you"
	StepInterrupted StepState = "interrupted"
	// StepWarning is in the result of a run that is done: what failed was put
	// right.
	StepWarning StepState = "warning"
)

// RunStep is a step of a run, over all its zones.
type RunStep struct {
	ID   string    `json:"id"`
	Kind plan.Kind `json:"kind"`
	// Undo says that the step is taken back; such steps follow the plan's.
	Undo    bool      `json:"undo,omitempty"`
	State   StepState `json:"state"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	// Until is the latest deadline of a step that waits.
	Until  time.Time `json:"until,omitzero"`
	Detail string    `json:"detail"`
	// Problems are the zones in which the step failed or needs a person.
	Problems []Problem `json:"problems,omitempty"`
}

// Problem is what went wrong with a step in one zone.
type Problem struct {
	Zone  string    `json:"zone,omitempty"`
	Step  string    `json:"step,omitempty"`
	State StepState `json:"state"`
	Error string    `json:"error"`
	At    time.Time `json:"at"`
}

// Command is something to run next, and what it does.
type Command struct {
	Command string `json:"command"`
	Does    string `json:"does"`
}

// Run is one execution of a plan as people and machines look at it.
type Run struct {
	ID      string    `json:"id"`
	State   RunState  `json:"state"`
	Created time.Time `json:"created"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	// Last is when the latest event happened.
	Last   time.Time `json:"last_event,omitzero"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Ticket string    `json:"ticket,omitempty"`
	// Zones are those with changes, as plan.ZoneRef.String writes them.
	Zones   []string     `json:"zones"`
	Summary plan.Summary `json:"summary"`
	Steps   []RunStep    `json:"steps"`
	// Messages are what the run told people, such as warnings.
	Messages   []string  `json:"messages"`
	VerifiedBy []string  `json:"verified_by"`
	Backups    []string  `json:"backups"`
	Next       []Command `json:"next"`
	// Milestones are the moments that certificates depend on, as far as they are
	// known.
	Milestones []Milestone `json:"milestones,omitempty"`
	// Window is how the issuance window stands; nil in other runs.
	Window *Window `json:"window,omitempty"`
	// Damage is why the journal cannot be read to its end, and ByHand is what can
	// be done then. See Damaged.
	Damage string   `json:"damage,omitempty"`
	ByHand []ByHand `json:"by_hand,omitempty"`
}

// NewRun folds a run's events. Alive says that a process is at work on it: a
// run that has neither ended nor waits for a person is interrupted without one.
func NewRun(p *plan.Plan, events []journal.Event, alive bool) Run {
	l := newLedger(p)
	for _, e := range events {
		l.apply(e)
	}
	r := l.run(alive)
	r.Milestones = l.milestones()
	switch {
	case p.Window != nil:
		r.inWindow(p, execute.Fold(p, events).Result())
	case r.State == RunFailed && execute.Fold(p, events).Result().Outcome == execute.OutcomeDone:
		r.State, r.Next = RunDone, next(RunDone, r.ID, holding{}) // what failed was put right
	}
	return r
}

// inWindow adds how the issuance window stands.
func (r *Run) inWindow(p *plan.Plan, res execute.Result) {
	r.Window = windowOf(p, res.Window)
	switch {
	case res.Outcome == execute.OutcomeOpen && r.State != RunRunning:
		r.State = RunOpen
	case res.Outcome == execute.OutcomeCancelled:
		r.State = RunCancelled // by its resumption
	case res.Outcome == execute.OutcomeDone && r.State == RunFailed:
		r.State = RunDone // a deadline is an end
	}
	r.Next = r.Window.next(r.State, r.ID)
}

// RunJSON writes a run as one document.
func RunJSON(w io.Writer, r Run) error {
	return writeJSON(w, struct {
		FormatVersion int `json:"format_version"`
		Run
	}{FormatVersion, r})
}

// RunsJSON writes runs as one document, in the order given.
func RunsJSON(w io.Writer, runs []Run) error {
	if runs == nil {
		runs = []Run{}
	}
	return writeJSON(w, struct {
		FormatVersion int   `json:"format_version"`
		Runs          []Run `json:"runs"`
	}{FormatVersion, runs})
}

// holding is what a run holds for.
type holding struct {
	closing bool // it takes back, and does not get through
	moved   bool // someone else has set an RRset
}

// next says what a person can do about a run in its state.
func next(s RunState, id string, why holding) []Command {
	resume := Command{program + "resume " + id, "go on where it stopped"}
	cancel := Command{program + "cancel " + id, "take back what is not finished"}
	switch s {
	case RunRunning:
		return []Command{cancel}
	case RunHolding:
		if why.closing {
			resume.Does = "finish taking back, when the cause is gone"
			return []Command{resume, {program + "plan", "after that: a new plan for the change itself"}}
		}
		resume.Does = "check again and go on, when the cause is gone"
		cancel.Does = "bring the old values back, then raise the TTL"
		if why.moved {
			resume.Does = "look again and go on, once the RRset is as the run left it"
			accept := Command{program + "resume " + id + " --accept-live", "leave what someone else has set, and go on with the rest"}
			rollback := Command{program + "rollback " + id, "take back what is still as the run left it"}
			return []Command{accept, resume, rollback}
		}
		return []Command{resume, cancel}
	case RunInterrupted:
		return []Command{resume, cancel}
	case RunDone:
		return nil
	case RunFailed:
		resume.Does = "do what is left of it, when the cause is gone"
		return []Command{{program + "verify", "see what every server answers now"}, resume}
	case RunCancelled:
		return []Command{{program + "verify", "see what every server answers now"}, {program + "plan", "see what is left to do"}}
	}
	return []Command{{program + "plan", "make a new plan: this one counts as used"}}
}
