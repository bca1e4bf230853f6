package rfc2136_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/providertest/needs"
	"github.com/dnsplan/dnsplan/providers/rfc2136"
)

// Each server verifies each algorithm, and is verified.
func TestAlgorithms(t *testing.T) {
	zones := map[string]string{"example.org": exampleZone}
	for _, algorithm := range []string{"hmac-sha256", "hmac-sha384", "hmac-sha512"} {
		key := dnsd.Key{Name: "key.of." + algorithm, Algorithm: algorithm, Secret: "dHdvIGhhbHZlcyBvZiBhIGNoYXJhY3RlciBhbmQgb25lIHdob2xlIGtleQ=="}
		for name, start := range map[string]func(testing.TB) *dnsd.Server{
			"BIND": func(tb testing.TB) *dnsd.Server { return dnsd.BIND(tb, dnsd.BINDOptions{Zones: zones, Key: key}) },
			"Knot": func(tb testing.TB) *dnsd.Server { return dnsd.Knot(tb, dnsd.KnotOptions{Zones: zones, Key: key}) },
			"PowerDNS": func(tb testing.TB) *dnsd.Server {
				return dnsd.PowerDNS(tb, dnsd.PowerDNSOptions{Zones: zones, Key: key})
			},
		} {
			t.Run(name+" "+algorithm, func(t *testing.T) {
				s := start(t)
				p := provider(t, config(s))
				if n := len(read(t, p).RRsets); n != 9 {
					t.Errorf("%d sets", n)
				}
				c := change("www.example.org. 300 A 192.0.2.1 192.0.2.2", "www.example.org. 60 A 192.0.2.3")
				if _, err := p.Write(t.Context(), origin, []providers.Change{c}); err != nil {
					t.Fatal(err)
				}
				if r, _ := read(t, p).Find(c.Key()); !r.Equal(*c.After) {
					t.Errorf("%v", r)
				}
				other := config(s)
				other.TSIGAlgorithm = map[string]string{"hmac-sha256": "hmac-sha512"}[algorithm] // else hmac-sha256
				_, err := provider(t, other).Read(t.Context(), origin)
				if !errors.Is(err, providers.ErrCredentials) {
					t.Errorf("another algorithm: %v, want ErrCredentials", err)
				}
			})
		}
	}
}

// Two views of one zone on one address: the key alone says which.
func TestViewsByKey(t *testing.T) {
	inside := dnsd.Key{Name: "inside", Algorithm: "hmac-sha256", Secret: "aW5zaWRlLWluc2lkZS1pbnNpZGUtaW5zaWRlLWluc2lkZQ=="}
	outside := dnsd.Key{Name: "outside", Algorithm: "hmac-sha512", Secret: "b3V0c2lkZS1vdXRzaWRlLW91dHNpZGUtb3V0c2lkZS1vdXQ="}
	text := func(addr string) string {
		return "$TTL 300\n@ SOA ns1 h 1 60 60 60 60\n@ NS ns1\nns1 A 127.0.0.1\nwww A " + addr + "\n"
	}
	s := dnsd.BIND(t, dnsd.BINDOptions{Views: []dnsd.BINDView{
		{Key: inside, Zones: map[string]string{"example.org": text("192.0.2.1")}},
		{Key: outside, Zones: map[string]string{"example.org": text("203.0.113.1")}},
	}})
	of := func(k dnsd.Key) *rfc2136.Provider {
		c := config(s)
		c.TSIGName, c.TSIGAlgorithm, c.TSIGSecret = k.Name, k.Algorithm, k.Secret
		return provider(t, c)
	}
	holds := func(k dnsd.Key, want ...string) {
		t.Helper()
		wantLines(t, k.Name, providertest.Sets(read(t, of(k))), append([]string{"ns1.example.org. 300 A 127.0.0.1"}, want...)...)
		snap, err := of(k).Look(t.Context(), origin, keys("www.example.org", "A"))
		if err != nil {
			t.Fatal(err)
		}
		wantLines(t, k.Name+", by question", providertest.Sets(snap), want...)
	}
	holds(inside, "www.example.org. 300 A 192.0.2.1")
	holds(outside, "www.example.org. 300 A 203.0.113.1")

	_, err := of(inside).Write(t.Context(), origin, []providers.Change{change("www.example.org. 300 A 192.0.2.1", "www.example.org. 60 A 192.0.2.2")})
	if err != nil {
		t.Fatal(err)
	}
	holds(inside, "www.example.org. 60 A 192.0.2.2")
	holds(outside, "www.example.org. 300 A 203.0.113.1")
	_, err = of(outside).Write(t.Context(), origin, []providers.Change{change("www.example.org. 60 A 192.0.2.2", "www.example.org. 60 A 192.0.2.3")})
	if !errors.Is(err, providers.ErrConflict) {
		t.Errorf("what the other view holds, as a precondition: %v", err)
	}
	_, err = of(outside).Write(t.Context(), origin, []providers.Change{change("www.example.org. 300 A 203.0.113.1", "")})
	if err != nil {
		t.Fatal(err)
	}
	holds(inside, "www.example.org. 60 A 192.0.2.2")
	holds(outside)

	unsigned := config(s)
	unsigned.TSIGName, unsigned.TSIGSecret = "", ""
	if _, err := provider(t, unsigned).Read(t.Context(), origin); !errors.Is(err, providers.ErrCredentials) && !errors.Is(err, providers.ErrZoneNotFound) {
		t.Errorf("without a key: %v", err)
	}
}

// The primary is given as a name or as an address of either family.
func TestServerNameOrAddress(t *testing.T) {
	zones := map[string]string{"example.org": exampleZone}
	check := func(server string) {
		t.Helper()
		c := configFor(netip.AddrPort{})
		c.Server = server
		p := provider(t, c)
		if n := len(read(t, p).RRsets); n != 9 {
			t.Errorf("%s: %d sets", server, n)
		}
		if _, err := p.Look(t.Context(), origin, keys("www.example.org", "A")); err != nil {
			t.Errorf("%s: %v", server, err)
		}
	}
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: zones})
	for _, host := range []string{"127.0.0.1", "localhost", "LocalHost."} {
		check(fmt.Sprintf("%s:%d", host, s.Addr.Port()))
	}
	needs.Address(t, "::1")
	s6 := dnsd.BIND(t, dnsd.BINDOptions{Zones: zones, Listen: netip.MustParseAddrPort("[::1]:0")})
	check(s6.Addr.String())
}

// A server that refuses transfers answers for the names that it is asked for,
// and takes updates.
func TestWithoutTransfer(t *testing.T) {
	startClosed(t, exampleZone, func(t *testing.T, s *dnsd.Server) {
		p := provider(t, config(s))
		if snap, err := p.Read(t.Context(), origin); !errors.Is(err, providers.ErrNoListing) || errors.Is(err, providers.ErrCredentials) || snap != nil {
			t.Errorf("%v, error %v, want ErrNoListing", snap, err)
		}
		asked := keys("www.example.org", "A", "www.example.org", "AAAA", "alias.example.org", "A", "new.wild.example.org", "A", "ns1.sub.example.org", "A")
		snap, err := providers.ReadOrLook(t.Context(), p, origin, asked)
		if err != nil {
			t.Fatal(err)
		}
		wantLines(t, "sets", providertest.Sets(snap), "ns1.sub.example.org. 3600 A 192.0.2.53",
			"www.example.org. 300 A 192.0.2.1 192.0.2.2", "www.example.org. 3600 AAAA 2001:db8::1")
		if !strings.Contains(snap.Blind, "AXFR") || snap.NegativeTTL(0) != 60 {
			t.Errorf("blind %q, negative TTL %d", snap.Blind, snap.NegativeTTL(0))
		}

		alias := change("", "alias.example.org. 60 A 192.0.2.8")
		alias.Replaces = "www.example.org."
		changes := append(manyChanges(100),
			change("www.example.org. 300 A 192.0.2.1 192.0.2.2", "www.example.org. 60 A 192.0.2.3"),
			change("mail.example.org. 3600 A 192.0.2.25", ""),
			change("", "new.wild.example.org. 3600 A 192.0.2.99"), // as the wildcard answers
			change("ns1.sub.example.org. 3600 A 192.0.2.53", "ns1.sub.example.org. 3600 A 192.0.2.54"),
			alias)
		receipt, err := p.Write(t.Context(), origin, changes)
		if err != nil || receipt.Requests != 1 {
			t.Fatalf("%+v, error %v", receipt, err)
		}
		for name, want := range map[string]string{
			"www": "60 [192.0.2.3]", "mail": "0 []", "new.wild": "3600 [192.0.2.99]", "alias": "60 [192.0.2.8]", "host-99": "300 [192.0.2.100]",
		} {
			if ttl, data := s.Answer(dns.TypeA, name+".example.org"); fmt.Sprintf("%d %v", ttl, data) != want {
				t.Errorf("%s: %d %v, want %s", name, ttl, data, want)
			}
		}
		snap, err = p.Look(t.Context(), origin, append(asked, manyKeys(100)...))
		if err != nil || len(snap.RRsets) != 5+100 {
			t.Errorf("%d sets, error %v", len(snap.RRsets), err)
		}
		_, err = p.Write(t.Context(), origin, []providers.Change{change("www.example.org. 300 A 192.0.2.1", "www.example.org. 60 A 192.0.2.4")})
		if !errors.Is(err, providers.ErrConflict) {
			t.Errorf("what has moved: %v", err)
		}
		_, err = p.Write(t.Context(), origin, []providers.Change{change("", "new.wild.example.org. 3600 A 192.0.2.98")})
		if !errors.Is(err, providers.ErrConflict) {
			t.Errorf("what is there as the wildcard is: %v", err)
		}
	})
}

func manyKeys(n int) []zone.Key {
	var out []zone.Key
	for _, c := range manyChanges(n) {
		out = append(out, c.Key())
	}
	return out
}

// A record below a zone cut that is no glue is not shown by any answer. Where
// the zone cannot be transferred, the prerequisite of a write finds it.
func TestWithoutTransferBelowACut(t *testing.T) {
	text := exampleZone + "hidden.sub IN A 192.0.2.55\n"
	startClosed(t, text, func(t *testing.T, s *dnsd.Server) {
		p := provider(t, config(s))
		hidden := change("", "hidden.sub.example.org. 60 A 192.0.2.56")
		snap, err := p.Look(t.Context(), origin, []zone.Key{hidden.Key()})
		if err != nil || len(snap.RRsets) != 0 {
			t.Errorf("%v, error %v", providertest.Sets(snap), err)
		}
		if _, err := p.Write(t.Context(), origin, []providers.Change{hidden}); !errors.Is(err, providers.ErrConflict) {
			t.Errorf("%v, want ErrConflict", err)
		}
	})
}
