package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/mpic"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// checkExpected is D-EXPECT.
func checkExpected(ctx context.Context, e *examination) []Finding {
	s := e.subject
	if s.Proxied() {
		return judgeHeld(s, false)
	}
	answers := e.authoritative(ctx)
	if f, none := s.nobody(answers); none {
		if held := judgeHeld(s, true); held[0].Outcome == Fail {
			return held
		}
		return []Finding{f}
	}
	return judgeExpected(s, answers)
}

// judgeExpected compares what the servers answer with what is wanted, and with
// nothing beside it. An AAAA that is not wanted is D-AAAA's. What a run that has
// not ended will change yet stops nothing.
func judgeExpected(s *Subject, answers []resolver.Answer) (out []Finding) {
	for _, t := range families() {
		want, wanted := s.Wanted(t)
		if !wanted && t == zone.AAAA {
			continue
		}
		var wrong []resolver.Answer
		for _, a := range definite(of(t, answers)) {
			if !slices.Equal(a.Addrs, want.Addrs) || wanted && len(a.CNAME) > 0 {
				wrong = append(wrong, a)
			}
		}
		if len(wrong) > 0 {
			at := whose(wrong)
			if len(wrong) == len(definite(of(t, answers))) {
				at = "all its name servers"
			}
			out = append(out, s.unexpected(t, holding(wrong[0])+" at "+at).asking(said(answers)))
		}
	}
	if len(out) == 0 {
		out = append(out, passed(said(answers), "%s is %s, as the inventory says", s.Name.Display(), s.wantedWords()))
	}
	return out
}

// judgeHeld compares what the provider holds with what is wanted. Behind a proxy
// that decides; where only nobody is asked, it can but show that it is wrong.
func judgeHeld(s *Subject, alone bool) (out []Finding) {
	asked := []Asked{{"provider " + s.Zone.Provider, s.heldWords()}}
	if s.Zone.Live == nil {
		return []Finding{unclear(nil, "what the provider holds of %s is not known: %v", s.Name.Display(), s.Zone.LiveErr)}
	}
	for _, r := range s.Records {
		if live, _ := s.Live(r.Type); !slices.Equal(live.Addrs, r.Addrs) {
			held := "missing"
			if len(live.Addrs) > 0 {
				held = listed(live.Addrs)
			}
			out = append(out, s.unexpected(r.Type, held+" at provider "+s.Zone.Provider).asking(asked))
		}
	}
	if len(out) == 0 {
		behind := ""
		if !alone {
			behind = " behind the proxy"
		}
		out = append(out, passed(asked, "%s is %s%s, as the inventory says", s.Name.Display(), s.wantedWords(), behind))
	}
	return out
}

// asking returns f with who was asked.
func (f Finding) asking(a []Asked) Finding {
	f.Asked = a
	return f
}

// unexpected is a family that is not as wanted.
func (s *Subject) unexpected(t zone.Type, is string) Finding {
	want, wanted := s.Wanted(t)
	says := "no " + t.String()
	if wanted {
		says = listed(want.Addrs) + want.home()
	}
	if p, ok := s.pending(t); ok && p.Run != "" {
		return failed(nil, "%s of %s is %s; the inventory says %s, and run %s is not through with it", t, s.Name.Display(), is, says, p.Run).at(Warning).
			with(Remedy{Do: "See how the run stands:", Paste: "dnsplan show " + p.Run})
	}
	f := failed(nil, "%s of %s is %s; the inventory says %s", t, s.Name.Display(), is, says)
	if wanted {
		f = f.with(Remedy{Do: "These records are to be in " + s.inZone() + ", and no other " + t.String() + " at the name:", Paste: s.wantedLines(t)}, s.apply())
	}
	return f.with(Remedy{Do: "If the DNS is right, correct the inventory."})
}

// pending is what runs have left of a family.
func (s *Subject) pending(t zone.Type) (Pending, bool) {
	i := slices.IndexFunc(s.Pending, func(p Pending) bool { return p.Type == t })
	if i < 0 {
		return Pending{}, false
	}
	return s.Pending[i], true
}

func (s *Subject) wantedWords() string {
	var words []string
	for _, r := range s.Records {
		words = append(words, listed(r.Addrs)+r.home())
	}
	return joinedWords(words)
}

func (s *Subject) heldWords() string {
	var words []string
	for _, t := range families() {
		if r, ok := s.Live(t); ok {
			words = append(words, r.String())
		}
	}
	if len(words) == 0 {
		return "no address"
	}
	return joinedWords(words)
}

// checkSingle is D-SINGLE: of what the authority finds, or, behind a proxy, of the
// servers behind it.
func checkSingle(ctx context.Context, e *examination) []Finding {
	s := e.subject
	quorum := mpic.Rule(e.opts.Now(), e.opts.Issuer.Name)
	if s.Proxied() {
		return judgeSingle(s, s.liveAddrs(), []Asked{{"provider " + s.Zone.Provider, s.heldWords()}}, quorum)
	}
	found, asked, err := e.looked(ctx)
	if err != nil {
		return []Finding{*err}
	}
	return judgeSingle(s, found, asked, quorum)
}

// looked is what an authority finds of both families, or the finding that it
// cannot be told. A family that cannot be looked up is none where the other is
// there: an authority goes on with that.
func (e *examination) looked(ctx context.Context) ([]netip.Addr, []Asked, *Finding) {
	s := e.subject
	if len(s.Zone.addresses()) == 0 && len(s.Zone.Resolvers) == 0 {
		f, _ := s.nobody(nil)
		return nil, nil, &f
	}
	found := e.found(ctx)
	asked := foundSaid(found)
	var addrs []netip.Addr
	for _, t := range families() {
		addrs = append(addrs, found[t].Addrs...)
	}
	if err := found[zone.A].Err; err != nil && len(addrs) == 0 {
		f := unclear(asked, "what %s has cannot be told: %v", s.Name.Display(), err)
		return nil, asked, &f
	}
	return addrs, asked, nil
}

// foundSaid are the look-ups, for Finding.Asked.
func foundSaid(found map[zone.Type]http01.Addrs) (out []Asked) {
	for _, t := range families() {
		a := found[t]
		words := "no " + t.String() + " record"
		switch {
		case a.Err != nil:
			words = a.Err.Error()
		case len(a.Addrs) > 0:
			words = listed(a.Addrs)
		case a.NXDomain:
			words = "the name does not exist"
		}
		by := a.By
		if by == "" {
			by = "nobody"
		}
		out = append(out, Asked{by, t.String() + ": " + words})
	}
	return out
}

// liveAddrs are what the provider holds at the name.
func (s *Subject) liveAddrs() (out []netip.Addr) {
	for _, t := range families() {
		r, _ := s.Live(t)
		out = append(out, r.Addrs...)
	}
	return out
}

// judgeSingle counts the addresses of each family. Of several only one is asked,
// whichever comes first, so the chance is that of one that has the challenge.
func judgeSingle(s *Subject, found []netip.Addr, asked []Asked, q mpic.Quorum) (out []Finding) {
	if len(found) == 0 {
		return []Finding{unclear(asked, "%s has no address to count", s.Name.Display())}
	}
	for _, t := range families() {
		all := slices.DeleteFunc(slices.Clone(found), func(a netip.Addr) bool { return zone.TypeOf(a) != t })
		if len(all) < 2 {
			continue
		}
		want, _ := s.Wanted(t)
		stray := slices.DeleteFunc(slices.Clone(all), func(a netip.Addr) bool { return slices.Contains(want.Addrs, a) })
		f := failed(asked, "%s has %d %s addresses, %s, and an authority tries only one of them: if one serves the challenge, %s",
			s.Name.Display(), len(all), t, listed(all), mpic.Words(q.Chance(1/float64(len(all)))))
		out = append(out, f.with(s.reduce(t, all, stray)...).at(severityOf(want, stray)))
	}
	if len(out) == 0 {
		out = append(out, passed(asked, "%s has one address of a family", s.Name.Display()))
	}
	return out
}

// severityOf is how grave several addresses are: what the inventory wants so is a
// warning.
func severityOf(want Record, stray []netip.Addr) Severity {
	if want.RoundRobin && len(stray) == 0 {
		return Warning
	}
	return Error
}

// reduce leaves one address, or makes all of them serve the challenge.
func (s *Subject) reduce(t zone.Type, all, stray []netip.Addr) []Remedy {
	live, _ := s.Live(t)
	var r []Remedy
	if len(stray) > 0 && len(stray) < len(all) {
		r = append(r, Remedy{Do: "Delete from " + s.inZone() + ":", Paste: s.lines(max(live.TTL, 1), stray)}, s.apply())
	} else {
		r = append(r, Remedy{Do: "Keep one of them in the inventory and in " + s.inZone() + ":", Paste: s.lines(max(live.TTL, 1), all)})
	}
	return append(r, Remedy{Do: "Or make each of them serve the challenge, and look:", Paste: "dnsplan check " + s.Name.Display() + " --only H-TOKEN,H-LB"})
}

// checkIPv6 is D-AAAA, the DNS's side of it; whether the address serves the
// challenge is H-TOKEN's.
func checkIPv6(ctx context.Context, e *examination) []Finding {
	s := e.subject
	if s.Proxied() {
		live, _ := s.Live(zone.AAAA)
		return []Finding{judgeIPv6(s, live.Addrs, []Asked{{"provider " + s.Zone.Provider, s.heldWords()}})}
	}
	if f, none := e.nowhere(); none {
		return []Finding{f}
	}
	found := e.found(ctx)
	if err := found[zone.AAAA].Err; err != nil {
		return []Finding{unclear(foundSaid(found), "whether %s has an IPv6 address cannot be told: %v", s.Name.Display(), err)}
	}
	return []Finding{judgeIPv6(s, found[zone.AAAA].Addrs, foundSaid(found))}
}

// nowhere is the finding where neither name servers nor resolvers can be asked.
func (e *examination) nowhere() (Finding, bool) {
	if len(e.subject.Zone.Resolvers) > 0 {
		return Finding{}, false
	}
	if len(e.subject.Zone.addresses()) > 0 {
		return Finding{}, false
	}
	return e.subject.nobody(nil)
}

// judgeIPv6 compares the IPv6 addresses with the wanted ones, and their servers
// with those of IPv4.
func judgeIPv6(s *Subject, found []netip.Addr, asked []Asked) Finding {
	want, wanted := s.Wanted(zone.AAAA)
	stray := slices.DeleteFunc(slices.Clone(found), func(a netip.Addr) bool { return slices.Contains(want.Addrs, a) })
	name := s.Name.Display()
	const takes = "an authority asks %s first, and turns to IPv4 only if it cannot connect there"
	switch v4, _ := s.Wanted(zone.A); {
	case len(stray) > 0 && !wanted:
		live, _ := s.Live(zone.AAAA)
		return failed(asked, "%s has an IPv6 address that the inventory does not: "+takes, name, listed(stray)).with(
			Remedy{Do: "Delete from " + s.inZone() + ":", Paste: s.lines(max(live.TTL, 1), stray)},
			Remedy{Do: "Or, if it is the same server, write it down under " + name + " in the inventory:", Paste: fmt.Sprintf("aaaa = [%q]", stray[0])})
	case len(stray) > 0:
		return failed(asked, "%s has the IPv6 address %s; the inventory says %s%s: "+takes, name, listed(stray), listed(want.Addrs), want.home(), listed(stray)).with(
			Remedy{Do: "These records are to be in " + s.inZone() + ", and no other AAAA at the name:", Paste: s.wantedLines(zone.AAAA)}, s.apply())
	case len(found) == 0:
		return passed(asked, "%s has no IPv6 address", name)
	case len(want.Hosts) > 0 && len(v4.Hosts) > 0 && apart(want.Hosts, v4.Hosts):
		return failed(asked, "IPv6 of %s leads to %s%s and IPv4 to %s%s: "+takes, name, listed(found), want.home(), listed(v4.Addrs), v4.home(), listed(found)).at(Warning).
			with(Remedy{Do: "Make both lead to the same server, or see that each serves the challenge:", Paste: "dnsplan check " + name + " --only H-TOKEN"})
	}
	return passed(asked, "%s has the IPv6 address of the inventory, %s; whether it serves the challenge is H-TOKEN's to say", name, listed(found))
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

// checkReserved is D-RESERVED: of what is found, and of what is wanted where no
// proxy stands before it.
func checkReserved(ctx context.Context, e *examination) []Finding {
	s := e.subject
	found, asked, err := e.looked(ctx)
	all := slices.Clone(found)
	if !s.Proxied() {
		all = append(all, s.Addrs()...)
	}
	slices.SortFunc(all, netip.Addr.Compare)
	f := judgeReserved(s, slices.Compact(all), asked, e.opts.AllowReserved)
	if f.Outcome == Pass && err != nil {
		return []Finding{err.asking(asked)}
	}
	return []Finding{f}
}

// judgeReserved looks for addresses that no authority connects to. Without another
// one there is nothing to connect to.
func judgeReserved(s *Subject, all []netip.Addr, asked []Asked, allowed bool) Finding {
	var bad []netip.Addr
	var words []string
	for _, a := range all {
		if block, special := zone.SpecialOf(a); special {
			bad, words = append(bad, a), append(words, fmt.Sprintf("%s is in %s", a, block))
		}
	}
	switch {
	case len(all) == 0:
		return unclear(asked, "%s has no address to judge", s.Name.Display())
	case len(bad) == 0:
		return passed(asked, "%s is public", listed(all))
	case allowed:
		return passed(asked, "%s is reserved, and the inventory allows it (allow_reserved)", listed(bad))
	}
	f := failed(asked, "%s: a public authority does not connect there", joinedWords(words)).with(s.public(bad)...)
	if len(bad) < len(all) {
		return f.at(Error)
	}
	return f
}

// public leads away from addresses that are not.
func (s *Subject) public(bad []netip.Addr) []Remedy {
	return []Remedy{
		{Do: "Put the server's public address in place of it, in the inventory and in " + s.inZone() + ":", Paste: s.lines(s.ttl(), bad)},
		{Do: "Or validate " + s.Name.Display() + " by DNS-01, in the inventory:", Paste: `acme = "dns-01"`},
		{Do: "For an authority of your own, in the inventory:", Paste: "[check]\nallow_reserved = true"},
	}
}

// ttl is the wanted TTL.
func (s *Subject) ttl() zone.TTL {
	for _, r := range s.Records {
		return max(r.TTL, 1)
	}
	return zone.AutoTTL
}
