package acme_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme"
)

// counted counts questions by server and type.
type counted struct {
	mu  sync.Mutex
	got map[string]int
}

func (c *counted) at(server string) func(q, m *dns.Msg) {
	return func(q, _ *dns.Msg) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.got[server+" "+dns.Type(q.Question[0].Qtype).String()]++
	}
}

// taken are the counts so far, which begin anew.
func (c *counted) taken() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	got := c.got
	c.got = map[string]int{}
	return got
}

// What is asked about a zone is asked once for all its names, what is asked about a
// name once for all its checks, and nothing for checks that are not made.
func TestDNSCost(t *testing.T) {
	const names = 60 // a test server ends a connection after 128 questions, and some are put again then
	for _, tt := range []struct {
		only []string
		want map[string]int
	}{
		{[]string{"D-TTL"}, map[string]int{"ns1 A": names, "ns1 AAAA": names, "ns2 A": names, "ns2 AAAA": names}},
		{[]string{"D-TTL", "D-WWW", "D-EXPECT"}, map[string]int{"ns1 A": names, "ns1 AAAA": names, "ns2 A": names, "ns2 AAAA": names}},
		{[]string{"D-WAIT"}, map[string]int{}},
		// Twice over UDP, with letters mixed, and once over TCP.
		{[]string{"D-NSOK"}, map[string]int{
			"ns1 SOA": 3, "ns1 CAA": 1, "ns1 TYPE65280": 1, "ns2 SOA": 3, "ns2 CAA": 1, "ns2 TYPE65280": 1,
		}},
		// Over UDP and over TCP, and the serial.
		{[]string{"D-AUTH"}, map[string]int{"ns1 A": 2 * names, "ns1 AAAA": 2 * names, "ns2 A": 2 * names, "ns2 AAAA": 2 * names, "ns1 SOA": 1, "ns2 SOA": 1}},
		// At each name, at the apex, and above it; which servers are silent is asked once.
		{[]string{"D-CAA"}, map[string]int{"ns1 CAA": names + 1, "public CAA": 1, "ns1 SOA": 1, "ns2 SOA": 1}},
	} {
		t.Run(fmt.Sprint(tt.only), func(t *testing.T) {
			c := &counted{got: map[string]int{}}
			s := fine()
			s.fault1, s.fault2, s.faultPublic = c.at("ns1"), c.at("ns2"), c.at("public")
			x, first := s.open(t)
			var all []*acme.Subject
			for i := range names {
				one := *first
				one.Name = zone.Name(fmt.Sprintf("n%d.example.org.", i))
				all = append(all, &one)
			}
			if found := acme.Examined(t.Context(), x, all, acme.Selection{Only: tt.only}).Findings; len(found) < names {
				t.Errorf("%d findings", len(found))
			}
			if got := c.taken(); !maps.Equal(got, tt.want) {
				t.Errorf("asked %v, want %v", got, tt.want)
			}
		})
	}
}

// A resolver is asked four times for each RRset of a name that is there, as it may be a
// pool of caches, and no more often for all checks about resolvers together.
func TestDNSCostOfPools(t *testing.T) {
	const names = 25
	c := &counted{got: map[string]int{}}
	s := fine()
	s.faultPublic = c.at("public")
	for i := range names {
		s.ns1 = append(s.ns1, fmt.Sprintf("n%d 3600 A 8.8.4.10", i))
	}
	x, first := s.open(t)
	var all []*acme.Subject
	for i := range names {
		one := *first
		one.Name = zone.Name(fmt.Sprintf("n%d.example.org.", i))
		all = append(all, &one)
	}
	x.Examine(t.Context(), all, acme.Selection{Only: []string{"D-RESOLV", "D-NEG", "D-SPLIT"}})
	// The inventory's resolver is this machine's as well, which is asked once.
	if got, want := c.taken(), map[string]int{"public A": 4*names + names}; !maps.Equal(got, want) {
		t.Errorf("asked %v, want %v", got, want)
	}
	x.Examine(t.Context(), all, acme.Selection{Only: []string{"D-SPLIT"}})
	if got, want := c.taken(), map[string]int{"public A": 2 * names}; !maps.Equal(got, want) {
		t.Errorf("asked %v for D-SPLIT alone, want %v", got, want)
	}
}

// A name server that is silent costs its time-out once a zone, not once a name; so
// it does where no other one answers.
func TestDNSSilenceIsRemembered(t *testing.T) {
	for name, alone := range map[string]bool{"beside another": false, "alone": true} {
		t.Run(name, func(t *testing.T) {
			c := &counted{got: map[string]int{}}
			s := fine()
			s.silent2, s.heard2 = true, c.at("ns2")
			s.subject = func(s *acme.Subject) {
				if alone {
					s.Zone.Servers = s.Zone.Servers[1:]
				}
			}
			x, first := s.open(t)
			var all []*acme.Subject
			for i := range 50 {
				one := *first
				one.Name = zone.Name(fmt.Sprintf("n%d.example.org.", i))
				all = append(all, &one)
			}
			found := acme.Examined(t.Context(), x, all, acme.Selection{Only: []string{"D-TTL", "D-AUTH", "D-APEX", "D-CNAME", "D-CAA"}}).Findings
			total := 0
			for _, n := range c.taken() {
				total += n
			}
			// A and AAAA of the first name or the SOA record; alone, it is asked for CAA at
			// the apex as well.
			if most := 3; total < 1 || total > most {
				t.Errorf("asked %d times, want at most %d", total, most)
			}
			for _, f := range found {
				if alone && f.Check != "D-CAA" && f.Outcome == acme.Pass {
					t.Errorf("%s passes: %s", f.Check, f.Summary)
				}
				if f.Check == "D-AUTH" && !alone && (f.Outcome != acme.Fail || !strings.Contains(f.Summary, "ns2 does not answer")) {
					t.Errorf("%s: %s", f.Name, f.Summary)
				}
			}
		})
	}
}

// So does a resolver that is silent: no check asks it for another name.
func TestDNSSilentResolverIsRemembered(t *testing.T) {
	c := &counted{got: map[string]int{}}
	s := fine()
	s.silent2, s.heard2 = true, c.at("silent")
	for i := range 20 {
		s.ns1 = append(s.ns1, fmt.Sprintf("n%d 3600 A 8.8.4.10", i))
	}
	s.subject = func(s *acme.Subject) { // the silent one is a resolver, and no name server
		s.Zone.Resolvers = append(s.Zone.Servers[1].Servers, s.Zone.Resolvers...)
		s.Zone.Servers = s.Zone.Servers[:1]
	}
	x, first := s.open(t)
	var all []*acme.Subject
	for i := range 20 {
		one := *first
		one.Name = zone.Name(fmt.Sprintf("n%d.example.org.", i))
		one.Records = nil
		all = append(all, &one)
	}
	acme.Examined(t.Context(), x, all, acme.Selection{Only: []string{"D-DNSSEC", "D-RESOLV"}})
	total := 0
	for _, n := range c.taken() {
		total += n
	}
	if total < 1 || total > 2 { // a name's A and AAAA, or one of them with validation and without
		t.Errorf("asked %d times", total)
	}
}

// A resolver that is asked for a name before it is there would remember that, so
// that no check asks one.
func TestDNSResolversAreSpared(t *testing.T) {
	c := &counted{got: map[string]int{}}
	s := fine()
	s.ns1, s.faultPublic = drop(s.ns1, "www"), c.at("public")
	s.check(t, "D")
	got := c.taken()
	delete(got, "public CAA") // of org.
	if len(got) > 0 {
		t.Errorf("asked %v", got)
	}
	s.subject = func(sub *acme.Subject) { sub.Zone.Servers = nil }
	s.check(t, "D")
	if got := c.taken(); len(got) > 0 {
		t.Errorf("without name servers: asked %v", got)
	}
}
