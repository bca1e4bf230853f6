package acme

import (
	"cmp"
	"context"
	"fmt"

	"github.com/dnsplan/dnsplan/plan/resolver"
)

// checkNegative is D-NEG.
func checkNegative(ctx context.Context, e *examination) []Finding {
	answers := e.authoritative(ctx)
	if f, none := e.subject.nobody(answers); none {
		return []Finding{f}
	}
	return judgeNegative(e.subject, answers, e.serials(ctx), e.pools(ctx))
}

// judgeNegative looks for who remembers, or would, that a wanted RRset is missing.
func judgeNegative(s *Subject, answers []resolver.Answer, soa []resolver.SOAAnswer, public []resolver.Answer) (out []Finding) {
	asked := append(append(said(answers), serialsSaid(soa)...), said(public)...)
	for _, r := range s.Records {
		if bare := missing(of(r.Type, answers)); len(bare) > 0 {
			out = append(out, s.unborn(r, bare, soa).asking(asked))
			continue
		}
		for _, a := range missing(of(r.Type, public)) {
			if s.inTwin(a) {
				continue
			}
			out = append(out, failed(asked, "%s remembers for %s that %s does not exist", a.Server, seconds(a.NegativeTTL), keyed(a.Key)).with(
				Remedy{Do: fmt.Sprintf("Wait until %s, and look again:", moment(forgotten(a))), Paste: s.recheck("D-NEG")}))
		}
	}
	switch {
	case len(out) > 0:
		return out
	case len(s.Zone.Resolvers) == 0:
		f := noResolvers()
		return []Finding{f.asking(asked)}
	case len(definite(public)) == 0:
		return []Finding{unclear(asked, "no resolver says what it remembers of %s: %s", s.Name.Display(), failures(public)).because("D-RESOLV")}
	}
	return []Finding{passed(asked, "no resolver that was asked remembers that %s was missing", s.Name.Display())}
}

// unborn is an RRset that is wanted and not served yet.
func (s *Subject) unborn(r Record, bare []resolver.Answer, soa []resolver.SOAAnswer) Finding {
	negative := bare[0].NegativeTTL
	for _, a := range soa {
		negative = max(negative, a.NegativeTTL())
	}
	return failed(nil, "%s is not at %s yet: a resolver that is asked for it now remembers for %s that it does not exist", keyed(r.Key), s.noneOf(bare), seconds(negative)).with(
		Remedy{Do: "Add it before anybody asks, to " + s.inZone() + ":", Paste: s.lines(cmp.Or(r.TTL, changeTTL), r.Addrs)}, s.apply(),
		Remedy{Do: fmt.Sprintf("Ask for the certificate %s after that.", span(negative.Duration()))})
}
