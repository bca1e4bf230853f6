package inventory

import (
	"net/netip"
	"slices"
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

	hosts     map[string]int    // name -> index in inv.Hosts
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
	r.backup()
	r.resolveProviders()
	r.resolveHosts()
	r.resolveZones()
	r.windows()
	r.failovers()
	r.vantages()
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

		OnFailure:  r.oneOf(t.OnFailure, "defaults.on_failure", Rollback, Hold),
		MaxPlanAge: r.duration(t.MaxPlanAge, "defaults.max_plan_age", 0, time.Minute),
	}
}

func (r *resolver) backup() {
	r.inv.Backup.Keep = r.duration(r.tables.Backup.Keep, "backup.keep", 0, 24*time.Hour)
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
			Challenge:  r.challenge(t.Challenge, path+".challenge"),
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
