package execute

import (
	"context"
	"encoding/json"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// CommandResult is what is known of an issuance window's command.
type CommandResult struct {
	Begun time.Time
	// Ended is when it had ended; zero where it was ended with its window, or died
	// with its process.
	Ended time.Time
	// Code is its exit code, once it has ended.
	Code int
	// Orphaned says that the process which ran it has died, and that nobody knows
	// whether it has ended.
	Orphaned bool
}

// learnCommand takes in an event of the command's step.
func (s *State) learnCommand(e journal.Event, f facts) {
	if w := s.index.window; w == nil || e.Step != w.command.ID || e.Undo {
		return
	}
	switch {
	case e.Kind == journal.Start && s.command == nil:
		s.command = &CommandResult{Begun: e.At}
	case e.Kind == journal.Failed && f.Class == Refused:
		s.command = nil // it could not be started
	case e.Kind == journal.Done && s.command != nil && f.Code != nil && s.command.Ended.IsZero():
		s.command = &CommandResult{Begun: s.command.Begun, Ended: e.At, Code: *f.Code}
	}
}

// Cancelled is the event by which a process cancels a run that nobody works on: where an
// issuance window's command has not ended, the process that ran it has died.
func Cancelled(p *plan.Plan) journal.Event {
	e := journal.Event{Kind: journal.Cancel}
	if p.Window != nil {
		e.Data = json.RawMessage(`{"orphaned":true}`)
	}
	return e
}

// orphan takes in that the process has died that ran the command, if it does.
func (s *State) orphan() {
	if c := s.command; c != nil && c.Ended.IsZero() {
		s.command = &CommandResult{Begun: c.Begun, Orphaned: true}
	}
}

// command runs the command of an issuance window, once for all zones of the step.
func (r *Runner) command(ctx context.Context, a Action, s *State) ([]journal.Event, error) {
	w := &work{Runner: r, action: a, state: s, ref: a.Zones[0], step: a.Step}
	w.tell(Progress{Doing: "running " + r.Plan.Window.Command, Deadline: a.Limit})
	f, err := w.commanded(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err() // no outcome: the window closes
	}
	out := make([]journal.Event, len(a.Zones))
	for i, ref := range a.Zones {
		out[i] = w.event(f, err)
		out[i].Zone = ref.String()
	}
	return out, nil
}

func (w *work) commanded(ctx context.Context) (facts, error) {
	if w.Commander == nil {
		return facts{}, failf(Refused, "run %s: nothing here can run a command", w.Plan.Window.Command)
	}
	code, err := w.Commander.Command(ctx)
	if err != nil {
		return facts{}, failf(Refused, "run %s: %w", w.Plan.Window.Command, err)
	}
	return facts{Code: &code}, nil
}
