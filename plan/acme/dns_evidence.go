package acme

import (
	"context"
	"errors"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/caa"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// dnsZone is the DNS's part of a zone's evidence.
type dnsZone struct {
	// examined are the names of the zone that are looked at.
	examined []*Subject
	// names are the answers of all its servers about a name.
	names lazies[zone.Name, []resolver.Answer]
	// silent tells of each server that was asked whether it was silent then.
	silent  lazies[resolver.Server, bool]
	soa     lazies[resolver.Server, resolver.SOAAnswer]
	conduct lazy[[]resolver.Conduct]
	above   lazy[[]caa.Set]
	// overTCP are the answers of all its servers over TCP.
	overTCP lazy[map[zone.Name][]resolver.Answer]
	// validates tells for each resolver whether it validates.
	validates lazy[[]bool]
}

// dnsName is the DNS's part of a name's evidence.
type dnsName struct {
	public, pools, inside lazy[[]resolver.Answer]
	found                 lazy[map[zone.Type]http01.Addrs]
	security              lazy[[]resolver.Security]
}

// errUnborn is why a resolver is not asked.
var errUnborn = errors.New("not asked: the name is not in the zone yet, and a resolver that is asked now would remember that")

// notBorn is the finding of what only a resolver could tell about such a name.
func (s *Subject) notBorn() Finding {
	return unclear(nil, "%s: %v", s.Name.Display(), errUnborn).because(s.existence())
}

// families are the types of addresses, in the order of answers.
func families() []zone.Type { return []zone.Type{zone.A, zone.AAAA} }

// authoritative are the answers of every address of every authoritative server to
// A and AAAA: two for each, in the order of Zone.Servers. None where nobody is to
// be asked.
func (e *examination) authoritative(ctx context.Context) []resolver.Answer {
	return e.answersAt(ctx, e.subject.Name)
}

// answersAt is what authoritative is, for any name of the zone.
func (e *examination) answersAt(ctx context.Context, n zone.Name) []resolver.Answer {
	return e.zone.names.get(n, func() []resolver.Answer {
		return e.ask(ctx, n, e.subject.Zone.addresses(), false)
	})
}

// public are the answers of the inventory's resolvers, in their order: at most two
// for each. What is unborn is not asked for.
func (e *examination) public(ctx context.Context) []resolver.Answer {
	return e.name.public.get(func() []resolver.Answer {
		return e.ask(ctx, e.subject.Name, e.subject.Zone.Resolvers, true, e.born(ctx)...)
	})
}

// fromInside are the answers of this machine's own resolvers, as public.
func (e *examination) fromInside(ctx context.Context) []resolver.Answer {
	return e.name.inside.get(func() []resolver.Answer {
		return e.ask(ctx, e.subject.Name, e.subject.Zone.Inside, true, e.born(ctx)...)
	})
}

// ask asks each server for a name's RRsets of the types; for a server that is asked
// with authority these are both families.
func (e *examination) ask(ctx context.Context, name zone.Name, servers []resolver.Server, recurse bool, types ...zone.Type) []resolver.Answer {
	if !recurse {
		types = families()
	}
	if len(types) == 0 {
		return nil
	}
	return slices.Concat(ofEach(servers, unbounded, func(s resolver.Server) []resolver.Answer {
		var queries []resolver.Query
		for _, t := range types {
			queries = append(queries, resolver.Query{Server: s, Key: zone.Key{Name: name, Type: t}, Recurse: recurse})
		}
		return e.askServer(ctx, s, queries)
	})...)
}

// born are the families that a resolver may be asked for: all but those that are
// wanted and not there yet, and none of a name that does not exist at all.
func (e *examination) born(ctx context.Context) (out []zone.Type) {
	there := e.there(ctx)
	for _, t := range families() {
		_, wanted := e.subject.Wanted(t)
		if there[t] || !wanted && len(there) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// there are the families that the zone answers with, by its servers, or, where no
// server says, by what the provider holds. A CNAME answers with both.
func (e *examination) there(ctx context.Context) map[zone.Type]bool {
	out, definite := map[zone.Type]bool{}, false
	for _, a := range e.authoritative(ctx) {
		definite = definite || a.Status.Definite()
		if a.Status == resolver.Answered || len(a.CNAME) > 0 {
			out[a.Key.Type] = true
		}
	}
	if definite {
		return out
	}
	_, alias := e.subject.Zone.alias(e.subject.Name)
	for _, t := range families() {
		if _, ok := e.subject.Live(t); ok || e.subject.Zone.Live == nil || alias {
			out[t] = true
		}
	}
	return out
}

// alias is the target of the CNAME that the provider holds at the name; ok is false
// where it holds none.
func (z *Zone) alias(n zone.Name) (to zone.Name, ok bool) {
	if z.Live == nil {
		return "", false
	}
	i := slices.IndexFunc(z.Live.Others, func(r zone.Record) bool { return r.Name == n && r.Type == "CNAME" })
	if i < 0 {
		return "", false
	}
	return zone.Canonical(z.Live.Others[i].Data), true
}

// local tells whether the zone is served on this machine alone.
func (z *Zone) local() bool {
	all := z.addresses()
	return len(all) > 0 && !slices.ContainsFunc(all, func(s resolver.Server) bool { return !s.Addr.Addr().IsLoopback() })
}

// addresses are all addresses of the authoritative servers.
func (z *Zone) addresses() (out []resolver.Server) {
	for _, ns := range z.Servers {
		out = append(out, ns.Servers...)
	}
	return out
}

// conducts are how the authoritative servers take strict questions.
func (e *examination) conducts(ctx context.Context) []resolver.Conduct {
	return e.zone.conduct.get(func() []resolver.Conduct {
		return ofEach(e.subject.Zone.addresses(), unbounded, func(s resolver.Server) resolver.Conduct {
			return e.opts.DNS.Conduct(ctx, s, e.subject.Zone.Zone)
		})
	})
}

// validates tells for each of the inventory's resolvers whether it validates: it
// says so of the root, which is signed.
func (e *examination) validates(ctx context.Context) []bool {
	return e.zone.validates.get(func() []bool {
		return ofEach(e.subject.Zone.Resolvers, unbounded, func(s resolver.Server) bool {
			return e.secure(ctx, s, zone.Key{Name: zone.Root, Type: zone.A}).Secure()
		})
	})
}
