package execute

import (
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/providers"
)

// leftHalfway tells whether live is what this very step has left of m, or of
// what it takes back, in a provider that writes value by value. It can be so only
// once a write may have been sent.
func (w *work) leftHalfway(p providers.Provider, live zone.RRset, ok bool, m plan.Move) bool {
	if !ok || !w.sent || p.Limits(w.ref.Zone).Atomic {
		return false
	}
	return halfway(live, m) || w.action.Closing && halfway(live, m.Inverse())
}

// halfway tells whether live is what is left of m when it is made value by value
// and stops: a value of From goes only when one of To has come in its place, or
// when all of them are there.
//
//	From    To      live
//	1 2     3 4     2 3      halfway: 3 came for 1
//	1       2 3     1 2      halfway
//	1 2     -       1        halfway
//	1 2     3       1        not: nothing came for 2
func halfway(live zone.RRset, m plan.Move) bool {
	if live.Foreign != "" || live.Proxied || !hasTTLOf(live, m) {
		return false
	}
	from, to := addrsOf(m.From), addrsOf(m.To)
	come, gone := 0, 0
	for _, a := range live.Addrs {
		switch {
		case slices.Contains(from, a):
		case slices.Contains(to, a):
			come++
		default:
			return false
		}
	}
	for _, a := range from {
		if !slices.Contains(live.Addrs, a) {
			gone++
		}
	}
	all := !slices.ContainsFunc(to, func(a netip.Addr) bool { return !slices.Contains(live.Addrs, a) })
	return gone <= come || all
}

func hasTTLOf(live zone.RRset, m plan.Move) bool {
	return m.From != nil && live.SameTTL(*m.From) || m.To != nil && live.SameTTL(*m.To)
}

func addrsOf(r *zone.RRset) []netip.Addr {
	if r == nil {
		return nil
	}
	return r.Addrs
}
