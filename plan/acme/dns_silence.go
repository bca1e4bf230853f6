package acme

import (
	"context"
	"errors"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// errSilent is why a server is not asked again.
var errSilent = errors.New("no reply to the first question about the zone, so that it is not asked again")

// once asks a server, and remembers for the zone whether it was silent. While it is
// asked for the first time others wait, and where it is silent then they do not ask
// it; told is false for those. So it costs its time-out once a zone, not once a
// name.
func (e *examination) once(s resolver.Server, ask func() (silent bool)) (told bool) {
	if e.zone.silent.get(s, func() bool { told = true; return ask() }) {
		return told
	}
	if !told {
		ask()
	}
	return true
}

// askServer asks one server its queries.
func (e *examination) askServer(ctx context.Context, s resolver.Server, queries []resolver.Query) (out []resolver.Answer) {
	if e.once(s, func() bool {
		out = e.opts.DNS.Ask(ctx, queries)
		return !slices.ContainsFunc(out, func(a resolver.Answer) bool { return a.Status != resolver.Timeout })
	}) {
		return out
	}
	for _, q := range queries {
		out = append(out, e.unanswered(q))
	}
	return out
}

// unanswered is the answer to a query that was not made.
func (e *examination) unanswered(q resolver.Query) resolver.Answer {
	return resolver.Answer{Query: q, Status: resolver.Timeout, At: e.opts.Now(), Err: unasked(q.Server, q.Key.String())}
}

// secure is what a resolver makes of an RRset's DNSSEC.
func (e *examination) secure(ctx context.Context, s resolver.Server, key zone.Key) resolver.Security {
	none := resolver.SecureAnswer{Answer: e.unanswered(resolver.Query{Server: s, Key: key, Recurse: true})}
	out := resolver.Security{Server: s, Key: key, Validated: none, Unchecked: none}
	e.once(s, func() bool {
		out = e.opts.DNS.Secure(ctx, s, key)
		return out.Validated.Status == resolver.Timeout && out.Unchecked.Status == resolver.Timeout
	})
	return out
}

// unasked is the error of a question that was not asked.
func unasked(s resolver.Server, question string) error {
	return &resolver.QueryError{Server: s, Question: question, Status: resolver.Timeout, Cause: errSilent}
}

// soa is the zone's SOA record at one server.
func (e *examination) soa(ctx context.Context, s resolver.Server) resolver.SOAAnswer {
	return e.zone.soa.get(s, func() resolver.SOAAnswer {
		apex := e.subject.Zone.Zone
		out := resolver.SOAAnswer{Server: s, Zone: apex, Status: resolver.Timeout, Err: unasked(s, string(apex)+" SOA")}
		e.once(s, func() bool {
			out = e.opts.DNS.SOA(ctx, s, apex, false)
			return out.Status == resolver.Timeout
		})
		return out
	})
}

// serials are the SOA records at every address of the authoritative servers.
func (e *examination) serials(ctx context.Context) []resolver.SOAAnswer {
	return ofEach(e.subject.Zone.addresses(), unbounded, func(s resolver.Server) resolver.SOAAnswer { return e.soa(ctx, s) })
}

// speaking are the authoritative servers that are not silent, and err why there is
// none where all are.
func (e *examination) speaking(ctx context.Context) (out []resolver.Server, err error) {
	for _, a := range e.serials(ctx) {
		if a.Status != resolver.Timeout {
			out = append(out, a.Server)
		} else if err == nil {
			err = a.Err
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	return nil, err
}

// route is how a certificate authority finds names: it hardly caches, so that
// names of the zone are asked for at its own servers, and others of resolvers.
func (e *examination) route(ctx context.Context) resolver.Route {
	z := e.subject.Zone
	r := resolver.Route{Resolvers: z.Resolvers}
	servers, err := e.speaking(ctx)
	if err != nil {
		servers = z.addresses()[:1]
	}
	if len(servers) > 0 {
		r.Zones = map[zone.Name][]resolver.Server{z.Zone: servers}
	}
	return r
}
