package report_test

import (
	"io"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/report"
)

// What failed and was put right by closing is a warning of a run that is done.
func TestWhatWasPutRightIsAWarning(t *testing.T) {
	p := move(t)
	done, _, _ := strings.Cut(complete, "24h15m22s done s12")
	events := story(t, done+`24h15m40s failed s12 example.org. error=no_answer data={"class":"unreachable"}
	24h15m40s start s12 undo
	24h15m41s done s12 example.org. undo data={"written":1}
	24h15m41s end
`)
	r := report.NewResult(p, events, execute.Fold(p, events).Result(), 0, made)
	if r.Outcome != execute.OutcomeDone || len(r.Failures) != 1 || r.Failures[0].State != report.StepWarning {
		t.Fatalf("%s, %+v", r.Outcome, r.Failures)
	}
	got := text(t, func(w io.Writer) error { return report.ResultText(w, p, r, options()) })
	if !strings.Contains(got, "no answer") || !strings.Contains(got, "1 of 1 change applied") {
		t.Error(got)
	}
	if run := report.NewRun(p, events, false); run.State != report.RunDone || len(run.Next) > 0 {
		t.Errorf("shown as %s, next %v", run.State, run.Next)
	}
}
