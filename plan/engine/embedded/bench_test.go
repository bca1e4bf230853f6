package embedded_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
)

// jumping is a clock that never waits: whoever sleeps takes it along.
type jumping struct {
	mu  sync.Mutex
	now time.Time
}

func (c *jumping) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *jumping) SleepUntil(ctx context.Context, t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.now) {
		c.now = t
	}
	return ctx.Err()
}

// crowd is a plan that updates sets RRsets in each of so many zones.
func crowd(b *testing.B, strategy plan.Strategy, zones, sets int) (*world, *plan.Plan) {
	b.Helper()
	var live []*zone.Snapshot
	var diffs []plan.ZoneDiff
	for z := range zones {
		name := zone.Name(fmt.Sprintf("z%d.example.", z))
		s := snapshotOf(b, name, "", negative)
		d := &plan.Desired{ZoneRef: plan.ZoneRef{Zone: name}, Discover: true}
		for n := range sets {
			l := parseLine(b, name, []string{fmt.Sprintf("n%05d", n), "600", "A", "192.0.2.1"})
			s.RRsets = append(s.RRsets, zone.RRset{Key: l.key, TTL: l.ttl, Addrs: l.addrs})
			l = parseLine(b, name, []string{fmt.Sprintf("n%05d", n), "600", "A", "203.0.113.1"})
			d.Records = append(d.Records, plan.Record{Key: l.key, TTL: l.ttl, Addrs: l.addrs})
		}
		s.Sort()
		live, diffs = append(live, s), append(diffs, plan.Diff(d, s, plan.Selection{}))
	}
	w := newWorld(b, live...)
	w.wholesale = true
	p := plan.Build(diffs, plan.Policy{Strategy: strategy, ChangeTTL: 60, Settle: 100, Require: "all", Timeout: 600}, plan.Origin{ID: "RUN"})
	return w, p
}

// BenchmarkRun takes a plan through the whole machinery, journal and change log
// included. What it does for each change must not depend on how many there are.
func BenchmarkRun(b *testing.B) {
	for _, bb := range []struct {
		strategy    plan.Strategy
		zones, sets int
	}{
		{plan.Direct, 100, 10},
		{plan.Direct, 1000, 10},
		{plan.Staged, 1, 2000},
		{plan.Staged, 1, 20000},
	} {
		b.Run(fmt.Sprintf("%s/%dx%d", bb.strategy, bb.zones, bb.sets), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				w, p := crowd(b, bb.strategy, bb.zones, bb.sets)
				clock := &jumping{now: time.Unix(1e9, 0)}
				w.now = clock.Now
				for z, history := range w.history {
					w.history[z] = []version{{clock.now, history[0].snapshot}}
				}
				e := embedded.New(embedded.Options{State: stateDir(b), Clock: clock, Connect: func(context.Context, *plan.Plan) (embedded.Connection, error) {
					return embedded.Connection{World: w, Asker: w}, nil
				}})
				b.StartTimer()
				if _, err := e.Start(b.Context(), p); err != nil {
					b.Fatal(err)
				}
				result, err := e.Wait(b.Context(), p.ID)
				if err != nil || result.Outcome != execute.OutcomeDone {
					b.Fatalf("%s, %v: %v", result.Outcome, err, result.Failures)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*bb.zones*bb.sets), "µs/change")
		})
	}
}
