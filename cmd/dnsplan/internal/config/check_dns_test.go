package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// A subject is told of the run that works on it, in its own view, and of what it
// left in caches: the old TTL, from the moment that the lower one was taken.
func TestPending(t *testing.T) {
	state := t.TempDir()
	old := planFor("OLD", "", "www")
	lower := stepOf(t, old, plan.StepLower)
	record(t, state, old, journal.Event{Kind: journal.Start, Step: lower}, journal.Event{Kind: journal.Done, Step: lower, Zone: org})
	s := &Session{Settings: Settings{StateDir: state}}
	subject := func(view string, name zone.Name) *acme.Subject {
		return &acme.Subject{Zone: &acme.Zone{ZoneRef: plan.ZoneRef{Zone: org, View: view}}, Name: name}
	}
	www, inner, other := subject("", "www."+org), subject("inner", "www."+org), subject("", "mail."+org)
	if err := s.addPending([]*acme.Subject{www, inner, other}, now.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	before, until := []netip.Addr{netip.MustParseAddr("192.0.2.1")}, now.Add(3*time.Hour)
	want := []acme.Pending{{
		Type: zone.A, Run: "OLD", Stands: "interrupted", Phase: [][]netip.Addr{before},
		Until: until, Held: []acme.Held{{Addrs: before, Until: until}},
	}}
	if diff := cmp.Diff(want, www.Pending, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if len(inner.Pending)+len(other.Pending) > 0 || www.Zone.RunsErr != nil {
		t.Errorf("%+v %+v %v", inner.Pending, other.Pending, www.Zone.RunsErr)
	}
	if err := os.WriteFile(filepath.Join(state, "runs", "OLD", "journal.jsonl"), []byte("x\ny\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.addPending([]*acme.Subject{www}, now.Add(2*time.Hour)); err != nil || www.Zone.RunsErr == nil {
		t.Errorf("a run that cannot be read: %v, %v", err, www.Zone.RunsErr)
	}
}

// The run's own deadline is handed on while it waits, and what it has the RRset at; a
// run that a process works on goes on by itself, and one that has ended waits for
// nothing.
func TestPendingOfRuns(t *testing.T) {
	made := planFor("OLD", "", "www")
	at := func(k journal.Kind, step plan.Kind) journal.Event {
		e := journal.Event{Kind: k, Step: stepOf(t, made, step)}
		if k != journal.Start {
			e.Zone = org
		}
		return e
	}
	armed := at(journal.Wait, plan.StepExpire)
	armed.Until = now.Add(9 * time.Hour)
	lowered := []journal.Event{at(journal.Start, plan.StepLower), at(journal.Done, plan.StepLower), at(journal.Done, plan.StepPropagate), armed}
	held := []journal.Event{at(journal.Start, plan.StepLower), {Kind: journal.Hold, Step: stepOf(t, made, plan.StepGate), Zone: org, Error: "lags"}}
	for name, tt := range map[string]struct {
		events []journal.Event
		busy   bool
		run    string
		stands string
		ttl    zone.TTL
		waits  time.Time
	}{
		"waits":   {lowered, true, "OLD", "", 60, armed.Until},
		"stopped": {lowered, false, "OLD", "interrupted", 60, armed.Until},
		"holds":   {held, false, "OLD", "holding", 0, time.Time{}},
		"ended":   {append(slices.Clone(lowered), journal.Event{Kind: journal.End}), false, "", "", 0, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			state := t.TempDir()
			record(t, state, made, tt.events...)
			if tt.busy {
				run, err := journal.FindRun(state, made.ID)
				if err != nil {
					t.Fatal(err)
				}
				_, w, _, err := run.Open()
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = w.Close() }()
			}
			s := &Session{Settings: Settings{StateDir: state}}
			www := &acme.Subject{Zone: &acme.Zone{ZoneRef: plan.ZoneRef{Zone: org}}, Name: "www." + org}
			if err := s.addPending([]*acme.Subject{www}, now.Add(5*time.Hour)); err != nil || len(www.Pending) != 1 {
				t.Fatalf("%+v, %v", www.Pending, err)
			}
			p := www.Pending[0]
			if p.Run != tt.run || p.Stands != tt.stands || p.TTL != tt.ttl || !p.Waits.Equal(tt.waits) || len(p.Held) != 1 {
				t.Errorf("%+v", p)
			}
		})
	}
}

// What D-WAIT says is the very moment at which a run that begins now would be through
// with its wait.
func TestWaitIsTheEngines(t *testing.T) {
	state, at := t.TempDir(), now.Add(150*time.Minute)
	old := planFor("OLD", "", "www")
	lower := stepOf(t, old, plan.StepLower)
	record(t, state, old, journal.Event{Kind: journal.Start, Step: lower}, journal.Event{Kind: journal.Done, Step: lower, Zone: org}, journal.Event{Kind: journal.End})
	s := &Session{Settings: Settings{StateDir: state}}
	key := zone.Key{Name: "www." + org, Type: zone.A}
	was, will := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("203.0.113.1")
	live := &zone.Snapshot{Zone: org, RRsets: []zone.RRset{{Key: key, TTL: 60, Addrs: []netip.Addr{was}}}}
	www := &acme.Subject{
		Zone: &acme.Zone{ZoneRef: plan.ZoneRef{Zone: org}, Live: live}, Name: key.Name,
		Records: []acme.Record{{RRset: zone.RRset{Key: key, TTL: 3600, Addrs: []netip.Addr{will}}}},
	}
	if err := s.addPending([]*acme.Subject{www}, at); err != nil {
		t.Fatal(err)
	}
	x := acme.New(acme.Options{Now: func() time.Time { return at }})
	found := x.Examine(t.Context(), []*acme.Subject{www}, acme.Selection{Only: []string{"D-WAIT"}}).Findings

	past, err := s.Settings.Past(at)
	if err != nil {
		t.Fatal(err)
	}
	diff := plan.Diff(&plan.Desired{ZoneRef: plan.ZoneRef{Zone: org}, Cached: remaining(past.Cached[plan.ZoneRef{Zone: org}], at), Records: []plan.Record{
		{Key: key, TTL: 3600, Addrs: []netip.Addr{will}},
	}}, live, plan.Selection{})
	made := plan.Build([]plan.ZoneDiff{diff}, plan.Policy{Strategy: plan.Staged, ChangeTTL: 60, Require: "all"}, plan.Origin{ID: "NEW", Created: at})
	until := waitOf(t, made, at)
	if want := until.Format("2006-01-02 15:04:05 UTC"); len(found) != 1 || found[0].Severity != acme.Error || !strings.Contains(found[0].Summary, "until "+want) {
		t.Errorf("%+v, want until %s", found, want)
	}
}

// waitOf is the deadline of a run's first wait, where all before it takes no time.
func waitOf(t *testing.T, made *plan.Plan, at time.Time) time.Time {
	t.Helper()
	state := execute.NewState(made)
	for range made.Steps {
		a := execute.Next(made, state, at)
		if a.Kind == execute.Arm {
			return a.Waits[0]
		}
		state.Apply(journal.Event{Kind: journal.Start, Step: a.Step.ID, At: at})
		state.Apply(journal.Event{Kind: journal.Done, Step: a.Step.ID, Zone: org, At: at})
	}
	t.Fatal("it waits for nothing")
	return time.Time{}
}

// This machine's resolvers are handed in for zones that have a name server beside
// it; where they are not known they are none.
func TestInside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(path, []byte("nameserver 127.0.0.53\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	servers := func(addrs ...string) []resolver.NameServer {
		ns := resolver.NameServer{Name: "ns1"}
		for _, a := range addrs {
			ns.Servers = append(ns.Servers, resolver.Server{Addr: netip.MustParseAddrPort(a)})
		}
		return []resolver.NameServer{ns}
	}
	for _, tt := range []struct {
		file    string
		servers []resolver.NameServer
		want    int
	}{
		{path, servers("127.0.0.1:53", "192.0.2.53:53"), 1},
		{path, servers("127.0.0.1:53", "[::1]:53"), 0},
		{path, nil, 0},
		{path + ".gone", servers("192.0.2.53:53"), 0},
	} {
		client := resolver.New(resolver.Options{ResolvConf: tt.file})
		s := &Session{client: client}
		if got := s.inside(tt.servers); len(got) != tt.want {
			t.Errorf("%v: %v", tt.servers, got)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
}
