package rfc2136_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/providertest/flaky"
	"github.com/dnsplan/dnsplan/providers/rfc2136"
)

// behind is a provider whose requests meet the fates that judge gives them on
// their way to the server.
func behind(t *testing.T, s *dnsd.Server, judge func(*dns.Msg) flaky.Fate) *rfc2136.Provider {
	t.Helper()
	return provider(t, configFor(flaky.DNS(t, s.Addr, judge).Addr))
}

// updatesMeet gives a fate to updates alone.
func updatesMeet(f flaky.Fate) func(*dns.Msg) flaky.Fate {
	return func(m *dns.Msg) flaky.Fate {
		if m.Opcode == dns.OpcodeUpdate {
			return f
		}
		return flaky.Pass
	}
}

// questionsMeet gives a fate to questions of one type alone.
func questionsMeet(rrtype uint16, f flaky.Fate) func(*dns.Msg) flaky.Fate {
	return func(m *dns.Msg) flaky.Fate {
		if m.Opcode == dns.OpcodeQuery && m.Question[0].Qtype == rrtype {
			return f
		}
		return flaky.Pass
	}
}

// No error that somebody else answers with says that nothing was written, but for
// a denial of the key where a signed look agrees.
func TestWriteAnsweredByAnother(t *testing.T) {
	startAll(t, exampleZone, func(t *testing.T, s *dnsd.Server) {
		for i, tt := range []struct {
			name   string
			fate   flaky.Fate
			landed bool
			want   error
			text   string
		}{
			{"SERVFAIL", flaky.Fail, false, providers.ErrUnknown, "SERVFAIL"},
			{"SERVFAIL behind the write", flaky.FailAfter, true, providers.ErrUnknown, "SERVFAIL"},
			{"REFUSED", flaky.Refuse, false, providers.ErrUnknown, "REFUSED"},
			{"REFUSED behind the write", flaky.RefuseAfter, true, providers.ErrUnknown, "REFUSED"},
			{"BADKEY", flaky.Deny, false, providers.ErrCredentials, "BADKEY"},
			{"BADKEY behind the write", flaky.DenyAfter, true, providers.ErrUnknown, "BADKEY"},
		} {
			c := manyChanges(7)[i]
			_, err := behind(t, s, updatesMeet(tt.fate)).Write(t.Context(), origin, []providers.Change{c})
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%s: %v, want %v with %q", tt.name, err, tt.want, tt.text)
			}
			for _, other := range []error{providers.ErrUnknown, providers.ErrCredentials} {
				if errors.Is(err, other) != errors.Is(tt.want, other) {
					t.Errorf("%s: %v, which is %v", tt.name, err, other)
				}
			}
			if _, refused := errors.AsType[*providers.RefusedError](err); refused {
				t.Errorf("%s: believed: %v", tt.name, err)
			}
			live := read(t, provider(t, config(s)))
			if _, there := live.Find(c.Key()); there != tt.landed {
				t.Errorf("%s: landed %t, want %t", tt.name, there, tt.landed)
			}
		}
	})
}

// What BIND itself says no to, it has signed: refused is refused, and behind a
// SERVFAIL anything may be.
func TestWriteWhileBINDCannot(t *testing.T) {
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}, Control: true})
	p := provider(t, config(s))
	mend := s.BreakJournals()
	_, err := p.Write(t.Context(), origin, manyChanges(1))
	if !errors.Is(err, providers.ErrUnknown) || !strings.Contains(err.Error(), "SERVFAIL") {
		t.Errorf("without a journal: %v", err)
	}
	mend()
	s.Freeze()
	_, err = p.Write(t.Context(), origin, manyChanges(1))
	if refused, ok := errors.AsType[*providers.RefusedError](err); !ok || errors.Is(err, providers.ErrUnknown) || !strings.HasPrefix(refused.Reason, "REFUSED") {
		t.Errorf("frozen: %v", err)
	}
	if n := len(read(t, p).RRsets); n != 9 {
		t.Errorf("%d sets, want 9: nothing was written", n)
	}
	s.Thaw()
	dnsd.Eventually(t, "updates are taken again", func() bool {
		_, err := p.Write(t.Context(), origin, manyChanges(1))
		return err == nil
	})
}

// An error that somebody else answers a question with is neither that there is no
// such zone, nor that it is not listed: both would be believed for good.
func TestReadAnsweredByAnother(t *testing.T) {
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}})
	closed := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}, NoTransfer: true})
	read := func(p *rfc2136.Provider) error {
		_, err := p.Read(t.Context(), origin)
		return err
	}
	look := func(p *rfc2136.Provider) error {
		_, err := p.Look(t.Context(), origin, []zone.Key{{Name: "www.example.org.", Type: zone.A}})
		return err
	}
	for _, tt := range []struct {
		name   string
		server *dnsd.Server
		rrtype uint16
		ask    func(*rfc2136.Provider) error
	}{
		{"read, AXFR", s, dns.TypeAXFR, read},
		{"read without transfer, AXFR", closed, dns.TypeAXFR, read},
		{"read without transfer, SOA", closed, dns.TypeSOA, read},
		{"look, SOA", s, dns.TypeSOA, look},
		{"look, NS", s, dns.TypeNS, look},
		{"look without transfer, A", closed, dns.TypeA, look},
	} {
		for _, fate := range []flaky.Fate{flaky.Fail, flaky.FailAfter, flaky.Refuse, flaky.RefuseAfter} {
			err := tt.ask(behind(t, tt.server, questionsMeet(tt.rrtype, fate)))
			if err == nil {
				t.Errorf("%s, fate %d: no error", tt.name, fate)
			}
			for _, lasting := range []error{providers.ErrZoneNotFound, providers.ErrNoListing, providers.ErrCredentials} {
				if errors.Is(err, lasting) {
					t.Errorf("%s, fate %d: believed: %v", tt.name, fate, err)
				}
			}
		}
	}
	// Where a question fails, the transfer tells the same.
	if err := look(behind(t, s, questionsMeet(dns.TypeA, flaky.Fail))); err != nil {
		t.Errorf("look with a transfer, A: %v", err)
	}
}
