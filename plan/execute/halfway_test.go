package execute_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
)

var www = zone.Key{Name: "www." + org, Type: zone.A}

// values reads "1 2" as 192.0.2.1 and 192.0.2.2; none is no RRset.
func values(t testing.TB, s string, ttl zone.TTL) []zone.RRset {
	t.Helper()
	if s == "" {
		return nil
	}
	r := zone.RRset{Key: www, TTL: ttl}
	for n := range strings.FieldsSeq(s) {
		r.Addrs = append(r.Addrs, netip.MustParseAddr("192.0.2."+n))
	}
	r.Normalize()
	return []zone.RRset{r}
}

// piecemeal is a provider that writes value by value: its first write ends when
// it has come as far as midway.
type piecemeal struct {
	*memory.Provider
	midway []zone.RRset
	// without says that no other record is left either.
	without bool
	err     error
}

func (p *piecemeal) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	if err := p.err; err != nil {
		p.err = nil
		p.Edit(z, func(s *zone.Snapshot) {
			s.RRsets = p.midway
			if p.without {
				s.Others = nil
			}
		})
		return providers.Receipt{}, err
	}
	return p.Provider.Write(ctx, z, changes)
}

// TestWriteThatStoppedHalfway: what a provider without batches has left of an
// RRset is the run's own, which goes on with it. What it cannot have left is
// someone else's.
func TestWriteThatStoppedHalfway(t *testing.T) {
	partial := fmt.Errorf("%w: 1 of 2 records: busy", providers.ErrPartial)
	unknown := fmt.Errorf("%w: reply lost", providers.ErrUnknown)
	tests := []struct {
		name, from, to, midway string
		err                    error
		atomic                 bool
		script                 string
		stops                  bool
	}{
		{"one of two swapped", "1 2", "3 4", "2 3", partial, false, "", false},
		{"all added, none removed", "1 2", "3", "1 2 3", partial, false, "", false},
		{"one added", "1", "2 3 4", "1 2", unknown, false, "", false},
		{"one of two removed", "1 2 3", "1", "1 2", partial, false, "", false},
		{"one of two created", "", "1 2", "1", partial, false, "", false},
		{"one of two deleted", "1 2", "", "2", partial, false, "", false},
		{"by a process that died", "1 2", "3 4", "2 3", errors.New("busy"), false, "start", false},
		{"one removed before any was added", "1 2", "3 4", "1", partial, false, "", true},
		{"one of two swapped, another added", "1 2", "3 4 5 6", "2 3 5", partial, false, "", false},
		{"a value of neither side", "1 2", "3 4", "2 3 9", partial, false, "", true},
		{"the provider writes all or nothing", "1 2", "3 4", "2 3", unknown, true, "", true},
		{"nothing was sent", "1 2", "3 4", "2 3", &providers.ConflictError{Keys: []zone.Key{www}}, false, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &piecemeal{Provider: memory.New(memory.Options{Limits: providers.Limits{Atomic: tt.atomic}}), midway: values(t, tt.midway, 600), err: tt.err}
				live := &zone.Snapshot{Zone: org, RRsets: values(t, tt.from, 600)}
				p.Put(live)
				r := newRun(toValues(t, live, tt.to))
				r.do(t, "to switch "+tt.script)
				events := r.act(t, single{provider: p})
				stopped := len(events) != 1 || events[0].Kind != journal.Done
				if stopped != tt.stops {
					t.Fatalf("%+v", events)
				}
				want := tt.to
				if tt.stops {
					want = tt.midway
				}
				if got := fmt.Sprint(p.Snapshot(org).RRsets); got != fmt.Sprint(values(t, want, 600)) {
					t.Errorf("live is %s, want %q", got, want)
				}
			})
		})
	}
}

// TestRaiseThatStoppedHalfway: a set whose records do not all have the wanted TTL yet
// is not as wanted, although the highest is.
func TestRaiseThatStoppedHalfway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		midway := values(t, "1 2", 7200)
		midway[0].Mixed = true
		p := &piecemeal{Provider: memory.New(memory.Options{}), midway: midway, err: fmt.Errorf("%w: busy", providers.ErrPartial)}
		live := &zone.Snapshot{Zone: org, RRsets: values(t, "1 2", 600)}
		p.Put(live)
		want := &plan.Desired{ZoneRef: plan.ZoneRef{Zone: org}, Records: []plan.Record{{Key: www, Addrs: live.RRsets[0].Addrs, TTL: 7200}}}
		r := newRun(plan.Build([]plan.ZoneDiff{plan.Diff(want, live, plan.Selection{})}, plan.Policy{Strategy: plan.Direct, Timeout: 600}, plan.Origin{ID: "RUN", Created: epoch}))
		r.to(t, plan.StepSwitch)
		if events := r.act(t, single{provider: p}); len(events) != 1 || events[0].Kind != journal.Done {
			t.Fatalf("%+v", events)
		}
		if got := p.Snapshot(org).RRsets[0]; got.Mixed || got.TTL != 7200 {
			t.Errorf("live is %s", got)
		}
	})
}

// toValues is the plan that gives www other values.
func toValues(t testing.TB, live *zone.Snapshot, to string) *plan.Plan {
	t.Helper()
	want := &plan.Desired{ZoneRef: plan.ZoneRef{Zone: org}, Prune: true}
	for _, r := range values(t, to, 600) {
		want.Records = []plan.Record{{Key: www, Addrs: r.Addrs, TTL: r.TTL}}
	}
	diffs := []plan.ZoneDiff{plan.Diff(want, live, plan.Selection{})}
	return plan.Build(diffs, plan.Policy{Strategy: plan.Direct, Timeout: 600}, plan.Origin{ID: "RUN", Created: epoch})
}

// TestTakingBackWhatStoppedHalfway: closing takes back what the run has left
// halfway as it does what it has finished.
func TestTakingBackWhatStoppedHalfway(t *testing.T) {
	for _, tt := range []struct {
		midway string
		atomic bool
		back   bool
	}{
		{"2 3", false, true},
		{"2 3 5", false, true},
		{"1 2 3", false, true},
		{"2", false, false},
		{"2 3", true, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			live := &zone.Snapshot{Zone: org, RRsets: values(t, "1 2", 600)}
			p := memory.New(memory.Options{Limits: providers.Limits{Atomic: tt.atomic}})
			p.Put(&zone.Snapshot{Zone: org, RRsets: values(t, tt.midway, 600)})
			r := newRun(toValues(t, live, "3 4 5 6"))
			r.do(t, "to switch fail")
			if got := describe(r.next()); got != "close switch" {
				t.Fatalf("next is %q", got)
			}
			events := r.act(t, single{provider: p})
			if back := len(events) == 1 && events[0].Kind == journal.Done; back != tt.back {
				t.Fatalf("%s, atomic %t: %+v", tt.midway, tt.atomic, events)
			}
			want := live.RRsets
			if !tt.back {
				want = values(t, tt.midway, 600)
			}
			if got := fmt.Sprint(p.Snapshot(org).RRsets); got != fmt.Sprint(want) {
				t.Errorf("%s, atomic %t: live is %s", tt.midway, tt.atomic, got)
			}
		})
	}
}

// TestTakingBackWhatNeverWas: a set whose TTLs differed before a write that did not
// land is as it was, and nobody else's.
func TestTakingBackWhatNeverWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live := &zone.Snapshot{Zone: org, RRsets: values(t, "1 2", 600)}
		live.RRsets[0].Mixed = true
		p := memory.New(memory.Options{Limits: providers.Limits{Atomic: true}})
		p.Put(live)
		r := newRun(toValues(t, live, "3"))
		r.do(t, "to switch fail")
		if events := r.act(t, single{provider: p}); len(events) != 1 || events[0].Kind != journal.Done {
			t.Errorf("%+v", events)
		}
	})
}

// TestReplacedCNAMEIsGoneAlready: the CNAME record was deleted to make room, the
// address was refused, and the CNAME record did not come back.
func TestReplacedCNAMEIsGoneAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live := &zone.Snapshot{Zone: org, Others: []zone.Record{{Name: www.Name, Type: "CNAME", TTL: 600, Data: "web.example.net."}}}
		inner := memory.New(memory.Options{})
		inner.Put(live)
		want := &plan.Desired{ZoneRef: plan.ZoneRef{Zone: org}, Records: []plan.Record{{
			Key: www, Addrs: values(t, "1", 600)[0].Addrs, TTL: 600, ReplaceCNAME: true,
		}}}
		made := plan.Build([]plan.ZoneDiff{plan.Diff(want, live, plan.Selection{})}, plan.Policy{Strategy: plan.Direct, Timeout: 600}, plan.Origin{ID: "RUN", Created: epoch})
		r := newRun(made)
		r.do(t, "to switch")
		p := &piecemeal{Provider: inner, err: fmt.Errorf("%w: 1 of 2 records: busy", providers.ErrPartial), without: true}
		if events := r.act(t, single{provider: p}); len(events) != 1 || events[0].Kind != journal.Done {
			t.Fatalf("%+v", events)
		}
		if got := fmt.Sprint(p.Snapshot(org).RRsets); got != fmt.Sprint(values(t, "1", 600)) {
			t.Errorf("live is %s", got)
		}
	})
}

// interrupting is a provider during whose look a signal comes.
type interrupting struct {
	*memory.Provider
	signal func()
}

func (p interrupting) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	p.signal()
	return p.Provider.Look(ctx, z, keys)
}

// TestSignalBeforeTheWrite: a step that has only looked writes nothing more.
func TestSignalBeforeTheWrite(t *testing.T) {
	p, made := at600()
	r := newRun(made)
	r.do(t, "to switch start")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	runner := &execute.Runner{Plan: made, World: single{provider: interrupting{p, stop}}, Clock: embedded.SystemClock{}}
	events, err := runner.Run(ctx, r.next(), r.state)
	if !errors.Is(err, context.Canceled) || len(events) != 0 || len(p.Writes()) != 0 {
		t.Errorf("%v, %+v, %d writes", err, events, len(p.Writes()))
	}
}
