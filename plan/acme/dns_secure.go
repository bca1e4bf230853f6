package acme

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// signatureLeft is how long signatures must be good for at least: a change and the
// issuance behind it take up to two days. Those of servers that sign each answer
// last no longer than that as a rule, so that they end soon only in the last quarter
// of their time.
const (
	signatureLeft    = 48 * time.Hour
	signatureQuarter = 4
)

// soon is how long before its end a signature ends soon.
func soon(s resolver.Signature) time.Duration {
	return min(signatureLeft, s.Expires.Sub(s.Begins)/signatureQuarter)
}

// endsEarly tells whether a signature ends too early, and how grave that is: one that
// has ended, or does before the change that is under way until then, is an error.
// Those that are made for each answer are made anew in time.
func endsEarly(s resolver.Signature, now, until time.Time) (Severity, bool) {
	switch {
	case s.Expires.Before(now), !s.PerAnswer() && s.Expires.Before(until):
		return Error, true
	case s.Expires.Before(now.Add(soon(s))):
		return Warning, true
	}
	return 0, false
}

// checkSecure is D-DNSSEC.
func checkSecure(ctx context.Context, e *examination) []Finding {
	s := e.subject
	if len(s.Zone.Resolvers) == 0 {
		return []Finding{noResolvers()}
	}
	all := e.security(ctx)
	if len(all) == 0 {
		return []Finding{s.notBorn()}
	}
	return judgeSecure(s, all, func() []bool { return e.validates(ctx) }, e.opts.Now(), e.underWay())
}

// security is what the inventory's resolvers make of the name's DNSSEC, in their order;
// none of a name that they may not be asked for yet.
func (e *examination) security(ctx context.Context) []resolver.Security {
	return e.name.security.get(func() []resolver.Security {
		born := e.born(ctx)
		if len(born) == 0 {
			return nil
		}
		key := zone.Key{Name: e.subject.Name, Type: born[0]}
		return ofEach(e.subject.Zone.Resolvers, unbounded, func(r resolver.Server) resolver.Security { return e.secure(ctx, r, key) })
	})
}

// refuses tells whether a resolver gives no answer because DNSSEC fails, which D-DNSSEC
// tells of.
func (e *examination) refuses(ctx context.Context, r resolver.Server) bool {
	return e.selection.Has("D-DNSSEC") && slices.ContainsFunc(e.security(ctx), func(a resolver.Security) bool { return a.Server == r && a.Bogus() })
}

// judgeSecure judges what validating resolvers make of a name:
//
//	one refuses what it has without validation   fail
//	one has validated it                         pass; see endsEarly
//	it is not signed, and one validates          pass
//	else                                         unknown
func judgeSecure(s *Subject, all []resolver.Security, validates func() []bool, now, until time.Time) []Finding {
	var asked []Asked
	secure, signed := false, false
	var first resolver.Signature
	for _, a := range all {
		asked = append(asked, Asked{a.Server.String(), securitySaid(a)})
		secure = secure || a.Secure()
		if sig, ok := a.First(); ok && (!signed || sig.Expires.Before(first.Expires)) {
			signed, first = true, sig
		}
	}
	for _, a := range all {
		if a.Bogus() {
			return []Finding{s.bogus(a).asking(asked)}
		}
	}
	name := s.Name.Display()
	grave, early := endsEarly(first, now, until)
	switch {
	case secure && signed && early:
		return []Finding{s.ending(first.Expires, now, until).at(grave).asking(asked)}
	case secure:
		return []Finding{passed(asked, "DNSSEC of %s is valid", name)}
	case signed:
		return []Finding{unclear(asked, "%s is signed, and no resolver of the inventory validates it", name).with(addValidator())}
	case !answeredBy(all):
		return []Finding{unclear(asked, "no resolver of the inventory resolves %s", name).because("D-RESOLV")}
	case slices.Contains(validates(), true):
		return []Finding{passed(asked, "%s is not signed, and a resolver that validates takes it so", name)}
	}
	return []Finding{unclear(asked, "whether DNSSEC of %s fails cannot be told: no resolver of the inventory validates", name).with(addValidator())}
}

func (s *Subject) bogus(a resolver.Security) Finding {
	why := ""
	if w := extended(a); w != "" {
		why = " (" + w + ")"
	}
	z := s.Zone.Zone.Display()
	return failed(nil, "DNSSEC of %s is bogus: %s refuses it%s and gives it only without validation; since March 2026 every authority must refuse then",
		a.Key.Name.Display(), a.Server, why).with(
		Remedy{Do: "See where the chain breaks:", Paste: fmt.Sprintf("delv @%s %s %s +vtrace", a.Server.Addr.Addr(), a.Key.Name.Display(), a.Key.Type)},
		Remedy{Do: "Sign the zone again if signatures have expired (BIND, Knot):", Paste: signing(z)},
		Remedy{Do: "Or, if the keys have changed, have the registrar replace the DS record of " + z + ", or delete it until the zone is signed."},
		s.again("D-DNSSEC"))
}

// ending are signatures that run out, or have.
func (s *Subject) ending(ends, now, until time.Time) Finding {
	z, when := s.Zone.Zone.Display(), fmt.Sprintf("end at %s, %s from now", moment(ends), span(ends.Sub(now)))
	switch {
	case ends.Before(now):
		when = "have ended at " + moment(ends)
	case ends.Before(until):
		when += ", and the change goes on until " + moment(until)
	}
	return failed(nil, "signatures of %s %s: without new ones every authority must refuse", s.Name.Display(), when).
		with(Remedy{Do: "Sign the zone again (BIND, Knot):", Paste: signing(z)}, s.again("D-DNSSEC"))
}

// signing are the commands that sign a zone, of either server.
func signing(zone string) string { return "rndc sign " + zone + "\nknotc zone-sign " + zone }

// addValidator is to name a resolver that validates in the inventory.
func addValidator() Remedy {
	return Remedy{Do: "Name a resolver that validates in the inventory:", Paste: "[[verify.resolver]]\nname = \"quad9\"\naddress = \"9.9.9.9\""}
}

func securitySaid(a resolver.Security) string {
	text := "validated: " + saying(a.Validated.Answer) + "; unchecked: " + saying(a.Unchecked.Answer)
	if a.Validated.AD {
		text += "; it has validated it"
	}
	return text
}

// extended are the reasons that a resolver gives (RFC 8914).
func extended(a resolver.Security) string {
	words := make([]string, len(a.Validated.Extended))
	for i, x := range a.Validated.Extended {
		words[i] = x.Text
	}
	return strings.Join(words, "; ")
}

func answeredBy(all []resolver.Security) bool {
	return slices.ContainsFunc(all, func(a resolver.Security) bool { return a.Validated.Status.Definite() })
}
