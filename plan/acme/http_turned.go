package acme

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// bySource is what a server answers by who asks, as a filter has it: some of this
// machine's addresses are turned away, as in refusal, and others get the token.
type bySource struct {
	refusal  fetched
	away, in []netip.Addr
}

// turnedAway tells whether it goes by who asks, and not by turns, that not all of the
// connections to an address have met the token in place.
func (e *examination) turnedAway(ctx context.Context, a netip.Addr) (by bySource, ok bool) {
	by = e.name.turned.get(a, func() bySource {
		f, _ := e.token(ctx, a)
		if b, mixed := e.mixed(ctx, f); mixed {
			return e.sorted(ctx, b)
		}
		return bySource{}
	})
	return by, len(by.away) > 0
}

// sorted is who is turned away by a server that goes by who asks; empty where it does
// not. One address of each kind is asked several times more in a row, for what goes by
// turns comes to another answer then.
func (e *examination) sorted(ctx context.Context, b balance) (by bySource) {
	for _, f := range b.all {
		switch {
		case !f.to.IsValid():
		case f.Verdict == http01.Valid:
			by.in = append(by.in, f.to)
		case turnsAway(f.fetched):
			by.refusal, by.away = f.fetched, append(by.away, f.to)
		default:
			return bySource{}
		}
	}
	both := func(a netip.Addr) bool { return slices.Contains(by.away, a) }
	if len(by.in) == 0 || len(by.away) == 0 || slices.ContainsFunc(by.in, both) {
		return bySource{}
	}
	p, _ := e.planted(ctx)
	v := e.validator(ctx, "")
	r := http01.Request{Host: e.subject.Name.Display(), Token: p.token.Name, Want: p.token.Body, Pin: b.addr}
	for range repeats {
		r.Source = by.away[0]
		if f := (fetched{b.target, v.Validate(ctx, r)}); !turnsAway(f) {
			return bySource{}
		}
	}
	for range repeats {
		r.Source = by.in[0]
		if v.Validate(ctx, r).Err != nil {
			return bySource{}
		}
	}
	return by
}

// turnsAway tells whether an answer turns the client away, and is not that of a server
// that has no token.
func turnsAway(f fetched) bool {
	switch f.Last().Status {
	case 0, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusUnavailableForLegalReasons:
		return f.Err != nil
	}
	return false
}

// judgeSources is the finding about a server that goes by who asks.
func (e *examination) judgeSources(b balance, by bySource) Finding {
	return failed(b.asked(e), "%s turns this machine away where it asks from %s (%s), and answers with the token where it asks from %s, as a filter of addresses does", e.place(b.target), first(by.away), reason(by.refusal.Err), first(by.in)).with(e.remedies(by.refusal)...)
}

// first names the first three of some addresses, and counts the others.
func first(all []netip.Addr) string {
	const named = 3
	all = slices.Compact(slices.SortedFunc(slices.Values(all), netip.Addr.Compare))
	if len(all) <= named {
		return listed(all)
	}
	return fmt.Sprintf("%s, %s, %s and %d more", all[0], all[1], all[2], len(all)-named)
}
