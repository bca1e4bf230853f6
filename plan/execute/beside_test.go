package execute_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
)

// commented is www with a comment at each of its two addresses.
func commented(addrs [2]string, proxied bool, comments ...string) *zone.Snapshot {
	r := zone.RRset{Key: zone.Key{Name: "www." + org, Type: zone.A}, TTL: 300, Proxied: proxied, Auto: proxied}
	for i, a := range addrs {
		r.Addrs = append(r.Addrs, netip.MustParseAddr(a))
		r.Members = append(r.Members, zone.Member{Comment: comments[i], Tags: []string{"x"}})
	}
	return &zone.Snapshot{Zone: org, RRsets: []zone.RRset{r}}
}

// TestEditedCommentsStay: a comment that someone edits between the moment that the plan
// of a restore, or of a scan, has seen and its write is not put back, nor is it lost when
// the write is taken back.
func TestEditedCommentsStay(t *testing.T) {
	const mark = "dnsplan-window OTHER 20261123T092000Z"
	both, one := [2]string{"192.0.2.1", "192.0.2.2"}, [2]string{"192.0.2.1", "192.0.2.9"}
	restore := func(was, live *zone.Snapshot) *plan.Plan {
		d := plan.Restore(&plan.Desired{ZoneRef: plan.ZoneRef{Zone: org}}, plan.Backup{Snapshot: was, Proxy: true, Beside: true}, live)
		return plan.Build([]plan.ZoneDiff{d}, plan.Policy{Strategy: plan.Direct}, plan.Origin{ID: "RUN", Created: epoch})
	}
	scan := func(_, live *zone.Snapshot) *plan.Plan {
		d := plan.DiffMarked(&plan.Desired{ZoneRef: plan.ZoneRef{Zone: org}}, live, []zone.Name{"www." + org})
		return plan.Build([]plan.ZoneDiff{d}, plan.Policy{Strategy: plan.Direct}, plan.Origin{ID: "RUN", Created: epoch})
	}
	was := commented(both, false, "web", "web")
	for _, tt := range []struct {
		name       string
		plan       func(was, live *zone.Snapshot) *plan.Plan
		live       *zone.Snapshot
		edit       string // the first comment, before the write
		want, back []string
		told       bool
	}{
		{"nobody", restore, commented(both, false, "odd", "odd"), "", []string{"web", "web"}, []string{"odd", "odd"}, false},
		{"a restore of comments", restore, commented(both, false, "odd", "odd"), "rack 8", []string{"rack 8", "web"}, []string{"rack 8", "odd"}, true},
		{"a restore of an address", restore, commented(one, false, "odd", "odd"), "rack 8", []string{"rack 8", "web"}, []string{"rack 8", "odd"}, true},
		{"edited as wanted", restore, commented(both, false, "odd", "odd"), "web", []string{"web", "web"}, []string{"odd", "odd"}, false},
		{"nobody in a scan", scan, commented(both, false, "web | "+mark, mark), "", []string{"web", ""}, []string{"web | " + mark, mark}, false},
		{"a scan", scan, commented(both, false, "web | "+mark, mark), "rack 8 | " + mark + ", seen", []string{"rack 8, seen", ""}, []string{"rack 8, seen", mark}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRun(tt.plan(was, tt.live))
				p := memory.New(memory.Options{Limits: providers.Limits{Proxy: true, Comments: true}})
				p.Put(tt.live)
				r.do(t, "ok") // the copy
				if tt.edit != "" {
					setComment(p, func(string) string { return tt.edit })
				}
				runner := &execute.Runner{Plan: r.p, World: single{provider: p}, Clock: embedded.SystemClock{}, Asker: nobody{}}
				events, err := runner.Run(t.Context(), r.note(t, runner), r.state)
				told := slices.ContainsFunc(events, func(e journal.Event) bool {
					return e.Kind == journal.Warning && strings.HasSuffix(e.Message, ": www.example.org A 192.0.2.1")
				})
				if err != nil || len(events) == 0 || events[len(events)-1].Kind != journal.Done || told != tt.told {
					t.Errorf("%+v, %v, want told %t", events, err, tt.told)
				}
				if got := commentsOf(p); !slices.Equal(got, tt.want) {
					t.Errorf("comments %q, want %q", got, tt.want)
				}
				r.do(t, "cancel") // by a process that does not know how it went
				r.act(t, single{provider: p})
				if got := commentsOf(p); !slices.Equal(got, tt.back) {
					t.Errorf("taken back: comments %q, want %q", got, tt.back)
				}
			})
		})
	}
}
