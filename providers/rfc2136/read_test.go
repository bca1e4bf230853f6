package rfc2136_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

func TestRead(t *testing.T) {
	startAll(t, exampleZone, func(t *testing.T, s *dnsd.Server) {
		snap := read(t, provider(t, config(s)))
		wantLines(t, "address sets", providertest.Sets(snap),
			"example.org. 3600 A 192.0.2.10",
			"example.org. 3600 AAAA 2001:db8::10",
			"mail.example.org. 3600 A 192.0.2.25",
			"ns1.example.org. 3600 A 127.0.0.1",
			"ns1.sub.example.org. 3600 A 192.0.2.53",
			"*.wild.example.org. 3600 A 192.0.2.99",
			"www.example.org. 300 A 192.0.2.1 192.0.2.2",
			"www.example.org. 3600 AAAA 2001:db8::1",
			"xn--ndaaa.example.org. 3600 A 192.0.2.33",
		)
		wantLines(t, "others", others(snap),
			"_sip._tcp.example.org. 3600 SRV 1 2 5060 mail.example.org.",
			"alias.example.org. 3600 CNAME www.example.org.",
			"example.org. 3600 MX 10 mail.example.org.",
			"example.org. 3600 NS ns1.example.org.",
			"example.org. 3600 SOA ns1.example.org. hostmaster.example.org. 7 3600 600 86400 60",
			`example.org. 3600 TXT "v=spf1 -all" "second string"`,
			`odd.example.org. 3600 TYPE65280 \# 3 abcdef`,
			"sub.example.org. 3600 NS ns1.sub.example.org.",
		)
		if soa, ok := snap.SOA(); !ok || soa.Serial != 7 || snap.NegativeTTL(0) != 60 {
			t.Errorf("SOA %+v %t", soa, ok)
		}
	})
}

func TestReadSignedZone(t *testing.T) {
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}, Signed: true})
	p := provider(t, config(s))
	dnsd.Eventually(t, "BIND has signed the zone", func() bool {
		text := strings.Join(others(read(t, p)), "\n")
		return strings.Contains(text, " RRSIG NSEC ") && strings.Contains(text, " RRSIG AAAA ") && strings.Contains(text, " DNSKEY ")
	})
	before, _ := read(t, p).Find(zone.Key{Name: "www.example.org.", Type: zone.A})
	after := before.Clone()
	after.TTL = 60
	if _, err := p.Write(t.Context(), origin, []providers.Change{{Before: &before, After: &after}}); err != nil {
		t.Error(err)
	}
}

func TestReadByNameAndUnsigned(t *testing.T) {
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}, Open: true})
	c := config(s)
	c.TSIGName, c.TSIGSecret = "", ""
	c.Server = strings.Replace(c.Server, "127.0.0.1", "localhost", 1)
	p := provider(t, c)
	if n := len(read(t, p).RRsets); n != 9 {
		t.Errorf("%d sets", n)
	}
	if _, err := p.Write(t.Context(), origin, []providers.Change{change("", "new.example.org. 60 A 192.0.2.7")}); err != nil {
		t.Error(err)
	}
}

func TestReadRefused(t *testing.T) {
	zones := map[string]string{"example.org": exampleZone}
	stranger := dnsd.Key{Name: "stranger", Algorithm: "hmac-sha512", Secret: "c3RyYW5nZXJzLXNlY3JldC1zdHJhbmdlcnMtc2VjcmV0"}
	bind := dnsd.BIND(t, dnsd.BINDOptions{Zones: zones, Strangers: []dnsd.Key{stranger}})
	closed := dnsd.BIND(t, dnsd.BINDOptions{Zones: zones, NoTransfer: true})
	knot := dnsd.Knot(t, dnsd.KnotOptions{Zones: zones})
	knotClosed := dnsd.Knot(t, dnsd.KnotOptions{Zones: zones, NoTransfer: true})
	pdns := dnsd.PowerDNS(t, dnsd.PowerDNSOptions{Zones: zones})
	pdnsClosed := dnsd.PowerDNS(t, dnsd.PowerDNSOptions{Zones: zones, NoTransfer: true})
	const canary = "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LWNhbmFyeQ=="
	for _, tt := range []struct {
		name   string
		server *dnsd.Server
		key    dnsd.Key
		zone   zone.Name
		want   error
		text   string
	}{
		{"BIND unknown zone", bind, bind.Key, "example.net.", providers.ErrZoneNotFound, "NOTAUTH"},
		{"Knot unknown zone", knot, knot.Key, "example.net.", providers.ErrZoneNotFound, "NOTAUTH"},
		{"BIND transfer refused", closed, closed.Key, origin, providers.ErrNoListing, "REFUSED"},
		{"Knot transfer refused", knotClosed, knot.Key, origin, providers.ErrNoListing, "acl"},
		{"BIND key without rights", bind, stranger, origin, providers.ErrNoListing, `tsig key "stranger"`},
		{"BIND unknown key", bind, dnsd.Key{Name: "nobody", Secret: canary}, origin, providers.ErrCredentials, "BADKEY"},
		{"Knot unknown key", knot, dnsd.Key{Name: "nobody", Secret: canary}, origin, providers.ErrCredentials, "BADKEY"},
		{"BIND wrong secret", bind, dnsd.Key{Name: bind.Key.Name, Secret: canary}, origin, providers.ErrCredentials, "BADSIG"},
		{"Knot wrong secret", knot, dnsd.Key{Name: knot.Key.Name, Secret: canary}, origin, providers.ErrCredentials, "BADSIG"},
		{"PowerDNS unknown zone", pdns, pdns.Key, "example.net.", providers.ErrZoneNotFound, "NOTAUTH"},
		{"PowerDNS transfer refused", pdnsClosed, pdnsClosed.Key, origin, providers.ErrNoListing, "TSIG-ALLOW-AXFR"},
		{"PowerDNS unknown key", pdns, dnsd.Key{Name: "nobody", Secret: canary}, origin, providers.ErrCredentials, "is not the server's"},
		{"PowerDNS wrong secret", pdns, dnsd.Key{Name: pdns.Key.Name, Secret: canary}, origin, providers.ErrCredentials, "is not the server's"},
		{"PowerDNS wrong algorithm", pdns, dnsd.Key{Name: pdns.Key.Name, Secret: pdns.Key.Secret, Algorithm: "hmac-sha384"}, origin, providers.ErrCredentials, "is not the server's"},
		{"BIND wrong algorithm", bind, dnsd.Key{Name: bind.Key.Name, Secret: bind.Key.Secret, Algorithm: "hmac-sha384"}, origin, providers.ErrCredentials, "BADKEY"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := config(tt.server)
			c.TSIGName, c.TSIGSecret, c.TSIGAlgorithm = tt.key.Name, tt.key.Secret, tt.key.Algorithm
			p := provider(t, c)
			key := zone.Key{Name: "www." + tt.zone, Type: zone.A}
			_, readErr := p.Read(t.Context(), tt.zone)
			if !errors.Is(readErr, tt.want) || !strings.Contains(readErr.Error(), tt.text) {
				t.Errorf("read: %v, want %v with %q", readErr, tt.want, tt.text)
			}
			_, writeErr := p.Write(t.Context(), tt.zone, []providers.Change{{After: &zone.RRset{
				Key: key, TTL: 60, Addrs: set("www.example.org. 60 A 192.0.2.7").Addrs,
			}}})
			if writeErr == nil {
				t.Error("write: no error")
			}
			t.Log(readErr)
			t.Log(writeErr)
			for _, err := range []error{readErr, writeErr} {
				if err != nil && strings.Contains(err.Error(), tt.key.Secret) {
					t.Errorf("the secret is in %q", err)
				}
			}
		})
	}
}

func TestReadCancelled(t *testing.T) {
	silent := silentServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	cause := errors.New("cancelled by the test")
	p := provider(t, configFor(silent.addr))
	done := make(chan error, 1)
	go func() {
		_, err := p.Read(ctx, origin)
		done <- err
	}()
	<-silent.asked
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
	ctx2, cancel2 := context.WithCancelCause(t.Context())
	cancel2(cause)
	if _, err := p.Read(ctx2, origin); err == nil {
		t.Error("a cancelled context reads")
	}
}
