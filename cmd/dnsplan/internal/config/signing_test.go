package config

import (
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
)

// When the signatures of a zone end is told where a name moves in it whose certificate
// is proven there, a resolver has validated them, and they are not made for each answer.
func TestSignings(t *testing.T) {
	begins, ends := time.Now().Add(-24*time.Hour*20).UTC().Truncate(time.Second), time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	for name, tt := range map[string]struct {
		begins    time.Time
		validated bool
		strategy  plan.Strategy
		acme      string
		views     int
		want      bool
	}{
		"signed":                 {begins, true, plan.Staged, plan.HTTP01, 1, true},
		"not validated":          {begins, false, plan.Staged, plan.HTTP01, 1, false},
		"signed for each answer": {ends.Add(-48 * time.Hour), true, plan.Staged, plan.HTTP01, 1, false},
		"nobody is asked":        {begins, true, plan.Direct, plan.HTTP01, 1, false},
		"proven otherwise":       {begins, true, plan.Staged, "dns-01", 1, false},
		"two views":              {begins, true, plan.Staged, plan.HTTP01, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			at := resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
				m := new(dns.Msg).SetReply(q)
				m.SetEdns0(1232, true)
				m.RecursionAvailable, m.AuthenticatedData = true, tt.validated
				a, _ := dns.NewRR("www.example.org. 300 IN A 192.0.2.1")
				m.Answer = []dns.RR{a, &dns.RRSIG{
					Hdr: dns.RR_Header{Name: "www.example.org.", Rrtype: dns.TypeRRSIG, Class: dns.ClassINET, Ttl: 300}, TypeCovered: dns.TypeA, Algorithm: 13, Labels: 3, OrigTtl: 300,
					Inception: uint32(tt.begins.Unix()), Expiration: uint32(ends.Unix()), KeyTag: 1, SignerName: "example.org.", Signature: "AAAA",
				}}
				_ = w.WriteMsg(m)
			}))
			client := resolver.New(resolver.Options{Timeout: time.Minute})
			t.Cleanup(func() { _ = client.Close() })
			s := &Session{client: client, Inventory: &inventory.Inventory{Zones: make([]inventory.Zone, tt.views)}}
			for i := range s.Inventory.Zones {
				s.Inventory.Zones[i].Name = org
			}
			moves := plan.Change{Key: zone.Key{Name: "www." + org, Type: zone.A}, Action: plan.Update, ACME: tt.acme, Before: &plan.State{Values: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}
			diffs := []plan.ZoneDiff{{Desired: &plan.Desired{ZoneRef: plan.ZoneRef{Zone: org}}, Changes: []plan.Change{moves}}}
			got := s.signings(t.Context(), diffs, plan.Policy{Strategy: tt.strategy, Resolvers: []plan.Resolver{{Name: "r", Address: at.String(), Protocol: "udp"}}})
			if (len(got) == 1) != tt.want || tt.want && (got[0].Zone != org || !got[0].Ends.Equal(ends)) {
				t.Errorf("%+v", got)
			}
		})
	}
}
