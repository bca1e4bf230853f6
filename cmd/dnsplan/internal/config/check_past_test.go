package config

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/dnsplan/dnsplan/inventory/backup"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/ledger"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// windowRun records an issuance window whose command ended with a code.
func windowRun(t *testing.T, state string, began time.Time, code string) string {
	t.Helper()
	key := zone.Key{Name: "www." + org, Type: zone.A}
	live := &zone.Snapshot{Zone: org, RRsets: []zone.RRset{{Key: key, TTL: 300, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, Proxied: true}}}
	z := plan.WindowZone{Desired: &plan.Desired{ZoneRef: plan.ZoneRef{Zone: org}}, Live: live, Names: []zone.Name{key.Name}, Proxy: true}
	id := ulid.MustNew(ulid.Timestamp(began), bytes.NewReader(make([]byte, 16))).String()
	p, err := plan.BuildWindow([]plan.WindowZone{z}, plan.Window{Deadline: 1200, Ready: 60, Command: "certbot"}, plan.Policy{}, plan.Origin{ID: id, Created: began})
	if err != nil {
		t.Fatal(err)
	}
	step := stepOf(t, p, plan.StepCommand)
	events := []journal.Event{{Kind: journal.Start, Step: stepOf(t, p, plan.StepProxyOff)}, {Kind: journal.Start, Step: step}}
	if code != "" {
		events = append(events, journal.Event{Kind: journal.Done, Step: step, Zone: org, Data: json.RawMessage(`{"exit_code":` + code + `}`)})
	}
	record(t, state, p, events...)
	return id
}

// TestTries: the ledger's tries count, and those of windows of late whose command
// has failed.
func TestTries(t *testing.T) {
	state := t.TempDir()
	s := &Session{Settings: Settings{StateDir: state}}
	rehearsed := ledger.Try{At: now, Name: "www." + org, By: ledger.Rehearse, OK: true}
	if err := ledger.Append(state, rehearsed); err != nil {
		t.Fatal(err)
	}
	failed := windowRun(t, state, now, "1")
	windowRun(t, state, now.Add(time.Minute), "0")
	windowRun(t, state, now.Add(2*time.Minute), "") // still running
	windowRun(t, state, now.AddDate(0, 0, -3), "1")
	got, err := s.tries(now.Add(4 * time.Hour))
	if err != nil || len(got) != 2 || got[0] != rehearsed {
		t.Fatalf("%+v, %v", got, err)
	}
	want := ledger.Try{At: now.Add(3 * time.Hour), Name: "www." + org, By: ledger.Window, Problem: "certbot ended with 1, run " + failed}
	if got[1] != want {
		t.Errorf("window: %+v, want %+v", got[1], want)
	}
}

// TestWatched: a comparison is written down where there is a state folder.
func TestWatched(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := Settings{StateDir: dir}
	if err := s.Watch(now); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a state folder was made")
	}
	if at, err := s.watched(); err != nil || !at.IsZero() {
		t.Errorf("never: %s, %v", at, err)
	}
	if err := journal.OpenState(dir); err != nil {
		t.Fatal(err)
	}
	for _, want := range []time.Time{now, now.Add(time.Hour)} {
		if err := s.Watch(want); err != nil {
			t.Fatal(err)
		}
		if at, err := s.watched(); err != nil || !at.Equal(want) {
			t.Errorf("watched %s, want %s, %v", at, want, err)
		}
	}
}

// TestNewestBackup: of the zone and view, and read as a whole.
func TestNewestBackup(t *testing.T) {
	state := t.TempDir()
	s := &Session{Settings: Settings{StateDir: state}}
	snapshot := &zone.Snapshot{Zone: org, RRsets: []zone.RRset{{Key: zone.Key{Name: "www." + org, Type: zone.A}, TTL: 300, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}}
	ref := plan.ZoneRef{Zone: org, View: "internal"}
	if b, err := s.newestBackup(ref); err != nil || b.Snapshot != nil {
		t.Errorf("none: %+v, %v", b, err)
	}
	var last backup.Info
	for i, view := range []string{"internal", "internal", ""} {
		var err error
		info, err := backup.Save(filepath.Join(state, BackupDir), now.Add(time.Duration(i)*time.Hour), snapshot, backup.Meta{View: view})
		if err != nil {
			t.Fatal(err)
		}
		if view != "" {
			last = info
		}
	}
	b, err := s.newestBackup(ref)
	if err != nil || b.Path != last.Path || !b.Taken.Equal(now.Add(time.Hour)) || len(b.Snapshot.RRsets) != 1 {
		t.Errorf("newest: %+v, %v", b, err)
	}
	text, err := os.ReadFile(last.Path)
	if err == nil {
		err = os.WriteFile(last.Path, []byte(strings.Replace(string(text), "192.0.2.1", "192.0.2.9", 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.newestBackup(ref); err == nil {
		t.Error("a backup that was changed is read without an error")
	}
}
