package acme

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// What is so only because of another check says of which, over others as well, and
// only where that one was made and is not well.
func TestBecause(t *testing.T) {
	refused := func(s *site) { _ = s.ls[0].Close() }
	nothing := func(s *site) { s.serve(0, http.NotFoundHandler()); s.opts.Client = nil }
	catchAll := answers(200, "text/html", "<html>")
	had := func(s *site) {
		s.opts.Past.Changes = func() ([]journal.Change, error) {
			return []journal.Change{{Zone: "example.org.", Name: "www.example.org.", Type: "A", NewValues: []string{"127.0.0.11"}}}, nil
		}
	}
	for name, c := range map[string]struct {
		with func(*site)
		only []string
		want string
	}{
		"nobody listens":                {refused, []string{"H"}, "H-TOKEN:H-PORT80 H-PATH:H-PORT80 H-REDIR:H-PORT80 H-PARK:H-PORT80 H-CDN:H-PORT80 H-WAF:H-PORT80 H-LB:H-PORT80"},
		"nobody is asked whether":       {refused, []string{"H-REDIR", "H-LB"}, ""},
		"nobody listens, no planter":    {func(s *site) { refused(s); s.opts.Client = nil }, []string{"H-PORT80", "H-TOKEN", "H-LB"}, "H-LB:H-PORT80"},
		"no planter":                    {nothing, []string{"H"}, "H-LB:H-TOKEN"},
		"no planter, and none is asked": {nothing, []string{"H-LB"}, ""},
		"a redirect to nowhere":         {func(s *site) { s.serve(0, redirects(301, "http://www.example.org:8443/x")) }, []string{"H-TOKEN", "H-PATH", "H-REDIR", "H-WAF"}, "H-TOKEN:H-REDIR H-PATH:H-REDIR"},
		"a reserved address": {
			func(s *site) { s.serve(0, s.files()); s.opts.AllowReserved = false },
			[]string{"D-RESERVED", "H-PORT80", "H-TOKEN", "H-LB", "H-VANTAGE"},
			"H-PORT80:D-RESERVED H-TOKEN:D-RESERVED H-LB:D-RESERVED",
		},
		"another address is answered":       {func(s *site) { refused(s); s.want("127.0.0.12") }, []string{"D-EXPECT", "H-PORT80"}, "H-PORT80:D-EXPECT"},
		"no resolver":                       {nothing, []string{"D-RESOLV", "D-DNSSEC", "D-NEG"}, "D-NEG:D-RESOLV D-DNSSEC:D-RESOLV"},
		"nobody is asked":                   {func(s *site) { s.subject.Zone.Servers = nil }, []string{"D-AUTH", "D-TTL", "D-EXPECT", "D-NSOK"}, "D-TTL:D-AUTH D-NSOK:D-AUTH"},
		"a name that is missing":            {func(s *site) { s.answer() }, []string{"D-WWW", "D-EXPECT", "D-TTL", "D-SINGLE"}, "D-EXPECT:D-WWW D-SINGLE:D-WWW D-TTL:D-WWW"},
		"the old address is gone":           {func(s *site) { refused(s); s.hold("127.0.0.11"); s.want("127.0.0.12") }, []string{"D-EXPECT", "B-BRIDGE"}, "B-BRIDGE:D-EXPECT"},
		"a CDN that loses the token":        {func(s *site) { s.serve(0, challenge()) }, []string{"H-CDN", "H-TOKEN", "H-PATH", "H-WAF"}, "H-TOKEN:H-CDN H-PATH:H-CDN H-WAF:H-CDN"},
		"a catch-all of one's own":          {func(s *site) { s.serve(0, catchAll); s.client(s.addrs[0]) }, []string{"H-TOKEN", "H-PARK"}, "H-PARK:H-TOKEN"},
		"a catch-all of whoever":            {func(s *site) { s.serve(0, catchAll) }, []string{"H-TOKEN", "H-PARK"}, ""},
		"an address nobody has seen before": {func(s *site) { s.serve(0, catchAll); s.want("127.0.0.12") }, []string{"D-EXPECT", "B-BRIDGE"}, "B-BRIDGE:D-EXPECT"},
		"the former address":                {func(s *site) { s.serve(0, catchAll); s.want("127.0.0.12"); had(s) }, []string{"D-EXPECT", "B-BRIDGE"}, ""},
		"the live address, as a run was cancelled": {func(s *site) {
			s.serve(0, catchAll)
			s.want("127.0.0.12")
			s.hold("127.0.0.11")
			had(s)
			s.subject.Pending = []Pending{{Type: zone.A, Until: s.opts.Now().Add(time.Hour)}}
		}, []string{"D-EXPECT", "B-BRIDGE"}, "B-BRIDGE:D-EXPECT"},
		"the live address, and a run moves it": {func(s *site) {
			s.serve(0, catchAll)
			s.want("127.0.0.12")
			s.hold("127.0.0.11")
			s.subject.Pending = []Pending{{Type: zone.A, Run: "01K"}}
		}, []string{"D-EXPECT", "B-BRIDGE"}, ""},
		"a server that is down": {func(s *site) { s.beside("127.0.0.1:1") }, []string{"D-AUTH", "D-NSOK"}, "D-NSOK:D-AUTH"},
		"a server that lags":    {func(s *site) { s.lag(); s.hold("127.0.0.11") }, []string{"D-AUTH", "D-EXPECT"}, "D-EXPECT:D-AUTH"},
		"servers that differ":   {(*site).lag, []string{"D-AUTH", "D-EXPECT"}, ""},
		"an alias to nowhere":   {func(s *site) { s.answerWith("www.example.org. 300 IN CNAME gone.example.org.") }, []string{"D-CNAME", "D-EXPECT"}, "D-EXPECT:D-CNAME"},
		"no backup":             {backupIs(Backup{}, nil), []string{"O-BACKUP", "O-ROLL"}, "O-ROLL:O-BACKUP"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "127.0.0.11")
			c.with(s)
			var got []string
			for _, f := range Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: c.only}).Findings {
				if f.Because != "" {
					got = append(got, fmt.Sprintf("%s:%s", f.Check, f.Because))
				}
				if f.Outcome == Pass && f.Because != "" {
					t.Errorf("%s passes because of %s", f.Check, f.Because)
				}
			}
			if text := fmt.Sprint(got); text != fmt.Sprintf("[%s]", c.want) {
				t.Errorf("%s\nwant [%s]", text, c.want)
			}
		})
	}
}

// What is so because of an alias, or of a server that lags, is not to be written: it
// would be refused, or is there already.
func TestRemediesOfConsequences(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.lag()
	Offers(t, s.only("D-EXPECT", Fail), "dnsplan apply")
	s.hold("127.0.0.11")
	if text := pasted(s.only("D-EXPECT", Fail)); !strings.Contains(text, "rndc retransfer example.org") || strings.Contains(text, "dnsplan apply") {
		t.Errorf("of a server that lags: %s", text)
	}
	s.answerWith("www.example.org. 300 IN CNAME gone.example.org.")
	Offers(t, s.only("D-EXPECT", Fail), "www IN CNAME gone.example.org.", "replace_cname = true")
	s.serve(0, challenge())
	s.answer("127.0.0.11")
	f := s.only("H-TOKEN", Fail)
	Offers(t, f, "http.host eq")
	if text := pasted(f); strings.Contains(text, "location ") {
		t.Errorf("lines for a server of the CDN: %s", text)
	}
}

// Consequences lead to what stands for itself, and in no circle.
func TestSettled(t *testing.T) {
	f := func(id ID, o Outcome, because ID) Finding { return Finding{Check: id, Outcome: o, Because: because} }
	for _, c := range []struct {
		found []Finding
		want  []ID
	}{
		{[]Finding{f("A", Fail, ""), f("B", Unknown, "A"), f("C", Unknown, "B")}, []ID{"", "A", "A"}},
		{[]Finding{f("A", Pass, ""), f("B", Unknown, "A"), f("C", Unknown, "B")}, []ID{"", "", ""}},
		{[]Finding{f("A", Unknown, "B"), f("B", Unknown, "A")}, []ID{"", ""}},
		{[]Finding{f("A", Fail, ""), f("B", Fail, "A"), f("B", Fail, ""), f("C", Unknown, "B")}, []ID{"", "A", "", "B"}},
		{[]Finding{f("C", Unknown, "X")}, []ID{""}},
	} {
		var got []ID
		for _, x := range settled(c.found) {
			got = append(got, x.Because)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.found, got, c.want)
		}
	}
}
