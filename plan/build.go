package plan

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Origin says when, from what and under which id a plan is made.
type Origin struct {
	ID        string
	Created   time.Time
	Inventory Inventory
	// Warnings are those of the inventory.
	Warnings []Warning
	// Renewals are when the certificates are due that live addresses serve; of
	// names without one nothing is said.
	Renewals []Renewal
	// Signings are when the signatures end of zones whose DNSSEC resolvers validate;
	// of zones without one nothing is said.
	Signings []Signing
	// RollbackOf is the run that the plan takes back; empty in other plans.
	RollbackOf string
	// ResumeOf is the run of which the plan is the rest; empty in other plans.
	ResumeOf string
	// RestoreOf is the file of the backup that the plan brings back; empty in
	// other plans.
	RestoreOf string
}

// Build makes the plan for diffs. It does not judge it: see Check.
func Build(diffs []ZoneDiff, policy Policy, o Origin) *Plan { return assemble(diffs, policy, o, nil) }

// assemble makes the plan for diffs; w makes it that of an issuance window.
func assemble(diffs []ZoneDiff, policy Policy, o Origin, w *Window) *Plan {
	p := &Plan{
		FormatVersion: FormatVersion, ID: o.ID, Created: o.Created.UTC().Truncate(time.Second), Inventory: o.Inventory,
		RollbackOf: o.RollbackOf, ResumeOf: o.ResumeOf, RestoreOf: o.RestoreOf, Window: w, Policy: policy, Zones: []Zone{}, Changes: []Change{}, Unmanaged: []Unmanaged{}, Conflicts: []Conflict{},
		Refusals: []Refusal{}, Warnings: append([]Warning{}, o.Warnings...), Steps: []Step{},
	}
	if p.Policy.Resolvers == nil {
		p.Policy.Resolvers = []Resolver{}
	}
	diffs = slices.Clone(diffs)
	slices.SortStableFunc(diffs, func(a, b ZoneDiff) int { return compareZones(a.Desired.ZoneRef, b.Desired.ZoneRef) })
	for i := range diffs {
		p.addZone(&diffs[i])
	}
	p.number()
	p.warnAboutChecks()
	if w != nil {
		p.keepOrigins()
	}
	steps := newSteps(p)
	p.Steps = steps.build()
	p.summarize()
	p.warnAboutACME(diffs, o)
	p.addMilestones()
	return p
}

// addZone takes over what Diff found in one zone.
func (p *Plan) addZone(d *ZoneDiff) {
	z := Zone{
		ZoneRef: d.Desired.ZoneRef, Provider: d.Desired.Provider, LiveSHA256: d.Live.Digest(),
		Servers: append([]string{}, d.Desired.Servers...), Discover: d.Desired.Discover, Sync: d.Desired.Sync,
		Negative: d.Live.NegativeTTL(fallbackNegative),
	}
	p.Zones = append(p.Zones, z)
	for _, c := range d.Changes {
		c.Strategy = p.Policy.Strategy
		c.ChangeTTL = changeTTL(&c, p.Policy.ChangeTTL, d.Desired.MinTTL)
		p.Changes = append(p.Changes, c)
	}
	p.Unmanaged = append(p.Unmanaged, d.Unmanaged...)
	p.Conflicts = append(p.Conflicts, d.Conflicts...)
	p.Warnings = append(p.Warnings, d.Warnings...)
	if d.Live.Blind != "" && p.Window == nil {
		p.Warnings = append(p.Warnings, Warning{Code: "blind", Name: string(z.Zone), Message: blindness(d)})
	}
	if p.Policy.Strategy == Staged && p.Policy.ChangeTTL < d.Desired.MinTTL && slices.ContainsFunc(d.Changes, func(c Change) bool { return c.Action == Update || c.Action == Create }) {
		p.Warnings = append(p.Warnings, Warning{
			Code: "change-ttl-clamped", Name: string(z.Zone),
			Message: fmt.Sprintf("the change TTL %s is under the provider's minimum: %s is used, and the waits follow from it", p.Policy.ChangeTTL, d.Desired.MinTTL),
		})
	}
}

// blindness says what comes of a zone that is not listed.
func blindness(d *ZoneDiff) string {
	s := "unmanaged names cannot be seen"
	if d.Desired.Prune {
		s += ", and nothing is pruned"
	}
	return s + ": " + d.Live.Blind
}

// fallbackNegative is the negative TTL of a zone whose provider shows no SOA
// record. RFC 2308, section 5 advises one to three hours as a sensible bound;
// the lower end is used, since hosting providers stay under it.
const fallbackNegative zone.TTL = 3600

func (p *Plan) number() {
	for i := range p.Changes {
		p.Changes[i].ID = "c" + strconv.Itoa(i+1)
	}
}

// warnAboutChecks says which checks will not take place.
func (p *Plan) warnAboutChecks() {
	if p.Policy.Strategy != Staged || p.Empty() {
		return
	}
	if len(p.Policy.Resolvers) == 0 && p.Window == nil {
		p.Warnings = append(p.Warnings, Warning{
			Code: "no-resolvers", Message: "no [[verify.resolver]] in the inventory: no resolver is asked whether it has forgotten the old answer",
		})
	}
	for _, z := range p.Zones {
		if len(z.Servers) == 0 && !z.Discover && slices.ContainsFunc(p.Changes, func(c Change) bool { return c.ZoneRef == z.ZoneRef }) {
			p.Warnings = append(p.Warnings, Warning{Code: "no-authoritative-check", Name: string(z.Zone), Message: uncounted(z)})
		}
	}
}

// uncounted says what is missing from the waits of a zone whose servers are not
// asked.
func uncounted(z Zone) string {
	s := "no authoritative server is asked: waits count from the write"
	if z.Sync > 0 {
		s += fmt.Sprintf(", although its provider takes up to %s to serve one", zone.FormatDuration(time.Duration(z.Sync)*time.Second))
	}
	return s
}

func (p *Plan) summarize() {
	s := &p.Summary
	for i := range p.Changes {
		switch p.Changes[i].Action {
		case Create:
			s.Create++
		case Update:
			s.Update++
		case TTL:
			s.TTL++
		case Proxied:
			s.Proxied++
		case Delete:
			s.Delete++
		}
	}
	s.Unmanaged, s.Conflicts = len(p.Unmanaged), len(p.Conflicts)
	for _, st := range p.Steps {
		s.Duration += st.Seconds // the steps are one path
	}
}
