package acme

import (
	"context"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// asksOfPool is how often a resolver is asked for an RRset. Public ones are pools of
// caches, of which each question meets one by chance: where half of them hold something
// old, one check in sixteen misses it, and where a quarter of them do, one in three. So
// a pass says how often was asked, and no more. More asks would cost each name of a
// zone more than they tell; what is stale is found by the next check, or forgotten.
const asksOfPool = 4

// pools are the answers of the inventory's resolvers to several asks each, by who
// asked first; of equal ones the one that lasts longest. What one cache of a pool
// holds counts whatever the others say, as it does when a run verifies its switch. A
// resolver that has no answer at first is not asked again.
func (e *examination) pools(ctx context.Context) []resolver.Answer {
	return e.name.pools.get(func() (out []resolver.Answer) {
		first := e.public(ctx)
		var servers []resolver.Server
		for _, a := range definite(first) {
			if !slices.Contains(servers, a.Server) {
				servers = append(servers, a.Server)
			}
		}
		var again []resolver.Answer
		for range asksOfPool - 1 { // each by a port of its own: pools are shared out by those
			again = append(again, e.ask(ctx, e.subject.Name, servers, true, e.born(ctx)...)...)
		}
		for _, f := range first {
			mine := []resolver.Answer{f}
			for _, a := range again {
				if a.Query == f.Query && (a.Status.Definite() || a.Status == resolver.ServFail) {
					mine = fold(mine, a)
				}
			}
			out = append(out, mine...)
		}
		return out
	})
}

// fold adds an answer that is not among them, and keeps the longer one of two that are
// equal.
func fold(answers []resolver.Answer, a resolver.Answer) []resolver.Answer {
	i := slices.IndexFunc(answers, func(o resolver.Answer) bool {
		return o.Status == a.Status && slices.Equal(o.Addrs, a.Addrs) && slices.Equal(o.CNAME, a.CNAME)
	})
	switch {
	case i < 0:
		return append(answers, a)
	case remaining(a) > remaining(answers[i]):
		answers[i] = a
	}
	return answers
}

// remaining is how long a resolver holds an answer yet.
func remaining(a resolver.Answer) zone.TTL {
	if a.Status == resolver.Answered {
		return a.TTL
	}
	return a.NegativeTTL
}
