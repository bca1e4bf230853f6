package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
)

type rollbackOptions struct {
	planOptions
	autoApprove bool
	acceptLive  bool
	confirm     []string
}

func (o *rollbackOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.strategy, "strategy", "", "staged or direct, in place of the inventory's")
	fs.BoolVar(&o.allowProtected, "allow-protected", false, "let protected names change")
	fs.StringArrayVar(&o.allowEmpty, "allow-empty", nil, "let this `name`, a zone or its apex, or a name that records point at, lose its last address")
	fs.StringArrayVar(&o.confirm, "confirm", nil, "name this `zone` once more, where --allow-empty lets it be emptied and nobody is asked")
	fs.StringVar(&o.reason, "reason", "", "why, for the change log, behind \"rollback of RUN\"")
	fs.StringVar(&o.ticket, "ticket", "", "ticket, for the change log")
	fs.StringVar(&o.by, "by", "", "who, for the change log (default: the user)")
	fs.BoolVar(&o.autoApprove, "auto-approve", false, "do not ask")
	fs.BoolVar(&o.acceptLive, "accept-live", false, "leave what someone else has set since as it is, and take the rest back")
}

func newRollback(a *app) *cobra.Command {
	o := &rollbackOptions{}
	c := &cobra.Command{
		Use:   "rollback RUN",
		Short: "Take back what a run has changed, as a run of its own",
		Long: `Takes a run back, at any stage. One that has not ended is cancelled first: what
is not verified goes back while the TTL is still low, then the TTLs go up. What
it has applied, and still stands, then goes back as a plan like any other: it is
shown, asked about, and applied step by step.

A value that someone else has set since is never overwritten: the rollback is
refused, and shows what was there before, what the run has set, and what is
there now. --accept-live leaves such values alone and takes the rest back.

With --strategy direct nothing waits for caches: the old values are written at
once.`,
		Example: `  dnsplan rollback last
  dnsplan rollback 01K5J3 --auto-approve --strategy direct
  dnsplan rollback last --accept-live`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runRollback(a, c, o, args[0]) },
	}
	o.addFlags(c.Flags())
	return c
}

func runRollback(a *app, c *cobra.Command, o *rollbackOptions, id string) error {
	s, err := a.open(c)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // what was written is on disk by then
	ctx := c.Context()
	r, err := config.Reader(s.Settings, a.clock).Show(ctx, id)
	if err != nil {
		return a.notBegun(ctx, s.Settings, nil, about(r.ID, err))
	}
	if err := o.check(a); err != nil {
		return err
	}
	touched := false
	if !isOver(r.Result) {
		if r, touched, err = a.cancelFirst(ctx, s, o, r); err != nil {
			return err
		}
	}
	p, err := a.planRollback(ctx, s, o, r)
	if err == nil {
		err = a.approve(ctx, s.Settings, p, consent{o.autoApprove, o.confirm, o.allowEmpty})
	}
	if err == nil && p.Empty() {
		return a.nothing(s.Settings, p)
	}
	var e engine.Engine
	var f *follower
	if err == nil {
		e, f, err = a.begin(ctx, s, p, "rollback")
	}
	if err != nil {
		return a.notBegun(ctx, s.Settings, p, ofRollback(ctx, r, p, touched, err))
	}
	return a.wait(ctx, s.Settings, e, f, p.ID)
}

// check reads the flags: nothing is cancelled for a rollback that cannot be asked
// for so.
func (o *rollbackOptions) check(a *app) error {
	if _, err := o.request(a, nil); err != nil {
		return err
	}
	if _, err := parseNames(o.confirm); err != nil {
		return fmt.Errorf("--confirm: %w", err)
	}
	return nil
}

// isOver tells whether nothing is under way in the run any more.
func isOver(r execute.Result) bool {
	switch r.Outcome {
	case execute.OutcomeDone, execute.OutcomeFailed, execute.OutcomeCancelled:
		return true
	}
	return false
}

// planRollback plans what takes an ended run back.
func (a *app) planRollback(ctx context.Context, s *config.Session, o *rollbackOptions, r engine.Run) (*plan.Plan, error) {
	req, err := o.request(a, nil)
	if err != nil {
		return nil, err
	}
	req.Reason = strings.TrimSuffix("rollback of "+r.ID+": "+req.Reason, ": ")
	past, err := s.Settings.Past(req.Now)
	if err != nil {
		return nil, err
	}
	req.Cached = past.Cached
	p, err := s.Rollback(ctx, r, o.acceptLive, req)
	if err != nil {
		return nil, err
	}
	past.Warn(p)
	return p, nil
}

// cancelFirst ends a run that has not ended, as cancel does, and returns it as
// it stands then. Touched says that the run has written something. It asks
// where nobody has said yes: what cancel takes back is not in the plan that is
// asked about later.
func (a *app) cancelFirst(ctx context.Context, s *config.Session, o *rollbackOptions, r engine.Run) (after engine.Run, touched bool, err error) {
	a.notices.line(fmt.Sprintf("run %s has not ended: it is cancelled first, and what it has not verified goes back", r.ID))
	if !o.autoApprove {
		if err := a.confirmCancel(ctx, r.ID); err != nil {
			return r, false, a.notBegun(ctx, s.Settings, nil, err)
		}
	}
	f := a.follow(s.Settings)
	e, err := s.Engine(a.clock, "dnsplan rollback", f)
	if err != nil {
		return r, false, err
	}
	if r.Busy {
		if err := a.interrupt(ctx, s.Settings, r.ID); err != nil {
			return r, false, err
		}
	}
	err = e.Signal(ctx, r.ID, engine.Cancel)
	if err != nil && !errors.Is(err, engine.ErrEnded) { // it may have come to its end by itself
		return r, false, about(r.ID, err)
	}
	if err == nil {
		result, err := a.waitFor(ctx, s.Settings, e, f, r.ID)
		if err != nil && result.Outcome != execute.OutcomeCancelled {
			return r, true, err
		}
	}
	r, err = config.Reader(s.Settings, a.clock).Show(ctx, r.ID)
	return r, wrote(r.Result), err
}

// wrote tells whether a write of the run was begun.
func wrote(r execute.Result) bool {
	for _, c := range r.Changes {
		if c.Written {
			return true
		}
	}
	return false
}

// theirsError is a rollback that someone else's values stand in the way of.
type theirsError struct {
	error
	// window is the plan's, of a run that has left it open; nil too where another window
	// is open by now.
	window *plan.Window
}

func (e *theirsError) Unwrap() error { return e.error }

// place says in the hint of a window what brings the proxy back over what someone else
// has set: no command does.
func (e *theirsError) place(hint string) string {
	if e.window == nil {
		return hint
	}
	return "where the new addresses are right, turn the proxy of " + windowNames(e.window.Names) +
		" on by hand at the provider; else set there what was before, and then: {rollback RUN}"
}

// standingError is a rollback that has come to an end behind its cancelling: what
// the run has applied stands.
type standingError struct{ error }

func (e *standingError) Unwrap() error { return e.error }

// ofRollback tells what a rollback that was not begun is about, and what stands
// although the cancelling before it has touched something: then a person has to
// look, whatever it is that went wrong. A signal keeps its own code.
func ofRollback(ctx context.Context, r engine.Run, p *plan.Plan, touched bool, err error) error {
	if p != nil && len(p.Conflicts) > 0 {
		theirs := &theirsError{error: about(r.ID, err)}
		if !slices.ContainsFunc(p.Conflicts, func(c plan.Conflict) bool { return strings.HasPrefix(c.Reason, plan.HeldOpen) }) {
			theirs.window = r.Plan.Window
		}
		err = theirs
	}
	stands := standing(r.Result)
	if _, stopped := stoppedBy(ctx, err); stopped || !touched || len(stands) == 0 {
		return err
	}
	return &coded{exitPartly, about(r.ID, &standingError{fmt.Errorf("run %s was cancelled, and what it has applied was not taken back (%s): %w", r.ID, listed(stands), err)})}
}

// standing are the RRsets of which something stands that an ended run has written.
func standing(r execute.Result) (out []string) {
	for _, c := range r.Changes {
		if c.Made == execute.Applied || c.Made == execute.LeftOpen {
			out = append(out, c.Change.Key.Display())
		}
	}
	return out
}

// listed joins the first lines, and says how many more there are.
func listed(lines []string) string {
	const most = 5
	text := strings.Join(lines[:min(len(lines), most)], ", ")
	if more := len(lines) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
