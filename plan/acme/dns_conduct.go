package acme

import (
	"context"
	"slices"

	"github.com/dnsplan/dnsplan/plan/resolver"
)

// checkConduct is D-NSOK.
func checkConduct(ctx context.Context, e *examination) []Finding {
	if len(e.subject.Zone.addresses()) == 0 {
		f, _ := e.subject.nobody(nil)
		return []Finding{f}
	}
	return judgeConduct(e.subject, e.conducts(ctx))
}

// trial is one way in which a server may fail strict resolvers, and what to do.
type trial struct {
	name string
	of   func(resolver.Conduct) resolver.Trial
	// so says what comes of it, do what to do on the server; paste may be empty.
	so, do, paste string
}

func trials() []trial {
	return []trial{
		{
			"authority", func(c resolver.Conduct) resolver.Trial { return c.Alive },
			"it is of no use as a name server of the zone", "load the zone there, or take its NS record out of the zone and of the parent.", "",
		},
		{
			"EDNS", func(c resolver.Conduct) resolver.Trial { return c.EDNS },
			"resolvers that ask with EDNS fail or are slow", "have the server, and the firewall before it, take EDNS (RFC 6891): bring its software up to date.", "",
		},
		{
			"case", func(c resolver.Conduct) resolver.Trial { return c.Case },
			"authorities mix upper and lower case into questions and take such a reply for forged", "have the server repeat questions as they are (0x20): bring its software, or the load balancer before it, up to date.", "",
		},
		{
			"TCP", func(c resolver.Conduct) resolver.Trial { return c.TCP },
			"long answers cannot be fetched", "let TCP port 53 through to it (ufw, nftables):", "ufw allow 53/tcp\nnft insert rule inet filter input tcp dport 53 accept",
		},
		{
			"CAA", func(c resolver.Conduct) resolver.Trial { return c.CAA },
			"an authority that cannot ask for CAA records must not issue", "have the server answer NOERROR for types that a name does not have: bring its software up to date, or host the zone elsewhere.", "",
		},
		{
			"unknown types", func(c resolver.Conduct) resolver.Trial { return c.UnknownType },
			"resolvers that ask for new types take the name for broken", "have the server answer NOERROR for types that it does not know (RFC 3597).", "",
		},
	}
}

// judgeConduct lists what each server does wrong. Of one that has no authority, or
// does not answer, nothing else is said; where none answers, it may be this
// machine.
func judgeConduct(s *Subject, all []resolver.Conduct) (out []Finding) {
	asked := make([]Asked, len(all))
	dead, away := 0, 0
	for i, c := range all {
		asked[i] = Asked{c.Server.String(), conductSaid(c)}
		if !c.Alive.Status.Definite() && (c.Alive.Status.Unreachable() || c.Alive.Status == resolver.Timeout) {
			dead++
		}
		if c.Alive.Status == resolver.NoRoute {
			away++
		}
	}
	if dead == len(all) {
		return []Finding{unclear(asked, "no name server of %s can be reached from here", s.Zone.Zone.Display()).because("D-AUTH")}
	}
	for _, c := range all {
		if c.Alive.Status == resolver.NoRoute {
			continue
		}
		for _, f := range s.misconduct(c, asked) {
			if s.answersBeside(c.Server, all) {
				f.Because = ""
			}
			out = append(out, f)
		}
	}
	switch {
	case len(out) > 0:
		return out
	case s.Zone.ServersErr != nil:
		return []Finding{unclear(asked, "not every name server of %s is known: %v", s.Zone.Zone.Display(), s.Zone.ServersErr)}
	case away > 0:
		return []Finding{passed(asked, "strict resolvers can ask %d of the %d addresses of the name servers; there is no way from here to the others", len(all)-away, len(all))}
	}
	return []Finding{passed(asked, "strict resolvers can ask %s of %s", s.allServers(), s.Zone.Zone.Display())}
}

// answersBeside tells whether the name server answers at another of its addresses, so
// that D-AUTH has nothing to say of this one.
func (s *Subject) answersBeside(at resolver.Server, all []resolver.Conduct) bool {
	return slices.ContainsFunc(s.Zone.Servers, func(ns resolver.NameServer) bool {
		return slices.Contains(ns.Servers, at) && slices.ContainsFunc(all, func(c resolver.Conduct) bool {
			return c.Server != at && c.Alive.Good && slices.Contains(ns.Servers, c.Server)
		})
	})
}

// misconduct is what one server does wrong. One that does not answer as a server
// of the zone is tried no further, unless that is for EDNS alone.
func (s *Subject) misconduct(c resolver.Conduct, asked []Asked) (out []Finding) {
	again := s.again("D-NSOK")
	if s := c.Alive.Status; (s == resolver.ConnRefused || s == resolver.Timeout) && faultOf(c) == 0 {
		return []Finding{failed(asked, "%s does not answer (%s); it is of no use as a name server of the zone", c.Server, s).because("D-AUTH").with(
			Remedy{Do: "Start the name server there, and let port 53 through to it, by UDP and TCP; or take its NS record out of the zone and of the parent."}, again)}
	}
	for i, t := range trials() {
		if got := t.of(c); !got.Good && (c.Alive.Good || i == faultOf(c)) {
			f := failed(asked, "%v; %s", got.Err, t.so).with(
				Remedy{Do: "On " + c.Server.String() + ": " + t.do, Paste: t.paste}, again)
			if i == 0 { // it does not answer as a server of the zone, for its names either
				f = f.because("D-AUTH")
			}
			out = append(out, f)
		}
	}
	return out
}

// faultOf is the trial that says why a server does not answer: the second where it
// does without EDNS, else the first.
func faultOf(c resolver.Conduct) int {
	if c.EDNS.Err != nil && c.Alive.Err != nil && c.EDNS.Err.Error() != c.Alive.Err.Error() {
		return 1
	}
	return 0
}

func conductSaid(c resolver.Conduct) string {
	var good, bad []string
	for _, t := range trials() {
		if got := t.of(c); got.Good {
			good = append(good, t.name)
		} else {
			bad = append(bad, t.name+": "+got.Status.String())
		}
	}
	words := "well: " + joinedWords(good)
	switch {
	case len(good) == 0:
		words = joinedWords(bad)
	case len(bad) > 0:
		words += "; not: " + joinedWords(bad)
	}
	return words
}
