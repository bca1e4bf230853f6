package embedded_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers"
)

// commander is the command of an issuance window, as a test writes it.
type commander func(ctx context.Context) (int, error)

func (c commander) Command(ctx context.Context) (int, error) { return c(ctx) }

// hang is a command that ends with its context.
func hang(ctx context.Context) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

// windowOver is a window over all names of a zone.
func windowOver(d *plan.Desired, live *zone.Snapshot) plan.WindowZone {
	z := plan.WindowZone{Desired: d, Live: live, Proxy: true, Comments: true}
	for _, r := range live.RRsets {
		z.Names = append(z.Names, r.Name)
	}
	return z
}

func (s scenario) windowPlan(t testing.TB, zones []plan.WindowZone, policy plan.Policy) *plan.Plan {
	t.Helper()
	w := *s.window
	if s.asked {
		w, zones = askedOf(w, zones)
	}
	p, err := plan.BuildWindow(zones, w, policy, plan.Origin{ID: "RUN", Created: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	liveProxied = "www 300 A 192.0.2.1 proxied\nwww 300 AAAA 2001:db8::1 proxied"

	proxiedA    = "www.example.org. 300 A 192.0.2.1 (proxied)"
	proxiedAAAA = "www.example.org. 300 AAAA 2001:db8::1 (proxied)"
	direct60    = "www.example.org. 60 A 192.0.2.1; www.example.org. 60 AAAA 2001:db8::1"
	again       = proxiedA + "; " + proxiedAAAA
)

var (
	renewal = &plan.Window{Deadline: 1200, Ready: 60, Command: "certbot"}
	hook    = &plan.Window{Deadline: 1200, Ready: 60, Hook: true}
	www     = zone.Key{Name: "www.example.org.", Type: zone.A}
)

// comments are those of www's A RRset.
func (r *rig) comments() (out []string) {
	live, _ := r.w.provider.Snapshot(org).Find(www)
	for _, m := range live.Members {
		out = append(out, m.Comment)
	}
	return out
}

// wantClosed wants the proxy to be on, as before, with nothing left of the window.
func (r *rig) wantClosed() {
	r.t.Helper()
	r.wantLive(org, proxiedA, proxiedAAAA)
	if c := r.comments(); slices.ContainsFunc(c, func(c string) bool { return c != "" }) {
		r.t.Errorf("comments %q", c)
	}
	if marks, err := os.ReadDir(filepath.Join(r.state, "windows")); len(marks) > 0 {
		r.t.Errorf("marks %+v, %v", marks, err)
	}
}

func TestWindow(t *testing.T) {
	scenario{live: liveProxied, window: renewal}.inBubble(t, func(t *testing.T, r *rig) {
		calls := 0
		var marked []string
		r.command = func(context.Context) (int, error) {
			calls++
			since := time.Since(r.wroteAt(1).Add(5 * time.Second)) // the second server lags
			if since < time.Minute {
				t.Errorf("the command is run %s after the last server has taken it", since)
			}
			for _, a := range r.w.servers[org] {
				if got := r.w.authoritative(org, a.addrs[0], www); got.addrs[0] != netip.MustParseAddr("192.0.2.1") {
					t.Errorf("%s gives %v", a.name, got.addrs)
				}
			}
			marked = r.comments()
			time.Sleep(7 * time.Minute)
			return 3, nil
		}
		began := time.Now().UTC()
		got := r.run()
		r.wantOutcome(got, execute.OutcomeDone, execute.Closed, execute.Closed)
		if c := got.Window.Command; c == nil || c.Code != 3 || c.Ended.Sub(c.Begun) != 7*time.Minute || calls != 1 || got.Partly {
			t.Errorf("command %+v, %d calls, partly %t", c, calls, got.Partly)
		}
		if want := "dnsplan-window RUN " + began.Add(20*time.Minute).UTC().Format("20060102T150405Z"); len(marked) != 1 || !strings.HasPrefix(marked[0], want+"#") {
			t.Errorf("comments in the window %q, want %q", marked, want)
		}
		r.wantWrites(direct60, again)
		r.wantClosed()
		log, err := journal.ReadChanges(r.state)
		if err != nil || len(log) != 2 {
			t.Fatalf("%+v, %v", log, err)
		}
		impact := "proxy off for issuance for " + zone.FormatDuration(got.Window.Closed.Sub(began)) + ", from " + began.Format("2006-01-02 15:04:05") + " to " + got.Window.Closed.UTC().Format("15:04:05") + " UTC"
		if c := log[0]; c.Outcome != "closed" || c.Action != "proxied" || c.Impact != impact || !c.OldProxied || c.NewProxied || len(c.VerifiedBy) == 0 {
			t.Errorf("%+v, want impact %q", c, impact)
		}
	})
}

// TestWindowKeepsRoom: as long as the window is open there is room on the disk to write
// down that it closes; it is given free before the end of the command is.
func TestWindowKeepsRoom(t *testing.T) {
	scenario{live: liveProxied, window: renewal}.inBubble(t, func(t *testing.T, r *rig) {
		room := func() bool {
			_, err := os.Stat(filepath.Join(r.state, journal.RunsDir, "RUN", "room"))
			return err == nil
		}
		kept := false
		r.command = func(context.Context) (int, error) { kept = room(); return 0, nil }
		ended := false
		r.rec.at(func(e journal.Event) bool { return kept && e.Kind == journal.Done }, func() {
			if ended = true; room() {
				t.Error("it is kept behind the command")
			}
		})
		if r.run(); !ended {
			t.Error("it was not kept")
		}
	})
}

// TestWindowVerifiesThatItIsClosed: servers that go on to give the origin's
// addresses are told of.
func TestWindowVerifiesThatItIsClosed(t *testing.T) {
	scenario{live: liveProxied, window: renewal}.inBubble(t, func(t *testing.T, r *rig) {
		r.command = func(context.Context) (int, error) {
			r.w.set(r.w.servers[org][1].freeze)
			return 0, nil
		}
		got := r.run()
		r.wantOutcome(got, execute.OutcomeFailed, execute.Closed, execute.Closed)
		r.wantFailure(got, execute.Disagree, "ns2.example.org.", "192.0.2.1")
		r.wantWrites(direct60, again)
	})
}

func TestWindowWithoutServers(t *testing.T) {
	scenario{live: liveProxied, window: renewal, world: func(w *world) { w.unnamed = true }}.inBubble(t, func(t *testing.T, r *rig) {
		r.command = func(context.Context) (int, error) {
			if since := time.Since(r.wroteAt(1)); since != time.Minute+execute.Margin {
				t.Errorf("the command is run %s after the write", since)
			}
			return 0, nil
		}
		r.wantOutcome(r.run(), execute.OutcomeDone)
		r.wantClosed()
	})
}

// TestWindowCloses: whatever ends the command, the proxy goes on at once, and the
// command is not run again.
func TestWindowCloses(t *testing.T) {
	for _, tt := range []struct {
		name    string
		command commander
		do      func(r *rig, stop context.CancelFunc) // in the command
		took    time.Duration                         // from the command's begin to the write; -1 is to the deadline
		outcome execute.Outcome
		why     string
	}{
		{"it cannot be started", func(context.Context) (int, error) { return 0, errors.New("no such file") }, nil, 0, execute.OutcomeFailed, "run certbot: no such file"},
		{"its deadline", hang, nil, -1, execute.OutcomeFailed, "has passed before certbot had ended: it was stopped"},
		{"a signal", hang, func(_ *rig, stop context.CancelFunc) { stop() }, time.Minute, execute.OutcomeCancelled, "cancelled"},
		{"a word", hang, func(r *rig, _ context.CancelFunc) {
			if err := r.eng.Signal(r.t.Context(), r.plan.ID, engine.Cancel); err != nil {
				r.t.Error(err)
			}
		}, time.Minute, execute.OutcomeCancelled, "cancelled"},
		{"it is resumed while it runs", hang, func(r *rig, _ context.CancelFunc) {
			if err := r.eng.Signal(r.t.Context(), r.plan.ID, engine.Resume); err != nil {
				r.t.Error(err)
			}
		}, time.Minute, execute.OutcomeCancelled, "an issuance window does not go on"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			scenario{live: liveProxied, window: renewal}.inBubble(t, func(t *testing.T, r *rig) {
				ctx, stop := contextOf(t)
				defer stop()
				var begun time.Time
				calls := 0
				r.command = func(ctx context.Context) (int, error) {
					begun, calls = time.Now(), calls+1
					if tt.do != nil {
						time.AfterFunc(time.Minute, func() { tt.do(r, stop) })
					}
					return tt.command(ctx)
				}
				r.start()
				got, err := r.eng.Wait(ctx, r.plan.ID)
				if err != nil {
					t.Fatal(err)
				}
				r.wantOutcome(got, tt.outcome, execute.Closed, execute.Closed)
				if !slices.ContainsFunc(got.Failures, func(f execute.ZoneFailure) bool { return strings.Contains(f.Error, tt.why) }) {
					t.Errorf("failures %+v, want %q", got.Failures, tt.why)
				}
				r.wantWrites(direct60, again)
				r.wantClosed()
				want := begun.Add(tt.took)
				if tt.took < 0 {
					want = r.wroteAt(1).Add(20 * time.Minute)
				}
				if late := r.wroteAt(2).Sub(want); late < 0 || late > time.Second || calls != 1 {
					t.Errorf("closed %s later than it should be; %d calls", late, calls)
				}
			})
		})
	}
}

// TestDeadlineEndsWhatIsUnderWay: the deadline ends a wait for agreement, too.
func TestDeadlineEndsWhatIsUnderWay(t *testing.T) {
	scenario{live: liveProxied, window: &plan.Window{Deadline: 120, Ready: 60, Command: "certbot"}}.inBubble(t, func(t *testing.T, r *rig) {
		r.w.set(r.w.servers[org][1].freeze)
		got := r.run()
		r.wantOutcome(got, execute.OutcomeFailed, execute.Closed, execute.Closed)
		r.wantFailure(got, execute.Late, "(2m) has passed before a certificate authority could see the origin")
		if open := r.wroteAt(2).Sub(r.wroteAt(1)); open > 121*time.Second {
			t.Errorf("it was open for %s", open)
		}
		r.wantClosed()
	})
}

// TestWindowIsMarkedFirst: whoever looks for open windows finds this one before the
// proxy goes off, until its run has ended.
func TestWindowIsMarkedFirst(t *testing.T) {
	scenario{live: liveProxied, window: renewal}.inBubble(t, func(t *testing.T, r *rig) {
		began := time.Now()
		r.w.onWrite = func(zone.Name, []providers.Change) {
			open, err := journal.OpenWindows(r.state)
			if err != nil || len(open) != 1 {
				t.Fatalf("%+v, %v", open, err)
			}
			w := open[0]
			if w.Run != "RUN" || w.Hook || !w.Deadline.Equal(began.Add(20*time.Minute)) || len(w.Names) != 1 || w.Names[0] != www.Name || w.Holder.PID != os.Getpid() || !w.Holder.Since.Equal(began) {
				t.Errorf("%+v", w)
			}
		}
		r.command = func(context.Context) (int, error) { return 0, nil }
		r.wantOutcome(r.run(), execute.OutcomeDone)
		r.wantClosed()
	})
}

// TestHook: the window stays open without a process until it is told to close.
func TestHook(t *testing.T) {
	scenario{live: liveProxied, window: hook}.inBubble(t, func(t *testing.T, r *rig) {
		got := r.run()
		r.wantOutcome(got, execute.OutcomeOpen, execute.Pending, execute.Pending)
		if !got.Window.Open() || got.Window.Ready.IsZero() || got.Window.Command != nil {
			t.Errorf("%+v", got.Window)
		}
		r.wantWrites(direct60)
		open, err := journal.OpenWindows(r.state)
		if err != nil || len(open) != 1 || !open[0].Hook || !open[0].Deadline.Equal(got.Window.Deadline) {
			t.Errorf("%+v, %v", open, err)
		}
		time.Sleep(10 * time.Minute)
		r.eng = r.engine(r.state, r.rec) // another process
		got = r.signal(engine.Resume)
		r.wantOutcome(got, execute.OutcomeDone, execute.Closed, execute.Closed)
		r.wantWrites(direct60, again)
		r.wantClosed()
	})
}

// TestHookIsForgotten: behind its deadline a hook's window closes as soon as
// anybody looks after it, and that it was not told to is an end like another.
func TestHookIsForgotten(t *testing.T) {
	for _, word := range []engine.Signal{"", engine.Resume, engine.Cancel} {
		scenario{live: liveProxied, window: hook}.inBubble(t, func(t *testing.T, r *rig) {
			r.wantOutcome(r.run(), execute.OutcomeOpen)
			time.Sleep(time.Hour)
			want := execute.OutcomeDone
			if word == engine.Cancel {
				want = execute.OutcomeCancelled
			}
			if word != "" {
				if err := r.eng.Signal(t.Context(), r.plan.ID, word); err != nil {
					t.Fatal(err)
				}
			}
			got := r.wait()
			r.wantOutcome(got, want, execute.Closed, execute.Closed)
			if got.Window.Expired != (want == execute.OutcomeDone) || got.Partly {
				t.Errorf("expired %t, partly %t", got.Window.Expired, got.Partly)
			}
			r.wantClosed()
		})
	}
}

// TestWindowKilledAtEachEvent: a process that dies at any moment leaves a window
// that is found, and that the next one closes: each write is made once, and the
// command is not run again.
func TestWindowKilledAtEachEvent(t *testing.T) {
	for _, w := range []*plan.Window{renewal, hook} {
		for _, word := range []engine.Signal{engine.Resume, engine.Cancel} {
			for seq, more := 1, true; more; seq++ {
				scenario{live: liveProxied, window: w}.inBubble(t, func(t *testing.T, r *rig) {
					more = r.killedAt(seq, word)
				})
			}
		}
	}
}

// TestCommandIsOrphaned: whoever closes the window of a process that has died says that
// its command may still run, by what word ever.
func TestCommandIsOrphaned(t *testing.T) {
	for _, word := range []engine.Signal{engine.Resume, engine.Cancel} {
		scenario{live: liveProxied, window: renewal}.inBubble(t, func(t *testing.T, r *rig) {
			r.command = func(context.Context) (int, error) { panic(killed{}) }
			if !r.die(-1) {
				t.Fatal("it has not died")
			}
			r.eng = r.engine(r.state, r.rec)
			r.reborn(len(r.events()))
			if c := r.signal(word).Window.Command; c == nil || !c.Orphaned || !c.Ended.IsZero() {
				t.Errorf("%s: %+v", word, c)
			}
		})
	}
}

// killedAt lets the run die at an event, and another process end it. It is false
// where the run has come to its end before.
func (r *rig) killedAt(seq int, word engine.Signal) bool {
	calls := 0
	r.command = func(context.Context) (int, error) {
		calls++
		return 0, nil
	}
	if !r.die(seq) {
		return false
	}
	from := r.state
	r.reborn(seq)
	if err := os.CopyFS(filepath.Join(r.state, "windows"), os.DirFS(filepath.Join(from, "windows"))); err != nil && !errors.Is(err, os.ErrNotExist) {
		r.t.Fatal(err)
	}
	live, _ := r.w.provider.Snapshot(org).Find(www)
	if open, err := journal.OpenWindows(r.state); err != nil || !live.Proxied && len(open) != 1 {
		r.t.Errorf("event %d: open windows %+v, %v", seq, open, err)
	}
	if r.events()[seq-1].Kind != journal.End {
		got := r.signal(word)
		if got.Outcome != execute.OutcomeCancelled && got.Outcome != execute.OutcomeDone {
			r.t.Errorf("event %d: %s, %+v", seq, got.Outcome, got.Failures)
		}
	}
	r.wantClosed()
	if writes := r.w.writes(); len(writes) > 2 || len(writes) == 1 || calls > 1 {
		r.t.Errorf("event %d: writes %q, %d calls of the command", seq, writes, calls)
	}
	return true
}

// A window whose provider is down is let go of in the midst of being closed, also on
// its way to its orderly end, and closed later, by one write.
func TestWindowIsLetGoOf(t *testing.T) {
	for name, tt := range map[string]struct {
		window *plan.Window
		while  plan.Kind // the process dies as this begins
	}{
		"the command runs":       {renewal, plan.StepCommand},
		"the proxy goes on":      {renewal, plan.StepProxyOn},
		"a hook's window closes": {hook, plan.StepCommand},
	} {
		t.Run(name, func(t *testing.T) {
			scenario{live: liveProxied, window: tt.window}.inBubble(t, func(t *testing.T, r *rig) {
				r.command = func(context.Context) (int, error) { return 0, nil }
				ctx, die := context.WithCancelCause(t.Context())
				defer die(nil)
				if tt.window == renewal {
					r.rec.at(began(r.step(tt.while, 1)), func() {
						r.w.set(func() { r.w.down = true })
						die(execute.ErrLetGo)
					})
				}
				r.start()
				_, err := r.eng.Wait(ctx, r.plan.ID)
				if letGo := tt.window == renewal; errors.Is(err, execute.ErrLetGo) != letGo || !letGo && err != nil {
					t.Fatalf("%v", err)
				}
				r.w.set(func() { r.w.down = true })
				for range 2 {
					ctx, stop := context.WithTimeoutCause(t.Context(), 30*time.Second, execute.ErrLetGo)
					begun := time.Now()
					if err := r.eng.Signal(ctx, r.plan.ID, engine.Resume); err != nil {
						t.Fatal(err)
					}
					got, err := r.eng.Wait(ctx, r.plan.ID)
					if !errors.Is(err, execute.ErrLetGo) || time.Since(begun) != 30*time.Second || got.Outcome != execute.OutcomeRunning {
						t.Errorf("let go of after %s, %s: %v", time.Since(begun), got.Outcome, err)
					}
					stop()
				}
				r.wantWrites(direct60)
				r.w.set(func() { r.w.down = false })
				if got := r.signal(engine.Resume); got.Window.Open() || got.LeftOpen() {
					t.Errorf("%+v", got)
				}
				r.wantWrites(direct60, again)
				r.wantClosed()
			})
		})
	}
}

// The disk fails at each write of the journal of a window: what is said of the proxy
// is what is live, also where that could not be written down.
func TestWindowUnwritten(t *testing.T) {
	for good, failed := 0, true; failed; good++ {
		scenario{live: liveProxied, window: renewal}.inBubble(t, func(t *testing.T, r *rig) {
			r.command = func(context.Context) (int, error) { return 0, nil }
			r.start()
			failed = false
			r.eng.FailJournal(r.plan.ID, good, false, syscall.ENOSPC, func() { failed = true })
			got, err := r.eng.Wait(r.t.Context(), r.plan.ID)
			if failed != errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("behind %d entries: %v", good, err)
			}
			live, _ := r.w.provider.Snapshot(org).Find(www)
			if open := got.Window.Open(); open == live.Proxied {
				t.Errorf("behind %d entries: open %t, and proxied %t", good, open, live.Proxied)
			}
		})
	}
}
