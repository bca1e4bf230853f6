package acme

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/vantage"
)

// elsewhere is a vantage that meets what the test says.
type elsewhere struct {
	name string
	met  func(vantage.Request) (vantage.Reply, error)
}

func (e elsewhere) Name() string { return e.name }

func (e elsewhere) Ask(_ context.Context, r vantage.Request) (vantage.Reply, error) { return e.met(r) }

// gets fetches well.
func gets(name string) vantage.Probe {
	return elsewhere{name, func(r vantage.Request) (vantage.Reply, error) {
		return vantage.Reply{OK: true, Status: 200, Body: r.Expect}, nil
	}}
}

// meets fails in one way.
func meets(name string, kind http01.Kind, status int) vantage.Probe {
	return elsewhere{name, func(vantage.Request) (vantage.Reply, error) {
		return vantage.Reply{Status: status, Error: &vantage.Failure{Kind: vantage.Kind(kind), Detail: "met " + string(kind)}}, nil
	}}
}

// breaks is of no use.
func breaks(name string) vantage.Probe {
	return elsewhere{name, func(vantage.Request) (vantage.Reply, error) { return vantage.Reply{}, errors.New("no such machine") }}
}

func TestVantages(t *testing.T) {
	for _, c := range []struct {
		name    string
		probes  []vantage.Probe
		token   bool
		outcome Outcome
		says    string
	}{
		{"both", []vantage.Probe{gets("oslo"), gets("lima")}, true, Pass, "the challenge of www.example.org is answered to oslo and lima"},
		{"by country", []vantage.Probe{gets("oslo"), meets("lima", http01.ConnectTimeout, 0)}, true, Fail, "the challenge of www.example.org is answered to oslo, but not to lima: a filter by country"},
		{"neither", []vantage.Probe{meets("oslo", http01.Status, 404), meets("lima", http01.Status, 404)}, true, Fail, "is not answered to oslo and lima"},
		{"one of three is broken", []vantage.Probe{gets("oslo"), gets("rome"), breaks("lima")}, true, Pass, "answered to oslo and rome; lima could not ask"},
		{"one of two is broken", []vantage.Probe{gets("oslo"), breaks("lima")}, true, Unknown, "is answered to oslo, and no other place outside could be asked"},
		{"there is but one", []vantage.Probe{gets("oslo")}, true, Unknown, "is answered to oslo, and no other place outside could be asked"},
		{"the only one fails", []vantage.Probe{meets("oslo", http01.ConnectTimeout, 0)}, true, Fail, "the challenge of www.example.org is not answered to oslo"},
		{"all are broken", []vantage.Probe{breaks("oslo"), breaks("lima")}, true, Unknown, "could not ask for www.example.org"},
		{"without IPv6", []vantage.Probe{meets("oslo", http01.NoRoute, 0)}, true, Unknown, "oslo could not ask"},
		{"404 without a token", []vantage.Probe{meets("oslo", http01.Status, 404), meets("lima", http01.Status, 404)}, false, Pass, "a request to www.example.org is answered to oslo and lima"},
		{"403 without a token", []vantage.Probe{meets("oslo", http01.Status, 403)}, false, Fail, "a request to www.example.org is not answered to oslo"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, "127.0.0.11")
			s.opts.Vantages = c.probes
			if !c.token {
				s.opts.Client = nil
			}
			f := s.only("H-VANTAGE", c.outcome, c.says)
			if len(f.Asked) != len(c.probes) {
				t.Errorf("asked %+v", f.Asked)
			}
			if c.outcome == Fail {
				Offers(t, f, "from everywhere", s.fill("ufw allow PORT/tcp"), "look where the name servers differ:\ndnsplan check www.example.org --only D-AUTH,D-SPLIT")
			}
			if strings.Contains(c.says, "no other place") {
				Offers(t, f, map[int]string{1: "in another country and network:\n[[vantage]]", 2: "See why a vantage is of no use:\ndnsplan doctor"}[len(c.probes)])
			}
		})
	}
}

// The lines for a second vantage give it a name that the first one has not: the
// inventory takes no name twice.
func TestSecondVantage(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.opts.Vantages = []vantage.Probe{gets("elsewhere-1")}
	f := s.only("H-VANTAGE", Unknown, "answered to elsewhere-1, and no other place")
	Offers(t, f, "[[vantage]]\nname = \"elsewhere-2\"\n")
	lacks(t, f, "elsewhere-1")
}

// What cannot be reached from here, and from elsewhere can, is behind a NAT that
// does not turn back; with one vantage less it is a closed port.
func TestHairpin(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	_ = s.ls[0].Close()
	var at []string
	s.opts.Vantages = []vantage.Probe{elsewhere{"oslo", func(r vantage.Request) (vantage.Reply, error) {
		at = append(at, r.Address.String()+" "+r.Expect)
		return vantage.Reply{OK: true, Status: 200, Body: r.Expect}, nil
	}}}
	for _, id := range []ID{"H-PORT80", "H-TOKEN"} {
		s.only(id, Pass, "127.0.0.11:", "as oslo says; not from here (connection refused)", "hairpin")
	}
	if len(at) != 2 || !strings.HasPrefix(at[0], "127.0.0.11 ") || at[0] == "127.0.0.11 " {
		t.Errorf("asked %q; want the address and a token, once for each check", at)
	}
	s.opts.Vantages = []vantage.Probe{meets("oslo", http01.ConnectRefused, 0)}
	s.only("H-PORT80", Fail, "connection refused")
}

// What a vantage reaches counts as reached for whatever the token decides: IPv6 that
// serves the challenge, and how many of several addresses do.
func TestHairpinOfSeveralAddresses(t *testing.T) {
	checks := []string{"D-AAAA", "D-SINGLE", "H-TOKEN"}
	for _, addrs := range [][]string{{"127.0.0.11", "::1"}, {"127.0.0.11", "127.0.0.12"}} {
		s := newSite(t, addrs...)
		s.serve(0, s.files())
		_ = s.ls[1].Close()
		s.opts.Vantages = []vantage.Probe{gets("oslo")}
		for _, f := range Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: checks}).Findings {
			switch {
			case f.Check == "D-SINGLE" && len(s.subject.Records) == 1:
				holds(t, "D-SINGLE", f.Summary, "2 of 2 serve the challenge")
				if f.Severity != Warning {
					t.Errorf("%v: %+v", addrs, f)
				}
			case f.Outcome != Pass:
				t.Errorf("%v: %s: %s", addrs, f.Check, f.Summary)
			case strings.Contains(f.Summary, "differ in that"):
				t.Errorf("%v: %s: %s", addrs, f.Check, f.Summary)
			}
		}
	}
}

// So it does for the bridge: the old server may be behind that NAT as well.
func TestHairpinOfTheOldServer(t *testing.T) {
	s := newSite(t, "127.0.0.11", "127.0.0.12")
	_ = s.ls[0].Close()
	s.serve(1, s.files())
	s.answer("127.0.0.11")
	s.hold("127.0.0.11")
	s.want("127.0.0.12")
	s.only("B-BRIDGE", Fail, "the old address 127.0.0.11:")
	s.opts.Vantages = []vantage.Probe{gets("oslo")}
	s.only("B-BRIDGE", Pass, "127.0.0.11:", "as oslo says", "hairpin")
}

func TestVantagesAreNotSentToReservedAddresses(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, http.NotFoundHandler())
	s.opts.AllowReserved = false
	s.opts.Vantages = []vantage.Probe{elsewhere{"oslo", func(vantage.Request) (vantage.Reply, error) {
		t.Error("oslo was asked")
		return vantage.Reply{}, nil
	}}}
	s.only("H-VANTAGE", Unknown, "reserved addresses only")
}

// A vantage's own agent is content with what the checks ask for.
func TestAgentAnswers(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, s.files())
	agent := vantage.NewAgent(vantage.AgentOptions{
		Name: "oslo", Port: uint16(s.opts.HTTPPort), Now: s.opts.Now, //nolint:gosec // G115: a port
		Validator: http01.New(http01.Options{
			Lookup: http01.DNS{Client: s.opts.DNS, Route: (&examination{Examiner: New(s.opts), subject: s.subject, zone: &zoneEvidence{}}).route(t.Context())},
			Ports:  http01.Ports{HTTP: uint16(s.opts.HTTPPort)}, //nolint:gosec // G115: a port
		}),
	})
	ask := func(r vantage.Request) (vantage.Reply, error) {
		r.Version = vantage.Version
		return agent.Answer(s.t.Context(), r), nil
	}
	s.opts.Vantages = []vantage.Probe{elsewhere{"oslo", ask}, elsewhere{"lima", ask}}
	s.only("H-VANTAGE", Pass, "is answered to oslo and lima")
}
