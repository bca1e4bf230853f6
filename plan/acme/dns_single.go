package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// checkSingle is D-SINGLE: of what the authority finds, or, behind a proxy, of the
// servers behind it.
func checkSingle(ctx context.Context, e *examination) []Finding {
	s := e.subject
	if s.Proxied() {
		if f, none := s.unread(); none {
			return []Finding{f}
		}
		return e.judgeSingle(s.liveAddrs(), s.heldSaid(), nil)
	}
	found, asked, err := e.looked(ctx)
	if err != nil {
		return []Finding{*err}
	}
	if len(found) < 2 {
		return e.judgeSingle(found, asked, nil)
	}
	return e.judgeSingle(found, asked, e.weighed(ctx))
}

// judgeSingle counts the addresses of each family. Of several only one is asked,
// whichever comes first, so the chance is that of one that has the challenge, or,
// where tokens tell it, of as many as have.
func (e *examination) judgeSingle(found []netip.Addr, asked []Asked, tokens []fetched) (out []Finding) {
	s := e.subject
	if len(found) == 0 {
		return []Finding{unclear(asked, "%s has no address to count", s.Name.Display()).because(s.existence())}
	}
	for _, t := range families() {
		all := filter(found, func(a netip.Addr) bool { return zone.TypeOf(a) == t })
		if len(all) < 2 {
			continue
		}
		want, _ := s.Wanted(t)
		stray := lacking(want.Addrs, all)
		good, known := e.serving(all, tokens)
		if !known {
			good = 1
		}
		words := "if one serves the challenge"
		if known {
			words = fmt.Sprintf("%d of %d serve the challenge", good, len(all))
		}
		who := "an authority"
		if t == zone.A && len(all) < len(found) {
			who = "an authority that does not get through by IPv6"
		}
		f := failed(asked, "%s has %d %s addresses, %s, and %s tries only one of them: %s, %s",
			s.Name.Display(), len(all), t, listed(all), who, words, e.chance(float64(good)/float64(len(all))))
		out = append(out, f.with(s.reduce(t, all, stray)...).at(severityOf(want, stray, known && good == len(all))))
	}
	if len(out) == 0 {
		out = append(out, passed(asked, "%s has one address of each family", s.Name.Display()))
	}
	return out
}

// serving counts the addresses that have answered with the token; known is false
// where one was not asked, or cannot be judged from here.
func (e *examination) serving(all []netip.Addr, tokens []fetched) (good int, known bool) {
	for _, a := range all {
		i := slices.IndexFunc(tokens, func(f fetched) bool { return f.addr == a.Unmap() })
		if i < 0 || e.doubt(tokens[i]) != "" {
			return 0, false
		}
		if tokens[i].Verdict == http01.Valid {
			good++
		}
	}
	return good, true
}

// severityOf is how grave several addresses are: what the inventory wants so, or
// answers all of the time, is a warning.
func severityOf(want Record, stray []netip.Addr, allServe bool) Severity {
	if len(stray) == 0 && (want.RoundRobin || allServe) {
		return Warning
	}
	return Error
}

// reduce leaves one address, or makes all of them serve the challenge.
func (s *Subject) reduce(t zone.Type, all, stray []netip.Addr) []Remedy {
	var r []Remedy
	if len(stray) > 0 && len(stray) < len(all) {
		r = append(r, Remedy{Do: "Delete from " + s.inZone() + ":", Paste: s.lines(s.heldTTL(t), stray)}, s.apply())
	} else {
		r = append(r, Remedy{Do: "Keep one of them in the inventory and in " + s.inZone() + ":", Paste: s.lines(s.heldTTL(t), all)})
	}
	return append(r, Remedy{Do: "Or make each of them serve the challenge, and look:", Paste: s.recheck("H-TOKEN", "H-LB")})
}
