package embedded_test

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// version is a zone as the provider held it from a moment on.
type version struct {
	at       time.Time
	snapshot *zone.Snapshot
}

// authority is a model of an authoritative server: it serves what the provider
// held a lag ago. The world's lock guards it.
type authority struct {
	name  string
	addrs []netip.AddrPort
	lag   time.Duration
	// frozen, when set, is the time whose content it stays with.
	frozen time.Time
	// silent are addresses that do not answer; all of them with dead.
	silent  []netip.AddrPort
	dead    bool
	garbage bool
	// refuses is what it answers with until that time.
	refuses resolver.Status
	until   time.Time
	// atLeast is the lowest TTL that it serves.
	atLeast zone.TTL
}

func (a *authority) nameServer() resolver.NameServer {
	ns := resolver.NameServer{Name: a.name}
	for _, addr := range a.addrs {
		ns.Servers = append(ns.Servers, resolver.Server{Name: a.name, Protocol: resolver.UDP, Addr: addr})
	}
	return ns
}

func (a *authority) status(addr netip.AddrPort) resolver.Status {
	switch {
	case a.dead, slices.Contains(a.silent, addr):
		return resolver.Timeout
	case a.garbage:
		return resolver.Malformed
	case time.Now().Before(a.until):
		return a.refuses
	}
	return resolver.Answered
}

// freeze lets the server take nothing that is written from now on.
func (a *authority) freeze() { a.frozen = time.Now().Add(-1) }

// content is the zone as the server holds it.
func (a *authority) content(history []version, now time.Time) *zone.Snapshot {
	at := now.Add(-a.lag)
	if !a.frozen.IsZero() && a.frozen.Before(at) {
		at = a.frozen
	}
	held := history[0].snapshot
	for _, v := range history {
		if v.at.After(at) {
			break
		}
		held = v.snapshot
	}
	return held
}

// reply is what a server or a cache has to say about a key.
type reply struct {
	status resolver.Status
	addrs  []netip.Addr
	ttl    zone.TTL // of the set, or of its absence
	cname  bool
}

// proxies are what a proxied name answers with.
var proxies = map[zone.Type]netip.Addr{
	zone.A: netip.MustParseAddr("198.51.100.99"), zone.AAAA: netip.MustParseAddr("2001:db8::99"),
}

// elsewhere is where every CNAME leads.
var elsewhere = netip.MustParseAddr("198.51.100.77")

// lookup answers out of a zone (RFC 1034, section 4.3.2; RFC 4592).
func lookup(s *zone.Snapshot, key zone.Key) reply {
	if r, ok := s.Find(key); ok {
		if r.Proxied {
			return reply{status: resolver.Answered, addrs: []netip.Addr{proxies[key.Type]}, ttl: r.TTL}
		}
		return reply{status: resolver.Answered, addrs: r.Addrs, ttl: r.TTL}
	}
	for _, o := range s.Others {
		if o.Type == "CNAME" && o.Name == key.Name {
			return reply{status: resolver.NoData, ttl: o.TTL, cname: true}
		}
	}
	negative := s.NegativeTTL(300)
	if exists(s, key.Name) {
		return reply{status: resolver.NoData, ttl: negative}
	}
	for n := key.Name; n != s.Zone && n != zone.Root; {
		n = n.Parent()
		if r, ok := s.Find(zone.Key{Name: "*." + n, Type: key.Type}); ok {
			return reply{status: resolver.Answered, addrs: r.Addrs, ttl: r.TTL}
		}
	}
	return reply{status: resolver.NXDomain, ttl: negative}
}

func exists(s *zone.Snapshot, name zone.Name) bool {
	return slices.ContainsFunc(s.RRsets, func(r zone.RRset) bool { return r.Name == name }) ||
		slices.ContainsFunc(s.Others, func(r zone.Record) bool { return r.Name == name })
}

// cache is a model of a caching resolver that counts whole seconds and still
// gives an answer that has 0 left. What it fetches has been on its way for
// flight. The world's lock guards it.
type cache struct {
	name    string
	addr    netip.AddrPort
	entries map[zone.Key]entry
	fetches int

	dead    bool
	garbage bool
	// stuck are the sets of which it keeps what it has for ever.
	stuck map[zone.Key]bool
	// clamp is the least TTL that it gives an answer.
	clamp zone.TTL
	// stale serves an expired answer for so long, with 30 seconds of TTL
	// (RFC 8767, section 4).
	stale time.Duration
}

const flight = 900 * time.Millisecond

type entry struct {
	reply
	ends int64 // the last second in which it is given
}

func newCache(n int) *cache {
	return &cache{
		name: fmt.Sprintf("r%d", n), entries: map[zone.Key]entry{}, stuck: map[zone.Key]bool{},
		addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}), 53),
	}
}

func (c *cache) server() resolver.Server {
	return resolver.Server{Name: c.name, Protocol: resolver.UDP, Addr: c.addr}
}

func (c *cache) status() resolver.Status {
	switch {
	case c.dead:
		return resolver.Timeout
	case c.garbage:
		return resolver.Malformed
	}
	return resolver.Answered
}

// resolve answers from the cache, or asks the next of the zone's servers.
func (c *cache) resolve(key zone.Key, now time.Time, servers []*authority, history []version) reply {
	e, ok := c.entries[key]
	expired := time.Duration(now.Unix()-e.ends) * time.Second
	switch {
	case ok && expired <= 0:
		return e.left(now)
	case ok && (c.stuck[key] || expired <= c.stale):
		out := e.reply
		out.ttl = 30
		return out
	}
	for range servers {
		a := servers[c.fetches%len(servers)]
		c.fetches++
		if a.status(a.addrs[0]) != resolver.Answered {
			continue
		}
		r := lookup(a.content(history, now.Add(-flight)), key)
		if r.cname {
			r.status, r.addrs = resolver.Answered, []netip.Addr{elsewhere}
		}
		r.ttl = max(r.ttl, c.clamp, a.atLeast)
		e = entry{r, now.Unix() + int64(r.ttl)}
		c.entries[key] = e
		return e.left(now)
	}
	return reply{status: resolver.ServFail}
}

func (e entry) left(now time.Time) reply {
	out := e.reply
	out.ttl = zone.TTL(e.ends - now.Unix())
	return out
}
