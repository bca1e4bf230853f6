package embedded_test

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// hangs is a window's command that does not end by itself.
const hangs = "hangs"

// Command is the window's, as one of the victim's processes runs it: it takes half
// a minute.
func (p *process) Command(ctx context.Context) (int, error) {
	p.touch("command")
	p.v.judgeCommand()
	until := time.Now().Add(30 * time.Second)
	if p.v.plan.Window.Command == hangs {
		until = until.Add(24 * time.Hour)
	}
	if err := p.SleepUntil(ctx, until); err != nil {
		return 0, err
	}
	return 0, nil
}

// hooked is what comes of a hook's window: it is told to close, or forgotten for a
// while, so that somebody closes it behind its deadline.
func (v *victim) hooked() engine.Signal {
	forgotten := time.Duration(v.rng.IntN(1500)) * time.Second
	time.Sleep(forgotten)
	v.dead += forgotten
	if v.rng.IntN(4) == 0 {
		return engine.Cancel
	}
	return engine.Resume
}

// judgeCommand wants the command to be run once, within the deadline, when every
// proxy is off and has been for as long as a certificate authority may see it.
func (v *victim) judgeCommand() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.commands++
	v.note("  the command is run")
	if v.commands > 1 {
		v.t.Errorf("the command is run %d times", v.commands)
	}
	events, err := journal.Read(filepath.Join(v.state, journal.RunsDir, v.plan.ID, journal.JournalFile))
	if err != nil || slices.ContainsFunc(events, func(e journal.Event) bool { return e.Kind == journal.Resume }) {
		v.t.Errorf("the command is run in a run that was resumed (%v)", err)
	}
	opened := v.opened()
	if opened.IsZero() || time.Since(opened) >= time.Duration(v.plan.Window.Deadline)*time.Second {
		v.t.Errorf("the command is run %s after the window was opened", time.Since(opened))
	}
	for i := range v.plan.Changes {
		c := &v.plan.Changes[i]
		if v.theirs[c.Key] {
			continue
		}
		if live := found(v.w.provider.Snapshot(c.Zone), c.Key); live == nil || live.Proxied {
			v.t.Errorf("the command is run, and live is %s", present(live))
		}
		if since := time.Since(v.lastServed(c, c.After.RRset(c.Key))); since < time.Duration(v.plan.Window.Ready)*time.Second && len(v.faults) == 0 {
			v.t.Errorf("the command is run %s after the last server gives the origin of %s", since, c.Key)
		}
	}
}

// opened is when the first proxy went off. The caller holds mu.
func (v *victim) opened() time.Time {
	i := slices.IndexFunc(v.seen, func(m mutation) bool { return !m.theirs && !m.to.Proxied })
	if i < 0 {
		return time.Time{}
	}
	return v.seen[i].at
}

// judgeMark wants the dead process to have left the window's mark, where it has left
// a proxy off.
func (v *victim) judgeMark() {
	if v.plan.Window == nil {
		return
	}
	open, err := journal.OpenWindows(v.state)
	if err != nil {
		v.t.Errorf("open windows: %v", err)
	}
	for i := range v.plan.Changes {
		c := &v.plan.Changes[i]
		if live := found(v.w.provider.Snapshot(c.Zone), c.Key); same(live, c.After.RRset(c.Key)) && len(open) != 1 {
			v.t.Errorf("%s, and the windows that are open are %+v", present(live), open)
		}
	}
}

// judgeWindow wants a window to be closed, in time, and to leave no mark.
func (v *victim) judgeWindow() {
	if v.plan.Window == nil {
		return
	}
	if open, err := journal.OpenWindows(v.state); err != nil || len(open) > 0 {
		v.t.Errorf("open windows at the end: %+v, %v", open, err)
	}
	leftOpen := v.outcomes.LeftOpen()
	if w := v.outcomes.Window; w.Open() != leftOpen && !w.Opened.IsZero() {
		v.t.Errorf("something is left open: %t, and the window is %+v", leftOpen, w)
	}
	opened, closed := v.opened(), time.Time{}
	for _, m := range v.seen {
		if !m.theirs && m.to.Proxied {
			closed = m.at
		}
	}
	if opened.IsZero() || closed.IsZero() || len(v.faults) > 0 || v.outcomes.Outcome == execute.OutcomeOpen {
		return
	}
	most := time.Duration(v.plan.Window.Deadline)*time.Second + v.dead + time.Duration(v.kills)*20*time.Second
	if took := closed.Sub(opened); took > most {
		v.t.Errorf("the window was open for %s, want %s at most", took, most)
	}
}

// theirsInWindow is what someone else sets in a window, now and then the proxy by
// hand, which leaves the comment as it is. The caller holds mu.
func (v *victim) theirsInWindow(c *plan.Change, other *zone.RRset) *zone.RRset {
	live := found(v.w.provider.Snapshot(c.Zone), c.Key)
	if live == nil || v.rng.IntN(2) == 0 {
		return other
	}
	live.Proxied, live.Auto, live.TTL = true, true, zone.AutoTTL
	return live
}

// besideChanged tells whether comments have changed in a zone.
func besideChanged(before, after *zone.Snapshot) bool {
	return slices.ContainsFunc(after.RRsets, func(r zone.RRset) bool {
		was, ok := before.Find(r.Key)
		return ok && r.SameValues(was) && !r.SameBeside(was)
	})
}
