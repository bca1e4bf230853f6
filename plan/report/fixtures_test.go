package report_test

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/window"
)

const planID = "01KAR5TQ6B8M2J4Z7XW9C3D5EF"

var made = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

// site is one zone of a test's plan, live and desired, as zone-file lines:
// "www 86400 A 192.0.2.1 192.0.2.2 proxied group=web".
type site struct {
	zone, view, provider string
	live, want           string
	cnames               string // "www google.com."
	prune                bool
	protect              string
	minTTL               zone.TTL
}

type line struct {
	zone.RRset
	group, owner, comment string
	replace, proxy        bool
}

func parseLines(t testing.TB, z zone.Name, text string) (out []line) {
	t.Helper()
	for l := range strings.Lines(text) {
		f := strings.Fields(l)
		if len(f) == 0 {
			continue
		}
		out = append(out, parseLine(t, z, f))
	}
	return out
}

func parseLine(t testing.TB, z zone.Name, f []string) line {
	t.Helper()
	var l line
	l.Name = z
	if f[0] != "@" {
		l.Name = zone.MustParseName(f[0] + "." + string(z))
	}
	ttl, err := strconv.Atoi(f[1])
	if err != nil {
		t.Fatalf("TTL of %q: %v", f, err)
	}
	l.TTL = zone.TTL(ttl)
	if l.Type, err = zone.ParseType(f[2]); err != nil {
		t.Fatal(err)
	}
	for _, w := range f[3:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "proxied":
			l.Proxied, l.Auto, l.proxy, l.TTL = true, true, true, zone.AutoTTL
		case "replace":
			l.replace = true
		case "foreign":
			l.Foreign = value
		case "group":
			l.group = value
		case "owner":
			l.owner = value
		case "comment":
			l.comment = strings.ReplaceAll(value, "_", " ")
		default:
			l.Addrs = append(l.Addrs, netip.MustParseAddr(w))
		}
	}
	l.Normalize()
	return l
}

func (s site) diff(t testing.TB) plan.ZoneDiff {
	t.Helper()
	z := zone.MustParseName(s.zone)
	live := &zone.Snapshot{Zone: z, Others: []zone.Record{
		{Name: z, Type: "SOA", TTL: 3600, Data: "ns1 hostmaster 1 7200 900 1209600 300"},
	}}
	for _, l := range parseLines(t, z, s.live) {
		live.RRsets = append(live.RRsets, l.RRset)
	}
	for l := range strings.Lines(s.cnames) {
		f := strings.Fields(l)
		live.Others = append(live.Others, zone.Record{Name: zone.MustParseName(f[0] + "." + s.zone), Type: "CNAME", TTL: 600, Data: f[1]})
	}
	live.Sort()
	d := &plan.Desired{
		ZoneRef: plan.ZoneRef{Zone: z, View: s.view}, Provider: s.provider, Prune: s.prune, Discover: true, MinTTL: s.minTTL,
	}
	if s.protect != "" {
		g, err := zone.ParseGlob(s.protect)
		if err != nil {
			t.Fatal(err)
		}
		d.Protect = []zone.Glob{g}
	}
	for _, l := range parseLines(t, z, s.want) {
		r := plan.Record{
			Key: l.Key, Addrs: l.Addrs, TTL: l.TTL, Group: l.group, Owner: l.owner, Comment: l.comment, ReplaceCNAME: l.replace,
		}
		r.Proxied = &l.proxy
		d.Records = append(d.Records, r)
	}
	snapshot := &zone.Snapshot{} // sorts records as live ones are sorted
	byKey := map[zone.Key]plan.Record{}
	for _, r := range d.Records {
		byKey[r.Key] = r
		snapshot.RRsets = append(snapshot.RRsets, zone.RRset{Key: r.Key})
	}
	snapshot.Sort()
	for i, r := range snapshot.RRsets {
		d.Records[i] = byKey[r.Key]
	}
	return plan.Diff(d, live, plan.Selection{})
}

func buildPlan(t testing.TB, strategy plan.Strategy, sites ...site) *plan.Plan {
	t.Helper()
	var diffs []plan.ZoneDiff
	for _, s := range sites {
		diffs = append(diffs, s.diff(t))
	}
	p := plan.Build(diffs, plan.Policy{
		Strategy: strategy, ChangeTTL: 300, Settle: 600, Require: "all", Timeout: 600,
		Resolvers: []plan.Resolver{{Name: "google", Address: "8.8.8.8", Protocol: "udp"}},
		Reason:    "move to the new host", Ticket: "CHG-42", By: "ops",
	}, plan.Origin{ID: planID, Created: made, Inventory: plan.Inventory{Path: "inventory.toml", SHA256: "00"}})
	p.Refusals = plan.Check(diffs, plan.Allowances{})
	return p
}

// move is the plan of the first example: one name goes to another host.
func move(t testing.TB) *plan.Plan {
	return buildPlan(t, plan.Staged, site{
		zone: "example.org.", provider: "cf",
		live: "www 86400 A 192.0.2.1\n@ 3600 A 192.0.2.1",
		want: "www 3600 A 203.0.113.11 owner=web-team comment=new_host\n@ 3600 A 192.0.2.1",
	})
}

// windowed is a plan that is to be applied while its change window is closed.
func windowed(t testing.TB, await bool) *plan.Plan {
	t.Helper()
	p := move(t)
	p.Policy.Windows = []window.Window{{
		Name: "sat-night", Kind: window.Allow, Cron: "0 2 * * SAT", Duration: 7200, Timezone: "Europe/Berlin", Zones: []string{"*"},
	}}
	p.Policy.AwaitWindow = await
	if p.WindowSet() == nil {
		t.Fatal("the window does not count")
	}
	p.JudgeWindows(p.WindowSet(), made)
	return p
}

// many is a plan with n updates in one zone, and as many names that stay.
func many(t testing.TB, n int) *plan.Plan {
	var live, want strings.Builder
	for i := range n {
		fmt.Fprintf(&live, "h%04d 3600 A 192.0.2.1\n", i)
		fmt.Fprintf(&want, "h%04d 3600 A 203.0.113.%d\n", i, i%250+1)
	}
	return buildPlan(t, plan.Staged, site{zone: "example.org.", provider: "cf", live: live.String(), want: want.String()})
}

func plans(t testing.TB) map[string]*plan.Plan {
	long := strings.Repeat("a-very-long-label-that-goes-on.", 5) + "and-on"
	return map[string]*plan.Plan{
		"move":           move(t),
		"window-closed":  windowed(t, false),
		"window-awaited": windowed(t, true),
		"empty":          buildPlan(t, plan.Staged, site{zone: "example.org.", provider: "cf", live: "www 300 A 192.0.2.1", want: "www 300 A 192.0.2.1"}),
		"unmanaged": buildPlan(t, plan.Staged, site{
			zone: "example.org.", provider: "r53",
			live: "a 300 A 192.0.2.1\nb 300 A 192.0.2.2 192.0.2.3\nc 300 AAAA 2001:db8::1\nd 300 A foreign=alias\ne 300 A 192.0.2.5 foreign=weighted\nf 300 A 192.0.2.6\ng 300 A 192.0.2.7",
		}),
		"conflicts": buildPlan(t, plan.Staged, site{
			zone: "example.org.", provider: "r53", cnames: "www google.com.",
			live: "api 300 A foreign=alias", want: "www 300 A 192.0.2.1\napi 300 A 192.0.2.2",
		}),
		"kinds": buildPlan(t, plan.Staged, site{
			zone: "example.org.", provider: "cf", prune: true, protect: "@", cnames: "shop google.com.",
			live: "@ 3600 A 192.0.2.1\nwww 86400 A 192.0.2.1 192.0.2.2 192.0.2.3\nttl 3600 A 192.0.2.1\nup 60 AAAA 2001:db8::1\n" +
				"cdn 300 A 192.0.2.1\nold 7200 A 192.0.2.9\norange 300 A 192.0.2.8 proxied",
			want: "@ 3600 A 203.0.113.1\nwww 3600 A 192.0.2.2 203.0.113.2 203.0.113.3 owner=web\nttl 300 A 192.0.2.1\nup 3600 AAAA 2001:db8::1\n" +
				"cdn 300 A 192.0.2.1 proxied\nnew 3600 A 203.0.113.5\nnew 3600 AAAA 2001:db8::5\nshop 600 A 203.0.113.7 replace\norange 300 A 203.0.113.8 proxied",
		}),
		"direct": buildPlan(t, plan.Direct, site{
			zone: "example.org.", provider: "zones", live: "www 3600 A 192.0.2.1", want: "www 3600 A 192.0.2.2",
		}),
		"groups": buildPlan(t, plan.Staged,
			site{
				zone: "example.org.", view: "external", provider: "cf",
				live: "www 3600 A 192.0.2.1\napi 3600 A 192.0.2.1", want: "www 3600 A 203.0.113.1 group=web\napi 3600 A 203.0.113.1 group=api",
			},
			site{zone: "example.org.", view: "internal", provider: "bind", live: "www 300 A 192.0.2.1", want: "www 300 A 203.0.113.1 group=web"},
			site{zone: "example.net.", provider: "bind", live: "www 7200 A 192.0.2.1", want: "www 7200 A 203.0.113.1"},
			site{zone: "example.com.", provider: "bind", live: "www 300 A 192.0.2.1", want: "www 300 A 192.0.2.1"},
		),
		"names": buildPlan(t, plan.Staged, site{
			zone: "bücher.example.", provider: "cf", minTTL: 3600,
			live: "www 3600 A 192.0.2.1\n" + long + " 3600 AAAA 2001:db8:1111:2222:3333:4444:5555:6666",
			want: "www 3600 A 192.0.2.2\n" + long + " 3600 AAAA 2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff comment=" +
				strings.Repeat("moved_with_everything_else_", 4),
		}),
		"large": many(t, 200),
	}
}
