package plan

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Margin is what a run adds to each computed wait for caches. One second because a cache
// counts whole seconds and still gives an answer that has 0 left; one because an answer
// may have been on its way to a cache when the last server changed.
const Margin = 2 * time.Second

// steps lays the changes out as one sequence:
//
//	backup, preflight, probe                     for all
//	lower-ttl, propagate, expire, gate           for all that need it
//	probe, switch, propagate, expire, verify     for each group, in name order
//	settle, raise-ttl                            for all
//
// Each probe step asks the new addresses, of records that have a probe, a
// challenge or a certificate to serve; verify and settle ask the probe through the
// name. Under the direct strategy it is backup,
// probe, switch.
//
// Names outside a group and deletions form one last group.
type steps struct {
	plan     *Plan
	courses  []course // parallel to plan.Changes
	negative map[ZoneRef]zone.TTL
	out      []Step
}

func newSteps(p *Plan) *steps {
	s := &steps{plan: p, out: []Step{}, negative: map[ZoneRef]zone.TTL{}}
	for _, z := range p.Zones {
		s.negative[z.ZoneRef] = z.Negative
	}
	s.courses = make([]course, len(p.Changes))
	for i := range p.Changes {
		s.courses[i] = courseOf(&p.Changes[i], s.negative[p.Changes[i].ZoneRef])
	}
	return s
}

func (s *steps) build() []Step {
	if s.plan.Empty() {
		return s.out
	}
	if s.plan.Window != nil {
		return s.window()
	}
	all := s.where(func(*Change, course) bool { return true })
	s.add(Step{Kind: StepBackup, Changes: all, Detail: "keep a copy of " + s.zonesOf(all)})
	if s.plan.Policy.Strategy == Direct {
		s.probe(all, "")
		s.add(Step{Kind: StepSwitch, Changes: all, Detail: s.counts(all)})
		return s.out
	}
	s.add(Step{Kind: StepPreflight, Changes: all, Detail: "authoritative servers answer, resolvers give a baseline"})
	s.probe(all, "")
	s.lowering()
	for _, g := range s.groups() {
		s.group(g)
	}
	s.ending()
	return s.out
}

// lowering brings all TTLs down, those of updates and those of changes that
// are about nothing else, and waits until the old ones are forgotten.
func (s *steps) lowering() {
	lower := s.where(func(_ *Change, c course) bool { return c.lower || c.write == StepLower })
	held := s.where(func(_ *Change, c course) bool { return c.old > 0 })
	if len(lower) > 0 {
		s.add(Step{Kind: StepLower, Changes: lower, Detail: s.ttls(StepLower, lower)})
		s.propagate(lower, "")
	}
	s.expire(held, "", func(c course) zone.TTL { return c.old }, "resolvers may hold the old TTL")
	if gate := s.where(func(_ *Change, c course) bool { return c.gate }); len(gate) > 0 {
		s.add(Step{Kind: StepGate, Changes: gate, Detail: "resolvers have forgotten the old TTL, switching is allowed now"})
	}
}

// grouped is a group with its changes, in canonical order. The last group has
// no name: it holds what is in no group, and deletions.
type grouped struct {
	name    string
	changes []int // indices
}

// groups returns the groups in name order, the last one at the end.
func (s *steps) groups() []grouped {
	held := map[string][]int{}
	for i := range s.plan.Changes {
		name := s.plan.Changes[i].Group
		if s.plan.Changes[i].Action == Delete {
			name = ""
		}
		held[name] = append(held[name], i)
	}
	last := grouped{changes: held[""]}
	delete(held, "")
	var out []grouped
	for _, name := range slices.Sorted(maps.Keys(held)) {
		out = append(out, grouped{name: name, changes: held[name]})
	}
	return append(out, last)
}

// idsOf are the ids of the group's changes.
func (s *steps) idsOf(g grouped) (ids []string) {
	for _, i := range g.changes {
		ids = append(ids, s.plan.Changes[i].ID)
	}
	return ids
}

// writtenBy returns the ids of the group's changes that kind brings about.
func (s *steps) writtenBy(kind Kind, g grouped) (ids []string) {
	for _, i := range g.changes {
		if s.courses[i].write == kind {
			ids = append(ids, s.plan.Changes[i].ID)
		}
	}
	return ids
}

// group switches one group and verifies it before the next one.
func (s *steps) group(g grouped) {
	s.probe(s.idsOf(g), g.name)
	var touched []string
	for _, kind := range []Kind{StepProxyOff, StepProxyOn, StepSwitch} {
		ids := s.writtenBy(kind, g)
		if len(ids) == 0 {
			continue
		}
		s.add(Step{Kind: kind, Changes: ids, Group: g.name, Detail: s.counts(ids)})
		touched = append(touched, ids...)
	}
	touched = slices.DeleteFunc(touched, func(id string) bool { return s.courses[index(id)].beside })
	if len(touched) == 0 {
		return
	}
	if asked := slices.DeleteFunc(slices.Clone(touched), func(id string) bool { return s.courses[index(id)].readBack }); len(asked) > 0 {
		s.propagate(asked, g.name)
	}
	s.expire(touched, g.name, func(c course) zone.TTL { return c.behind }, "resolvers may hold the old answer")
	s.add(Step{Kind: StepVerify, Changes: touched, Group: g.name, Detail: "servers and resolvers give the new answer" + s.alsoProbed(touched)})
}

// ending lets the new state settle and raises the TTLs, those of changes that
// are about nothing else too.
func (s *steps) ending() {
	if settle := s.where(func(_ *Change, c course) bool { return c.settle }); len(settle) > 0 && s.plan.Policy.Settle > 0 {
		s.add(Step{Kind: StepSettle, Changes: settle, Seconds: s.plan.Policy.Settle, Detail: "the new state stays good" + s.alsoProbed(settle)})
	}
	if raise := s.where(func(_ *Change, c course) bool { return c.raise || c.write == StepRaise }); len(raise) > 0 {
		s.add(Step{Kind: StepRaise, Changes: raise, Detail: s.ttls(StepRaise, raise)})
	}
	if only := s.where(func(_ *Change, c course) bool { return c.write == StepRaise }); len(only) > 0 {
		s.propagate(only, "")
	}
}

func (s *steps) propagate(ids []string, group string) {
	s.add(Step{Kind: StepPropagate, Changes: ids, Group: group, Detail: "all authoritative servers agree"})
}

func (s *steps) expire(ids []string, group string, seconds func(course) zone.TTL, detail string) {
	var longest zone.TTL
	var which []string
	for _, id := range ids {
		if ttl := seconds(s.courses[index(id)]); ttl > 0 {
			longest = max(longest, ttl)
			which = append(which, id)
		}
	}
	if longest == 0 {
		return
	}
	s.add(Step{Kind: StepExpire, Changes: which, Group: group, Seconds: int64(longest), Detail: detail})
}

// add appends a step behind all earlier ones.
func (s *steps) add(st Step) {
	st.ID = "s" + strconv.Itoa(len(s.out)+1)
	st.After = []string{}
	if n := len(s.out); n > 0 {
		st.After = append(st.After, s.out[n-1].ID)
	}
	s.out = append(s.out, st)
}

// where returns the ids of the changes that keep says yes to.
func (s *steps) where(keep func(*Change, course) bool) []string {
	var ids []string
	for i := range s.plan.Changes {
		if keep(&s.plan.Changes[i], s.courses[i]) {
			ids = append(ids, s.plan.Changes[i].ID)
		}
	}
	return ids
}

// index is the inverse of numbering: "c1" is the change at 0.
func index(id string) int {
	n, _ := strconv.Atoi(id[1:]) // ids are made by number()
	return n - 1
}

// ttls says "86400 -> 300" of a step that only writes TTLs, or the range where
// changes differ.
func (s *steps) ttls(kind Kind, ids []string) string {
	var from, to span
	for _, id := range ids {
		m := s.plan.Changes[index(id)].Move(kind)
		from.add(m.From.TTL)
		to.add(m.To.TTL)
	}
	return from.String() + " -> " + to.String()
}

// counts says "update www.example.org A" of one change, "1 create, 2 update" of more.
func (s *steps) counts(ids []string) string {
	if len(ids) == 1 {
		c := &s.plan.Changes[index(ids[0])]
		return fmt.Sprintf("%s %s %s", c.Action, c.Name.Display(), c.Type)
	}
	n := map[Action]int{}
	for _, id := range ids {
		n[s.plan.Changes[index(id)].Action]++
	}
	out := ""
	for _, a := range []Action{Create, Update, TTL, Proxied, Delete} {
		if n[a] == 0 {
			continue
		}
		if out != "" {
			out += ", "
		}
		out += fmt.Sprintf("%d %s", n[a], a)
	}
	return out
}

// zonesOf names the zones of ids.
func (s *steps) zonesOf(ids []string) string {
	var zones []ZoneRef
	for _, id := range ids {
		if z := s.plan.Changes[index(id)].ZoneRef; len(zones) == 0 || zones[len(zones)-1] != z {
			zones = append(zones, z)
		}
	}
	if len(zones) == 1 {
		return zones[0].Zone.Display()
	}
	return fmt.Sprintf("%d zones", len(zones))
}

// span is the lowest and the highest of some TTLs.
type span struct {
	low, high zone.TTL
	any       bool
}

func (s *span) add(t zone.TTL) {
	if !s.any {
		s.low, s.high, s.any = t, t, true
	}
	s.low, s.high = min(s.low, t), max(s.high, t)
}

func (s span) String() string {
	if s.low == s.high {
		return s.low.String()
	}
	return s.low.String() + ".." + s.high.String()
}
