package main

import (
	"testing"

	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// A saved plan whose provider has gone wrong since: an error before anything is
// written, and the plan is not used up.
func TestSavedPlanOfProviderGoneWrong(t *testing.T) {
	for _, tt := range []struct {
		name  string
		alter func(s *cloudflaretest.Server)
		undo  func(s *cloudflaretest.Server)
		want  []string
	}{
		{
			"a revoked token", func(s *cloudflaretest.Server) { s.Revoke(cfToken) },
			func(s *cloudflaretest.Server) {
				s.AddToken(cloudflaretest.Token{Value: cfToken, All: cloudflaretest.Edit})
			},
			[]string{"example.org", "credentials refused", "hint: check the provider's credentials"},
		},
		{
			"a zone that is pending", func(s *cloudflaretest.Server) { s.SetStatus("example.org", "pending") },
			func(s *cloudflaretest.Server) { s.SetStatus("example.org", "active") },
			[]string{"example.org", `provider "vendor": `, "the zone is pending at Cloudflare", "hint: see all that is wrong with the provider"},
		},
		{
			"a token that may only read", func(s *cloudflaretest.Server) {
				s.AddToken(cloudflaretest.Token{Value: cfToken, All: cloudflaretest.Read})
			},
			nil,
			[]string{"credentials refused", "the token lacks the permission Zone / DNS / Edit", "0 of 4 changes applied"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, s := newCloudflare(t)
			p := v.program(t, "direct", wanted)
			p.run("plan", "-o", p.path("move.plan")).is(t, exitDone)
			tt.alter(s)
			p.run("apply", p.path("move.plan")).tells(t, exitError, tt.want...)
			v.holds(t, seed...)
			if tt.undo == nil {
				return
			}
			if runs := p.glob(".dnsplan/runs/*"); len(runs) > 0 || v.writes() > 0 {
				t.Errorf("runs %q, %d writes", runs, v.writes())
			}
			tt.undo(s)
			p.run("apply", p.path("move.plan")).is(t, exitDone, "4 of 4 changes applied")
		})
	}
}
