package plan_test

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// world is a zone of a few names, so that most of them meet in live and desired.
type world struct {
	live    *zone.Snapshot
	desired *plan.Desired
}

func drawWorld(t *rapid.T) world {
	const apex zone.Name = "example.org."
	names := []zone.Name{apex, "www." + apex, "api." + apex, "*." + apex, "sub." + apex, "ns1.sub." + apex, `a\.b.` + apex}
	w := world{
		live:    &zone.Snapshot{Zone: apex},
		desired: &plan.Desired{ZoneRef: plan.ZoneRef{Zone: apex}, Prune: rapid.Bool().Draw(t, "prune")},
	}
	if rapid.Bool().Draw(t, "cut") {
		w.live.Others = append(w.live.Others, zone.Record{Name: "sub." + apex, Type: "NS", TTL: 300, Data: "ns1.sub.example.org."})
	}
	if rapid.Bool().Draw(t, "minimum") {
		w.desired.MinTTL = 120
	}
	for _, n := range names {
		drawName(t, &w, n)
	}
	w.live.Sort()
	slices.SortFunc(w.desired.Records, func(a, b plan.Record) int { return zone.CompareKeys(a.Key, b.Key) })
	return w
}

// drawName draws both sides of one name: nothing, a CNAME, or address sets.
func drawName(t *rapid.T, w *world, n zone.Name) {
	proxied := rapid.SampledFrom([]*bool{nil, nil, new(true), new(false)}).Draw(t, "wanted proxy")
	replace := rapid.Bool().Draw(t, "replace")
	cname := rapid.IntRange(0, 5).Draw(t, "cname") == 0
	if cname {
		w.live.Others = append(w.live.Others, zone.Record{Name: n, Type: "CNAME", TTL: 600, Data: "elsewhere.example.net."})
	}
	for _, typ := range []zone.Type{zone.A, zone.AAAA} {
		key := zone.Key{Name: n, Type: typ}
		if !cname && rapid.Bool().Draw(t, "live") {
			r := zone.RRset{Key: key, TTL: drawTTL(t), Addrs: drawAddrs(t, typ)}
			if rapid.Bool().Draw(t, "proxied") {
				r.Proxied, r.Auto, r.TTL = true, true, zone.AutoTTL
			}
			r.Foreign = rapid.SampledFrom([]string{"", "", "", "alias"}).Draw(t, "foreign")
			w.live.RRsets = append(w.live.RRsets, r)
		}
		if rapid.Bool().Draw(t, "wanted") {
			w.desired.Records = append(w.desired.Records, plan.Record{
				Key: key, TTL: drawTTL(t), Addrs: drawAddrs(t, typ), Proxied: proxied, ReplaceCNAME: replace,
			})
		}
	}
}

func drawTTL(t *rapid.T) zone.TTL {
	return rapid.SampledFrom([]zone.TTL{60, 300, 3600, 86400}).Draw(t, "ttl")
}

func drawAddrs(t *rapid.T, typ zone.Type) []netip.Addr {
	pool := []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}
	if typ == zone.AAAA {
		pool = []string{"2001:db8::1", "2001:db8::2", "2001:db8::3"}
	}
	r := zone.RRset{}
	for _, s := range rapid.SliceOfNDistinct(rapid.SampledFrom(pool), 1, 3, rapid.ID).Draw(t, "addrs") {
		r.Addrs = append(r.Addrs, netip.MustParseAddr(s))
	}
	r.Normalize()
	return r.Addrs
}

// clone returns a zone that shares no memory with w's.
func (w world) clone() world {
	live := *w.live
	live.RRsets = nil
	for _, r := range w.live.RRsets {
		live.RRsets = append(live.RRsets, r.Clone())
	}
	live.Others = slices.Clone(w.live.Others)
	desired := *w.desired
	desired.Records = slices.Clone(w.desired.Records)
	for i := range desired.Records {
		desired.Records[i].Addrs = slices.Clone(desired.Records[i].Addrs)
	}
	return world{&live, &desired}
}

// applied is a model of what the changes do to live.
func (w world) applied(changes []plan.Change) world {
	out := w.clone()
	sets := map[zone.Key]zone.RRset{}
	for _, r := range out.live.RRsets {
		sets[r.Key] = r
	}
	for i := range changes {
		c := &changes[i]
		if c.After == nil {
			delete(sets, c.Key)
			continue
		}
		sets[c.Key] = c.After.RRset(c.Key).Clone()
		if c.Replaces != "" {
			out.live.Others = slices.DeleteFunc(out.live.Others, func(r zone.Record) bool { return r.Type == "CNAME" && r.Name == c.Name })
		}
	}
	out.live.RRsets = slices.Collect(maps.Values(sets))
	out.live.Sort()
	return out
}

func (w world) diff() plan.ZoneDiff { return plan.Diff(w.desired, w.live, plan.Selection{}) }

func TestEqualSnapshotsDifferByNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.desired.Records = nil // also with TTLs outside the bounds
		for _, r := range w.live.RRsets {
			if r.Foreign == "" {
				w.desired.Records = append(w.desired.Records, plan.Record{Key: r.Key, TTL: r.TTL, Addrs: r.Addrs, Proxied: &r.Proxied})
			}
		}
		if d := w.diff(); len(d.Changes)+len(d.Conflicts)+len(d.Warnings) > 0 {
			t.Fatalf("equal sides differ:\n%s", diffLines(d))
		}
	})
}

func TestAppliedDiffGivesDesired(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		first := w.diff()
		after := w.applied(first.Changes)
		second := after.diff()
		if len(second.Changes) > 0 {
			t.Fatalf("first:\n%sand then:\n%s", diffLines(first), diffLines(second))
		}
		conflicts := map[zone.Key]bool{}
		for _, c := range first.Conflicts {
			conflicts[zone.Key{Name: c.Name, Type: c.Type}] = true
		}
		for _, r := range w.desired.Records {
			got, ok := after.live.Find(r.Key)
			if conflicts[r.Key] {
				continue
			}
			sameTTL := got.Auto || got.TTL == max(r.TTL, w.desired.MinTTL) || !slices.ContainsFunc(first.Changes, func(c plan.Change) bool { return c.Key == r.Key }) && got.TTL == r.TTL
			if !ok || !slices.Equal(got.Addrs, r.Addrs) || !sameTTL ||
				(r.Proxied != nil && got.Proxied != *r.Proxied) {
				t.Fatalf("%s became %s, by\n%s", r.Key, got, diffLines(first))
			}
		}
	})
}

func TestOutcomeIsTheAppliedDiff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		kept := w.clone()
		d := w.diff()
		got, want := d.Outcome(), w.applied(d.Changes).live
		for _, s := range []*zone.Snapshot{got, want} {
			s.RRsets, s.Others = append([]zone.RRset{}, s.RRsets...), append([]zone.Record{}, s.Others...)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v, of\n%s", got, want, diffLines(d))
		}
		if !reflect.DeepEqual(w, kept) {
			t.Fatal("the inputs were changed")
		}
	})
}

func TestDiffTouchesOnlyWhatItMay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		wanted := map[zone.Name]bool{}
		for _, r := range w.desired.Records {
			wanted[r.Name] = true
		}
		for _, c := range w.diff().Changes {
			live, ok := w.live.Find(c.Key)
			if ok && live.Foreign != "" {
				t.Fatalf("a foreign set changes: %s", changeLine(c))
			}
			if c.Action == plan.Delete && (!w.desired.Prune || len(w.live.Others) > 0 && c.Name.IsSubdomainOf("sub.example.org.") && w.live.Others[0].Type == "NS") {
				t.Fatalf("it must not be deleted: %s", changeLine(c))
			}
			if !wanted[c.Name] && c.Action != plan.Delete {
				t.Fatalf("nobody asked for %s", changeLine(c))
			}
			if !reflect.DeepEqual(c.Before.RRset(c.Key) != nil, ok) {
				t.Fatalf("before of %s is not what is live", changeLine(c))
			}
		}
	})
}

func TestInputsAreLeftAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		kept := w.clone()
		d := []plan.ZoneDiff{w.diff()}
		plan.Check(d, plan.Allowances{})
		p := plan.Build(d, policy(), origin())
		if _, err := plan.Encode(p); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(w, kept) {
			t.Fatalf("the inputs were changed: %+v, were %+v", w, kept)
		}
	})
}

func TestOrderOfLiveDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		want := diffLines(w.diff())
		other := w.clone()
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		random.Shuffle(len(other.live.RRsets), func(i, j int) {
			other.live.RRsets[i], other.live.RRsets[j] = other.live.RRsets[j], other.live.RRsets[i]
		})
		slices.Reverse(other.live.Others)
		for i := range other.live.RRsets {
			slices.Reverse(other.live.RRsets[i].Addrs)
		}
		other.live.Sort()
		if got := diffLines(other.diff()); got != want {
			t.Fatalf("in another order:\n%swant:\n%s", got, want)
		}
	})
}

// TestPlansOfAnyDiff holds what every plan must be, whatever the changes are.
func TestPlansOfAnyDiff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		for i := range w.desired.Records {
			w.desired.Records[i].Group = map[zone.Name]string{"www.example.org.": "web", "api.example.org.": "api"}[w.desired.Records[i].Name]
		}
		p := plan.Build([]plan.ZoneDiff{w.diff()}, policy(), origin())
		data, err := plan.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		back, err := plan.Decode(data)
		if err != nil || !reflect.DeepEqual(p, back) {
			t.Fatalf("decoded: %v\n%+v\nwant\n%+v", err, back, p)
		}
		checkWrites(t, p)
	})
}

// checkWrites follows each change through the writes of its steps: each expects
// what the one before left, the first what was seen, and the last leaves what
// is wanted.
func checkWrites(t *rapid.T, p *plan.Plan) {
	for i := range p.Changes {
		c := &p.Changes[i]
		at := c.Before.RRset(c.Key)
		waited := int64(0)
		for _, st := range p.Steps {
			if !slices.Contains(st.Changes, c.ID) {
				continue
			}
			if st.Kind == plan.StepExpire {
				waited += st.Seconds
			}
			if !st.Kind.Writes() {
				continue
			}
			m := c.Move(st.Kind)
			if !reflect.DeepEqual(m.From, at) {
				t.Fatalf("%s of %s expects %v, live is %v", st.Kind, changeLine(*c), m.From, at)
			}
			at = m.To
		}
		if !reflect.DeepEqual(at, c.After.RRset(c.Key)) {
			t.Fatalf("%s ends as %v", changeLine(*c), at)
		}
		if c.Action == plan.Update && !c.Before.Proxied && waited < int64(c.Before.TTL) {
			t.Fatalf("%s waits %d s in all", changeLine(*c), waited)
		}
	}
}
