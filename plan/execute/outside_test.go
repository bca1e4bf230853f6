package execute_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/window"
)

// daily opens at an hour, UTC, for two hours.
func daily(name, cron string, zones ...string) window.Window {
	return window.Window{Name: name, Kind: window.Allow, Cron: cron, Duration: 7200, Timezone: "UTC", Zones: zones}
}

// The run begins at 06:00. A switch that comes outside of the windows waits for
// the next opening; what it takes to get there, and what comes behind it, does not.
func TestSwitchesKeepToTheWindows(t *testing.T) {
	seven, ten := daily("seven", "0 7 * * *", "*"), daily("ten", "0 10 * * *", net)
	freeze := window.Window{Name: "freeze", Kind: window.Deny, Cron: "0 5 23 11 *", Duration: 4 * 3600, Timezone: "UTC", Zones: []string{org}}
	fresh := rrset{zone: org, name: "new", after: 600}
	for _, tt := range []struct {
		name, script string
		windows      []window.Window
		sets         []rrset
		want, until  string
	}{
		{"TTLs go down at any time", "ok ok", []window.Window{seven}, []rrset{update}, "run lower-ttl", ""},
		{"the gate waits", "to gate", []window.Window{seven}, []rrset{update}, "arm gate", "07:00"},
		{"it sleeps until then", "to gate ok", []window.Window{seven}, []rrset{update}, "sleep gate", "07:00"},
		{"then it looks", "to gate ok ok", []window.Window{seven}, []rrset{update}, "run gate", ""},
		{"and switches", "to gate ok ok ok", []window.Window{seven}, []rrset{update}, "run switch", ""},
		{"a create has no gate", "to switch", []window.Window{seven}, []rrset{fresh}, "arm switch", "07:00"},
		{"nor has a deletion", "to switch", []window.Window{seven}, []rrset{{zone: org, name: "old", before: 600}}, "arm switch", "07:00"},
		{"a freeze", "to gate", []window.Window{freeze}, []rrset{update}, "arm gate", "09:00"},
		{"a freeze of another zone", "to gate", []window.Window{freeze}, []rrset{alone}, "run gate", ""},
		{"two zones, the first time that both are open", "to gate", []window.Window{daily("nine", "0 9 * * *", org), ten}, []rrset{update, alone}, "arm gate in 2 zones", "10:00"},
		{"it holds and is resumed: it looks again", "to gate ok ok hold resume", []window.Window{seven}, []rrset{update}, "run gate", ""},
		{"a switch that was begun is finished", "to switch start", []window.Window{seven}, []rrset{update}, "run switch", ""},
		{"what is taken back waits for nothing", "to switch ok cancel", []window.Window{seven}, []rrset{update}, "close switch", ""},
		{"a TTL alone waits for nothing", "to lower-ttl", []window.Window{seven}, []rrset{{zone: org, name: "www", before: 600, after: 300, same: true}}, "run lower-ttl", ""},
		{"verifying waits for nothing", "to verify", []window.Window{seven}, []rrset{update}, "run verify", ""},
		{"cancelled while it waits", "to gate ok cancel", []window.Window{seven}, []rrset{update}, "close lower-ttl", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRun(windowed(tt.windows, tt.sets...))
			r.do(t, tt.script)
			a := r.next()
			if got := describe(a); got != tt.want {
				t.Fatalf("next is %q, want %q", got, tt.want)
			}
			until := a.Until
			if a.Kind == execute.Arm {
				until = a.Waits[len(a.Waits)-1]
			}
			if got := until.Format("15:04"); tt.until != "" && got != tt.until {
				t.Errorf("until %s, want %s", until, tt.until)
			}
		})
	}
}

func windowed(windows []window.Window, sets ...rrset) *plan.Plan {
	p := planOf(plan.Staged, sets...)
	p.Policy.Windows = windows
	return p
}

// A switch that was begun and held before it wrote waits for the windows once it is
// resumed, as days later in a freeze; one whose process died is finished.
func TestAHeldSwitchKeepsToTheWindows(t *testing.T) {
	for script, want := range map[string]string{
		"to gate ok ok ok hold resume": "arm switch",
		"to gate ok ok ok start":       "run switch",
	} {
		r := newRun(windowed([]window.Window{daily("seven", "0 7 * * *", "*")}, update))
		r.do(t, script)
		r.now = r.now.Add(20 * time.Hour)
		if got := describe(r.next()); got != want {
			t.Errorf("%s: next is %q, want %q", script, got, want)
		}
	}
}

// A process that is dead, or a machine that sleeps, while the window is open waits
// for the next one; one that comes back in time does not.
func TestWindowsThatAreMissed(t *testing.T) {
	for after, want := range map[time.Duration]string{
		30 * time.Minute:  "sleep gate",
		90 * time.Minute:  "run gate",
		200 * time.Minute: "arm gate",
	} {
		r := newRun(windowed([]window.Window{daily("seven", "0 7 * * *", "*")}, update))
		r.do(t, "to gate ok")
		armed := r.next().Until
		r.take(journal.Event{Kind: journal.Interrupted})
		r.now = epoch.Add(after)
		again := &run{p: r.p, state: r.state, now: r.now}
		again.take(journal.Event{Kind: journal.Resume})
		a := again.next()
		if got := describe(a); got != want {
			t.Errorf("after %s: next is %q, want %q", after, got, want)
		}
		if want == "arm gate" && !a.Waits[0].Equal(armed.AddDate(0, 0, 1)) {
			t.Errorf("after %s: until %s, want a day behind %s", after, a.Waits[0], armed)
		}
	}
}

// Groups are switched one after the other: each looks at the windows again.
func TestEachGroupKeepsToTheWindows(t *testing.T) {
	short := daily("short", "0 7 * * *", "*")
	short.Duration = 60
	r := newRun(windowed([]window.Window{short}, groupA, groupB))
	r.do(t, "to switch")
	if got := describe(r.next()); got != "run switch" {
		t.Fatalf("next is %q", got)
	}
	r.do(t, "ok to switch")
	if got := describe(r.next()); got != "arm switch" || !r.next().Waits[0].Equal(epoch.Add(25*time.Hour)) {
		t.Errorf("the second group: %q until %v", got, r.next().Waits)
	}
}

// Whatever happens, and whenever the process comes back: no switch begins outside
// the windows, and none is waited for while they are open.
func TestNoSwitchBeginsOutsideTheWindows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cron := rapid.SampledFrom([]string{"0 7 * * *", "0 */6 * * *", "30 23 * * mon", "15 * * * *"})
		list := []window.Window{daily("w", cron.Draw(t, "org"), org), daily("v", cron.Draw(t, "both"), "*")}
		list[0].Kind = rapid.SampledFrom([]window.Kind{window.Allow, window.Deny}).Draw(t, "kind")
		list[0].Duration = rapid.Int64Range(60, 20000).Draw(t, "duration")
		set, err := window.New(list)
		if err != nil {
			t.Fatal(err)
		}
		r := newRun(windowed(list, update, groupA, groupANet))
		begun := map[string]bool{}
		for range 60 {
			r.now = r.now.Add(time.Duration(rapid.IntRange(0, 20000).Draw(t, "seconds")) * time.Second)
			a := r.next()
			switch a.Kind {
			case execute.Run:
				ok := true
				for _, z := range a.Zones {
					allowed, _ := set.Allowed(z.Zone, r.now)
					ok = ok && allowed
				}
				if !ok && (a.Step.Kind == plan.StepGate || a.Step.Kind.Switches()) && !a.Closing && !begun[a.Step.ID] {
					t.Fatalf("%s begins at %s", describe(a), r.now)
				}
				r.take(journal.Event{Kind: journal.Start, Step: a.Step.ID, Undo: a.Closing})
				begun[a.Step.ID] = true
				if rapid.IntRange(0, 9).Draw(t, "dies") > 0 {
					r.each(a, journal.Done, "")
				}
			case execute.Arm:
				if allowed, _, _ := set.AllAllowed(namesOf(a), r.now); allowed && !a.Step.Kind.Waits() {
					t.Fatalf("%s at %s, when the windows are open", describe(a), r.now)
				}
				r.each(a, journal.Wait, "")
			case execute.Sleep:
				r.now = a.Until
			case execute.Pass:
				r.each(a, journal.Done, "")
			default:
				return
			}
		}
	})
}

func namesOf(a execute.Action) (out []zone.Name) {
	for _, z := range a.Zones {
		out = append(out, z.Zone)
	}
	return out
}
