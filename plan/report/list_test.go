package report_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/backup"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
)

func TestChangeLog(t *testing.T) {
	log := []journal.Change{
		{
			At: made.Add(-48 * time.Hour), Zone: "example.org.", Name: "www.example.org.", Type: "A", Action: "update",
			OldValues: []string{"192.0.2.1"}, NewValues: []string{"203.0.113.11"}, OldTTL: 86400, NewTTL: 3600,
			Reason: "move to the new host", Ticket: "CHG-42", Impact: "none expected", By: "ops",
			VerifiedBy: []string{"ns1.example.org. 192.0.2.53:53", "google 8.8.8.8:53"}, VerifiedAt: made.Add(-47 * time.Hour),
			Run: planID, ID: "c1", Seq: 1, Prev: "e3b0", SHA256: "1f2e",
		},
		{
			At: made, Zone: "example.org.", View: "internal", Name: "cdn.example.org.", Type: "AAAA", Action: "proxied",
			OldValues: []string{"2001:db8::1"}, NewValues: []string{"2001:db8::1"}, OldTTL: 300, NewTTL: 300, NewProxied: true, Run: planID, ID: "c2",
		},
		{At: made, Zone: "example.org.", Name: "old.example.org.", Type: "A", Action: "delete", OldValues: []string{"192.0.2.9"}, OldTTL: 60, Run: planID, ID: "c3"},
		{At: made, Zone: "example.org.", Name: "www.example.org.", Type: "A", Action: "rollback", OldValues: []string{"203.0.113.11"}, NewValues: []string{"192.0.2.1"}, OldTTL: 300, NewTTL: 86400, Run: planID, ID: "r1"},
	}
	golden(t, "log.txt", func(w io.Writer) error { return report.ChangeLogText(w, log, options()) })
	golden(t, "log.jsonl", func(w io.Writer) error { return report.ChangeLogJSON(w, log) })
	golden(t, "log-none.txt", func(w io.Writer) error { return report.ChangeLogText(w, nil, options()) })
}

func TestBackups(t *testing.T) {
	list := []backup.Info{
		{
			Meta: backup.Meta{View: "internal", Provider: "cf", Run: planID}, Taken: made, Zone: "example.org.",
			Counts: backup.Counts{RRsets: 12, Addresses: 14, Others: 1}, Path: ".dnsplan/backups/20261123T060000Z-example.org@internal.json",
			ZonePath: ".dnsplan/backups/20261123T060000Z-example.org@internal.zone", Size: 2048, ZoneSize: 900,
		},
		{Taken: made.AddDate(-1, 0, 0), Zone: "example.net.", Path: "b.json", ZonePath: "b.zone", Size: 3 << 20, ZoneSize: 100},
		{Path: "c.json", Err: errors.New("the backup is damaged: 3 of 12 RRsets")},
	}
	golden(t, "backups.txt", func(w io.Writer) error { return report.BackupsText(w, list, options()) })
	golden(t, "backups.json", func(w io.Writer) error { return report.BackupsJSON(w, list) })
	golden(t, "backups-none.txt", func(w io.Writer) error { return report.BackupsText(w, nil, options()) })
	golden(t, "backups-none.json", func(w io.Writer) error { return report.BackupsJSON(w, nil) })
}
