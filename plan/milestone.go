package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Authority is what is known of the certificate authority that issues for names
// which are validated by HTTP-01.
type Authority struct {
	// Name is what people call it.
	Name string `json:"name"`
	// Ready is how many seconds it may go on to see an old answer, once all
	// authoritative servers give the new one.
	Ready int64 `json:"ready_seconds"`
	// Known says that Ready is known of it, or was given, and is no guess. Else
	// nothing is built on Ready: it may hold an answer as long as anybody.
	Known bool `json:"ready_known"`
}

// Milestone is a moment of a run that certificates depend on.
type Milestone struct {
	Name MilestoneName `json:"name"`
	// Group is the group that it is about; empty for the last one.
	Group string `json:"group,omitempty"`
	// Changes are the ids of the changes that it is about.
	Changes []string `json:"changes"`
	// After is the id of the step that must have ended, and Seconds how long it
	// takes from there.
	After   string `json:"after"`
	Seconds int64  `json:"seconds"`
	Detail  string `json:"detail"`
}

// MilestoneName says what is reached.
type MilestoneName string

// The milestones.
const (
	// CAReady: the certificate authority sees the new addresses.
	CAReady MilestoneName = "ca-ready"
	// WorldReady: everybody does, since the old answer has run out in every cache.
	WorldReady MilestoneName = "world-ready"
)

// addMilestones says when certificates can be issued at the new addresses. A plan
// that no authority looks at has neither milestones nor an authority.
func (p *Plan) addMilestones() {
	p.Milestones = p.milestones(p.Steps)
	if len(p.Milestones) == 0 {
		p.Policy.Authority = nil
	}
}

// milestones are those of each group whose switch changes what an authority sees:
//
//	world-ready   the wait for caches behind the switch is over
//	ca-ready      all authoritative servers agree, and the authority's resolvers
//	              have forgotten; as world-ready where one of the two is not
//	              known, or takes no less
func (p *Plan) milestones(steps []Step) (out []Milestone) {
	if p.Policy.Authority == nil || p.Window != nil {
		return nil
	}
	switched := map[string]bool{}
	for i := range steps {
		st := &steps[i]
		if st.Kind.Switches() {
			for _, id := range st.Changes {
				switched[id] = p.Changes[index(id)].ACME == HTTP01
			}
		}
		ids := slices.DeleteFunc(slices.Clone(st.Changes), func(id string) bool { return !switched[id] })
		if st.Kind == StepPropagate && len(ids) > 0 && i+1 < len(steps) {
			out = append(out, p.ready(st, &steps[i+1], ids)...)
		}
	}
	return out
}

// ready are the milestones behind a switch: agreed is when the servers do, and
// next the step behind that, which waits for caches if there is anything to wait
// for.
func (p *Plan) ready(agreed, next *Step, ids []string) []Milestone {
	a := p.Policy.Authority
	ca := Milestone{
		Name: CAReady, Group: agreed.Group, Changes: ids, After: agreed.ID, Seconds: a.Ready,
		Detail: fmt.Sprintf("all authoritative servers agree, and %s forgets an old answer within %s", a.Name, zone.FormatDuration(time.Duration(a.Ready)*time.Second)),
	}
	world := Milestone{Name: WorldReady, Group: agreed.Group, Changes: ids, After: agreed.ID, Detail: "the old answer has run out in every cache"}
	waits := int64(0)
	if next.Kind == StepExpire {
		world.After, waits = next.ID, next.Seconds
	}
	switch {
	case p.unserved(ids):
		ca.After, ca.Seconds, ca.Detail = world.After, 0, "no authoritative server is asked whether it gives the new answer: not before everybody"
	case !a.Known:
		ca.After, ca.Seconds, ca.Detail = world.After, 0, "how long "+a.Name+" holds an old answer is not known: as long as anybody"
	case a.Ready >= waits:
		ca.After, ca.Seconds, ca.Detail = world.After, 0, "the old answer has run out in every cache"
	}
	return []Milestone{ca, world}
}

// unserved tells whether the authoritative servers of one of the changes are not
// asked.
func (p *Plan) unserved(ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool {
		ref := p.Changes[index(id)].ZoneRef
		i := slices.IndexFunc(p.Zones, func(z Zone) bool { return z.ZoneRef == ref })
		return i >= 0 && len(p.Zones[i].Servers) == 0 && !p.Zones[i].Discover
	})
}

// checkMilestones compares the milestones with those that the changes lead to.
// Details are words for people and are not compared.
func (p *Plan) checkMilestones() error {
	a := p.Policy.Authority
	if a != nil && (!bounded(a.Ready) || len(a.Name) > maxAuthority) {
		return damagedf("policy: authority %q, ready_seconds %d", a.Name, a.Ready)
	}
	if p.Policy.NoACMECheck && slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Challenge != nil }) {
		return damagedf("policy: challenges that are not to be asked for")
	}
	want := p.milestones(newSteps(p).build())
	same := slices.EqualFunc(p.Milestones, want, func(a, b Milestone) bool {
		return a.Name == b.Name && a.Group == b.Group && slices.Equal(a.Changes, b.Changes) && a.After == b.After && a.Seconds == b.Seconds
	})
	if !same || a != nil && len(want) == 0 {
		return damagedf("%d milestones, where its steps lead to %d others", len(p.Milestones), len(want))
	}
	return nil
}

// maxAuthority is how many bytes the name of an authority may have.
const maxAuthority = 1024
