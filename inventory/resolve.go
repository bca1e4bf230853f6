package inventory

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// resolver turns tables into an Inventory. It goes on after every mistake, so
// that all are told.
type resolver struct {
	*report
	tables *tables
	inv    *Inventory

	hosts     map[string]int // name -> index in inv.Hosts
	providers map[string]string // name -> type
	folders   map[string]string // name of a provider of files -> where they lie
	groups    map[string]bool
	names     map[zone.Name]bool // owner names that are wanted somewhere
}

func (r *resolver) run() {
	r.version()
	r.defaults()
	r.verify()
	r.check()
	r.resolveProviders()
	r.resolveHosts()
	r.resolveZones()
	r.windows()
	r.failovers()
	r.notifies()
}

func (r *resolver) version() {
	switch v := r.tables.Version; {
	case v == nil:
		r.add("version", "version", "version is missing").fix("write version = 1 on top")
	case *v != 1:
		r.add("version", "version", "version is %d, but this dnsplan reads version 1", *v)
	}
}

func (r *resolver) defaults() {
	t := &r.tables.Defaults
	r.inv.Defaults = Defaults{
		TTL:       r.ttl(t.TTL, "defaults.ttl", 3600),
		ChangeTTL: r.ttl(t.ChangeTTL, "defaults.change_ttl", 300),
		Settle:    r.duration(t.Settle, "defaults.settle", 10*time.Minute, 0),
		Strategy:  r.oneOf(t.Strategy, "defaults.strategy", Staged, Direct),
	}
}

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
	r.add("duplicate-address", pathOf("verify", "resolver", i, "address"), "resolver %q asks %s over %s, as %q does", res.Name, res.Address, res.Protocol, name).
		beside("first at line %d", pathOf("verify", "resolver", first)).fix("one machine must not count twice")
}

// askedAt brings the address of a resolver into one form. An address without a
// path is asked at /dns-query over https, as RFC 8484 has it in its examples.
func askedAt(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return address + "/dns-query"
	}
	port, path := u.Port(), u.EscapedPath()
	if port == "" {
		port = "443"
	}
	if path == "" || path == "/" {
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

func (r *resolver) check() {
	t := &r.tables.Check
	r.inv.Check = Check{HTTPPort: 80, AllowReserved: t.AllowReserved != nil && *t.AllowReserved}
	if p := t.HTTPPort; p != nil {
		r.inv.Check.HTTPPort = int(*p)
		if *p < 1 || *p > 65535 {
			r.add("bad-value", "check.http_port", "http_port is %d, but must be from 1 to 65535", *p)
		}
	}
}

func (r *resolver) resolveHosts() {
	r.hosts = map[string]int{}
	seen := map[string]string{}
	for i, t := range r.tables.Host {
		path := pathOf("host", i)
		h := Host{
			Name:       t.Name,
			IPv4:       r.addresses(t.IPv4, zone.A, path, "ipv4"),
			IPv6:       r.addresses(t.IPv6, zone.AAAA, path, "ipv6"),
			ACMEClient: t.ACMEClient,
		}
		if r.unique(seen, "host", t.Name, path) {
			r.hosts[t.Name] = i
		}
		if len(t.IPv4)+len(t.IPv6) == 0 && !r.undecoded(path+".ipv4", path+".ipv6") {
			r.add("no-address", path, "host %q has no address", t.Name).fix("give it ipv4, ipv6 or both")
		}
		r.inv.Hosts = append(r.inv.Hosts, h)
	}
}

// undecoded tells whether one of the paths holds a value of the wrong type,
// which was told already.
func (r *resolver) undecoded(paths ...string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return r.doc.bad[p] })
}

// missing reports a key that a table must have.
func (r *resolver) missing(path string) {
	r.add("missing-key", path, "%s is missing", path[strings.LastIndexByte(path, '.')+1:])
}

// unique checks the name of a table and tells whether it is the first of that
// name. seen maps names to the path of their table.
func (r *resolver) unique(seen map[string]string, what, name, path string) bool {
	if name == "" {
		r.missing(path + ".name")
		return false
	}
	if first, ok := seen[name]; ok {
		r.add("duplicate-name", path+".name", "%s %q is given twice", what, name).beside("first at line %d", first)
		return false
	}
	seen[name] = path
	return true
}

// oneOf checks a word; the first of allowed is the default.
func (r *resolver) oneOf(s *string, path string, allowed ...string) string {
	if s == nil {
		return allowed[0]
	}
	if !slices.Contains(allowed, *s) {
		key := path[strings.LastIndexByte(path, '.')+1:]
		p := r.add("bad-value", path, "%s is %q, but must be %s", key, *s, orList(allowed))
		p.Fix = didYouMean(*s, allowed)
		return allowed[0]
	}
	return *s
}

// orList writes "a, b or c".
func orList(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

func (r *resolver) ttl(s *span, path string, fallback zone.TTL) zone.TTL {
	if s == nil {
		return fallback
	}
	t, err := s.ttl()
	if err != nil {
		r.add("bad-ttl", path, "%s: %s", path[strings.LastIndexByte(path, '.')+1:], err)
		return fallback
	}
	return t
}

func (r *resolver) duration(s *span, path string, fallback, least time.Duration) time.Duration {
	if s == nil {
		return fallback
	}
	key := path[strings.LastIndexByte(path, '.')+1:]
	d, err := s.duration()
	switch {
	case err != nil:
		r.add("bad-duration", path, "%s: %s", key, err)
		return fallback
	case d < least:
		r.add("bad-duration", path, "%s is %q, but must be %s at least", key, string(*s), zone.FormatDuration(least))
		return fallback
	case d > zone.MaxTTL.Duration(): // what a plan may wait
		r.add("bad-duration", path, "%s is %q, but must be %s at most", key, string(*s), zone.FormatDuration(zone.MaxTTL.Duration()))
		return fallback
	}
	return d
}

// addresses parses a list of one family, sorts it and drops what stands twice.
func (r *resolver) addresses(list []string, family zone.Type, path, key string) []netip.Addr {
	if len(list) == 0 {
		return nil
	}
	out := make([]netip.Addr, 0, len(list))
	for i, s := range list {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			r.add("bad-address", pathOf(path, key, i), "%s: %q is not an IP address", key, s)
			continue
		}
		if zone.TypeOf(a) != family {
			p := r.add("family-mismatch", pathOf(path, key, i), "%s: %q is an %s address", key, s, familyName(zone.TypeOf(a)))
			p.fix("write it under %s", otherKey(key))
			continue
		}
		if a.Is4In6() {
			r.add("bad-address", pathOf(path, key, i), "%s: %q is an IPv4 address in IPv6 form", key, s)
			continue
		}
		if slices.Contains(out, a) {
			r.warn("duplicate-address", pathOf(path, key, i), "%s: %s stands twice", key, a)
			continue
		}
		out = append(out, a)
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}

func familyName(t zone.Type) string {
	if t == zone.A {
		return "IPv4"
	}
	return "IPv6"
}

func otherKey(key string) string {
	return map[string]string{"a": "aaaa", "aaaa": "a", "ipv4": "ipv6", "ipv6": "ipv4"}[key]
}
