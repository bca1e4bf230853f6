package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// checkIPv6 is D-AAAA, the DNS's side of it; whether the address serves the
// challenge is H-TOKEN's, and counts where that is made.
func checkIPv6(ctx context.Context, e *examination) []Finding {
	s := e.subject
	if s.Proxied() {
		if f, none := s.unread(); none {
			return []Finding{f}
		}
		live, _ := s.Live(zone.AAAA)
		return []Finding{judgeIPv6(s, live.Addrs, s.heldSaid())}
	}
	if f, none := e.nowhere(); none {
		return []Finding{f}
	}
	found := e.found(ctx)
	if err := found[zone.AAAA].Err; err != nil {
		return []Finding{unclear(foundSaid(found), "whether %s has an IPv6 address cannot be told: %v", s.Name.Display(), err).because("D-AUTH")}
	}
	f := judgeIPv6(s, found[zone.AAAA].Addrs, foundSaid(found))
	if f.Outcome == Pass && len(found[zone.AAAA].Addrs) > 0 {
		f = e.challengedIPv6(f, found[zone.AAAA].Addrs, e.weighed(ctx))
	}
	return []Finding{f}
}

// challengedIPv6 returns f, or the failure of the first IPv6 address that has not
// answered with the token.
func (e *examination) challengedIPv6(f Finding, found []netip.Addr, tokens []fetched) Finding {
	s, serving := e.subject, 0
	for _, t := range tokens {
		switch {
		case !slices.Contains(found, t.addr):
		case t.Verdict == http01.Valid:
			serving++
		case e.doubt(t) == "":
			x := failed(f.Asked, "%s has the IPv6 address of the inventory, %s, which an authority asks first, and it does not answer with the token: %s", s.Name.Display(), t.addr, reason(t.Err))
			return e.graded(x, t, tokens).because("H-TOKEN").with(
				Remedy{Do: "Have the server there answer challenges, or delete from the inventory and from " + s.inZone() + ":", Paste: s.lines(s.heldTTL(zone.AAAA), []netip.Addr{t.addr})})
		}
	}
	if serving == len(found) {
		f.Summary += ", and it serves the challenge"
	} else {
		f.Summary += "; whether it serves the challenge is H-TOKEN's to say"
	}
	return f
}

// judgeIPv6 compares the IPv6 addresses with the wanted ones, and their servers
// with those of IPv4.
func judgeIPv6(s *Subject, found []netip.Addr, asked []Asked) Finding {
	want, wanted := s.Wanted(zone.AAAA)
	stray := lacking(want.Addrs, found)
	name := s.Name.Display()
	const takes = "an authority asks %s first, and turns to IPv4 only if it cannot connect there"
	switch v4, _ := s.Wanted(zone.A); {
	case len(stray) > 0 && !wanted:
		return failed(asked, "%s has an IPv6 address that the inventory does not: "+takes, name, listed(stray)).with(
			Remedy{Do: "Delete from " + s.inZone() + ":", Paste: s.lines(s.heldTTL(zone.AAAA), stray)},
			Remedy{Do: "Or, if it is the same server, write it down under " + name + " in the inventory:", Paste: fmt.Sprintf("aaaa = [%q]", stray[0])})
	case len(stray) > 0:
		return failed(asked, "%s has the IPv6 address %s; the inventory says %s%s: "+takes, name, listed(stray), listed(want.Addrs), want.home(), listed(stray)).with(
			Remedy{Do: "These records are to be in " + s.inZone() + ", and no other AAAA at the name:", Paste: s.wantedLines(zone.AAAA)}, s.apply())
	case len(found) == 0:
		return passed(asked, "%s has no IPv6 address", name)
	case len(want.Hosts) > 0 && len(v4.Hosts) > 0 && apart(want.Hosts, v4.Hosts):
		return failed(asked, "IPv6 of %s leads to %s%s and IPv4 to %s%s: "+takes, name, listed(found), want.home(), listed(v4.Addrs), v4.home(), listed(found)).at(Warning).
			with(Remedy{Do: "Make both lead to the same server, or see that each serves the challenge:", Paste: s.recheck("H-TOKEN")})
	}
	return passed(asked, "%s has the IPv6 address of the inventory, %s", name, listed(found))
}

// apart tells whether a host of one list is not in the other.
func apart(a, b []Host) bool {
	lacks := func(x, y []Host) bool {
		return slices.ContainsFunc(x, func(h Host) bool {
			return !slices.ContainsFunc(y, func(o Host) bool { return o.Name == h.Name })
		})
	}
	return lacks(a, b) || lacks(b, a)
}
