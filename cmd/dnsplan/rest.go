package main

import (
	"cmp"
	"context"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
)

// resumeEnded applies what a run that has ended has not: a plan of its own, that is
// shown, and not asked about, since the run was approved. Confirmed are the zones that
// were named once more.
func (a *app) resumeEnded(ctx context.Context, s *config.Session, r engine.Run, acceptLive bool, confirmed []string) error {
	p, err := a.planRest(ctx, s, r, acceptLive)
	if err == nil {
		err = a.approve(ctx, s.Settings, p, consent{approved: true, confirm: confirmed})
	}
	if err != nil {
		if p != nil && len(p.Conflicts) > 0 {
			err = &restTheirsError{about(r.ID, err)}
		}
		return a.notBegun(ctx, s.Settings, p, err)
	}
	if p.Empty() {
		return a.nothing(s.Settings, p)
	}
	return a.startAs(ctx, s, p, "resume")
}

// planRest plans the rest of a run, for its reason and ticket.
func (a *app) planRest(ctx context.Context, s *config.Session, r engine.Run, acceptLive bool) (*plan.Plan, error) {
	req, err := (&planOptions{}).request(a, nil)
	if err != nil {
		return nil, err
	}
	req.Reason, req.Ticket = cmp.Or(r.Plan.Policy.Reason, "rest of "+r.ID), r.Plan.Policy.Ticket
	past, err := s.Settings.Past(req.Now)
	if err != nil {
		return nil, err
	}
	req.Cached = past.Cached
	p, err := s.Rest(ctx, r, acceptLive, req)
	if err != nil {
		return nil, err
	}
	past.Warn(p)
	return p, nil
}

// restTheirsError is the rest of a run that someone else's values stand in the way
// of.
type restTheirsError struct{ error }

func (e *restTheirsError) Unwrap() error { return e.error }
