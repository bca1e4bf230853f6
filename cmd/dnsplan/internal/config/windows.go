package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/window"
)

// windows are those of the inventory.
func (s *Session) windows() (*window.Set, error) {
	list := make([]window.Window, len(s.Inventory.Windows))
	for i, w := range s.Inventory.Windows {
		list[i] = window.Window{
			Name: w.Name, Kind: window.Kind(w.Kind), Cron: w.Cron, Duration: int64(w.Duration / time.Second), Timezone: w.Timezone, Zones: w.Zones,
		}
	}
	set, err := window.New(list)
	if err != nil {
		return nil, fmt.Errorf("inventory %s: %w", s.Inventory.Path, err)
	}
	return set, nil
}

// KeepToWindows puts the windows of the zones that p changes into it, and judges it
// by them.
func (s *Session) KeepToWindows(p *plan.Plan, req Request) error {
	set, err := s.windows()
	if err != nil || len(s.Inventory.Windows) == 0 {
		return err
	}
	p.Policy.IgnoreWindows, p.Policy.AwaitWindow = req.IgnoreWindows, req.AwaitWindow && !req.IgnoreWindows
	if !req.IgnoreWindows {
		p.Policy.Windows = set.For(p.ChangedZones())
	}
	p.JudgeWindows(set, req.Now)
	return nil
}

// WarnOutside warns of a plan that is allowed outside the windows because it takes
// something back.
func (s *Session) WarnOutside(p *plan.Plan, now time.Time) error {
	set, err := s.windows()
	if err != nil {
		return err
	}
	for _, r := range p.CheckWindows(set, now) {
		p.Warnings = append(p.Warnings, plan.Warning{
			Code: plan.OutsideWindow, Name: string(r.Zone), Message: "a rollback is allowed at any time, although " + r.Message,
		})
	}
	return nil
}

// Judged returns a saved plan as the guards see it now: one that is too old, or
// outside the windows of the plan or those that the inventory has by now. That a
// file calls itself a rollback opens no window: rollback saves none. What it returns
// is for showing and asking; the plan itself is applied as it stands.
func (s *Session) Judged(p *plan.Plan, now time.Time) (*plan.Plan, error) {
	seen := *p
	set, err := s.windows()
	if err != nil {
		return nil, err
	}
	seen.JudgeWindows(set, now)
	s.judgeByOwn(&seen, p, set, now)
	if limit, age := s.Inventory.Defaults.MaxPlanAge, now.Sub(p.Created).Truncate(time.Second); limit > 0 && (age > limit || age < -clockSkew) {
		seen.Refusals = append(slices.Clone(seen.Refusals), tooOld(p, age, limit)...)
	}
	return &seen, nil
}

// judgeByOwn adds what the windows of the plan itself refuse, where those of the
// inventory do not. It is by its own that the run waits, so that a switch which they
// allow, and those of the inventory do not, is refused now.
func (s *Session) judgeByOwn(seen, p *plan.Plan, set *window.Set, now time.Time) {
	seen.Warnings = slices.DeleteFunc(slices.Clone(seen.Warnings), func(w plan.Warning) bool { return w.Code == plan.SwitchWaits })
	if !p.Policy.IgnoreWindows {
		seen.WarnOfWindows(p.WindowSet(), now)
	}
	if !p.Policy.IgnoreWindows && !slices.ContainsFunc(seen.Refusals, outside) {
		seen.Refusals = append(seen.Refusals, p.CheckSwitch(set, now)...)
	}
	if !p.Policy.AwaitWindow && !slices.ContainsFunc(seen.Refusals, outside) {
		seen.Refusals = append(seen.Refusals, p.CheckWindows(p.WindowSet(), now)...)
	}
	allowAnew(seen.Refusals, outside)
}

// allowAnew says of those refusals that a flag lifts that it is a flag of making a
// plan: the command at hand takes a plan that is made, and has none.
func allowAnew(list []plan.Refusal, which func(plan.Refusal) bool) {
	for i, r := range list {
		if which(r) && strings.HasPrefix(r.Allow, "--") {
			list[i].Allow = "a new plan made with " + r.Allow
		}
	}
}

func outside(r plan.Refusal) bool { return r.Code == plan.OutsideWindow }

// clockSkew is how far the clocks of two machines may lie apart.
const clockSkew = 5 * time.Minute

// tooOld refuses a plan for each zone that it changes. How old one is that was made
// in the future, by a clock that was wrong, nobody knows.
func tooOld(p *plan.Plan, age, limit time.Duration) (out []plan.Refusal) {
	text := fmt.Sprintf("the plan is %s old, and max_plan_age of [defaults] is %s", zone.FormatDuration(age), zone.FormatDuration(limit))
	if age < 0 {
		text = fmt.Sprintf("the plan was made %s from now, by a clock that was wrong, or this one is; its age is not known, and max_plan_age of [defaults] is %s",
			zone.FormatDuration(-age), zone.FormatDuration(limit))
	}
	for _, z := range p.ChangedZones() {
		out = append(out, plan.Refusal{Code: plan.PlanTooOld, Zone: z, Message: text, Allow: "a new plan, or a higher max_plan_age"})
	}
	return out
}
