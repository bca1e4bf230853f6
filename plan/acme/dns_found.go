package acme

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// found is what a certificate authority would find of each family.
func (e *examination) found(ctx context.Context) map[zone.Type]http01.Addrs {
	return e.name.found.get(func() map[zone.Type]http01.Addrs {
		out := map[zone.Type]http01.Addrs{}
		_, silent := e.speaking(ctx)
		look := http01.DNS{Client: e.opts.DNS, Route: e.route(ctx)}
		alone := len(look.Route.Zones) > 0
		for _, t := range families() {
			if silent != nil {
				out[t] = http01.Addrs{Err: silent}
				continue
			}
			if !alone && !slices.Contains(e.born(ctx), t) {
				out[t] = http01.Addrs{Err: errUnborn}
				continue
			}
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

// chain are the names that the name's CNAMEs lead through.
func (e *examination) chain(ctx context.Context) (out []zone.Name) {
	if _, asked := e.addresses(ctx); !asked {
		return nil
	}
	for _, t := range families() {
		for _, n := range e.found(ctx)[t].CNAME {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// looked is what an authority finds of both families, or the finding that it
// cannot be told. A family that cannot be looked up is none where the other is
// there: an authority goes on with that.
func (e *examination) looked(ctx context.Context) ([]netip.Addr, []Asked, *Finding) {
	s := e.subject
	if len(s.Zone.addresses()) == 0 && len(s.Zone.Resolvers) == 0 {
		f, _ := s.nobody(nil)
		return nil, nil, &f
	}
	found := e.found(ctx)
	asked := foundSaid(found)
	var addrs []netip.Addr
	for _, t := range families() {
		addrs = append(addrs, found[t].Addrs...)
	}
	if err := found[zone.A].Err; err != nil && len(addrs) == 0 {
		f := unclear(asked, "what %s has cannot be told: %v", s.Name.Display(), err).because("D-AUTH")
		return nil, asked, &f
	}
	return addrs, asked, nil
}

// foundSaid are the look-ups, for Finding.Asked.
func foundSaid(found map[zone.Type]http01.Addrs) (out []Asked) {
	for _, t := range families() {
		a := found[t]
		words := "no " + t.String() + " record"
		switch {
		case a.Err != nil:
			words = a.Err.Error()
		case len(a.Addrs) > 0:
			words = listed(a.Addrs)
		case a.NXDomain:
			words = "the name does not exist"
		}
		out = append(out, Asked{cmp.Or(a.By, "nobody"), t.String() + ": " + words})
	}
	return out
}

// nowhere is the finding where neither name servers nor resolvers can be asked.
func (e *examination) nowhere() (Finding, bool) {
	if len(e.subject.Zone.Resolvers) > 0 {
		return Finding{}, false
	}
	if len(e.subject.Zone.addresses()) > 0 {
		return Finding{}, false
	}
	return e.subject.nobody(nil)
}
