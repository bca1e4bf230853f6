package execute_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
)

// slow is a provider whose servers follow it: it takes syncs to be in sync, and
// says that it takes a minute.
type slow struct {
	*memory.Provider
	syncs  time.Duration
	waited *[]string
}

func (p slow) Limits(zone.Name) providers.Limits { return providers.Limits{Sync: time.Minute} }

func (p slow) WaitInSync(ctx context.Context, _ zone.Name, r providers.Receipt) error {
	*p.waited = append(*p.waited, r.ID)
	select {
	case <-time.After(p.syncs):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// at600 is one RRset that is to get other values, and the provider that holds it.
func at600() (*memory.Provider, *plan.Plan) {
	p := memory.New(memory.Options{Now: time.Now})
	set := rrset{zone: org, name: "www", before: 600, after: 600}
	live, want := &zone.Snapshot{Zone: org}, &plan.Desired{}
	set.add(live, want)
	p.Put(live)
	return p, planOf(plan.Direct, set)
}

// A write is done when the provider is in sync. The receipt of one that landed
// in another process, or whose reply was lost, is gone: then it is waited for as
// long as the provider says that it takes.
func TestWriteWaitsUntilInSync(t *testing.T) {
	tests := map[string]struct {
		script string
		landed bool // before this process
		fault  *memory.Fault
		waited int
		least  time.Duration
		most   time.Duration
	}{
		"written":             {"to switch", false, nil, 1, 20 * time.Second, 21 * time.Second},
		"written by the dead": {"to switch start", true, nil, 0, time.Minute, 61 * time.Second},
		"begun by the dead":   {"to switch start", false, nil, 1, 20 * time.Second, 21 * time.Second},
		"reply lost":          {"to switch", false, new(memory.LoseReply()), 0, time.Minute, 62 * time.Second},
		"refused for a while": {"to switch", false, new(memory.FailWrite(errors.New("busy"))), 1, 20 * time.Second, 22 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, made := at600()
				r := newRun(made)
				r.do(t, tt.script)
				if tt.landed {
					p.Edit(org, func(s *zone.Snapshot) { s.RRsets[0].Addrs = made.Changes[0].After.Values })
				}
				if tt.fault != nil {
					p.Inject(*tt.fault)
				}
				var waited []string
				began := time.Now()
				events := r.act(t, single{provider: slow{p, 20 * time.Second, &waited}})
				if len(events) != 1 || events[0].Kind != journal.Done {
					t.Fatalf("%+v, want done", events)
				}
				if took := time.Since(began); took < tt.least || took > tt.most || len(waited) != tt.waited {
					t.Errorf("took %s with %d receipts, want %s to %s with %d", took, len(waited), tt.least, tt.most, tt.waited)
				}
			})
		})
	}
}

// unlisted is a provider that answers for names and does not list its zone.
type unlisted struct{ *memory.Provider }

func (p unlisted) Read(context.Context, zone.Name) (*zone.Snapshot, error) {
	return nil, providers.ErrNoListing
}

// keeper is a world that keeps what it is to save.
type keeper struct {
	single
	saved *zone.Snapshot
}

func (k *keeper) Save(_ plan.ZoneRef, s *zone.Snapshot) (string, error) {
	k.saved = s
	return "copy", nil
}

// The zone that was compared as the run began is the one that is kept, and is not
// read twice; a run that was taken over reads anew.
func TestBackupIsWhatWasCompared(t *testing.T) {
	for script, reads := range map[string]int{"": 1, "start": 2} {
		p, made := at600()
		k := &keeper{single: single{provider: p}}
		read, err := execute.CheckLive(t.Context(), made, k)
		if err != nil {
			t.Fatal(err)
		}
		r := newRun(made)
		r.do(t, script)
		runner := &execute.Runner{Plan: made, World: k, Clock: embedded.SystemClock{}, Read: read}
		if _, err := runner.Run(t.Context(), r.next(), r.state); err != nil || k.saved == nil || len(k.saved.RRsets) != 1 {
			t.Errorf("kept %+v, error %v", k.saved, err)
		}
		if p.Reads() != reads {
			t.Errorf("%q: %d reads, want %d", script, p.Reads(), reads)
		}
	}
}

func TestBackupOfAnUnlistedZone(t *testing.T) {
	p, made := at600()
	r := newRun(made)
	if got := describe(r.next()); got != "run backup" {
		t.Fatalf("next is %q", got)
	}
	k := &keeper{single: single{provider: unlisted{p}}}
	events := r.act(t, k)
	if len(events) != 2 || events[0].Kind != journal.Warning || !strings.Contains(events[0].Message, "is not whole") || events[1].Kind != journal.Done {
		t.Fatalf("%+v, want a warning and done", events)
	}
	if k.saved.Blind == "" || len(k.saved.RRsets) != 1 || k.saved.RRsets[0].String() != "www.example.org. 600 A 192.0.2.1" {
		t.Errorf("kept %+v", k.saved)
	}
}
