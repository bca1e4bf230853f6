package acme

import (
	"context"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// dnsZone is the DNS's part of a zone's evidence.
type dnsZone struct{}

// dnsName is the DNS's part of a name's evidence.
type dnsName struct {
	authoritative, public lazy[[]resolver.Answer]
	found                 lazy[map[zone.Type]http01.Addrs]
}

// families are the types of addresses, in the order of answers.
func families() []zone.Type { return []zone.Type{zone.A, zone.AAAA} }

// authoritative are the answers of every address of every authoritative server to
// A and AAAA: two for each, in the order of Zone.Servers. None where nobody is to
// be asked.
func (e *examination) authoritative(ctx context.Context) []resolver.Answer {
	return e.name.authoritative.get(func() []resolver.Answer {
		return e.ask(ctx, e.subject.Zone.addresses(), false)
	})
}

// public are the answers of the inventory's resolvers, in their order.
func (e *examination) public(ctx context.Context) []resolver.Answer {
	return e.name.public.get(func() []resolver.Answer {
		return e.ask(ctx, e.subject.Zone.Resolvers, true)
	})
}

func (e *examination) ask(ctx context.Context, servers []resolver.Server, recurse bool) []resolver.Answer {
	var queries []resolver.Query
	for _, s := range servers {
		for _, t := range families() {
			queries = append(queries, resolver.Query{Server: s, Key: zone.Key{Name: e.subject.Name, Type: t}, Recurse: recurse})
		}
	}
	return e.opts.DNS.Ask(ctx, queries)
}

// addresses are all addresses of the authoritative servers.
func (z *Zone) addresses() (out []resolver.Server) {
	for _, ns := range z.Servers {
		out = append(out, ns.Servers...)
	}
	return out
}

// route is how a certificate authority finds names: it hardly caches, so that
// names of the zone are asked for at its own servers, and others of resolvers.
func (e *examination) route() resolver.Route {
	z := e.subject.Zone
	r := resolver.Route{Resolvers: z.Resolvers}
	if servers := z.addresses(); len(servers) > 0 {
		r.Zones = map[zone.Name][]resolver.Server{z.ZoneRef.Zone: servers}
	}
	return r
}

// found is what a certificate authority would find of each family.
func (e *examination) found(ctx context.Context) map[zone.Type]http01.Addrs {
	return e.name.found.get(func() map[zone.Type]http01.Addrs {
		out := map[zone.Type]http01.Addrs{}
		look := http01.DNS{Client: e.opts.DNS, Route: e.route()}
		for _, t := range families() {
			out[t] = look.Lookup(ctx, e.subject.Name, t)
		}
		return out
	})
}

// addresses are the addresses that a certificate authority would find, IPv6
// first, as it prefers them: the wanted ones where nobody can be asked, which
// asked tells. Each is there once.
func (e *examination) addresses(ctx context.Context) (addrs []netip.Addr, asked bool) {
	if z := e.subject.Zone; len(z.Servers) == 0 && len(z.Resolvers) == 0 {
		all := e.subject.Addrs()
		slices.SortStableFunc(all, func(a, b netip.Addr) int { return b.BitLen() - a.BitLen() })
		return slices.Compact(all), false
	}
	found := e.found(ctx)
	return slices.Concat(found[zone.AAAA].Addrs, found[zone.A].Addrs), true
}
