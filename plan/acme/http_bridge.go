package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// checkBridge is B-BRIDGE: while the name moves, authorities still ask the old
// server, which has to pass challenges on. It says nothing of a name that does not
// move, nor of a proxied one, which is asked at the proxy.
func checkBridge(ctx context.Context, e *examination) []Finding {
	if e.subject.Proxied() || len(e.subject.Addrs()) == 0 {
		return nil
	}
	moves := false
	for _, t := range e.targets(ctx) {
		moves = moves || t.old()
	}
	if !moves {
		return nil
	}
	tokens, p, ok := e.tokens(ctx)
	if !ok {
		return []Finding{e.noToken(p)}
	}
	var out []Finding
	for _, f := range tokens {
		if !f.old() {
			continue
		}
		x := e.judgeBridge(ctx, f)
		if x.Outcome == Fail && f.found && !e.hadBefore(f.addr) { // it may just be a wrong one
			x = x.because(expectation(f.addr))
		}
		out = append(out, x)
	}
	return e.gathered(out, "the token is answered by the old address too")
}

// hadBefore tells whether the name is known to have had an address before, by the
// change log, or because a run changes it. What the provider holds, and no run is to
// change, is none: it is wanted otherwise, and that is D-EXPECT's.
func (e *examination) hadBefore(a netip.Addr) bool {
	p, _ := e.subject.pending(zone.TypeOf(a))
	live, _ := e.subject.Live(zone.TypeOf(a))
	switch {
	case p.Run != "":
		return true
	case slices.Contains(live.Addrs, a):
		return false
	case p.Until.After(e.opts.Now()):
		return true
	}
	all, _ := e.history() // other checks tell of an error
	return slices.ContainsFunc(all, func(l logged) bool {
		return slices.Contains(l.OldValues, a.String()) || slices.Contains(l.NewValues, a.String())
	})
}

func (e *examination) judgeBridge(ctx context.Context, f fetched) Finding {
	where := e.at(f.addr)
	switch why := e.doubt(f); {
	case why != "":
		return unclear(hops(f), "the old address %s: %s", where, why).because(e.cause(f))
	case f.Verdict == http01.Valid:
		return passed(hops(f), "%s", where)
	}
	if by, ok := e.reachedFrom(ctx, f); ok {
		return by
	}
	x := failed(hops(f), "the old address %s does not answer with the token: %s; what is issued while it is asked fails", where, reason(f.Err)).with(e.bridge(f)).with(f.server().aside()...)
	if unreached(f) && f.found { // it passes nothing on, whatever is written there
		return x.because(expectation(f.addr))
	}
	return x
}

// bridge has the old server pass challenges to the new one.
func (e *examination) bridge(f fetched) Remedy {
	to := e.at(e.subject.Addrs()[0])
	for _, a := range e.subject.Addrs() {
		if a.Is4() == f.addr.Is4() {
			to = e.at(a)
			break
		}
	}
	w, name := f.server(), e.subject.Name.Display()
	where, lines := w.about(name), w.challenges(source{server: to}, false)
	if w == caddy && len(f.Hops) > 1 { // by itself, perhaps
		where, lines = w.besideRedirect(source{server: to}, name)
	}
	return Remedy{
		Do:    fmt.Sprintf("Until %s, have the old server pass challenges on. For %s at %s, %s:", e.untilForgotten(f.addr), w, e.at(f.addr), where),
		Paste: lines,
	}
}

// untilForgotten is when nobody asks an old address any more, as far as a run tells.
func (e *examination) untilForgotten(a netip.Addr) string {
	for _, p := range e.subject.Pending {
		if p.Type == zone.TypeOf(a) && p.Until.After(e.opts.Now()) {
			return minute(p.Until) + ", when the old answers are forgotten"
		}
	}
	return "the old answers are forgotten"
}
