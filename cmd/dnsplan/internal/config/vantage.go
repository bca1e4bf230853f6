package config

import (
	"cmp"
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/plan/acme/vantage"
	"github.com/dnsplan/dnsplan/plan/report"
	"github.com/dnsplan/dnsplan/providers"
)

// Vantages are the machines of [[vantage]], in the inventory's order. Nobody is
// asked, and no secret is read, before one of them is.
func (s *Session) Vantages() []vantage.Probe {
	out := make([]vantage.Probe, len(s.Inventory.Vantages))
	for i, v := range s.Inventory.Vantages {
		out[i] = s.vantage(v)
	}
	return out
}

func (s *Session) vantage(v inventory.Vantage) vantage.Probe {
	if len(v.Command) > 0 {
		return vantage.NewCommand(vantage.CommandOptions{Name: v.Name, Argv: v.Command, Dir: s.Inventory.Dir, Timeout: v.Timeout})
	}
	o := vantage.HTTPOptions{Name: v.Name, URL: v.URL, Timeout: v.Timeout}
	if v.Token != "" {
		o.Token = func() (string, error) {
			secret, err := v.Token.Resolve(s.secretSources())
			return secret.Reveal(), err
		}
	}
	return vantage.NewHTTP(o)
}

// examineVantages greets every vantage. None of them fetches anything.
func (s *Session) examineVantages(ctx context.Context, advice func(error) string) []report.Check {
	probes := s.Vantages()
	checks := make([]report.Check, len(probes))
	var g errgroup.Group
	g.SetLimit(zonesAtOnce)
	for i, p := range probes {
		g.Go(func() error {
			checks[i] = examineVantage(ctx, p, advice)
			return nil
		})
	}
	_ = g.Wait() // what went wrong is in the checks
	return checks
}

func examineVantage(ctx context.Context, p vantage.Probe, advice func(error) string) report.Check {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, impatience{})
	defer cancel()
	c := report.Check{Subject: "vantage", Name: p.Name(), Finding: providers.Finding{Topic: "answers"}}
	began := time.Now()
	err := vantage.Greet(ctx, p)
	if err == nil {
		c.Detail = "in " + took(time.Since(began))
		return c
	}
	c.Verdict, c.Detail = providers.Bad, err.Error()
	if own, ok := errors.AsType[*vantage.Error](err); ok {
		c.Detail = own.Err.Error()
	}
	c.Remedy = cmp.Or(advice(err), "check its url and token, or its command, in [[vantage]]; it needs dnsplan vantage at the other end")
	return c
}
