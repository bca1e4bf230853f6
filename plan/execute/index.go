package execute

import "github.com/dnsplan/dnsplan/plan"

// index is what Next looks up in a plan, made once.
type index struct {
	changes map[string]*plan.Change
	zones   map[string]plan.ZoneRef
	// byStep are each step's zones, in the plan's order, and its changes in each.
	byStep map[string]map[plan.ZoneRef][]*plan.Change
	order  map[string][]plan.ZoneRef
	groups []groupZones
	// byChange are the steps that hold a change, in the plan's order.
	byChange map[string][]*plan.Step
}

// groupZones are the zones that a named group takes in.
type groupZones struct {
	group string
	zones []plan.ZoneRef
}

func newIndex(p *plan.Plan) *index {
	x := &index{
		changes: map[string]*plan.Change{}, zones: map[string]plan.ZoneRef{},
		byStep: map[string]map[plan.ZoneRef][]*plan.Change{}, order: map[string][]plan.ZoneRef{},
		byChange: map[string][]*plan.Step{},
	}
	for i := range p.Changes {
		x.changes[p.Changes[i].ID] = &p.Changes[i]
	}
	for _, z := range p.Zones {
		x.zones[z.String()] = z.ZoneRef
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
	}
	x.byStep[st.ID] = byZone
	if st.Kind == plan.StepVerify && st.Group != "" {
		x.groups = append(x.groups, groupZones{st.Group, x.order[st.ID]})
	}
}

func (x *index) touches(st *plan.Step, ref plan.ZoneRef) bool {
	_, ok := x.byStep[st.ID][ref]
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
