package memory_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/zonefile"
)

const org zone.Name = "example.org."

var www = zone.Key{Name: "www.example.org.", Type: zone.A}

func TestSuite(t *testing.T) {
	for name, o := range map[string]memory.Options{
		"plain":   {Limits: providers.Limits{Atomic: true, Conditional: true}},
		"ids":     {IDs: true, Limits: providers.Limits{Atomic: true, Conditional: true, Comments: true}},
		"proxied": {IDs: true, Limits: providers.Limits{Atomic: true, Conditional: true, Comments: true, Proxy: true, MinTTL: 60, MaxTTL: 86400}},
	} {
		t.Run(name, func(t *testing.T) {
			h := providertest.Harness{
				Open:    func(t *testing.T, text string) providertest.Zone { return open(t, o, text) },
				Foreign: func(t *testing.T) (providertest.Zone, zone.Key) { return open(t, o, foreign), www },
			}
			if o.IDs {
				h.Annotate = annotate
			}
			providertest.Run(t, h)
		})
	}
}

func open(t *testing.T, o memory.Options, text string) providertest.Zone {
	p := memory.New(o)
	put(t, p, text)
	return providertest.Zone{Provider: p, Name: org, Others: func(*testing.T) []string { return lines(p) }}
}

// annotate sets what stands beside a value, but for its id.
func annotate(_ *testing.T, z providertest.Zone, key zone.Key, addr netip.Addr, m zone.Member) {
	z.Provider.(*memory.Provider).Edit(z.Name, func(s *zone.Snapshot) {
		for i, r := range s.RRsets {
			if j := slices.Index(r.Addrs, addr); r.Key == key && j >= 0 {
				s.RRsets[i].Members[j].Comment, s.RRsets[i].Members[j].Tags = m.Comment, m.Tags
			}
		}
	})
}

const (
	soa     = "@ 3600 IN SOA ns1 hostmaster 1 7200 3600 1209600 300\n"
	two     = soa + "www 300 IN A 192.0.2.1\nwww 300 IN A 192.0.2.2\n"
	foreign = soa + "$GENERATE 1-2 www 300 A 192.0.2.$\n"
)

func put(t *testing.T, p *memory.Provider, text string) {
	t.Helper()
	s, err := zonefile.Parse(t.Context(), org, "seed", text)
	if err != nil {
		t.Fatal(err)
	}
	p.Put(s)
}

func lines(p *memory.Provider) []string {
	var out []string
	for _, r := range p.Snapshot(org).Others {
		out = append(out, fmt.Sprintf("%s %s %s %s", r.Name, r.TTL, r.Type, r.Data))
	}
	return out
}

// seeded returns a provider with two addresses at www, and the change of one.
func seeded(t *testing.T, o memory.Options) (*memory.Provider, providers.Change) {
	t.Helper()
	p := memory.New(o)
	put(t, p, two)
	before, ok := p.Snapshot(org).Find(www)
	if !ok {
		t.Fatal("no www")
	}
	after := before.Clone()
	after.Addrs[1] = netip.MustParseAddr("203.0.113.11")
	return p, providers.Change{Before: &before, After: &after}
}

func liveWWW(p *memory.Provider) string {
	r, _ := p.Snapshot(org).Find(www)
	return r.String()
}

const (
	wasLive = "www.example.org. 300 A 192.0.2.1 192.0.2.2"
	isLive  = "www.example.org. 300 A 192.0.2.1 203.0.113.11"
)

func TestWriteFaults(t *testing.T) {
	boom := errors.New("boom")
	move := func(s *zone.Snapshot) { s.RRsets[0].TTL = 60 }
	for _, c := range []struct {
		name  string
		fault memory.Fault
		want  error
		live  string
	}{
		{"fail", memory.FailWrite(boom), boom, wasLive},
		{"conflict", memory.ConflictWrite(), providers.ErrConflict, wasLive},
		{"lost reply", memory.LoseReply(), providers.ErrUnknown, isLive},
		{"part of nothing", memory.PartWrite(0), providers.ErrPartial, wasLive},
		{"part", memory.PartWrite(1), providers.ErrPartial, isLive},
		{"moved", memory.MoveFirst(move), providers.ErrConflict, "www.example.org. 60 A 192.0.2.1 192.0.2.2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, ch := seeded(t, memory.Options{})
			p.Inject(c.fault)
			_, err := p.Write(t.Context(), org, []providers.Change{ch})
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if got := liveWWW(p); got != c.live {
				t.Errorf("live %s, want %s", got, c.live)
			}
			if calls := p.Writes(); len(calls) != 1 || !errors.Is(calls[0].Err, c.want) || p.Pending() != 0 {
				t.Errorf("log %+v, %d faults left", calls, p.Pending())
			}
		})
	}
}

func TestRefuseNamesCulprit(t *testing.T) {
	p, ch := seeded(t, memory.Options{})
	p.Inject(memory.RefuseWrite("quota", www))
	_, err := p.Write(t.Context(), org, []providers.Change{ch})
	r, ok := errors.AsType[*providers.RefusedError](err)
	if !ok || r.Culprit != www || r.Reason != "quota" || liveWWW(p) != wasLive {
		t.Errorf("%v, live %s", err, liveWWW(p))
	}
	if _, err := p.Write(t.Context(), org, []providers.Change{ch}); err != nil {
		t.Errorf("a fault strikes once: %v", err)
	}
}

func TestReadFaults(t *testing.T) {
	boom := errors.New("boom")
	p, _ := seeded(t, memory.Options{})
	p.Inject(memory.FailRead(boom), memory.FailPage(2))
	if s, err := p.Read(t.Context(), org); s != nil || !errors.Is(err, boom) {
		t.Errorf("%v, %v", s, err)
	}
	if s, err := p.Read(t.Context(), org); s != nil || err == nil || err.Error() != "read zone example.org.: page 2: the provider answered with an error" {
		t.Errorf("%v, %v", s, err)
	}
	if _, err := p.Read(t.Context(), org); err != nil {
		t.Error(err)
	}
	if p.Reads() != 3 {
		t.Errorf("%d reads", p.Reads())
	}
}

func TestDelayEndsOnCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, ch := seeded(t, memory.Options{})
		p.Delay(time.Hour)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := p.Write(ctx, org, []providers.Change{ch}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if d := time.Since(start); d != time.Minute || liveWWW(p) != wasLive {
			t.Errorf("after %s: %s", d, liveWWW(p))
		}
		if _, err := p.Read(t.Context(), org); err != nil || time.Since(start) != time.Minute+time.Hour {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

func TestMembersStay(t *testing.T) {
	p, ch := seeded(t, memory.Options{})
	p.Edit(org, func(s *zone.Snapshot) {
		s.RRsets[0].Members = []zone.Member{{ID: "a", Comment: "first", Tags: []string{"x"}}, {ID: "b"}}
	})
	if _, err := p.Write(t.Context(), org, []providers.Change{ch}); err != nil {
		t.Fatal(err)
	}
	r, _ := p.Snapshot(org).Find(www)
	if len(r.Members) != 2 || r.Members[0].Comment != "first" || !slices.Equal(r.Members[0].Tags, []string{"x"}) {
		t.Fatalf("members %+v", r.Members)
	}
	if id := r.Members[1].ID; id == "" || id == "a" || id == "b" {
		t.Errorf("id %q of a new value", id)
	}
}

func TestProxy(t *testing.T) {
	p, ch := seeded(t, memory.Options{})
	ch.After.Proxied = true
	if _, err := p.Write(t.Context(), org, []providers.Change{ch}); !isRefused(err) {
		t.Errorf("error %v, want a refusal", err)
	}
	p, ch = seeded(t, memory.Options{Limits: providers.Limits{Proxy: true, MinTTL: 60, MaxTTL: 86400}})
	ch.After.Proxied = true
	if _, err := p.Write(t.Context(), org, []providers.Change{ch}); err != nil {
		t.Fatal(err)
	}
	on, _ := p.Snapshot(org).Find(www)
	if !on.Proxied || !on.Auto || on.TTL != zone.AutoTTL {
		t.Errorf("proxied set %+v", on)
	}
	off := on.Clone()
	off.Proxied, off.Auto, off.TTL = false, false, 30
	if _, err := p.Write(t.Context(), org, []providers.Change{{Before: &on, After: &off}}); !isRefused(err) {
		t.Errorf("error %v, want a refusal of TTL 30", err)
	}
	off.TTL = 60
	if _, err := p.Write(t.Context(), org, []providers.Change{{Before: &on, After: &off}}); err != nil {
		t.Error(err)
	}
}

func TestBadChanges(t *testing.T) {
	p, ch := seeded(t, memory.Options{})
	other := ch.After.Clone()
	other.Name = "www.example.net."
	empty := ch.After.Clone()
	empty.Addrs = nil
	family := ch.After.Clone()
	family.Addrs = []netip.Addr{netip.MustParseAddr("2001:db8::1")}
	for name, changes := range map[string][]providers.Change{
		"nothing":  {{}},
		"two keys": {{Before: ch.Before, After: &other}},
		"twice":    {ch, ch},
		"outside":  {{After: &other}},
		"empty":    {{Before: ch.Before, After: &empty}},
		"family":   {{Before: ch.Before, After: &family}},
	} {
		if _, err := p.Write(t.Context(), org, changes); err == nil || liveWWW(p) != wasLive {
			t.Errorf("%s: error %v, live %s", name, err, liveWWW(p))
		}
	}
}

func isRefused(err error) bool {
	_, ok := errors.AsType[*providers.RefusedError](err)
	return ok
}

func ExampleProvider() {
	p := memory.New(memory.Options{})
	p.Put(&zone.Snapshot{Zone: "example.org."})
	p.Inject(memory.LoseReply())
	after := &zone.RRset{
		Key:   zone.Key{Name: "www.example.org.", Type: zone.A},
		TTL:   300,
		Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
	}
	_, err := p.Write(context.Background(), "example.org.", []providers.Change{{After: after}})
	fmt.Println(errors.Is(err, providers.ErrUnknown), p.Snapshot("example.org.").RRsets[0])
	// Output: true www.example.org. 300 A 192.0.2.1
}
