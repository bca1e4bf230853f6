package rfc2136_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
)

func TestWrite(t *testing.T) {
	startAll(t, exampleZone, func(t *testing.T, s *dnsd.Server) {
		p := provider(t, config(s))
		untouched := others(read(t, p))
		replaces := change("", "alias.example.org. 60 A 192.0.2.8")
		replaces.Replaces = "www.example.org."
		receipt, err := p.Write(t.Context(), origin, []providers.Change{
			change("www.example.org. 300 A 192.0.2.1 192.0.2.2", "www.example.org. 60 A 192.0.2.2 192.0.2.3"),
			change("example.org. 3600 A 192.0.2.10", "example.org. 60 A 192.0.2.10"),
			change("mail.example.org. 3600 A 192.0.2.25", ""),
			change("", "new.example.org. 300 AAAA 2001:db8::7"),
			change("", "*.example.org. 300 A 192.0.2.98"),
			change("xn--ndaaa.example.org. 3600 A 192.0.2.33", "xn--ndaaa.example.org. 3600 A 192.0.2.34"),
			change("www.example.org. 3600 AAAA 2001:db8::1", "www.example.org. 3600 AAAA ::ffff:192.0.2.1 2001:db8::2"),
			change("ns1.sub.example.org. 3600 A 192.0.2.53", "ns1.sub.example.org. 3600 A 192.0.2.54"),
			change("", "same.wild.example.org. 3600 A 192.0.2.99"),
			replaces,
			change("", "alias.example.org. 60 AAAA 2001:db8::8"),
		})
		if err != nil {
			t.Fatal(err)
		}
		if receipt.Requests != 1 || receipt.Accepted.IsZero() {
			t.Errorf("receipt %+v", receipt)
		}
		snap := read(t, p)
		wantLines(t, "address sets", providertest.Sets(snap),
			"example.org. 60 A 192.0.2.10",
			"example.org. 3600 AAAA 2001:db8::10",
			"*.example.org. 300 A 192.0.2.98",
			"alias.example.org. 60 A 192.0.2.8",
			"alias.example.org. 60 AAAA 2001:db8::8",
			"new.example.org. 300 AAAA 2001:db8::7",
			"ns1.example.org. 3600 A 127.0.0.1",
			"ns1.sub.example.org. 3600 A 192.0.2.54",
			"*.wild.example.org. 3600 A 192.0.2.99",
			"same.wild.example.org. 3600 A 192.0.2.99",
			"www.example.org. 60 A 192.0.2.2 192.0.2.3",
			"www.example.org. 3600 AAAA 192.0.2.1 2001:db8::2",
			"xn--ndaaa.example.org. 3600 A 192.0.2.34",
		)
		untouched = slices.DeleteFunc(untouched, func(l string) bool {
			return strings.Contains(l, " SOA ") || strings.Contains(l, "alias.")
		})
		got := slices.DeleteFunc(others(snap), func(l string) bool { return strings.Contains(l, " SOA ") })
		wantLines(t, "others", got, untouched...)
		if soa, _ := snap.SOA(); soa.Serial <= 7 {
			t.Errorf("serial %d after a write", soa.Serial)
		}
	})
}

func TestWriteConflicts(t *testing.T) {
	startAll(t, exampleZone, func(t *testing.T, s *dnsd.Server) {
		p := provider(t, config(s))
		withReplaces := func(c providers.Change, target zone.Name) providers.Change {
			c.Replaces = target
			return c
		}
		for _, tt := range []struct {
			name   string
			change providers.Change
			text   string
		}{
			{"values", change("www.example.org. 300 A 192.0.2.1", "www.example.org. 300 A 192.0.2.9"), "192.0.2.1 192.0.2.2"},
			{"TTL only", change("www.example.org. 301 A 192.0.2.1 192.0.2.2", "www.example.org. 300 A 192.0.2.9"), "now www.example.org. 300"},
			{"create of what exists", change("", "mail.example.org. 300 A 192.0.2.9"), "seen nothing"},
			{"update of nothing", change("nix.example.org. 300 A 192.0.2.1", "nix.example.org. 300 A 192.0.2.9"), "now nothing"},
			{"delete of nothing", change("nix.example.org. 300 A 192.0.2.1", ""), "now nothing"},
			{"a wildcard's answer is no set", change("x.wild.example.org. 3600 A 192.0.2.99", ""), "now nothing"},
			{"another CNAME", withReplaces(change("", "alias.example.org. 300 A 192.0.2.9"), "mail.example.org."), "points to mail.example.org., now to www.example.org."},
			{"no CNAME", withReplaces(change("", "nix.example.org. 300 A 192.0.2.9"), "mail.example.org."), "now to nothing"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				before := providertest.Sets(read(t, p))
				receipt, err := p.Write(t.Context(), origin, []providers.Change{
					change("", "first.example.org. 60 A 192.0.2.44"), tt.change,
				})
				conflict, ok := errors.AsType[*providers.ConflictError](err)
				if !ok || !slices.Equal(conflict.Keys, []zone.Key{tt.change.Key()}) || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("%v", err)
				}
				if receipt.Requests != 0 || errors.Is(err, providers.ErrPartial) {
					t.Errorf("receipt %+v, %v", receipt, err)
				}
				wantLines(t, "after it", providertest.Sets(read(t, p)), before...)
			})
		}
	})
}

// The set moves between the look and the update, where the server's own
// prerequisites are what holds.
func TestWriteConflictAtTheServer(t *testing.T) {
	startAll(t, exampleZone, func(t *testing.T, s *dnsd.Server) {
		for _, tt := range []struct {
			name        string
			remove, add []string
			change      providers.Change
		}{
			{
				"value moved",
				[]string{"www A 192.0.2.1"},
				[]string{"www 300 A 192.0.2.66"},
				change("www.example.org. 300 A 192.0.2.1 192.0.2.2", "www.example.org. 300 A 192.0.2.9"),
			},
			{
				"set appeared", nil,
				[]string{"fresh 300 A 192.0.2.66"},
				change("", "fresh.example.org. 300 A 192.0.2.9"),
			},
			{
				"set vanished",
				[]string{"mail A 192.0.2.25"},
				nil,
				change("mail.example.org. 3600 A 192.0.2.25", ""),
			},
		} {
			t.Run(tt.name, func(t *testing.T) {
				px := &proxy{target: s.Addr, before: func(int) { s.Update("example.org", tt.remove, tt.add) }}
				p := provider(t, configFor(px.start(t)))
				_, err := p.Write(t.Context(), origin, []providers.Change{change("", "first.example.org. 60 A 192.0.2.44"), tt.change})
				conflict, ok := errors.AsType[*providers.ConflictError](err)
				if !ok || !slices.Equal(conflict.Keys, []zone.Key{tt.change.Key()}) || errors.Is(err, providers.ErrPartial) {
					t.Errorf("%v", err)
				}
				if _, ok := read(t, p).Find(zone.Key{Name: "first.example.org.", Type: zone.A}); ok {
					t.Error("a part of the message was applied")
				}
			})
		}
	})
}

func TestWriteBesideCNAME(t *testing.T) {
	startAll(t, exampleZone, func(t *testing.T, s *dnsd.Server) {
		px := &proxy{target: s.Addr, before: func(int) { s.Update("example.org", nil, []string{"fresh 300 CNAME www"}) }}
		for _, c := range []providers.Change{
			change("", "alias.example.org. 300 A 192.0.2.9"),
			change("", "fresh.example.org. 300 A 192.0.2.9"), // appears behind the look
		} {
			_, err := provider(t, configFor(px.start(t))).Write(t.Context(), origin, []providers.Change{
				change("", "first.example.org. 60 A 192.0.2.44"), c,
			})
			refused, ok := errors.AsType[*providers.RefusedError](err)
			if !ok || refused.Culprit != c.Key() || len(refused.Keys) != 2 || !strings.Contains(refused.Reason, "CNAME record to www.example.org.") {
				t.Errorf("%v", err)
			}
		}
		if n := len(read(t, provider(t, config(s))).RRsets); n != 9 {
			t.Errorf("%d sets", n)
		}
	})
}

func TestWriteInvalid(t *testing.T) {
	p := provider(t, configFor(listen(t, func(net.Conn) { t.Error("the server is asked") })))
	foreign := change("www.example.org. 300 A 192.0.2.1", "")
	foreign.Before.Foreign = "alias"
	proxied := change("", "www.example.org. 300 A 192.0.2.1")
	proxied.After.Proxied = true
	family := change("", "www.example.org. 300 A 2001:db8::1")
	mismatch := change("mail.example.org. 300 A 192.0.2.1", "www.example.org. 300 A 192.0.2.1")
	ttl := change("", "www.example.org. 300 A 192.0.2.1")
	ttl.After.TTL = zone.MaxTTL + 1
	aimless := change("www.example.org. 300 A 192.0.2.1", "")
	aimless.Replaces = "mail.example.org."
	for name, changes := range map[string][]providers.Change{
		"nothing":      {{}},
		"foreign":      {foreign},
		"proxied":      {proxied},
		"family":       {family},
		"key mismatch": {mismatch},
		"TTL":          {ttl},
		"aimless":      {aimless},
		"empty":        {change("", "www.example.org. 300 A")},
		"outside":      {change("", "www.example.net. 300 A 192.0.2.1")},
		"twice":        {change("", "www.example.org. 300 A 192.0.2.1"), change("", "www.example.org. 300 A 192.0.2.1")},
	} {
		receipt, err := p.Write(t.Context(), origin, changes)
		if err == nil || receipt.Requests != 0 {
			t.Errorf("%s: %v", name, err)
		}
		if name == "foreign" && !errors.Is(err, providers.ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.Write(t.Context(), origin, nil); err != nil {
		t.Errorf("no changes: %v", err)
	}
}

func TestWriteRefused(t *testing.T) {
	zones := map[string]string{"example.org": exampleZone}
	changes := []providers.Change{
		change("", "a.example.org. 60 A 192.0.2.1"), change("", "b.example.org. 60 A 192.0.2.1"),
	}
	t.Run("BIND", func(t *testing.T) {
		s := dnsd.BIND(t, dnsd.BINDOptions{Zones: zones, NoUpdate: true})
		receipt, err := provider(t, config(s)).Write(t.Context(), origin, changes)
		refused, ok := errors.AsType[*providers.RefusedError](err)
		if !ok || len(refused.Keys) != 2 || !strings.HasPrefix(refused.Reason, "REFUSED") || receipt.Requests != 1 {
			t.Errorf("%+v, %v", receipt, err)
		}
	})
	t.Run("PowerDNS", func(t *testing.T) {
		s := dnsd.PowerDNS(t, dnsd.PowerDNSOptions{Zones: zones, NoUpdate: true})
		receipt, err := provider(t, config(s)).Write(t.Context(), origin, changes)
		refused, ok := errors.AsType[*providers.RefusedError](err)
		if !ok || len(refused.Keys) != 2 || !strings.Contains(refused.Reason, "TSIG-ALLOW-DNSUPDATE") || receipt.Requests != 1 {
			t.Errorf("%+v, %v", receipt, err)
		}
	})
	t.Run("Knot", func(t *testing.T) { // it answers BADKEY to a key without the right
		s := dnsd.Knot(t, dnsd.KnotOptions{Zones: zones, NoUpdate: true})
		receipt, err := provider(t, config(s)).Write(t.Context(), origin, changes)
		if !errors.Is(err, providers.ErrCredentials) || !strings.Contains(err.Error(), "acl") || receipt.Requests != 1 {
			t.Errorf("%+v, %v", receipt, err)
		}
	})
}

func TestWriteRace(t *testing.T) {
	startAll(t, exampleZone, func(t *testing.T, s *dnsd.Server) {
		const writers = 8
		errs := make([]error, writers)
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				_, errs[i] = provider(t, config(s)).Write(t.Context(), origin, []providers.Change{change(
					"www.example.org. 300 A 192.0.2.1 192.0.2.2", fmt.Sprintf("www.example.org. 300 A 192.0.2.%d", 100+i))})
			})
		}
		wg.Wait()
		won := 0
		for i, err := range errs {
			switch {
			case err == nil:
				won++
				if line := fmt.Sprintf("www.example.org. 300 A 192.0.2.%d", 100+i); !slices.Contains(providertest.Sets(read(t, provider(t, config(s)))), line) {
					t.Errorf("writer %d won and is not live", i)
				}
			case !errors.Is(err, providers.ErrConflict):
				t.Errorf("writer %d: %v", i, err)
			}
		}
		if won != 1 {
			t.Errorf("%d writers won", won)
		}
	})
}

func manyChanges(n int) []providers.Change {
	var changes []providers.Change
	for i := range n {
		changes = append(changes, change("", fmt.Sprintf("host-%d.example.org. 300 A 192.0.2.%d", i, i%250+1)))
	}
	return changes
}

func TestWriteMany(t *testing.T) {
	startAll(t, exampleZone, func(t *testing.T, s *dnsd.Server) {
		p := provider(t, config(s))
		changes := manyChanges(1200)
		receipt, err := p.Write(t.Context(), origin, changes)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range changes {
			after := c.After.Clone()
			after.TTL = 60
			changes[i] = providers.Change{Before: c.After, After: &after}
		}
		update, err := p.Write(t.Context(), origin, changes)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(read(t, p).RRsets); n != 1200+9 {
			t.Errorf("%d sets", n)
		}
		if receipt.Requests > 2 || update.Requests > 2 {
			t.Errorf("%d messages to create, %d to update", receipt.Requests, update.Requests)
		}
		t.Logf("%d messages to create, %d to update", receipt.Requests, update.Requests)
	})
}

func TestWriteLostReply(t *testing.T) {
	hangUp := func(int, []byte) []byte { return nil }
	for name, tt := range map[string]struct {
		reply   func(int, []byte) []byte
		changes []providers.Change
		want    []error
		landed  int
	}{
		"cut": {hangUp, manyChanges(3), []error{providers.ErrUnknown}, 3},
		"forged": {func(_ int, b []byte) []byte {
			b[len(b)-10] ^= 1 // in the MAC
			return b
		}, manyChanges(3), []error{providers.ErrUnknown}, 3},
		"not signed": {func(_ int, b []byte) []byte {
			return append(slices.Clone(b[:4]), make([]byte, 8)...)
		}, manyChanges(3), []error{providers.ErrUnknown}, 3},
		"cut at the second message": {func(n int, b []byte) []byte {
			if n == 2 {
				return nil
			}
			return b
		}, manyChanges(1500), []error{providers.ErrPartial, providers.ErrUnknown}, 1500},
	} {
		t.Run(name, func(t *testing.T) {
			s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}})
			px := &proxy{target: s.Addr, reply: tt.reply}
			p := provider(t, configFor(px.start(t)))
			_, err := p.Write(t.Context(), origin, tt.changes)
			for _, want := range tt.want {
				if !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
			}
			if n := len(read(t, p).RRsets); n != tt.landed+9 {
				t.Errorf("%d sets landed, want %d", n-9, tt.landed)
			}
		})
	}
}

func TestWriteCancelledAfterSending(t *testing.T) {
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}})
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped by the test")
	px := &proxy{target: s.Addr, reply: func(_ int, b []byte) []byte {
		cancel(stop)
		<-ctx.Done()
		return nil
	}}
	_, err := provider(t, configFor(px.start(t))).Write(ctx, origin, manyChanges(1))
	if !errors.Is(err, providers.ErrUnknown) || !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

// Another message lands behind the server's NOERROR and before the last look.
func TestWriteOverwritten(t *testing.T) {
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}})
	px := &proxy{target: s.Addr, reply: func(_ int, b []byte) []byte {
		s.Update("example.org", []string{"host-0 A 192.0.2.1"}, []string{"host-0 60 A 192.0.2.200"})
		return b
	}}
	_, err := provider(t, configFor(px.start(t))).Write(t.Context(), origin, manyChanges(2))
	if !errors.Is(err, providers.ErrPartial) || !errors.Is(err, providers.ErrConflict) {
		t.Errorf("%v", err)
	}
}

// A server that answers NOERROR and does nothing, as for an addition beside a
// CNAME record: the proxy hides the update's change by undoing it.
func TestWriteIgnored(t *testing.T) {
	s := dnsd.BIND(t, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}})
	px := &proxy{target: s.Addr, reply: func(_ int, b []byte) []byte {
		s.Update("example.org", []string{"host-0 A 192.0.2.1"}, []string{"host-0 60 CNAME www"})
		return b
	}}
	_, err := provider(t, configFor(px.start(t))).Write(t.Context(), origin, manyChanges(1))
	refused, ok := errors.AsType[*providers.RefusedError](err)
	if !ok || !strings.Contains(refused.Reason, "ignored") || !strings.Contains(refused.Reason, "CNAME") || errors.Is(err, providers.ErrPartial) {
		t.Errorf("%v", err)
	}
}

// One update of 1,000 sets, with the looks before and after it.
func BenchmarkWrite1000(b *testing.B) {
	s := dnsd.BIND(b, dnsd.BINDOptions{Zones: map[string]string{"example.org": exampleZone}})
	p := provider(b, config(s))
	changes := manyChanges(1000)
	messages := 0
	for b.Loop() {
		receipt, err := p.Write(b.Context(), origin, changes)
		if err != nil {
			b.Fatal(err)
		}
		messages = receipt.Requests
		for i, c := range changes {
			after := c.After.Clone()
			after.TTL ^= 1
			changes[i] = providers.Change{Before: c.After, After: &after}
		}
	}
	b.ReportMetric(float64(messages), "messages/op")
}
