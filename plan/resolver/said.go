package resolver

import (
	"context"
	"net/netip"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// said is what came of one question, kept beyond its delivery.
type said struct {
	verdict
	server Server
	q      question
	rtt    time.Duration
	at     time.Time
	chain  []zone.Name
	ttl    zone.TTL
	addrs  []netip.Addr
	caa    []CAA
	// What strict resolvers and DNSSEC look at.
	replied, opt, ad, echoed, referral bool
	extended                           []ExtendedError
	signatures                         []Signature
}

// listen asks one server all questions and keeps what it said, in their order.
func (c *Client) listen(ctx context.Context, s Server, questions []question) []said {
	out := make([]said, len(questions))
	c.fly(ctx, s, questions, func(i int, o outcome) { out[i] = o.keep(s, questions[i]) })
	return out
}

// keep copies what matters out of an outcome.
func (o outcome) keep(s Server, q question) said {
	k := said{verdict: o.assess(s, q), server: s, q: q, rtt: o.rtt, at: o.at}
	k.chain, k.ttl = k.found.chain, k.found.ttl
	if o.msg == nil {
		return k
	}
	m := o.msg
	k.replied, k.opt, k.ad, k.referral = true, m.opt, m.flags&bitAD != 0, m.referral
	k.echoed = m.echoes(q)
	k.extended, k.signatures = m.extended, m.signatures(o.at)
	if k.status == Answered {
		switch q.qtype {
		case uint16(zone.A), uint16(zone.AAAA):
			k.addrs = m.addrs(k.found.records)
		case typeCAA:
			k.caa = m.caas(k.found.records)
		}
	}
	k.found.records = nil // they point into the message
	return k
}

// answer is what was said as an Answer to key.
func (k said) answer(key zone.Key) Answer {
	return Answer{
		Query: Query{Server: k.server, Key: key, Recurse: k.q.recurse}, Status: k.status, Addrs: k.addrs,
		TTL: k.ttl, CNAME: k.chain, Authoritative: k.authoritative, NegativeTTL: k.negativeTTL,
		EDE: k.ede, Rcode: k.rcode, RTT: k.rtt, At: k.at, Err: k.err,
	}
}
