package plan_test

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/window"
)

// renewal is a window as people open it.
var renewal = plan.Window{Deadline: 1200, Ready: 60, Command: "certbot"}

// of is the site as a zone of a window over names, at a provider with a proxy and
// comments.
func (s site) of(t testing.TB, names ...string) plan.WindowZone {
	t.Helper()
	z := plan.WindowZone{Desired: s.desired(t), Live: s.snapshot(t), Proxy: true, Comments: true}
	for _, n := range names {
		z.Names = append(z.Names, zone.MustParseName(n))
	}
	return z
}

// opened is the plan of a window over two zones: c1 and c2 are example.net. and
// www.example.net. without comments, c3 and c4 both families of www.example.org.
func opened(t testing.TB) *plan.Plan {
	t.Helper()
	org := site{
		live: "www 300 A 192.0.2.1 comment=web 192.0.2.2 tag=team:ops proxied\nwww 300 AAAA 2001:db8::1 proxied\napi 60 A 192.0.2.3",
		want: "www 300 A 192.0.2.1 192.0.2.2",
	}.of(t, "www.example.org.", "api.example.org.")
	net := site{zone: "example.net.", live: "@ 300 A 192.0.2.9 proxied\nwww 300 A 192.0.2.9 proxied", minTTL: 120}.of(t, "www.example.net.", "example.net.")
	net.Comments = false
	p, err := plan.BuildWindow([]plan.WindowZone{org, net}, renewal, policy(), origin())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBuildWindow(t *testing.T) {
	p := opened(t)
	var changes []string
	for _, c := range p.Changes {
		changes = append(changes, changeLine(c))
	}
	if got, want := strings.Join(changes, "\n"), `~ example.net. A proxied on->off ttl auto->120
~ www.example.net. A proxied on->off ttl auto->120
~ www.example.org. A proxied on->off ttl auto->60
~ www.example.org. AAAA proxied on->off ttl auto->60`; got != want {
		t.Errorf("changes\n%s\nwant\n%s", got, want)
	}
	var steps []string
	for _, s := range p.Steps {
		steps = append(steps, string(s.Kind))
		if !slices.Equal(s.Changes, []string{"c1", "c2", "c3", "c4"}) || (s.Kind == plan.StepExpire) != (s.Seconds == 60) {
			t.Errorf("step %+v", s)
		}
	}
	if got, want := strings.Join(steps, " "), "backup preflight proxy-off propagate expire command proxy-on verify"; got != want {
		t.Errorf("steps %s, want %s", got, want)
	}
	var names []string
	for _, n := range p.Window.Names {
		names = append(names, string(n))
	}
	if got, want := strings.Join(names, " "), "example.net. www.example.net. api.example.org. www.example.org."; got != want {
		t.Errorf("names %s, want %s", got, want)
	}
	var warned []string
	for _, w := range p.Warnings {
		warned = append(warned, w.Code+" "+w.Name)
	}
	if got, want := strings.Join(warned, ", "), "no-marker example.net., no-marker www.example.net."; got != want {
		t.Errorf("warnings %s, want %s", got, want)
	}
	if p.Summary.Proxied != 4 || p.Summary.Duration != 60 || p.Policy.Strategy != plan.Staged || p.Policy.Timeout != 600 || len(p.Policy.Resolvers) != 0 {
		t.Errorf("summary %+v, policy %+v", p.Summary, p.Policy)
	}
}

// TestWindowAsks: what is behind the proxies is asked for challenges before the
// command, and for certificates at the end, as far as it can be asked.
func TestWindowAsks(t *testing.T) {
	z := site{live: "www 300 A 192.0.2.1 198.51.100.1 proxied\nwww 300 AAAA 2001:db8::1 proxied\napi 60 A 192.0.2.3"}.of(t, "www.example.org.", "api.example.org.")
	z.Challenges = map[zone.Name]*plan.Challenge{
		"www.example.org.": {Port: 80, HTTPSPort: 443, Planter: "web-01", AllowReserved: true},
		"api.example.org.": {Port: 80, HTTPSPort: 443, Planter: "web-01", AllowReserved: true},
	}
	w := renewal
	for _, a := range []string{"2001:db8::1", "192.0.2.1", "192.0.2.1", "192.0.2.7"} {
		w.Certificates = append(w.Certificates, plan.OriginCertificate{Name: "www.example.org.", Address: netip.MustParseAddr(a), Serial: "a0"})
	}
	w.Certificates = append(w.Certificates, plan.OriginCertificate{Name: "api.example.org.", Address: netip.MustParseAddr("192.0.2.3")})
	build := func() *plan.Plan {
		t.Helper()
		p, err := plan.BuildWindow([]plan.WindowZone{z}, w, policy(), origin())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := plan.Decode(encode(t, p)); err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("decoded to %+v, %v", got, err)
		}
		return p
	}
	steps := func(p *plan.Plan) (out []string) {
		for _, s := range p.Steps {
			if s.Kind == plan.StepProbe || s.Kind == plan.StepCommand || s.Kind == plan.StepIssued {
				out = append(out, fmt.Sprint(s.Kind, " ", s.Changes, " ", s.Detail))
			}
		}
		return out
	}
	p := build()
	want := []string{"probe [c1 c2] 3 addresses behind the proxy answer challenges", "command [c1 c2] run certbot", "issued [c1 c2] compare the certificates that are served with those of before"}
	if got := steps(p); !slices.Equal(got, want) {
		t.Errorf("steps %q, want %q", got, want)
	}
	var kept []string
	for _, c := range p.Window.Certificates {
		kept = append(kept, c.Address.String())
	}
	if want := []string{"192.0.2.1", "2001:db8::1"}; !slices.Equal(kept, want) {
		t.Errorf("certificates %v, want %v", kept, want)
	}
	z.Challenges["www.example.org."].AllowReserved, w.Certificates = false, nil
	if got := steps(build()); !slices.Equal(got, want[1:2]) {
		t.Errorf("steps %q, want %q", got, want[1:2])
	}
}

// TestChallengeBehindAProxy: only a window shows what is behind a proxy for a while.
func TestChallengeBehindAProxy(t *testing.T) {
	p := build(t, policy(), site{live: "a 300 A 192.0.2.1 proxied", want: "a 300 A 192.0.2.1 proxied=off"})
	p.Changes[0].Challenge = &plan.Challenge{Port: 80, HTTPSPort: 443, AllowReserved: true}
	if _, err := plan.Decode(seal(marshal(t, p))); !errors.Is(err, plan.ErrDamaged) || !strings.Contains(err.Error(), "a challenge behind a proxy, and no window") {
		t.Error(err)
	}
}

// TestRenews: a certificate that was there before is no new one, whoever serves it.
func TestRenews(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	cert := func(serial string, d int) plan.OriginCertificate {
		return plan.OriginCertificate{Serial: serial, NotBefore: day(d)}
	}
	for _, tt := range []struct {
		before, now plan.OriginCertificate
		want        bool
	}{
		{cert("1", 1), cert("1", 1), false},
		{cert("1", 1), cert("2", 1), true},
		{cert("1", 1), cert("2", 2), true},
		{cert("1", 2), cert("2", 1), false}, // that of last time
		{cert("1", 1), cert("1", 2), true},  // authorities number each for itself
		{plan.OriginCertificate{}, cert("1", 1), true},
		{cert("1", 1), plan.OriginCertificate{}, false},
	} {
		if got := tt.now.Renews(tt.before); got != tt.want {
			t.Errorf("%+v behind %+v: %t", tt.now, tt.before, got)
		}
	}
}

// TestWindowMoves: what a window opens, it closes: proxy-on is proxy-off the other
// way round, comments and tags with it. In other plans proxy-on leads on.
func TestWindowMoves(t *testing.T) {
	for _, c := range opened(t).Changes {
		off, on := c.Move(plan.StepProxyOff), c.Move(plan.StepProxyOn)
		if !off.From.Equal(*c.Before.RRset(c.Key)) || !off.To.Equal(*c.After.RRset(c.Key)) {
			t.Errorf("off from %s to %s", off.From, off.To)
		}
		if !reflect.DeepEqual(on.From, off.To) || !reflect.DeepEqual(on.To, off.From) {
			t.Errorf("on from %s to %s", on.From, on.To)
		}
	}
	p := build(t, policy(), site{live: "a 60 A 192.0.2.1", want: "a 60 A 192.0.2.1 proxied=on"})
	if m := p.Changes[0].Move(plan.StepProxyOn); m.From.Proxied || !m.To.Proxied {
		t.Errorf("on from %s to %s", m.From, m.To)
	}
}

func TestWindowOverWhatIsOffAlready(t *testing.T) {
	const left = "a 60 A 192.0.2.1 comment=dnsplan"
	z := site{live: left}.of(t, "a.example.org.")
	z.Live.RRsets[0].Members[0].Comment = "web | dnsplan-window 01OTHER 20261122T062000Z"
	p, err := plan.BuildWindow([]plan.WindowZone{z}, renewal, policy(), origin())
	if err != nil || !p.Empty() || len(p.Steps) != 0 || p.Window == nil {
		t.Fatalf("%+v, %v", p, err)
	}
	if len(p.Warnings) != 1 || p.Warnings[0].Code != plan.MarkedOpen || !strings.Contains(p.Warnings[0].Message, "run 01OTHER has turned the proxy off until 2026-11-22T06:20:00Z") {
		t.Errorf("warnings %+v", p.Warnings)
	}
	if _, err := plan.Decode(encode(t, p)); err != nil {
		t.Error(err)
	}
}

// A name whose window somebody has open has no second one, and no command of another.
func TestWindowHeldOpen(t *testing.T) {
	z := site{live: "a 60 A 192.0.2.1 comment=dnsplan\na 60 AAAA 2001:db8::1 comment=dnsplan"}.of(t, "a.example.org.")
	for i := range z.Live.RRsets {
		z.Live.RRsets[i].Members[0].Comment = "dnsplan-window 01OTHER 20261123T062000Z"
	}
	_, err := plan.BuildWindow([]plan.WindowZone{z}, renewal, policy(), origin())
	unfit, ok := errors.AsType[*plan.WindowError](err)
	if !ok || len(unfit.Problems) != 1 || unfit.Problems[0].Marked != "example.org." || unfit.Problems[0].Reason != "run 01OTHER has its window open until 2026-11-23T06:20:00Z, as its comment says" {
		t.Errorf("%v", err)
	}
}

func TestWindowWithoutRoomForAMarker(t *testing.T) {
	z := site{live: "a 300 A 192.0.2.1 comment=web 192.0.2.2 comment=" + strings.Repeat("ö", 40) + " proxied"}.of(t, "a.example.org.")
	p, err := plan.BuildWindow([]plan.WindowZone{z}, renewal, policy(), origin())
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Warnings) != 1 || p.Warnings[0].Code != plan.NoMarker || !strings.Contains(p.Warnings[0].Message, "192.0.2.2 leaves no room for a marker within 100 characters") {
		t.Errorf("warnings %+v", p.Warnings)
	}
	z.Live.RRsets[0].Members[1].Comment = strings.Repeat("ö", 39)
	if p, err = plan.BuildWindow([]plan.WindowZone{z}, renewal, policy(), origin()); err != nil || len(p.Warnings) != 0 {
		t.Errorf("%+v, %v", p.Warnings, err)
	}
}

// TestWindowWithoutAProxy: where the provider has none, every name is DNS-only.
func TestWindowWithoutAProxy(t *testing.T) {
	z := site{live: "a 300 A 192.0.2.1\nalias 300 A foreign=alias\ncdn 300 CNAME cdn.example.net."}.of(t, "a.example.org.", "alias.example.org.", "cdn.example.org.")
	z.Proxy, z.Comments = false, false
	p, err := plan.BuildWindow([]plan.WindowZone{z}, renewal, policy(), origin())
	if err != nil || !p.Empty() || len(p.Window.Names) != 3 {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestWindowRefusesNames: all that is wrong is told at once.
func TestWindowRefusesNames(t *testing.T) {
	z := site{
		live:   "alias 300 A foreign=alias\n* 300 A 192.0.2.1 proxied\ncdn 300 CNAME cdn.example.net.\nmx 300 MX mail\nold 300 A 192.0.2.1 proxied\nok 300 A 192.0.2.1 proxied",
		ignore: "old",
	}.of(t, "alias.example.org.", "*.example.org.", "cdn.example.org.", "mx.example.org.", "old.example.org.", "ok.example.org.")
	bare := site{zone: "example.net.", live: "a 300 A 192.0.2.1"}.of(t, "a.example.net.", "mx.example.net.", "*.example.net.")
	bare.Proxy = false
	_, err := plan.BuildWindow([]plan.WindowZone{z, bare}, renewal, policy(), origin())
	refused, ok := errors.AsType[*plan.WindowError](err)
	if !ok {
		t.Fatal(err)
	}
	want := map[string]string{
		"alias.example.org.": "its A RRset is a live alias set",
		"*.example.org.":     "it needs DNS-01",
		"cdn.example.org.":   "it is a CNAME to cdn.example.net, and a window is for A and AAAA",
		"mx.example.org.":    "it has no live address",
		"old.example.org.":   "the inventory ignores it",
		"mx.example.net.":    "it has no live address",
		"*.example.net.":     "it needs DNS-01",
	}
	for _, p := range refused.Problems {
		if w, ok := want[string(p.Name)]; !ok || !strings.Contains(p.Reason, w) || !strings.Contains(err.Error(), p.Name.Display()+": "+p.Reason) {
			t.Errorf("%s: %s", p.Name, p.Reason)
		}
		delete(want, string(p.Name))
	}
	if len(want) > 0 {
		t.Errorf("nothing is said of %v", want)
	}
}

func TestWindowRefusesItself(t *testing.T) {
	z := site{live: "a 300 A 192.0.2.1 proxied"}.of(t, "a.example.org.")
	for want, w := range map[string]plan.Window{
		"a deadline of 0 seconds":            {Command: "certbot"},
		"a deadline of -1 seconds":           {Deadline: -1, Command: "certbot"},
		"a deadline of 9223372036854775807":  {Deadline: math.MaxInt64, Command: "certbot"},
		"see the proxy for 60 seconds":       {Deadline: 60, Ready: 60, Command: "certbot"},
		"see the proxy for -1 seconds":       {Deadline: 60, Ready: -1, Command: "certbot"},
		"a command or a hook":                {Deadline: 60},
		"one of them alone":                  {Deadline: 60, Hook: true, Command: "certbot"},
		`the command "/bin/x" is not`:        {Deadline: 60, Command: "/bin/x"},
		`the command "x\nsecret" is not the`: {Deadline: 60, Command: "x\nsecret"},
	} {
		if _, err := plan.BuildWindow([]plan.WindowZone{z}, w, policy(), origin()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", w, err, want)
		}
	}
	if _, err := plan.BuildWindow(nil, renewal, policy(), origin()); err == nil || !strings.Contains(err.Error(), "no names") {
		t.Errorf("no names: %v", err)
	}
}

var windowEdits = []edit{
	{"no window", func(p *plan.Plan) { p.Window = nil }, "where the changes need"},
	{"no steps", func(p *plan.Plan) { p.Steps = nil }, "0 steps"},
	{"the proxy stays off", func(p *plan.Plan) { p.Steps = p.Steps[:6] }, "6 steps, where its changes need 8"},
	{"the command comes first", func(p *plan.Plan) { p.Steps[2].Kind = plan.StepCommand }, `it is of kind "command", where the changes need "proxy-off"`},
	{"no deadline", func(p *plan.Plan) { p.Window.Deadline = 0 }, "window: a deadline of 0 seconds"},
	{"ready behind the deadline", func(p *plan.Plan) { p.Window.Ready = 1200 }, "window: a certificate authority may see the proxy"},
	{"arguments of the command", func(p *plan.Plan) { p.Window.Command = "/usr/bin/certbot" }, "window: the command"},
	{"no command", func(p *plan.Plan) { p.Window.Command = "" }, "window: it has a command or a hook"},
	{"no names", func(p *plan.Plan) { p.Window.Names = nil }, "window: no names"},
	{"a name less", func(p *plan.Plan) { p.Window.Names = p.Window.Names[1:] }, "window: change c1: example.net. is not a name of the window"},
	{"a name twice", func(p *plan.Plan) { p.Window.Names[1] = p.Window.Names[0] }, "is out of order or stands twice"},
	{"a name elsewhere", func(p *plan.Plan) { p.Window.Names = append(p.Window.Names, "z.example.xyz.") }, "is in no zone of the plan"},
	{"a wildcard", func(p *plan.Plan) { p.Window.Names = append(p.Window.Names, "*.www.example.org.") }, `name "*.www.example.org."`},
	{"a rollback", func(p *plan.Plan) { p.RollbackOf = "01OTHER" }, "window: it takes nothing back"},
	{"change windows", func(p *plan.Plan) { p.Policy.Windows = []window.Window{nightly("*")} }, "window: the policy is not"},
	{"it may be begun at any time", func(p *plan.Plan) { p.Policy.IgnoreWindows = true }, "window: the policy is not"},
	{"direct", func(p *plan.Plan) {
		p.Policy.Strategy = plan.Direct
		for i := range p.Changes {
			p.Changes[i].Strategy = plan.Direct
		}
	}, "window: the policy is not"},
	{"a conflict", func(p *plan.Plan) {
		p.Conflicts = append(p.Conflicts, plan.Conflict{Zone: "example.org.", Name: "a.example.org.", Type: zone.A})
		p.Summary.Conflicts++
	}, "window: it has conflicts"},
	{"a comment", func(p *plan.Plan) { older(p).Comment = "mine" }, "window: change c4: after: the comment"},
	{"another marker", func(p *plan.Plan) { older(p).Comment = "web | dnsplan-window 01OTHER 20261123T062000Z" }, "window: change c4: after: the comment"},
	{"a tag less", func(p *plan.Plan) { older(p).Tags = []string{} }, "window: change c4: after: the comment or the tags of 2001:db8::1"},
	{"an automatic TTL", func(p *plan.Plan) { p.Changes[0].After.Auto = true }, "window: change c1: after: TTL"},
	{"a low TTL", func(p *plan.Plan) { p.Changes[0].After.TTL = 1 }, "window: change c1: after: TTL 1"},
	{"a group", func(p *plan.Plan) { p.Changes[0].Group = "web" }, "window: change c1: it has a group"},
	{"certificates out of order", func(p *plan.Plan) {
		c := plan.OriginCertificate{Name: "www.example.org.", Address: netip.MustParseAddr("192.0.2.1")}
		p.Window.Certificates = []plan.OriginCertificate{c, c}
	}, "window: certificates are out of order"},
	{"the certificate of another address", func(p *plan.Plan) {
		p.Window.Certificates = []plan.OriginCertificate{{Name: "www.example.org.", Address: netip.MustParseAddr("192.0.2.9")}}
	}, "window: a certificate of www.example.org. at 192.0.2.9, which no proxy hides"},
	{"no serial number", func(p *plan.Plan) {
		p.Window.Certificates = []plan.OriginCertificate{{Name: "www.example.org.", Address: netip.MustParseAddr("192.0.2.1"), Serial: "3A"}}
	}, `window: the serial number "3A"`},
	{"a certificate that is compared with none", func(p *plan.Plan) {
		p.Window.Certificates = []plan.OriginCertificate{{Name: "www.example.org.", Address: netip.MustParseAddr("192.0.2.1")}}
	}, "8 steps, where its changes need 9"},
	{"a challenge that no step asks for", func(p *plan.Plan) {
		p.Changes[3].Challenge = &plan.Challenge{Port: 80, HTTPSPort: 443, AllowReserved: true}
	}, `step 6, "s6": it is of kind "command", where the changes need "probe"`},
	{"the proxy goes on", func(p *plan.Plan) {
		p.Changes[0].Before, p.Changes[0].After = p.Changes[0].After, p.Changes[0].Before
	}, "window: change c1: it does not turn a proxy off"},
}

// older gives a change the comments with markers that the plans of older versions
// have, and returns what it leads to.
func older(p *plan.Plan) *plan.Member {
	c := &p.Changes[3]
	c.Before.Members = []plan.Member{{Value: c.Before.Values[0], Comment: "web", Tags: []string{"team:ops"}}}
	c.After.Members = []plan.Member{{Value: c.Before.Values[0], Comment: "web | dnsplan-window " + planID + " 20261123T062000Z", Tags: []string{"team:ops"}}}
	return &c.After.Members[0]
}

// TestDecodeOfAnOlderWindow: a window that an older dnsplan has opened is closed.
func TestDecodeOfAnOlderWindow(t *testing.T) {
	p := opened(t)
	older(p)
	if _, err := plan.Decode(encode(t, p)); err != nil {
		t.Error(err)
	}
}

// markedMove is the opening of www.example.org. over these comments, in its first
// family, at 07:00 and a moment.
func markedMove(t *testing.T, p *plan.Plan, comments ...string) (after []zone.Member, bare []netip.Addr) {
	t.Helper()
	c := p.Changes[2]
	beside := make([]plan.Member, len(comments))
	for i, text := range comments {
		beside[i] = plan.Member{Value: c.Before.Values[i], Comment: text, Tags: []string{"seen"}}
	}
	m, bare := p.MarkedMove(c.Move(plan.StepProxyOff), beside, time.Date(2026, 11, 23, 7, 0, 0, 1, time.UTC))
	for i := range comments {
		if m.From.Members[i].Comment != comments[i] || m.To.Members[i].Tags[0] != "seen" || m.To.Proxied {
			t.Errorf("from %+v to %+v", m.From, m.To)
		}
	}
	return m.To.Members, bare
}

// TestMarkedMove: the marker counts from the opening, and stands beside what people
// have written by then, in place of what earlier windows have left.
func TestMarkedMove(t *testing.T) {
	const mark, stale = "dnsplan-window " + planID + " 20261123T072001Z", "dnsplan-window 01OTHER 20261123T060000Z"
	p, long := opened(t), strings.Repeat("ö", 40)
	for _, tt := range []struct{ first, second, wantFirst, wantSecond string }{
		{"", "web", mark + "#5xerfq", "web | " + mark + "#5xerfq"},
		{"web | " + stale, stale + ", new", "web | " + mark + "#5xerfq", ", new | " + mark + "#5xerfq"},
		{"rack 8 | " + mark + " | seen", long[:78], "rack 8 | " + mark + " | seen", long[:78] + " | " + mark},
		{"", long + stale, mark + "#5xerfq", long},
	} {
		got, bare := markedMove(t, p, tt.first, tt.second)
		if got[0].Comment != tt.wantFirst || got[1].Comment != tt.wantSecond {
			t.Errorf("%q and %q, want %q and %q", got[0].Comment, got[1].Comment, tt.wantFirst, tt.wantSecond)
		}
		if room := tt.wantSecond != long; room != (len(bare) == 0) || !room && bare[0] != netip.MustParseAddr("192.0.2.2") {
			t.Errorf("%q has no room: %v", tt.second, bare)
		}
	}
}

func TestDecodeOfAWindow(t *testing.T) {
	p := opened(t)
	got, err := plan.Decode(encode(t, p))
	if err != nil || !reflect.DeepEqual(got, p) {
		t.Fatalf("decoded to %+v, want %+v, %v", got, p, err)
	}
	for _, tt := range windowEdits {
		p := opened(t)
		tt.edit(p)
		got, err := plan.Decode(seal(marshal(t, p)))
		if got != nil || !errors.Is(err, plan.ErrDamaged) {
			t.Errorf("%s: %v", tt.name, err)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %q does not say %q", tt.name, err, tt.want)
		}
	}
}

// TestEveryWindowDecodes: whatever is live, BuildWindow makes a plan that is
// taken, which turns off what is proxied at its names and nothing else, or says
// why it does not.
func TestEveryWindowDecodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawWorld(t), drawWorld(t)
		b.desired.View = "internal"
		var zones []plan.WindowZone
		want := 0
		for _, w := range []world{b, a} {
			z := plan.WindowZone{Desired: w.desired, Live: w.live, Proxy: true, Comments: rapid.Bool().Draw(t, "comments")}
			for i := range w.live.RRsets {
				r := &w.live.RRsets[i]
				if r.Foreign != "" || strings.HasPrefix(string(r.Name), "*.") || rapid.Bool().Draw(t, "left out") {
					continue
				}
				z.Names = append(z.Names, r.Name)
			}
			for i, r := range w.live.RRsets {
				if rapid.Bool().Draw(t, "commented") {
					w.live.RRsets[i].Members = []zone.Member{{Comment: rapid.String().Draw(t, "comment"), Tags: rapid.SliceOfN(rapid.String(), 0, 2).Draw(t, "tags")}}
					w.live.RRsets[i].Normalize()
				}
				if slices.Contains(z.Names, r.Name) && r.Proxied {
					want++
				}
			}
			zones = append(zones, z)
		}
		p, err := plan.BuildWindow(zones, renewal, policy(), origin())
		if err != nil {
			return // a foreign sibling, or no names
		}
		if len(p.Changes) != want {
			t.Fatalf("%d changes, want %d", len(p.Changes), want)
		}
		data, err := plan.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := plan.Decode(data); err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Changes {
			checkMarks(t, p, c, zones)
		}
	})
}

// checkMarks wants the marker of a change's opening to be taken out again, whatever
// its comments were.
func checkMarks(t *rapid.T, p *plan.Plan, c plan.Change, zones []plan.WindowZone) {
	live := zones[slices.IndexFunc(zones, func(z plan.WindowZone) bool { return z.Desired.ZoneRef == c.ZoneRef })].Live
	was, _ := live.Find(c.Key)
	m, _ := p.MarkedMove(c.Move(plan.StepProxyOff), plan.MembersOf(was), p.Created)
	back := p.Unmarked(c.Move(plan.StepProxyOn), *m.To)
	for i, beside := range m.To.Members {
		mark, rest, ok := plan.ParseMarker(beside.Comment)
		if ok && (mark.Run != p.ID || !mark.Fits(*m.To)) {
			t.Fatalf("%q bears the marker %+v", beside.Comment, mark)
		}
		if back.To.Members[i].Comment != rest {
			t.Fatalf("%q became %q, want %q", beside.Comment, back.To.Members[i].Comment, rest)
		}
		if _, _, stale := plan.ParseMarker(m.From.Members[i].Comment); !stale && rest != m.From.Members[i].Comment {
			t.Fatalf("%q became %q", m.From.Members[i].Comment, rest)
		}
	}
}
