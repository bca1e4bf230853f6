package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// checkResolvers is D-RESOLV.
func checkResolvers(ctx context.Context, e *examination) []Finding {
	s := e.subject
	if len(s.Zone.Resolvers) == 0 {
		return []Finding{noResolvers()}
	}
	answers := e.public(ctx)
	if len(answers) == 0 {
		return []Finding{s.notBorn()}
	}
	return judgeResolvers(s, answers, e.found(ctx))
}

// noResolvers is the finding where nobody sees the name from outside.
func noResolvers() Finding {
	return unclear(nil, "no resolver is asked: the inventory has no [[verify.resolver]]").because("D-RESOLV").with(Remedy{
		Do: "Name public resolvers in the inventory:", Paste: "[[verify.resolver]]\nname = \"google\"\naddress = \"8.8.8.8\"",
	})
}

// judgeResolvers compares what resolvers say with what the name servers do, or,
// where nobody asks those, with what is wanted. Any address is right of a name that
// a CDN answers for, its own or that of an alias elsewhere. One who is in another
// view of the inventory says nothing of this one.
func judgeResolvers(s *Subject, answers []resolver.Answer, found map[zone.Type]http01.Addrs) (out []Finding) {
	var good, wrong, away []resolver.Answer
	for _, a := range answers {
		want, anyOf, known := s.seen(a.Key.Type, found)
		switch {
		case s.inTwin(a):
			away = append(away, a)
		case !a.Status.Definite() && a.Status != resolver.ServFail:
		case !known:
		case a.Status == resolver.ServFail, anyOf && len(a.Addrs) == 0, !anyOf && !slices.Equal(a.Addrs, want):
			wrong = append(wrong, a)
		default:
			good = append(good, a)
		}
	}
	asked := said(answers)
	for _, a := range wrong {
		out = append(out, s.stale(a, asked))
	}
	switch {
	case len(out) > 0:
		return out
	case len(away) > 0:
		return []Finding{unclear(asked, "%s sees another view of %s than this one: see D-SPLIT", whose(away), s.Name.Display()).because("D-SPLIT")}
	case len(good) == 0:
		return []Finding{unclear(asked, "no resolver says what it sees of %s: %s", s.Name.Display(), failures(answers))}
	}
	note := ""
	if quiet := failures(answers); quiet != "" {
		note = "; not counted: " + quiet
	}
	return []Finding{passed(asked, "resolvers give the answer of the name servers%s", note)}
}

// inTwin tells whether an answer is what the provider holds in another view, and not
// what it holds in this one.
func (s *Subject) inTwin(a resolver.Answer) bool {
	mine, _ := s.Live(a.Key.Type)
	return a.Status.Definite() && !slices.Equal(mine.Addrs, a.Addrs) && slices.ContainsFunc(s.Zone.Twins, func(z *Zone) bool {
		other := *s
		other.Zone = z
		theirs, _ := other.Live(a.Key.Type)
		return z.Live != nil && slices.Equal(theirs.Addrs, a.Addrs)
	})
}

// seen is what a resolver should say of a family.
func (s *Subject) seen(t zone.Type, found map[zone.Type]http01.Addrs) (want []netip.Addr, anyOf, known bool) {
	w, _ := s.Wanted(t)
	f, ok := found[t]
	if len(s.Zone.addresses()) == 0 || !ok {
		return w.Addrs, s.Proxied(), len(w.Addrs) > 0
	}
	if f.Err != nil {
		return nil, false, false
	}
	away := slices.ContainsFunc(f.CNAME, func(n zone.Name) bool { return !n.IsSubdomainOf(s.Zone.ZoneRef.Zone) })
	return f.Addrs, (s.Proxied() || away) && len(f.Addrs) > 0, true
}

// stale is one resolver that says something else.
func (s *Subject) stale(a resolver.Answer, asked []Asked) Finding {
	if a.Status == resolver.ServFail {
		return failed(asked, "%s cannot resolve %s: %s; an authority's resolver that fails so does not issue", a.Server, s.Name.Display(), silence(a.Status, a.EDE)).with(
			Remedy{Do: "See what the name servers and DNSSEC do:", Paste: "dnsplan check " + s.Name.Display() + " --only D-AUTH,D-NSOK,D-DNSSEC"})
	}
	left, held := a.TTL, "still holds "+listed(a.Addrs)
	if a.Status != resolver.Answered {
		left, held = a.NegativeTTL, "still says: "+holding(a)+","
	}
	return failed(asked, "%s %s for %d s", a.Server, held, left).with(Remedy{
		Do:    fmt.Sprintf("Wait until it has forgotten, at %s, and look again:", moment(a.At.Add(left.Duration()+time.Second))),
		Paste: "dnsplan check " + s.Name.Display() + " --only D-RESOLV",
	})
}
