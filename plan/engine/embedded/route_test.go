package embedded_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// ipv4Only is a machine without IPv6.
type ipv4Only struct{}

func (ipv4Only) Route(_ context.Context, a netip.Addr) error {
	if a.Is6() {
		return errors.New("network is unreachable")
	}
	return nil
}

// New addresses to which there is no way from here are told of once each, and stop
// nothing; old ones are nobody's business.
func TestNoWayIsTold(t *testing.T) {
	const live = "www 600 A 192.0.2.1\nwww 600 AAAA 2001:db8::1\nold 600 AAAA 2001:db8::9"
	const want = "www 600 A 203.0.113.1\nwww 600 AAAA 2001:db8::1 2001:db8::2\nweb 600 AAAA 2001:db8::2 2001:db8::3\nold 600 A 203.0.113.9"
	for name, tt := range map[string]struct {
		policy func(*plan.Policy)
		router execute.Router
		step   plan.Kind
		want   string
	}{
		"staged":        {func(*plan.Policy) {}, ipv4Only{}, plan.StepPreflight, "there is no way from here to 2001:db8::2 of web.example.org AAAA (network is unreachable), nor to 2001:db8::3 of web.example.org AAAA (network is unreachable)"},
		"direct":        {direct, ipv4Only{}, plan.StepBackup, "there is no way from here to 2001:db8::2 of"},
		"nobody to ask": {direct, nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := scenario{live: live, want: want, prune: true, policy: tt.policy}
			s.inBubble(t, func(t *testing.T, r *rig) {
				r.router = tt.router
				r.wantOutcome(r.run(), execute.OutcomeDone)
				var told []journal.Event
				for _, e := range r.events() {
					if e.Kind == journal.Warning {
						told = append(told, e)
					}
				}
				switch {
				case tt.want == "" && len(told) > 0:
					t.Errorf("told: %+v", told)
				case tt.want != "" && (len(told) != 1 || !strings.HasPrefix(told[0].Message, tt.want) || told[0].Step != r.step(tt.step, 1).ID):
					t.Errorf("told %+v, want %q", told, tt.want)
				}
			})
		})
	}
}
