package rfc2136

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// apex is what a zone's SOA record says of it.
type apex struct {
	zone    zone.Name
	serial  uint32
	primary zone.Name
}

// soaOf returns what the SOA record of z says in the answer to m; ok is false
// where there is none.
func (m *message) soaOf(z zone.Name) (a apex, ok bool) {
	for _, r := range m.answer {
		if r.name != z || r.rrtype != dns.TypeSOA {
			continue
		}
		data, err := m.data(r)
		if err != nil {
			return apex{}, false
		}
		snap := zone.Snapshot{Zone: z, Others: []zone.Record{{Name: z, Type: "SOA", TTL: r.ttl, Data: data}}}
		soa, ok := snap.SOA()
		name, _, _ := strings.Cut(data, " ")
		return apex{zone: z, serial: soa.Serial, primary: zone.Canonical(name)}, ok
	}
	return apex{}, false
}

// examineZone judges the answer to the question for a zone's SOA record.
func (p *Provider) examineZone(z zone.Name, m *message) (providers.Finding, apex) {
	f := providers.Finding{Topic: "zone", Zone: z}
	soa, ok := m.soaOf(z)
	if ok && m.authoritative {
		f.Detail = fmt.Sprintf("serial %d, primary %s by its SOA record", soa.serial, soa.primary.Display())
		return f, soa
	}
	f.Verdict, f.Err = providers.Bad, providers.ErrZoneNotFound
	switch {
	case m.rcode == dns.RcodeRefused:
		f.Detail = "the server answers REFUSED: it does not hold the zone, or does not answer for it to " + p.who()
		f.Remedy = "have the server hold the zone, and let " + p.who() + " ask it (BIND: allow-query, match-clients of the view), or set server to the zone's primary"
	case !tells(m):
		f.Detail = "the server answers " + rcodeName(m.rcode) + ": it may not have been able to load the zone"
		f.Remedy = "see the server's log"
		f.Err = errors.New(rcodeName(m.rcode))
	case !m.authoritative:
		f.Detail = "the server answers without authority: it is a resolver, or holds a zone above alone"
		f.Remedy = "set server to the zone's primary"
	default:
		f.Detail = "the server holds no zone of this name"
		if i := slices.IndexFunc(m.authority, func(r record) bool { return r.rrtype == dns.TypeSOA }); i >= 0 {
			f.Detail += ": it is a part of " + m.authority[i].name.Display()
		}
		f.Remedy = "check the zone's name in the inventory"
	}
	return f, apex{}
}

// Where servers of the three kinds say who may do what.
const (
	transferSettings = "BIND: allow-transfer; Knot: an acl with action transfer; PowerDNS: TSIG-ALLOW-AXFR"
	updateSettings   = "BIND: allow-update or update-policy; Knot: an acl with action update; PowerDNS: dnsupdate=yes and TSIG-ALLOW-DNSUPDATE"
)

// examineTransfer asks for what has changed since the serial that the server has
// just told (IXFR, RFC 1995), which it answers with the SOA record alone, by the
// same right as for a transfer of the whole zone. A server that does not know
// IXFR is asked for the whole zone, and let go after the first message.
func (p *Provider) examineTransfer(ctx context.Context, at netip.AddrPort, a apex) providers.Finding {
	f := providers.Finding{Topic: "permissions", Zone: a.zone, Verdict: providers.Unclear}
	m, err := p.exchange(ctx, at, new(dns.Msg).SetIxfr(string(a.zone), a.serial, string(a.primary), "."))
	if err == nil && (m.rcode == dns.RcodeNotImplemented || m.rcode == dns.RcodeFormatError) {
		m, err = p.exchange(ctx, at, new(dns.Msg).SetAxfr(string(a.zone)))
	}
	switch answer, refused := refusalOf(m, err); {
	case refused:
		f.Detail = fmt.Sprintf("the server answers %s to a transfer: names are asked for one by one, and others are not seen", answer)
		f.Remedy = "let " + p.who() + " transfer the zone (" + transferSettings + ")"
	case err != nil:
		f.Detail, f.Err = "whether the zone may be transferred cannot be told: "+err.Error(), err
	case m.rcode != dns.RcodeSuccess || len(m.answer) == 0:
		f.Detail = "whether the zone may be transferred cannot be told: the server answers " + rcodeName(m.rcode)
	default:
		f.Verdict, f.Detail = providers.Good, p.who()+" may transfer the zone"
	}
	return f
}

// examineUpdate sends an UPDATE message whose one prerequisite is that nothing
// exists at the zone's apex, where the SOA record always does, and whose update
// section is empty. Nothing can be written for it: a server that holds to RFC
// 2136 answers YXDOMAIN (section 3.2) before it would come to the updates, and
// to one that does not, there is no update. BIND, Knot and PowerDNS change
// neither zone nor serial nor journal for it, and log a line; a secondary may
// pass it on to its primary, where the same holds.
//
// YXDOMAIN does not tell that the right is there: a server may look at the
// prerequisite first and at the right later (section 3.3), as BIND does with an
// update-policy.
func (p *Provider) examineUpdate(ctx context.Context, at netip.AddrPort, a apex) providers.Finding {
	f := providers.Finding{Topic: "permissions", Zone: a.zone, Verdict: providers.Unclear}
	m := new(dns.Msg).SetUpdate(string(a.zone))
	m.Answer = []dns.RR{bare(a.zone, dns.TypeANY, dns.ClassNONE)}
	reply, err := p.exchange(ctx, at, m)
	switch answer, refused := refusalOf(reply, err); {
	case refused:
		f.Verdict, f.Detail = providers.Bad, fmt.Sprintf("the server answers %s to an update", answer)
		f.Remedy = fmt.Sprintf("let %s update the zone (%s); if the server is a secondary, set server to the primary, by the SOA record %s",
			p.who(), updateSettings, a.primary.Display())
	case err != nil:
		f.Detail, f.Err = "whether the zone may be updated cannot be told: "+err.Error(), err
	case reply.rcode == dns.RcodeSuccess:
		f.Verdict, f.Detail = providers.Bad, "the server takes an update whose prerequisite does not hold: what others change would be lost"
		f.Remedy = "set server to one that holds to prerequisites (RFC 2136, section 3.2), as BIND, Knot and PowerDNS do"
	case reply.rcode == dns.RcodeYXDomain:
		f.Detail = "the server examines updates; whether " + p.who() + " may make one only a change tells"
		f.Remedy = "make sure that it may (" + updateSettings + ")"
	default:
		f.Detail = "whether the zone may be updated cannot be told: the server answers " + rcodeName(reply.rcode)
		f.Remedy = "see the server's log"
	}
	return f
}

// refusalOf tells a reply that refuses what was asked, and how. Knot says BADKEY
// to a known key without the right.
func refusalOf(m *message, err error) (answer string, refused bool) {
	if e, ok := errors.AsType[*keyError](err); ok && e.code == badKey {
		return "BADKEY", true
	}
	if err != nil || !slices.Contains([]int{dns.RcodeRefused, dns.RcodeNotAuth, dns.RcodeNotImplemented}, m.rcode) {
		return "", false
	}
	return rcodeName(m.rcode), true
}

// exchange sends one message over a connection of its own and returns the first
// reply, which is signed; NOTAUTH need not be, because PowerDNS does not sign it.
func (p *Provider) exchange(ctx context.Context, at netip.AddrPort, m *dns.Msg) (*message, error) {
	s, err := p.dialTo(ctx, at)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if _, err := s.send(ctx, m); err != nil {
		return nil, err
	}
	reply, err := s.receive(ctx)
	if err == nil && !reply.signed && reply.rcode != dns.RcodeNotAuth {
		err = fmt.Errorf("the server answers %s: %w", rcodeName(reply.rcode), errUnsigned)
	}
	return reply, err
}
