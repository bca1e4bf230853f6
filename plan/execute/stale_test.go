package execute_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
)

// A stale plan says what has moved, a record a line, and none wider than a terminal
// where its values are not.
func TestStaleErrorText(t *testing.T) {
	of := func(text string, ttl zone.TTL) *zone.RRset {
		if text == "" {
			return nil
		}
		return &values(t, text, ttl)[0]
	}
	www := zone.Key{Name: "www.example.org.", Type: zone.A}
	proxied := of("1", 300)
	proxied.Proxied = true
	for _, tt := range []struct {
		m    execute.MovedRRset
		want string
	}{
		{execute.MovedRRset{Key: www, Saw: of("1", 86400), Now: of("2", 86400)}, "www.example.org A: the plan saw 86400 192.0.2.1, there is now 86400 192.0.2.2"},
		{execute.MovedRRset{Key: www, Now: proxied}, "www.example.org A: the plan saw nothing, there is now 300 192.0.2.1 (proxied)"},
		{execute.MovedRRset{Key: www, Saw: of("1", 60), CNAME: "a.example."}, "www.example.org A:\n    the plan saw 60 192.0.2.1,\n    there is now nothing and a CNAME to a.example."},
		{execute.MovedRRset{Zone: plan.ZoneRef{View: "inside"}, Key: www, Saw: of("", 0)}, "www.example.org A in view inside: the plan saw nothing, there is now nothing"},
		{execute.MovedRRset{Key: www, Saw: of("1 2 3", 60), Now: of("4 5", 60)}, "www.example.org A:\n    the plan saw 60 192.0.2.1 192.0.2.2 192.0.2.3,\n    there is now 60 192.0.2.4 192.0.2.5"},
	} {
		e := &execute.StaleError{Moved: []execute.MovedRRset{tt.m, tt.m}}
		if want := "the plan is stale: what it changes has moved since it was made:\n  " + tt.want + "\n  " + tt.want; e.Error() != want {
			t.Errorf("%s\nwant\n%s", e, want)
		}
	}
}

func TestStaleErrorIsShort(t *testing.T) {
	var e execute.StaleError
	for i := range 20_000 {
		e.Moved = append(e.Moved, execute.MovedRRset{Key: zone.Key{Name: zone.Name(fmt.Sprintf("n%d.example.org.", i)), Type: zone.A}})
	}
	if text := e.Error(); !strings.HasSuffix(text, "\n  n99.example.org A: the plan saw nothing, there is now nothing\n  and 19900 more") {
		t.Errorf("%d bytes: %.200s", len(text), text)
	}
}
