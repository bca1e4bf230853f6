package acme

import (
	"context"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/plan/resolver"
)

// checkSplit is D-SPLIT: the other views of the inventory, and this machine's own
// resolvers, against what is seen from outside.
func checkSplit(ctx context.Context, e *examination) []Finding {
	s := e.subject
	var public, inside []resolver.Answer
	if len(s.Zone.Resolvers) > 0 {
		public = e.public(ctx)
	}
	if len(s.Zone.Inside) > 0 {
		inside = e.fromInside(ctx)
	}
	out := judgeViews(s, public)
	if len(s.Zone.Inside) > 0 {
		out = append(out, e.splitHere(ctx, public, inside))
	}
	if len(out) == 0 {
		out = append(out, unclear(nil, "the zone has no other view, and this machine's own resolvers are not asked: nobody sees %s from inside", s.Name.Display()))
	}
	return failFirst(out)
}

// judgeViews compares the name's addresses in the views of the inventory. What
// public resolvers answer tells which view the authority sees.
func judgeViews(s *Subject, public []resolver.Answer) (out []Finding) {
	if len(s.Zone.Twins) == 0 {
		return nil
	}
	seen, known := addressesOf(public)
	mine := s.liveAddrs()
	for _, twin := range s.Zone.Twins {
		other := *s
		other.Zone = twin
		theirs := other.liveAddrs()
		asked := append([]Asked{
			{"view " + s.Zone.View + " at provider " + s.Zone.Provider, s.heldWords()},
			{"view " + twin.View + " at provider " + twin.Provider, other.heldWords()},
		}, said(public)...)
		out = append(out, s.viewed(twin, mine, theirs, seen, known).asking(asked))
	}
	return out
}

// viewed judges one pair of views:
//
//	the same addresses                          pass
//	resolvers outside give this view's          fail: inside differs
//	resolvers outside give the other's          fail, Error: this is the wrong view
//	neither, or nobody was asked                unknown which one the authority sees
func (s *Subject) viewed(twin *Zone, mine, theirs, seen []netip.Addr, known bool) Finding {
	name, here, there := s.Name.Display(), "view "+s.Zone.View, "view "+twin.View
	words := func(a []netip.Addr) string {
		if len(a) == 0 {
			return "no address"
		}
		return listed(a)
	}
	switch {
	case twin.Live == nil || s.Zone.Live == nil:
		return unclear(nil, "what %s has in %s is not known", name, there)
	case slices.Equal(mine, theirs):
		return passed(nil, "%s is the same in %s and %s", name, here, there)
	case known && slices.Equal(seen, mine):
		return failed(nil, "%s is %s in %s, which the authority sees, and %s in %s: tests from there do not show what the authority sees",
			name, words(mine), here, words(theirs), there).with(testOutside(s))
	case known && slices.Equal(seen, theirs):
		return failed(nil, "%s is %s in %s, but the authority sees %s, where it is %s: certificates are decided there", name, words(mine), here, there, words(theirs)).
			at(Error).with(Remedy{Do: "Mark the record of " + there + " as the one that is validated, and this one not:", Paste: `acme = "none"`})
	}
	return unclear(nil, "%s is %s in %s and %s in %s, and it cannot be told which of them the authority sees", name, words(mine), here, words(theirs), there).
		with(noResolvers().Remedies...)
}

// unseen tells whether the authority sees another view of the name than this one.
func (e *examination) unseen(ctx context.Context) bool {
	s := e.subject
	if len(s.Zone.Twins) == 0 || len(s.Zone.Resolvers) == 0 {
		return false
	}
	return slices.ContainsFunc(judgeViews(s, e.public(ctx)), func(f Finding) bool { return f.Outcome == Fail && f.Severity == Error })
}

// elsewhere are the addresses at which the authority sees the name where that is
// another view of it than this one; none where it is this one.
func (e *examination) elsewhere(ctx context.Context) []netip.Addr {
	if !e.unseen(ctx) {
		return nil
	}
	seen, _ := addressesOf(e.public(ctx))
	return seen
}

func testOutside(s *Subject) Remedy {
	return Remedy{
		Do:    "Test as from outside, not by this machine's own resolvers:",
		Paste: "curl --connect-to " + inShell(s.Name.Display()+"::"+urlHost(s.Addrs())) + " http://" + s.Name.Display() + "/.well-known/acme-challenge/test",
	}
}

// urlHost is the first address as a URL holds it.
func urlHost(all []netip.Addr) string {
	if len(all) == 0 {
		return ""
	}
	if all[0].Is6() {
		return "[" + all[0].String() + "]"
	}
	return all[0].String()
}

// splitHere compares this machine's resolvers with those of the inventory, or,
// where there are none, with the name servers.
func (e *examination) splitHere(ctx context.Context, public, inside []resolver.Answer) Finding {
	outside, who := public, "the resolvers of the inventory"
	if len(definite(public)) == 0 {
		outside, who = e.authoritative(ctx), "its name servers"
	}
	return judgeSplit(e.subject, inside, outside, who)
}

func judgeSplit(s *Subject, inside, outside []resolver.Answer, who string) Finding {
	asked, name := append(said(inside), said(outside)...), s.Name.Display()
	in, ok := addressesOf(inside)
	out, known := addressesOf(outside)
	at := whose(definite(inside))
	switch {
	case !ok:
		return unclear(asked, "this machine's own resolvers do not say what they see of %s", name)
	case !known:
		return unclear(asked, "this machine sees %s as %s, and nobody says what is seen from outside", name, addressWords(in))
	case sameAddrs(in, out), s.Proxied() && len(in) > 0 && len(out) > 0:
		return passed(asked, "this machine sees %s as %s do", name, who)
	case len(in) > 0 && len(out) > 0 && slices.ContainsFunc(inside, func(a resolver.Answer) bool { return s.outside(a.CNAME) }):
		return passed(asked, "this machine sees %s through an alias out of the zone, which may answer each place otherwise", name)
	}
	return failed(asked, "inside, by %s, %s is %s; outside, by %s, %s: tests on this machine do not show what the authority sees", at, name, addressWords(in), who, addressWords(out)).
		with(testOutside(s))
}

func sameAddrs(a, b []netip.Addr) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.SortFunc(a, netip.Addr.Compare)
	slices.SortFunc(b, netip.Addr.Compare)
	return slices.Equal(a, b)
}
