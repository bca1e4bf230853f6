package acme_test

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan/acme"
)

// What is to be done about a zone in a view names the view, and its lines are those of
// the inventory's.
func TestDNSRemediesInAView(t *testing.T) {
	inView := func(s *acme.Subject) { s.Zone.View = "external" }
	for _, b := range []dnsBreak{
		{
			"the name is missing", "D-WWW", func(s *dnsSite) { s.ns1, s.subject = drop(s.ns1, "www"), inView }, acme.Fail, acme.Error,
			[]string{"www.example.org has no address"},
			[]string{"Add to zone example.org, view external:\nwww 3600 IN A 8.8.4.10"},
		},
		{"nobody is asked", "D-APEX", func(s *dnsSite) {
			s.subject = func(s *acme.Subject) { inView(s); nobodyAsked(s) }
		}, acme.Unknown, acme.Error, []string{"the inventory names none"}, []string{"[[zone]]\nname = \"example.org\"\nview = \"external\"\nservers = [\"ADDRESS\"]"}},
	} {
		t.Run(string(b.check)+" "+b.what, b.run)
	}
}

// A top-level domain that does not exist has no public authority: the resolver says
// so, and the zone's own servers, which loopback ones would be taken for those of a
// private world, are not asked.
func TestCAABelowNoTopLevelDomain(t *testing.T) {
	dnsBreak{"no top-level domain", "D-CAA", func(s *dnsSite) {
		s.public = drop(s.ns1, "@ 300 CAA")
		s.faultPublic = func(q, m *dns.Msg) {
			if q.Question[0].Name == "org." {
				m.Rcode = dns.RcodeNameError
			}
		}
		s.subject = func(s *acme.Subject) {
			s.Zone.Servers = nil
			s.Zone.Live.RRsets = records(t, s.Name, []string{"A 8.8.4.10"})
		}
	}, acme.Fail, acme.Fatal, []string{"the top-level domain org does not exist; so letsencrypt.org may not issue for www.example.org"}, []string{
		"Use a name of the public DNS, or, for an authority of your own, say in the inventory:\n[check]\nallow_reserved = true\n",
	}}.run(t)
}

// A resolver that refuses both families because DNSSEC fails is told of once, and by
// D-DNSSEC where that is looked at.
func TestRefusedByDNSSEC(t *testing.T) {
	s := fine()
	s.faultPublic = func(q, m *dns.Msg) {
		if !q.CheckingDisabled && dns.IsSubDomain("example.org.", q.Question[0].Name) {
			m.Rcode, m.Answer, m.Ns = dns.RcodeServerFailure, nil, nil
		}
	}
	for only, because := range map[string]acme.ID{"D-RESOLV": "", "D-RESOLV,D-DNSSEC": "D-DNSSEC"} {
		var of []acme.Finding
		for _, f := range s.check(t, strings.Split(only, ",")...) {
			if f.Check == "D-RESOLV" {
				of = append(of, f)
			}
		}
		if len(of) != 1 || of[0].Outcome != acme.Fail || of[0].Because != because {
			t.Errorf("%s: %+v", only, of)
		}
	}
}

// A name server that does not have the zone is told of once, with what to do.
func TestLameServer(t *testing.T) {
	s := fine()
	s.fault2 = func(_, m *dns.Msg) { m.Rcode, m.Answer, m.Ns = dns.RcodeRefused, nil, nil }
	found := s.check(t, "D-AUTH", "D-NSOK")
	if len(found) != 2 || found[0].Because != "" || found[1].Check != "D-NSOK" || found[1].Outcome != acme.Fail || found[1].Because != "D-AUTH" {
		t.Fatalf("%+v", found)
	}
	acme.Offers(t, found[0], "Load zone example.org on ns2, or take its NS record out of zone example.org and of the parent zone.")
}
