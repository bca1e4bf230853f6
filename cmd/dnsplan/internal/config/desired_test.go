package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/plan"
)

// In a plan a warning of the inventory says where it stands, and what to do.
func TestWarningsOfAnInventory(t *testing.T) {
	got := warnings(inventory.Diagnostics{
		{Code: "wildcard-acme", Summary: "no wildcard", Fix: "leave it out", File: "dns/inventory.toml", Line: 12, Col: 8, Subject: "zone[0].record[0].acme"},
		{Code: "unknown-setting", Summary: "it overrides nothing", Subject: "DNSPLAN_DEFALTS_TTL"},
	})
	want := []plan.Warning{
		{Code: "wildcard-acme", Name: "line 12 of the inventory", Message: "no wildcard (leave it out)"},
		{Code: "unknown-setting", Name: "DNSPLAN_DEFALTS_TTL", Message: "it overrides nothing"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings are not as wanted (-want +got):\n%s", diff)
	}
}
