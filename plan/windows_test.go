package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/window"
)

// nightly is open from 02:00 to 04:00 in Berlin, for one zone or all.
func nightly(zones ...string) window.Window {
	return window.Window{Name: "night", Kind: window.Allow, Cron: "0 2 * * *", Duration: 7200, Timezone: "Europe/Berlin", Zones: zones}
}

func frozen(day string) window.Window {
	return window.Window{Name: "xmas", Kind: window.Deny, Cron: "0 0 " + day, Duration: 86400, Timezone: "UTC", Zones: []string{"*"}}
}

func TestCheckWindows(t *testing.T) {
	two := []site{
		{live: "www 300 A 192.0.2.1", want: "www 300 A 192.0.2.2"},
		{zone: "example.net", live: "www 300 A 192.0.2.1", want: "www 300 A 192.0.2.2"},
	}
	day := nightly("example.net.")
	day.Name, day.Cron = "day", "0 12 * * *"
	weekend := nightly("example.net.")
	weekend.Name, weekend.Cron = "weekend", "0 3 * * sun"
	for _, tt := range []struct {
		name, at string
		sites    []site
		windows  []window.Window
		want     string
	}{
		{"no windows", "2026-03-07T12:00:00Z", two, nil, ""},
		{"inside", "2026-03-07T01:30:00Z", two, []window.Window{nightly("*")}, ""},
		{"outside", "2026-03-07T12:00:00Z", two[:1], []window.Window{nightly("*")}, `no change window is open; the next opening is Sun 2026-03-08 02:00 Europe/Berlin (window "night")`},
		{"in a freeze", "2026-03-07T12:00:00Z", two[:1], []window.Window{frozen("7 3 *")}, `the freeze "xmas" is in force; the next opening is Sun 2026-03-08 00:00 UTC (window "xmas")`},
		{"never", "2026-03-07T12:00:00Z", two[:1], []window.Window{frozen("* * *")}, `the freeze "xmas" is in force; there is no opening within five years`},
		{"a zone that does not change", "2026-03-07T12:00:00Z", []site{two[0], {zone: "example.net", live: "www 300 A 192.0.2.2"}}, []window.Window{nightly("example.net.")}, ""},
		{"never together", "2026-03-07T01:30:00Z", two, []window.Window{nightly("example.org."), day}, `its next opening is Sat 2026-03-07 12:00 Europe/Berlin (window "day"), but the zones of the plan are never open together: plan them apart, by NAME`},
		{"together", "2026-03-07T01:30:00Z", two, []window.Window{nightly("example.org."), weekend}, `the next opening is Sun 2026-03-08 03:00 Europe/Berlin (window "weekend")`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := build(t, policy(), tt.sites...)
			s, err := window.New(tt.windows)
			if err != nil {
				t.Fatal(err)
			}
			now, _ := time.Parse(time.RFC3339, tt.at)
			got := p.CheckWindows(s, now)
			switch {
			case tt.want == "" && len(got) > 0:
				t.Errorf("refused: %+v", got)
			case tt.want == "":
			case len(got) != 1 || got[0].Code != plan.OutsideWindow || got[0].Allow != "--ignore-windows" || !strings.Contains(got[0].Message, tt.want):
				t.Errorf("%+v, want %s", got, tt.want)
			}
		})
	}
}

func TestWarnOfWindows(t *testing.T) {
	s, err := window.New([]window.Window{nightly("*")})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, live, want string }{
		{"the switch comes in time", "www 600 A 192.0.2.1", ""},
		{"the switch comes a day later, in the window", "www 86400 A 192.0.2.1", ""},
		{"the switch comes too late", "www 43200 A 192.0.2.1", `applied now, the run reaches its switch at Sat 2026-03-07 14:30, when no change window is open: it waits, and switches at Sun 2026-03-08 02:00 Europe/Berlin (window "night")`},
	} {
		p := build(t, policy(), site{live: tt.live, want: "www 86400 A 192.0.2.2"})
		p.WarnOfWindows(s, time.Date(2026, 3, 7, 1, 30, 0, 0, time.UTC))
		got := ""
		for _, w := range p.Warnings {
			if w.Code == "switch-waits" {
				got = w.Message
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A freeze that came behind the plan is seen, although the plan would not wait for
// its end.
func TestCheckSwitch(t *testing.T) {
	own := nightly("*")
	for _, tt := range []struct {
		name  string
		own   []window.Window
		later window.Window
		want  string // when it would switch; empty is no refusal
	}{
		{"at once behind the wait", nil, frozen("8 3 *"), "Sun 2026-03-08 02:00 UTC"},
		{"the freeze is over by then", nil, frozen("7 3 *"), ""},
		{"as its own window opens", []window.Window{own}, frozen("9 3 *"), "Mon 2026-03-09 01:00 UTC"},
		{"its own window opens before", []window.Window{own}, frozen("8 3 *"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := build(t, policy(), site{live: "www 86400 A 192.0.2.1", want: "www 86400 A 192.0.2.2"})
			p.Policy.Windows = tt.own
			now := time.Date(2026, 3, 7, 2, 0, 0, 0, time.UTC)
			if tt.own != nil {
				now = now.Add(12 * time.Hour) // it waits from the afternoon to the night
			}
			s, err := window.New([]window.Window{tt.later})
			if err != nil {
				t.Fatal(err)
			}
			got := p.CheckSwitch(s, now)
			switch {
			case tt.want == "" && len(got) > 0:
				t.Errorf("refused: %+v", got)
			case tt.want == "":
			case len(got) != 1 || got[0].Code != plan.OutsideWindow || !strings.Contains(got[0].Message, "would switch at "+tt.want) || !strings.Contains(got[0].Message, `the freeze "xmas" is in force`):
				t.Errorf("%+v, want %s", got, tt.want)
			}
		})
	}
}
