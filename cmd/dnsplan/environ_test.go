package main

import (
	"strings"
	"testing"
)

// A misspelt variable is named, without its value, by validate and in the plan.
func TestMisspeltVariableIsNamed(t *testing.T) {
	p := newProgram(t, "version = 1\n")
	p.env["DNSPLAN_DEFAULTS_TLL"], p.env["DNSPLAN_TSIG"] = "canary", "canary"
	for _, args := range [][]string{{"validate"}, {"validate", "--json"}, {"plan"}} {
		got := p.run(args...)
		text := got.stdout + got.stderr
		if got.code != exitDone || !strings.Contains(text, "DNSPLAN_DEFAULTS_TLL") || strings.Contains(text, "canary") || strings.Contains(text, "DNSPLAN_TSIG") {
			t.Errorf("%s: %+v", args, got)
		}
	}
}
