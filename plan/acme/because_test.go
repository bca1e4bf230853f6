package acme

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// What is so only because of another check says of which, over others as well, and
// only where that one was made and is not well.
func TestBecause(t *testing.T) {
	refused := func(s *site) { _ = s.ls[0].Close() }
	nothing := func(s *site) { s.serve(0, http.NotFoundHandler()); s.opts.Planter = nil }
	for name, c := range map[string]struct {
		with func(*site)
		only []string
		want string
	}{
		"nobody listens":                {refused, []string{"H"}, "H-TOKEN:H-PORT80 H-PATH:H-PORT80 H-REDIR:H-PORT80 H-PARK:H-PORT80 H-CDN:H-PORT80 H-WAF:H-PORT80 H-LB:H-PORT80"},
		"nobody is asked whether":       {refused, []string{"H-REDIR", "H-LB"}, ""},
		"nobody listens, no planter":    {func(s *site) { refused(s); s.opts.Planter = nil }, []string{"H-PORT80", "H-TOKEN", "H-LB"}, "H-LB:H-PORT80"},
		"no planter":                    {nothing, []string{"H"}, "H-LB:H-TOKEN"},
		"no planter, and none is asked": {nothing, []string{"H-LB"}, ""},
		"a redirect to nowhere":         {func(s *site) { s.serve(0, redirects(301, "http://www.example.org:8443/x")) }, []string{"H-TOKEN", "H-PATH", "H-REDIR", "H-WAF"}, "H-TOKEN:H-REDIR H-PATH:H-REDIR"},
		"a reserved address": {
			func(s *site) { s.serve(0, s.files()); s.opts.AllowReserved = false },
			[]string{"D-RESERVED", "H-PORT80", "H-TOKEN", "H-LB", "H-VANTAGE"},
			"H-PORT80:D-RESERVED H-TOKEN:D-RESERVED H-LB:D-RESERVED",
		},
		"another address is answered": {func(s *site) { refused(s); s.want("127.0.0.12") }, []string{"D-EXPECT", "H-PORT80"}, "H-PORT80:D-EXPECT"},
		"no resolver":                 {nothing, []string{"D-RESOLV", "D-DNSSEC", "D-NEG"}, "D-NEG:D-RESOLV D-DNSSEC:D-RESOLV"},
		"nobody is asked":             {func(s *site) { s.subject.Zone.Servers = nil }, []string{"D-AUTH", "D-TTL", "D-EXPECT", "D-NSOK"}, "D-TTL:D-AUTH D-NSOK:D-AUTH"},
		"a name that is missing":      {func(s *site) { s.answer() }, []string{"D-WWW", "D-EXPECT", "D-TTL", "D-SINGLE"}, "D-EXPECT:D-WWW D-SINGLE:D-WWW D-TTL:D-WWW"},
		"the old address is gone":     {func(s *site) { refused(s); s.hold("127.0.0.11"); s.want("127.0.0.12") }, []string{"D-EXPECT", "B-BRIDGE"}, "B-BRIDGE:D-EXPECT"},
		"no backup":                   {backupIs(Backup{}, nil), []string{"O-BACKUP", "O-ROLL"}, "O-ROLL:O-BACKUP"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "127.0.0.11")
			c.with(s)
			var got []string
			for _, f := range New(s.opts).Examine(t.Context(), []*Subject{s.subject}, Selection{Only: c.only}).Findings {
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
