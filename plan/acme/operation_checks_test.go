package acme

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// kept is a site about which everything is written down.
func kept(t *testing.T) *site {
	s := newSite(t, "127.0.0.11", "127.0.0.12")
	s.want("127.0.0.11")
	s.answer("127.0.0.11")
	s.hold("127.0.0.11")
	s.serve(0, http.NotFoundHandler())
	s.subject.Owner, s.subject.Comment = "web", "shop"
	s.subject.Records[0].Hosts = []Host{{Name: "web-01", Addrs: s.addrs[:1], ACMEClient: true}}
	snapshot := *s.subject.Zone.Live
	s.opts.Now, s.opts.Folder = func() time.Time { return day0 }, "/srv/dns"
	s.opts.Past = Past{
		Backup: func(plan.ZoneRef) (Backup, error) {
			return Backup{day0.AddDate(0, 0, -1), "backups/b.json", &snapshot}, nil
		},
		Watched: func() (time.Time, error) { return day0.Add(-time.Hour), nil },
		Changes: func() ([]journal.Change, error) { return nil, nil },
	}
	return s
}

func TestKept(t *testing.T) {
	s := kept(t)
	for _, id := range []ID{"O-INV", "O-BACKUP", "O-ROLL", "O-MON"} {
		if f := s.only(id, Pass); len(f.Remedies) > 0 {
			t.Errorf("%s passes with remedies: %+v", id, f.Remedies)
		}
	}
	if f := s.check("O-GROUP"); len(f) > 0 {
		t.Errorf("O-GROUP of a name that is alone: %+v", f)
	}
}

// A live CNAME at the name is D-CNAME's to tell of, and O-ROLL says in whole words that
// it is in the way.
func TestAliasInTheWayBack(t *testing.T) {
	s := kept(t)
	s.answerWith("www.example.org. 300 IN CNAME pages.example.net.")
	s.subject.Zone.Live = &zone.Snapshot{Zone: "example.org.", Others: []zone.Record{{Name: "www.example.org.", Type: "CNAME", TTL: 300, Data: "gone.example.org."}}}
	f := s.only("O-ROLL", Fail)
	if want := "www.example.org cannot be brought back from the backup of 2026-11-22 06:00 UTC: a CNAME to gone.example.org. is live, which a restore does not replace"; f.Summary != want || f.Because != "" {
		t.Errorf("%q because %q", f.Summary, f.Because)
	}
	found := Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{"D-CNAME", "D-EXPECT", "O-ROLL"}})
	if f := found.Of(s.subject.Name, "O-ROLL")[0]; f.Because == "" {
		t.Errorf("stands for itself: %+v", found.Findings)
	}
}

// change is an entry of the log about the name's A RRset, two days ago.
func change(old, now, outcome string) func() ([]journal.Change, error) {
	return func() ([]journal.Change, error) {
		return []journal.Change{{
			At: day0.AddDate(0, 0, -2), Zone: "example.org.", Name: "www.example.org.", Type: "A", Run: "01K",
			OldValues: []string{old}, NewValues: []string{now}, Outcome: outcome,
		}}, nil
	}
}

// TestNotKept: each thing that is missing, and what brings it about.
func TestNotKept(t *testing.T) {
	for name, c := range map[string]struct {
		check    ID
		change   func(*site)
		outcome  Outcome
		severity Severity
		says     string
		pastes   string
	}{
		"no owner":          {"O-INV", func(s *site) { s.subject.Owner = "" }, Fail, Warning, "does not say of www.example.org: the owner", "Write into its record in the inventory, in zone example.org:\nowner   = \"TEAM\""},
		"no purpose":        {"O-INV", func(s *site) { s.subject.Comment = "" }, Fail, Warning, "the purpose", "Write into its record in the inventory, in zone example.org:\ncomment = \"PURPOSE\""},
		"no server":         {"O-INV", func(s *site) { s.subject.Records[0].Hosts = nil }, Fail, Warning, "the server", "Write into its record in the inventory, in zone example.org:\nhosts   = [\"HOST\"]"},
		"no validation":     {"O-INV", func(s *site) { s.subject.ACME = "" }, Fail, Warning, "how it is validated", "Write into its record in the inventory, in zone example.org:\nacme    = \"http-01\""},
		"no ACME client":    {"O-INV", func(s *site) { s.subject.Records[0].Hosts[0].ACMEClient, s.opts.Client = false, nil }, Fail, Warning, "no host of www.example.org says", "Write into the [[host]] where it runs, perhaps web-01:\nacme_client = true"},
		"changed by others": {"O-INV", func(s *site) { s.opts.Past.Changes = change("127.0.0.1", "127.0.0.7", "applied") }, Fail, Warning, "the change log does not tell of what is live", "See what has changed past dnsplan:\ndnsplan drift"},
		"as logged":         {"O-INV", func(s *site) { s.opts.Past.Changes = change("127.0.0.1", "127.0.0.11", "applied") }, Pass, Warning, "in the inventory", ""},
		"rolled back":       {"O-INV", func(s *site) { s.opts.Past.Changes = change("127.0.0.11", "127.0.0.12", "rolled back") }, Pass, Warning, "in the inventory", ""},
		"log unreadable": {"O-INV", func(s *site) {
			s.opts.Past.Changes = func() ([]journal.Change, error) { return nil, errors.New("line 3") }
		}, Unknown, Warning, "line 3", ""},

		"no backup":      {"O-BACKUP", backupIs(Backup{}, nil), Fail, Warning, "no backup of zone example.org yet", "Make one now:\ndnsplan backup example.org"},
		"damaged backup": {"O-BACKUP", backupIs(Backup{}, errors.New("damaged")), Fail, Error, "damaged", "dnsplan backup example.org"},
		"empty backup":   {"O-BACKUP", backupIs(Backup{Snapshot: &zone.Snapshot{Zone: "example.org."}}, nil), Fail, Error, "no address at all", "dnsplan backup example.org"},
		"blind backup":   {"O-BACKUP", backupIs(Backup{Snapshot: &zone.Snapshot{Zone: "example.org.", Blind: "no transfer", RRsets: []zone.RRset{{}}}}, nil), Fail, Warning, "no transfer", "Let the provider list the zone (a transfer, or the token's rights), then:\ndnsplan backup example.org"},
		"no folder":      {"O-BACKUP", func(s *site) { s.opts.Past.Backup = nil }, Unknown, Error, "no state folder", ""},

		"nothing to go back to": {"O-ROLL", backupIs(Backup{}, nil), Unknown, Error, "no backup that www.example.org", "Make one now:\ndnsplan backup example.org"},
		"an alias in the way": {"O-ROLL", func(s *site) {
			s.subject.Zone.Live = &zone.Snapshot{Zone: "example.org.", RRsets: []zone.RRset{{Key: zone.Key{Name: "www.example.org.", Type: zone.A}, Foreign: "alias"}}}
		}, Fail, Error, "cannot be brought back", "See all of it, without writing:\ndnsplan restore backups/b.json www.example.org -o way-back.json"},
		"a folder with a blank": {"O-ROLL", func(s *site) {
			b, err := s.opts.Past.Backup(plan.ZoneRef{})
			b.Path = "my backups/b.json"
			backupIs(b, err)(s)
			s.subject.Zone.Live = &zone.Snapshot{Zone: "example.org.", Others: []zone.Record{{Name: "www.example.org.", Type: "CNAME", Data: "gone.example.org."}}}
		}, Fail, Error, "cannot be brought back", "Delete that at the provider, and see all of it, without writing:\ndnsplan restore 'my backups/b.json' www.example.org -o way-back.json"},
		"a window is open": {"O-ROLL", func(s *site) {
			r := s.subject.Zone.Live.RRsets[0]
			r.Addrs, r.Members = []netip.Addr{netip.MustParseAddr("127.0.0.99")}, []zone.Member{{Comment: plan.Marker{Run: "01M8", Until: day0.Add(time.Hour)}.String()}}
			s.subject.Zone.Live = &zone.Snapshot{Zone: "example.org.", RRsets: []zone.RRset{r}}
		}, Fail, Info, "an issuance window of run 01M8 has the proxy off until", ""},
		"the old server is gone": {"O-ROLL", func(s *site) {
			s.ls[1].Close()
			s.opts.Past.Changes = change("127.0.0.12", "127.0.0.11", "applied")
		}, Fail, Warning, "run 01K leads back to 127.0.0.12:", "Keep the old server at 127.0.0.12 until"},
		"the old server is there": {"O-ROLL", func(s *site) {
			s.serve(1, http.NotFoundHandler())
			s.opts.Past.Changes = change("127.0.0.12", "127.0.0.11", "applied")
		}, Pass, Error, "can be brought back", ""},
		"the run was rolled back": {"O-ROLL", func(s *site) {
			s.ls[1].Close()
			s.opts.Past.Changes = change("127.0.0.12", "127.0.0.11", "rolled back")
		}, Pass, Error, "can be brought back", ""},
		"the old server cannot be asked": {"O-ROLL", func(s *site) {
			s.opts.AllowReserved = false
			s.opts.Past.Changes = change("127.0.0.12", "127.0.0.11", "applied")
		}, Unknown, Error, "127.0.0.12", ""},
		"a run without a backup": {"O-ROLL", func(s *site) {
			backupIs(Backup{}, nil)(s)
			s.serve(1, http.NotFoundHandler())
			s.opts.Past.Changes = change("127.0.0.12", "127.0.0.11", "applied")
		}, Pass, Error, "dnsplan rollback 01K", ""},

		"never compared": {"O-MON", func(s *site) { s.opts.Past.Watched = func() (time.Time, error) { return time.Time{}, nil } }, Unknown, Warning, "was not run", "that tells of drift:\nDIR=/srv/dns\n17 * * * * cd \"$DIR\" && dnsplan drift"},
		"for days":       {"O-MON", func(s *site) { s.opts.Past.Watched = func() (time.Time, error) { return day0.AddDate(0, 0, -3), nil } }, Fail, Warning, "for 3d", "dnsplan drift"},
	} {
		t.Run(name, func(t *testing.T) {
			s := kept(t)
			c.change(s)
			f := s.only(c.check, c.outcome, c.says)
			if f.Severity != c.severity {
				t.Errorf("severity %s", f.Severity)
			}
			Offers(t, f, c.pastes)
		})
	}
}

func backupIs(b Backup, err error) func(*site) {
	return func(s *site) { s.opts.Past.Backup = func(plan.ZoneRef) (Backup, error) { return b, err } }
}

// TestGroup: a name that is left behind, by the inventory or on the certificate.
func TestGroup(t *testing.T) {
	sibling := func(addr string) *Subject {
		return &Subject{Name: "blog.example.org.", Records: []Record{{RRset: zone.RRset{Key: zone.Key{Name: "blog.example.org.", Type: zone.A}, Addrs: []netip.Addr{netip.MustParseAddr(addr)}}}}}
	}
	s := kept(t)
	s.subject.Group, s.subject.Siblings = "web", []*Subject{sibling("127.0.0.11")}
	s.only("O-GROUP", Pass, "blog.example.org")
	s.subject.Siblings = []*Subject{sibling("127.0.0.12")}
	f := s.only("O-GROUP", Fail, "blog.example.org is of the same group, web", "at 127.0.0.12, not at 127.0.0.11")
	Offers(t, f, "Give both the same hosts", "Then see what will be done:\ndnsplan plan www.example.org blog.example.org")

	c := newSecure(t, "127.0.0.11")
	c.hold("127.0.0.11")
	c.serveTLS(0, issued{names: []string{"www.example.org", "blog.example.org", "*.example.org", "elsewhere.example.net"}}, http.NotFoundHandler())
	c.subject.Zone.Live.RRsets = append([]zone.RRset{sibling("127.0.0.12").Records[0].RRset}, c.subject.Zone.Live.RRsets...)
	f = c.only("O-GROUP", Fail, "blog.example.org is on the same certificate as www.example.org", "127.0.0.12")
	Offers(t, f, "one issued for each")

	// One that is not where it should be itself is told of by its own D-EXPECT.
	blog := sibling("127.0.0.11")
	blog.Zone = c.subject.Zone
	for only, want := range map[string]int{"O-GROUP": 1, "O-GROUP,D-EXPECT": 0} {
		got := 0
		for _, f := range Examined(t.Context(), New(c.opts), []*Subject{c.subject, blog}, Selection{Only: strings.Split(only, ",")}).Of(c.subject.Name, "O-GROUP") {
			if f.Outcome == Fail {
				got++
			}
		}
		if got != want {
			t.Errorf("%s: %d findings of www.example.org, want %d", only, got, want)
		}
	}
}
