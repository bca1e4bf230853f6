package acme_test

import (
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// onType lets a server answer a type with an error.
func onType(qtype uint16, rcode int) func(q, m *dns.Msg) {
	return func(q, m *dns.Msg) {
		if q.Question[0].Qtype == qtype {
			m.Rcode, m.Answer, m.Ns = rcode, nil, nil
		}
	}
}

// nobodyAsked leaves a site without servers.
func nobodyAsked(s *acme.Subject) { s.Zone.Servers, s.Zone.Resolvers = nil, nil }

// Each thing that is wrong is found by its check, with what to do about it.
func TestDNSBreaks(t *testing.T) {
	const fail, unknown, pass = acme.Fail, acme.Unknown, acme.Pass
	apex := func(s *dnsSite) {
		s.name, s.want = "example.org.", []string{"A 8.8.4.1"}
	}
	for _, b := range []dnsBreak{
		// Names that are there.
		{
			"the apex has no address", "D-APEX", func(s *dnsSite) { apex(s); s.ns1 = drop(s.ns1, "@ 3600") }, fail, acme.Error,
			[]string{"example.org has no address at ns1 (127.0.0.1:", "and ns2 ("},
			[]string{"@ 3600 IN A 8.8.4.1", "ALIAS", "dnsplan apply example.org", "leave example.org out"},
		},
		{
			"the apex of www has none", "D-APEX", func(s *dnsSite) { s.ns1 = drop(s.ns1, "@ 3600") }, fail, acme.Warning,
			[]string{"example.org has no address"},
			[]string{"Add to zone example.org (or your provider's ALIAS), and to the inventory, if the certificate is to name it too:\n@ 3600 IN A 8.8.4.10"},
		},
		{
			"the apex of another name has none", "D-APEX", func(s *dnsSite) {
				s.name, s.ns1 = "api.example.org.", drop(edit(s.ns1, "www", "api"), "@ 3600")
			}, fail, acme.Info,
			[]string{"example.org, the bare domain, has no address; it can be on no certificate that is issued by HTTP-01"},
			nil,
		},
		{"the apex of another name is wanted, and has none", "D-APEX", func(s *dnsSite) {
			s.name, s.ns1 = "api.example.org.", drop(edit(s.ns1, "www", "api"), "@ 3600")
			s.subject = func(sub *acme.Subject) {
				for _, r := range records(s.t, "example.org.", []string{"A 8.8.4.1"}) {
					sub.Zone.Apex = append(sub.Zone.Apex, acme.Record{RRset: r})
				}
			}
		}, fail, acme.Warning, []string{"example.org has no address at ns1 ("}, []string{"as the inventory has it:\n@ 3600 IN A 8.8.4.1\n", "dnsplan apply example.org.plan"}},
		{"the apex of another name", "D-APEX", func(s *dnsSite) { s.name = "api.example.org." }, pass, acme.Error, []string{"example.org has an address"}, nil},
		{"the apex has no www", "D-WWW", func(s *dnsSite) { apex(s); s.ns1 = drop(s.ns1, "www") }, fail, acme.Info, []string{"www.example.org has no address; it can be on no certificate that is issued by HTTP-01"}, nil},
		{"the apex has a www by a wildcard", "D-WWW", func(s *dnsSite) {
			apex(s)
			s.subject = func(s *acme.Subject) { s.Zone.Live.RRsets = records(t, "*.example.org.", []string{"A 8.8.4.10"}) }
		}, pass, acme.Error, []string{"www.example.org exists too, through *.example.org alone"}, nil},
		{"the apex has a www", "D-WWW", apex, pass, acme.Error, []string{"www.example.org exists too"}, nil},
		{
			"one server lacks the apex", "D-APEX", func(s *dnsSite) { apex(s); s.ns2 = drop(s.ns1, "@ 3600") }, fail, acme.Error,
			[]string{"no address at ns2 ("},
			nil,
		},
		{
			"a CNAME at the apex", "D-APEX", func(s *dnsSite) { apex(s); s.ns1 = []string{"@ 60 CNAME example.net."} }, fail, acme.Error,
			[]string{"alias of example.net", "RFC 1034"},
			[]string{"Delete the CNAME from zone example.org, or use your provider's ALIAS in its place:\n@ 60 IN CNAME example.net.", "@ 3600 IN A 8.8.4.1"},
		},
		{
			"nobody is asked for the apex", "D-APEX", func(s *dnsSite) { apex(s); s.subject = nobodyAsked }, unknown, acme.Error,
			[]string{"the inventory names none"},
			[]string{"Name the servers in the inventory, or leave servers out", "servers = ["},
		},
		{
			"the name is missing", "D-WWW", func(s *dnsSite) { s.ns1 = drop(s.ns1, "www") }, fail, acme.Error,
			[]string{"www.example.org has no address at ns1 (", "cannot be issued by HTTP-01"},
			[]string{"www 3600 IN A 8.8.4.10\nwww 3600 IN AAAA 2600::10", "Have it written as the inventory says:\ndnsplan plan -o www.example.org.plan www.example.org\ndnsplan apply www.example.org.plan"},
		},
		{"a missing name that DNS-01 validates", "D-WWW", func(s *dnsSite) {
			s.ns1, s.subject = drop(s.ns1, "www"), func(s *acme.Subject) { s.ACME = "dns-01" }
		}, fail, acme.Warning, []string{"no address"}, nil},
		{"a name by a wildcard", "D-WWW", func(s *dnsSite) {
			s.subject = func(s *acme.Subject) { s.Zone.Live.RRsets = records(t, "*.example.org.", []string{"A 8.8.4.10"}) }
		}, pass, acme.Error, []string{"through *.example.org alone"}, nil},
		{"no server answers", "D-WWW", func(s *dnsSite) {
			s.fault1, s.fault2 = onType(dns.TypeA, dns.RcodeServerFailure), onType(dns.TypeA, dns.RcodeServerFailure)
			both := func(q, m *dns.Msg) { m.Rcode, m.Answer, m.Ns = dns.RcodeServerFailure, nil, nil }
			s.fault1, s.fault2 = both, both
		}, unknown, acme.Error, []string{"no name server of example.org says", "SERVFAIL"}, nil},

		// Servers and resolvers that differ.
		{
			"a secondary is behind", "D-AUTH", func(s *dnsSite) { s.ns2, s.serial2 = edit(s.ns1, "8.8.4.10", "8.8.4.9"), "1" }, fail, acme.Error,
			[]string{"ns2 (127.0.0.1:", "answers 8.8.4.9 (serial 1), and ns1 (", "8.8.4.10 (serial 2)", "if that serves no challenge, about 16 % of issuances succeed"},
			[]string{"Wait for the zone transfer, or on ns2 (", "fetch the zone again (BIND, Knot):\nrndc retransfer example.org", "--only D-AUTH"},
		},
		{
			"a secondary lacks the name", "D-AUTH", func(s *dnsSite) { s.ns2 = drop(s.ns1, "www") }, fail, acme.Error,
			[]string{"ns2 (", "the name does not exist"},
			nil,
		},
		{
			"TTLs differ", "D-AUTH", func(s *dnsSite) { s.ns2 = edit(s.ns1, "3600 A", "60 A") }, fail, acme.Warning,
			[]string{"TTL 60 at ns2 (", "TTL 3600 at ns1 ("},
			nil,
		},
		{
			"another server behind TCP", "D-AUTH", func(s *dnsSite) {
				s.faultTCP2 = func(q, m *dns.Msg) {
					if q.Question[0].Qtype == dns.TypeA {
						m.Answer = []dns.RR{line(s.t, "www.example.org. 3600 IN A 8.8.4.9")}
					}
				}
			}, fail, acme.Error,
			[]string{"ns2 (tcp 127.0.0.1:", "answers 8.8.4.9 for www.example.org A over TCP, and 8.8.4.10 over UDP"},
			[]string{"Send UDP and TCP to the same server", "dig +tcp @127.0.0.1 -p ", "--only D-AUTH"},
		},
		{
			"another TTL over TCP", "D-AUTH", func(s *dnsSite) {
				s.faultTCP2 = func(q, m *dns.Msg) {
					if q.Question[0].Qtype == dns.TypeA {
						m.Answer[0].Header().Ttl = 60
					}
				}
			}, fail, acme.Warning,
			[]string{"ns2 (tcp 127.0.0.1:", "gives www.example.org A with TTL 60 over TCP and TTL 3600 over UDP"},
			[]string{"www.example.org A\n"},
		},
		{"written between the questions over UDP and TCP", "D-AUTH", func(s *dnsSite) {
			var switched atomic.Bool
			s.fault2 = func(q, m *dns.Msg) { // over UDP, until the zone is asked for over TCP
				if q.Question[0].Qtype == dns.TypeA && !switched.Load() {
					m.Answer[0].Header().Ttl = 60
				}
			}
			s.fault1 = s.fault2
			s.faultTCP2 = func(q, m *dns.Msg) {
				if q.Question[0].Qtype == dns.TypeA && !switched.Swap(true) {
					m.Answer[0].Header().Ttl = 3600
				}
			}
		}, pass, acme.Error, []string{"the same answer comes from both name servers"}, nil},
		{"nothing behind TCP", "D-AUTH", func(s *dnsSite) { s.noTCP2 = true }, pass, acme.Error, []string{"the same answer comes from both name servers"}, nil},
		{
			"a server is silent", "D-AUTH", func(s *dnsSite) { s.silent2 = true }, fail, acme.Error,
			[]string{"ns2 does not answer for www.example.org", "timed out"},
			[]string{"take its NS record out of zone example.org"},
		},
		{"a name server without an address", "D-AUTH", func(s *dnsSite) {
			s.subject = func(s *acme.Subject) { s.Zone.Servers[1].Servers = nil }
		}, fail, acme.Error, []string{"ns2 has no address"}, []string{"Give ns2 an address, or take its NS record out of zone example.org."}},
		{"servers that were not found", "D-AUTH", func(s *dnsSite) {
			s.subject = func(s *acme.Subject) { s.Zone.ServersErr = errors.New("ask for ns3: timed out") }
		}, unknown, acme.Error, []string{"not every name server of example.org is known: ask for ns3"}, nil},
		{
			"a resolver holds the old address", "D-RESOLV", func(s *dnsSite) { s.public = edit(s.ns1, "3600 A 8.8.4.10", "184 A 8.8.4.9") }, fail, acme.Warning,
			[]string{"public (127.0.0.1:", "still holds 8.8.4.9 for 184 s"},
			[]string{"Wait until it has forgotten, at 2026-11-24 06:03:05 UTC, and look again:\ndnsplan check www.example.org --only D-RESOLV"},
		},
		{
			"a resolver holds what was changed long ago", "D-RESOLV", changed(-4 * time.Hour), fail, acme.Error,
			[]string{"public (127.0.0.1:", "still holds 8.8.4.9 for 184 s, and ought to have forgotten it by 2026-11-24 03:00:02 UTC"},
			[]string{
				"Have whoever runs it empty its cache of the name; of your own (Unbound, BIND):\nunbound-control flush www.example.org\nrndc flushname www.example.org",
				"Until it has, keep the server at 8.8.4.9 running",
			},
		},
		{
			"a resolver holds what was changed of late", "D-RESOLV", changed(-time.Hour), fail, acme.Warning,
			[]string{"public (127.0.0.1:", "still holds 8.8.4.9 for 184 s"},
			[]string{"Wait until it has forgotten"},
		},
		{
			"one cache of a pool holds the old address, and another one longer", "D-RESOLV", pool("A", "www 3600 A 8.8.4.10", "www 100 A 8.8.4.9", "www 184 A 8.8.4.9"), fail, acme.Warning,
			[]string{"public (127.0.0.1:", "still holds 8.8.4.9 for 184 s, in some of its caches"},
			[]string{"at 2026-11-24 06:03:05 UTC"},
		},
		{
			"one cache of a pool fails", "D-RESOLV", pool("A", "www 3600 A 8.8.4.10", ""), fail, acme.Warning,
			[]string{"cannot resolve www.example.org: SERVFAIL, in some of its caches"},
			nil,
		},
		{
			"one cache of a pool remembers that it was missing", "D-NEG", pool("AAAA", "www 3600 AAAA 2600::10", "@ 3600 CAA 0 issue \"x\""), fail, acme.Warning,
			[]string{"remembers for 600 s (10m) that www.example.org AAAA does not exist"},
			nil,
		},
		{
			"a resolver fails", "D-RESOLV", func(s *dnsSite) { s.faultPublic = onType(dns.TypeA, dns.RcodeServerFailure) }, fail, acme.Warning,
			[]string{"cannot resolve www.example.org: SERVFAIL"},
			[]string{"See what the name servers and DNSSEC do:\ndnsplan check www.example.org --only D-AUTH,D-NSOK,D-DNSSEC"},
		},
		{
			"no resolver", "D-RESOLV", func(s *dnsSite) { s.subject = func(s *acme.Subject) { s.Zone.Resolvers = nil } }, unknown, acme.Warning,
			[]string{"no [[verify.resolver]]"},
			[]string{"Name public resolvers in the inventory:\n[[verify.resolver]]"},
		},
		{
			"a name that is not there yet", "D-RESOLV", func(s *dnsSite) { s.ns1 = drop(s.ns1, "www") }, unknown, acme.Warning,
			[]string{"not asked: the name is not in the zone yet"},
			nil,
		},

		// Addresses.
		{
			"another address", "D-EXPECT", func(s *dnsSite) {
				s.ns1 = edit(s.ns1, "8.8.4.10", "195.20.52.215")
				s.subject = func(s *acme.Subject) { s.Records[0].Hosts = []acme.Host{{Name: "web-02", ACMEClient: true}} }
			}, fail, acme.Error,
			[]string{"A of www.example.org is 195.20.52.215 at all its name servers; the inventory says 8.8.4.10 (web-02, where the ACME client runs)"},
			[]string{"These records are to be in zone example.org, and no other A at the name:\nwww 3600 IN A 8.8.4.10", "dnsplan plan -o www.example.org.plan www.example.org\ndnsplan apply www.example.org.plan"},
		},
		{
			"a run has stopped before its switch", "D-EXPECT", inRun("8.8.4.9", acme.Pending{Run: "01K", Stands: "interrupted"}, "8.8.4.9"), fail, acme.Error,
			[]string{"A of www.example.org is 8.8.4.9 at all its name servers; the inventory says 8.8.4.10, and run 01K, which is not through with it, is interrupted: nobody works on it"},
			[]string{"Have the run go on; it waits as long as it must by itself:\ndnsplan resume 01K\n", "Or take back what it has not finished:\ndnsplan cancel 01K\n"},
		},
		{"a run has stopped before its switch, behind the proxy", "D-EXPECT", func(s *dnsSite) {
			s.proxied = []string{"A 8.8.4.9", "AAAA 2600::10"}
			inRun("8.8.4.10", acme.Pending{Run: "01K", Stands: "interrupted"}, "8.8.4.9")(s)
		}, fail, acme.Error, []string{"run 01K, which is not through with it, is interrupted"}, []string{"dnsplan resume 01K"}},
		{
			"a run that goes on, and whose addresses are not known", "D-EXPECT", inRun("8.8.4.9", acme.Pending{Run: "01K"}), fail, acme.Warning,
			[]string{"run 01K is not through with it"},
			[]string{"See how the run stands:\ndnsplan show 01K"},
		},
		{
			"a run has not switched yet", "D-EXPECT", inRun("8.8.4.9", acme.Pending{Run: "01K"}, "8.8.4.9"), pass, acme.Error,
			[]string{"www.example.org A is 8.8.4.9, as run 01K has it for now; 8.8.4.10 is to come"},
			nil,
		},
		{"a run switches", "D-EXPECT", func(s *dnsSite) {
			inRun("8.8.4.9", acme.Pending{Run: "01K"}, "8.8.4.9", "8.8.4.10")(s)
			s.ns2 = edit(s.ns1, "8.8.4.9", "8.8.4.10")
		}, pass, acme.Error, []string{"as run 01K has it for now"}, nil},
		{"a run has switched, and a server has not", "D-EXPECT", func(s *dnsSite) {
			s.ns2 = edit(s.ns1, "8.8.4.10", "8.8.4.9")
			inRun("8.8.4.10", acme.Pending{Run: "01K"}, "8.8.4.10")(s)
		}, fail, acme.Error, []string{"is 8.8.4.9 at ns2 ("}, nil},
		{
			"somebody has written into a run", "D-EXPECT", inRun("8.8.4.8", acme.Pending{Run: "01K"}, "8.8.4.9"), fail, acme.Error,
			[]string{"A of www.example.org is 8.8.4.8 at all its name servers; the inventory says 8.8.4.10, and run 01K, which is not through with it, has it at 8.8.4.9 for now"},
			[]string{"the run stops at it", "dnsplan show 01K"},
		},
		{"a run has not switched yet, behind the proxy", "D-EXPECT", func(s *dnsSite) {
			s.proxied = []string{"A 8.8.4.9", "AAAA 2600::10"}
			inRun("8.8.4.10", acme.Pending{Run: "01K"}, "8.8.4.9")(s)
		}, pass, acme.Error, []string{"www.example.org A is 8.8.4.9, as run 01K has it for now; 8.8.4.10 is to come behind the proxy"}, nil},
		{
			"an A that nobody wants", "D-EXPECT", func(s *dnsSite) { s.want = []string{"AAAA 2600::10"} }, fail, acme.Error,
			[]string{"is 8.8.4.10", "the inventory says no A"},
			[]string{"correct the inventory"},
		},
		{
			"no address at all", "D-EXPECT", func(s *dnsSite) { s.ns1 = drop(s.ns1, "www") }, fail, acme.Error,
			[]string{"A of www.example.org is missing at all its name servers; the inventory says 8.8.4.10"},
			[]string{"www 3600 IN A 8.8.4.10"},
		},
		{
			"no A", "D-EXPECT", func(s *dnsSite) { s.ns1 = drop(s.ns1, "www 3600 A ") }, fail, acme.Error,
			[]string{"A of www.example.org is missing at all its name servers; the inventory says 8.8.4.10"},
			nil,
		},
		{
			"another address behind the proxy", "D-EXPECT", func(s *dnsSite) { s.proxied = []string{"A 8.8.4.9", "AAAA 2600::10"} }, fail, acme.Error,
			[]string{"is 8.8.4.9 at provider box"},
			[]string{"www 3600 IN A 8.8.4.10"},
		},
		{
			"the address behind the proxy", "D-EXPECT", func(s *dnsSite) { s.proxied = []string{"A 8.8.4.10", "AAAA 2600::10"} }, pass, acme.Error,
			[]string{"behind the proxy"},
			nil,
		},
		{"the provider holds another one", "D-EXPECT", func(s *dnsSite) {
			s.subject = func(s *acme.Subject) {
				nobodyAsked(s)
				s.Zone.Live.RRsets = records(t, s.Name, []string{"A 8.8.4.9"})
			}
		}, fail, acme.Error, []string{"is 8.8.4.9 at provider box"}, nil},
		{"the provider holds it, and nobody is asked", "D-EXPECT", func(s *dnsSite) {
			s.subject = func(s *acme.Subject) {
				nobodyAsked(s)
				s.Zone.Live.RRsets = records(t, s.Name, fine().want)
			}
		}, unknown, acme.Error, []string{"the inventory names none"}, nil},
		{
			"a stray address", "D-SINGLE", func(s *dnsSite) { s.ns1 = append(s.ns1, "www 3600 A 8.8.4.9") }, fail, acme.Error,
			[]string{"has 2 A addresses, 8.8.4.9 and 8.8.4.10", "about 16 % of issuances succeed"},
			[]string{"Delete from zone example.org:\nwww 3600 IN A 8.8.4.9\n", "Or make each of them serve the challenge, and look:\ndnsplan check www.example.org --only H-TOKEN,H-LB\n"},
		},
		{"two addresses that are wanted", "D-SINGLE", func(s *dnsSite) {
			s.ns1, s.want = append(s.ns1, "www 3600 A 8.8.4.9"), []string{"A 8.8.4.9 8.8.4.10"}
			s.subject = func(s *acme.Subject) { s.Records[0].RoundRobin = true }
		}, fail, acme.Warning, []string{"8.8.4.9 and 8.8.4.10"}, []string{"Keep one of them in the inventory and in zone example.org:\nwww 3600 IN A 8.8.4.9\nwww 3600 IN A 8.8.4.10"}},
		{
			"two addresses behind a proxy", "D-SINGLE", func(s *dnsSite) { s.proxied = []string{"A 8.8.4.9 8.8.4.10"} }, fail, acme.Error,
			[]string{"2 A addresses"},
			nil,
		},
		{
			"an AAAA that nobody wants", "D-AAAA", func(s *dnsSite) { s.want = []string{"A 8.8.4.10"} }, fail, acme.Error,
			[]string{"IPv6 address that the inventory does not", "asks 2600::10 first"},
			[]string{"Delete from zone example.org:\nwww 3600 IN AAAA 2600::10", "Or, if it is the same server, write it down under www.example.org", `aaaa = ["2600::10"]`},
		},
		{
			"another AAAA", "D-AAAA", func(s *dnsSite) { s.ns1 = edit(s.ns1, "2600::10", "2600::9") }, fail, acme.Error,
			[]string{"has the IPv6 address 2600::9; the inventory says 2600::10"},
			[]string{"These records are to be in zone example.org, and no other AAAA at the name:\nwww 3600 IN AAAA 2600::10"},
		},
		{"an AAAA of another host", "D-AAAA", func(s *dnsSite) {
			s.subject = func(s *acme.Subject) {
				s.Records[0].Hosts, s.Records[1].Hosts = []acme.Host{{Name: "web-01"}}, []acme.Host{{Name: "web-02"}}
			}
		}, fail, acme.Warning, []string{"2600::10 (web-02)", "8.8.4.10 (web-01)"}, []string{"Make both lead to the same server, or see that each serves the challenge:\ndnsplan check www.example.org --only H-TOKEN\n"}},
		{"the AAAA look-up fails", "D-AAAA", func(s *dnsSite) {
			s.fault1, s.fault2 = onType(dns.TypeAAAA, dns.RcodeServerFailure), onType(dns.TypeAAAA, dns.RcodeServerFailure)
		}, unknown, acme.Error, []string{"cannot be told", "SERVFAIL"}, nil},
		{"a private address", "D-RESERVED", func(s *dnsSite) {
			s.ns1, s.want = []string{"www 3600 A 10.0.0.50"}, []string{"A 10.0.0.50"}
		}, fail, acme.Fatal, []string{"10.0.0.50 is in 10.0.0.0/8, Private-Use (RFC 1918)"}, []string{
			"Put the server's public address in place of 10.0.0.50, in the inventory and in zone example.org:\nwww 3600 IN A ADDRESS",
			"Or validate www.example.org by DNS-01, in the inventory:\nacme = \"dns-01\"", "For an authority of your own, in the inventory:\n[check]\nallow_reserved = true",
		}},
		{
			"a private address beside a public one", "D-RESERVED", func(s *dnsSite) { s.ns1 = append(s.ns1, "www 3600 A 10.0.0.50") }, fail, acme.Error,
			[]string{"10.0.0.50 is in"},
			nil,
		},
		{
			"a private address is wanted", "D-RESERVED", func(s *dnsSite) { s.want = []string{"A 192.0.2.1"} }, fail, acme.Error,
			[]string{"192.0.2.1 is in 192.0.2.0/24"},
			nil,
		},
		{"a private address that is allowed", "D-RESERVED", func(s *dnsSite) {
			s.ns1, s.want = []string{"www 3600 A 10.0.0.50"}, []string{"A 10.0.0.50"}
			s.options = func(o *acme.Options) { o.AllowReserved = true }
		}, pass, acme.Fatal, []string{"allow_reserved"}, nil},

		// Aliases.
		{
			"an alias to nothing", "D-CNAME", func(s *dnsSite) { s.ns1 = []string{"www 60 CNAME old.example.org."} }, fail, acme.Error,
			[]string{"www.example.org -> old.example.org does not exist"},
			[]string{"www IN CNAME old.example.org.", "www 3600 IN A 8.8.4.10", "replace_cname"},
		},
		{"an alias to a name without address", "D-CNAME", func(s *dnsSite) {
			s.ns1 = []string{"www 60 CNAME old.example.org.", `old 60 TXT "x"`}
		}, fail, acme.Error, []string{"old.example.org has no address"}, nil},
		{"an alias in a circle", "D-CNAME", func(s *dnsSite) {
			s.ns1 = []string{"www 60 CNAME a.example.org.", "a 60 CNAME www.example.org."}
		}, fail, acme.Error, []string{"leads in a circle"}, nil},
		{"an alias out of the zone", "D-CNAME", func(s *dnsSite) {
			s.ns1 = []string{"www 60 CNAME cdn.example.net."}
			s.faultPublic = func(q, m *dns.Msg) {
				if q.Question[0].Name == "cdn.example.net." && q.Question[0].Qtype == dns.TypeA {
					m.Answer, m.Ns = []dns.RR{line(t, "cdn.example.net. 60 IN A 8.8.4.7")}, nil
				}
			}
		}, fail, acme.Warning, []string{"whoever holds cdn.example.net decides"}, nil},
		{"an alias that nobody can follow", "D-CNAME", func(s *dnsSite) {
			s.ns1 = []string{"www 60 CNAME cdn.example.net."}
			s.subject = func(s *acme.Subject) { s.Zone.Resolvers = nil }
		}, unknown, acme.Error, []string{"leads out of the zone, and no resolver is asked"}, nil},
		{
			"an alias within the zone", "D-CNAME", func(s *dnsSite) { s.ns1 = []string{"www 60 CNAME a.example.org.", "a 60 A 8.8.4.10"} }, pass, acme.Error,
			[]string{"www.example.org -> a.example.org has an address"},
			nil,
		},

		{
			"an alias to a proxied name", "D-CNAME", func(s *dnsSite) {
				s.ns1 = []string{"www 60 CNAME app.example.org.", "app 60 A 8.8.4.7"}
				s.subject = func(sub *acme.Subject) {
					sub.Zone.Live.RRsets = records(s.t, "app.example.org.", []string{"A 8.8.4.10"})
					sub.Zone.Live.RRsets[0].Proxied = true
				}
			}, fail, acme.Warning,
			[]string{"www.example.org -> app.example.org leads to a proxy: that of app.example.org answers the challenge, and stays on while an issuance window of www.example.org is open"},
			[]string{"www IN CNAME app.example.org."},
		},
		{
			"an alias that the provider hides", "D-CNAME", func(s *dnsSite) {
				s.subject = func(s *acme.Subject) {
					s.Zone.Live.Others = []zone.Record{{Name: s.Name, Type: "CNAME", TTL: 300, Data: "app.example.net."}}
				}
			}, fail, acme.Warning,
			[]string{"www.example.org is an alias of app.example.net at provider box, which answers with addresses of its own choice"},
			[]string{"Delete the alias from zone example.org:\nwww IN CNAME app.example.net."},
		},
		{"CAA that nobody can look up", "D-CAA", func(s *dnsSite) {
			s.ns1 = drop(s.ns1, "@ 300 CAA")
			s.subject = func(s *acme.Subject) { s.Zone.Resolvers = nil }
		}, unknown, acme.Fatal, []string{"CAA records above the zone, as of org, can be looked up by no one: the inventory has no [[verify.resolver]]"}, []string{"[[verify.resolver]]"}},

		// Time.
		{
			"a high TTL before a change", "D-TTL", func(s *dnsSite) { s.ns1 = edit(s.ns1, "3600 A 8.8.4.10", "86400 A 8.8.4.9") }, fail, acme.Warning,
			[]string{"the TTL of www.example.org A is 86400 s (1d), and 8.8.4.10 is to come", "wait 1d"},
			[]string{"Lower it in zone example.org:\nwww 300 IN A 8.8.4.9", "2026-11-25 06:00:00 UTC", "dnsplan plan -o www.example.org.plan www.example.org\ndnsplan apply www.example.org.plan"},
		},
		{
			"a high TTL, and an address that is to go", "D-TTL", func(s *dnsSite) {
				s.ns1 = append(edit(s.ns1, "3600 A 8.8.4.10", "86400 A 8.8.4.10"), "www 86400 A 8.8.4.9")
			}, fail, acme.Warning,
			[]string{"and 8.8.4.9 is to go: lower it"},
			nil,
		},
		{"a high TTL within a run", "D-TTL", inRun("8.8.4.10", acme.Pending{Run: "01K"}), fail, acme.Warning, []string{"run 01K is about to change it"}, []string{"it waits the old TTL out before it switches:\ndnsplan show 01K"}},
		{
			"a high TTL that a run has lowered", "D-TTL", func(s *dnsSite) {
				s.ns2 = edit(s.ns1, "3600", "300")
				inRun("8.8.4.10", acme.Pending{Run: "01K", TTL: 300})(s)
			}, fail, acme.Error,
			[]string{"the TTL of www.example.org A is 3600 s (1h) at ns1 (", "and run 01K has it at 300 s (5m) for the change"},
			[]string{"Find out who has", "dnsplan show 01K"},
		},
		{"a change TTL of long", "D-TTL", func(s *dnsSite) {
			s.ns1 = edit(s.ns1, "3600", "900")
			inRun("8.8.4.10", acme.Pending{Run: "01K", TTL: 900})(s)
		}, fail, acme.Warning, []string{"is 900 s (15m), and run 01K is about to change it"}, nil},
		{"a change TTL of a moment", "D-TTL", func(s *dnsSite) {
			s.ns1 = edit(s.ns1, "3600", "5")
			inRun("8.8.4.10", acme.Pending{Run: "01K", TTL: 5})(s)
		}, fail, acme.Info, []string{"the TTL of www.example.org A is 5 s, for a change"}, []string{"Let a minute be the least, in the inventory:\n[defaults]\nchange_ttl = \"1m\""}},
		{
			"a TTL of a moment before a change", "D-TTL", func(s *dnsSite) { s.ns1 = edit(s.ns1, "3600 A 8.8.4.10", "5 A 8.8.4.9") }, fail, acme.Info,
			[]string{"is 5 s, for a change"},
			[]string{"Raise it in zone example.org:\nwww 60 IN A 8.8.4.9\n"},
		},
		{
			"a TTL of a moment that is the record's own", "D-TTL", ownTTL(func(s *dnsSite) { s.ns1 = edit(s.ns1, "3600 A 8.8.4.10", "5 A 8.8.4.9") }, 5), fail, acme.Info,
			[]string{"is 5 s, for a change"},
			[]string{"Raise it in zone example.org:\nwww 60 IN A 8.8.4.9\n", "Let a minute be the least for its record in the inventory:\nttl = \"1m\"\n"},
		},
		{"a TTL of a moment that is the record's own, within a run", "D-TTL", ownTTL(func(s *dnsSite) {
			s.ns1 = edit(s.ns1, "3600", "5")
			inRun("8.8.4.10", acme.Pending{Run: "01K", TTL: 5})(s)
		}, 5), fail, acme.Info, []string{"is 5 s, for a change"}, []string{"Let a minute be the least for its record in the inventory:\nttl = \"1m\"\n"}},
		{
			"a low TTL of a run that has stopped behind its switch", "D-TTL", func(s *dnsSite) {
				s.ns1 = edit(s.ns1, "3600", "300")
				inRun("8.8.4.10", acme.Pending{Run: "01K", Stands: "interrupted", TTL: 300}, "8.8.4.10")(s)
			}, fail, acme.Warning,
			[]string{"the TTL of www.example.org A is 300 s (5m), and run 01K, which is to raise it to 3600 s (1h), is interrupted: nobody works on it"},
			[]string{"dnsplan resume 01K", "dnsplan cancel 01K"},
		},
		{
			"a low TTL of a run that settles", "D-TTL", func(s *dnsSite) {
				s.ns1, s.want = []string{"www 300 A 8.8.4.10"}, []string{"A 8.8.4.10"}
				inRun("8.8.4.10", acme.Pending{Run: "01K", TTL: 300}, "8.8.4.10")(s)
			}, pass, acme.Warning, nil, nil,
		},
		{
			"a high TTL of a run that has stopped before its lowering", "D-TTL", inRun("8.8.4.9", acme.Pending{Run: "01K", Stands: "interrupted"}, "8.8.4.9"), fail, acme.Warning,
			[]string{"is 3600 s (1h), and run 01K, which is to change it, is interrupted: nobody works on it"},
			[]string{"dnsplan resume 01K", "dnsplan cancel 01K"},
		},
		{
			"a short TTL at rest", "D-TTL", func(s *dnsSite) {
				s.ns1 = edit(s.ns1, "3600", "300")
				s.subject = func(s *acme.Subject) { s.Records[0].TTL, s.Records[1].TTL = 300, 300 }
			}, fail, acme.Info,
			[]string{"the TTL of www.example.org A at rest is 300 s (5m)"},
			[]string{"unless it is short on purpose, as for a failover:\nttl = \"1h\""},
		},
		{"an automatic TTL", "D-TTL", func(s *dnsSite) {
			s.ns1 = edit(s.ns1, "3600", "300")
			s.subject = func(s *acme.Subject) { s.Records[0].Auto, s.Records[1].Auto = true, true }
		}, pass, acme.Warning, nil, nil},
		{
			"a TTL that was left low", "D-TTL", func(s *dnsSite) { s.ns1 = edit(s.ns1, "3600 A ", "60 A ") }, fail, acme.Warning,
			[]string{"is 60 s, and the inventory says 3600 s (1h): it was left low"},
			[]string{"Raise it in zone example.org:\nwww 3600 IN A 8.8.4.10"},
		},
		{
			"a TTL that is too high", "D-TTL", func(s *dnsSite) { s.ns1 = edit(s.ns1, "3600 A ", "7200 A ") }, fail, acme.Warning,
			[]string{"7200 s (2h)", "a change would take that long"},
			[]string{"Lower it in zone example.org:\nwww 3600 IN A 8.8.4.10"},
		},
		{"a low TTL within a run", "D-TTL", func(s *dnsSite) {
			s.ns1 = edit(s.ns1, "3600", "60")
			s.subject = func(s *acme.Subject) {
				s.Pending = []acme.Pending{{Type: zone.A, Run: "01K"}, {Type: zone.AAAA, Run: "01K"}}
			}
		}, pass, acme.Warning, nil, nil},
		{"a TTL below what the provider takes", "D-TTL", func(s *dnsSite) {
			s.ns1 = edit(s.ns1, "3600", "7200")
			s.subject = func(s *acme.Subject) { s.Zone.MinTTL = 7200 }
		}, pass, acme.Warning, nil, nil},
		{"the TTL of a proxied name", "D-TTL", func(s *dnsSite) {
			s.ns1, s.proxied = edit(s.ns1, "3600", "60"), []string{"A 8.8.4.10"}
		}, pass, acme.Warning, []string{"the proxy answers"}, nil},
		{"a run that cannot be read", "D-WAIT", func(s *dnsSite) {
			s.subject = func(s *acme.Subject) { s.Zone.RunsErr = errors.New("run 01K: bad journal") }
		}, unknown, acme.Error, []string{"run 01K: bad journal"}, nil},
		{
			"a name that is to come", "D-NEG", func(s *dnsSite) { s.ns1 = drop(s.ns1, "www") }, fail, acme.Warning,
			[]string{"www.example.org A is not at ns1 (", "remembers for 600 s (10m) that it does not exist"},
			[]string{"Add it before anybody asks, to zone example.org:\nwww 3600 IN A 8.8.4.10", "Ask for the certificate 10m after that"},
		},
		{
			"a resolver remembers that it was missing", "D-NEG", func(s *dnsSite) { s.public = drop(s.ns1, "www") }, fail, acme.Warning,
			[]string{"public (", "remembers for 600 s (10m) that www.example.org A does not exist"},
			[]string{"Wait until 2026-11-24 06:10:01 UTC, and look again:\ndnsplan check www.example.org --only D-NEG"},
		},
		{
			"nobody says what resolvers remember", "D-NEG", func(s *dnsSite) { s.subject = func(s *acme.Subject) { s.Zone.Resolvers = nil } }, unknown, acme.Warning,
			[]string{"no [[verify.resolver]]"},
			nil,
		},

		// What strict resolvers do.
		{
			"bogus signatures", "D-DNSSEC", func(s *dnsSite) {
				s.faultPublic = func(q, m *dns.Msg) {
					if !q.CheckingDisabled && q.IsEdns0() != nil && q.IsEdns0().Do() {
						m.Rcode, m.Answer, m.Ns = dns.RcodeServerFailure, nil, nil
						m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_EDE{InfoCode: 7})
					}
				}
			}, fail, acme.Fatal,
			[]string{"DNSSEC of www.example.org is bogus: public (", "Signature Expired", "since March 2026"},
			[]string{"See where the chain breaks:\ndelv @127.0.0.1 www.example.org A", "Sign the zone again if signatures have expired (BIND, Knot):\nrndc sign example.org", "DS record", "Then look again:\ndnsplan check www.example.org --only D-DNSSEC"},
		},
		{
			"signatures that end soon", "D-DNSSEC", signed("20261124120000", true), fail, acme.Warning,
			[]string{"end at 2026-11-24 12:00:00 UTC, 6h from now"},
			[]string{"Sign the zone again (BIND, Knot):\nrndc sign example.org"},
		},
		{"signatures that have ended", "D-DNSSEC", signed("20261124050000", true), fail, acme.Error, []string{"have ended at 2026-11-24 05:00:00 UTC"}, nil},
		{
			"signatures that end within a change", "D-DNSSEC", changing(signed("20261127060000", true), 80*time.Hour), fail, acme.Error,
			[]string{"end at 2026-11-27 06:00:00 UTC, 3d from now, and the change goes on until 2026-11-27 14:00:00 UTC"},
			[]string{"rndc sign example.org"},
		},
		{"signatures that end behind a change", "D-DNSSEC", changing(signed("20261127060000", true), 70*time.Hour), pass, acme.Fatal, []string{"is valid"}, nil},
		{"signatures of a server that signs each answer", "D-DNSSEC", changing(signedEach, 80*time.Hour), pass, acme.Fatal, []string{"is valid"}, nil},
		{"signatures of an hour that end within a change", "D-DNSSEC", changing(brief, 2*time.Hour), fail, acme.Error, []string{"end at 2026-11-24 06:50:00 UTC, 50m from now, and the change goes on until"}, nil},
		{"good signatures", "D-DNSSEC", signed("20261224120000", true), pass, acme.Fatal, []string{"is valid"}, nil},
		{
			"signed, and not validated", "D-DNSSEC", signed("20261224120000", false), unknown, acme.Fatal,
			[]string{"is signed, and no resolver of the inventory validates it"},
			[]string{"Name a resolver that validates in the inventory:", "9.9.9.9"},
		},
		{"not signed, and nobody validates", "D-DNSSEC", func(s *dnsSite) {
			s.faultPublic = func(_, m *dns.Msg) { m.AuthenticatedData = false }
		}, unknown, acme.Fatal, []string{"no resolver of the inventory validates"}, []string{"9.9.9.9"}},
		{
			"nobody resolves it", "D-DNSSEC", func(s *dnsSite) { s.faultPublic = onType(dns.TypeA, dns.RcodeServerFailure) }, unknown, acme.Fatal,
			[]string{"no resolver of the inventory resolves www.example.org"},
			nil,
		},
		{
			"no resolver to validate", "D-DNSSEC", func(s *dnsSite) { s.subject = func(s *acme.Subject) { s.Zone.Resolvers = nil } }, unknown, acme.Fatal,
			[]string{"no [[verify.resolver]]"},
			nil,
		},
		{
			"NOTIMP for CAA", "D-NSOK", func(s *dnsSite) { s.fault2 = onType(dns.TypeCAA, dns.RcodeNotImplemented) }, fail, acme.Error,
			[]string{"ns2 (", "NOTIMP", "must not issue"},
			[]string{"On ns2 (", "NOERROR", "--only D-NSOK"},
		},
		{"letters in lower case", "D-NSOK", func(s *dnsSite) {
			s.fault2 = func(_, m *dns.Msg) { m.Question[0].Name = dns.CanonicalName(m.Question[0].Name) }
		}, fail, acme.Error, []string{"case of the question's letters"}, []string{"0x20"}},
		{
			"no EDNS", "D-NSOK", func(s *dnsSite) { s.fault2 = func(_, m *dns.Msg) { m.Extra = nil } }, fail, acme.Error,
			[]string{"lacks the OPT record"},
			[]string{"RFC 6891"},
		},
		{"an error to EDNS", "D-NSOK", func(s *dnsSite) {
			s.fault2 = func(q, m *dns.Msg) {
				if q.IsEdns0() != nil {
					m.Rcode, m.Answer, m.Ns, m.Extra = dns.RcodeFormatError, nil, nil, nil
				}
			}
		}, fail, acme.Error, []string{"answers only without EDNS"}, []string{"RFC 6891"}},
		{
			"errors to unknown types", "D-NSOK", func(s *dnsSite) { s.fault2 = onType(65280, dns.RcodeServerFailure) }, fail, acme.Error,
			[]string{"SERVFAIL", "new types"},
			[]string{"RFC 3597"},
		},
		{
			"no TCP", "D-NSOK", func(s *dnsSite) { s.noTCP2 = true }, fail, acme.Error,
			[]string{"example.org. SOA", "long answers cannot be fetched"},
			[]string{"let TCP port 53 through to it (ufw, nftables):\nufw allow 53/tcp", "nft insert rule"},
		},
		{
			"a lame server", "D-NSOK", func(s *dnsSite) { s.fault2 = func(_, m *dns.Msg) { m.Authoritative = false } }, fail, acme.Error,
			[]string{"not authoritative", "of no use as a name server"},
			[]string{"load the zone there"},
		},
		{"a server that is silent", "D-NSOK", func(s *dnsSite) { s.silent2 = true }, fail, acme.Error, []string{"ns2 (", "of no use"}, []string{"Start the name server there"}},
		{"nobody to ask strictly", "D-NSOK", func(s *dnsSite) { s.subject = nobodyAsked }, unknown, acme.Error, []string{"the inventory names none"}, nil},

		// CAA.
		{
			"CAA for another issuer", "D-CAA", func(s *dnsSite) { s.ns1 = edit(s.ns1, "letsencrypt.org", "digicert.com") }, fail, acme.Fatal,
			[]string{"CAA at example.org permits only digicert.com; so letsencrypt.org may not issue for www.example.org"},
			[]string{"Add to zone example.org:", `@ 300 IN CAA 0 issue "letsencrypt.org"`, "Then look again:\ndnsplan check www.example.org --only D-CAA"},
		},
		{
			"CAA for nobody at the name", "D-CAA", func(s *dnsSite) { s.ns1 = append(s.ns1, `www 60 CAA 0 issue ";"`) }, fail, acme.Fatal,
			[]string{"permits nobody"},
			[]string{`www 60 IN CAA 0 issue "letsencrypt.org"`},
		},
		{
			"CAA for another method", "D-CAA", func(s *dnsSite) { s.ns1 = edit(s.ns1, "letsencrypt.org", "letsencrypt.org; validationmethods=dns-01") }, fail, acme.Fatal,
			[]string{"not by http-01"},
			[]string{"Delete from zone example.org:", `@ 300 IN CAA 0 issue "letsencrypt.org; validationmethods=dns-01"`, "dns-01,http-01"},
		},
		{"CAA above the zone", "D-CAA", func(s *dnsSite) {
			s.ns1 = drop(s.ns1, "@ 300 CAA")
			s.faultPublic = func(q, m *dns.Msg) {
				if q.Question[0].Name == "org." && q.Question[0].Qtype == dns.TypeCAA {
					m.Answer, m.Ns = []dns.RR{line(s.t, `org. 300 IN CAA 0 issue "digicert.com"`)}, nil
				}
			}
		}, fail, acme.Fatal, []string{"CAA at org permits only digicert.com"}, []string{"Add to the zone that holds org:\norg. 3600 IN CAA 0 issue \"letsencrypt.org\""}},
		{"CAA for another account", "D-CAA", func(s *dnsSite) {
			s.ns1 = edit(s.ns1, "letsencrypt.org", "letsencrypt.org; accounturi=https://example.net/1")
			s.options = func(o *acme.Options) { o.Issuer.Accounts = []string{"https://example.net/2"} }
		}, fail, acme.Fatal, []string{"another account"}, []string{"accounturi=https://example.net/2", "issue with the account"}},
		{"CAA for an account, and which one asks is not known", "D-CAA", func(s *dnsSite) {
			s.ns1 = edit(s.ns1, "letsencrypt.org", "letsencrypt.org; accounturi=https://example.net/1")
		}, unknown, acme.Fatal, []string{"not known which one asks"}, []string{"Say in the inventory which account issues:\n[check]\naccounturi = "}},
		{"an authority whose name is not known", "D-CAA", func(s *dnsSite) {
			s.options = func(o *acme.Options) { o.Issuer.Identities = nil }
		}, unknown, acme.Fatal, []string{"how the authority calls itself"}, []string{"Say in the inventory how the authority calls itself:", `ca_identities = ["letsencrypt.org"]`}},
		{"CAA that cannot be asked for", "D-CAA", func(s *dnsSite) {
			s.fault1, s.fault2 = onType(dns.TypeCAA, dns.RcodeServerFailure), onType(dns.TypeCAA, dns.RcodeServerFailure)
		}, fail, acme.Fatal, []string{"SERVFAIL"}, []string{"Find out why the question fails:\ndnsplan check www.example.org --only D-NSOK,D-DNSSEC,D-AUTH"}},
		{"an error above the zone, in a private world", "D-CAA", func(s *dnsSite) {
			s.ns1, s.faultPublic = drop(s.ns1, "@ 300"), onType(dns.TypeCAA, dns.RcodeServerFailure)
		}, unknown, acme.Fatal, []string{"above the zone"}, nil},

		{"a top-level domain of one's own", "D-CAA", func(s *dnsSite) {
			s.ns1, s.faultPublic = drop(s.ns1, "@ 300"), onType(dns.TypeCAA, dns.RcodeNameError)
		}, pass, acme.Fatal, []string{"www.example.org is no public name"}, nil},

		// Proxies and aliases answer each place otherwise.
		{"the edge's own IPv6 address", "D-AAAA", func(s *dnsSite) {
			s.want, s.proxied = []string{"A 8.8.4.10"}, []string{"A 8.8.4.10"}
		}, pass, acme.Error, nil, nil},
		{"an edge that is nearer", "D-SPLIT", func(s *dnsSite) {
			inside("8.8.4.11")(s)
			s.proxied = []string{"A 8.8.4.10"}
		}, pass, acme.Warning, nil, nil},
		{"an edge that a resolver finds nearer", "D-RESOLV", func(s *dnsSite) {
			s.public, s.proxied = edit(s.ns1, "8.8.4.10", "8.8.4.11"), []string{"A 8.8.4.10"}
		}, pass, acme.Warning, []string{"resolvers give the answer of the name servers, each asked 4 times"}, nil},
		{"an alias whose end a resolver cannot resolve", "D-CNAME", func(s *dnsSite) {
			s.ns1 = []string{"www 60 CNAME cdn.example.net."}
			s.faultPublic = func(_, m *dns.Msg) { m.Rcode, m.Ns = dns.RcodeServerFailure, nil }
		}, fail, acme.Error, []string{"www.example.org -> cdn.example.net cannot be resolved", "SERVFAIL"}, []string{"www IN CNAME cdn.example.net."}},
		{"what the provider holds, and no server serves yet", "D-RESOLV", func(s *dnsSite) {
			s.ns1 = drop(s.ns1, "www")
			s.subject = func(s *acme.Subject) { s.Zone.Live.RRsets = records(t, s.Name, []string{"A 8.8.4.10"}) }
		}, unknown, acme.Warning, []string{"not asked"}, nil},

		// Inside and outside.
		{
			"the machine sees another address", "D-SPLIT", inside("10.0.0.50"), fail, acme.Warning,
			[]string{"inside, by inside (", "is 10.0.0.50", "outside, by the resolvers of the inventory, 8.8.4.10"},
			[]string{"Test as from outside, not by this machine's own resolvers:\ncurl --connect-to www.example.org::8.8.4.10"},
		},
		{"the machine sees the same", "D-SPLIT", inside("8.8.4.10"), pass, acme.Warning, nil, nil},
		{
			"this view is outside", "D-SPLIT", views("8.8.4.10", "10.0.0.50"), fail, acme.Warning,
			[]string{"8.8.4.10 in view external, which the authority sees, and 10.0.0.50 in view internal"},
			nil,
		},
		{
			"this view is inside", "D-SPLIT", views("10.0.0.50", "8.8.4.10"), fail, acme.Error,
			[]string{"10.0.0.50 in view external, but the authority sees view internal, where it is 8.8.4.10"},
			[]string{"Mark the record of view internal as the one that is validated, and this one not:", `acme = "none"`},
		},
		{"resolvers see another view", "D-RESOLV", views("10.0.0.50", "8.8.4.10"), unknown, acme.Warning, []string{"sees another view of www.example.org"}, nil},
		{"neither view is outside", "D-SPLIT", views("10.0.0.50", "10.0.0.51"), unknown, acme.Warning, []string{"cannot be told which"}, nil},
		{"the views are the same", "D-SPLIT", views("8.8.4.10", "8.8.4.10"), pass, acme.Warning, []string{"the same in view external and view internal"}, nil},
		{
			"nobody is inside", "D-SPLIT", func(s *dnsSite) { s.subject = func(s *acme.Subject) { s.Zone.Inside = nil } }, unknown, acme.Warning,
			[]string{"nobody sees www.example.org from inside"},
			nil,
		},
	} {
		t.Run(string(b.check)+" "+b.what, b.run)
	}
}

// inRun has A at an address while a run is not through with it, whose phase has it at
// these.
func inRun(is string, p acme.Pending, phase ...string) func(*dnsSite) {
	return func(s *dnsSite) {
		s.ns1 = edit(s.ns1, "8.8.4.10", is)
		p.Type = zone.A
		for _, a := range phase {
			p.Phase = append(p.Phase, []netip.Addr{netip.MustParseAddr(a)})
		}
		s.subject = func(sub *acme.Subject) { sub.Pending = []acme.Pending{p} }
	}
}

// ownTTL has the inventory say a TTL for both records.
func ownTTL(change func(*dnsSite), ttl zone.TTL) func(*dnsSite) {
	return func(s *dnsSite) {
		change(s)
		whole := s.subject
		s.subject = func(sub *acme.Subject) {
			if whole != nil {
				whole(sub)
			}
			for i := range sub.Records {
				sub.Records[i].TTL = ttl
			}
		}
	}
}

// signed has the resolver give signatures until then, and validate them or not.
func signed(until string, valid bool) func(*dnsSite) {
	return func(s *dnsSite) {
		s.faultPublic = func(_, m *dns.Msg) {
			m.AuthenticatedData = valid
			if len(m.Answer) > 0 {
				sig, _ := dns.NewRR("www.example.org. 300 IN RRSIG A 13 3 300 " + until + " 20261101000000 4711 example.org. AAAA")
				m.Answer = append(m.Answer, sig)
			}
		}
	}
}

// signedEach has the resolver give signatures as a server makes them for each answer.
func signedEach(s *dnsSite) { signedFrom("20261125070000", dnsNow.Add(-25*time.Hour), s) }

// brief has it give signatures of a zone that is signed for less than two hours.
func brief(s *dnsSite) { signedFrom("20261124065000", dnsNow.Add(-time.Hour), s) }

func signedFrom(until string, begins time.Time, s *dnsSite) {
	signed(until, true)(s)
	whole := s.faultPublic
	s.faultPublic = func(q, m *dns.Msg) {
		whole(q, m)
		for _, rr := range m.Answer {
			if sig, ok := rr.(*dns.RRSIG); ok {
				sig.Inception = uint32(begins.Unix())
			}
		}
	}
}

// changing has a change under way for so long.
func changing(change func(*dnsSite), left time.Duration) func(*dnsSite) {
	return func(s *dnsSite) {
		change(s)
		s.subject = func(sub *acme.Subject) {
			sub.Pending = []acme.Pending{{Type: zone.A, Run: "01K", Until: dnsNow.Add(left)}}
		}
	}
}

// changed has the resolver hold an address that dnsplan has replaced, that long from
// now, and whose TTL was an hour.
func changed(ago time.Duration) func(*dnsSite) {
	return func(s *dnsSite) {
		s.public = edit(s.ns1, "3600 A 8.8.4.10", "184 A 8.8.4.9")
		s.options = func(o *acme.Options) {
			o.Past.Changes = func() ([]journal.Change, error) {
				return []journal.Change{{
					At: dnsNow.Add(ago), VerifiedAt: dnsNow.Add(ago), Zone: "example.org.", Name: "www.example.org.", Type: "A", Outcome: "applied",
					OldValues: []string{"8.8.4.9"}, NewValues: []string{"8.8.4.10"}, OldTTL: 3600, NewTTL: 3600,
				}}, nil
			}
		}
	}
}

// pool has the resolver answer a type by turns, with a record, with none where that is
// of another type, or with SERVFAIL.
func pool(kind string, turns ...string) func(*dnsSite) {
	return func(s *dnsSite) {
		var asked atomic.Int32
		s.faultPublic = func(q, m *dns.Msg) {
			if q.Question[0].Qtype != dns.StringToType[kind] {
				return
			}
			turn := turns[int(asked.Add(1)-1)%len(turns)]
			m.Answer, m.Ns = nil, nil
			if turn == "" {
				m.Rcode = dns.RcodeServerFailure
				return
			}
			if rr := line(s.t, absolute([]string{turn})[0]); rr.Header().Rrtype == q.Question[0].Qtype {
				m.Answer = []dns.RR{rr}
			} else {
				m.Ns = []dns.RR{line(s.t, "example.org. 3600 IN SOA ns1.example.org. hostmaster.example.org. 2 3600 600 86400 600")}
			}
		}
	}
}

// inside has this machine's own resolver give an address of its own.
func inside(addr string) func(*dnsSite) {
	return func(s *dnsSite) {
		s.want, s.ns1 = []string{"A 8.8.4.10"}, []string{"www 60 A 8.8.4.10"}
		s.subject = func(sub *acme.Subject) {
			sub.Zone.Inside = []resolver.Server{s.server(s.t, "inside", "2", []string{"www 60 A " + addr}, nil, true, false)}
		}
	}
}

// views has the zone twice, with an address each; the outside has 8.8.4.10.
func views(mine, theirs string) func(*dnsSite) {
	return func(s *dnsSite) {
		s.want, s.ns1 = []string{"A " + mine}, []string{"www 60 A " + mine}
		s.public = []string{"www 60 A 8.8.4.10"}
		s.subject = func(sub *acme.Subject) {
			sub.Zone.View, sub.Zone.Inside = "external", nil
			sub.Zone.Live.RRsets = records(s.t, sub.Name, []string{"A " + mine})
			twin := &acme.Zone{ZoneRef: plan.ZoneRef{Zone: "example.org.", View: "internal"}, Provider: "box", Live: &zone.Snapshot{Zone: "example.org."}}
			twin.Live.RRsets = records(s.t, sub.Name, []string{"A " + theirs})
			sub.Zone.Twins = []*acme.Zone{twin}
		}
	}
}
