package config

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// TestASavedPlanIsJudgedAsItIsApplied: in a freeze it is refused, also when it
// calls itself a rollback, which alone may switch at any time.
func TestASavedPlanIsJudgedAsItIsApplied(t *testing.T) {
	now := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	freeze := inventory.Window{Name: "noon", Kind: "deny", Cron: "0 7 * * *", Duration: time.Hour, Timezone: "UTC", Zones: []string{"*"}}
	for name, tt := range map[string]struct {
		rollback string
		at       time.Duration
		refused  bool
	}{
		"before the freeze":             {"", 0, false},
		"in the freeze":                 {"", time.Hour, true},
		"a rollback, before the freeze": {"01K5A", 0, false},
		"a rollback, in the freeze":     {"01K5A", time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := session(t, unlisted(), unlisted())
			s.Inventory.Windows = []inventory.Window{freeze}
			values := []netip.Addr{netip.MustParseAddr("192.0.2.1")}
			ref := plan.ZoneRef{Zone: "example.org."}
			p := plan.Build([]plan.ZoneDiff{{
				Desired: &plan.Desired{ZoneRef: ref, Provider: "first"}, Live: &zone.Snapshot{Zone: ref.Zone},
				Changes: []plan.Change{{
					ZoneRef: ref, Key: zone.Key{Name: "www.example.org.", Type: zone.A}, Action: plan.Create,
					After: &plan.State{TTL: 300, Values: values}, Add: values,
				}},
			}}, plan.Policy{Strategy: plan.Direct}, plan.Origin{ID: "01K5B", Created: now, RollbackOf: tt.rollback})
			seen, err := s.Judged(p, now.Add(tt.at))
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.ContainsFunc(seen.Refusals, outside); got != tt.refused {
				t.Errorf("refusals %+v", seen.Refusals)
			}
			if len(p.Refusals) > 0 {
				t.Error("the plan itself was changed")
			}
		})
	}
}
