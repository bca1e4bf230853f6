package config

import (
	"context"
	"fmt"
	"slices"

	"github.com/oklog/ulid/v2"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
)

// HasRest tells whether the run has ended without all of its changes, and nobody has
// cancelled it. An issuance window has none: its changes are not to stay.
func HasRest(r execute.Result) bool {
	return r.Window == nil && r.Outcome == execute.OutcomeFailed && len(missed(r)) > 0
}

// Rest reads the zones in which a run that has ended has not made all of its changes,
// and returns the plan that makes them. It is less than what was approved: thresholds
// and protected names, where a flag allowed them, are not asked about again; the other
// guards hold, and are lifted by a new plan alone. Accept leaves what someone else has set since as it is; without it, that
// is a conflict. Of req, Names, Group, Strategy and Allow play no part.
func (s *Session) Rest(ctx context.Context, r engine.Run, accept bool, req Request) (*plan.Plan, error) {
	was := r.Plan.Policy
	req.Strategy, req.IgnoreWindows, req.AwaitWindow = string(was.Strategy), was.IgnoreWindows, was.AwaitWindow
	req.Allow = plan.Allowances{Thresholds: true, Protected: slices.ContainsFunc(r.Plan.Lifted, isProtected)}
	diffs, err := s.compareWith(ctx, r.Plan, missed(r.Result), req, plan.Rest)
	if err != nil {
		return nil, err
	}
	for i := range diffs {
		if accept {
			diffs[i].Leave()
		}
	}
	id, err := ulid.New(ulid.Timestamp(req.Now), req.Entropy)
	if err != nil {
		return nil, fmt.Errorf("make an id for the plan: %w", err)
	}
	policy := s.policy(req)
	policy.Authority = s.authority()
	p := plan.Build(diffs, policy, plan.Origin{
		ID: id.String(), Created: req.Now, ResumeOf: r.ID,
		Inventory: plan.Inventory{Path: s.Inventory.Path, SHA256: s.Inventory.SHA256},
		Warnings:  warnings(s.Inventory.Warnings),
	})
	p.Refusals, p.Lifted = plan.Check(diffs, req.Allow), plan.Lifted(diffs, req.Allow)
	p.Lifted = slices.DeleteFunc(p.Lifted, isThreshold)
	err = s.KeepToWindows(p, req)
	allowAnew(p.Refusals, func(plan.Refusal) bool { return true })
	return p, err
}

func isProtected(r plan.Refusal) bool { return r.Code == plan.ProtectedName }
func isThreshold(r plan.Refusal) bool {
	return r.Code == plan.TooManyUpdates || r.Code == plan.TooManyDeletes
}

// missed are the changes that a run that has ended has not made, by zone. What a
// person has left to someone else is not among them.
func missed(r execute.Result) map[plan.ZoneRef][]string {
	ids := map[plan.ZoneRef][]string{}
	for _, c := range r.Changes {
		switch c.Made {
		case execute.NotApplied, execute.RolledBack, execute.LeftOpen:
			ids[c.Change.ZoneRef] = append(ids[c.Change.ZoneRef], c.Change.ID)
		}
	}
	return ids
}
