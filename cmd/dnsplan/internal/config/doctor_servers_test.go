package config

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
	"github.com/dnsplan/dnsplan/providers"
)

func TestRollCall(t *testing.T) {
	// "ns1 192.0.2.1 ok, ns1 [2001:db8::1] timeout"
	statuses := map[string]resolver.Status{
		"ok": resolver.Answered, "timeout": resolver.Timeout, "unrouted": resolver.NoRoute, "lame": resolver.Lame, "refused": resolver.Refused,
	}
	for _, tt := range []struct {
		servers string
		verdict providers.Verdict
		detail  string
	}{
		{"ns1 192.0.2.1 ok, ns2 192.0.2.2 ok", providers.Good, "2 of 2 answer"},
		{"ns1 192.0.2.1 ok, ns1 2001:db8::1 unrouted", providers.Good, "1 of 1 answer, not on [2001:db8::1]:53 no route from here"},
		{"ns1 192.0.2.1 timeout, ns1 2001:db8::1 ok", providers.Unclear, "1 of 1 answer, not on 192.0.2.1:53 timed out"},
		{"ns1 192.0.2.1 ok, ns2 192.0.2.2 lame", providers.Bad, "1 of 2 answer, not ns2 (192.0.2.2:53 lame (not authoritative))"},
		{
			"ns1 192.0.2.1 timeout, ns1 2001:db8::1 unrouted, ns2 192.0.2.2 ok, ns2 2001:db8::2 unrouted", providers.Bad,
			"1 of 2 answer, not ns1 (192.0.2.1:53 timed out, [2001:db8::1]:53 no route from here)",
		},
		{"192.0.2.1:53 192.0.2.1 refused", providers.Bad, "0 of 1 answer, not 192.0.2.1:53 REFUSED"},
	} {
		var names []resolver.NameServer
		var answers [][]resolver.SOAAnswer
		for line := range strings.SplitSeq(tt.servers, ", ") {
			f := strings.Fields(line)
			if len(names) == 0 || names[len(names)-1].Name != f[0] {
				names, answers = append(names, resolver.NameServer{Name: f[0]}), append(answers, nil)
			}
			s := resolver.Server{Name: f[0], Addr: netip.AddrPortFrom(netip.MustParseAddr(f[1]), 53)}
			last := len(names) - 1
			names[last].Servers = append(names[last].Servers, s)
			answers[last] = append(answers[last], resolver.SOAAnswer{Server: s, Status: statuses[f[2]]})
		}
		var f providers.Finding
		rollCall(names, answers).judge(&f)
		clean := f.Verdict == providers.Good
		if f.Verdict != tt.verdict || f.Detail != tt.detail || clean != (f.Remedy == "") {
			t.Errorf("%s: %+v, want %v %q", tt.servers, f, tt.verdict, tt.detail)
		}
	}
}

// holding is a vendor of a zone with one name server and with address sets.
func holding(name string, sets map[string]string) *vendor {
	return &vendor{read: func(_ context.Context, z zone.Name) (*zone.Snapshot, error) {
		snap := &zone.Snapshot{Zone: z, Others: []zone.Record{{Name: z, Type: "NS", TTL: 300, Data: name}}}
		for n, a := range sets {
			snap.RRsets = append(snap.RRsets, zone.RRset{
				Key: zone.Key{Name: zone.Name(n), Type: zone.A}, TTL: 300, Addrs: []netip.Addr{netip.MustParseAddr(a)},
			})
		}
		return snap, nil
	}}
}

// The name servers that the inventory gives, and those in the NS set.
func TestExamineNameServers(t *testing.T) {
	soa := "example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60"
	good := resolvertest.Serve(t, resolvertest.NewZone(t, soa))
	lame := resolvertest.Serve(t, resolvertest.NewZone(t, strings.ReplaceAll(soa, "example.org", "example.net")))
	dead := resolvertest.ClosedPort(t)
	unknown := resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetRcode(q, dns.RcodeNameError)
		m.RecursionAvailable = true
		_ = w.WriteMsg(m)
	}))
	const remedy = " -> a staged run needs every one: mend or remove those, see that this machine may ask them, or name the ones to ask with servers of the zone"
	inside := holding("ns1.example.org.", map[string]string{"ns1.example.org.": "127.9.9.9"})
	for _, tt := range []struct {
		name     string
		servers  string // of the zone
		strategy string
		p        *vendor
		want     []string
	}{
		{"nobody is asked", "servers = []", "staged", inside, nil},
		{"all answer", fmt.Sprintf("servers = [%q]", good), "staged", inside, []string{"ok name servers example.org.: 1 of 1 answer"}},
		{"one is dead, one knows no such zone", fmt.Sprintf("servers = [%q, %q, %q]", dead, good, lame), "staged", inside, []string{
			"wrong name servers example.org.: 1 of 3 answer, not " + dead.String() + " connection refused, " + lame.String() + " REFUSED" + remedy,
		}},
		{"all that are given are dead", fmt.Sprintf("servers = [%q]", dead), "staged", inside, []string{
			"wrong name servers example.org.: 0 of 1 answer, not " + dead.String() + " connection refused" + remedy,
		}},
		{"a direct run asks none", fmt.Sprintf("servers = [%q]", dead), "direct", inside, []string{
			"unclear name servers example.org.: 0 of 1 answer, not " + dead.String() + " connection refused" + remedy,
		}},
		{"none of the NS set answers", "", "staged", inside, []string{"unclear name servers example.org.: 0 of 1 answer, not ns1.example.org (127.9.9.9:53 "}},
		{"one of the NS set has no address", "", "staged", holding("ns.example.net.", nil), []string{
			"unclear name servers example.org.: not all can be found from here: find servers of example.org.: ",
		}},
		{"a zone that cannot be read", fmt.Sprintf("servers = [%q]", good), "staged", &vendor{
			read: func(context.Context, zone.Name) (*zone.Snapshot, error) { return nil, providers.ErrZoneNotFound },
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := fmt.Sprintf(`version = 1
[defaults]
strategy = %q
[[verify.resolver]]
name = "first"
address = %q
[[provider]]
name = "first"
type = "route53"
[[zone]]
name = "example.org"
provider = "first"
%s
`, tt.strategy, unknown, tt.servers)
			path := filepath.Join(t.TempDir(), "inventory.toml")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Open(Settings{Inventory: path, StateDir: filepath.Join(filepath.Dir(path), ".dnsplan")}, func(string) (string, bool) { return "", false })
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			s.opened["first"] = tt.p
			got := slices.DeleteFunc(told(s.Examine(t.Context(), now, quiet), "first"), func(line string) bool {
				return !strings.Contains(line, "name servers")
			})
			if !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}
