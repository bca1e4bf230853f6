package acme

import (
	"context"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// check is a row of the table of checks.
type check struct {
	id       ID
	severity Severity
	// proves says what a pass proves, for people: "all name servers agree".
	proves string
	// run makes the check for one name. It returns no finding where the check has
	// nothing to say about the name, and several where it is about several things,
	// worst first. Check, Name and View of a finding are filled in, and Severity
	// where it is 0.
	run func(ctx context.Context, e *examination) []Finding
}

// table returns all checks, in the order in which findings are shown.
func table() []check {
	return slices.Concat(dnsChecks(), httpChecks(), tlsChecks(), windowChecks(), operationChecks())
}

// holdsFor tells whether the check can be made for a name: of a wildcard, which no
// authority proves by HTTP-01, D-CAA says that, and nothing else is asked.
func (c check) holdsFor(n zone.Name) bool { return !n.IsWildcard() || c.id == "D-CAA" }

// Check describes a row of the table, for lists and documents.
type Check struct {
	ID       ID       `json:"id"`
	Severity Severity `json:"severity"`
	Proves   string   `json:"proves"`
}

// Checks returns what can be checked, in the order in which findings are shown.
func Checks() (out []Check) {
	for _, c := range table() {
		out = append(out, Check{c.id, c.severity, c.proves})
	}
	return out
}
