package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/plan"
)

// TestRest: what a run was to do, what is live now, and what is left of it.
func TestRest(t *testing.T) {
	update := site{live: "www 86400 A 192.0.2.1", want: "www 3600 A 203.0.113.11"}
	replace := site{live: "www 300 CNAME web.example.net.", want: "www 3600 A 203.0.113.11 replace"}
	tests := []struct {
		name string
		site site   // what the run was to do
		now  string // live
		want string
	}{
		{"nothing was done", update, "www 86400 A 192.0.2.1", `
			~ www.example.org. A 192.0.2.1 -> 203.0.113.11 ttl 86400->3600`},
		{"lowered alone", update, "www 300 A 192.0.2.1", `
			~ www.example.org. A 192.0.2.1 -> 203.0.113.11 ttl 300->3600`},
		{"switched, not raised", update, "www 300 A 203.0.113.11", `
			~ www.example.org. A ttl 300->3600`},
		{"as wanted", update, "www 3600 A 203.0.113.11", ``},
		{"a third value", update, "www 60 A 198.51.100.5", `
			! www.example.org. A before the run: 192.0.2.1 (TTL 86400); the run was to set: 203.0.113.11 (TTL 3600); now: 198.51.100.5 (TTL 60), which someone else has set since`},
		{"gone since", update, "x 1 TXT x", `
			! www.example.org. A before the run: 192.0.2.1 (TTL 86400); the run was to set: 203.0.113.11 (TTL 3600); someone else has deleted it since`},
		{"a create", site{want: "www 3600 A 203.0.113.11"}, "x 1 TXT x", `
			+ www.example.org. A 203.0.113.11 ttl 3600`},
		{"a create that somebody else has made", site{want: "www 3600 A 203.0.113.11"}, "www 60 A 198.51.100.5", `
			! www.example.org. A before the run: nothing; the run was to set: 203.0.113.11 (TTL 3600); now: 198.51.100.5 (TTL 60), which someone else has set since`},
		{"a CNAME came since", site{want: "www 3600 A 203.0.113.11"}, "www 300 CNAME web.example.net.", `
			! www.example.org. A before the run: nothing; the run was to set: 203.0.113.11 (TTL 3600); now: CNAME web.example.net., which someone else has set since`},
		{"a deletion", site{live: "old 300 A 192.0.2.9\nwww 300 A 192.0.2.1", want: "www 300 A 192.0.2.1", prune: true}, "old 300 A 192.0.2.9\nwww 300 A 192.0.2.1", `
			- old.example.org. A 192.0.2.9 ttl 300`},
		{"a deletion that is made", site{live: "old 300 A 192.0.2.9\nwww 300 A 192.0.2.1", want: "www 300 A 192.0.2.1", prune: true}, "www 300 A 192.0.2.1", ``},
		{"a CNAME to replace", replace, "www 300 CNAME web.example.net.", `
			+ www.example.org. A 203.0.113.11 ttl 3600 replaces CNAME web.example.net.`},
		{"another CNAME to replace", replace, "www 300 CNAME other.example.net.", `
			! www.example.org. A before the run: CNAME web.example.net.; the run was to set: 203.0.113.11 (TTL 3600); now: CNAME other.example.net., which someone else has set since`},
		{"a CNAME that is gone", replace, "x 1 TXT x", `
			! www.example.org. A before the run: CNAME web.example.net.; the run was to set: 203.0.113.11 (TTL 3600); someone else has deleted it since`},
		{"a CNAME that was replaced", replace, "www 300 A 203.0.113.11", `
			~ www.example.org. A ttl 300->3600`},
		{"what the run is not about stays", update, "www 86400 A 192.0.2.1\nother 60 A 192.0.2.7", `
			~ www.example.org. A 192.0.2.1 -> 203.0.113.11 ttl 86400->3600`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := tt.site.diff(t)
			p := plan.Build([]plan.ZoneDiff{d}, policy(), origin())
			got := strings.TrimSpace(diffLines(plan.Rest(p, idsOf(p), d.Desired, site{live: tt.now}.diff(t).Live)))
			if diff := cmp.Diff(lines(tt.want), lines(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Of the changes of a run only the given ones are its rest.
func TestRestOfSome(t *testing.T) {
	d := site{live: "a 60 A 192.0.2.1\nb 60 A 192.0.2.2", want: "a 60 A 203.0.113.1\nb 60 A 203.0.113.2"}.diff(t)
	p := plan.Build([]plan.ZoneDiff{d}, policy(), origin())
	if got := diffLines(plan.Rest(p, []string{"c2"}, d.Desired, d.Live)); !strings.HasPrefix(got, "~ b.example.org.") || strings.Contains(got, "a.example") {
		t.Errorf("got %s", got)
	}
}

// The rest of a plan of which nothing was done is the plan, and of one that was
// done as a whole it is nothing.
func TestRestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		d := w.diff()
		p := plan.Build([]plan.ZoneDiff{d}, policy(), origin())
		rest := plan.Rest(p, idsOf(p), w.desired, w.live)
		if diff := cmp.Diff(changesJSON(t, p), changesJSON(t, plan.Build([]plan.ZoneDiff{rest}, policy(), origin()))); diff != "" {
			t.Fatalf("nothing was done (-plan +rest):\n%s", diff)
		}
		after := w.applied(d.Changes)
		if rest := plan.Rest(p, idsOf(p), w.desired, after.live); len(rest.Changes)+len(rest.Conflicts) > 0 {
			t.Fatalf("all is done, and the rest is %+v %+v", rest.Changes, rest.Conflicts)
		}
	})
}

func changesJSON(t *rapid.T, p *plan.Plan) string {
	b, err := json.MarshalIndent(p.Changes, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
