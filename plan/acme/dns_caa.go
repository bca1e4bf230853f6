package acme

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/caa"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// checkCAA is D-CAA.
func checkCAA(ctx context.Context, e *examination) []Finding {
	s := e.subject
	if s.Name.IsWildcard() {
		return []Finding{s.unprovable()}
	}
	if f, none := e.nowhere(); none {
		return []Finding{f}
	}
	if len(s.Zone.addresses()) == 0 && len(e.born(ctx)) == 0 {
		return []Finding{s.notBorn()}
	}
	r := caa.Check(ctx, e, caa.Request{Name: s.Name, Issuers: e.opts.Issuer.Identities, Accounts: e.opts.Issuer.Accounts})
	return []Finding{judgeCAA(s, r, e.opts.AllowReserved || s.Zone.local())}
}

// unprovable is a wildcard, whatever its CAA records say.
func (s *Subject) unprovable() Finding {
	return failed(nil, "%s is a wildcard, and no authority proves one by HTTP-01", s.Name.Display()).with(
		Remedy{Do: "Have it validated by DNS-01, in its record in the inventory:", Paste: `acme = "dns-01"`},
		Remedy{Do: "Or take acme out of its record, where it is for no certificate."})
}

// LookupCAA asks along the route; what is at the apex and above it once a zone.
func (e *examination) LookupCAA(ctx context.Context, names []zone.Name) []caa.Set {
	look := caa.DNS{Client: e.opts.DNS, Route: e.route(ctx)}
	upper := caa.Climb(e.subject.Zone.Zone)
	lower := names[:max(0, len(names)-len(upper))]
	return slices.Concat(e.lookupBelow(ctx, look, lower), e.zone.above.get(func() []caa.Set {
		return look.LookupCAA(ctx, upper)
	}))
}

// lookupBelow is LookupCAA below the apex, which servers that are silent are not
// asked for.
func (e *examination) lookupBelow(ctx context.Context, look caa.DNS, names []zone.Name) []caa.Set {
	_, silent := e.speaking(ctx)
	if silent == nil {
		return look.LookupCAA(ctx, names)
	}
	out := make([]caa.Set, len(names))
	for i, n := range names {
		out[i] = caa.Set{Name: n, Err: silent}
	}
	return out
}

// judgeCAA puts the judgement of the records into a finding. For a private authority
// the names above the zone need not be those of the public DNS.
func judgeCAA(s *Subject, r caa.Result, private bool) Finding {
	asked := caaSaid(r.Sets)
	switch {
	case r.Outcome == caa.Allowed:
		return passed(asked, "%s", r)
	case r.Reason == caa.NoTLD && private:
		return passed(asked, "no CAA record is in the way, and %s is no public name", s.Name.Display())
	case r.Reason == caa.ServerFailure && private && !r.At.IsSubdomainOf(s.Zone.Zone):
		return unclear(asked, "%s; it is above the zone, and nobody here knows the public DNS", r)
	case r.Outcome == caa.Forbidden:
		return failed(asked, "%s; so %s may not issue for %s", r, issuer(r.Request), s.Name.Display()).with(s.permit(r)...)
	}
	f := unclear(asked, "%s", r).with(s.tell(r)...)
	if r.Reason != caa.LookupFailed || len(s.Zone.Resolvers) > 0 {
		return f
	}
	if !r.At.IsSubdomainOf(s.Zone.Zone) {
		f.Summary = fmt.Sprintf("CAA records above the zone, as of %s, can be looked up by no one: the inventory has no [[verify.resolver]]", r.At.Display())
	}
	return f.because("D-RESOLV")
}

func issuer(q caa.Request) string {
	if len(q.Issuers) == 0 {
		return "the authority"
	}
	return strings.Join(q.Issuers, " or ")
}

func caaSaid(sets []caa.Set) []Asked {
	out := make([]Asked, len(sets))
	for i, set := range sets {
		words := make([]string, len(set.Records))
		for j, c := range set.Records {
			words[j] = c.String()
		}
		text := strings.Join(words, ", ")
		switch {
		case set.Err != nil:
			text = set.Err.Error()
		case set.NXDomain:
			text = "the name does not exist"
		case text == "":
			text = "none"
		}
		out[i] = Asked{cmp.Or(set.By, "nobody"), "CAA of " + set.Name.Display() + ": " + text}
	}
	return out
}

// permit changes the records so that they let the authority issue.
func (s *Subject) permit(r caa.Result) (out []Remedy) {
	if len(r.Fix.Remove) > 0 {
		out = append(out, Remedy{Do: "Delete from " + s.zoneOf(r.At) + ":", Paste: s.caaLines(r, r.Fix.Remove)})
	}
	if len(r.Fix.Add) > 0 {
		out = append(out, Remedy{Do: "Add to " + s.zoneOf(r.At) + ":", Paste: s.caaLines(r, r.Fix.Add)})
	}
	switch r.Reason {
	case caa.ServerFailure:
		out = append(out, Remedy{Do: "Find out why the question fails:", Paste: s.recheck("D-NSOK", "D-DNSSEC", "D-AUTH")})
	case caa.NoTLD:
		out = append(out, Remedy{Do: "Use a name of the public DNS, or, for an authority of your own, say in the inventory:", Paste: "[check]\nallow_reserved = true"})
	case caa.OtherAccount:
		out = append(out, Remedy{Do: "Or issue with the account that the record names."})
	}
	return append(out, s.again("D-CAA"))
}

// tell says what the inventory lacks.
func (s *Subject) tell(r caa.Result) []Remedy {
	switch r.Reason {
	case caa.AccountUnknown:
		return []Remedy{{Do: "Say in the inventory which account issues:", Paste: "[check]\naccounturi = \"https://...\""}}
	case caa.IssuerUnknown:
		return []Remedy{{Do: "Say in the inventory how the authority calls itself:", Paste: fmt.Sprintf("[check]\nca_identities = [%q]", r.Permits()[0])}}
	case caa.LookupFailed:
		if len(s.Zone.Resolvers) == 0 {
			return noResolvers().Remedies
		}
	}
	return nil
}

// zoneOf names the zone that a set is in, as far as it is known.
func (s *Subject) zoneOf(at zone.Name) string {
	if at.IsSubdomainOf(s.Zone.Zone) {
		return s.inZone()
	}
	return "the zone that holds " + at.Display()
}

// caaLines are records of the set that decides, as lines of a zone's file, with its
// TTL: a set has one.
func (s *Subject) caaLines(r caa.Result, records []resolver.CAA) string {
	owner, ttl := string(r.At), s.wantedTTL()
	if r.At.IsSubdomainOf(s.Zone.Zone) {
		owner = r.At.Relative(s.Zone.Zone)
	}
	for _, set := range r.Sets {
		if set.Name == r.At && set.TTL > 0 {
			ttl = set.TTL
		}
	}
	lines := make([]string, len(records))
	for i, c := range records {
		lines[i] = fmt.Sprintf("%s %s IN CAA %s", owner, ttl, c)
	}
	return strings.Join(lines, "\n")
}
