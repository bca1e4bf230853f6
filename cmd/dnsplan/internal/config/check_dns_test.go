package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme"
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
	want := []acme.Pending{{Type: zone.A, Run: "OLD", Until: now.Add(3 * time.Hour)}}
	if !slices.EqualFunc(www.Pending, want, func(a, b acme.Pending) bool { return a.Type == b.Type && a.Run == b.Run && a.Until.Equal(b.Until) }) {
		t.Errorf("got %+v, want %+v", www.Pending, want)
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
