package acme

import (
	"context"
	"net/http"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/plan/acme/cdn"
)

// edge is the CDN that answers for the name at an address, with what shows it. Its
// vendor is empty where that is a server of one's own. All checks go by it, so that
// none of them takes an edge for a server. HTTP is asked where the provider, lists
// and aliases tell of none.
func (e *examination) edge(ctx context.Context, t target) cdn.Verdict {
	if !t.found || e.backs(t) {
		return cdn.Verdict{}
	}
	return e.name.edges.get(t.addr, func() cdn.Verdict {
		at := []target{t}
		if v := e.opts.Ranges.Judge(e.toldOfEdge(ctx, at)); v.Vendor != "" {
			return v
		}
		return e.opts.Ranges.Judge(e.shownByEdge(ctx, at))
	})
}

// backs tells whether an address is one behind the name's proxy, which the DNS may
// still answer with, or again.
func (e *examination) backs(t target) bool {
	if !e.subject.Proxied() {
		return false
	}
	if e.subject.Zone.Live == nil {
		return slices.Contains(e.subject.Addrs(), t.addr)
	}
	return slices.ContainsFunc(e.origins(), func(o target) bool { return o.addr == t.addr })
}

// toldOfEdge is what the provider's API, lists and aliases say of addresses that the
// DNS answers with.
func (e *examination) toldOfEdge(ctx context.Context, at []target) cdn.Evidence {
	out := cdn.Evidence{CNAMEs: e.chain(ctx), Header: http.Header{}}
	if e.subject.Zone.Proxy && e.subject.Zone.Live != nil && !slices.ContainsFunc(at, e.backs) {
		proxied := e.subject.Proxied()
		out.Proxied, out.Proxy = &proxied, cdn.Cloudflare // no other provider has a proxy
	}
	for _, t := range at {
		out.Addrs = append(out.Addrs, t.addr)
	}
	return out
}

// shownByEdge is toldOfEdge with the fields of what the addresses answer, over TLS as
// well where nothing else shows a CDN.
func (e *examination) shownByEdge(ctx context.Context, at []target) cdn.Evidence {
	out := e.toldOfEdge(ctx, at)
	for _, f := range e.plain(ctx) {
		if slices.ContainsFunc(at, func(t target) bool { return t.addr == f.addr }) {
			addFields(out.Header, f.own())
		}
	}
	if e.opts.Ranges.Judge(out).Vendor == "" {
		for _, c := range e.allCertificates(ctx, at) {
			addFields(out.Header, c.Header)
		}
	}
	return out
}

// own are the fields of what the address itself has answered.
func (f fetched) own() http.Header {
	out := http.Header{}
	for _, h := range f.Hops {
		if h.Host != f.Hops[0].Host { // a redirect led to another name
			break
		}
		addFields(out, h.Header)
	}
	return out
}

func addFields(to, from http.Header) {
	for name, values := range from {
		to[name] = append(to[name], values...)
	}
}

// front is an address of the name at which a CDN shows clients a certificate, and which
// CDN that is; ok is false where there is none.
func (e *examination) front(ctx context.Context) (t target, v cdn.Verdict, ok bool) {
	_, edges := e.parted(ctx)
	if len(edges) == 0 {
		return t, v, false
	}
	return edges[0], e.edge(ctx, edges[0]), true
}

// servers are the addresses of the name's own servers, as far as certificates go.
// Behind a CDN they are those that the provider holds or the inventory wants, or else
// of the ACME client's host, as far as that is known.
func (e *examination) servers(ctx context.Context) []target {
	all, edges := e.parted(ctx)
	if len(edges) == 0 && !e.subject.Proxied() {
		return all
	}
	add := func(a netip.Addr, mark func(*target)) {
		if !slices.ContainsFunc(edges, func(t target) bool { return t.addr == a }) {
			all.add([]netip.Addr{a}, mark)
		}
	}
	for _, t := range e.origins() {
		add(t.addr, func(t *target) { t.held = true })
	}
	for _, a := range e.subject.Addrs() {
		add(a, func(t *target) { t.wanted = true })
	}
	if len(all) == 0 {
		for _, a := range e.client().Host.Addrs {
			add(a, func(*target) {})
		}
	}
	return all
}

// parted are the addresses at which a CDN shows a certificate, and all others. One
// that shows none is no reason to ask by HTTP too.
func (e *examination) parted(ctx context.Context) (own, edges tally) {
	for _, c := range e.certificates(ctx) {
		if c.Leaf() != nil && e.edge(ctx, c.target).Vendor != "" {
			edges = append(edges, c.target)
		} else {
			own = append(own, c.target)
		}
	}
	return own, edges
}
