package inventory

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// record resolves the table with index j into one Record for each family.
func (r *resolver) record(s *zoneScope, j int) {
	t := &s.table.Record[j]
	rec := Record{
		Proxied: t.Proxied, ACME: t.ACME, TLSRequired: t.TLS != "", Group: t.Group, Owner: t.Owner, Comment: t.Comment,
		RoundRobin: t.RoundRobin, ReplaceCNAME: t.ReplaceCNAME, table: j,
	}
	rec.Name = r.ownerName(s, j, t.Name)
	if rec.TLSRequired && rec.Name != "" && !isHostName(rec.Name) {
		r.add("bad-value", s.path("record", j, "tls"), "tls is required, but no server can be asked for the certificate of %s", rec.Name.Display()).
			fix("leave tls out, or give the record a probe of type tls with a host that it answers for")
	}
	if rec.ACME == "http-01" && rec.Name.IsWildcard() {
		r.warn("wildcard-acme", s.path("record", j, "acme"), "acme = \"http-01\", but HTTP-01 cannot prove %s, a wildcard", rec.Name.Display()).
			fix(`say acme = "dns-01", or leave acme out`)
	}
	rec.TTL = r.inv.Defaults.TTL
	if t.TTL != nil {
		ttl, err := t.TTL.ttl()
		if err != nil {
			ttl = r.ttl(t.TTL, s.path("record", j, "ttl"), rec.TTL)
		}
		rec.TTL = ttl
	}
	r.recordWords(s, j, t)
	if t.Probe != nil {
		rec.Probe = r.recordProbe(t.Probe, s.path("record", j, "probe"), rec.Name)
	}
	v4, v6, hosts := r.recordAddresses(s, j, t)
	if rec.Name == "" {
		return
	}
	if r.names != nil {
		r.names[rec.Name] = true
	}
	if t.Group != "" {
		r.groups[t.Group] = true
	}
	if len(v4) > 0 {
		s.Records = append(s.Records, rec.with(zone.A, v4, hosts[zone.A]))
	}
	if len(v6) > 0 {
		s.Records = append(s.Records, rec.with(zone.AAAA, v6, hosts[zone.AAAA]))
	}
}

func (r Record) with(t zone.Type, addrs []netip.Addr, hosts []string) Record {
	r.Type, r.Addrs, r.Hosts = t, addrs, hosts
	return r
}

// recordWords checks acme, tls and proxied.
func (r *resolver) recordWords(s *zoneScope, j int, t *recordTable) {
	if t.ACME != "" {
		r.oneOf(&t.ACME, s.path("record", j, "acme"), "http-01", "dns-01", "none")
	}
	if t.TLS != "" {
		r.oneOf(&t.TLS, s.path("record", j, "tls"), "required")
	}
	if t.Proxied == nil || !*t.Proxied {
		return
	}
	if !s.proxy {
		r.add("no-proxy", s.path("record", j, "proxied"), "proxied = true, but the provider %q has no proxy", s.Provider)
		return
	}
	if t.TTL != nil {
		r.warn("proxied-ttl", s.path("record", j, "ttl"), "ttl has no effect while %s is proxied", t.Name).
			fix("leave ttl out")
	}
}

// ownerName resolves the name of a record; it is empty when something is wrong.
func (r *resolver) ownerName(s *zoneScope, j int, text string) zone.Name {
	if text == "" {
		r.missing(s.path("record", j, "name"))
		return ""
	}
	if text == "@" || s.Name == "" {
		return s.Name
	}
	n, err := zone.ParseName(text)
	if err != nil {
		r.add("bad-name", s.path("record", j, "name"), "%s", err)
		return ""
	}
	if bad := badChar(asWritten(text, n)); bad != "" {
		r.add("bad-name", s.path("record", j, "name"), "name %q: %s", text, bad)
		return ""
	}
	if strings.HasSuffix(text, ".") {
		if !n.IsSubdomainOf(s.Name) {
			r.add("outside-zone", s.path("record", j, "name"), "%s lies outside the zone %s", n.Display(), s.Name.Display())
			return ""
		}
	} else if n = r.relativeName(s, j, text, n); n == "" {
		return ""
	}
	r.notIgnored(s, j, n)
	return n
}

// relativeName puts the zone behind a relative name. An absolute name without
// its final dot would become www.example.org.example.org, so it is an error.
func (r *resolver) relativeName(s *zoneScope, j int, text string, n zone.Name) zone.Name {
	if s.Name == zone.Root {
		return n
	}
	if n.IsSubdomainOf(s.Name) {
		p := r.add("absolute-name", s.path("record", j, "name"), "name %q is relative, so it would become %s%s", text, n, s.Name.Display())
		p.fix("did you mean %q?", n.Relative(s.Name))
		return ""
	}
	full := n + s.Name
	if len(full) > 255 {
		if _, err := zone.ParseName(string(full)); err != nil {
			r.add("bad-name", s.path("record", j, "name"), "%s", err)
			return ""
		}
	}
	return full
}

func (r *resolver) notIgnored(s *zoneScope, j int, n zone.Name) {
	if len(s.Ignore) == 0 || !zone.MatchAny(s.Ignore, n, s.Name) {
		return
	}
	for i, text := range s.table.Ignore {
		if g, err := zone.ParseGlob(text); err == nil && g.Match(n, s.Name) {
			r.add("ignored", s.path("record", j, "name"), "%s is wanted here, but ignored by %q", n.Display(), text).
				beside("at line %d", s.path("ignore", i))
			return
		}
	}
}

// asWritten returns what badChar looks at: the text, in which an escape says
// that its octet is meant, or what a text with U-labels has become. Such a text
// has no escapes (ParseName), so those of n hide octets that were typed as such.
func asWritten(text string, n zone.Name) string {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return strings.ReplaceAll(string(n), `\`, "")
		}
	}
	return text
}

// badChar says what is wrong with the characters of a name. RFC 1035 allows any
// octet, but in an address record's name others than these are typing mistakes;
// escapes (\X, \DDD) stand for what is meant.
func badChar(n string) string {
	for i := 0; i < len(n); i++ {
		switch c := n[i]; {
		case isBare(rune(c)), c == '.':
		case c == '\\':
			i++
		case isWildcardAt(n, i):
		case c == '*':
			return "* stands for itself only, as the leftmost label"
		default:
			return fmt.Sprintf("%q is not allowed in a name", c)
		}
	}
	return ""
}

// isWildcardAt tells whether the byte at i is the lone asterisk in front.
func isWildcardAt(n string, i int) bool {
	return i == 0 && n[0] == '*' && (len(n) == 1 || n[1] == '.')
}

// recordAddresses returns the addresses of both families, and for each family
// the hosts that they came from.
func (r *resolver) recordAddresses(s *zoneScope, j int, t *recordTable) (v4, v6 []netip.Addr, hosts map[zone.Type][]string) {
	v4 = r.literal(s, j, t.A, zone.A, "a")
	v6 = r.literal(s, j, t.AAAA, zone.AAAA, "aaaa")
	k4, k6 := "a", "aaaa"
	if len(t.Hosts) > 0 {
		hosts = map[zone.Type][]string{}
		h4, h6 := r.hostAddresses(s, j, t, hosts)
		v4, k4 = r.onlyOne(s, j, "a", v4, h4)
		v6, k6 = r.onlyOne(s, j, "aaaa", v6, h6)
	}
	if len(t.A)+len(t.AAAA)+len(t.Hosts) == 0 {
		r.noAddress(s, j, t)
		return nil, nil, nil
	}
	r.emptyLists(s, j, t)
	r.roundRobin(s, j, t, k4, v4)
	r.roundRobin(s, j, t, k6, v6)
	return v4, v6, hosts
}

// literal parses a list of addresses. The usual list of one good address needs
// no path for messages, which a large file would feel.
func (r *resolver) literal(s *zoneScope, j int, list []string, family zone.Type, key string) []netip.Addr {
	switch len(list) {
	case 0:
		return nil
	case 1:
		if a, err := netip.ParseAddr(list[0]); err == nil && zone.TypeOf(a) == family && !a.Is4In6() && a.Zone() == "" {
			return []netip.Addr{a}
		}
	}
	return r.addresses(list, family, s.path("record", j), key)
}

func (r *resolver) noAddress(s *zoneScope, j int, t *recordTable) {
	if !r.undecoded(s.path("record", j, "a"), s.path("record", j, "aaaa"), s.path("record", j, "hosts")) {
		r.add("no-address", s.path("record", j), "record %q has no address", t.Name).fix("give it hosts, a or aaaa")
	}
}

// emptyLists warns of a list that reads like "none wanted" and means nothing.
func (r *resolver) emptyLists(s *zoneScope, j int, t *recordTable) {
	for _, l := range []struct {
		key  string
		list []string
	}{{"a", t.A}, {"aaaa", t.AAAA}, {"hosts", t.Hosts}} {
		if l.list != nil && len(l.list) == 0 {
			r.warn("empty-list", s.path("record", j, l.key), "%s is empty, which deletes nothing", l.key).fix("leave it out")
		}
	}
}

// onlyOne takes the addresses of hosts or the literal ones of a family, and
// the key they came from. Both at once is an error: nobody could tell whether
// they are meant together.
func (r *resolver) onlyOne(s *zoneScope, j int, key string, literal, fromHosts []netip.Addr) ([]netip.Addr, string) {
	switch {
	case len(literal) == 0:
		return fromHosts, "hosts"
	case len(fromHosts) > 0:
		r.add("hosts-and-literal", s.path("record", j, key), "hosts gives addresses of this family too").
			fix("leave out %s or hosts", key)
	}
	return literal, key
}

func (r *resolver) roundRobin(s *zoneScope, j int, t *recordTable, key string, addrs []netip.Addr) {
	if len(addrs) > 1 && !t.RoundRobin {
		r.add("round-robin", s.path("record", j, key), "%s has %d %s addresses", t.Name, len(addrs), familyName(zone.TypeOf(addrs[0]))).
			fix("if clients shall spread over them, say round_robin = true")
	}
}

// hostAddresses collects the addresses of all hosts of a record.
func (r *resolver) hostAddresses(s *zoneScope, j int, t *recordTable, from map[zone.Type][]string) (v4, v6 []netip.Addr) {
	for k, name := range t.Hosts {
		path := s.path("record", j, "hosts", k)
		if !r.knownHost(name, path) {
			continue
		}
		if slices.Contains(t.Hosts[:k], name) {
			r.warn("duplicate-host", path, "host %q stands twice", name)
			continue
		}
		h := r.inv.Hosts[r.hosts[name]]
		if len(h.IPv4) > 0 {
			v4, from[zone.A] = append(v4, h.IPv4...), append(from[zone.A], name)
		}
		if len(h.IPv6) > 0 {
			v6, from[zone.AAAA] = append(v6, h.IPv6...), append(from[zone.AAAA], name)
		}
	}
	return sortedSet(v4), sortedSet(v6)
}

func sortedSet(addrs []netip.Addr) []netip.Addr {
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs)
}
