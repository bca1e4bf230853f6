package acme

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/verify"
)

// checkResolvers is D-RESOLV.
func checkResolvers(ctx context.Context, e *examination) []Finding {
	s := e.subject
	if len(s.Zone.Resolvers) == 0 {
		return []Finding{noResolvers()}
	}
	answers := e.pools(ctx)
	if len(answers) == 0 {
		return []Finding{s.notBorn()}
	}
	return judgeResolvers(s, answers, e.found(ctx), func(a resolver.Answer, some bool) Finding { return e.unlike(ctx, a, some) })
}

// unlike is the finding of a resolver that says something else, in all of its caches or
// in some.
func (e *examination) unlike(ctx context.Context, a resolver.Answer, some bool) Finding {
	if since, late := e.overdue(a); late {
		return e.subject.kept(a, since)
	}
	f := e.subject.stale(a, some)
	if a.Status == resolver.ServFail && e.refuses(ctx, a.Server) {
		f = f.because("D-DNSSEC")
	}
	return f
}

// overdue is when a resolver ought to have forgotten an answer at the latest, by the
// change log: dnsplan has changed it, and its TTL and the engine's margin are over. It
// is false where the resolver may hold it yet, or nobody knows.
func (e *examination) overdue(a resolver.Answer) (since time.Time, ok bool) {
	all, _ := e.history() // without it nobody knows
	for _, c := range all {
		if c.Type != a.Key.Type.String() || c.Outcome != "applied" || c.OldProxied || !slices.Equal(c.OldValues, textsOf(a.Addrs)) {
			continue
		}
		at := c.At
		if c.VerifiedAt.After(at) {
			at = c.VerifiedAt // all servers had the new one by then
		}
		since = at.Add(c.OldTTL.Duration() + execute.Margin)
	}
	p, _ := e.subject.pending(a.Key.Type)
	held := slices.ContainsFunc(p.Held, func(h Held) bool { return !h.Until.Before(since) })
	return since, len(a.Addrs) > 0 && !since.IsZero() && !held && a.At.After(since)
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
// view of the inventory says nothing of this one. What lasts longest comes first.
//
//	the answer                             finding
//	may be held yet                        fail, Warning: wait
//	ought to have been forgotten, overdue  fail, Error: nobody can wait for that
//	none, of a resolver that gives up      fail, Warning
func judgeResolvers(s *Subject, answers []resolver.Answer, found map[zone.Type]http01.Addrs, unlike func(a resolver.Answer, some bool) Finding) (out []Finding) {
	var good, wrong, away []resolver.Answer
	for _, a := range answers {
		want, known := s.seen(a.Key, found)
		v := verify.Judge(want, a).Verdict
		switch {
		case s.inTwin(a):
			away = append(away, a)
		case !known:
		case v.Good():
			good = append(good, a)
		case v.Stale(), a.Status == resolver.ServFail:
			wrong = append(wrong, a)
		}
	}
	slices.SortStableFunc(wrong, func(a, b resolver.Answer) int { return cmp.Compare(remaining(b), remaining(a)) })
	asked := said(answers)
	for _, a := range wrong {
		some := slices.ContainsFunc(good, func(o resolver.Answer) bool { return o.Query == a.Query })
		f := unlike(a, some)
		if !slices.ContainsFunc(out, func(x Finding) bool { return x.Summary == f.Summary }) { // both families may be refused alike
			out = append(out, f.asking(asked))
		}
	}
	switch {
	case len(out) > 0:
		return out
	case len(away) > 0:
		return []Finding{unclear(asked, "%s sees another view of %s than this one: see D-SPLIT", whose(away), s.Name.Display()).because("D-SPLIT")}
	case len(good) == 0:
		return []Finding{unclear(asked, "no resolver says what it sees of %s: %s", s.Name.Display(), failures(answers))}
	}
	note := fmt.Sprintf(", each asked %d times", asksOfPool)
	if quiet := failures(answers); quiet != "" {
		note += "; not counted: " + quiet
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
func (s *Subject) seen(k zone.Key, found map[zone.Type]http01.Addrs) (want verify.Want, known bool) {
	w, _ := s.Wanted(k.Type)
	f, ok := found[k.Type]
	switch {
	case len(s.Zone.addresses()) == 0 || !ok:
		return verify.Want{Key: k, Values: w.Addrs, Proxied: s.Proxied()}, len(w.Addrs) > 0
	case f.Err != nil:
		return want, false
	}
	return verify.Want{Key: k, Values: f.Addrs, Proxied: s.Proxied() || s.outside(f.CNAME)}, true
}

// stale is one resolver that says something else, in all of its caches or in some.
func (s *Subject) stale(a resolver.Answer, some bool) Finding {
	name, where := s.Name.Display(), ""
	if some {
		where = ", in some of its caches"
	}
	if a.Status == resolver.ServFail {
		return failed(nil, "%s cannot resolve %s: %s%s; an authority's resolver that fails so does not issue", a.Server, name, silence(a.Status, a.EDE), where).with(
			Remedy{Do: "See what the name servers and DNSSEC do:", Paste: s.recheck("D-AUTH", "D-NSOK", "D-DNSSEC")})
	}
	held := "still holds " + listed(a.Addrs)
	if a.Status != resolver.Answered {
		held = "still says: " + holding(a) + ","
	}
	return failed(nil, "%s %s for %d s%s", a.Server, held, remaining(a), where).with(Remedy{
		Do:    fmt.Sprintf("Wait until it has forgotten, at %s, and look again:", moment(forgotten(a))),
		Paste: s.recheck("D-RESOLV"),
	})
}

// kept is one resolver that keeps an answer for longer than it may.
func (s *Subject) kept(a resolver.Answer, since time.Time) Finding {
	return failed(nil, "%s still holds %s for %d s, and ought to have forgotten it by %s: it keeps answers for longer than their TTL", a.Server, listed(a.Addrs), remaining(a), moment(since)).at(Error).with(
		Remedy{Do: "Have whoever runs it empty its cache of the name; of your own (Unbound, BIND):", Paste: "unbound-control flush " + s.Name.Display() + "\nrndc flushname " + s.Name.Display()},
		Remedy{Do: fmt.Sprintf("Until it has, keep the server at %s running: its users are led there.", listed(a.Addrs))})
}

// forgotten is when a resolver holds an answer no more.
func forgotten(a resolver.Answer) time.Time { return a.At.Add(remaining(a).Duration() + time.Second) }
