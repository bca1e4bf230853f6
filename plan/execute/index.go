package execute

import "github.com/dnsplan/dnsplan/plan"

// index is what Next looks up in a plan, made once.
type index struct {
	changes map[string]*plan.Change
	zones   map[string]plan.ZoneRef
	byRef   map[plan.ZoneRef]*plan.Zone
	steps   map[string]*plan.Step
	// byStep are each step's zones, in the plan's order, and its changes in each.
	byStep map[string]map[plan.ZoneRef][]*plan.Change
	order  map[string][]plan.ZoneRef
	groups []group
	// verifies are the steps that verify each named group.
	verifies map[string]*plan.Step
	// byChange are the steps that hold a change, in the plan's order.
	byChange map[string][]*plan.Step
	// watched are the settling steps during which services are asked.
	watched map[string]bool
	// window are the steps of an issuance window; nil in other plans.
	window *windowSteps
	// byZone are each zone's changes, in the plan's order.
	byZone map[plan.ZoneRef][]*plan.Change
}

// group is a named group, the step that verifies it, and the zones that it
// takes in.
type group struct {
	name   string
	verify *plan.Step
	zones  []plan.ZoneRef
}

func newIndex(p *plan.Plan) *index {
	x := &index{
		changes: map[string]*plan.Change{}, zones: map[string]plan.ZoneRef{}, byRef: map[plan.ZoneRef]*plan.Zone{},
		steps: map[string]*plan.Step{}, byStep: map[string]map[plan.ZoneRef][]*plan.Change{}, order: map[string][]plan.ZoneRef{},
		byChange: map[string][]*plan.Step{}, verifies: map[string]*plan.Step{}, watched: map[string]bool{},
		byZone: map[plan.ZoneRef][]*plan.Change{}, window: newWindowSteps(p),
	}
	for i := range p.Changes {
		c := &p.Changes[i]
		x.changes[c.ID] = c
		x.byZone[c.ZoneRef] = append(x.byZone[c.ZoneRef], c)
	}
	for i := range p.Zones {
		z := &p.Zones[i]
		x.zones[z.String()], x.byRef[z.ZoneRef] = z.ZoneRef, z
	}
	for i := range p.Steps {
		x.addStep(&p.Steps[i])
	}
	return x
}

func (x *index) addStep(st *plan.Step) {
	byZone := map[plan.ZoneRef][]*plan.Change{}
	for _, id := range st.Changes {
		c := x.changes[id]
		if _, ok := byZone[c.ZoneRef]; !ok {
			x.order[st.ID] = append(x.order[st.ID], c.ZoneRef)
		}
		byZone[c.ZoneRef] = append(byZone[c.ZoneRef], c)
		x.byChange[id] = append(x.byChange[id], st)
		if st.Kind == plan.StepSettle && c.Probed() {
			x.watched[st.ID] = true
		}
	}
	x.steps[st.ID], x.byStep[st.ID] = st, byZone
	if st.Kind == plan.StepVerify && st.Group != "" {
		x.groups = append(x.groups, group{st.Group, st, x.order[st.ID]})
		x.verifies[st.Group] = st
	}
}

// touches tells whether the step is one of the zone's.
func (x *index) touches(step string, ref plan.ZoneRef) bool {
	_, ok := x.byStep[step][ref]
	return ok
}

// writeBefore returns the last write step before st that holds c.
func (x *index) writeBefore(st *plan.Step, c *plan.Change) (*plan.Step, bool) {
	var found *plan.Step
	for _, s := range x.byChange[c.ID] {
		if s.ID == st.ID {
			break
		}
		if s.Kind.Writes() {
			found = s
		}
	}
	return found, found != nil
}
