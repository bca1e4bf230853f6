package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// checkWindow checks that the plan of an issuance window is one that BuildWindow
// makes: it turns proxies off and does nothing else, for its own names alone.
func (p *Plan) checkWindow() error {
	w := p.Window
	if w == nil {
		return p.checkNoWindow()
	}
	if err := w.check(); err != nil {
		return damagedf("window: %v", err)
	}
	if err := p.checkWindowNames(); err != nil {
		return damagedf("window: %v", err)
	}
	switch {
	case p.RollbackOf+p.ResumeOf+p.RestoreOf != "":
		return damagedf("window: it takes nothing back")
	case !p.Policy.isOfWindow():
		return damagedf("window: the policy is not that of an issuance window")
	case len(p.Conflicts)+len(p.Refusals)+len(p.Lifted)+len(p.Unmanaged) > 0:
		return damagedf("window: it has conflicts, refusals or unmanaged names")
	}
	for i := range p.Changes {
		if err := p.checkWindowChange(&p.Changes[i]); err != nil {
			return damagedf("window: change %s: %v", p.Changes[i].ID, err)
		}
	}
	if err := p.checkOrigins(); err != nil {
		return damagedf("window: %v", err)
	}
	return nil
}

// checkNoWindow checks that a plan without an issuance window asks for nothing that
// one would.
func (p *Plan) checkNoWindow() error {
	for i := range p.Changes {
		if c := &p.Changes[i]; c.Challenge != nil && c.opens() {
			return damagedf("change %s: a challenge behind a proxy, and no window", c.ID)
		}
	}
	return nil
}

func (p *Plan) checkWindowNames() error {
	for i, n := range p.Window.Names {
		inZone := func(z Zone) bool { return n.IsSubdomainOf(z.Zone) }
		switch {
		case !isCanonical(n) || strings.HasPrefix(string(n), wildcardPrefix):
			return fmt.Errorf("name %q", n)
		case i > 0 && zone.CompareNames(p.Window.Names[i-1], n) >= 0:
			return fmt.Errorf("name %q is out of order or stands twice", n)
		case !slices.ContainsFunc(p.Zones, inZone):
			return fmt.Errorf("name %q is in no zone of the plan", n)
		}
	}
	return nil
}

// isOfWindow tells whether ofWindow leaves the policy as it is.
func (o *Policy) isOfWindow() bool {
	return o.Strategy == Staged && o.Require == "all" && o.ChangeTTL == 0 && o.Settle == 0 && len(o.Resolvers) == 0 &&
		o.OnFailure == Rollback && len(o.Windows) == 0 && !o.IgnoreWindows && !o.AwaitWindow
}

// checkWindowChange tells what BuildWindow would not have made of a change.
func (p *Plan) checkWindowChange(c *Change) error {
	switch {
	case !c.opens():
		return errors.New("it does not turn a proxy off")
	case !slices.Contains(p.Window.Names, c.Name):
		return fmt.Errorf("%s is not a name of the window", c.Name)
	case c.After.Auto || c.After.TTL < windowTTL:
		return fmt.Errorf("after: TTL %d", c.After.TTL)
	case c.Group != "" || c.Probe != nil || c.Wildcard != 0:
		return errors.New("it has a group, a probe or a wildcard")
	}
	for i, m := range c.After.Members { // of an older dnsplan; Before has as many: see checkMembers
		was := c.Before.Members[i]
		if !slices.Equal(was.Tags, m.Tags) || was.Comment != m.Comment && TakeOut(m.Comment, p.ID) != unmarked(was.Comment) {
			return fmt.Errorf("after: the comment or the tags of %s", m.Value)
		}
	}
	return nil
}

// marker is that of the plan's window, once it is opened. It closes no sooner than
// its run does, which does not go by whole seconds.
func (p *Plan) marker(opened time.Time) Marker {
	until := opened.Add(time.Duration(p.Window.Deadline)*time.Second + time.Second - time.Nanosecond)
	return Marker{Run: p.ID, Until: until.UTC().Truncate(time.Second)}
}
