package inventory

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

func (r *resolver) verify() {
	t := &r.tables.Verify
	r.inv.Verify = Verify{
		Require: r.require(t.Require),
		Timeout: r.duration(t.Timeout, "verify.timeout", 10*time.Minute, time.Second),
		Rate:    r.rate(t.Rate),
	}
	seen, asked := map[string]string{}, map[string]int{}
	for i, res := range t.Resolver {
		path := pathOf("verify", "resolver", i)
		r.unique(seen, "resolver", res.Name, path)
		protocol := r.oneOf(res.Protocol, path+".protocol", "udp", "tcp", "tls", "https")
		address := r.resolverAddress(res.Address, protocol, path+".address")
		r.inv.Verify.Resolvers = append(r.inv.Verify.Resolvers, Resolver{Name: res.Name, Address: address, Protocol: protocol})
		r.askedOnce(asked, i)
	}
	n, err := strconv.Atoi(r.inv.Verify.Require)
	if count := len(t.Resolver); err == nil && count > 0 && n > count {
		r.add("bad-value", "verify.require", "require is %d, more than there are resolvers (%d)", n, count)
	}
}

// askedOnce refuses a resolver that is asked under another name already: one
// machine would count twice for the quorum. asked maps what is asked to the
// index of the first that does.
func (r *resolver) askedOnce(asked map[string]int, i int) {
	res := r.inv.Verify.Resolvers[i]
	if res.Address == "" {
		return
	}
	key := res.Protocol + " " + askedAt(res.Address)
	first, taken := asked[key]
	if !taken {
		asked[key] = i
		return
	}
	name := r.inv.Verify.Resolvers[first].Name
	if name == res.Name { // told as two of one name
		return
	}
	r.add("duplicate-address", pathOf("verify", "resolver", i, "address"), "resolvers %q and %q have one address and protocol", name, res.Name).
		beside("first at line %d", pathOf("verify", "resolver", first)).fix("one machine must not count twice")
}

// askedAt brings the address of a resolver into one form. Over https an address
// without a path is asked at /dns-query, and the end of an URI template means
// nothing (RFC 8484, section 4.1).
func askedAt(address string) string {
	u, err := url.Parse(strings.TrimSuffix(address, "{?dns}"))
	if err != nil || u.Scheme != "https" {
		return address + "/dns-query"
	}
	port, path := u.Port(), u.EscapedPath()
	if port == "" {
		port = "443"
	}
	if path == "" {
		path = "/dns-query"
	}
	at := net.JoinHostPort(strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), port) + path
	if u.RawQuery != "" {
		at += "?" + u.RawQuery
	}
	return at
}

func (r *resolver) require(q *quorum) string {
	if q == nil {
		return "all"
	}
	if *q == "all" || *q == "majority" {
		return string(*q)
	}
	n, err := strconv.Atoi(string(*q))
	if err != nil || n < 1 {
		r.add("bad-value", "verify.require", "require is %q, but must be %s", string(*q), shapeQuorum.wants())
		return "all"
	}
	return strconv.Itoa(n)
}

func (r *resolver) rate(n *int64) int {
	switch {
	case n == nil:
		return 0
	case *n < 0 || *n > maxRate:
		r.add("bad-value", "verify.rate", "rate is %d, but must be from 0 (no bound) to %d queries per second", *n, maxRate)
		return 0
	}
	return int(*n)
}

// maxRate is above what one server could answer.
const maxRate = 1_000_000

func (r *resolver) resolverAddress(s, protocol, path string) string {
	if s == "" {
		r.missing(path)
		return ""
	}
	if protocol == "https" && strings.Contains(s, "://") {
		if u, err := url.Parse(s); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
			r.add("bad-address", path, "address of a resolver over https is an IP address or an https URL")
			return ""
		}
		return s
	}
	port := map[string]uint16{"tls": 853, "https": 443}[protocol]
	at, ok := parseServer(s, max(port, 53))
	if !ok {
		r.add("bad-address", path, "%q is not an IP address, with or without a port", s).fix("as in 192.0.2.53 or [2001:db8::53]:53")
		return ""
	}
	return at.String()
}

// parseServer reads "192.0.2.53", "2001:db8::53", "[2001:db8::53]" or either
// with a port.
func parseServer(s string, port uint16) (netip.AddrPort, bool) {
	if at, err := netip.ParseAddrPort(s); err == nil {
		return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), at.Port() > 0
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if s, ok = strings.CutSuffix(inner, "]"); !ok || !strings.Contains(s, ":") {
			return netip.AddrPort{}, false
		}
	}
	a, err := netip.ParseAddr(s)
	return netip.AddrPortFrom(a.Unmap(), port), err == nil
}
