package acme

import (
	"context"
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// overTCP are the answers about the name over TCP, of each address that answers for
// the zone over UDP: two for each. All names of the zone that are examined are asked
// for over one connection.
func (e *examination) overTCP(ctx context.Context) []resolver.Answer {
	return e.zone.overTCP.get(func() map[zone.Name][]resolver.Answer {
		var queries []resolver.Query
		for _, a := range e.serials(ctx) {
			if p := a.Server.Protocol; !a.Status.Definite() || p != resolver.UDP && p != "" {
				continue
			}
			by := a.Server
			by.Protocol = resolver.TCP
			for _, s := range e.zone.examined {
				for _, t := range families() {
					queries = append(queries, resolver.Query{Server: by, Key: zone.Key{Name: s.Name, Type: t}})
				}
			}
		}
		out := map[zone.Name][]resolver.Answer{}
		for _, a := range e.opts.DNS.Ask(ctx, queries) {
			out[a.Key.Name] = append(out[a.Key.Name], a)
		}
		return out
	})[e.subject.Name]
}

// ways are what an address answers about an RRset over UDP and over TCP.
type ways struct {
	udp, tcp resolver.Answer
	// again says that both were asked for once more, because they differed.
	again bool
}

// bothWays are the answers about the name over UDP and TCP, by address. Where the two
// differ, both are asked for once more, at the same time: the zone may have been
// written between the questions.
func (e *examination) bothWays(ctx context.Context) []ways {
	out := paired(e.authoritative(ctx), e.overTCP(ctx))
	var queries []resolver.Query
	for _, w := range out {
		if e.subject.differ(w) {
			queries = append(queries, w.udp.Query, w.tcp.Query)
		}
	}
	if len(queries) == 0 {
		return out
	}
	second := e.opts.DNS.Ask(ctx, queries)
	for i, w := range out {
		if e.subject.differ(w) {
			out[i], second = ways{second[0], second[1], true}, second[2:]
		}
	}
	return out
}

// paired brings the answers over TCP together with those over UDP.
func paired(udp, tcp []resolver.Answer) (out []ways) {
	for _, b := range tcp {
		i := slices.IndexFunc(udp, func(a resolver.Answer) bool { return a.Server.Addr == b.Server.Addr && a.Key == b.Key })
		if i >= 0 {
			out = append(out, ways{udp: udp[i], tcp: b})
		}
	}
	return out
}

// saidOver are the answers over TCP, and those over UDP that were asked for again.
func saidOver(all []ways) (out []Asked) {
	for _, w := range all {
		if w.again {
			out = append(out, said([]resolver.Answer{w.udp})...)
		}
		out = append(out, said([]resolver.Answer{w.tcp})...)
	}
	return out
}

// differ tells whether both ways say what the name holds, and not the same.
func (s *Subject) differ(w ways) bool {
	return w.udp.Status.Definite() && w.tcp.Status.Definite() && (s.other(w.tcp, w.udp) || w.tcp.TTL != w.udp.TTL && !s.Proxied())
}

// judgeTCP compares what each address answers over TCP with what it does over UDP:
// where a load balancer stands before a server, the two may be two servers. Whether
// one answers over TCP at all is D-NSOK's.
func judgeTCP(s *Subject, both []ways, asked []Asked) (out []Finding) {
	for _, w := range both {
		switch a, b := w.udp, w.tcp; {
		case !s.differ(w):
		case s.other(b, a):
			out = append(out, failed(asked, "%s answers %s for %s over TCP, and %s over UDP: a resolver that turns to TCP, as it does behind a truncated answer, finds something else", b.Server, holding(b), keyed(b.Key), holding(a)).
				with(s.sameServer(b)...))
		default:
			out = append(out, failed(asked, "%s gives %s with TTL %s over TCP and TTL %s over UDP", b.Server, keyed(b.Key), b.TTL, a.TTL).at(Warning).
				with(s.sameServer(b)...))
		}
	}
	return out
}

// sameServer brings both ways to one server.
func (s *Subject) sameServer(b resolver.Answer) []Remedy {
	addr := b.Server.Addr
	return []Remedy{
		{
			Do:    "Send UDP and TCP to the same server, or have both load the same zone, and compare:",
			Paste: fmt.Sprintf("dig +tcp @%s -p %d %s %s", addr.Addr(), addr.Port(), s.Name.Display(), b.Key.Type),
		},
		s.again("D-AUTH"),
	}
}
