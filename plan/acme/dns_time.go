package acme

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// Bounds of a TTL while a change is under way, in seconds.
const (
	changeTTL    zone.TTL = 300
	changeTTLMax zone.TTL = 600
)

// checkTTL is D-TTL.
func checkTTL(ctx context.Context, e *examination) []Finding {
	s := e.subject
	if s.Proxied() {
		if f, none := s.unread(); none {
			return []Finding{f}
		}
		return []Finding{passed([]Asked{{"provider " + s.Zone.Provider, s.heldWords()}},
			"the proxy answers for %s with its own TTL, which is short and cannot be set", s.Name.Display())}
	}
	return byServers(func(e *examination, ctx context.Context) []Finding {
		return judgeTTL(s, e.authoritative(ctx), e.opts.Now())
	})(ctx, e)
}

// judgeTTL compares the highest TTL of each family with what its phase needs:
//
//	a run is not through with it     at most 600 s; the run waits for that
//	other values are wanted          at most 600 s before they come
//	nothing is to change             that of the inventory
func judgeTTL(s *Subject, answers []resolver.Answer, now time.Time) (out []Finding) {
	asked, judged := said(answers), false
	for _, want := range s.Records {
		live, ok := highest(of(want.Type, answers))
		if !ok {
			continue
		}
		judged = true
		if f, bad := s.ttlOf(want, live, now); bad {
			out = append(out, f.asking(asked))
		}
	}
	switch {
	case len(out) > 0:
		return out
	case !judged:
		return []Finding{unclear(asked, "%s is not served yet, so it has no TTL", s.Name.Display()).because(s.exists())}
	}
	return []Finding{passed(asked, "the TTL of %s fits what is planned", s.Name.Display())}
}

// highest is the answer with the highest TTL.
func highest(answers []resolver.Answer) (high resolver.Answer, ok bool) {
	for _, a := range answers {
		if a.Status == resolver.Answered && (!ok || a.TTL > high.TTL) {
			high, ok = a, true
		}
	}
	return high, ok
}

func (s *Subject) ttlOf(want Record, live resolver.Answer, now time.Time) (Finding, bool) {
	name, rest := keyed(live.Key), max(want.TTL, s.Zone.MinTTL)
	p, _ := s.pending(want.Type)
	switch {
	case p.Run != "" && live.TTL > changeTTLMax:
		return failed(nil, "the TTL of %s is %s, and run %s is about to change it", name, seconds(live.TTL), p.Run).
			with(Remedy{Do: "See how the run stands; it waits the old TTL out before it switches:", Paste: "dnsplan show " + p.Run}), true
	case p.Run != "":
	case !slices.Equal(live.Addrs, want.Addrs) && live.TTL > changeTTLMax:
		return failed(nil, "the TTL of %s is %s, and %s: lower it and wait %s before the switch", name, seconds(live.TTL), coming(want.Addrs, live.Addrs), span(live.TTL.Duration())).
			with(s.lower(live, now)...), true
	case !slices.Equal(live.Addrs, want.Addrs), want.Auto:
	case live.TTL < rest:
		return failed(nil, "the TTL of %s is %s, and the inventory says %s: it was left low", name, seconds(live.TTL), seconds(rest)).
			with(Remedy{Do: "Raise it in " + s.inZone() + ":", Paste: s.lines(rest, want.Addrs)}, s.apply()), true
	case live.TTL > rest:
		return failed(nil, "the TTL of %s is %s, and the inventory says %s: a change would take that long to be seen", name, seconds(live.TTL), seconds(rest)).
			with(Remedy{Do: "Lower it in " + s.inZone() + ":", Paste: s.lines(rest, want.Addrs)}, s.apply()), true
	}
	return Finding{}, false
}

// keyed reads "www.example.org A".
func keyed(k zone.Key) string { return k.Name.Display() + " " + k.Type.String() }

// coming says how the wanted addresses differ from the live ones.
func coming(want, live []netip.Addr) string {
	lacks := func(in, of []netip.Addr) []netip.Addr {
		return slices.DeleteFunc(slices.Clone(of), func(a netip.Addr) bool { return slices.Contains(in, a) })
	}
	if to := lacks(live, want); len(to) > 0 {
		return listed(to) + " is to come"
	}
	return listed(lacks(want, live)) + " is to go"
}

// lower makes ready for a switch.
func (s *Subject) lower(live resolver.Answer, now time.Time) []Remedy {
	low := max(changeTTL, s.Zone.MinTTL)
	return []Remedy{
		{Do: "Lower it in " + s.inZone() + ":", Paste: s.lines(low, live.Addrs)},
		{
			Do:    fmt.Sprintf("Or leave all of it to dnsplan, which would switch at %s at the earliest:", moment(now.Add(live.TTL.Duration()))),
			Paste: s.applied(),
		},
	}
}

// checkWait is D-WAIT. It asks nobody: journals tell.
func checkWait(_ context.Context, e *examination) []Finding {
	return judgeWait(e.subject, e.opts.Now())
}

// judgeWait tells what is left of the caches' time. A run that has not ended waits for
// it as planned, which is no more than a warning.
func judgeWait(s *Subject, now time.Time) (out []Finding) {
	for _, p := range s.Pending {
		if !p.Until.After(now) {
			continue
		}
		f := failed(nil, "not yet: resolvers may hold the former %s until %s, %s from now", keyed(zone.Key{Name: s.Name, Type: p.Type}), moment(p.Until), span(p.Until.Sub(now))).at(Warning)
		if p.Run != "" {
			f.Summary += fmt.Sprintf("; run %s waits for that, as planned", p.Run)
			f = f.with(Remedy{Do: "Leave the run to wait, and see how it stands:", Paste: "dnsplan show " + p.Run})
		}
		out = append(out, f.with(Remedy{Do: "Keep the server at the former addresses running until then: users may still be led there."}))
	}
	switch {
	case len(out) > 0:
		return out
	case s.Zone.RunsErr != nil:
		return []Finding{unclear(nil, "what runs have left in caches is not known: %v", s.Zone.RunsErr)}
	}
	return []Finding{passed(nil, "no run of this machine has left anything in caches that %s has changed since", s.Name.Display())}
}

// checkNegative is D-NEG.
func checkNegative(ctx context.Context, e *examination) []Finding {
	return byServers(func(e *examination, ctx context.Context) []Finding {
		return judgeNegative(e.subject, e.authoritative(ctx), e.serials(ctx), e.public(ctx))
	})(ctx, e)
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
			left := a.At.Add(a.NegativeTTL.Duration() + time.Second)
			out = append(out, failed(asked, "%s remembers for %s that %s does not exist", a.Server, seconds(a.NegativeTTL), keyed(a.Key)).with(
				Remedy{Do: fmt.Sprintf("Wait until %s, and look again:", moment(left)), Paste: "dnsplan check " + s.Name.Display() + " --only D-NEG"}))
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

// missing are the answers that say there is no such RRset.
func missing(answers []resolver.Answer) (out []resolver.Answer) {
	for _, a := range definite(answers) {
		if a.Status != resolver.Answered && len(a.CNAME) == 0 {
			out = append(out, a)
		}
	}
	return out
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
