package acme

import (
	"context"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// judgeOpening is what X-ORIGIN finds otherwise where an issuance window is about to
// be opened (Selection.Opening); ok is false where there is no difference.
//
//	the address                     finding
//	is shut to a vantage            failed, whatever it answers here
//	refuses connections here        not known: the command may listen there
//	does not answer here otherwise  not known: a NAT, a filter, no token to ask for
//	answers                         as ever
func (e *examination) judgeOpening(ctx context.Context, f fetched) (early Finding, ok bool) {
	if f.Err != nil && f.Err.Kind != http01.NoRoute && e.doubt(f) != "" {
		return Finding{}, false
	}
	if by, ok := e.reachedFrom(ctx, f); ok {
		return by, true
	}
	at := e.at(f.addr)
	if s, shut := e.shutTo(ctx, f); shut {
		said := append(hops(f), Asked{Who: "vantage " + s.probe, Said: s.words()})
		return failed(said, "%s, behind the proxy of %s, cannot be reached from outside, as %s says: %s; in an issuance window no authority would get through", at, e.subject.Name.Display(), s.probe, s.words()).with(
			e.portRemedies(fetched{f.target, http01.Result{Err: &http01.Error{Kind: s.kind()}}})...), true
	}
	switch {
	case f.Err == nil:
		return Finding{}, false
	case f.Err.Kind == http01.ConnectRefused && len(f.Hops) == 1:
		return unclear(hops(f), "nothing listens at %s yet: right if the command opens the port itself, as certbot --standalone does", at), true
	case e.doubt(f) != "": // no way from here
		return Finding{}, false
	case !answered(f) && (unreached(f) || f.Err.Kind == http01.AnswerTimeout || !e.placed(ctx)):
		return unclear(hops(f), "%s does not answer this machine (%s), which may be behind a NAT that does not turn back (hairpin), or a filter", at, reason(f.Err)), true
	}
	return Finding{}, false
}

// shutTo returns a vantage that cannot connect to the address, where that is no
// matter of what listens there: no other vantage can, and connections time out, or
// are refused although the address takes those from here.
func (e *examination) shutTo(ctx context.Context, f fetched) (by sighting, shut bool) {
	if len(e.opts.Vantages) == 0 {
		return sighting{}, false
	}
	for _, s := range e.name.pinned.get(f.addr, func() []sighting { return e.askVantages(ctx, f.addr) }) {
		switch kind := s.kind(); {
		case s.err != nil || !s.reply.Tells():
		case kind == http01.ConnectTimeout, kind == http01.HostUnreachable, kind == http01.ConnectRefused && answered(f):
			by, shut = s, true
		default:
			return sighting{}, false
		}
	}
	return by, shut
}
