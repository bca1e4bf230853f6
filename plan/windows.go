package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/window"
)

// WindowSet returns the plan's windows, ready to be asked; nil, which allows
// everything, where there are none. Decode refuses windows that do not fit.
func (p *Plan) WindowSet() *window.Set {
	s, err := window.New(p.Policy.Windows)
	if err != nil || len(p.Policy.Windows) == 0 {
		return nil
	}
	return s
}

// ChangedZones are the names of the zones that the plan changes, each once, in its
// order.
func (p *Plan) ChangedZones() (out []zone.Name) {
	for i := range p.Changes {
		if z := p.Changes[i].Zone; len(out) == 0 || out[len(out)-1] != z {
			out = append(out, z) // changes are in order
		}
	}
	return out
}

// CheckWindows refuses to begin the plan at a time outside the windows of the zones
// that it changes. They are switched together, so the next opening is one of all.
func (p *Plan) CheckWindows(s *window.Set, now time.Time) (out []Refusal) {
	zones := p.ChangedZones()
	for _, z := range zones {
		if ok, by := s.Allowed(z, now); !ok {
			out = append(out, Refusal{Code: OutsideWindow, Zone: z, Message: shut(by) + "; " + opening(s, z, zones, now), Allow: "--ignore-windows"})
		}
	}
	return out
}

// shut says why switching is not allowed.
func shut(by *window.Window) string {
	if by == nil {
		return "no change window is open"
	}
	return fmt.Sprintf("the freeze %q is in force", by.Name)
}

// opening says when switching the zones of a plan is allowed next; z is one of them.
func opening(s *window.Set, z zone.Name, zones []zone.Name, at time.Time) string {
	next, ok := s.Next(zones, at)
	if !ok && len(zones) > 1 {
		if next, ok = s.Next([]zone.Name{z}, at); ok {
			return fmt.Sprintf("its next opening is %s (window %q), but the zones of the plan are never open together: plan them apart, by NAME", next, next.Window)
		}
	}
	if !ok {
		return "there is no opening within five years"
	}
	return fmt.Sprintf("the next opening is %s (window %q)", next, next.Window)
}

// JudgeWindows lets the windows of s judge the plan as it would be applied now:
// what refuses it, what would refuse it had a person not allowed to ignore them,
// and a warning where the switch would wait. Those of an earlier time are dropped.
func (p *Plan) JudgeWindows(s *window.Set, now time.Time) {
	p.Refusals = slices.DeleteFunc(slices.Clone(p.Refusals), func(r Refusal) bool { return r.Code == OutsideWindow })
	p.Lifted = slices.DeleteFunc(slices.Clone(p.Lifted), func(r Refusal) bool { return r.Code == OutsideWindow })
	p.Warnings = slices.DeleteFunc(slices.Clone(p.Warnings), func(w Warning) bool { return w.Code == SwitchWaits })
	outside := p.CheckWindows(s, now)
	switch {
	case p.Policy.IgnoreWindows && len(outside) == 0:
		outside = p.CheckWindows(s, now.Add(p.untilSwitch()))
		fallthrough
	case p.Policy.IgnoreWindows:
		p.Lifted = append(p.Lifted, outside...)
		return
	case !p.Policy.AwaitWindow:
		p.Refusals = append(p.Refusals, outside...)
	}
	p.WarnOfWindows(s, now)
}

// CheckSwitch refuses a plan whose run, begun now, would reach its first switch
// outside of windows that it does not know: its own are those of the inventory that
// it was made from, and s may be those of a later one.
func (p *Plan) CheckSwitch(s *window.Set, now time.Time) (out []Refusal) {
	zones, own := p.ChangedZones(), p.WindowSet()
	at := now.Add(p.untilSwitch())
	if ok, _, _ := own.AllAllowed(zones, at); !ok {
		next, found := own.Next(zones, at)
		if !found {
			return nil // it never switches
		}
		at = next.At
	}
	for _, r := range p.CheckWindows(s, at) {
		r.Message = fmt.Sprintf("applied now, the run would switch at %s, by the windows that the plan was made with, and by those of the inventory then %s",
			at.In(now.Location()).Format("Mon 2006-01-02 15:04 MST"), r.Message)
		out = append(out, r)
	}
	return out
}

// untilSwitch is how long the plan takes, at the least, to its first switch.
func (p *Plan) untilSwitch() time.Duration {
	var seconds int64
	for i := range p.Steps {
		if p.Steps[i].Kind.Switches() {
			break
		}
		seconds += p.Steps[i].Seconds
	}
	return time.Duration(seconds) * time.Second
}

// Switches tells whether steps of the kind bring new answers about: they keep to
// the change windows. TTLs alone may be changed at any time of a run.
func (k Kind) Switches() bool { return k == StepSwitch || k == StepProxyOff || k == StepProxyOn }

// SwitchWaits is the code of the warning that a switch will wait for a window.
const SwitchWaits = "switch-waits"

// WarnOfWindows warns where the run, begun now, would reach its switch outside of
// the windows and wait for the next opening.
func (p *Plan) WarnOfWindows(s *window.Set, now time.Time) {
	zones := p.ChangedZones()
	at := now.Add(p.untilSwitch())
	ok, z, by := s.AllAllowed(zones, at)
	if ok || at.Equal(now) && !p.Policy.AwaitWindow {
		return // CheckWindows tells of now
	}
	next, found := s.Next(zones, at)
	if !found {
		return
	}
	p.Warnings = append(p.Warnings, Warning{Code: SwitchWaits, Name: string(z), Message: fmt.Sprintf(
		"applied now, the run reaches its switch at %s, when %s: it waits, and switches at %s (window %q)",
		at.In(next.At.Location()).Format("Mon 2006-01-02 15:04"), shut(by), next, next.Window)})
}
