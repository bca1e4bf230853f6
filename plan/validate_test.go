package plan_test

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/window"
)

// sealed is a plan of c1 an update, c2 a create in place of a CNAME, c3 a delete
// and c4 a TTL alone, in steps s1 to s12.
func sealed(t testing.TB) *plan.Plan {
	p := build(t, policy(), site{
		live:  "a 3600 A 192.0.2.1\nb 600 CNAME elsewhere.example.net.\nc 60 AAAA 2001:db8::1\nd 60 A 192.0.2.1\nkeep 60 A 192.0.2.1",
		want:  "a 3600 A 192.0.2.2 192.0.2.3\nb 60 A 192.0.2.1 replace\nd 90 A 192.0.2.1\nkeep 60 A 192.0.2.1",
		prune: true,
	})
	var kinds []string
	for _, s := range p.Steps {
		kinds = append(kinds, string(s.Kind))
	}
	const want = "backup preflight lower-ttl propagate expire gate switch propagate expire verify settle raise-ttl propagate"
	if got := strings.Join(kinds, " "); got != want {
		t.Fatalf("steps %s, want %s", got, want)
	}
	return p
}

func addrs(list ...string) (out []netip.Addr) {
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

type edit struct {
	name string
	edit func(*plan.Plan)
	want string // in the message
}

var stepEdits = []edit{
	{"no id", func(p *plan.Plan) { p.Steps[0].ID = "" }, `step 1, "": the id should be "s1"`},
	{"an id twice", func(p *plan.Plan) { p.Steps[3].ID = "s3" }, `the id should be "s4"`},
	{"another kind", func(p *plan.Plan) { p.Steps[4].Kind = plan.StepSettle }, `it is of kind "settle", where the changes need "expire"`},
	{"no gate", func(p *plan.Plan) { p.Steps[5].Kind = plan.StepPropagate }, `where the changes need "gate"`},
	{"a step less", func(p *plan.Plan) { p.Steps = p.Steps[:12] }, "12 steps, where its changes need 13"},
	{"a step more", func(p *plan.Plan) {
		p.Steps = append(p.Steps, plan.Step{ID: "s14", Kind: plan.StepSwitch, Changes: []string{"c1"}, After: []string{"s13"}})
	}, "14 steps, where its changes need 13"},
	{"no steps", func(p *plan.Plan) { p.Steps = nil }, "0 steps"},
	{"a change is not switched", func(p *plan.Plan) { p.Steps[6].Changes = []string{"c1", "c2"} }, "switch is not about the changes that need it"},
	{"a TTL is switched", func(p *plan.Plan) { p.Steps[6].Changes = append(p.Steps[6].Changes, "c4") }, "switch is not about"},
	{"nothing is waited for", func(p *plan.Plan) { p.Steps[6].After = nil }, `it comes after [], not ["s6"]`},
	{"of a group", func(p *plan.Plan) { p.Steps[6].Group = "web" }, `it is of group "web", not ""`},
	{"a wait back in time", func(p *plan.Plan) { p.Steps[4].Seconds = -1 }, "expire of -1 seconds"},
	{"a wait beyond all TTLs", func(p *plan.Plan) { p.Steps[4].Seconds = int64(zone.MaxTTL) + 1 }, "expire of 2147483648 seconds"},
	{"a wait that overflows", func(p *plan.Plan) { p.Steps[10].Seconds = math.MaxInt64 }, "settle of 9223372036854775807 seconds"},
	{"a write that waits", func(p *plan.Plan) { p.Steps[6].Seconds = 60 }, "switch of 60 seconds"},
}

var changeEdits = []edit{
	{"no id", func(p *plan.Plan) { p.Changes[0].ID = "" }, `change 1 has the id ""`},
	{"another id", func(p *plan.Plan) { p.Changes[0].ID = "x1" }, `change 1 has the id "x1"`},
	{"outside its zone", func(p *plan.Plan) { p.Changes[0].Name = "a.example.net." }, `change c1 ("a.example.net." A): the name is not in zone example.org.`},
	{"beside its zone", func(p *plan.Plan) { p.Changes[0].Name = "badexample.org." }, "the name is not in zone"},
	{"upper case", func(p *plan.Plan) { p.Changes[0].Name = "A.example.org." }, "the name is not in its one form"},
	{"no final dot", func(p *plan.Plan) { p.Changes[0].Name = "a.example.org" }, "the name is not in its one form"},
	{"no name", func(p *plan.Plan) { p.Changes[0].Name = "" }, "the name is not in its one form"},
	{"out of order", func(p *plan.Plan) { p.Changes[0].Name = "z.example.org." }, "is out of order or stands twice"},
	{"one RRset twice", func(p *plan.Plan) { p.Changes[1].Key = p.Changes[0].Key }, `change c2 ("a.example.org." A) is out of order or stands twice`},
	{"another strategy", func(p *plan.Plan) { p.Changes[0].Strategy = plan.Direct }, `strategy "direct", in a plan of strategy "staged"`},
	{"no values", func(p *plan.Plan) { p.Changes[0].After.Values = nil }, "after: no values"},
	{"no values before", func(p *plan.Plan) { p.Changes[0].Before.Values = nil }, "before: no values"},
	{"values out of order", func(p *plan.Plan) { slices.Reverse(p.Changes[0].After.Values) }, "value 192.0.2.2 is out of order or stands twice"},
	{"a value twice", func(p *plan.Plan) { p.Changes[0].After.Values = addrs("192.0.2.2", "192.0.2.2") }, "out of order or stands twice"},
	{"the other family", func(p *plan.Plan) { p.Changes[0].After.Values = addrs("2001:db8::1") }, "after: 2001:db8::1 is no value of type A"},
	{"the other family live", func(p *plan.Plan) { p.Changes[0].Before.Values = addrs("2001:db8::1") }, "before: 2001:db8::1 is no value of type A"},
	{"mapped", func(p *plan.Plan) { p.Changes[2].Before.Values = addrs("::ffff:192.0.2.1") }, "is no value of type AAAA"},
	{"with an interface", func(p *plan.Plan) { p.Changes[2].Before.Values = addrs("fe80::1%eth0") }, "is no value of type AAAA"},
	{"an empty value", func(p *plan.Plan) { p.Changes[2].Before.Values = make([]netip.Addr, 1) }, "is no value of type AAAA"},
	{"TTL 0 beside a change TTL", func(p *plan.Plan) { p.Changes[0].After.TTL = 0 }, "change_ttl 300 is not from 0 to 0"},
	{"members without a comment or a tag", func(p *plan.Plan) {
		for _, s := range []*plan.State{p.Changes[0].Before, p.Changes[0].After} {
			for _, v := range s.Values {
				s.Members = append(s.Members, plan.Member{Value: v, Tags: []string{}})
			}
		}
	}, "no comment and no tag"},
	{"a member of no value", func(p *plan.Plan) {
		p.Changes[0].After.Members = []plan.Member{{Value: netip.MustParseAddr("192.0.2.250"), Comment: "x", Tags: []string{}}}
	}, "after: members are not one for each value"},
	{"members before alone", func(p *plan.Plan) { p.Changes[0].Before.Members = make([]plan.Member, 1) }, "before has comments and tags, after has none"},
	{"a TTL above all", func(p *plan.Plan) { p.Changes[0].After.TTL = zone.MaxTTL + 1 }, "after: TTL 2147483648"},
	{"values that change nothing", func(p *plan.Plan) {
		p.Changes[0].After.Values, p.Changes[0].Add, p.Changes[0].Remove = p.Changes[0].Before.Values, nil, nil
	}, `action "update", where before and after make it ""`},
	{"more than a TTL", func(p *plan.Plan) { p.Changes[3].After.Values = addrs("192.0.2.66") }, `action "ttl", where before and after make it "update"`},
	{"less is added", func(p *plan.Plan) { p.Changes[0].Add = p.Changes[0].Add[1:] }, "add is not what after has"},
	{"nothing is removed", func(p *plan.Plan) { p.Changes[0].Remove = nil }, "remove is not what before has"},
	{"a create removes", func(p *plan.Plan) { p.Changes[1].Remove = addrs("192.0.2.9") }, "remove is not what before has"},
	{"a delete of less", func(p *plan.Plan) { p.Changes[2].Remove = nil }, "remove is not what before has"},
	{"an update of a CNAME", func(p *plan.Plan) { p.Changes[0].Replaces = "CNAME a." }, `a update that replaces "CNAME a."`},
	{"an MX goes", func(p *plan.Plan) { p.Changes[1].Replaces = "MX 10 mx.example.org." }, "a create that replaces"},
	{"a CNAME to nowhere", func(p *plan.Plan) { p.Changes[1].Replaces = "CNAME " }, "a create that replaces"},
	{"a low change TTL", func(p *plan.Plan) { p.Changes[0].ChangeTTL = 299 }, "change_ttl 299 is not from 300 to 3600"},
	{"a change TTL above what is wanted", func(p *plan.Plan) { p.Changes[0].ChangeTTL = 3601 }, "change_ttl 3601 is not from 300 to 3600"},
	{"a change TTL without a part", func(p *plan.Plan) { p.Changes[2].ChangeTTL = 60 }, "change_ttl 60 is not from 0 to 0"},
}

var otherEdits = []edit{
	{"the rest of itself", func(p *plan.Plan) { p.ResumeOf = p.ID }, `resume_of "`},
	{"the rest of a path", func(p *plan.Plan) { p.ResumeOf = "../x" }, `resume_of "../x"`},
	{"the rest and a rollback", func(p *plan.Plan) { p.RollbackOf, p.ResumeOf = "RUN1", "RUN2" }, `resume_of "RUN2"`},
	{"a restore of a path", func(p *plan.Plan) { p.RestoreOf = "../x.json" }, `restore_of "../x.json"`},
	{"a strategy", func(p *plan.Plan) { p.Policy.Strategy = "blue-green" }, `policy: strategy "blue-green"`},
	{"a settle time back", func(p *plan.Plan) { p.Policy.Settle = -1 }, "policy: settle_seconds -1"},
	{"a settle time that overflows", func(p *plan.Plan) { p.Policy.Settle = 9_300_000_000 }, "policy: settle_seconds"},
	{"a time-out back", func(p *plan.Plan) { p.Policy.Timeout = -600 }, "policy: timeout_seconds -600"},
	{"a time-out that overflows", func(p *plan.Plan) { p.Policy.Timeout = math.MaxInt64 }, "policy: timeout_seconds"},
	{"a change TTL above all", func(p *plan.Plan) { p.Policy.ChangeTTL = math.MaxUint32 }, "policy: change_ttl"},
	{"nobody agrees", func(p *plan.Plan) { p.Policy.Require = "most" }, `policy: require "most"`},
	{"a rollback of no run", func(p *plan.Plan) { p.RollbackOf = "../RUN" }, `rollback_of "../RUN"`},
	{"a rollback of itself", func(p *plan.Plan) { p.RollbackOf = p.ID }, "rollback_of"},
	{"neither back nor held", func(p *plan.Plan) { p.Policy.OnFailure = "rollback" }, `policy: on_failure "rollback"`},
	{"a window without a duration", func(p *plan.Plan) {
		p.Policy.Windows = []window.Window{{Name: "w", Kind: window.Allow, Cron: "0 2 * * *", Timezone: "UTC", Zones: []string{"*"}}}
	}, `policy: window "w": duration of 0 seconds`},
	{"windows that are ignored and awaited", func(p *plan.Plan) { p.Policy.IgnoreWindows, p.Policy.AwaitWindow = true, true }, "policy: windows that are ignored"},
	{"windows that are ignored", func(p *plan.Plan) { p.Policy.IgnoreWindows, p.Policy.Windows = true, []window.Window{nightly("*")} }, "policy: windows that are ignored"},
	{"none agree", func(p *plan.Plan) { p.Policy.Require = "0" }, `policy: require "0"`},
	{"a sync time back", func(p *plan.Plan) { p.Zones[0].Sync = -1 }, "zone example.org.: sync_seconds -1"},
	{"a sync time that overflows", func(p *plan.Plan) { p.Zones[0].Sync = math.MaxInt64 }, "zone example.org.: sync_seconds"},
	{"a zone twice", func(p *plan.Plan) { p.Zones = append(p.Zones, p.Zones[0]) }, "zone example.org. is out of order or stands twice"},
	{"a zone's name", func(p *plan.Plan) { p.Zones[0].Zone = "Example.org." }, `zone "Example.org." is not a name in its one form`},
	{"a shorter negative TTL", func(p *plan.Plan) { p.Zones[0].Negative = 0; p.Steps[8].Changes = []string{"c1", "c2"} }, `step 9, "s9": expire is not about`},
	{"a summary of less", func(p *plan.Plan) { p.Summary.Delete = 0 }, "the summary says"},
	{"a shorter duration", func(p *plan.Plan) { p.Summary.Duration = 60 }, "the summary says"},
	{"conflicts that are not there", func(p *plan.Plan) { p.Summary.Conflicts = 1 }, "the summary says"},
	{"unmanaged names left out", func(p *plan.Plan) { p.Summary.Unmanaged = 7 }, "the summary says"},
}

// TestDecodeTakesOnlyWhatBuildMakes: a seal is no proof. Each edit is refused,
// and the message names it.
func TestDecodeTakesOnlyWhatBuildMakes(t *testing.T) {
	if _, err := plan.Decode(seal(marshal(t, sealed(t)))); err != nil {
		t.Fatalf("unedited: %v", err)
	}
	for what, edits := range map[string][]edit{"steps": stepEdits, "changes": changeEdits, "the rest": otherEdits} {
		for _, tt := range edits {
			p := sealed(t)
			tt.edit(p)
			got, err := plan.Decode(seal(marshal(t, p)))
			if got != nil || !errors.Is(err, plan.ErrDamaged) || errors.Is(err, plan.ErrNewer) {
				t.Errorf("%s, %s: %v", what, tt.name, err)
			} else if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s, %s: %q does not say %q", what, tt.name, err, tt.want)
			}
		}
	}
}

// TestDecodeRefusesStepsOfTheFuture: what this program cannot do is refused
// whole, before anything else is found wrong.
func TestDecodeRefusesStepsOfTheFuture(t *testing.T) {
	for _, kind := range []plan.Kind{"teleport", ""} {
		p := sealed(t)
		p.Steps[9].Kind, p.Policy.Strategy, p.Summary = kind, "other", plan.Summary{}
		got, err := plan.Decode(seal(marshal(t, p)))
		if got != nil || !errors.Is(err, plan.ErrNewer) || errors.Is(err, plan.ErrDamaged) {
			t.Errorf("kind %q: %v", kind, err)
		} else if want := `step "s10" is of kind "` + string(kind) + `", which this dnsplan does not execute`; !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

// TestDecodeTakesOtherWaits: waits are judged by what they lead to, so another
// length is no damage; the duration may be of either.
func TestDecodeTakesOtherWaits(t *testing.T) {
	for _, seconds := range []int64{0, 3599, 3601, int64(zone.MaxTTL)} {
		for _, honest := range []bool{false, true} {
			p := sealed(t)
			if honest {
				p.Summary.Duration += seconds - p.Steps[4].Seconds
			}
			p.Steps[4].Seconds = seconds
			if got, err := plan.Decode(seal(marshal(t, p))); err != nil || got.Steps[4].Seconds != seconds {
				t.Errorf("%d seconds, in the duration %t: %v", seconds, honest, err)
			}
		}
	}
}

// TestDecodeTakesWhatWasLive: odd live sets are no reason to refuse a plan that
// leads away from them.
func TestDecodeTakesWhatWasLive(t *testing.T) {
	tests := []struct {
		name string
		site site
	}{
		{"TTL 0", site{live: "a 0 A 192.0.2.1", want: "a 60 A 192.0.2.1"}},
		{"TTL 0, another value", site{live: "a 0 A 192.0.2.1", want: "a 60 A 192.0.2.2"}},
		{"TTL 0 goes", site{live: "a 0 A 192.0.2.1", prune: true}},
		{"TTL 0 beside a proxied set", site{live: "a 0 A 192.0.2.1\na 300 AAAA 2001:db8::1 proxied", want: "a 60 AAAA 2001:db8::1 proxied=off"}},
		{"a TTL above all", site{live: "a 4294967295 A 192.0.2.1", want: "a 60 A 192.0.2.2"}},
		{"an IPv4-mapped address goes", site{live: "a 60 AAAA ::ffff:192.0.2.1", prune: true}},
		{"an IPv4-mapped address becomes another", site{live: "a 60 AAAA ::ffff:192.0.2.1", want: "a 60 AAAA 2001:db8::1"}},
		{"an IPv4-mapped address is proxied", site{live: "a 60 AAAA ::ffff:192.0.2.1\na 60 A 192.0.2.1", want: "a 60 A 192.0.2.1 proxied=on"}},
		{"odd names", site{live: `a\.b 60 A 192.0.2.1` + "\n" + `\000 60 A 192.0.2.1` + "\n*.x_y 60 A 192.0.2.1", prune: true}},
		{"no SOA", site{noSOA: true, want: "a 60 A 192.0.2.1"}},
		{"a minimum", site{minTTL: 7200, want: "a 60 A 192.0.2.1\nb 60 A 192.0.2.2", live: "b 30 A 192.0.2.1"}},
	}
	for _, tt := range tests {
		for _, strategy := range []plan.Strategy{plan.Staged, plan.Direct} {
			o := policy()
			o.Strategy = strategy
			p := build(t, o, tt.site)
			if p.Empty() {
				t.Errorf("%s: nothing changes", tt.name)
			}
			if _, err := plan.Decode(encode(t, p)); err != nil {
				t.Errorf("%s, %s: %v", tt.name, strategy, err)
			}
		}
	}
}

// TestEveryPlanDecodes: whatever the zones and the policy are, what Build makes
// is taken, and no step or change of it can be left out.
func TestEveryPlanDecodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawWorld(t), drawWorld(t)
		b.desired.View = "internal"
		for i := range b.desired.Records {
			r := &b.desired.Records[i]
			r.Group = rapid.SampledFrom([]string{"", "web", "api"}).Draw(t, "group")
			if r.ACME = rapid.SampledFrom([]string{"", plan.HTTP01}).Draw(t, "acme"); rapid.Bool().Draw(t, "asked") {
				r.Challenge = &plan.Challenge{Port: 80, HTTPSPort: 443, AllowReserved: rapid.Bool().Draw(t, "reserved")}
				if !strings.ContainsAny(string(r.Name), `*\\`) {
					r.Certificate = &plan.Probe{Type: plan.ProbeTLS, Port: 443, Host: r.Name.Display(), Timeout: 5}
				}
			}
		}
		o := policy()
		if rapid.Bool().Draw(t, "authority") {
			o.Authority = &plan.Authority{Name: "Let's Encrypt", Ready: 60, Known: rapid.Bool().Draw(t, "known")}
		}
		o.Strategy = rapid.SampledFrom([]plan.Strategy{plan.Staged, plan.Direct}).Draw(t, "strategy")
		o.ChangeTTL = rapid.SampledFrom([]zone.TTL{0, 60, 300, zone.MaxTTL}).Draw(t, "change TTL")
		o.Settle = rapid.SampledFrom([]int64{0, 600, int64(zone.MaxTTL)}).Draw(t, "settle")
		p := plan.Build([]plan.ZoneDiff{b.diff(), a.diff()}, o, origin())
		decodes := func() error {
			data, err := plan.Encode(p)
			if err == nil {
				_, err = plan.Decode(data)
			}
			return err
		}
		if err := decodes(); err != nil {
			t.Fatal(err)
		}
		if p.Empty() {
			return
		}
		steps, i := p.Steps, rapid.IntRange(0, len(p.Steps)-1).Draw(t, "left out")
		if p.Steps = slices.Delete(slices.Clone(steps), i, i+1); decodes() == nil {
			t.Fatalf("without %+v it is taken", steps[i])
		}
		p.Steps = steps
		if p.Changes = p.Changes[:len(p.Changes)-1]; decodes() == nil {
			t.Fatal("without its last change it is taken")
		}
	})
}

// BenchmarkDecode reads plans in which every RRset changes.
func BenchmarkDecode(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			doc := encode(b, build(b, policy(), many{n: n, update: n}.site()))
			b.ReportAllocs()
			b.SetBytes(int64(len(doc)))
			for b.Loop() {
				if p, err := plan.Decode(doc); err != nil || len(p.Changes) != n {
					b.Fatal(err)
				}
			}
		})
	}
}
