package route53_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/libdns/libdns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/route53/route53test"
)

// phase is one write of a run.
type phase struct {
	name string
	ttl  zone.TTL
	addr func(i int) string
}

var phases = []phase{
	{"lower", 300, func(i int) string { return fmt.Sprintf("192.0.2.%d", i) }},
	{"switch", 300, func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }},
	{"raise", 3600, func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }},
}

const hosts = 100

func hundred(t *testing.T) (*route53test.Server, *route53test.Zone) {
	var sets []route53test.Set
	for i := range hosts {
		sets = append(sets, route53test.Simple(fmt.Sprintf("h%d.example.org", i), "A", 3600, fmt.Sprintf("192.0.2.%d", i)))
	}
	return account(t, sets...)
}

// counted are the requests of a phase.
type counted struct{ zones, lists, changes, polls int }

func count(s *route53test.Server) counted {
	c := counted{s.Count("ListHostedZonesByName"), s.Count("ListResourceRecordSets"), s.Count("ChangeResourceRecordSets"), s.Count("GetChange")}
	s.Forget()
	return c
}

func (c counted) all() int { return c.zones + c.lists + c.changes + c.polls }

func (c counted) add(o counted) counted {
	return counted{c.zones + o.zones, c.lists + o.lists, c.changes + o.changes, c.polls + o.polls}
}

// A hundred addresses go through the three phases with a write, a wait and a
// read back each; beside them what libdns alone would ask, without waiting.
func TestCalls(t *testing.T) {
	var table strings.Builder
	row := func(who, phase string, c counted) {
		fmt.Fprintf(&table, "%-8s %-8s %5d %5d %7d %5d %5d\n", who, phase, c.zones, c.lists, c.changes, c.polls, c.all())
	}
	fmt.Fprintf(&table, "\n%-8s %-8s %5s %5s %7s %5s %5s\n", "", "phase", "zones", "lists", "changes", "polls", "all")
	own, lib := ownCalls(t, row), libdnsCalls(t, row)
	t.Log(table.String())
	if own != (counted{zones: 1, lists: 6, changes: 3, polls: 6}) {
		t.Errorf("dnsplan made %+v", own)
	}
	if lib.all() != 303 || lib.changes != 300 {
		t.Errorf("libdns made %+v, %d in all", lib, lib.all())
	}
}

func ownCalls(t *testing.T, row func(who, phase string, c counted)) (sum counted) {
	s, z := hundred(t)
	s.Pending(1)
	p := fast(t, s)
	before := zone.RRset{TTL: 3600}
	for _, ph := range phases {
		var changes []providers.Change
		for i := range hosts {
			b := before.Clone()
			b.Key = key(fmt.Sprintf("h%d.example.org", i), zone.A)
			b.Addrs = []netip.Addr{netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", i))}
			if ph.name == "raise" {
				b.Addrs = []netip.Addr{netip.MustParseAddr(ph.addr(i))}
			}
			a := b.Clone()
			a.TTL, a.Addrs = ph.ttl, []netip.Addr{netip.MustParseAddr(ph.addr(i))}
			changes = append(changes, providers.Change{Before: &b, After: &a})
		}
		before.TTL = ph.ttl
		if err := p.WaitInSync(t.Context(), org, write(t, p, changes...)); err != nil {
			t.Fatal(err)
		}
		read(t, p)
		c := count(s)
		row("dnsplan", ph.name, c)
		sum = sum.add(c)
	}
	wantRaised(t, z)
	row("dnsplan", "all", sum)
	return sum
}

func libdnsCalls(t *testing.T, row func(who, phase string, c counted)) (sum counted) {
	s, z := hundred(t)
	p := libdnsProvider(t, s, "")
	for _, ph := range phases {
		var records []libdns.Record
		for i := range hosts {
			records = append(records, libdns.Address{Name: fmt.Sprintf("h%d", i), TTL: time.Duration(ph.ttl) * time.Second, IP: netip.MustParseAddr(ph.addr(i))})
		}
		if _, err := p.SetRecords(t.Context(), string(org), records); err != nil {
			t.Fatal(err)
		}
		c := count(s)
		row("libdns", ph.name, c)
		sum = sum.add(c)
	}
	wantRaised(t, z)
	row("libdns", "all", sum)
	return sum
}

func wantRaised(t *testing.T, z *route53test.Zone) {
	t.Helper()
	lines := addresses(z)
	for i, l := range lines {
		if !strings.Contains(l, " A 3600 203.0.113.") {
			t.Errorf("line %d is %s", i, l)
		}
	}
	if len(lines) != hosts {
		t.Errorf("%d sets", len(lines))
	}
}
