package acme

import (
	"context"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// checkAlias is D-CNAME.
func checkAlias(ctx context.Context, e *examination) []Finding {
	if f, none := e.nowhere(); none {
		return []Finding{f}
	}
	return []Finding{judgeAlias(e.subject, e.found(ctx))}
}

// judgeAlias follows the chain of either family to its end.
func judgeAlias(s *Subject, found map[zone.Type]http01.Addrs) Finding {
	asked, name := foundSaid(found), s.Name.Display()
	four, six := found[zone.A], found[zone.AAAA]
	chain := four.CNAME
	if len(chain) == 0 {
		chain = six.CNAME
	}
	way := name + " -> " + displayed(chain, " -> ")
	switch {
	case len(chain) == 0 && four.Err != nil:
		return unclear(asked, "whether %s is an alias cannot be told: %v", name, four.Err).because("D-AUTH")
	case len(chain) == 0:
		return s.unaliased(len(four.Addrs)+len(six.Addrs) > 0, asked)
	case len(four.Addrs)+len(six.Addrs) > 0:
		return s.leads(chain, way, asked)
	case s.circle(chain):
		return failed(asked, "%s leads in a circle", way).with(s.unalias(chain)...)
	case four.Err != nil && six.Err != nil && s.outside(chain) && len(s.Zone.Resolvers) == 0:
		return unclear(asked, "%s leads out of the zone, and no resolver is asked: the inventory has no [[verify.resolver]]", way)
	case resolver.ServFailed(four.Err):
		return failed(asked, "%s cannot be resolved: %v", way, four.Err).with(s.unalias(chain)...)
	case four.Err != nil:
		return unclear(asked, "%s: where it ends cannot be told: %v", way, four.Err)
	case four.NXDomain:
		return failed(asked, "%s does not exist", way).with(s.unalias(chain)...)
	}
	return failed(asked, "%s has no address", way).with(s.unalias(chain)...)
}

// unaliased is a name for which no CNAME is answered. A provider may have one all the
// same, and answer with addresses in its place: those of its proxy, or of the target.
func (s *Subject) unaliased(answered bool, asked []Asked) Finding {
	to, held := s.Zone.alias(s.Name)
	if !held || !answered {
		return passed(asked, "%s is no alias", s.Name.Display())
	}
	return failed(asked, "%s is an alias of %s at provider %s, which answers with addresses of its own choice in its place", s.Name.Display(), to.Display(), s.Zone.Provider).
		at(Warning).with(s.unalias([]zone.Name{to})...)
}

// leads judges a chain that ends at addresses: one that leaves the zone is in
// somebody else's hands, and one over a proxied name stays behind its proxy.
func (s *Subject) leads(chain []zone.Name, way string, asked []Asked) Finding {
	if s.outside(chain) {
		return failed(asked, "%s leads out of the zone: whoever holds %s decides which server answers the challenge", way, chain[len(chain)-1].Display()).
			at(Warning).with(s.unalias(chain)...)
	}
	if i := slices.IndexFunc(chain, s.Zone.proxied); i >= 0 {
		return failed(asked, "%s leads to a proxy: that of %s answers the challenge, and stays on while an issuance window of %s is open", way, chain[i].Display(), s.Name.Display()).
			at(Warning).with(s.unalias(chain)...)
	}
	return passed(asked, "%s has an address", way)
}

// proxied tells whether the provider has a proxy before a name.
func (z *Zone) proxied(n zone.Name) bool {
	return z.Live != nil && slices.ContainsFunc(z.Live.RRsets, func(r zone.RRset) bool { return r.Name == n && r.Proxied })
}

func (s *Subject) outside(chain []zone.Name) bool {
	for _, n := range chain {
		if !n.IsSubdomainOf(s.Zone.Zone) {
			return true
		}
	}
	return false
}

// circle tells whether a chain comes back to where it has been.
func (s *Subject) circle(chain []zone.Name) bool {
	for i, n := range chain {
		if n == s.Name || slices.Contains(chain[:i], n) {
			return true
		}
	}
	return false
}

// unalias puts addresses in place of the alias.
func (s *Subject) unalias(chain []zone.Name) []Remedy {
	return []Remedy{
		{Do: "Delete the alias from " + s.inZone() + ":", Paste: s.Name.Relative(s.Zone.Zone) + " IN CNAME " + string(chain[0])},
		{Do: "And add in its place; with replace_cname = true dnsplan apply does both at once:", Paste: s.wantedLines()},
	}
}
