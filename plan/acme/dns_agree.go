package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// checkAgree is D-AUTH.
func checkAgree(ctx context.Context, e *examination) []Finding {
	answers := e.authoritative(ctx)
	if f, none := e.subject.nobody(answers); none {
		return []Finding{f}
	}
	return judgeAgree(e.subject, answers, e.bothWays(ctx), e.serials(ctx), e.odds(ctx))
}

// judgeAgree compares what the servers say of both families:
//
//	all the same                                  pass
//	other addresses, or an alias                  fail
//	other TTLs alone                              fail, Warning
//	either over TCP, asked twice                  the same; see judgeTCP
//	a server answers at none of its addresses     fail; unknown where none of them
//	                                              can be routed from here
//	not all servers are known                     unknown
//
// Odds says what comes of it that some servers give other addresses; see there.
func judgeAgree(s *Subject, answers []resolver.Answer, both []ways, soa []resolver.SOAAnswer, odds func([]netip.Addr, float64) string) (out []Finding) {
	asked := slices.Concat(said(answers), saidOver(both), serialsSaid(soa))
	for _, t := range families() {
		if f, differ := s.differing(t, definite(of(t, answers)), soa, odds); differ {
			f.Asked = asked
			out = append(out, f)
		}
	}
	out = append(out, judgeTCP(s, both, asked)...)
	out = append(out, s.silent(answers, asked)...)
	if s.Zone.ServersErr != nil {
		out = append(out, unclear(asked, "not every name server of %s is known: %v", s.Zone.Zone.Display(), s.Zone.ServersErr))
	}
	if len(out) > 0 {
		return out
	}
	note := ""
	if away := unrouted(answers); len(away) > 0 {
		note = ", as far as they can be reached: there is no way from here to " + whose(away)
	}
	return []Finding{passed(asked, "the same answer comes from %s%s", s.allServers(), note)}
}

// differing finds the answers that are not the right one: the wanted one where a
// server gives it, or else that of the newest serial.
func (s *Subject) differing(t zone.Type, answers []resolver.Answer, soa []resolver.SOAAnswer, odds func([]netip.Addr, float64) string) (Finding, bool) {
	if len(answers) == 0 {
		return Finding{}, false
	}
	right := s.rightOf(t, answers, soa)
	var other, late []resolver.Answer
	for _, a := range answers {
		switch {
		case s.other(a, right):
			other = append(other, a)
		case a.TTL != right.TTL && !s.Proxied():
			late = append(late, a)
		}
	}
	if len(other) > 0 {
		a := other[0]
		share := 1 - float64(len(other))/float64(len(answers))
		return failed(nil, "%s answers %s%s, and %s %s%s: a perspective of the authority that asks the former finds something else%s",
			whose(other), holding(a), serialOf(a.Server, soa), right.Server, holding(right), serialOf(right.Server, soa), odds(a.Addrs, share)).with(s.transfer(other)...), true
	}
	if len(late) > 0 {
		return failed(nil, "%s gives %s at %s and %s at %s for %s", s.Name.Display(), "TTL "+late[0].TTL.String(), whose(late), "TTL "+right.TTL.String(), right.Server, t).
			at(Warning).with(s.transfer(late)...), true
	}
	return Finding{}, false
}

// odds says what comes of it that some name servers give other addresses. Each
// perspective of the authority asks one of the servers, and share is how much of them
// gives the right answer. Whether the others serve challenges is known where H-TOKEN
// is made.
func (e *examination) odds(ctx context.Context) func(others []netip.Addr, share float64) string {
	tokens := e.weighed(ctx)
	return func(others []netip.Addr, share float64) string {
		good, bad := 0, 0
		for _, f := range tokens {
			switch {
			case !slices.Contains(others, f.addr) || e.doubt(f) != "":
			case f.Verdict == http01.Valid:
				good++
			default:
				bad++
			}
		}
		switch {
		case len(others) > 0 && good == len(others):
			return ", which answers challenges too"
		case good == 0 && bad > 0:
			return ", which answers no challenge: " + e.chance(share)
		}
		return "; if that serves no challenge, " + e.chance(share)
	}
}

// other tells whether two answers differ in more than the TTL. A proxy's addresses
// may be others each time.
func (s *Subject) other(a, b resolver.Answer) bool {
	return !slices.Equal(a.CNAME, b.CNAME) || !s.Proxied() && !slices.Equal(a.Addrs, b.Addrs) || (len(a.Addrs) == 0) != (len(b.Addrs) == 0)
}

// rightOf chooses the answer that the others are measured by.
func (s *Subject) rightOf(t zone.Type, answers []resolver.Answer, soa []resolver.SOAAnswer) resolver.Answer {
	if w, ok := s.Wanted(t); ok {
		if i := slices.IndexFunc(answers, func(a resolver.Answer) bool {
			return slices.Equal(a.Addrs, w.Addrs) && len(a.CNAME) == 0
		}); i >= 0 {
			return answers[i]
		}
	}
	return slices.MaxFunc(answers, func(a, b resolver.Answer) int {
		return int(int32(serial(a.Server, soa) - serial(b.Server, soa))) // RFC 1982
	})
}

func serial(at resolver.Server, soa []resolver.SOAAnswer) uint32 {
	for _, a := range soa {
		if a.Server == at {
			return a.SOA.Serial
		}
	}
	return 0
}

// serialOf reads ", serial 2026112201"; empty where it is not known.
func serialOf(at resolver.Server, soa []resolver.SOAAnswer) string {
	if n := serial(at, soa); n != 0 {
		return fmt.Sprintf(" (serial %d)", n)
	}
	return ""
}

func serialsSaid(soa []resolver.SOAAnswer) []Asked {
	out := make([]Asked, len(soa))
	for i, a := range soa {
		out[i] = Asked{a.Server.String(), "SOA: " + silence(a.Status, a.EDE)}
		if a.Status == resolver.Answered {
			out[i].Said = fmt.Sprintf("SOA: serial %d", a.SOA.Serial)
		}
	}
	return out
}

// transfer brings a server's copy of the zone up to date.
func (s *Subject) transfer(late []resolver.Answer) []Remedy {
	z := s.Zone.Zone.Display()
	return []Remedy{
		{Do: "Wait for the zone transfer, or on " + whose(late) + " fetch the zone again (BIND, Knot):", Paste: "rndc retransfer " + z + "\nknotc zone-retransfer " + z},
		s.again("D-AUTH"),
	}
}

// silent are the servers that answer at none of their addresses.
func (s *Subject) silent(answers []resolver.Answer, asked []Asked) (out []Finding) {
	for _, ns := range s.Zone.Servers {
		var mine []resolver.Answer
		for _, a := range answers {
			if slices.Contains(ns.Servers, a.Server) {
				mine = append(mine, a)
			}
		}
		switch away := unrouted(mine); {
		case len(mine) == 0:
			out = append(out, failed(asked, "the name server %s has no address", ns.Name).with(
				Remedy{Do: "Give " + ns.Name + " an address, or take its NS record out of " + s.inZone() + "."}))
		case len(definite(mine)) > 0:
		case len(away) == len(mine):
			out = append(out, unclear(asked, "there is no way from here to %s", whose(mine)))
		default:
			out = append(out, failed(asked, "%s does not answer for %s: %s; a resolver that asks it first may give up",
				ns.Name, s.Name.Display(), failures(mine)).with(
				Remedy{Do: s.mendServer(ns.Name, mine) + ", or take its NS record out of " + s.inZone() + " and of the parent zone."}, s.again("D-AUTH")))
		}
	}
	return out
}

// mendServer is what to do with a name server that gives none of these as an answer:
// one that knows nothing of the zone is well otherwise, as far as there is a way to it.
func (s *Subject) mendServer(name string, answers []resolver.Answer) string {
	for _, a := range answers {
		switch a.Status {
		case resolver.Refused, resolver.Lame, resolver.NoRoute:
		default:
			return "Repair " + name
		}
	}
	return "Load " + s.inZone() + " on " + name
}

// allServers reads "all 3 name servers", "both name servers" or "the one name
// server".
func (s *Subject) allServers() string {
	switch n := len(s.Zone.Servers); n {
	case 1:
		return "the one name server"
	case 2:
		return "both name servers"
	default:
		return fmt.Sprintf("all %d name servers", n)
	}
}
