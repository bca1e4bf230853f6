package rfc2136_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/libdns/libdns"
	librfc2136 "github.com/libdns/rfc2136"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

// These tests show why github.com/libdns/rfc2136 is not used: each does what
// this adapter does right beside it, against the same server.

func libdnsOf(s *dnsd.Server) *librfc2136.Provider {
	return &librfc2136.Provider{
		Server: s.Addr.String(), KeyName: s.Key.Name + ".", KeyAlg: s.Key.Algorithm + ".", Key: s.Key.Secret,
	}
}

func address(addr string) libdns.Record {
	return libdns.Address{Name: "www", TTL: 5 * time.Minute, IP: netip.MustParseAddr(addr)}
}

// Two writers have seen the same values, and each wants to replace them.
func TestLibdnsLastWriterWins(t *testing.T) {
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}})
	lib := libdnsOf(s)
	for _, addr := range []string{"203.0.113.1", "203.0.113.2"} {
		if _, err := lib.SetRecords(t.Context(), string(origin), []libdns.Record{address(addr)}); err != nil {
			t.Errorf("libdns minds the other writer now: %v", err)
		}
	}
	const seen = "www.example.org. 300 A 203.0.113.2"
	p := provider(t, config(s))
	theirs, ours := change(seen, "www.example.org. 300 A 203.0.113.3"), change(seen, "www.example.org. 300 A 203.0.113.4")
	if _, err := p.Write(t.Context(), origin, []providers.Change{theirs}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(t.Context(), origin, []providers.Change{ours}); !errors.Is(err, providers.ErrConflict) {
		t.Errorf("error %v, want a conflict", err)
	}
}

// libdns gives the SOA record twice, and no record at all of a zone in which it
// cannot parse one.
func TestLibdnsReads(t *testing.T) {
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}})
	records, err := libdnsOf(s).GetRecords(t.Context(), string(origin))
	if err != nil {
		t.Fatal(err)
	}
	soas := slices.DeleteFunc(records, func(r libdns.Record) bool { return r.RR().Type != "SOA" })
	if len(soas) != 2 {
		t.Errorf("libdns gives %d SOA records: one is right", len(soas))
	}
	odd := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone + "srv IN SRV 1 2 5060 mail\n"}})
	if records, err := libdnsOf(odd).GetRecords(t.Context(), string(origin)); err == nil {
		t.Errorf("libdns reads %d records beside an SRV record at a name of one label now", len(records))
	}
	if others(read(t, provider(t, config(odd)))) == nil {
		t.Error("no other record was read")
	}
}
