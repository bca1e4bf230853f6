package acme

import (
	"context"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

// httpName is HTTP's part of a name's evidence.
type httpName struct {
	targets  lazy[[]target]
	unplaced lazy[plant.Token]
	planted  lazy[planted]
	plain    lazy[[]fetched]
	tokens   lazy[[]fetched]
	browser  lazy[[]fetched]
	stranger lazy[[]fetched]
	balanced lazies[netip.Addr, balance]
	turned   lazies[netip.Addr, bySource]
	vantages lazy[[]sighting]
	pinned   lazies[netip.Addr, []sighting]
}

// target is an address that is asked for the name. Several may be true of one.
type target struct {
	addr netip.Addr
	// found: an authority would find it now. given: a name server gives it. wanted:
	// the inventory wants it. held: the provider has it. cached: resolvers may
	// remember it from before a run.
	found, given, wanted, held, cached bool
}

// old tells whether the address is to go, or has gone of late.
func (t target) old() bool { return !t.wanted && (t.found || t.held || t.cached) }

// targets are the addresses of the name, those first that an authority would find.
// Of a proxied name it is those of the proxy alone: what stands behind is not asked
// by an authority.
func (e *examination) targets(ctx context.Context) []target {
	return e.name.targets.get(func() []target {
		found, asked := e.addresses(ctx)
		var t tally
		if asked {
			t.add(found, func(t *target) { t.found = true })
		}
		if e.subject.Proxied() {
			return t
		}
		for _, a := range e.authoritative(ctx) {
			t.add(a.Addrs, func(t *target) { t.given = true })
		}
		t.add(e.subject.Addrs(), func(t *target) { t.wanted = true })
		for _, family := range families() {
			if r, ok := e.subject.Live(family); ok {
				t.add(r.Addrs, func(t *target) { t.held = true })
			}
		}
		for _, p := range e.subject.Pending {
			addrs, _ := e.subject.former(p, e.opts.Now())
			t.add(addrs, func(t *target) { t.cached = true })
		}
		return t
	})
}

// tally is a list of targets without duplicates.
type tally []target

func (t *tally) add(addrs []netip.Addr, mark func(*target)) {
	for _, a := range addrs {
		a = a.Unmap()
		i := slices.IndexFunc(*t, func(x target) bool { return x.addr == a })
		if i < 0 {
			i, *t = len(*t), append(*t, target{addr: a})
		}
		mark(&(*t)[i])
	}
}

// validator asks as an authority does, or as who it is told to be.
func (e *examination) validator(ctx context.Context, agent string) *http01.Validator {
	o := http01.Options{
		Lookup:    http01.DNS{Client: e.opts.DNS, Route: e.route(ctx)},
		Dial:      e.opts.Dial,
		Ports:     http01.Ports{HTTP: uint16(e.opts.HTTPPort), HTTPS: uint16(e.opts.HTTPSPort)}, //nolint:gosec // G115: ports, checked by the inventory
		Reserved:  http01.Reserved,
		UserAgent: agent,
		Now:       e.opts.Now,
	}
	if e.opts.AllowReserved {
		o = o.ForPrivate()
	}
	return http01.New(o)
}

// perName is how many addresses of a name are asked at the same time.
const perName = 8

// fetch asks each address of the name once.
func (e *examination) fetch(ctx context.Context, t plant.Token, agent, host string) []fetched {
	v := e.validator(ctx, agent)
	return ofEach(e.targets(ctx), perName, func(to target) fetched {
		return fetched{to, e.validate(ctx, v, http01.Request{Host: host, Token: t.Name, Want: t.Body, Pin: to.addr})}
	})
}

// unplaced is a token that nobody has placed.
func (e *examination) unplaced() plant.Token { return e.name.unplaced.get(plant.NewToken) }

// plain is what each address answers to a path that nobody has put there.
func (e *examination) plain(ctx context.Context) []fetched {
	return e.name.plain.get(func() []fetched {
		return e.fetch(ctx, e.unplaced(), "", e.subject.Name.Display())
	})
}

// planted is a token in place.
type planted struct {
	Client
	token plant.Token
	// err is why it is not in place.
	err error
}

// planted places the name's token, once; ok is false where the inventory does not
// say how.
func (e *examination) planted(ctx context.Context) (p planted, ok bool) {
	p = e.name.planted.get(func() planted {
		if e.opts.Client == nil {
			return planted{}
		}
		p := planted{Client: e.opts.Client(e.subject), token: plant.NewToken()}
		if p.Client.Planter == nil {
			return p
		}
		remove, err := p.Plant(ctx, p.token)
		if err != nil {
			p.err = err
			return p
		}
		e.cleanups.add(cleanup{remove, func(err error) Finding { return tokenLeft(p, err) }})
		return p
	})
	return p, p.Client.Planter != nil
}

// tokens is what each address answers to the token; ok is false where there is
// none in place.
func (e *examination) tokens(ctx context.Context) (all []fetched, p planted, ok bool) {
	p, ok = e.planted(ctx)
	if !ok || p.err != nil {
		return nil, p, false
	}
	return e.name.tokens.get(func() []fetched {
		return e.fetch(ctx, p.token, "", e.subject.Name.Display())
	}), p, true
}

// token is what an address answers to the token.
func (e *examination) token(ctx context.Context, a netip.Addr) (f fetched, ok bool) {
	all, _, _ := e.tokens(ctx)
	i := slices.IndexFunc(all, func(f fetched) bool { return f.addr == a })
	if i < 0 {
		return f, false
	}
	return all[i], true
}
