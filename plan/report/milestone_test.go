package report_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/report"
)

// certified is move of a name that is validated by HTTP-01, at an authority that
// forgets within a minute.
func certified(t testing.TB) *plan.Plan {
	p := move(t)
	c := &p.Changes[0]
	c.ACME, c.Challenge = plan.HTTP01, &plan.Challenge{Port: 80, HTTPSPort: 443, Planter: "web-02"}
	c.Certificate = &plan.Probe{Type: plan.ProbeTLS, Port: 443, Host: "www.example.org", Timeout: 5}
	p.Policy.Authority = &plan.Authority{Name: "Let's Encrypt", Ready: 60, Known: true}
	p.Milestones = []plan.Milestone{
		{Name: plan.CAReady, Changes: []string{"c1"}, After: "s8", Seconds: 60, Detail: "all authoritative servers agree, and Let's Encrypt forgets an old answer within 1m"},
		{Name: plan.WorldReady, Changes: []string{"c1"}, After: "s9", Detail: "the old answer has run out in every cache"},
	}
	return p
}

// TestMilestonesGolden: when certificates can be issued stands in the plan, and in
// the run as far as it is known.
func TestMilestonesGolden(t *testing.T) {
	p := certified(t)
	golden(t, "plan-certified.txt", func(w io.Writer) error { return report.PlanText(w, p, options()) })
	golden(t, "plan-certified.md", func(w io.Writer) error { return report.PlanMarkdown(w, p, options()) })
	o := options()
	o.Now = made.Add(25 * time.Hour)
	events := story(t, complete)
	golden(t, "run-certified.txt", func(w io.Writer) error { return report.RunText(w, report.NewRun(p, events, false), o) })
	golden(t, "result-certified.txt", func(w io.Writer) error {
		return report.ResultText(w, p, report.NewResult(p, events, execute.Fold(p, events).Result(), 0, o.Now), o)
	})
}

// TestMilestonesOfRuns: a moment is known once the step before it is done, and is
// none where it was taken back.
func TestMilestonesOfRuns(t *testing.T) {
	agreed, _, _ := strings.Cut(switched, "24h15s wait s9")
	for name, tt := range map[string]struct {
		story string
		want  []string
	}{
		"lowered":   {lowered, nil},
		"agreed":    {agreed, []string{"ca-ready 24h1m15s"}},
		"forgotten": {switched, []string{"ca-ready 24h1m15s", "world-ready 24h5m17s"}},
		"complete":  {complete, []string{"ca-ready 24h1m15s", "world-ready 24h5m17s"}},
		"back":      {rolledBack, nil},
	} {
		var got []string
		for _, m := range report.NewRun(certified(t), story(t, tt.story), true).Milestones {
			got = append(got, string(m.Name)+" "+m.At.Sub(made).String())
		}
		if strings.Join(got, ", ") != strings.Join(tt.want, ", ") {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestMilestonesAreToldOnce, as soon as they are known, in each view.
func TestMilestonesAreToldOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		view func(io.Writer) *report.Progress
		want []string
	}{
		"json": {report.NewJSON, []string{
			`"type":"milestone","time":"2026-11-24T06:00:15Z","run":"` + planID + `","until":"2026-11-24T06:01:15Z","milestone":"ca-ready"`,
			`"milestone":"world-ready"`,
		}},
		"plain": {func(w io.Writer) *report.Progress { return report.NewPlain(w, options()) }, []string{
			"ca-ready at 06:01:15 UTC: all authoritative servers agree", "world-ready at ",
		}},
		"live": {func(w io.Writer) *report.Progress { return report.NewLive(w, options()) }, []string{"ca-ready at", "world-ready at"}},
	} {
		var b bytes.Buffer
		play(t, tt.view(&b), certified(t), complete, 0, 8*time.Hour)
		out := strings.ReplaceAll(b.String(), "\u00a0", " ")
		for _, want := range tt.want {
			if n := strings.Count(out, want); n != 1 {
				t.Errorf("%s: %q is told %d times in\n%s", name, want, n, out)
			}
		}
	}
}
