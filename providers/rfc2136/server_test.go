package rfc2136_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/rfc2136"
)

const origin = zone.Name("example.org.")

const exampleZone = `$ORIGIN example.org.
$TTL 3600
@        IN SOA ns1 hostmaster 7 3600 600 86400 60
@        IN NS ns1
@        IN A 192.0.2.10
@        IN AAAA 2001:db8::10
@        IN MX 10 mail
@        IN TXT "v=spf1 -all" "second string"
ns1      IN A 127.0.0.1
mail     IN A 192.0.2.25
www 300  IN A 192.0.2.1
www 300  IN A 192.0.2.2
www      IN AAAA 2001:db8::1
alias    IN CNAME www
*.wild   IN A 192.0.2.99
xn--ndaaa IN A 192.0.2.33
sub      IN NS ns1.sub
ns1.sub  IN A 192.0.2.53
odd      IN TYPE65280 \# 3 abcdef
_sip._tcp IN SRV 1 2 5060 mail
`

// startAll runs f against a real BIND, a real Knot and a real PowerDNS with the
// zone text, at the same time and after the caller has returned.
func startAll(t *testing.T, text string, f func(t *testing.T, s *dnsd.Server)) {
	t.Helper()
	zones := map[string]string{"example.org": text}
	start(t, f, map[string]func(testing.TB) *dnsd.Server{
		"BIND":     func(tb testing.TB) *dnsd.Server { return dnsd.BIND(tb, dnsd.BINDOptions{Zones: zones}) },
		"Knot":     func(tb testing.TB) *dnsd.Server { return dnsd.Knot(tb, dnsd.KnotOptions{Zones: zones}) },
		"PowerDNS": func(tb testing.TB) *dnsd.Server { return dnsd.PowerDNS(tb, dnsd.PowerDNSOptions{Zones: zones}) },
	})
}

// startClosed is startAll with servers that refuse the key the transfer, and
// nothing else.
func startClosed(t *testing.T, text string, f func(t *testing.T, s *dnsd.Server)) {
	t.Helper()
	zones := map[string]string{"example.org": text}
	start(t, f, map[string]func(testing.TB) *dnsd.Server{
		"BIND without transfer": func(tb testing.TB) *dnsd.Server {
			return dnsd.BIND(tb, dnsd.BINDOptions{Zones: zones, NoTransfer: true})
		},
		"Knot without transfer": func(tb testing.TB) *dnsd.Server {
			return dnsd.Knot(tb, dnsd.KnotOptions{Zones: zones, NoTransfer: true})
		},
		"PowerDNS without transfer": func(tb testing.TB) *dnsd.Server {
			return dnsd.PowerDNS(tb, dnsd.PowerDNSOptions{Zones: zones, NoTransfer: true})
		},
	})
}

func start(t *testing.T, f func(t *testing.T, s *dnsd.Server), servers map[string]func(testing.TB) *dnsd.Server) {
	t.Helper()
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, server(t))
		})
	}
}

func config(s *dnsd.Server) rfc2136.Config {
	return rfc2136.Config{
		Server:        s.Addr.String(),
		TSIGName:      s.Key.Name,
		TSIGAlgorithm: s.Key.Algorithm,
		TSIGSecret:    s.Key.Secret,
		Timeout:       dnsd.Patience,
	}
}

func provider(t testing.TB, c rfc2136.Config) *rfc2136.Provider {
	t.Helper()
	p, err := rfc2136.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func read(t testing.TB, p *rfc2136.Provider) *zone.Snapshot {
	t.Helper()
	snap, err := p.Read(t.Context(), origin)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// set reads "www.example.org. 300 A 192.0.2.1 192.0.2.2".
func set(line string) *zone.RRset { return providertest.ParseSet(origin, line) }

// change reads two such lines; "" is no set.
func change(before, after string) providers.Change {
	return providertest.ParseChange(origin, before, after)
}

// others are a snapshot's other records, in the order of the alphabet.
func others(s *zone.Snapshot) []string { return slices.Sorted(slices.Values(providertest.Others(s))) }

func wantLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}
