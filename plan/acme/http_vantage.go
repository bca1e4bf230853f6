package acme

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/vantage"
)

// sighting is what one vantage has met.
type sighting struct {
	probe string
	reply vantage.Reply
	err   error
}

// words are what a vantage has met.
func (s sighting) words() string {
	switch {
	case s.err != nil:
		return s.err.Error()
	case s.reply.OK:
		return fmt.Sprint(s.reply.Status)
	case s.reply.Error != nil && s.reply.Error.Detail != "":
		return s.reply.Error.Detail
	case s.reply.Error != nil:
		return string(s.reply.Error.Kind)
	}
	return fmt.Sprint(s.reply.Status)
}

// kind is why a vantage is not content; empty where it is.
func (s sighting) kind() http01.Kind {
	if s.reply.Error == nil {
		return ""
	}
	return http01.Kind(s.reply.Error.Kind)
}

// outcome is what a vantage shows: with a token only the token passes, without one
// any answer that turns nobody away.
func (s sighting) outcome(token bool) Outcome {
	switch {
	case s.err != nil || !s.reply.Tells():
		return Unknown
	case s.reply.OK:
		return Pass
	case token:
		return Fail
	}
	switch code := s.reply.Status; {
	case code == 0, code/100 == 5, code == http.StatusUnauthorized, code == http.StatusForbidden,
		code == http.StatusTooManyRequests, code == http.StatusUnavailableForLegalReasons:
		return Fail
	}
	return Pass
}

// challenge is what vantages fetch: the token, or a path that nobody has put there.
func (e *examination) challenge(ctx context.Context) vantage.Request {
	token, expect := e.unplaced(), ""
	if p, ok := e.planted(ctx); ok && p.err == nil {
		token, expect = p.token, p.token.Body
	}
	host := e.subject.Name.Display()
	if e.opts.HTTPPort != 80 {
		host = fmt.Sprintf("%s:%d", host, e.opts.HTTPPort)
	}
	return vantage.Request{URL: "http://" + host + token.Path(), Expect: expect}
}

// placed tells whether a token is in place.
func (e *examination) placed(ctx context.Context) bool {
	p, ok := e.planted(ctx)
	return ok && p.err == nil
}

// askVantages has every vantage fetch the challenge, from one address or where the DNS
// leads.
func (e *examination) askVantages(ctx context.Context, from netip.Addr) []sighting {
	r := e.challenge(ctx)
	r.Address = from
	return ofEach(e.opts.Vantages, perName, func(p vantage.Probe) sighting {
		reply, err := p.Ask(ctx, r)
		return sighting{p.Name(), reply, err}
	})
}

// reachedFrom is the finding about an address that cannot be connected to from
// here, and yet from a vantage: authorities are outside as well.
func (e *examination) reachedFrom(ctx context.Context, f fetched) (Finding, bool) {
	if !unreached(f) || len(e.opts.Vantages) == 0 {
		return Finding{}, false
	}
	all := e.name.pinned.get(f.addr, func() []sighting { return e.askVantages(ctx, f.addr) })
	for _, s := range all {
		if s.err == nil && (s.reply.OK || !e.placed(ctx) && s.reply.Status != 0) {
			said := append(hops(f), Asked{Who: "vantage " + s.probe, Said: s.words()})
			return passed(said, "%s, as %s says; not from here (%s), as behind a NAT that does not turn back (hairpin)", e.place(f.target), s.probe, reason(f.Err)), true
		}
	}
	return Finding{}, false
}

// places is from how many places outside a challenge has to be answered before that
// is taken for everywhere: filters by country or network let some in.
const places = 2

// checkVantages is H-VANTAGE.
func checkVantages(ctx context.Context, e *examination) []Finding {
	if len(e.opts.Vantages) == 0 {
		return []Finding{unclear(nil, "only this machine has asked for %s: firewalls and filters by country are not proven without a [[vantage]]", e.subject.Name.Display()).with(
			Remedy{Do: "Name two machines elsewhere in the inventory, each with dnsplan on it:", Paste: e.vantageLines(places)})}
	}
	if why, id := e.closed(ctx); why != "" {
		return []Finding{unclear(nil, "%s: %s", e.subject.Name.Display(), why).because(id)}
	}
	all := e.name.vantages.get(func() []sighting { return e.askVantages(ctx, netip.Addr{}) })
	return []Finding{e.judgeVantages(all, e.placed(ctx))}
}

// closed says why it makes no sense to ask from elsewhere, and by which check;
// empty where it does.
func (e *examination) closed(ctx context.Context) (why string, by ID) {
	all := e.targets(ctx)
	if len(all) == 0 {
		return "it has no address that can be asked", e.subject.existence()
	}
	if e.opts.AllowReserved {
		return "", ""
	}
	for _, t := range all {
		if !http01.Reserved(t.addr) {
			return "", ""
		}
	}
	return "it has reserved addresses only, which nobody reaches from outside", "D-RESERVED"
}

// judgeVantages judges what the vantages have met, with a token in place or not.
//
//	is not answered to one    fail
//	is answered to two        pass
//	is answered to one alone  unknown: what a second one would meet is not known
//	none could ask            unknown
func (e *examination) judgeVantages(all []sighting, token bool) Finding {
	by := map[Outcome][]string{}
	var said []Asked
	for _, s := range all {
		o := s.outcome(token)
		by[o] = append(by[o], s.probe)
		said = append(said, Asked{Who: "vantage " + s.probe, Said: s.words()})
	}
	name := e.subject.Name.Display()
	what := "the challenge of " + name
	if !token {
		what = "a request to " + name // no token: it is not shown that it is the right server
	}
	good, bad, silent := joinedWords(by[Pass]), joinedWords(by[Fail]), joinedWords(by[Unknown])
	switch {
	case bad != "" && good != "":
		return failed(said, "%s is answered to %s, but not to %s: a filter by country or network, or a DNS that answers differently (\"During secondary validation\")", what, good, bad).with(e.letAll()...)
	case bad != "":
		return failed(said, "%s is not answered to %s", what, bad).with(e.letAll()...)
	case good == "":
		return unclear(said, "%s could not ask for %s", silent, name).with(mendVantages())
	case len(by[Pass]) < places:
		return unclear(said, "%s is answered to %s, and no other place outside could be asked: whether a filter by country or network lets authorities in is not known", what, good).with(e.another())
	case silent != "":
		return passed(said, "%s is answered to %s; %s could not ask", what, good, silent)
	}
	return passed(said, "%s is answered to %s", what, good)
}

// vantageLines name more machines in the inventory, by names that none there has.
func (e *examination) vantageLines(more int) string {
	var out []string
	for n := 1; len(out) < more; n++ {
		name := fmt.Sprintf("elsewhere-%d", n)
		if !slices.ContainsFunc(e.opts.Vantages, func(p vantage.Probe) bool { return p.Name() == name }) {
			out = append(out, fmt.Sprintf("[[vantage]]\nname = %q\ncommand = [\"ssh\", \"USER@MACHINE\", \"dnsplan\", \"vantage\"]", name))
		}
	}
	return strings.Join(out, "\n\n")
}

// another has a second place asked.
func (e *examination) another() Remedy {
	if len(e.opts.Vantages) >= places {
		return mendVantages()
	}
	return Remedy{Do: "Name a second machine in the inventory, in another country and network:", Paste: e.vantageLines(1)}
}

// mendVantages is for those that could not ask.
func mendVantages() Remedy {
	return Remedy{Do: "See why a vantage is of no use:", Paste: "dnsplan doctor"}
}

// letAll lets authorities in from everywhere.
func (e *examination) letAll() []Remedy {
	return []Remedy{
		{Do: fmt.Sprintf("Let TCP port %d in from everywhere, in firewalls, security groups and filters by country: authorities ask from several countries, and do not publish from where.", e.opts.HTTPPort), Paste: fmt.Sprintf("ufw allow %d/tcp", e.opts.HTTPPort)},
		{Do: "If the vantages see other addresses than you do, look where the name servers differ:", Paste: "dnsplan check " + e.subject.Name.Display() + " --only D-AUTH,D-SPLIT"},
	}
}
