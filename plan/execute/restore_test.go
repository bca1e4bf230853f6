package execute_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory/backup"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
)

// A zone is backed up to disk, becomes anything, and is restored out of the file
// through a provider: it is as it was, but for the ids of records that had gone.
func TestRestoreThroughAProvider(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		p := memory.New(memory.Options{IDs: true, Limits: providers.Limits{Proxy: true, Comments: true, Atomic: true}})
		p.Put(drawZone(rt))
		was := p.Snapshot(org)
		info, err := backup.Save(dir, time.Unix(1795413600, 0), was, backup.Meta{})
		if err != nil {
			rt.Fatal(err)
		}
		p.Put(drawZone(rt))
		saved, _, err := backup.Load(info.Path)
		if err != nil {
			rt.Fatal(err)
		}
		live, err := p.Read(t.Context(), org)
		if err != nil {
			rt.Fatal(err)
		}
		d := plan.Restore(&plan.Desired{ZoneRef: plan.ZoneRef{Zone: org}}, plan.Backup{Snapshot: saved, Proxy: true, Beside: true}, live)
		made := plan.Build([]plan.ZoneDiff{d}, plan.Policy{Strategy: plan.Direct}, plan.Origin{ID: "r", Created: time.Unix(1795413600, 0)})
		var changes []providers.Change
		for i := range made.Changes {
			m := made.Changes[i].Move(plan.StepSwitch)
			changes = append(changes, providers.Change{Before: m.From, After: m.To})
		}
		if _, err := p.Write(t.Context(), org, changes); err != nil {
			rt.Fatal(err)
		}
		same := slices.EqualFunc(was.RRsets, p.Snapshot(org).RRsets, func(a, b zone.RRset) bool {
			return a.Equal(b) && a.TTL == b.TTL && a.Auto == b.Auto && a.SameBeside(b)
		})
		if !same {
			rt.Fatalf("was\n%+v\nis\n%+v", was.RRsets, p.Snapshot(org).RRsets)
		}
	})
}

// drawZone draws address sets of a few names, proxied by name, with all that a
// provider keeps beside an address.
func drawZone(t *rapid.T) *zone.Snapshot {
	s := &zone.Snapshot{Zone: org}
	for _, n := range []zone.Name{org, "www." + org, "*." + org} {
		proxied := rapid.Bool().Draw(t, "proxied")
		for _, typ := range []zone.Type{zone.A, zone.AAAA} {
			pool := map[zone.Type][]string{zone.A: {"192.0.2.1", "192.0.2.2"}, zone.AAAA: {"2001:db8::1", "2001:db8::2"}}[typ]
			r := zone.RRset{Key: zone.Key{Name: n, Type: typ}, Proxied: proxied, Auto: proxied, TTL: zone.TTL(rapid.IntRange(0, 900).Draw(t, "ttl"))}
			if r.Auto = proxied || rapid.IntRange(0, 3).Draw(t, "auto") == 0; r.Auto {
				r.TTL = zone.AutoTTL
			}
			for _, a := range rapid.SliceOfNDistinct(rapid.SampledFrom(pool), 0, 2, rapid.ID).Draw(t, "addresses") {
				r.Addrs = append(r.Addrs, netip.MustParseAddr(a))
				r.Members = append(r.Members, zone.Member{
					Comment: rapid.SampledFrom([]string{"", "web", "late\nnight"}).Draw(t, "comment"),
					Tags:    rapid.SampledFrom([][]string{nil, {"a:1"}, {"b:2", "a:1"}}).Draw(t, "tags"),
				})
			}
			if len(r.Addrs) > 0 {
				s.RRsets = append(s.RRsets, r)
			}
		}
	}
	return s
}
