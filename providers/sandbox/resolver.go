package sandbox

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// upstreamTimeout is how long a resolver waits for one reply of one server.
const upstreamTimeout = time.Second

// ResolverOptions say what StartResolver starts.
type ResolverOptions struct {
	// Name is the resolver's name in errors and lists, as "resolver-1".
	Name string
	// Upstreams are the authoritative servers, one address each. They are
	// asked in turn; one that does not answer well is passed over.
	Upstreams []netip.AddrPort
	// Timeout is how long one reply of one upstream may take; 0 is one second.
	// Each is tried twice.
	Timeout time.Duration
	// Now is the clock that cached entries age by; nil is time.Now.
	Now func() time.Time
}

// Resolver is a caching recursive resolver on loopback. All that it can reach
// is what its upstreams serve: a delegation or an alias that leaves their zones
// is answered with SERVFAIL.
type Resolver struct {
	*Server
	now      func() time.Time
	upstream upstream
	cache    cache
	policy   atomic.Pointer[CachePolicy]
}

// StartResolver starts a resolver with an empty cache. About ctx see Serve.
func StartResolver(ctx context.Context, o ResolverOptions) (*Resolver, error) {
	if len(o.Upstreams) == 0 {
		return nil, fmt.Errorf("start server %s: no upstream", o.Name)
	}
	r := &Resolver{now: o.Now, upstream: upstream{addrs: slices.Clone(o.Upstreams), timeout: o.Timeout}}
	if r.now == nil {
		r.now = time.Now
	}
	if r.upstream.timeout <= 0 {
		r.upstream.timeout = upstreamTimeout
	}
	r.cache.entries = map[cacheKey]*entry{}
	r.policy.Store(&CachePolicy{})
	srv, err := Serve(ctx, o.Name, r.answer)
	if err != nil {
		return nil, err
	}
	r.Server = srv
	return r, nil
}

// SetPolicy changes how the resolver caches, from the next query on.
func (r *Resolver) SetPolicy(p CachePolicy) { r.policy.Store(&p) }

// Flush empties the cache.
func (r *Resolver) Flush() { r.cache.flush() }

// answer is the resolver's Handler. A query without RD is refused, so that
// nobody looks into the cache, as Unbound does.
func (r *Resolver) answer(ctx context.Context, query *dns.Msg) *dns.Msg {
	m := new(dns.Msg).SetReply(query)
	m.RecursionAvailable = true
	if !query.RecursionDesired {
		m.Rcode = dns.RcodeRefused
		return m
	}
	if err := r.resolve(ctx, m, query.Question[0]); err != nil {
		m.Rcode = dns.RcodeServerFailure
		m.Answer, m.Ns = nil, nil
		explain(m, dns.ExtendedErrorCodeNoReachableAuthority, err.Error())
	}
	return m
}

// resolve follows the chain of aliases from the question to data or to the
// knowledge that there is none.
func (r *Resolver) resolve(ctx context.Context, m *dns.Msg, q dns.Question) error {
	if q.Qtype == dns.TypeANY {
		return r.relay(ctx, m, q)
	}
	owner := q.Name
	for range maxChain {
		part, err := r.lookup(ctx, owner, q.Qtype)
		if err != nil {
			return err
		}
		m.Answer = append(m.Answer, renamed(part.answer, owner)...)
		m.Ns, m.Rcode = part.ns, part.rcode
		if part.target == "" || q.Qtype == dns.TypeCNAME {
			return nil
		}
		owner = part.target
	}
	return fmt.Errorf("resolve %s: more than %d aliases", q.Name, maxChain)
}

// relay passes ANY on and keeps nothing of it: what an authoritative server
// says to it is only a part (RFC 8482, section 4.1).
func (r *Resolver) relay(ctx context.Context, m *dns.Msg, q dns.Question) error {
	got, err := r.upstream.ask(ctx, q.Name, q.Qtype)
	if err != nil {
		return err
	}
	m.Rcode, m.Answer, m.Ns = got.Rcode, got.Answer, got.Ns
	return nil
}

// lookup answers for one name of a chain, from the cache or from upstream.
func (r *Resolver) lookup(ctx context.Context, owner string, qtype uint16) (*served, error) {
	name, err := canonical(owner)
	if err != nil {
		return nil, err
	}
	policy := *r.policy.Load()
	hit, spent := r.cache.get(name, qtype, r.now().Unix(), policy)
	if hit != nil {
		return hit, nil
	}
	entries, err := r.fetch(ctx, owner, name, qtype)
	if err != nil {
		if spent != nil {
			return spent, nil
		}
		return nil, err
	}
	r.cache.put(entries, r.now().Unix(), policy)
	return entries[0].serve(entries[0].ttl), nil
}

// fetch asks upstream. The first entry answers for name; those behind it are
// the rest of an alias's chain.
func (r *Resolver) fetch(ctx context.Context, owner, name string, qtype uint16) ([]*entry, error) {
	m, err := r.upstream.ask(ctx, owner, qtype)
	if err != nil {
		return nil, err
	}
	entries := digest(m, name, qtype)
	if len(entries) == 0 {
		return nil, fmt.Errorf("resolve %s: the upstream's reply is no answer", owner)
	}
	return entries, nil
}

// digest takes apart what a reply says about name, along the chain of aliases
// that starts there. Records beside the chain are not believed.
func digest(m *dns.Msg, name string, qtype uint16) []*entry {
	var entries []*entry
	for range maxChain {
		e := positive(m, name, qtype)
		if e == nil {
			break
		}
		entries = append(entries, e)
		next, err := canonical(e.target)
		if e.target == "" || qtype == dns.TypeCNAME || err != nil {
			return entries
		}
		name = next
	}
	if e := negative(m, name, qtype); e != nil {
		entries = append(entries, e)
	}
	return entries
}

// positive returns the RRset of name in the answer section, or its alias.
func positive(m *dns.Msg, name string, qtype uint16) *entry {
	for _, t := range []uint16{qtype, dns.TypeCNAME} {
		var set []dns.RR
		for _, rr := range m.Answer {
			owner, err := canonical(rr.Header().Name)
			if err == nil && owner == name && rr.Header().Rrtype == t && rr.Header().Class == dns.ClassINET {
				set = append(set, rr)
			}
		}
		if len(set) == 0 {
			continue
		}
		levelTTL(set)
		e := &entry{key: cacheKey{name, t}, answer: set, ttl: set[0].Header().Ttl}
		if cname, ok := set[0].(*dns.CNAME); ok {
			e.target = cname.Target
		}
		return e
	}
	return nil
}

// negative returns what a reply says about the absence of name, or of the type
// at it: only a reply with the zone's SOA record says so (RFC 2308, section 5),
// a referral does not.
func negative(m *dns.Msg, name string, qtype uint16) *entry {
	for _, rr := range m.Ns {
		soa, ok := rr.(*dns.SOA)
		if !ok {
			continue
		}
		e := &entry{key: cacheKey{name, qtype}, rcode: m.Rcode, ns: []dns.RR{soa}, ttl: min(soa.Hdr.Ttl, soa.Minttl)}
		if m.Rcode == dns.RcodeNameError {
			e.key.qtype = anyType
		}
		return e
	}
	return nil
}
