package acme

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

// checkToken is H-TOKEN.
func checkToken(ctx context.Context, e *examination) []Finding {
	all, p, ok := e.tokens(ctx)
	if !ok {
		return []Finding{e.noToken(p)}
	}
	all = decisive(all)
	out := e.perAddress(all, func(f fetched) Finding { return e.judgeToken(ctx, f, all) }, fmt.Sprintf("the token from %s is answered by", p.Place()))
	if share, differ := e.share(e.weighed(ctx)); differ && share < 1 {
		out[0].Summary += fmt.Sprintf("; as addresses of the name differ in that, %s", e.chance(share))
	}
	return out
}

// noToken says why there is no token in place.
func (e *examination) noToken(p planted) Finding {
	if p.err != nil {
		return unclear(nil, "the token could not be placed by %s: %v", p.Place(), p.err).because("H-TOKEN").with(
			Remedy{Do: "Let dnsplan write there, or correct [check.challenge] or [host.challenge] in the inventory."})
	}
	return unclear(nil, "the inventory does not say where a token for %s is placed", e.subject.Name.Display()).because("H-TOKEN").with(e.sayWhere())
}

// sayWhere is the remedy of an inventory without a planter: the host that runs the
// ACME client is to have one.
func (e *examination) sayWhere() Remedy {
	const folder = "\nwebroot = \"/var/www/html\""
	own, clients := e.subject.hosts(), e.client().Clients
	elsewhere := len(own) > 0 && !slices.ContainsFunc(own, func(h Host) bool { return h.ACMEClient })
	if elsewhere && len(clients) > 1 {
		return Remedy{
			Do:    fmt.Sprintf("None of the hosts that %s leads to has acme_client, and %s have. Say in the inventory how a token gets to the one that has its certificate issued, as in the [host.challenge] of that:", e.subject.Name.Display(), hostNames(clients)),
			Paste: "[check.challenge] # of names whose hosts have none of their own" + folder,
		}
	}
	if elsewhere && len(clients) == 1 {
		own = clients
	}
	where := "[check.challenge]"
	for _, h := range own {
		where = fmt.Sprintf("[host.challenge] # below the [[host]] %s", h.Name)
		if h.ACMEClient {
			break
		}
	}
	return Remedy{Do: "Say in the inventory where the ACME client's web server takes challenges from:", Paste: where + folder}
}

// hostNames lists hosts by their names.
func hostNames(all []Host) string { return joinedWords(namesOf(all)) }

func namesOf(all []Host) (names []string) {
	for _, h := range all {
		names = append(names, h.Name)
	}
	return names
}

// tokenLeft is a token that could not be removed.
func tokenLeft(p planted, err error) Finding {
	return failed(nil, "the token at %s could not be removed: %v", p.Place(), err).at(Warning).with(
		Remedy{Do: "Remove it by hand; it tells nobody anything:", Paste: leftAt(p.Client.Planter, p.token)})
}

func leftAt(p plant.Planter, t plant.Token) string {
	if dir, ok := webrootOf(p); ok {
		return "rm " + strings.TrimSuffix(dir, "/") + t.Path()
	}
	return "the token " + t.Name
}

func (e *examination) judgeToken(ctx context.Context, f fetched, all []fetched) Finding {
	if why := e.doubt(f); why != "" {
		return unclear(hops(f), "%s: %s", e.place(f.target), why)
	}
	if b, ok := e.mixed(ctx, f); ok {
		if by, ok := e.turnedAway(ctx, f.addr); ok {
			return e.judgeSources(b, by)
		}
		return failed(b.asked(e), "%s answers with the token by turns alone, %d times of %d", e.place(f.target), b.good, b.asks).because("H-LB").with(e.balanceRemedies(b)...)
	}
	if f.Verdict == http01.Valid {
		return passed(hops(f), "%s", e.place(f.target))
	}
	if by, ok := e.reachedFrom(ctx, f); ok {
		return by
	}
	x := e.graded(failed(hops(f), "%s does not answer with the token: %s", e.place(f.target), reason(f.Err)), f, all)
	return e.atCDN(ctx, f, x.because(e.cause(f)).with(e.remedies(f)...))
}
