package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// checkBalance is H-LB.
func checkBalance(ctx context.Context, e *examination) []Finding {
	p, _ := e.planted(ctx)
	token := e.placed(ctx)
	var all []Finding
	for _, b := range e.balances(ctx) {
		f := e.judgeBalance(b, p, token)
		if f.Outcome == Fail && token {
			if by, ok := e.turnedAway(ctx, b.addr); ok {
				f = e.judgeSources(b, by).because("H-TOKEN")
			}
		}
		all = append(all, f)
	}
	return e.gathered(all, "every connection is answered with the token")
}

// judgeBalance judges the connections to one address; token tells whether p was in
// place.
func (e *examination) judgeBalance(b balance, p planted, token bool) Finding {
	where, said := e.place(b.target), b.asked(e)
	bad := b.asks - b.good
	switch {
	case b.why != "":
		return unclear(said, "%s: %s", where, b.why).because(b.because)
	case !token && b.kinds() > 1:
		return failed(said, "%s gives %d kinds of answers to the same request: a load balancer whose backends differ", where, b.kinds()).at(Warning).with(e.balanceRemedies(b)...)
	case !token:
		return unclear(said, "%s answers %d connections alike; without a token that shows nothing of a load balancer", where, b.asks).because("H-TOKEN").with(e.noToken(p).Remedies...)
	case bad == 0:
		return passed(said, "%s, %d connections from %s", where, b.asks, b.from())
	case b.good == 0:
		return unclear(said, "%s never answers with the token, in %d connections: see H-TOKEN", where, b.asks).because("H-TOKEN")
	}
	chance := e.chance(float64(b.good) / float64(b.asks))
	share := 100 * float64(bad) / float64(b.asks)
	return failed(said, "%d of %d connections to %s (%.0f %%) are not answered with the token, as by a load balancer that sends them to several servers: %s", bad, b.asks, where, share, chance).with(e.balanceRemedies(b)...)
}

// someClient stands for the address of an ACME client that nobody has told.
const someClient = "ACME-CLIENT-ADDRESS"

// balanceRemedies send challenges to the ACME client's server alone.
func (e *examination) balanceRemedies(b balance) []Remedy {
	to, note := e.behind(e.client(), b.addr)
	return []Remedy{
		{Do: fmt.Sprintf("HAProxy: in the frontend of %s, before other rules:", e.at(b.addr)), Paste: "acl acme_challenge path_beg " + http01.Path + "\nuse_backend acme if acme_challenge"},
		{Do: "HAProxy: and a backend of its own" + note + ":", Paste: "backend acme\n    mode http\n    server acme " + to},
		{Do: fmt.Sprintf("nginx: in the server of %s, before other locations%s:", e.subject.Name.Display(), note), Paste: nginx.challenges(source{server: to}, false)},
		e.subject.again("H-LB"),
	}
}

// behind is where a load balancer passes challenges to, which is never itself: where
// the token is placed or, where nobody says so, the only other host that an ACME
// client runs on. Where that is not known either, note says what stands for it.
func (e *examination) behind(p Client, balancer netip.Addr) (to, note string) {
	own := append(e.subject.Addrs(), balancer)
	fronts := func(h Host) bool {
		return slices.ContainsFunc(h.Addrs, func(a netip.Addr) bool { return slices.Contains(own, a) })
	}
	if to, ok := e.atHost([]Host{p.Host}, balancer); ok && !fronts(p.Host) {
		return to, ""
	}
	others := filter(p.Clients, func(h Host) bool { return !fronts(h) && (p.Planter == nil || !h.OwnPlace) })
	clients := filter(append(e.subject.hosts(), p.Host), func(h Host) bool { return h.ACMEClient && fronts(h) })
	if to, ok := e.atHost(others, balancer); ok && len(others) == 1 && len(clients) == 0 {
		return to, ""
	}
	return fmt.Sprintf("%s:%d", someClient, e.opts.HTTPPort), unknownClient(p, others, clients)
}

// unknownClient says in brackets what stands for the ACME client's server: it may be
// one of others, and is not the balancer, where clients says that it is.
func unknownClient(p Client, others, clients []Host) string {
	which, tells := "the ACME client's own server", "a [[host]] with it and acme_client = true tells dnsplan"
	if p.Planter != nil {
		which += fmt.Sprintf(", which has the token from %s,", p.Place())
	}
	switch {
	case len(others) > 0:
		tells = "perhaps that of " + strings.Join(namesOf(others), " or ")
	case len(clients) > 0:
		tells = fmt.Sprintf("acme_client and [host.challenge] at a [[host]] with it, and not at %s, tell dnsplan", hostNames(clients[:1]))
	}
	return fmt.Sprintf(" (the address of %s in place of %s; %s)", which, someClient, tells)
}
