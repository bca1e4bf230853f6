package resolver

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Route is whom to ask about which names. It is not changed by those who ask.
type Route struct {
	// Zones are zones whose authoritative servers are asked themselves, in the
	// order given until one is definite.
	Zones map[zone.Name][]Server
	// Resolvers are asked about all other names, and about those that a zone's
	// servers have delegated, in the order given until one is definite.
	Resolvers []Server
}

const (
	// maxHops bounds the CNAMEs that lead from zone to zone.
	maxHops = 16
	// atOnce bounds how many questions of one Lookup are under way.
	atOnce = 32
)

var (
	errNoServer = errors.New("no server is known that could be asked")
	errLoop     = errors.New("the CNAME chain leads in a circle")
	errLong     = errors.New("the CNAME chain is too long")
)

// of returns the zone that is nearest to n and its servers; Root and nil where
// n is in none.
func (r Route) of(n zone.Name) (zone.Name, []Server) {
	for at := n; at != zone.Root; at = at.Parent() {
		if servers, ok := r.Zones[at]; ok {
			return at, servers
		}
	}
	return zone.Root, r.Zones[zone.Root]
}

// Lookup asks for all keys at once and returns their answers in the same
// order. A CNAME chain that leaves a zone of the route is followed at whoever
// knows its target; Answer.Server is who said the last word, and Answer.CNAME
// the whole chain. As in Ask, every key has its answer; where there is no server
// to ask, it is Broken and has the zero Server.
func (c *Client) Lookup(ctx context.Context, r Route, keys []zone.Key) []Answer {
	out := make([]Answer, len(keys))
	each(len(keys), func(i int) {
		out[i] = c.walk(ctx, r, question{name: keys[i].Name, qtype: uint16(keys[i].Type)}).answer(keys[i])
	})
	return out
}

// each calls do for 0 to n-1, a bounded number at once, and waits for all.
func each(n int, do func(int)) {
	var all sync.WaitGroup
	turns := make(chan struct{}, atOnce)
	for i := range n {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			do(i)
		})
	}
	all.Wait()
}

// walk asks q along r, from zone to zone.
func (c *Client) walk(ctx context.Context, r Route, q question) said {
	var chain []zone.Name
	ttl := zone.TTL(zone.MaxTTL)
	for {
		at, k := c.hop(ctx, r, q)
		again := slices.ContainsFunc(k.chain, func(n zone.Name) bool { return slices.Contains(chain, n) })
		if k.status == Answered || len(k.chain) > 0 {
			ttl = min(ttl, k.ttl)
		}
		if len(chain) > 0 {
			k.chain, k.ttl = append(chain, k.chain...), ttl
		}
		next, leads := k.onward(r, at)
		switch {
		case !leads:
			return k
		case again:
			return k.broken(errLoop)
		case len(k.chain) > maxHops:
			return k.broken(errLong)
		}
		chain, ttl, q.name = k.chain, k.ttl, next
	}
}

// onward returns the end of a chain that the zone's servers could not follow.
func (k said) onward(r Route, at zone.Name) (zone.Name, bool) {
	if k.q.recurse || k.err != nil || k.status == Answered || len(k.chain) == 0 {
		return "", false
	}
	last := k.chain[len(k.chain)-1]
	of, _ := r.of(last)
	return last, of != at
}

// broken is k with an error of our own in place of an answer.
func (k said) broken(cause error) said {
	k.status = Broken
	k.err = &QueryError{Server: k.server, Question: k.q.String(), Status: Broken, Cause: cause}
	return k
}

// hop asks whoever knows q's name, and tells in which zone.
func (c *Client) hop(ctx context.Context, r Route, q question) (zone.Name, said) {
	at, servers := r.of(q.name)
	if len(servers) > 0 {
		q.recurse = false
		k := c.first(ctx, servers, q)
		if !k.referral || k.status != Lame || len(r.Resolvers) == 0 {
			return at, k
		}
	}
	q.recurse = true
	return at, c.first(ctx, r.Resolvers, q)
}

// first asks one server after the other until one is definite. With none, the
// first one's failure counts.
func (c *Client) first(ctx context.Context, servers []Server, q question) said {
	var failed *said
	for _, s := range servers {
		k := c.listen(ctx, s, []question{q})[0]
		if k.status.Definite() {
			return k
		}
		if failed == nil {
			failed = &k
		}
		if ctx.Err() != nil {
			break
		}
	}
	if failed == nil {
		return said{q: q, at: c.opts.Now()}.broken(errNoServer)
	}
	return *failed
}
