package inventory

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// zoneScope is what the records of one [[zone]] table need to know of it.
type zoneScope struct {
	*Zone
	index int
	table *zoneTable
	proxy bool // the provider can proxy, or is not known
}

// path returns the path of the zone's table, or of something in it.
func (s *zoneScope) path(parts ...any) string {
	return pathOf(append([]any{"zone", s.index}, parts...)...)
}

func (r *resolver) resolveZones() {
	r.groups = map[string]bool{}
	if len(r.tables.Failover) > 0 {
		r.names = map[zone.Name]bool{}
	}
	seen, places := map[string]string{}, map[zonePlace]*zoneScope{}
	r.inv.Zones = make([]Zone, len(r.tables.Zone))
	for i := range r.tables.Zone {
		t := &r.tables.Zone[i]
		s := &zoneScope{Zone: &r.inv.Zones[i], index: i, table: t}
		s.View, s.Provider, s.Prune = t.View, t.Provider, t.Prune
		r.zoneName(s, seen)
		r.zoneView(s)
		r.zoneProvider(s)
		r.onePlace(s, places)
		r.zoneServers(s)
		s.Ignore = r.globs(t.Ignore, s.path("ignore"))
		s.Protect = r.globs(t.Protect, s.path("protect"))
		r.records(s)
	}
}

func (r *resolver) zoneName(s *zoneScope, seen map[string]string) {
	path := s.path("name")
	if s.table.Name == "" {
		r.missing(path)
		return
	}
	n, err := zone.ParseName(s.table.Name)
	if err != nil {
		r.add("bad-name", path, "%s", err)
		return
	}
	if bad := badChar(asWritten(s.table.Name, n)); bad != "" {
		r.add("bad-name", path, "name %q: %s", s.table.Name, bad)
		return
	}
	s.Name = n
	key := string(n) + " " + s.View
	if first, ok := seen[key]; ok {
		p := r.add("duplicate-name", path, "zone %q is given twice", n.Display()).beside("first at line %d", first)
		p.fix("a second view of it needs another view = name, and a provider of its own")
		return
	}
	seen[key] = s.path()
}

// zoneView checks the view, which becomes part of file names.
func (r *resolver) zoneView(s *zoneScope) {
	odd := func(c rune) bool { return !isBare(c) }
	if len(s.View) > 63 || strings.ContainsFunc(s.View, odd) {
		r.add("bad-value", s.path("view"), "view %q must be at most 63 letters, digits, hyphens or underscores", s.View)
	}
}

func (r *resolver) zoneProvider(s *zoneScope) {
	path := s.path("provider")
	if s.Provider == "" {
		r.missing(path)
		s.proxy = true
		return
	}
	typ, ok := r.providers[s.Provider]
	s.proxy = !ok || typ == "cloudflare" || !slices.Contains(providerTypes(), typ)
	if !ok {
		names := slices.Sorted(maps.Keys(r.providers))
		r.add("unknown-provider", path, "unknown provider %q", s.Provider).suggest(s.Provider, names)
	}
}

// zonePlace is where a zone's live records are: one provider cannot tell two
// views of a zone apart, nor can two that keep files in one folder.
type zonePlace struct {
	name     zone.Name
	provider string // empty for a folder
	folder   string
}

// onePlace refuses a zone that another table has in the same place: each would
// take the other's records for drift. Two tables of one view were told already.
func (r *resolver) onePlace(s *zoneScope, places map[zonePlace]*zoneScope) {
	if _, known := r.providers[s.Provider]; !known || s.Name == "" {
		return
	}
	at := zonePlace{name: s.Name, provider: s.Provider}
	if folder, ok := r.folders[s.Provider]; ok {
		at.provider, at.folder = "", folder
	}
	first, taken := places[at]
	switch {
	case !taken:
		places[at] = s
	case first.View == s.View:
	case first.Provider == s.Provider:
		r.add("shared-zone", s.path("provider"), "provider %q has zone %s in two views", s.Provider, s.Name.Display()).
			beside("first at line %d", first.path()).fix("each view needs a provider of its own")
	default:
		r.add("shared-zone", s.path("provider"), "providers %q and %q keep zone %s in one file", first.Provider, s.Provider, s.Name.Display()).
			beside("first at line %d", first.path()).fix("each view needs a folder of its own")
	}
}

func (r *resolver) zoneServers(s *zoneScope) {
	s.ServersGiven = s.table.Servers != nil
	for i, text := range s.table.Servers {
		at, ok := parseServer(text, 53)
		if !ok {
			p := r.add("bad-address", s.path("servers", i), "%q is not an IP address, with or without a port", text)
			p.fix("as in 192.0.2.53 or [2001:db8::53]:5353")
			continue
		}
		if slices.Contains(s.Servers, at) {
			r.warn("duplicate-address", s.path("servers", i), "servers: %q stands twice", text)
			continue
		}
		s.Servers = append(s.Servers, at)
	}
}

func (r *resolver) globs(list []string, path string) []zone.Glob {
	var out []zone.Glob
	for i, text := range list {
		g, err := zone.ParseGlob(text)
		if err != nil {
			r.add("bad-pattern", pathOf(path, i), "%s", err)
			continue
		}
		out = append(out, g)
	}
	return out
}

func (r *resolver) records(s *zoneScope) {
	s.Records = make([]Record, 0, len(s.table.Record))
	for j := range s.table.Record {
		r.record(s, j)
	}
	sortRecords(s.Records)
	for lo := 0; lo < len(s.Records); {
		hi := lo + 1
		for hi < len(s.Records) && s.Records[hi].Name == s.Records[lo].Name {
			hi++
		}
		if hi-lo > 1 {
			r.sameName(s, s.Records[lo:hi])
		}
		lo = hi
	}
	if len(s.Records) == 0 {
		s.Records = nil
	}
}

// sortRecords brings records into canonical order; those of one key stay in the
// order of the file. Names are turned around once and not in each comparison,
// which a large zone would feel.
func sortRecords(records []Record) {
	type entry struct {
		name  string
		typ   zone.Type
		table int
		index int
	}
	compare := func(a, b entry) int {
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(a.typ, b.typ), cmp.Compare(a.table, b.table))
	}
	order := make([]entry, len(records))
	for i, r := range records {
		order[i] = entry{name: turned(r.Name), typ: r.Type, table: r.table, index: i}
	}
	if slices.IsSortedFunc(order, compare) {
		return
	}
	slices.SortFunc(order, compare)
	for i := range order { // along each cycle, so that no second list is needed
		first := records[i]
		for to := i; order[to].index != to; {
			from := order[to].index
			order[to].index = to
			if from == i {
				records[to] = first
				break
			}
			records[to] = records[from]
			to = from
		}
	}
}

// turned returns the labels of a name from the right with zero bytes between,
// which sorts below all that a label holds. Comparing the result as text
// compares the names as zone.CompareNames does.
func turned(n zone.Name) string {
	if !strings.Contains(string(n), `\`) {
		return turnedPlain(string(n))
	}
	return n.SortKey()
}

// turnedPlain is turned for a name without escapes.
func turnedPlain(n string) string {
	out := make([]byte, 0, len(n))
	for rest := strings.TrimSuffix(n, "."); rest != ""; {
		i := strings.LastIndexByte(rest, '.')
		if len(out) > 0 {
			out = append(out, 0)
		}
		out = append(out, rest[i+1:]...)
		rest = rest[:max(i, 0)]
	}
	return string(out)
}

// sameName checks the sets of one name against each other, and gives what is
// said at one of them to all.
func (r *resolver) sameName(s *zoneScope, sets []Record) {
	first := slices.MinFunc(sets, func(a, b Record) int { return cmp.Compare(a.table, b.table) })
	told := map[int]bool{first.table: true}
	var proxied *Record
	replace := false
	for i := range sets {
		rec := &sets[i]
		if i > 0 && rec.Key == sets[i-1].Key {
			r.givenTwice(s, sets[i-1], *rec)
			told[rec.table] = true
			continue
		}
		if rec.Group != first.Group && !told[rec.table] {
			told[rec.table] = true
			r.add("group-mismatch", s.path("record", rec.table, "group"), "%s has the group %q here and %q elsewhere", rec.Name.Display(), rec.Group, first.Group).
				beside("A and AAAA of one name share it; see line %d", s.path("record", first.table))
		}
		replace = replace || rec.ReplaceCNAME
		switch {
		case rec.Proxied == nil:
		case proxied == nil:
			proxied = rec
		case *proxied.Proxied != *rec.Proxied:
			one, other := *proxied, *rec
			if one.table > other.table {
				one, other = other, one
			}
			r.add("proxied-mismatch", s.path("record", other.table, "proxied"), "%s is proxied = %t here and %t elsewhere", rec.Name.Display(), *other.Proxied, *one.Proxied).
				beside("A and AAAA of one name share it; see line %d", s.path("record", one.table))
		}
	}
	for i := range sets {
		sets[i].ReplaceCNAME = replace
		if proxied != nil {
			sets[i].Proxied = proxied.Proxied
		}
	}
}

func (r *resolver) givenTwice(s *zoneScope, first, second Record) {
	where := s.path("record", first.table)
	if first.TTL != second.TTL {
		r.add("two-ttls", s.path("record", second.table, "name"), "%s %s is given twice, with two TTLs (%d and %d)", second.Name.Display(), second.Type, first.TTL, second.TTL).
			beside("first at line %d", where)
		return
	}
	r.add("duplicate-rrset", s.path("record", second.table, "name"), "%s %s is given twice", second.Name.Display(), second.Type).
		beside("first at line %d", where).fix("write all addresses in one table")
}
