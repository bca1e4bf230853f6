package sandbox

import (
	"sync"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// maxEntries bounds a cache: at the bound the expired entries go, or else all.
const maxEntries = 100_000

// staleTTL is the TTL, in seconds, of an answer that was kept beyond its own
// (RFC 8767, section 4).
const staleTTL = 30

// anyType keys what is remembered for a whole name: that it does not exist.
const anyType uint16 = 0

// CachePolicy makes a caching resolver deviate from the TTLs that it was given,
// as some in the field do. The zero value is an honest resolver.
type CachePolicy struct {
	// MinTTL raises every lower TTL when an answer is stored, as Unbound's
	// cache-min-ttl does; 0 raises none.
	MinTTL zone.TTL
	// ServeStale answers once more from an entry that has expired, with a TTL
	// of 30 seconds, before it is fetched anew; and for as long as no
	// upstream answers, as Unbound's serve-expired does.
	ServeStale bool
}

type cacheKey struct {
	name  string // canonical
	qtype uint16
}

// entry is one RRset, or what is known not to exist.
type entry struct {
	key     cacheKey
	rcode   int
	answer  []dns.RR // empty when negative
	ns      []dns.RR // the SOA record of a negative one
	target  string   // of an alias
	ttl     uint32   // as the upstream gave it
	expires int64    // Unix seconds: the last second in which it is served
	offered bool     // was served stale
}

// cache is safe for concurrent use; entries are changed under its lock alone.
type cache struct {
	mu      sync.Mutex
	entries map[cacheKey]*entry
}

// get returns what answers a question for name and qtype at the second now: the
// RRset, an alias, or the knowledge that there is none. An entry that was
// stored in second t with a TTL of n is served up to and with second t+n, its
// TTL counted down to 0, as Unbound does it. spent is an expired entry that a
// resolver with ServeStale may fall back to.
func (c *cache) get(name string, qtype uint16, now int64, p CachePolicy) (hit *served, spent *served) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range []uint16{qtype, dns.TypeCNAME, anyType} {
		key := cacheKey{name, t}
		e, ok := c.entries[key]
		switch {
		case !ok:
		case now <= e.expires:
			return e.serve(uint32(e.expires - now)), nil
		case !p.ServeStale:
			delete(c.entries, key)
		case !e.offered:
			e.offered = true
			return e.serve(staleTTL), nil
		default:
			spent = e.serve(staleTTL)
		}
	}
	return nil, spent
}

// put stores entries at the second now. A TTL of 0 is not for keeping (RFC
// 1035, section 3.2.1). What was known before runs out by itself: a name whose A
// RRset is cached keeps it, though another question has found the name gone.
func (c *cache) put(entries []*entry, now int64, p CachePolicy) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range entries {
		e.ttl = max(e.ttl, uint32(p.MinTTL))
		if e.ttl == 0 {
			continue
		}
		e.expires = now + int64(e.ttl)
		c.makeRoom(now)
		c.entries[e.key] = e
	}
}

func (c *cache) makeRoom(now int64) {
	if len(c.entries) < maxEntries {
		return
	}
	for k, e := range c.entries {
		if now > e.expires {
			delete(c.entries, k)
		}
	}
	if len(c.entries) >= maxEntries {
		clear(c.entries)
	}
}

func (c *cache) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
}

// served is an entry's part of a reply: records of its own, with the TTL that
// is left.
type served struct {
	rcode      int
	answer, ns []dns.RR
	target     string
}

func (e *entry) serve(ttl uint32) *served {
	return &served{rcode: e.rcode, answer: aged(e.answer, ttl), ns: aged(e.ns, ttl), target: e.target}
}

func aged(set []dns.RR, ttl uint32) []dns.RR {
	return headed(set, func(h *dns.RR_Header) { h.Ttl = ttl })
}
