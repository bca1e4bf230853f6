package plan

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/window"
)

// validate checks that the document is one that Build makes, so that nothing
// behind Decode has to look again: what is shown is what will be done.
//
//	steps    those that zones, policy and changes lead to; only waits may differ
//	changes  numbered, in canonical order, one for each RRset, inside their zone
//	states   values in order, of one family; the action is what lies between them
//	numbers  TTLs and seconds within bounds; the summary adds up
//
// Steps are computed anew, so a change to what newSteps makes of the same
// changes is a new format version: runs under way would be refused without it.
func (p *Plan) validate() error {
	if p.FormatVersion < 1 {
		return damagedf("format_version %d", p.FormatVersion)
	}
	if err := p.checkPast(); err != nil {
		return err
	}
	if err := p.checkKinds(); err != nil {
		return err
	}
	for _, check := range []func() error{p.checkPolicy, p.checkZones, p.checkChanges, p.checkWindow, p.checkSeen, p.checkSteps, p.checkMilestones, p.checkSummary} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkPast checks what the plan says it takes back, goes on with, or brings back: one
// of them at most.
func (p *Plan) checkPast() error {
	if p.RollbackOf != "" && (p.RollbackOf == p.ID || !reverts(p.RollbackOf)) {
		return damagedf("rollback_of %q", p.RollbackOf)
	}
	if p.ResumeOf != "" && (p.RollbackOf != "" || p.ResumeOf == p.ID || !reverts(p.ResumeOf)) {
		return damagedf("resume_of %q", p.ResumeOf)
	}
	if p.RestoreOf != "" && (p.RollbackOf+p.ResumeOf != "" || len(p.Zones) != 1 || strings.ContainsAny(p.RestoreOf, "/\x00")) {
		return damagedf("restore_of %q", p.RestoreOf)
	}
	return nil
}

// checkSeen checks the types of what was seen and is not changed.
func (p *Plan) checkSeen() error {
	written := func(t zone.Type) bool { return t == zone.A || t == zone.AAAA }
	for _, u := range p.Unmanaged {
		if !written(u.Type) {
			return damagedf("unmanaged %s %s", u.Name, u.Type)
		}
	}
	for _, c := range p.Conflicts {
		if !written(c.Type) {
			return damagedf("conflict at %s %s", c.Name, c.Type)
		}
	}
	return nil
}

func damagedf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// checkKinds comes first: what else looks wrong in a plan with unknown steps may
// be right in the format that has them.
func (p *Plan) checkKinds() error {
	for i := range p.Steps {
		if s := &p.Steps[i]; !s.Kind.executed() {
			return fmt.Errorf("%w: step %q is of kind %q, which this dnsplan does not execute", ErrNewer, s.ID, s.Kind)
		}
	}
	return nil
}

// executed tells whether there is code that does steps of the kind.
func (k Kind) executed() bool {
	switch k {
	case StepBackup, StepPreflight, StepGate, StepPropagate, StepVerify, StepProbe, StepCommand, StepIssued:
		return true
	}
	return k.Writes() || k.Waits()
}

func (p *Plan) checkPolicy() error {
	switch o := &p.Policy; {
	case o.Strategy != Staged && o.Strategy != Direct:
		return damagedf("policy: strategy %q", o.Strategy)
	case o.ChangeTTL > zone.MaxTTL:
		return damagedf("policy: change_ttl %d", o.ChangeTTL)
	case !bounded(o.Settle):
		return damagedf("policy: settle_seconds %d", o.Settle)
	case !bounded(o.Timeout):
		return damagedf("policy: timeout_seconds %d", o.Timeout)
	case !isQuorum(o.Require):
		return damagedf("policy: require %q", o.Require)
	case o.OnFailure != Rollback && o.OnFailure != Hold:
		return damagedf("policy: on_failure %q", o.OnFailure)
	case o.IgnoreWindows && (len(o.Windows) > 0 || o.AwaitWindow):
		return damagedf("policy: windows that are ignored")
	}
	if _, err := window.New(p.Policy.Windows); err != nil {
		return damagedf("policy: %v", err)
	}
	return nil
}

// bounded tells whether seconds are no longer than the longest TTL, which also
// keeps them, and sums of a few, inside a time.Duration.
func bounded(seconds int64) bool { return 0 <= seconds && seconds <= int64(zone.MaxTTL) }

func isQuorum(require string) bool {
	if require == "" || require == "all" || require == "majority" {
		return true
	}
	n, err := strconv.Atoi(require)
	return err == nil && n >= 1
}

func (p *Plan) checkZones() error {
	for i := range p.Zones {
		z := &p.Zones[i]
		switch {
		case !isCanonical(z.Zone):
			return damagedf("zone %q is not a name in its one form", z.Zone)
		case i > 0 && compareZones(p.Zones[i-1].ZoneRef, z.ZoneRef) >= 0:
			return damagedf("zone %s is out of order or stands twice", z.ZoneRef)
		case !bounded(z.Sync):
			return damagedf("zone %s: sync_seconds %d", z.ZoneRef, z.Sync)
		}
	}
	return nil
}

func isCanonical(n zone.Name) bool {
	parsed, err := zone.ParseName(string(n))
	return err == nil && parsed == n
}

func (p *Plan) checkChanges() error {
	zones := map[ZoneRef]bool{}
	for i := range p.Zones {
		zones[p.Zones[i].ZoneRef] = true
	}
	for i := range p.Changes {
		c := &p.Changes[i]
		switch {
		case c.ID != "c"+strconv.Itoa(i+1):
			return damagedf("change %d has the id %q", i+1, c.ID)
		case !zones[c.ZoneRef]:
			return damagedf("change %s is in %q, which is no zone of the plan", c.ID, c.ZoneRef)
		}
		if err := c.check(&p.Policy); err != nil {
			return damagedf("change %s (%q %s): %v", c.ID, c.Name, c.Type, err)
		}
		if i > 0 && compareChanges(&p.Changes[i-1], c) >= 0 {
			return damagedf("change %s (%q %s) is out of order or stands twice", c.ID, c.Name, c.Type)
		}
	}
	return nil
}

func compareChanges(a, b *Change) int {
	if c := compareZones(a.ZoneRef, b.ZoneRef); c != 0 {
		return c
	}
	return zone.CompareKeys(a.Key, b.Key)
}

// check tells what Diff and Build would not have made of the change.
func (c *Change) check(policy *Policy) error {
	switch {
	case c.Type != zone.A && c.Type != zone.AAAA:
		return errors.New("no type")
	case !isCanonical(c.Name):
		return errors.New("the name is not in its one form")
	case !c.Name.IsSubdomainOf(c.Zone):
		return fmt.Errorf("the name is not in zone %s", c.Zone)
	case c.Strategy != policy.Strategy:
		return fmt.Errorf("strategy %q, in a plan of strategy %q", c.Strategy, policy.Strategy)
	case !c.whole():
		return fmt.Errorf("action %q does not fit before and after", c.Action)
	}
	for _, check := range []func() error{c.checkStates, c.checkMembers, c.checkAction, c.checkReplaces, c.checkProbe, c.checkAsked} {
		if err := check(); err != nil {
			return err
		}
	}
	return c.checkChangeTTL(policy)
}

// whole tells whether the change has the states that its action is about.
func (c *Change) whole() bool {
	switch c.Action {
	case Create:
		return c.Before == nil && c.After != nil
	case Delete:
		return c.Before != nil && c.After == nil
	case Update, TTL, Proxied:
		return c.Before != nil && c.After != nil
	}
	return false
}

// checkStates checks values and TTLs. What was live is taken as it was where it
// can be: with any TTL, and with the IPv4 form of an IPv4-mapped address in an
// AAAA set (zone.RRset.Normalize); what stays of it may stay so.
func (c *Change) checkStates() error {
	if c.Before != nil {
		if err := checkValues(c.Before.Values, c.Type, true); err != nil {
			return fmt.Errorf("before: %w", err)
		}
	}
	if c.After == nil {
		return nil
	}
	stays := c.Before != nil && slices.Equal(c.Before.Values, c.After.Values)
	if err := checkValues(c.After.Values, c.Type, stays); err != nil {
		return fmt.Errorf("after: %w", err)
	}
	if c.Before != nil && c.Before.TTL == c.After.TTL {
		return nil
	}
	if c.After.TTL > zone.MaxTTL { // a set that had the TTL 0 may get it back
		return fmt.Errorf("after: TTL %d", c.After.TTL)
	}
	return nil
}

// checkMembers checks comments and tags, which only a restored RRset has: those
// that it shall have, and with them those that there were.
func (c *Change) checkMembers() error {
	if c.After == nil || c.After.Members == nil {
		if c.Before != nil && c.Before.Members != nil {
			return errors.New("before has comments and tags, after has none")
		}
		return nil
	}
	if err := c.After.checkMembers(); err != nil {
		return fmt.Errorf("after: %w", err)
	}
	if c.Before == nil {
		return nil
	}
	if err := c.Before.checkMembers(); err != nil {
		return fmt.Errorf("before: %w", err)
	}
	if !c.After.RRset(c.Key).HasBeside() && !c.Before.RRset(c.Key).HasBeside() {
		return errors.New("no comment and no tag before or after")
	}
	return nil
}

func (s *State) checkMembers() error {
	same := slices.EqualFunc(s.Values, s.Members, func(v netip.Addr, m Member) bool { return v == m.Value && m.Tags != nil })
	if !same {
		return errors.New("members are not one for each value, in their order")
	}
	return nil
}

func checkValues(values []netip.Addr, t zone.Type, live bool) error {
	if len(values) == 0 {
		return errors.New("no values")
	}
	for i, v := range values {
		family := zone.TypeOf(v) == t || live && t == zone.AAAA
		switch {
		case !v.IsValid() || v.Is4In6() || v.Zone() != "" || !family:
			return fmt.Errorf("%s is no value of type %s", v, t)
		case i > 0 && values[i-1].Compare(v) >= 0:
			return fmt.Errorf("value %s is out of order or stands twice", v)
		}
	}
	return nil
}

// checkAction checks that action, add and remove are what lies between before
// and after. The values are in order.
func (c *Change) checkAction() error {
	var before, after []netip.Addr
	if c.Before != nil {
		before = c.Before.Values
	}
	if c.After != nil {
		after = c.After.Values
	}
	if c.Before != nil && c.After != nil {
		live := c.Before.RRset(c.Key)
		if action := cmp.Or(compareStates(live, c.After), compareRest(live, c.After)); action != c.Action {
			return fmt.Errorf("action %q, where before and after make it %q", c.Action, action)
		}
	}
	switch {
	case !slices.Equal(c.Add, minus(after, before)):
		return errors.New("add is not what after has and before has not")
	case !slices.Equal(c.Remove, minus(before, after)):
		return errors.New("remove is not what before has and after has not")
	}
	return nil
}

// minus returns the values of a that b does not hold; b is in order.
func minus(a, b []netip.Addr) (out []netip.Addr) {
	for _, v := range a {
		if _, ok := slices.BinarySearchFunc(b, v, netip.Addr.Compare); !ok {
			out = append(out, v)
		}
	}
	return out
}

// checkReplaces checks that a CNAME record goes only where addresses come in
// its place.
func (c *Change) checkReplaces() error {
	if c.Replaces == "" {
		return nil
	}
	if target, ok := strings.CutPrefix(c.Replaces, cnamePrefix); c.Action != Create || !ok || target == "" {
		return fmt.Errorf("a %s that replaces %q", c.Action, c.Replaces)
	}
	return nil
}

// checkChangeTTL checks the TTL on the way. The provider's minimum, which may
// lift it, is not in the plan; it bounds the TTL that is wanted too.
func (c *Change) checkChangeTTL(policy *Policy) error {
	low, high := changeTTL(c, policy.ChangeTTL, 0), zone.TTL(0)
	if changeTTL(c, policy.ChangeTTL, 1) != 0 { // else it plays no part
		high = c.After.TTL
	}
	if c.ChangeTTL < low || c.ChangeTTL > high {
		return fmt.Errorf("change_ttl %d is not from %d to %d", c.ChangeTTL, low, high)
	}
	return nil
}

// checkSteps compares the steps with those that Build makes. Details are words
// for people and are not compared.
func (p *Plan) checkSteps() error {
	want := newSteps(p).build()
	for i := range min(len(want), len(p.Steps)) {
		if err := p.Steps[i].check(&want[i]); err != nil {
			return damagedf("step %d, %q: %v", i+1, p.Steps[i].ID, err)
		}
	}
	if len(p.Steps) != len(want) {
		return damagedf("%d steps, where its changes need %d", len(p.Steps), len(want))
	}
	return nil
}

// check compares a step with the computed one. Its wait may be another one: the
// gate and the verification judge what it led to.
func (s *Step) check(want *Step) error {
	longest := int64(0)
	if want.Kind.Waits() {
		longest = max(want.Seconds, int64(zone.MaxTTL)) // a live TTL may be above MaxTTL
	}
	switch {
	case s.ID != want.ID:
		return fmt.Errorf("the id should be %q", want.ID)
	case s.Kind != want.Kind:
		return fmt.Errorf("it is of kind %q, where the changes need %q", s.Kind, want.Kind)
	case !slices.Equal(s.Changes, want.Changes):
		return fmt.Errorf("%s is not about the changes that need it", s.Kind)
	case !slices.Equal(s.After, want.After):
		return fmt.Errorf("it comes after %q, not %q", s.After, want.After)
	case s.Group != want.Group:
		return fmt.Errorf("it is of group %q, not %q", s.Group, want.Group)
	case s.Seconds < 0 || s.Seconds > longest:
		return fmt.Errorf("%s of %d seconds", s.Kind, s.Seconds)
	}
	return nil
}

// checkSummary counts again. Where a wait is not the computed one, the duration
// may be that of the steps as they stand or as they were computed.
func (p *Plan) checkSummary() error {
	stand := Plan{Changes: p.Changes, Unmanaged: p.Unmanaged, Conflicts: p.Conflicts, Steps: p.Steps}
	stand.summarize()
	if p.Summary == stand.Summary {
		return nil
	}
	computed := Plan{Changes: p.Changes, Unmanaged: p.Unmanaged, Conflicts: p.Conflicts, Steps: newSteps(p).build()}
	computed.summarize()
	if p.Summary != computed.Summary {
		return damagedf("the summary says %+v, where the plan has %+v", p.Summary, stand.Summary)
	}
	return nil
}
