package rfc2136

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// zonesAtOnce is how many zones' rights are asked about at the same time.
const zonesAtOnce = 8

// Examine asks for the SOA record of each zone, which tells whether the server
// takes the key, holds the zone, and what time it has. Of a zone that it holds,
// it then tries the rights to transfer and to update, with messages that
// transfer and change nothing; see examineTransfer and examineUpdate.
func (p *Provider) Examine(ctx context.Context, zones []zone.Name) []providers.Finding {
	s, err := p.dial(ctx)
	if err != nil {
		return []providers.Finding{unreached(err)}
	}
	defer s.close()
	questions := apexes(zones)
	replies, err := ask(ctx, s, questions)
	if inner := errors.Unwrap(err); inner != nil {
		err = inner // the finding says what was asked
	}
	found, ok := p.examineKey(s, replies, err)
	if ok {
		found = append(found, p.examineZones(ctx, s, zones, replies)...)
	}
	if p.key.signs() && (ok || s.skew.known) {
		found = append(found, p.examineClock(ctx, s, questions))
	}
	return found
}

// apexes are the questions for the zones' SOA records. Where there is no zone,
// the one for the root's shows the key to a server all the same.
func apexes(zones []zone.Name) (out []question) {
	for _, z := range zones {
		out = append(out, question{z, dns.TypeSOA})
	}
	if len(out) == 0 {
		out = append(out, question{zone.Root, dns.TypeSOA})
	}
	return out
}

func unreached(err error) providers.Finding {
	return providers.Finding{Topic: "server", Verdict: providers.Bad, Detail: err.Error(), Err: err}
}

// examineKey tells whether the server takes the key, and nothing where there is
// none. It returns false when the zones need not be looked at.
func (p *Provider) examineKey(s *session, replies []*message, err error) (found []providers.Finding, ok bool) {
	f := providers.Finding{Topic: "credentials", Verdict: providers.Bad, Err: err}
	refused, isKey := errors.AsType[*keyError](err)
	switch {
	case isKey:
		f.Detail, f.Remedy = refused.Error(), refused.remedy()
	case errors.Is(err, errUnsigned), errors.Is(err, errSignature):
		f.Detail = fmt.Sprintf("%v, asked with %s: %v", s.remote, p.who(), err)
		f.Remedy = "make sure that the server itself answers there, and nothing in its place"
	case err != nil:
		return []providers.Finding{unreached(err)}, false
	case !p.key.signs():
		return nil, true
	case slices.ContainsFunc(replies, func(m *message) bool { return m.rcode == dns.RcodeNotAuth }):
		f.Detail = fmt.Sprintf("%v: %v answers NOTAUTH to what is signed with %s (PowerDNS, which does not say why)", providers.ErrCredentials, s.remote, p.who())
		f.Remedy = "make tsig_name, tsig_algorithm and tsig_secret those of a key of the server (PowerDNS: pdnsutil list-tsig-keys), and see that both clocks are right"
		f.Err = providers.ErrCredentials
	case !slices.ContainsFunc(replies, func(m *message) bool { return m.signed }):
		f.Verdict, f.Detail = providers.Unclear, fmt.Sprintf("%v signed no reply: it may look at keys only for zones that it holds (Knot)", s.remote)
		return []providers.Finding{f}, true
	default:
		f.Verdict, f.Detail = providers.Good, fmt.Sprintf("%v takes %s (%s)", s.remote, p.who(), strings.TrimSuffix(p.key.algorithm, "."))
		return []providers.Finding{f}, true
	}
	return []providers.Finding{f}, false
}

// remedy says what to do at the server about a key that it does not take.
func (e *keyError) remedy() string {
	switch e.code {
	case badKey:
		return "give the server a key of this name and algorithm (BIND, Knot: a key section; Knot: also an acl of the zone with it), or correct tsig_name and tsig_algorithm"
	case badSig:
		return "set tsig_secret to the secret that the server has for this key (BIND, Knot: its key section)"
	case badTime:
		return "set the clocks of this machine and of the server (NTP)"
	case badTrunc:
		return "have the server take signatures of full length for this key"
	}
	return "the server's log says why"
}

// examineZones looks at all zones, a few of them at once.
func (p *Provider) examineZones(ctx context.Context, s *session, zones []zone.Name, replies []*message) []providers.Finding {
	found := make([][]providers.Finding, len(zones))
	var g errgroup.Group
	g.SetLimit(zonesAtOnce)
	for i, z := range zones {
		g.Go(func() error {
			held, soa := p.examineZone(z, replies[i])
			found[i] = []providers.Finding{held}
			if held.Verdict == providers.Good {
				found[i] = append(found[i], p.examineTransfer(ctx, s.remote, soa), p.examineUpdate(ctx, s.remote, soa))
			}
			return nil
		})
	}
	_ = g.Wait() // what went wrong is in the findings
	return slices.Concat(found...)
}
