package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

func TestOutcomeKeepsWhatTheProviderKnows(t *testing.T) {
	s := site{live: "www 300 A 192.0.2.1 192.0.2.2\nold 300 A 192.0.2.9", want: "www 300 A 192.0.2.2 192.0.2.3\nnew 60 A 192.0.2.4"}
	live := s.snapshot(t)
	live.RRsets[1].Members = []zone.Member{{ID: "one"}, {ID: "two", Comment: "kept", Tags: []string{"web"}}}
	live.Blind = "no transfer"
	got := plan.Diff(s.desired(t), live, plan.Selection{}).Outcome()
	want := site{live: "www 300 A 192.0.2.2 192.0.2.3\nnew 60 A 192.0.2.4\nold 300 A 192.0.2.9"}.snapshot(t)
	want.RRsets[2].Members = []zone.Member{{ID: "two", Comment: "kept", Tags: []string{"web"}}, {}}
	want.Blind = "no transfer"
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b zone.RRset) bool {
		return a.String() == b.String() && cmp.Equal(a.Members, b.Members)
	})); diff != "" {
		t.Error(diff)
	}
}
