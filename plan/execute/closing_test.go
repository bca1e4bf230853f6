package execute_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
)

// single is a world of one provider, without servers to ask.
type single struct {
	provider providers.Provider
	save     error
}

func (w single) Provider(plan.ZoneRef) (providers.Provider, error) { return w.provider, nil }
func (w single) Resolvers() []resolver.Server                      { return nil }
func (w single) Save(plan.ZoneRef, *zone.Snapshot) (string, error) { return "", w.save }
func (w single) NameServers(context.Context, plan.ZoneRef) ([]resolver.NameServer, error) {
	return nil, nil
}

// nobody is an Asker that is asked nothing.
type nobody struct{}

func (nobody) Ask(context.Context, []resolver.Query) []resolver.Answer { return nil }
func (nobody) SOA(context.Context, resolver.Server, zone.Name, bool) resolver.SOAAnswer {
	return resolver.SOAAnswer{}
}

// silent is a provider that answers nothing until it is given up.
type silent struct{ *memory.Provider }

func (p silent) Look(ctx context.Context, _ zone.Name, _ []zone.Key) (*zone.Snapshot, error) {
	<-ctx.Done()
	return nil, fmt.Errorf("look: %w", ctx.Err())
}

// dying is silent once it has failed.
type dying struct {
	silent
	failed *bool
}

func (p dying) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	if !*p.failed {
		*p.failed = true
		return nil, errors.New("bad gateway")
	}
	return p.silent.Look(ctx, z, keys)
}

// stuck is a provider whose writes hang.
type stuck struct{ *memory.Provider }

func (p stuck) Write(ctx context.Context, _ zone.Name, _ []providers.Change) (providers.Receipt, error) {
	<-ctx.Done()
	return providers.Receipt{}, fmt.Errorf("write: %w", ctx.Err())
}

// lowered are n RRsets of example.org., as a run has lowered them.
func lowered(n int) (*memory.Provider, []rrset) {
	p := memory.New(memory.Options{Now: time.Now})
	s := &zone.Snapshot{Zone: org}
	sets := make([]rrset, n)
	for i := range sets {
		sets[i] = rrset{zone: org, name: fmt.Sprintf("n%05d", i), before: 600, after: 600}
		key := zone.Key{Name: zone.Name(sets[i].name + "." + org), Type: zone.A}
		s.RRsets = append(s.RRsets, zone.RRset{Key: key, TTL: 60, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}})
	}
	s.Sort()
	p.Put(s)
	return p, sets
}

// act lets a Runner do what is next, in a context that has ended where closing.
func (r *run) act(t *testing.T, w execute.World) []journal.Event {
	t.Helper()
	runner := &execute.Runner{Plan: r.p, World: w, Clock: embedded.SystemClock{}, Asker: nobody{}}
	ctx, stop := context.WithCancel(t.Context())
	a := r.next()
	if a.Closing {
		stop() // a signal
	}
	defer stop()
	events, err := runner.Run(ctx, a, r.state)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		r.take(e)
	}
	return events
}

// Closing is not cut off by a signal, and ends all the same: it waits for a
// person where the provider makes it wait, and can be resumed.
func TestClosingIsBounded(t *testing.T) {
	p, sets := lowered(1)
	tests := map[string]struct {
		provider func() providers.Provider
		after    time.Duration // at most
		words    string
	}{
		"reads hang":                {func() providers.Provider { return silent{p} }, time.Hour, "lower-ttl in example.org. was not taken back within 35m"},
		"reads fail, and then hang": {func() providers.Provider { return dying{silent{p}, new(bool)} }, time.Hour, "bad gateway"},
		"writes hang":               {func() providers.Provider { return stuck{p} }, time.Hour, "was not taken back within 35m"},
		"rate limited for long": {func() providers.Provider {
			p.Inject(memory.FailWrite(&providers.RateLimitError{Until: time.Now().Add(3 * time.Minute)}))
			return p
		}, time.Second, "rate limited until"},
		"rate limited again and again": {func() providers.Provider {
			for n := range 10 {
				p.Inject(memory.FailWrite(&providers.RateLimitError{Until: time.Now().Add(time.Duration(n+1) * time.Minute)}))
			}
			return p
		}, 10 * time.Minute, "rate limited until"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRun(planOf(plan.Staged, sets...))
				r.do(t, "to gate fail")
				began := time.Now()
				events := r.act(t, single{provider: tt.provider()})
				if len(events) != 1 || events[0].Kind != journal.Hold || !strings.Contains(events[0].Error, tt.words) {
					t.Errorf("%+v, want a hold with %q", events, tt.words)
				}
				if took := time.Since(began); took > tt.after {
					t.Errorf("it took %s", took)
				}
				r.do(t, "resume")
				if got := describe(r.next()); got != "close lower-ttl" {
					t.Errorf("resumed, next is %q", got)
				}
			})
		})
	}
}

// A limit that is over soon is waited for.
func TestClosingWaitsForAShortLimit(t *testing.T) {
	p, sets := lowered(1)
	synctest.Test(t, func(t *testing.T) {
		r := newRun(planOf(plan.Staged, sets...))
		r.do(t, "to gate fail")
		p.Inject(memory.FailWrite(&providers.RateLimitError{Until: time.Now().Add(time.Minute)}))
		if e := r.act(t, single{provider: p}); len(e) != 1 || e[0].Kind != journal.Done {
			t.Errorf("%+v, want done", e)
		}
	})
}

// What is told of a batch of thousands is told once, and in short.
func TestErrorsOfManyChangesAreShort(t *testing.T) {
	const n = 2000
	others := func(s *zone.Snapshot) {
		for i := range s.RRsets {
			s.RRsets[i].TTL = 30
		}
	}
	for name, tt := range map[string]struct {
		script string
		prime  func(*memory.Provider)
		left   int
		words  string
	}{
		"refused":            {"to lower-ttl", func(p *memory.Provider) { p.Inject(memory.RefuseWrite("quota", zone.Key{})) }, 0, "and 1900 more"},
		"moved":              {"to lower-ttl", func(p *memory.Provider) { p.Edit(org, others) }, 0, "and 1900 more"},
		"refused in closing": {"to gate fail", func(p *memory.Provider) { p.Inject(memory.RefuseWrite("quota", zone.Key{})) }, n, "and 1900 more"},
		"moved in closing":   {"to gate fail", func(p *memory.Provider) { p.Edit(org, others) }, n, "and 1900 more"},
	} {
		t.Run(name, func(t *testing.T) {
			p, sets := lowered(n)
			if name == "refused" {
				p.Edit(org, func(s *zone.Snapshot) {
					for i := range s.RRsets {
						s.RRsets[i].TTL = 600
					}
				})
			}
			tt.prime(p)
			r := newRun(planOf(plan.Staged, sets...))
			r.do(t, tt.script)
			e := r.act(t, single{provider: p})[0]
			want := journal.Failed
			if name == "moved" {
				want = journal.Hold // closing alone is an alarm
			}
			if e.Kind != want || len(e.Error) > 25_000 || !strings.Contains(e.Error, tt.words) {
				t.Errorf("%s, %d bytes: %.300s", e.Kind, len(e.Error), e.Error)
			}
			var data struct{ Left []string }
			if err := json.Unmarshal(e.Data, &data); err != nil || len(data.Left) != tt.left {
				t.Errorf("%d are left alone, want %d: %v", len(data.Left), tt.left, err)
			}
			told := 0
			result := r.state.Result()
			for _, c := range result.Changes {
				told += len(c.Error)
			}
			if told > 0 || len(result.Failures) == 0 {
				t.Errorf("%d bytes of errors with the changes, %d failures", told, len(result.Failures))
			}
		})
	}
}

// The failure of another zone, and a cancel, are told with the change.
func TestErrorsOfChangesThatNoFailureTells(t *testing.T) {
	r := newRun(planOf(plan.Staged, groupA, groupANet))
	r.do(t, "to preflight")
	a := r.next()
	r.take(journal.Event{Kind: journal.Failed, Step: a.Step.ID, Zone: net, Error: "because", Data: []byte(`{"class":"disagree"}`)})
	result := r.state.Result()
	for _, c := range result.Changes {
		linked := c.Change.Zone == org
		if linked != strings.Contains(c.Error, "group a moves together with example.net.") || !linked && c.Error != "" {
			t.Errorf("%s: %q", c.Change.Key, c.Error)
		}
	}
	if len(result.Failures) != 1 || result.Failures[0].Zone.Zone != net {
		t.Errorf("failures: %+v", result.Failures)
	}
}

// A TTL that only closing could raise is a warning: every new value is live.
func TestRaisedByClosingIsDone(t *testing.T) {
	r := newRun(planOf(plan.Staged, update, alone))
	r.do(t, "to raise-ttl fail")
	if got := r.state.Result(); got.Outcome != execute.OutcomeRunning {
		t.Errorf("before closing: %s", got.Outcome)
	}
	r.do(t, "ok ok")
	got := r.state.Result()
	if got.Outcome != execute.OutcomeDone || got.Partly || len(got.Failures) != 2 {
		t.Errorf("%s, partly %t, failures %+v", got.Outcome, got.Partly, got.Failures)
	}
}

// The copy's error is told as it is.
func TestFailedBackupIsSaidOnce(t *testing.T) {
	p, sets := lowered(1)
	full := errors.New("back up example.org.: write x: no space left on device")
	r := newRun(planOf(plan.Staged, sets...))
	if e := r.act(t, single{provider: p, save: full})[0]; e.Kind != journal.Failed || e.Error != full.Error() {
		t.Errorf("%s %q", e.Kind, e.Error)
	}
}

// leftAlone is a run of n changes, of which closing has left all alone.
func leftAlone(t testing.TB, p *plan.Plan) *run {
	t.Helper()
	r := newRun(p)
	r.do(t, "to gate fail")
	var ids []string
	for _, c := range p.Changes {
		ids = append(ids, c.ID)
	}
	data, err := json.Marshal(map[string]any{"class": execute.Moved, "left": ids})
	if err != nil {
		t.Fatal(err)
	}
	a := r.next()
	r.take(journal.Event{Kind: journal.Failed, Step: a.Step.ID, Zone: org, Undo: true, Error: "because", Data: data})
	return r
}

func TestManyLeftAlone(t *testing.T) {
	_, sets := lowered(20_000)
	r := leftAlone(t, planOf(plan.Staged, sets...))
	r.do(t, "ok")
	if got := r.state.Result(); got.Outcome != execute.OutcomeFailed || !got.LeftOpen() {
		t.Errorf("%s, left open %t", got.Outcome, got.LeftOpen())
	}
}

// BenchmarkLeftAlone is what is next, and the result, once closing has left all
// RRsets alone. What it does for each must not depend on how many there are.
func BenchmarkLeftAlone(b *testing.B) {
	for _, n := range []int{2_000, 20_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, sets := lowered(n)
			r := leftAlone(b, planOf(plan.Staged, sets...))
			for b.Loop() {
				if got := describe(r.next()); got != "finish" {
					b.Fatal(got)
				}
				r.state.Result()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/change")
		})
	}
}
