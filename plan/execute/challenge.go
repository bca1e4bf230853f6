package execute

import (
	"context"
	"slices"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/preflight"
	"github.com/dnsplan/dnsplan/plan/probe"
)

// challengesOf are the challenges that addresses of c have to answer.
func (w *work) challengesOf(c *plan.Change) (out []*probing) {
	for _, a := range c.Challenged() {
		q := &preflight.Question{Name: c.Name, Addr: a, Old: c.Bridging(), Opening: w.Plan.Window != nil, Challenge: *c.Challenge}
		out = append(out, &probing{Target: probe.Target{Addr: a}, challenge: q, about: c.Key.Display()})
	}
	return out
}

// undone says what does not come about where services do not answer.
func (w *work) undone() string {
	if w.Plan.Window != nil {
		return "nothing is run"
	}
	return "nothing is switched"
}

// wayOut says what to do where a challenge has failed.
func (w *work) wayOut(ill []*probing) string {
	switch {
	case !slices.ContainsFunc(ill, func(p *probing) bool { return p.challenge != nil }):
		return ""
	case w.Plan.Window != nil:
		return "; put it right, or open a window without asking by --force"
	}
	return "; put it right, or switch without asking by a plan made with --no-acme-check"
}

// cannotAsk tells whether there is nobody who could ask p.
func (w *work) cannotAsk(p *probing) bool {
	return p.challenge != nil && w.Challenger == nil || p.challenge == nil && w.Prober == nil
}

// askOne makes one attempt at p.
func (w *work) askOne(ctx context.Context, p *probing) preflight.Result {
	if p.challenge != nil {
		return w.Challenger.Ask(ctx, *p.challenge)
	}
	return preflight.Result{Result: w.Prober.Probe(ctx, p.Target)}
}
