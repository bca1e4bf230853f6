package acme

import (
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Found is what an examination has found.
type Found struct {
	Checked time.Time
	// Subjects are the names that were examined.
	Subjects []zone.Name
	// Made are the checks that were made; nil is all of them.
	Made     []ID
	Findings []Finding
}

// Worst is the highest severity of a finding that failed; 0 where none did.
func (f Found) Worst() (worst Severity) {
	for _, x := range f.Findings {
		if x.Outcome == Fail {
			worst = max(worst, x.Severity)
		}
	}
	return worst
}

// Missing are those of the checks that were not made.
func (f Found) Missing(checks []ID) (out []ID) {
	for _, id := range checks {
		if f.Made != nil && !slices.Contains(f.Made, id) {
			out = append(out, id)
		}
	}
	return out
}

// Of returns the findings of one of the checks about a name.
func (f Found) Of(name zone.Name, checks ...ID) (out []Finding) {
	for _, x := range f.Findings {
		if x.Name == name && slices.Contains(checks, x.Check) {
			out = append(out, x)
		}
	}
	return out
}
