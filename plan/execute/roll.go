package execute

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/dnsplan/dnsplan/plan/resolver"
)

// recovery is how long an authoritative server is asked again that answers with an
// error, and with nothing else: one that is loading its zones gets over it.
const recovery = 30 * time.Second

// roll calls every authoritative address. Each server must answer with
// authority on one at least; its further addresses are left out with a warning
// when they do not.
func (w *work) roll(ctx context.Context) (silent []string, err error) {
	names, err := w.World.NameServers(ctx, w.ref)
	if err != nil {
		return nil, failf(Unreachable, "authoritative servers of %s: %w", w.ref, err)
	}
	called, err := w.callServers(ctx, names)
	if err != nil {
		return nil, err
	}
	var dead []string
	for i, answers := range called {
		for _, a := range answers {
			if a.Status != resolver.Answered {
				silent = append(silent, a.Server.String())
				w.warnf("%s does not answer for %s: %s", a.Server, w.ref, a.Status)
			}
		}
		if !slices.ContainsFunc(answers, alive) {
			dead = append(dead, names[i].Name)
		}
	}
	if len(dead) > 0 {
		return nil, failf(Unreachable, "authoritative server %s of %s does not answer with authority on any address", dead[0], w.ref)
	}
	return silent, nil
}

// callServers asks all servers for the zone's SOA record, and those that may get over
// their answers again, until the recovery or the time-out has passed.
func (w *work) callServers(ctx context.Context, names []resolver.NameServer) ([][]resolver.SOAAnswer, error) {
	deadline := w.Clock.Now().Add(min(recovery, w.timeout()))
	w.progress("asking the authoritative servers of "+w.ref.Zone.Display(), deadline, nil)
	called := w.soas(ctx, names, false)
	for pause := firstRound; ; pause = min(pause*3/2, longestRound) {
		var again []int
		for i, answers := range called {
			if recovers(answers) {
				again = append(again, i)
			}
		}
		now := w.Clock.Now()
		if err := ctx.Err(); err != nil || len(again) == 0 || !now.Before(deadline) {
			return called, err
		}
		leapt, err := w.pause(ctx, earlier(now.Add(pause), deadline))
		if err != nil {
			return nil, err
		}
		deadline = deadline.Add(leapt)
		for _, i := range again {
			called[i] = w.soas(ctx, names[i:i+1], false)[0]
		}
	}
}

func alive(a resolver.SOAAnswer) bool { return a.Status == resolver.Answered }

// recovers tells whether a server of these answers is worth asking again: none is
// good, and one says SERVFAIL or REFUSED. Silence was asked again already.
func recovers(answers []resolver.SOAAnswer) bool {
	return !slices.ContainsFunc(answers, alive) && slices.ContainsFunc(answers, func(a resolver.SOAAnswer) bool {
		return a.Status == resolver.ServFail || a.Status == resolver.Refused
	})
}

// soas asks every address of every server for the zone's SOA record.
func (w *work) soas(ctx context.Context, names []resolver.NameServer, recurse bool) [][]resolver.SOAAnswer {
	out := make([][]resolver.SOAAnswer, len(names))
	var wg sync.WaitGroup
	for i, ns := range names {
		out[i] = make([]resolver.SOAAnswer, len(ns.Servers))
		for j, s := range ns.Servers {
			wg.Go(func() { out[i][j] = w.Asker.SOA(ctx, s, w.ref.Zone, recurse) })
		}
	}
	wg.Wait()
	return out
}
