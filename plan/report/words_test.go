package report_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
	"github.com/dnsplan/dnsplan/plan/verify"
)

// TestDrift: nothing is about to change, so there is no plan and no timeline.
func TestDrift(t *testing.T) {
	all := plans(t)
	for name, want := range map[string]string{
		"kinds": "Drift: 10 RRsets differ.", "move": "Drift: 1 RRset differs.", "conflicts": "Drift: 2 conflicts.", "unmanaged": "No drift.",
	} {
		render := func(w io.Writer) error { return report.DriftText(w, all[name], options()) }
		golden(t, "drift-"+name+".txt", render)
		got := text(t, render)
		if last := lastLine(got); last != want {
			t.Errorf("%s: last line %q, want %q", name, last, want)
		}
		for _, no := range []string{"will change", "Timeline", planID, "apply"} {
			if strings.Contains(got, no) {
				t.Errorf("%s: says %q:\n%s", name, no, got)
			}
		}
	}
}

// TestMixedTTLs: a TTL that stays, in records that do not all have it.
func TestMixedTTLs(t *testing.T) {
	p := move(t)
	c := &p.Changes[0]
	c.Action, c.Before.Mixed, c.After.TTL = plan.TTL, true, c.Before.TTL
	want := fmt.Sprintf("mixed, at most 1d (%d s) -> 1d (%[1]d s)", c.Before.TTL)
	if got := text(t, func(w io.Writer) error { return report.PlanText(w, p, options()) }); !strings.Contains(got, want) {
		t.Errorf("does not say %q:\n%s", want, got)
	}
}

// TestWhoIsAsked: a plan promises no answers of servers that nobody asks.
func TestWhoIsAsked(t *testing.T) {
	for name, tt := range map[string]struct {
		servers, resolvers bool
		no                 []string
	}{
		"nobody":    {false, false, []string{"answer,", "agree", "give", "*", "forgotten the"}},
		"servers":   {true, false, []string{"resolvers give", "have forgotten", "servers and resolvers"}},
		"resolvers": {false, true, []string{"servers answer", "servers agree", "servers and resolvers"}},
	} {
		p := move(t)
		p.Zones[0].Discover = tt.servers
		if !tt.resolvers {
			p.Policy.Resolvers = nil
		}
		golden(t, "plan-asks-"+name+".txt", func(w io.Writer) error { return report.PlanText(w, p, options()) })
		got := text(t, func(w io.Writer) error { return report.PlanText(w, p, options()) })
		for _, no := range tt.no {
			if strings.Contains(got, no) {
				t.Errorf("%s: says %q:\n%s", name, no, got)
			}
		}
	}
}

// TestOnly: a plan that was limited says to what; the name of a zone is its
// apex, which is told to who meant the zone.
func TestOnly(t *testing.T) {
	for name, want := range map[string]string{
		"www.example.org.": "Compared www.example.org only.\n",
		"example.org.":     "Compared example.org only (only the apex: leave NAME out for the whole zone).\n",
	} {
		o := options()
		o.Only = []zone.Name{zone.Name(name)}
		for _, p := range []string{"empty", "move"} {
			got := text(t, func(w io.Writer) error { return report.PlanText(w, plans(t)[p], o) })
			if !strings.Contains(strings.ReplaceAll(got, "\n  whole zone", " whole zone"), want) {
				t.Errorf("%s of %s: want %q in:\n%s", name, p, want, got)
			}
		}
	}
}

// TestCommand: what is suggested can be pasted wherever it is printed.
func TestCommand(t *testing.T) {
	o := options()
	o.Width = 200
	o.Command = func(words string) string { return "dnsplan " + words + " -i site.toml" }
	p := move(t)
	events := story(t, switched)
	r := report.NewResult(p, events, execute.Fold(p, events).Result(), 130, made.Add(25*time.Hour))
	r.ChangeLog, r.Changes[0].Live = "change-log.md", nil
	var live strings.Builder
	report.NewLive(&live, o).Begin(p, planID)
	for where, tt := range map[string]struct{ text, want string }{
		"live":     {live.String(), "go on with: dnsplan resume " + planID + " -i site.toml"},
		"log":      {text(t, func(w io.Writer) error { return report.ResultText(w, p, r, o) }), "(dnsplan log -i site.toml)"},
		"unknown":  {text(t, func(w io.Writer) error { return report.ResultText(w, p, r, o) }), "dnsplan verify www.example.org -i site.toml"},
		"markdown": {text(t, func(w io.Writer) error { return report.PlanMarkdown(w, p, o) }), "dnsplan apply change.plan -i site.toml\n"},
	} {
		if !strings.Contains(tt.text, tt.want) {
			t.Errorf("%s: want %q in:\n%s", where, tt.want, tt.text)
		}
	}
}

// TestHeldWhileTakingBack: what can be done there is to finish taking back, not
// to bring the new values in.
func TestHeldWhileTakingBack(t *testing.T) {
	p := move(t)
	events := story(t, switched+`
		24h15m18s failed s10 example.org. error=ns2_answers_192.0.2.1 data={"class":"disagree"}
		24h15m18s start s7 undo
		24h15m19s hold s7 example.org. undo error=provider_is_down data={"class":"unreachable"}`)
	o := report.Options{Now: made.Add(25 * time.Hour)}
	golden(t, "run-closing.txt", func(w io.Writer) error { return report.RunText(w, report.NewRun(p, events, false), o) })
	res := report.NewResult(p, events, execute.Fold(p, events).Result(), 4, o.Now)
	golden(t, "result-closing.txt", func(w io.Writer) error { return report.ResultText(w, p, res, o) })
}

// TestVerifiedByNobody: where no server was asked, the result says so, and the
// entries of the change log stand in it.
func TestVerifiedByNobody(t *testing.T) {
	p := twoZones(t)
	events := story(t, `
		0s begin
		0s start s1
		1s done s1 example.net.
		1s done s1 example.org.
		1s start s2
		3s done s2 example.net. data={"written":1}
		3s done s2 example.org. data={"written":3}
		4s end`)
	r := report.NewResult(p, events, execute.Fold(p, events).Result(), 0, made.Add(4*time.Second))
	r.ChangeLog = ".dnsplan/change-log.md"
	for i := range 12 {
		r.Logged = append(r.Logged, journal.Change{
			At: made, Zone: "example.org.", Name: zone.Name(fmt.Sprintf("h%d.example.org.", i)), Type: "A", Action: "update",
			OldValues: []string{"192.0.2.1"}, NewValues: []string{"203.0.113.1"}, OldTTL: 300, NewTTL: 300, Run: planID, By: "ops",
		})
	}
	golden(t, "result-nobody.txt", func(w io.Writer) error { return report.ResultText(w, p, r, options()) })
	golden(t, "run-nobody.txt", func(w io.Writer) error { return report.RunText(w, report.NewRun(p, events, false), options()) })
}

// TestVerifyOfSilentServers: the last line says why the exit code is 2.
func TestVerifyOfSilentServers(t *testing.T) {
	line := func(server string, resolver bool, v verify.Verdict) verify.Line {
		l := verification().RRsets[0].Lines[3]
		l.Server, l.Resolver, l.Verdict = server, resolver, v
		return l
	}
	for want, lines := range map[string][]verify.Line{
		"All 2 answers agree.": {line("ns1.example.org.", false, verify.Agrees), line("google", true, verify.Agrees), line("quad9", true, verify.Silent)},
		"1 authoritative server does not answer: ns2.example.org.": {line("ns1.example.org.", false, verify.Agrees), line("ns2.example.org.", false, verify.Silent)},
		"Too few resolvers answer: 1 of 2 answers came.":           {line("ns1.example.org.", false, verify.Agrees), line("google", true, verify.Silent)},
	} {
		v := report.Verification{Require: "all", RRsets: []report.Verified{{Want: verification().RRsets[0].Want, Lines: lines}}}
		got := lastLine(text(t, func(w io.Writer) error { return report.VerifyText(w, v, options()) }))
		if got != want {
			t.Errorf("last line %q, want %q", got, want)
		}
		if strings.HasPrefix(got, "All ") != v.Agree() {
			t.Errorf("%q, and agreement is %t", got, v.Agree())
		}
	}
}

// TestConflictText: each conflict says what to do about it.
func TestConflictText(t *testing.T) {
	for _, c := range plans(t)["conflicts"].Conflicts {
		if got := report.ConflictText(c); !strings.HasPrefix(got, c.Reason+" (delete it") {
			t.Errorf("%q", got)
		}
	}
	held := plan.Conflict{Zone: "example.org.", Reason: plan.HeldOpen + "of run 01A"}
	if got := report.ConflictText(held); !strings.HasSuffix(got, "dnsplan recover --scan-zone example.org)") {
		t.Errorf("held open: %q", got)
	}
	if got := report.ConflictText(plan.Conflict{Reason: "other"}); got != "other" {
		t.Errorf("%q", got)
	}
}

// TestInterruptedOnce: a pipe reads it in one line.
func TestInterruptedOnce(t *testing.T) {
	var b strings.Builder
	play(t, report.NewPlain(&b, options()), move(t), lowered+"20m interrupted", 130, time.Hour)
	if n := strings.Count(b.String(), "interrupted"); n != 1 {
		t.Errorf("said %d times:\n%s", n, b.String())
	}
}
