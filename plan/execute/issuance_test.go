package execute_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
)

// proxiedZone is a zone of which a window is to turn the proxy of www off, in both
// families.
func proxiedZone(z string) plan.WindowZone {
	live := &zone.Snapshot{Zone: zone.Name(z)}
	for _, a := range []string{"192.0.2.1", "2001:db8::1"} {
		addr := netip.MustParseAddr(a)
		key := zone.Key{Name: zone.Name("www." + z), Type: zone.TypeOf(addr)}
		live.RRsets = append(live.RRsets, zone.RRset{
			Key: key, TTL: zone.AutoTTL, Auto: true, Proxied: true, Addrs: []netip.Addr{addr}, Members: []zone.Member{{Comment: "web", Tags: []string{"x"}}},
		})
	}
	return plan.WindowZone{
		Desired: &plan.Desired{ZoneRef: plan.ZoneRef{Zone: zone.Name(z)}, Provider: "cf"}, Live: live,
		Names: []zone.Name{zone.Name("www." + z)}, Proxy: true, Comments: true,
	}
}

// issuance is the plan of a window over www of each zone.
func issuance(t testing.TB, w plan.Window, zones ...string) *plan.Plan {
	t.Helper()
	var list []plan.WindowZone
	for _, z := range zones {
		list = append(list, proxiedZone(z))
	}
	return windowOver(t, w, list...)
}

func windowOver(t testing.TB, w plan.Window, zones ...plan.WindowZone) *plan.Plan {
	t.Helper()
	p, err := plan.BuildWindow(zones, w, plan.Policy{Timeout: 600}, plan.Origin{ID: "RUN", Created: epoch})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var (
	certbot = plan.Window{Deadline: 1200, Ready: 60, Command: "certbot"}
	hooked  = plan.Window{Deadline: 1200, Ready: 60, Hook: true}
)

func TestNextOfAWindow(t *testing.T) {
	for _, tt := range []struct {
		script string
		window plan.Window
		zones  int
		want   string
	}{
		{"to proxy-off", certbot, 1, "run proxy-off"},
		{"to proxy-off start", certbot, 1, "run proxy-off"}, // outcome unknown, and the process is the same: it looks
		{"to expire ok ok", certbot, 1, "pass expire"},
		{"to command", certbot, 1, "run command"},
		{"to command", certbot, 2, "run command in 2 zones"},
		{"to command ok", certbot, 2, "run proxy-on in 2 zones"},
		{"to proxy-on ok", certbot, 1, "run verify"},
		{"to verify ok", certbot, 1, "finish"},

		// what fails closes, in all zones
		{"to preflight fail", certbot, 1, "finish"},
		{"to proxy-off fail", certbot, 1, "close proxy-off"},
		{"to propagate fail", certbot, 2, "close proxy-off in 2 zones"},
		{"to command fail", certbot, 2, "close proxy-off in 2 zones"},
		{"to command fail ok", certbot, 2, "finish"},
		{"to proxy-on fail", certbot, 1, "close proxy-off"},
		{"to proxy-on moved", certbot, 1, "close proxy-off"},
		{"to proxy-on fail start", certbot, 1, "close proxy-off"},
		{"to verify fail", certbot, 1, "finish"}, // it is on, and stays on
		{"to verify moved", certbot, 2, "finish"},

		// cancel closes, and so does resume: the command is not run late, or twice
		{"to expire cancel", certbot, 2, "close proxy-off in 2 zones"},
		{"to command start cancel", certbot, 1, "close proxy-off"},
		{"resume", certbot, 1, "finish"},
		{"to proxy-off resume", certbot, 1, "finish"},
		{"to proxy-off start resume", certbot, 1, "close proxy-off"},
		{"to expire resume", certbot, 2, "close proxy-off in 2 zones"},
		{"to command resume", certbot, 1, "close proxy-off"},
		{"to command start resume", certbot, 1, "close proxy-off"},
		{"to command start", certbot, 1, "give up command"},
		{"to command start ok", certbot, 1, "close proxy-off"},
		{"to command ok resume", certbot, 1, "close proxy-off"},
		{"to proxy-on start resume", certbot, 1, "run proxy-on"}, // that is closing
		{"to proxy-on ok resume", certbot, 1, "run verify"},
		{"to expire cancel hold", certbot, 1, "hold"},
		{"to expire cancel hold resume", certbot, 1, "close proxy-off"},

		// the deadline
		{"to proxy-off late", certbot, 1, "give up proxy-off"},
		{"to propagate late", certbot, 2, "give up propagate in 2 zones"},
		{"to propagate late ok", certbot, 2, "close proxy-off in 2 zones"},
		{"to command late", certbot, 1, "give up command"},
		{"to command late ok", certbot, 1, "close proxy-off"},
		{"to preflight late", certbot, 1, "run preflight"}, // nothing is open

		// a hook's window waits for a word
		{"to command", hooked, 1, "hold"},
		{"to command resume", hooked, 2, "pass command in 2 zones"},
		{"to command resume ok", hooked, 2, "run proxy-on in 2 zones"},
		{"to command resume resume", hooked, 1, "close proxy-off"},
		{"to command cancel", hooked, 1, "close proxy-off"},
		{"to expire resume", hooked, 1, "close proxy-off"},
	} {
		r := newRun(issuance(t, tt.window, []string{org, net}[:tt.zones]...))
		r.do(t, tt.script)
		if got := describe(r.next()); got != tt.want {
			t.Errorf("%q (hook %t): %s, want %s", tt.script, tt.window.Hook, got, tt.want)
		}
	}
}

// TestHooksDeadline: the deadline of a hook's window is an end like another, unless
// something is left open.
func TestHooksDeadline(t *testing.T) {
	for _, word := range []string{"", "resume"} { // the deadline comes first, or it is told too late
		r := newRun(issuance(t, hooked, org))
		r.do(t, "to command")
		w := r.state.Result().Window
		if got := r.state.Result().Outcome; got != execute.OutcomeOpen || !w.Open() || w.Deadline.Sub(w.Opened) != 20*time.Minute || w.Ready.IsZero() {
			t.Fatalf("%s, %+v", got, w)
		}
		r.now = w.Deadline
		r.do(t, word)
		if got := describe(r.next()); got != "give up command" {
			t.Errorf("%s: %s", word, got)
		}
		r.do(t, "ok ok ok")
		if got := r.state.Result(); got.Outcome != execute.OutcomeDone || !got.Window.Expired || got.Partly || got.Changes[0].Made != execute.Closed || !strings.Contains(got.Failures[0].Error, "(20m) has passed before it was told to close") {
			t.Errorf("%s: %+v", word, got)
		}
	}
	for script, want := range map[string]execute.Outcome{"ok fail ok": execute.OutcomeFailed, "cancel ok ok": execute.OutcomeCancelled} {
		r := newRun(issuance(t, hooked, org))
		r.do(t, "to command")
		r.now = r.state.Result().Window.Deadline
		r.do(t, script)
		if got := r.state.Result(); got.Outcome != want || got.LeftOpen() != (want == execute.OutcomeFailed) {
			t.Errorf("%q: %s, left open %t", script, got.Outcome, got.LeftOpen())
		}
	}
}

// TestLateForAChallenge: the deadline may come while the origin is asked.
func TestLateForAChallenge(t *testing.T) {
	z := proxiedZone(org)
	z.Challenges = map[zone.Name]*plan.Challenge{"www." + org: {Port: 80, HTTPSPort: 443, AllowReserved: true}}
	r := newRun(windowOver(t, certbot, z))
	r.do(t, "to probe late ok ok")
	if got := r.state.Result(); got.Changes[0].Made != execute.Closed || !strings.Contains(got.Failures[0].Error, "(20m) has passed before the origin had answered a challenge: nothing was run") {
		t.Errorf("%+v", got)
	}
}

func TestLimits(t *testing.T) {
	r := newRun(issuance(t, certbot, org))
	var limits []string
	for range 20 {
		a := r.next()
		if a.Kind == execute.Nothing {
			break
		}
		limit := "-"
		if opened := r.state.Result().Window.Opened; !a.Limit.IsZero() && opened.IsZero() {
			limit = "now+" + a.Limit.Sub(r.now).String()
		} else if !a.Limit.IsZero() {
			limit = "opened+" + a.Limit.Sub(opened).String()
		}
		limits = append(limits, describe(a)+" "+limit)
		r.step(t, "ok")
	}
	want := `run backup -, run preflight -, run proxy-off now+20m0s, run propagate opened+20m0s, ` +
		`arm expire opened+20m0s, sleep expire opened+20m0s, pass expire opened+20m0s, run command opened+20m0s, run proxy-on -, run verify -, finish -`
	if got := strings.Join(limits, ", "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestReadyCounts: the wait is the window's own, and not that of the proxy's TTL.
func TestReadyCounts(t *testing.T) {
	r := newRun(issuance(t, certbot, org))
	r.do(t, "to expire")
	if a := r.next(); a.Waits[0].Sub(r.now) != time.Minute+execute.Margin {
		t.Errorf("waits %s", a.Waits[0].Sub(r.now))
	}
}

func TestWindowResult(t *testing.T) {
	for _, tt := range []struct {
		script  string
		outcome execute.Outcome
		made    execute.Made
		open    bool
		partly  bool
		fails   string
	}{
		{"to preflight", execute.OutcomeRunning, execute.Pending, false, false, ""},
		{"to preflight fail ok", execute.OutcomeFailed, execute.NotApplied, false, false, "because"},
		{"to expire", execute.OutcomeRunning, execute.Pending, true, false, ""},
		{"to verify", execute.OutcomeRunning, execute.Pending, false, false, ""},
		{"to verify ok ok", execute.OutcomeDone, execute.Closed, false, false, ""},
		{"to verify fail ok", execute.OutcomeFailed, execute.Closed, false, false, "because"},
		{"to expire cancel ok ok", execute.OutcomeCancelled, execute.Closed, false, false, "cancelled"},
		{"to expire resume ok ok", execute.OutcomeCancelled, execute.Closed, false, false, "its process has ended"},
		{"to command fail ok ok", execute.OutcomeFailed, execute.Closed, false, false, "because"},
		{"to command fail fail ok", execute.OutcomeFailed, execute.LeftOpen, true, true, "because"},
		{"to command cancel hold", execute.OutcomeHeld, execute.LeftOpen, true, true, "because"},
		{"to command late ok ok ok", execute.OutcomeFailed, execute.Closed, false, false, "(20m) has passed before certbot had ended: it was stopped"},
		{"to propagate late ok ok ok", execute.OutcomeFailed, execute.Closed, false, false, "before a certificate authority could see the origin: nothing was run"},
		{"to command start ok ok ok", execute.OutcomeFailed, execute.Closed, false, false, "certbot was begun and then stopped, and it is not begun twice"},
	} {
		r := newRun(issuance(t, certbot, org, net))
		r.do(t, tt.script)
		got := r.state.Result()
		if got.Outcome != tt.outcome || got.Window.Open() != tt.open || got.Partly != tt.partly {
			t.Errorf("%q: %s, open %t, partly %t", tt.script, got.Outcome, got.Window.Open(), got.Partly)
		}
		for _, c := range got.Changes {
			if c.Made != tt.made {
				t.Errorf("%q: %s is %s, want %s", tt.script, c.Change.ID, c.Made, tt.made)
			}
		}
		said := fmt.Sprint(got.Failures)
		if !strings.Contains(said, tt.fails) || (tt.fails == "") != (len(got.Failures) == 0) {
			t.Errorf("%q: failures %s", tt.script, said)
		}
	}
}

func TestCommandResult(t *testing.T) {
	r := newRun(issuance(t, certbot, org, net))
	r.do(t, "to command")
	a := r.next()
	r.take(journal.Event{Kind: journal.Start, Step: a.Step.ID})
	begun := r.now
	if c := r.state.Result().Window.Command; c == nil || !c.Begun.Equal(begun) || !c.Ended.IsZero() {
		t.Errorf("%+v", c)
	}
	r.now = r.now.Add(time.Minute)
	for _, z := range a.Zones {
		r.take(journal.Event{Kind: journal.Done, Step: a.Step.ID, Zone: z.String(), Data: json.RawMessage(`{"exit_code":3}`)})
	}
	r.do(t, "ok ok ok")
	got := r.state.Result()
	if c := got.Window.Command; got.Outcome != execute.OutcomeDone || c.Code != 3 || c.Ended.Sub(c.Begun) != time.Minute || !c.Begun.Equal(begun) {
		t.Errorf("%s, %+v", got.Outcome, c)
	}
}

// A command whose process has died may still run; one that a process has told to end,
// or has seen end, does not.
func TestOrphanedCommand(t *testing.T) {
	for script, want := range map[string]bool{"resume ok": true, "cancel resume ok": false, "ok resume ok ok": false} {
		r := newRun(issuance(t, certbot, org))
		r.do(t, "to command")
		r.take(journal.Event{Kind: journal.Start, Step: r.next().Step.ID})
		r.do(t, script)
		if c := r.state.Result().Window.Command; c == nil || c.Orphaned != want {
			t.Errorf("%s: %+v", script, c)
		}
	}
}

// commander is a command that a test writes.
type commander func(ctx context.Context) (int, error)

func (c commander) Command(ctx context.Context) (int, error) { return c(ctx) }

// TestRunnerRunsTheCommandOnce: for all zones of its step, and what comes of it is
// each zone's.
func TestRunnerRunsTheCommandOnce(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  commander
		want string
		err  error
	}{
		{"good", func(context.Context) (int, error) { return 0, nil }, `done example.net. {"exit_code":0}, done example.org. {"exit_code":0}`, nil},
		{"bad", func(context.Context) (int, error) { return 7, nil }, `done example.net. {"exit_code":7}, done example.org. {"exit_code":7}`, nil},
		{"missing", func(context.Context) (int, error) { return 0, errors.New("no such file") }, `failed example.net. {"class":"refused"}, failed example.org. {"class":"refused"}`, nil},
		{"stopped", func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() }, "", context.DeadlineExceeded},
		{"nobody", nil, `failed example.net. {"class":"refused"}, failed example.org. {"class":"refused"}`, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRun(issuance(t, certbot, org, net))
			r.do(t, "to command")
			calls := 0
			runner := &execute.Runner{Plan: r.p, Clock: embedded.SystemClock{}}
			if tt.run != nil {
				runner.Commander = commander(func(ctx context.Context) (int, error) { calls++; return tt.run(ctx) })
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			events, err := runner.Run(ctx, r.next(), r.state)
			var got []string
			for _, e := range events {
				got = append(got, fmt.Sprintf("%s %s %s", e.Kind, e.Zone, e.Data))
			}
			if !errors.Is(err, tt.err) || strings.Join(got, ", ") != tt.want {
				t.Errorf("%s: %s, %v", tt.name, strings.Join(got, ", "), err)
			}
			if tt.run != nil && calls != 1 {
				t.Errorf("%s: %d calls", tt.name, calls)
			}
		})
	}
}

// flaky is a provider that does not answer for a while, or so.
type flaky struct {
	*memory.Provider
	until time.Time
	err   error // nil is no answer
}

func (p flaky) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	if time.Now().Before(p.until) && p.err != nil {
		return nil, p.err
	}
	if time.Now().Before(p.until) {
		return nil, errors.New("connection refused")
	}
	return p.Provider.Look(ctx, z, keys)
}

// TestClosingAWindowIsTriedOn: where other runs hold after some tries, or because a
// provider wants to be left alone for some minutes, a window goes on to be closed for
// as long as closing may take.
func TestClosingAWindowIsTriedOn(t *testing.T) {
	for _, because := range []func() error{
		func() error { return nil },
		func() error { return providers.ErrCredentials },
		func() error { return providers.ErrZoneNotFound },
		func() error { return &providers.RateLimitError{Until: time.Now().Add(10 * time.Minute)} },
		func() error { return &providers.RateLimitError{Until: time.Now().Add(-time.Minute)} }, // by another clock
	} {
		synctest.Test(t, func(t *testing.T) {
			cause := because()
			p := memory.New(memory.Options{Limits: providers.Limits{Proxy: true, Comments: true}})
			r := newRun(issuance(t, certbot, org))
			p.Put(whileOpen(r.p, org))
			r.do(t, "to command cancel")
			events := r.act(t, single{provider: flaky{p, time.Now().Add(14 * time.Minute), cause}})
			if len(events) != 1 || events[0].Kind != journal.Done {
				t.Fatalf("%+v", events)
			}
			wantClosed(t, p, r.p)

			r = newRun(issuance(t, certbot, org))
			r.do(t, "to command cancel")
			events = r.act(t, single{provider: flaky{p, time.Now().Add(time.Hour), cause}})
			says := "connection refused"
			if cause != nil {
				says = cause.Error()
			}
			if len(events) != 1 || events[0].Kind != journal.Hold || !strings.Contains(events[0].Error, "was not taken back within") || !strings.Contains(events[0].Error, says) {
				t.Fatalf("%+v, want one that says %q", events, says)
			}
		})
	}
}

// inFront is the zone before the window of the plan, with what stands beside the
// addresses then.
func inFront(p *plan.Plan, z zone.Name) *zone.Snapshot {
	s := &zone.Snapshot{Zone: z}
	for i := range p.Changes {
		if c := &p.Changes[i]; c.Zone == z {
			r := c.Before.RRset(c.Key).Clone()
			r.Members = []zone.Member{{Comment: "web", Tags: []string{"x"}}}
			s.RRsets = append(s.RRsets, r)
		}
	}
	s.Sort()
	return s
}

// whileOpen is the zone while the window is open.
func whileOpen(p *plan.Plan, z zone.Name) *zone.Snapshot {
	s := inFront(p, z)
	for i := range p.Changes {
		c := &p.Changes[i]
		if live, ok := s.Find(c.Key); ok {
			m, _ := p.MarkedMove(c.Move(plan.StepProxyOff), plan.MembersOf(live), epoch)
			s.RRsets[slices.IndexFunc(s.RRsets, func(r zone.RRset) bool { return r.Key == c.Key })] = *m.To
		}
	}
	return s
}

// wantClosed wants the provider to hold what was there before the window, with what
// stands beside the addresses.
func wantClosed(t *testing.T, m *memory.Provider, p *plan.Plan) {
	t.Helper()
	for _, want := range inFront(p, org).RRsets {
		if live, ok := m.Snapshot(org).Find(want.Key); !ok || !live.Equal(want) || !live.SameBeside(want) {
			t.Errorf("%s is %+v, want %+v", want.Key, live, want)
		}
	}
}

// TestClosingLooks: what a window finds when it closes, and what it leaves.
func TestClosingLooks(t *testing.T) {
	theirs := func(r *zone.RRset) { r.Addrs = []netip.Addr{netip.MustParseAddr("198.51.100.7")} }
	slower := func(r *zone.RRset) { r.TTL = 3600 }
	byHand := func(r *zone.RRset) { r.Proxied, r.Auto, r.TTL = true, true, zone.AutoTTL }
	for _, tt := range []struct {
		name   string
		edit   func(*zone.RRset) // of the A RRset
		kind   journal.Kind
		writes int
		proxy  bool // of the A RRset, at the end
		events int
	}{
		{"as it was left", func(*zone.RRset) {}, journal.Done, 1, true, 1},
		{"on again by hand: the marker goes, and that is said", byHand, journal.Done, 1, true, 2},
		{"with another TTL: it is as good as ours", slower, journal.Done, 1, true, 1},
		{"someone else's: it stays, an alarm", theirs, journal.Failed, 1, false, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := memory.New(memory.Options{Limits: providers.Limits{Proxy: true, Comments: true}})
			r := newRun(issuance(t, certbot, org))
			p.Put(whileOpen(r.p, org))
			p.Edit(org, func(s *zone.Snapshot) { tt.edit(&s.RRsets[0]) })
			r.do(t, "to command cancel")
			events := r.act(t, single{provider: p})
			if len(events) != tt.events || events[tt.events-1].Kind != tt.kind || len(p.Writes()) != tt.writes {
				t.Errorf("%s: %+v, %d writes", tt.name, events, len(p.Writes()))
			}
			for _, s := range p.Snapshot(org).RRsets {
				ours := s.Type == zone.AAAA || tt.proxy
				if s.Proxied != ours || ours && s.Members[0].Comment != "web" {
					t.Errorf("%s: %s is proxied %t, comment %q", tt.name, s.Key, s.Proxied, s.Members[0].Comment)
				}
			}
		})
	}
}

// TestWindowWaitsForNobody: a step that would wait for a person elsewhere fails, so
// that the window closes.
func TestWindowWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := memory.New(memory.Options{Limits: providers.Limits{Proxy: true, Comments: true}})
		r := newRun(issuance(t, certbot, org))
		p.Put(whileOpen(r.p, org))
		p.Edit(org, func(s *zone.Snapshot) { s.RRsets[0].Addrs = []netip.Addr{netip.MustParseAddr("198.51.100.7")} })
		r.do(t, "to proxy-on")
		events := r.act(t, single{provider: p})
		if len(events) != 1 || events[0].Kind != journal.Failed || !strings.Contains(string(events[0].Data), `"class":"moved"`) {
			t.Errorf("%+v", events)
		}
		if len(p.Writes()) != 0 {
			t.Errorf("%+v", p.Writes())
		}
	})
}

// TestWindowTakesATTL: someone has set the TTL alone, which the proxy takes back.
func TestWindowTakesATTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := memory.New(memory.Options{Limits: providers.Limits{Proxy: true, Comments: true}})
		r := newRun(issuance(t, certbot, org))
		p.Put(whileOpen(r.p, org))
		p.Edit(org, func(s *zone.Snapshot) { s.RRsets[0].TTL, s.RRsets[1].TTL, s.RRsets[1].Mixed = 3600, 3600, true })
		r.do(t, "to proxy-on")
		if events := r.act(t, single{provider: p}); len(events) != 1 || events[0].Kind != journal.Done {
			t.Errorf("%+v", events)
		}
		wantClosed(t, p, r.p)
	})
}

// TestWindowKeepsEdits: a comment that someone edits while the window is open stays
// so, without the marker, however the window closes.
func TestWindowKeepsEdits(t *testing.T) {
	for _, history := range []string{"to proxy-on", "to command cancel"} {
		for edit, want := range map[string]string{
			"web":     "web", // the marker is gone already
			"%s":      "",
			"rack 8":  "rack 8",
			"web, %s": "web, ",
			"rack 8 | %s | ask ops before you touch it": "rack 8 | ask ops before you touch it",
		} {
			synctest.Test(t, func(t *testing.T) {
				p := memory.New(memory.Options{Limits: providers.Limits{Proxy: true, Comments: true}})
				r := newRun(issuance(t, certbot, org))
				p.Put(whileOpen(r.p, org))
				p.Edit(org, func(s *zone.Snapshot) {
					m := &s.RRsets[0].Members[0]
					_, mark, _ := strings.Cut(m.Comment, " | ")
					m.Comment, m.Tags = strings.ReplaceAll(edit, "%s", mark), []string{"seen"}
				})
				r.do(t, history)
				events := r.act(t, single{provider: p})
				if len(events) != 1 || events[0].Kind != journal.Done || len(p.Writes()) != 1 {
					t.Errorf("%q: %+v, %d writes", edit, events, len(p.Writes()))
				}
				for i, s := range p.Snapshot(org).RRsets {
					if comment := []string{want, "web"}[i]; !s.Proxied || s.Members[0].Comment != comment || i == 0 && !slices.Equal(s.Members[0].Tags, []string{"seen"}) {
						t.Errorf("%q: %s is proxied %t, beside it %+v, want %q", edit, s.Key, s.Proxied, s.Members[0], comment)
					}
				}
			})
		}
	}
}

// TestClosingTellsWhatIsThere: what closing leaves alone is in the journal, and so is
// that there is nothing.
func TestClosingTellsWhatIsThere(t *testing.T) {
	for want, edit := range map[string]func(*zone.Snapshot){
		`has set 198.51.100.7 (TTL 60) "live":{"c1":{"ttl":60,"values":["198.51.100.7"],"proxied":false}}`: func(s *zone.Snapshot) {
			s.RRsets[0].Addrs = []netip.Addr{netip.MustParseAddr("198.51.100.7")}
		},
		`has deleted it "live":{"c1":null}`: func(s *zone.Snapshot) { s.RRsets = s.RRsets[1:] },
	} {
		synctest.Test(t, func(t *testing.T) {
			p := memory.New(memory.Options{Limits: providers.Limits{Proxy: true, Comments: true}})
			r := newRun(issuance(t, certbot, org))
			p.Put(whileOpen(r.p, org))
			p.Edit(org, edit)
			r.do(t, "to command cancel")
			events := r.act(t, single{provider: p})
			says, live, _ := strings.Cut(want, " \"live\"")
			if len(events) != 1 || !strings.Contains(events[0].Error, "someone else "+says) || !strings.Contains(string(events[0].Data), `"live"`+live) {
				t.Errorf("%+v %s, want %s", events, events[0].Data, want)
			}
		})
	}
}

// TestOneZoneDoesNotOpen: where the proxy of one zone does not go off, those that did go
// on again, and no command is run.
func TestOneZoneDoesNotOpen(t *testing.T) {
	r := newRun(issuance(t, certbot, org, net))
	r.do(t, "to proxy-off")
	a := r.next()
	r.take(journal.Event{Kind: journal.Start, Step: a.Step.ID})
	r.take(journal.Event{Kind: journal.Done, Step: a.Step.ID, Zone: org, Data: json.RawMessage(`{"written":2}`)})
	r.take(journal.Event{Kind: journal.Failed, Step: a.Step.ID, Zone: net, Error: "because", Data: json.RawMessage(`{"class":"refused"}`)})
	if got := describe(r.next()); got != "close proxy-off in 2 zones" {
		t.Errorf("next is %s", got)
	}
	for ref, data := range map[string]string{org: `{"written":2,"landed":["c3","c4"]}`, net: `{}`} {
		r.take(journal.Event{Kind: journal.Done, Step: a.Step.ID, Undo: true, Zone: ref, Data: json.RawMessage(data)})
	}
	if got := describe(r.next()); got != "finish" {
		t.Errorf("next is %s", got)
	}
	for _, c := range r.state.Result().Changes {
		if want := map[string]execute.Made{org: execute.Closed, net: execute.NotApplied}[string(c.Change.Zone)]; c.Made != want {
			t.Errorf("%s is %s, want %s", c.Change.Key, c.Made, want)
		}
	}
	if w := r.state.Result().Window; w.Open() || w.Command != nil {
		t.Errorf("%+v", w)
	}
}
