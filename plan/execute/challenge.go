package execute

import (
	"context"
	"slices"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/preflight"
	"github.com/dnsplan/dnsplan/plan/probe"
)

// challengesOf are the challenges that new addresses of c have to answer.
func challengesOf(c *plan.Change) (out []*probing) {
	for _, a := range c.Challenged() {
		q := &preflight.Question{Name: c.Name, Addr: a, Old: c.Bridging(), Challenge: *c.Challenge}
		out = append(out, &probing{Target: probe.Target{Addr: a}, challenge: q, about: c.Key.Display()})
	}
	return out
}

// wayOut says what to do where a challenge has failed.
func wayOut(ill []*probing) string {
	if !slices.ContainsFunc(ill, func(p *probing) bool { return p.challenge != nil }) {
		return ""
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
