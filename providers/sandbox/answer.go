package sandbox

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// maxChain bounds the aliases that are followed for one question.
const maxChain = 16

// answer fills m as an authoritative server does (RFC 1034, section 4.3.2):
// aliases are followed inside the zone, a delegation becomes a referral.
func (c *content) answer(m *dns.Msg, q dns.Question) {
	m.Authoritative = true
	owner := q.Name
	for range maxChain {
		name, err := canonical(owner)
		if err != nil || !c.holds(name) {
			return // the resolver goes on from here
		}
		next := c.step(m, owner, name, q.Qtype)
		if next == "" {
			return
		}
		owner = next
	}
}

// step answers for one name of the chain and returns the name to go on with.
func (c *content) step(m *dns.Msg, owner, name string, qtype uint16) (next string) {
	at, rtype := c.barrier(name, qtype)
	switch rtype {
	case dns.TypeNS:
		c.refer(m, at)
		return ""
	case dns.TypeDNAME:
		return c.redirect(m, owner, name, at)
	}
	n, ok := c.match(name)
	if !ok {
		m.Rcode = dns.RcodeNameError
		m.Ns = c.negativeSOA()
		return ""
	}
	return c.data(m, n, owner, qtype)
}

// data answers from a node that stands for owner.
func (c *content) data(m *dns.Msg, n node, owner string, qtype uint16) (next string) {
	if qtype == dns.TypeANY {
		qtype = n.lowestType()
	}
	if set := n[qtype]; len(set) > 0 {
		m.Answer = append(m.Answer, renamed(set, owner)...)
		return ""
	}
	if set := n[dns.TypeCNAME]; len(set) > 0 {
		m.Answer = append(m.Answer, renamed(set, owner)...)
		return set[0].(*dns.CNAME).Target
	}
	m.Ns = c.negativeSOA()
	return ""
}

// lowestType picks the one RRset that a question for ANY gets (RFC 8482,
// section 4.1); 0 when there is none.
func (n node) lowestType() uint16 {
	var low uint16
	for t := range n {
		if low == 0 || t < low {
			low = t
		}
	}
	return low
}

// barrier returns the first name, from the apex down to name, where the zone's
// own data ends: a zone cut (NS), or a DNAME above the name. A question for DS
// is answered above its cut (RFC 4035, section 3.1.4.1).
func (c *content) barrier(name string, qtype uint16) (at string, rtype uint16) {
	for _, anc := range c.path(name) {
		n := c.nodes[anc]
		below := anc != name
		if len(n[dns.TypeNS]) > 0 && anc != c.apex && (below || qtype != dns.TypeDS) {
			return anc, dns.TypeNS
		}
		if len(n[dns.TypeDNAME]) > 0 && below {
			return anc, dns.TypeDNAME
		}
	}
	return "", 0
}

// path returns the names from the apex down to name, both included.
func (c *content) path(name string) []string {
	var names []string
	for ; name != c.apex; name = parent(name) {
		names = append(names, name)
	}
	names = append(names, c.apex)
	slices.Reverse(names)
	return names
}

// match returns the node of name, or the wildcard at its closest encloser that
// stands for it (RFC 4592, section 3.3.1).
func (c *content) match(name string) (node, bool) {
	if n, ok := c.nodes[name]; ok {
		return n, true
	}
	encloser := parent(name)
	for c.nodes[encloser] == nil {
		encloser = parent(encloser)
	}
	wildcard := "*." + encloser
	if encloser == "." {
		wildcard = "*."
	}
	n, ok := c.nodes[wildcard]
	return n, ok
}

// refer delegates to the servers of the cut, with their addresses as far as the
// zone holds them. Behind an alias the reply stays authoritative for the alias.
func (c *content) refer(m *dns.Msg, cut string) {
	m.Authoritative = len(m.Answer) > 0
	for _, rr := range c.nodes[cut][dns.TypeNS] {
		m.Ns = append(m.Ns, dns.Copy(rr))
		host, err := canonical(rr.(*dns.NS).Ns)
		if err != nil {
			continue
		}
		for _, t := range []uint16{dns.TypeA, dns.TypeAAAA} {
			for _, glue := range c.nodes[host][t] {
				m.Extra = append(m.Extra, dns.Copy(glue))
			}
		}
	}
}

// redirect answers from a DNAME with the CNAME that it stands for (RFC 6672,
// section 3).
func (c *content) redirect(m *dns.Msg, owner, name, at string) (next string) {
	dname := c.nodes[at][dns.TypeDNAME][0].(*dns.DNAME)
	m.Answer = append(m.Answer, dns.Copy(dname))
	target := substitute(name, at, dname.Target)
	if _, ok := dns.IsDomainName(target); !ok {
		m.Rcode = dns.RcodeYXDomain
		return ""
	}
	m.Answer = append(m.Answer, &dns.CNAME{
		Hdr:    dns.RR_Header{Name: owner, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: dname.Hdr.Ttl},
		Target: target,
	})
	return target
}

// substitute replaces the suffix from of name by to; all are absolute.
func substitute(name, from, to string) string {
	prefix := name
	if from != "." {
		prefix = strings.TrimSuffix(name, from)
	}
	if to == "." {
		return prefix
	}
	return prefix + to
}

// negativeSOA is what a negative answer carries (RFC 2308, section 3).
func (c *content) negativeSOA() []dns.RR {
	soa := dns.Copy(c.soa)
	soa.Header().Ttl = c.negative
	return []dns.RR{soa}
}

// renamed copies set under the owner name that was asked for, in its case.
func renamed(set []dns.RR, owner string) []dns.RR {
	return headed(set, func(h *dns.RR_Header) { h.Name = owner })
}

// headed copies set with other headers.
func headed(set []dns.RR, change func(*dns.RR_Header)) []dns.RR {
	out := make([]dns.RR, len(set))
	for i, rr := range set {
		out[i] = dns.Copy(rr)
		change(out[i].Header())
	}
	return out
}
