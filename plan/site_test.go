package plan_test

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// site is one zone of a test, live and desired, as zone-file lines. Words
// behind the addresses say what a zone file cannot:
//
//	live  proxied, auto (TTL), foreign=alias
//	want  proxied=on, proxied=off, group=web, replace (a CNAME), probe=http,
//	      acme, challenge (at any address), challenge=public, certificate
type site struct {
	zone, view      string
	live, want      string
	prune           bool
	blind           string
	ignore, protect string // patterns between blanks
	minTTL, maxTTL  zone.TTL
	noSOA           bool
	cached          map[string]zone.TTL // "www.example.org. A"
	servers         []string
}

func (s site) name() zone.Name {
	if s.zone == "" {
		return "example.org."
	}
	return zone.MustParseName(s.zone)
}

// snapshot is the live side. Its SOA gives a negative TTL of 900 seconds.
func (s site) snapshot(t testing.TB) *zone.Snapshot {
	t.Helper()
	live := &zone.Snapshot{Zone: s.name(), Blind: s.blind}
	if !s.noSOA {
		live.Others = append(live.Others, zone.Record{Name: s.name(), Type: "SOA", TTL: 3600, Data: "ns1 hostmaster 1 7200 900 1209600 900"})
	}
	for l := range strings.Lines(s.live) {
		f := strings.Fields(l)
		if len(f) == 0 {
			continue
		}
		name, ttl := head(t, s.name(), f)
		kind, err := zone.ParseType(f[2])
		if err != nil {
			live.Others = append(live.Others, zone.Record{Name: name, Type: f[2], TTL: ttl, Data: strings.Join(f[3:], " ")})
			continue
		}
		live.RRsets = append(live.RRsets, liveSet(t, zone.RRset{Key: zone.Key{Name: name, Type: kind}, TTL: ttl}, f[3:]))
	}
	live.Sort()
	return live
}

func liveSet(t testing.TB, r zone.RRset, words []string) zone.RRset {
	t.Helper()
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "proxied":
			r.Proxied, r.Auto, r.TTL = true, true, zone.AutoTTL
		case "auto":
			r.Auto, r.TTL = true, zone.AutoTTL
		case "mixed":
			r.Mixed = true
		case "foreign":
			r.Foreign = value
		case "comment", "tag": // of the address before it
			if r.Members = append(r.Members, make([]zone.Member, len(r.Addrs)-len(r.Members))...); key == "tag" {
				r.Members[len(r.Members)-1].Tags = append(r.Members[len(r.Members)-1].Tags, value)
			} else {
				r.Members[len(r.Members)-1].Comment = value
			}
		default:
			r.Addrs = append(r.Addrs, parseAddr(t, w))
		}
	}
	return r
}

// desired is the other side.
func (s site) desired(t testing.TB) *plan.Desired {
	t.Helper()
	d := &plan.Desired{
		ZoneRef: plan.ZoneRef{Zone: s.name(), View: s.view}, Provider: "cf", Prune: s.prune, MinTTL: s.minTTL, MaxTTL: s.maxTTL,
		Servers: s.servers, Discover: s.servers == nil, Ignore: globs(t, s.ignore), Protect: globs(t, s.protect),
	}
	for l := range strings.Lines(s.want) {
		if f := strings.Fields(l); len(f) > 0 {
			d.Records = append(d.Records, wanted(t, s.name(), f))
		}
	}
	slices.SortFunc(d.Records, func(a, b plan.Record) int { return zone.CompareKeys(a.Key, b.Key) })
	for key, ttl := range s.cached {
		if d.Cached == nil {
			d.Cached = map[zone.Key]zone.TTL{}
		}
		name, kind, _ := strings.Cut(key, " ")
		k := zone.Key{Name: zone.Name(name)}
		if err := k.Type.UnmarshalText([]byte(kind)); err != nil {
			t.Fatal(err)
		}
		d.Cached[k] = ttl
	}
	return d
}

func wanted(t testing.TB, z zone.Name, f []string) plan.Record {
	t.Helper()
	var r plan.Record
	var err error
	r.Name, r.TTL = head(t, z, f)
	if r.Type, err = zone.ParseType(f[2]); err != nil {
		t.Fatal(err)
	}
	on, off := true, false
	for _, w := range f[3:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "proxied":
			r.Proxied = map[string]*bool{"on": &on, "off": &off}[value]
		case "group":
			r.Group = value
		case "replace":
			r.ReplaceCNAME = true
		case "probe":
			r.Probe = probes()[value]
		case "acme":
			r.ACME = plan.HTTP01
		case "challenge":
			r.ACME = plan.HTTP01
			r.Challenge = &plan.Challenge{Port: 80, HTTPSPort: 443, Planter: plan.DefaultPlanter, AllowReserved: value == ""}
		case "certificate":
			r.Certificate = &plan.Probe{Type: plan.ProbeTLS, Port: 443, Host: r.Name.Display(), Timeout: 5}
		default:
			r.Addrs = append(r.Addrs, parseAddr(t, w))
		}
	}
	slices.SortFunc(r.Addrs, netip.Addr.Compare)
	return r
}

// head reads the owner name and the TTL of a line.
func head(t testing.TB, z zone.Name, f []string) (zone.Name, zone.TTL) {
	t.Helper()
	name := z
	if f[0] != "@" {
		name = zone.MustParseName(f[0] + "." + string(z))
	}
	ttl, err := strconv.ParseUint(f[1], 10, 32)
	if err != nil {
		t.Fatalf("TTL of %q: %v", f, err)
	}
	return name, zone.TTL(ttl)
}

func parseAddr(t testing.TB, s string) netip.Addr {
	t.Helper()
	a, err := netip.ParseAddr(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func globs(t testing.TB, patterns string) (out []zone.Glob) {
	t.Helper()
	for p := range strings.FieldsSeq(patterns) {
		g, err := zone.ParseGlob(p)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, g)
	}
	return out
}

func (s site) diff(t testing.TB) plan.ZoneDiff {
	t.Helper()
	return plan.Diff(s.desired(t), s.snapshot(t), plan.Selection{})
}

// The id and the time of every plan here.
const planID = "01KAR5TQ6B8M2J4Z7XW9C3D5EF"

func origin() plan.Origin {
	return plan.Origin{
		ID: planID, Created: time.Date(2026, 11, 23, 7, 0, 0, 999, time.FixedZone("CET", 3600)),
		Inventory: plan.Inventory{Path: "inventory.toml", SHA256: "5eed"},
	}
}

func policy() plan.Policy {
	return plan.Policy{
		Strategy: plan.Staged, ChangeTTL: 300, Settle: 600, Require: "all", Timeout: 600,
		Resolvers: []plan.Resolver{{Name: "google", Address: "8.8.8.8", Protocol: "udp"}},
	}
}

func build(t testing.TB, p plan.Policy, sites ...site) *plan.Plan {
	t.Helper()
	var diffs []plan.ZoneDiff
	for _, s := range sites {
		diffs = append(diffs, s.diff(t))
	}
	out := plan.Build(diffs, p, origin())
	out.Refusals = plan.Check(diffs, plan.Allowances{})
	return out
}

// changeLine writes a change in one line:
//
//   - www.example.org. A 192.0.2.1 ttl 300               create
//     ~ www.example.org. A 192.0.2.1 -> 192.0.2.2 ttl 300  update
//     ~ www.example.org. A ttl 300->60                     ttl
//     ~ www.example.org. A proxied off->on ttl 300->auto   proxied
//   - www.example.org. A 192.0.2.1 ttl 300               delete, with a minus
func changeLine(c plan.Change) string {
	var b strings.Builder
	sign := map[plan.Action]string{plan.Create: "+", plan.Delete: "-", plan.Update: "~", plan.TTL: "~", plan.Proxied: "~"}[c.Action]
	b.WriteString(sign + " " + c.Key.String())
	switch {
	case c.Before == nil || c.After == nil:
		s := c.Before
		if s == nil {
			s = c.After
		}
		b.WriteString(values(s) + " ttl " + ttl(s))
		if s.Proxied {
			b.WriteString(" proxied")
		}
	default:
		if c.Action == plan.Update {
			b.WriteString(values(c.Before) + " ->" + values(c.After))
		}
		if c.Before.Proxied != c.After.Proxied {
			fmt.Fprintf(&b, " proxied %s->%s", onOff(c.Before.Proxied), onOff(c.After.Proxied))
		}
		b.WriteString(" ttl " + ttl(c.Before))
		if ttl(c.Before) != ttl(c.After) {
			b.WriteString("->" + ttl(c.After))
		}
	}
	if c.After != nil && c.After.Members != nil {
		b.WriteString(" beside " + beside(c.After))
	}
	if c.Replaces != "" {
		b.WriteString(" replaces " + c.Replaces)
	}
	if c.Wildcard != 0 {
		b.WriteString(" below wildcard " + c.Wildcard.String())
	}
	return b.String()
}

func values(s *plan.State) (out string) {
	for _, v := range s.Values {
		out += " " + v.String()
	}
	return out
}

func ttl(s *plan.State) string {
	if s.Auto {
		return "auto"
	}
	return s.TTL.String()
}

// beside writes the comments and tags of the values: "web[team:ops] -".
func beside(s *plan.State) string {
	var out []string
	for _, m := range s.Members {
		text := cmp.Or(m.Comment, "-")
		if len(m.Tags) > 0 {
			text += "[" + strings.Join(m.Tags, ",") + "]"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// diffLines writes all that Diff found: changes, then "?" unmanaged, "!"
// conflicts, "warning".
func diffLines(d plan.ZoneDiff) string {
	var b strings.Builder
	for _, c := range d.Changes {
		fmt.Fprintln(&b, changeLine(c))
	}
	for _, u := range d.Unmanaged {
		fmt.Fprintf(&b, "? %s %s%s", u.Name, u.Type, values(&plan.State{Values: u.Values}))
		if u.Foreign != "" {
			fmt.Fprintf(&b, " (%s)", u.Foreign)
		}
		fmt.Fprintln(&b)
	}
	for _, c := range d.Conflicts {
		fmt.Fprintf(&b, "! %s %s %s\n", c.Name, c.Type, c.Reason)
	}
	for _, w := range d.Warnings {
		fmt.Fprintf(&b, "warning %s %s\n", w.Code, w.Name)
	}
	return b.String()
}

// lines trims the blanks that a table's layout puts before and behind lines.
func lines(s string) string {
	var b strings.Builder
	for l := range strings.Lines(s) {
		if l = strings.TrimSpace(l); l != "" {
			b.WriteString(l + "\n")
		}
	}
	return b.String()
}
