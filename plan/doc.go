// Package plan turns the difference between desired and live into data that
// can be read, saved, reviewed, applied and resumed. It is pure: values in,
// values out; the time and the id are arguments; inputs are left as they were,
// and the order of everything that comes out is canonical.
//
//	diff := plan.Diff(desired, live, plan.Selection{})
//	p := plan.Build([]plan.ZoneDiff{diff}, policy, plan.Origin{ID: id, Created: now})
//	p.Refusals = plan.Check([]plan.ZoneDiff{diff}, plan.Allowances{})
//	data, err := plan.Encode(p)
//
// Everything that apply does stands in the plan. What each kind of change
// goes through is one table, in course.go.
package plan
