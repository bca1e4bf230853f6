package acme

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// checkApex is D-APEX.
func checkApex(ctx context.Context, e *examination) []Finding {
	apex := e.subject.Zone.Zone
	f := judgeApex(e.subject, e.answersAt(ctx, apex))
	return []Finding{e.onCertificate(ctx, f, apex, e.subject.addApex())}
}

// onCertificate returns f, or, where a name has no address and is on the certificate
// that the subject's clients have, f as an error: that cannot be renewed by HTTP-01.
// Nobody is asked for a certificate for this check's sake.
func (e *examination) onCertificate(ctx context.Context, f Finding, n zone.Name, r []Remedy) Finding {
	if f.Outcome != Fail || f.Severity == 0 || n == e.subject.Name || !e.selection.Has("T-CERT") {
		return f
	}
	c, ok := e.inUse(ctx)
	if !ok || !e.subject.provenByHTTP(c) || !slices.Contains(c.Leaf().DNSNames, n.Display()) {
		return f
	}
	f.Remedies = r
	f.Summary = fmt.Sprintf("%s has no address, and is on the certificate of %s, which cannot be renewed so", n.Display(), e.subject.Name.Display())
	return f.at(Error)
}

// provenByHTTP tells whether the names of the subject's certificate are proven by
// HTTP-01, as far as can be told: a wildcard cannot be, and one order mostly has one
// way for all.
func (s *Subject) provenByHTTP(c certificate) bool {
	return (s.ACME == "" || s.ACME == HTTP01) &&
		!slices.ContainsFunc(c.Leaf().DNSNames, func(n string) bool { return strings.HasPrefix(n, "*.") })
}

// judgeApex judges the answers to both families at the zone's apex. Where that has
// none, it is grave for
//
//	the apex itself, or one on the certificate   Error
//	www, whose certificate mostly names both,    Warning
//	and any name where the inventory wants it
//	other names                                  Info
func judgeApex(s *Subject, answers []resolver.Answer) Finding {
	apex := s.Zone.Zone.Display()
	if f, none := s.nobody(answers); none {
		return f
	}
	if alias := aliased(answers); len(alias) > 0 {
		f := failed(said(answers), "%s is an alias of %s at %s; a CNAME at the apex hides the zone's own NS and SOA records (RFC 1034, section 3.6.2)",
			apex, displayed(alias[0].CNAME, ", of "), whose(alias))
		return f.with(Remedy{
			Do:    "Delete the CNAME from " + s.inZone() + ", or use your provider's ALIAS in its place:",
			Paste: s.line(s.Zone.Zone, alias[0].TTL, "CNAME", string(alias[0].CNAME[0])),
		}).with(s.addApex()...)
	}
	if bare := without(answers); len(bare) > 0 {
		f := failed(said(answers), "%s has no address at %s; a certificate for it cannot be issued by HTTP-01", apex, s.noneOf(bare)).with(s.addApex()...)
		switch {
		case s.Name == s.Zone.Zone:
			return f
		case len(s.Zone.Apex) > 0 || s.Name == s.Zone.www():
			return f.at(Warning)
		}
		return failed(said(answers), "%s, the bare domain, has no address; it can be on no certificate that is issued by HTTP-01", apex).at(Info)
	}
	return passed(said(answers), "%s has an address", apex)
}

// addApex gives the apex an address: its own wanted one, or that of www.
func (s *Subject) addApex() []Remedy {
	at := s.at(s.Zone.Zone)
	do := "Add to " + s.inZone() + " (or your provider's ALIAS):"
	if s.Name != at.Name {
		do = "Add to " + s.inZone() + " (or your provider's ALIAS), and to the inventory, if the certificate is to name it too:"
	}
	r := []Remedy{{Do: do, Paste: at.wantedLines()}}
	switch {
	case s.Name == at.Name:
		r = append(r, s.apply())
	case len(s.Zone.Apex) > 0:
		at.Records = s.Zone.Apex
		r = []Remedy{{Do: "Add to " + s.inZone() + ", as the inventory has it:", Paste: at.wantedLines()}, at.apply()}
	}
	return append(r, at.leaveOut())
}

// leaveOut is to have no certificate for the name.
func (s *Subject) leaveOut() Remedy {
	return Remedy{Do: "Or leave " + s.Name.Display() + " out of the certificate."}
}

// orLeaveOut gives a name that nobody has declared an address, or up.
func (s *Subject) orLeaveOut() []Remedy {
	return []Remedy{{Do: "Add to " + s.inZone() + ", and to the inventory:", Paste: s.wantedLines()}, s.leaveOut()}
}

// www is the zone's www.
func (z *Zone) www() zone.Name { return "www." + z.Zone }

// checkExists is D-WWW: of the name, and for the apex of its www.
func checkExists(ctx context.Context, e *examination) []Finding {
	if e.subject.Name == e.subject.Zone.Zone {
		www := e.subject.Zone.www()
		f := judgeWWW(e.subject.at(www), e.answersAt(ctx, www))
		return []Finding{e.onCertificate(ctx, f, www, e.subject.at(www).orLeaveOut())}
	}
	return []Finding{judgeExists(e.subject, e.authoritative(ctx))}
}

// at is the subject with another name of its zone.
func (s *Subject) at(n zone.Name) *Subject {
	other := *s
	other.Name = n
	return &other
}

// judgeWWW judges the answers to both families at the www of an apex, whose own
// findings tell the rest. Nobody has declared it.
func judgeWWW(s *Subject, answers []resolver.Answer) Finding {
	name := s.Name.Display()
	if f, none := s.nobody(answers); none {
		return f
	}
	if len(without(answers)) > 0 {
		return failed(said(answers), "%s has no address; it can be on no certificate that is issued by HTTP-01", name).at(Info)
	}
	if w, ok := s.wildcard(); ok {
		return passed(said(answers), "%s exists too, through %s alone", name, w.Display())
	}
	return passed(said(answers), "%s exists too", name)
}

// judgeExists judges the answers to both families. A name that is not validated by
// HTTP-01 is hardly on such a certificate.
func judgeExists(s *Subject, answers []resolver.Answer) Finding {
	name := s.Name.Display()
	if f, none := s.nobody(answers); none {
		return f
	}
	if bare := without(answers); len(bare) > 0 {
		f := failed(said(answers), "%s has no address at %s; a certificate that names it cannot be issued by HTTP-01", name, s.noneOf(bare)).with(
			Remedy{Do: "Add to " + s.inZone() + ":", Paste: s.wantedLines()}, s.apply(),
			s.leaveOut())
		if s.ACME != "" && s.ACME != HTTP01 {
			f = f.at(Warning)
		}
		return f
	}
	if w, ok := s.wildcard(); ok {
		return passed(said(answers), "%s exists through %s alone", name, w.Display())
	}
	return passed(said(answers), "%s exists", name)
}

// wildcard is the live wildcard that answers for the name, where it has no
// RRset of its own.
func (s *Subject) wildcard() (zone.Name, bool) {
	if _, alias := s.Zone.alias(s.Name); alias || s.Zone.Live == nil {
		return "", false
	}
	for _, t := range families() {
		if _, own := s.Live(t); own {
			return "", false
		}
	}
	for at := s.Name.Parent(); at.IsSubdomainOf(s.Zone.Zone) && at != zone.Root; at = at.Parent() {
		for _, t := range families() {
			if _, ok := s.Zone.Live.Find(zone.Key{Name: "*." + at, Type: t}); ok {
				return "*." + at, true
			}
		}
	}
	return "", false
}
