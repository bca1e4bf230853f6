package report_test

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/report"
)

// theirs is a run that someone else has come between: it holds at its gate.
const theirs = `24h6m hold s6 example.org. error=someone_else data={"class":"moved","live":{"c1":{"ttl":77,"values":["198.51.100.5"],"proxied":false}}}
`

// untilGate is the complete story before its gate.
func untilGate(t *testing.T) string {
	t.Helper()
	before, _, ok := strings.Cut(complete, " start s6")
	if !ok {
		t.Fatal("the story has no such step")
	}
	return complete[:strings.LastIndex(before, "\n")+1]
}

// A run that holds because of someone else shows what is there now, and the ways
// on.
func TestSomeoneElsesValueIsShown(t *testing.T) {
	p := move(t)
	events := story(t, untilGate(t)+"24h5m start s6\n"+theirs)
	r := report.NewResult(p, events, execute.Fold(p, events).Result(), 4, made)
	got := text(t, func(w io.Writer) error { return report.ResultText(w, p, r, options()) })
	flat := strings.Join(strings.Fields(got), " ")
	for _, want := range []string{
		"holding, needs you", "now 198.51.100.5 (TTL 1m17s), which someone else has set",
		"resume " + p.ID + " --accept-live leave what someone else has set", "rollback " + p.ID,
	} {
		if !strings.Contains(flat, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if run := report.NewRun(p, events, false); run.State != report.RunHolding || len(run.Next) != 3 {
		t.Errorf("shown as %s, next %v", run.State, run.Next)
	}
}

// Left to someone else, the change is told as such, its steps are skipped, and
// the run is done.
func TestWhatWasLeftIsShown(t *testing.T) {
	p := move(t)
	events := story(t, untilGate(t)+"24h5m start s6\n"+theirs+
		`24h7m accept data={"left":["c1"],"live":{"c1":{"ttl":77,"values":["198.51.100.5"],"proxied":false}}}
		24h7m end
`)
	r := report.NewResult(p, events, execute.Fold(p, events).Result(), 0, made)
	got := text(t, func(w io.Writer) error { return report.ResultText(w, p, r, options()) })
	if r.Outcome != execute.OutcomeDone || !strings.Contains(got, "! left") || !strings.Contains(got, "198.51.100.5") || !strings.Contains(got, "0 of 1 change applied") {
		t.Errorf("%s:\n%s", r.Outcome, got)
	}
	run := report.NewRun(p, events, false)
	if run.State != report.RunDone {
		t.Errorf("shown as %s", run.State)
	}
	if i := slices.IndexFunc(run.Steps, func(s report.RunStep) bool { return s.ID == "s7" }); run.Steps[i].State != report.StepSkipped || run.Steps[5].State != report.StepSkipped {
		t.Errorf("steps: %+v", run.Steps)
	}
}

// What has become of the runs that had not ended, for people.
func TestRecoveryText(t *testing.T) {
	list := []report.Recovery{
		{Run: "R1", State: report.RunDone, Resumed: true},
		{Run: "R2", State: report.RunRunning},
		{Run: "R3", State: report.RunHolding, ExitCode: 4, Next: []report.Command{{Command: "dnsplan resume R3", Does: "go on"}}},
		{Run: "R4", State: report.RunDamaged, ExitCode: 4, Error: "line 2", Folder: "runs/R4"},
	}
	got := text(t, func(w io.Writer) error { return report.RecoveryText(w, list, options()) })
	for _, want := range []string{"R1: done\n", "R2: running, another process works on it\n", "R3: holding, needs you, left as it is\n", "dnsplan resume R3", "line 2", "runs/R4"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if got := text(t, func(w io.Writer) error { return report.RecoveryText(w, nil, options()) }); got != "Nothing to recover: every run has ended.\n" {
		t.Error(got)
	}
}

// One zone holds, the other went on to its end: the run holds, and what the first
// one has not done is pending. While the other has work left, the run was stopped.
func TestOneZoneHolds(t *testing.T) {
	two := func(name string) site {
		return site{zone: name, provider: "cf", live: "www 86400 A 192.0.2.1", want: "www 3600 A 203.0.113.11"}
	}
	p := buildPlan(t, plan.Staged, two("a.example."), two("b.example."))
	begun := "0s begin\n0s start s6\n0s hold s6 a.example. error=someone_else data={\"class\":\"moved\"}\n0s done s6 b.example.\n0s start s7\n"
	for _, c := range []struct {
		story string
		state report.RunState
		step  report.StepState
	}{
		{begun + "0s done s7 b.example.\n", report.RunHolding, report.StepPending},
		{begun, report.RunInterrupted, report.StepInterrupted},
	} {
		run := report.NewRun(p, story(t, c.story), false)
		i := slices.IndexFunc(run.Steps, func(s report.RunStep) bool { return s.ID == "s7" })
		if run.State != c.state || run.Steps[i].State != c.step {
			t.Errorf("%s, step s7 %s, want %s and %s", run.State, run.Steps[i].State, c.state, c.step)
		}
	}
}
