package config

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// ending is what ends for names that move while a change goes on, both looked for at
// the same time and for a few seconds at most: certificates, and signatures.
func (s *Session) ending(ctx context.Context, diffs []plan.ZoneDiff, p plan.Policy, now time.Time) (due []plan.Renewal, signed []plan.Signing) {
	var both sync.WaitGroup
	both.Go(func() { due = s.renewals(ctx, diffs, now) })
	both.Go(func() {
		brief, stop := context.WithTimeout(ctx, renewalsIn)
		defer stop()
		signed = s.signings(brief, diffs, p)
	})
	both.Wait()
	return due, signed
}

// signings are when the signatures end of the zones in which names move that are
// validated by HTTP-01, as resolvers give and validate them. Those of a server that
// signs each answer are left out, and what nobody says: no plan depends on it. Of a
// direct plan nobody is asked, nor of a zone in several views, of which a resolver sees
// one.
func (s *Session) signings(ctx context.Context, diffs []plan.ZoneDiff, p plan.Policy) []plan.Signing {
	resolvers, err := s.servers(p.Resolvers, nil)
	if err != nil || p.Strategy != plan.Staged {
		return nil
	}
	out := make([]plan.Signing, len(diffs))
	var g errgroup.Group
	g.SetLimit(zonesAtOnce)
	for i, d := range diffs {
		at := slices.IndexFunc(d.Changes, func(c plan.Change) bool {
			return c.ACME == plan.HTTP01 && c.Action == plan.Update && !c.Before.Proxied
		})
		if at < 0 || split(s.Inventory.Zones, d.Desired.Zone) {
			continue
		}
		g.Go(func() error {
			if ends := s.signedUntil(ctx, resolvers, d.Changes[at].Key); !ends.IsZero() {
				out[i] = plan.Signing{Zone: d.Desired.Zone, Ends: ends}
			}
			return nil
		})
	}
	_ = g.Wait() // what is not known is not said
	return slices.DeleteFunc(out, func(x plan.Signing) bool { return x.Ends.IsZero() })
}

// signedUntil is when the first signature of an RRset ends, among those that a resolver
// has validated; zero where none has one.
func (s *Session) signedUntil(ctx context.Context, resolvers []resolver.Server, key zone.Key) (first time.Time) {
	all := make([]resolver.Security, len(resolvers))
	var asking sync.WaitGroup
	for i, r := range resolvers {
		asking.Go(func() { all[i] = s.client.Secure(ctx, r, key) })
	}
	asking.Wait()
	for _, a := range all {
		if sig, ok := a.First(); ok && a.Secure() && !sig.PerAnswer() && (first.IsZero() || sig.Expires.Before(first)) {
			first = sig.Expires
		}
	}
	return first
}
