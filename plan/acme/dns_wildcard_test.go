package acme_test

import (
	"slices"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme"
)

// Of a wildcard that is to be proven by HTTP-01 there is one thing to say, whatever
// else is wrong with it, and nothing where that is not asked for.
func TestWildcard(t *testing.T) {
	s := fine()
	s.name, s.ns1 = "*.example.org.", []string{"@ 3600 A 8.8.4.1"}
	found := s.check(t)
	if len(found) != 1 || found[0].Check != "D-CAA" || found[0].Outcome != acme.Fail || found[0].Severity != acme.Fatal ||
		found[0].Summary != "*.example.org is a wildcard, and no authority proves one by HTTP-01" {
		t.Fatalf("%+v", found)
	}
	acme.Offers(t, found[0], "Have it validated by DNS-01, in its record in the inventory:", `acme = "dns-01"`, "Or take acme out of its record")
	x, wildcard := s.open(t)
	_, www := fine().open(t)
	all := acme.Examined(t.Context(), x, []*acme.Subject{wildcard, www}, acme.Selection{Only: []string{"O-INV"}})
	if !slices.Equal(all.Subjects, []zone.Name{"www.example.org."}) || len(all.Findings) == 0 || all.Findings[0].Name != "www.example.org." {
		t.Errorf("others: %v %+v", all.Subjects, all.Findings)
	}
}

// A name that a shell would read otherwise is quoted in a command.
func TestWildcardInCommands(t *testing.T) {
	s := fine()
	s.subject = func(s *acme.Subject) {
		s.Group = "web"
		other := &acme.Subject{Zone: s.Zone, Name: "*.example.org."}
		for _, r := range records(t, other.Name, []string{"A 8.8.4.11"}) {
			other.Records = append(other.Records, acme.Record{RRset: r})
		}
		s.Siblings = []*acme.Subject{other}
	}
	found := s.check(t, "O-GROUP")
	if len(found) != 1 || found[0].Outcome != acme.Fail {
		t.Fatalf("%+v", found)
	}
	acme.Offers(t, found[0], "dnsplan plan www.example.org '*.example.org'")
}
