package http01

import (
	"context"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// Lookup finds the addresses of a name, one family at a time. It must be safe
// for concurrent use: both families are asked for at once.
type Lookup interface {
	Lookup(ctx context.Context, name zone.Name, t zone.Type) Addrs
}

// Addrs is what a look-up of one family found.
type Addrs struct {
	// Addrs are the addresses in the order to try; none without an error is
	// the DNS's word that there is none.
	Addrs []netip.Addr
	// CNAME are the targets of the chain that leads to them, or to nothing.
	CNAME []zone.Name
	// NXDomain says that the name, or the chain's end, does not exist.
	NXDomain bool
	// By is who said so; empty where there was nobody to ask.
	By string
	// Err is why nothing is known, mostly a *resolver.QueryError.
	Err error
}

// DNS looks up in the DNS.
type DNS struct {
	Client *resolver.Client
	// Route is whom to ask: resolvers, as an authority does, or the
	// authoritative servers themselves.
	Route resolver.Route
}

// Lookup asks. The addresses are in ascending order: which one an authority's
// resolver puts first cannot be known.
func (d DNS) Lookup(ctx context.Context, name zone.Name, t zone.Type) Addrs {
	a := d.Client.Lookup(ctx, d.Route, []zone.Key{{Name: name, Type: t}})[0]
	out := Addrs{Addrs: a.Addrs, CNAME: a.CNAME, NXDomain: a.Status == resolver.NXDomain, Err: a.Err}
	if a.Server != (resolver.Server{}) {
		out.By = a.Server.String()
	}
	return out
}

// Overlay answers for some RRsets in place of the DNS: what authorities will see
// once a plan has been applied.
type Overlay struct {
	// RRsets holds the addresses of its keys; none are an RRset that will not be
	// there.
	RRsets map[zone.Key][]netip.Addr
	// Rest answers for all others.
	Rest Lookup
}

// Lookup answers from RRsets, or leaves it to Rest.
func (o Overlay) Lookup(ctx context.Context, name zone.Name, t zone.Type) Addrs {
	planned, ok := o.RRsets[zone.Key{Name: name, Type: t}]
	if !ok {
		return o.Rest.Lookup(ctx, name, t)
	}
	return Addrs{Addrs: slices.Clone(planned), By: "the plan"}
}
