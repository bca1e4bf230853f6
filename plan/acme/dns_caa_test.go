package acme

import (
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/caa"
)

// A top-level domain that does not exist has no public authority.
func TestCAABelowNoTopLevelDomain(t *testing.T) {
	s := &Subject{Name: "www.example.test.", Zone: &Zone{ZoneRef: plan.ZoneRef{Zone: "example.test."}}}
	r := caa.Judge(caa.Request{Name: s.Name, Issuers: []string{"letsencrypt.org"}, Method: caa.HTTP01}, []caa.Set{
		{Name: "www.example.test."}, {Name: "example.test."}, {Name: zone.Name("test."), NXDomain: true, By: "a resolver"},
	})
	if f := judgeCAA(s, r, true); f.Outcome != Pass {
		t.Errorf("for a private authority: %+v", f)
	}
	f := judgeCAA(s, r, false)
	Broken([]Finding{f})
	if f.Outcome != Fail {
		t.Fatalf("for a public authority: %+v", f)
	}
	Offers(t, f, "Use a name of the public DNS", "allow_reserved = true")
}
