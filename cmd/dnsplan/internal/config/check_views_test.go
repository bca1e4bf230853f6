package config

import (
	"slices"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme"
)

// A view that is said not to be validated is left out where another one is.
func TestValidated(t *testing.T) {
	at := func(name zone.Name, view, mark string) *acme.Subject {
		return &acme.Subject{Name: name, ACME: mark, Zone: &acme.Zone{ZoneRef: plan.ZoneRef{Zone: "example.org.", View: view}}}
	}
	for name, c := range map[string]struct {
		given []*acme.Subject
		want  []string
	}{
		"one view says no":    {[]*acme.Subject{at("www.", "in", "none"), at("www.", "out", "http-01")}, []string{"www. out"}},
		"the other is silent": {[]*acme.Subject{at("www.", "in", "none"), at("www.", "out", "")}, []string{"www. out"}},
		"all say no":          {[]*acme.Subject{at("www.", "in", "none"), at("www.", "out", "none")}, []string{"www. in", "www. out"}},
		"none says no":        {[]*acme.Subject{at("www.", "in", ""), at("www.", "out", "http-01")}, []string{"www. in", "www. out"}},
		"another name":        {[]*acme.Subject{at("api.", "in", "none"), at("www.", "out", "http-01")}, []string{"api. in", "www. out"}},
	} {
		var got []string
		for _, s := range validated(c.given) {
			got = append(got, string(s.Name)+" "+s.Zone.View)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
