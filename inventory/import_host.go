package inventory

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// pool finds the machines behind the records of one zone.
type pool struct {
	zone    zone.Name
	records []Record
	// users are the indexes of the records that hold an address; shared ones
	// have two at least, in the order of the records.
	users map[netip.Addr][]int
	known []Host
	taken map[string]bool
	hosts []Host
	of    map[netip.Addr]int // index in hosts
}

// assignHosts makes a host of every address that two or more names have, names
// the hosts in the records, and returns them. A record refers to hosts with all
// of its addresses, or with none. An IPv4 and an IPv6 address that stand at the
// same names, in tables that say the same, are one host.
func assignHosts(z zone.Name, records []Record, known []Host) []Host {
	p := &pool{
		zone: z, records: records, known: known,
		users: map[netip.Addr][]int{}, taken: map[string]bool{}, of: map[netip.Addr]int{},
	}
	for i, r := range records {
		for _, a := range r.Addrs {
			p.users[a] = append(p.users[a], i)
		}
	}
	groups := map[string][]netip.Addr{}
	shared := p.shared()
	for _, a := range shared {
		places := p.places(a)
		groups[places] = append(groups[places], a)
	}
	for _, a := range shared {
		if _, done := p.of[a]; !done {
			p.add(groups[p.places(a)], a)
		}
	}
	for i := range records {
		if p.covered(i) {
			for _, a := range records[i].Addrs {
				records[i].Hosts = append(records[i].Hosts, p.hosts[p.of[a]].Name)
			}
		}
	}
	return p.hosts
}

// shared are the addresses of two or more names, in order.
func (p *pool) shared() []netip.Addr {
	var out []netip.Addr
	for a, users := range p.users {
		if len(users) > 1 {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}

// covered tells whether every address of a record is shared.
func (p *pool) covered(i int) bool {
	return !slices.ContainsFunc(p.records[i].Addrs, func(a netip.Addr) bool { return len(p.users[a]) < 2 })
}

// places is equal for an IPv4 and an IPv6 address that can be one host: they
// stand at the same names, and each name has one table for both.
func (p *pool) places(a netip.Addr) string {
	var b strings.Builder
	for _, i := range p.users[a] {
		b.WriteString(string(p.records[i].Name) + "\n")
		if !p.pairs(i) {
			return b.String() + a.String()
		}
	}
	return b.String()
}

// pairs tells whether a record and that of the other family fit into one table
// and name hosts alone.
func (p *pool) pairs(i int) bool {
	if !p.covered(i) {
		return false
	}
	for _, j := range []int{i - 1, i + 1} {
		if j >= 0 && j < len(p.records) && oneTable(p.records[i], p.records[j]) {
			return p.covered(j)
		}
	}
	return false
}

// add makes the host of an address, with the other one of its group if there
// are just the two and they differ in family.
func (p *pool) add(group []netip.Addr, a netip.Addr) {
	addrs := []netip.Addr{a}
	if len(group) == 2 && group[0].Is4() != group[1].Is4() {
		addrs = group
	}
	var h Host
	for _, m := range addrs {
		p.of[m] = len(p.hosts)
		if m.Is4() {
			h.IPv4 = []netip.Addr{m}
		} else {
			h.IPv6 = []netip.Addr{m}
		}
	}
	if same := slices.IndexFunc(p.known, func(k Host) bool {
		return !p.taken[k.Name] && slices.Equal(k.IPv4, h.IPv4) && slices.Equal(k.IPv6, h.IPv6)
	}); same >= 0 {
		h.Name, h.ACMEClient = p.known[same].Name, p.known[same].ACMEClient
	} else {
		h.Name = p.free(p.telling(a), len(h.IPv4) == 0)
	}
	p.taken[h.Name] = true
	p.hosts = append(p.hosts, h)
}

// free is the first of name, name-v6 for a host of IPv6 alone, name-2, name-3
// and so on that no host has yet.
func (p *pool) free(name string, six bool) string {
	try := name
	if p.taken[try] && six {
		name += "-v6"
		try = name
	}
	for n := 2; p.taken[try]; n++ {
		try = name + "-" + strconv.Itoa(n)
	}
	return try
}

// telling makes a host's name out of the owner name that tells most of the
// machine: one that has this address alone, whose name is no wildcard, not the
// apex and not that of a service, that ends in a digit as machines' names do,
// and that is short.
func (p *pool) telling(a netip.Addr) string {
	var names []zone.Name
	for _, i := range p.users[a] {
		if len(p.records[i].Addrs) == 1 {
			names = append(names, p.records[i].Name)
		}
	}
	if len(names) == 0 {
		for _, i := range p.users[a] {
			names = append(names, p.records[i].Name)
		}
	}
	best := slices.MinFunc(names, func(m, n zone.Name) int {
		return cmp.Or(cmp.Compare(p.vague(m), p.vague(n)), cmp.Compare(len(m), len(n)), zone.CompareNames(m, n))
	})
	if best == p.zone {
		best = zone.Name(best.Display())
		label, _, _ := strings.Cut(string(best), ".")
		return hostWord(label)
	}
	return hostWord(best.Relative(p.zone))
}

// vague is how little a name tells of the machine behind it.
func (p *pool) vague(n zone.Name) int {
	first, _, _ := strings.Cut(n.Relative(p.zone), ".")
	word := strings.TrimRight(first, "0123456789")
	switch {
	case n == p.zone || n.IsWildcard():
		return 3
	case slices.Contains(services(), word):
		return 2
	case word != first:
		return 0
	}
	return 1
}

// services are names that move from machine to machine.
func services() []string {
	return []string{
		"www", "mail", "smtp", "imap", "pop", "mx", "webmail", "autoconfig", "autodiscover", "ftp", "ns",
		"dns", "api", "app", "cdn", "static", "blog", "shop", "m", "dev", "test", "staging", "status", "vpn",
	}
}

// hostWord leaves only what a name of a host reads well with.
func hostWord(s string) string {
	s = strings.Trim(strings.Map(func(c rune) rune {
		if isBare(c) || c == '.' {
			return c
		}
		return '-'
	}, s), "-._")
	if s == "" {
		return "host"
	}
	return s
}
