package inventory

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Severity says whether a Diagnostic stops dnsplan.
type Severity string

// The two severities.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Diagnostic is one finding about an inventory file.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	// Code names the kind of finding and never changes: "unknown-key".
	Code string `json:"code"`
	// Summary is what is wrong, in one line. It never holds a secret.
	Summary string `json:"summary"`
	// Detail adds where the other half of a contradiction stands, or the cause.
	Detail string `json:"detail,omitempty"`
	// Fix is what to do about it.
	Fix string `json:"fix,omitempty"`
	// File is the path as it was given; empty for a setting of the environment.
	File string `json:"file,omitempty"`
	// Line and Col start at 1; Col counts bytes. Both are 0 where the finding
	// has no place in the file.
	Line int `json:"line,omitempty"`
	Col  int `json:"col,omitempty"`
	// Subject is the path of the value: "zone[0].record[3].ttl".
	Subject string `json:"subject,omitempty"`
}

// String renders the finding in one line:
//
//	inventory.toml:17:1: unknown key "proxyed" (did you mean "proxied"?)
func (d Diagnostic) String() string {
	var b strings.Builder
	if d.File != "" {
		b.WriteString(d.File)
		if d.Line > 0 {
			b.WriteString(":" + strconv.Itoa(d.Line) + ":" + strconv.Itoa(d.Col))
		}
		b.WriteString(": ")
	}
	if d.Severity == SeverityWarning {
		b.WriteString("warning: ")
	}
	b.WriteString(d.Summary)
	if d.Detail != "" {
		b.WriteString(": " + d.Detail)
	}
	if d.Fix != "" {
		b.WriteString(" (" + d.Fix + ")")
	}
	return b.String()
}

// Diagnostics are the findings of one run, ordered by their place in the file.
type Diagnostics []Diagnostic

// Failed tells whether one of them is an error.
func (ds Diagnostics) Failed() bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == SeverityError })
}

// Err returns all findings as an Errors when one of them is an error, and nil
// when there is nothing worse than a warning.
func (ds Diagnostics) Err() error {
	if !ds.Failed() {
		return nil
	}
	return Errors(ds)
}

// sorted orders findings by place; those without one come first.
func (ds Diagnostics) sorted() Diagnostics {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), cmp.Compare(a.Code, b.Code))
	})
	return ds
}

// Errors is the error of a file that must not be used. Warnings of the same run
// are among its findings.
type Errors []Diagnostic

// Error prints every finding, one a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, d := range e {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}
