package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

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
	switch {
	case f.Outcome == Pass && err != nil:
		f = err.asking(asked)
	case f.Outcome == Fail && e.unseen(ctx):
		f = f.because("D-SPLIT")
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
		return unclear(asked, "%s has no address to judge", s.Name.Display()).because(s.existence())
	case len(bad) == 0:
		return passed(asked, "%s is public", listed(all))
	case allowed:
		return passed(asked, "%s is reserved, and the inventory allows it (allow_reserved)", listed(bad))
	}
	f := failed(asked, "%s: a public authority does not connect there", joinedWords(words)).with(s.makePublic(bad)...)
	if len(bad) < len(all) {
		return f.at(Error)
	}
	return f
}

// makePublic leads away from addresses that are not.
func (s *Subject) makePublic(bad []netip.Addr) []Remedy {
	var lines []string
	for _, a := range bad {
		if l := fmt.Sprintf("%s %s IN %s ADDRESS", s.Name.Relative(s.Zone.Zone), s.wantedTTL(), zone.TypeOf(a)); !slices.Contains(lines, l) {
			lines = append(lines, l)
		}
	}
	return []Remedy{
		{Do: "Put the server's public address in place of " + listed(bad) + ", in the inventory and in " + s.inZone() + ":", Paste: strings.Join(lines, "\n")},
		{Do: "Or validate " + s.Name.Display() + " by DNS-01, in the inventory:", Paste: `acme = "dns-01"`},
		{Do: "For an authority of your own, in the inventory:", Paste: "[check]\nallow_reserved = true"},
	}
}
