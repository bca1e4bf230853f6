package acme

import (
	"context"
	"errors"
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
		return passed(asked, "%s is no alias", name)
	case len(four.Addrs)+len(six.Addrs) > 0:
		return s.leads(chain, way, asked)
	case s.circle(chain):
		return failed(asked, "%s leads in a circle", way).with(s.unalias(chain)...)
	case four.Err != nil && six.Err != nil && s.outside(chain) && len(s.Zone.Resolvers) == 0:
		return unclear(asked, "%s leads out of the zone, and no resolver is asked: the inventory has no [[verify.resolver]]", way)
	case servfail(four.Err):
		return failed(asked, "%s cannot be resolved: %v", way, four.Err).with(s.unalias(chain)...)
	case four.Err != nil:
		return unclear(asked, "%s: where it ends cannot be told: %v", way, four.Err)
	case four.NXDomain:
		return failed(asked, "%s does not exist", way).with(s.unalias(chain)...)
	}
	return failed(asked, "%s has no address", way).with(s.unalias(chain)...)
}

// leads judges a chain that ends at addresses: one that leaves the zone is in
// somebody else's hands.
func (s *Subject) leads(chain []zone.Name, way string, asked []Asked) Finding {
	if !s.outside(chain) {
		return passed(asked, "%s has an address", way)
	}
	return failed(asked, "%s leads out of the zone: whoever holds %s decides which server answers the challenge", way, chain[len(chain)-1].Display()).
		at(Warning).with(s.unalias(chain)...)
}

func (s *Subject) outside(chain []zone.Name) bool {
	for _, n := range chain {
		if !n.IsSubdomainOf(s.Zone.ZoneRef.Zone) {
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

// servfail tells whether whoever was asked could not resolve the name.
func servfail(err error) bool {
	q, ok := errors.AsType[*resolver.QueryError](err)
	return ok && q.Status == resolver.ServFail
}

// unalias puts addresses in place of the alias.
func (s *Subject) unalias(chain []zone.Name) []Remedy {
	return []Remedy{
		{Do: "Delete the alias from " + s.inZone() + ":", Paste: s.Name.Relative(s.Zone.ZoneRef.Zone) + " IN CNAME " + string(chain[0])},
		{Do: "And add in its place; with replace_cname = true dnsplan apply does both at once:", Paste: s.wantedLines()},
	}
}
