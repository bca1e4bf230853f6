package report_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
)

// story reads events as lines: "5m done s3 example.org. until=1h error=text".
// Times count from when the plan was made; underscores stand for blanks.
func story(t testing.TB, lines string) (events []journal.Event) {
	t.Helper()
	for l := range strings.Lines(lines) {
		f := strings.Fields(l)
		if len(f) == 0 {
			continue
		}
		e := journal.Event{Seq: len(events) + 1, At: made.Add(offset(t, f[0])), Kind: journal.Kind(f[1])}
		for _, w := range f[2:] {
			key, value, tagged := strings.Cut(w, "=")
			value = strings.ReplaceAll(value, "_", " ")
			switch {
			case key == "undo":
				e.Undo = true
			case key == "until":
				e.Until = made.Add(offset(t, value))
			case key == "error":
				e.Error = value
			case key == "message":
				e.Message = value
			case key == "data":
				_, raw, _ := strings.Cut(w, "=")
				e.Data = json.RawMessage(strings.ReplaceAll(raw, "+", " "))
			case tagged:
				t.Fatalf("unknown word %q", w)
			case strings.HasPrefix(w, "s"):
				e.Step = w
			default:
				e.Zone = w
			}
		}
		events = append(events, e)
	}
	return events
}

func offset(t testing.TB, s string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const lowered = `
	0s begin
	0s start s1
	1s done s1 example.org. data={"backup":".dnsplan/backups/20261123T060000Z-example.org.json"}
	1s start s2
	2s done s2 example.org. data={"resolvers":["google","quad9"]}
	2s start s3
	3s done s3 example.org. data={"written":1}
	3s start s4
	8s done s4 example.org.
	8s wait s5 example.org. until=24h10s
`

const switched = lowered + `
	24h10s done s5 example.org.
	24h10s start s6
	24h11s done s6 example.org.
	24h11s start s7
	24h12s done s7 example.org. data={"written":1}
	24h12s start s8
	24h15s done s8 example.org.
	24h15s wait s9 example.org. until=24h5m17s
	24h5m17s done s9 example.org.
	24h5m17s start s10
`

const complete = switched + `
	24h5m20s done s10 example.org. data={"verified_by":["ns1.example.org.+192.0.2.53:53","google+8.8.8.8:53"]}
	24h5m20s wait s11 example.org. until=24h15m20s
	24h15m20s start s11
	24h15m21s done s11 example.org.
	24h15m21s start s12
	24h15m22s done s12 example.org.
	24h15m22s end
`

const held = switched + `
	24h15m18s hold s10 example.org. error=resolver_quad9_9.9.9.9:53_still_answers_192.0.2.1_with_a_TTL_of_4000_s,_longer_than_it_was_allowed_to data={"class":"lagging"}
`

const rolledBack = switched + `
	24h15m18s failed s10 example.org. error=ns2.example.org._192.0.2.54:53_answers_192.0.2.1 data={"class":"disagree"}
	24h15m18s start s7 undo
	24h15m19s done s7 example.org. undo data={"written":1}
	24h15m20s start s3 undo
	24h15m21s done s3 example.org. undo data={"written":1}
	24h15m21s end
`

// runs are the stories, with when they are looked at and whether a process is
// at work then.
func runs() map[string]struct {
	story string
	at    string
	alive bool
	exit  int
} {
	return map[string]struct {
		story string
		at    string
		alive bool
		exit  int
	}{
		"new":         {"", "0s", false, 1},
		"running":     {lowered, "12m", true, 0},
		"interrupted": {lowered + "20m interrupted", "3h", false, 130},
		"killed":      {switched, "25h", false, 1},
		"done":        {complete, "25h", false, 0},
		"held":        {held, "25h", false, 4},
		"failed":      {rolledBack, "25h", false, 1},
		"cancelled":   {lowered + "20m cancel\n20m1s start s3 undo\n20m2s done s3 example.org. undo\n20m2s end", "21m", false, 1},
		"warned":      {lowered + "9s warning message=ns3.example.org._has_no_route_from_here", "10s", true, 0},
	}
}

func TestRun(t *testing.T) {
	p := move(t)
	for name, r := range runs() {
		t.Run(name, func(t *testing.T) {
			o := report.Options{Now: made.Add(offset(t, r.at))}
			events := story(t, r.story)
			run := report.NewRun(p, events, r.alive)
			golden(t, "run-"+name+".txt", func(w io.Writer) error { return report.RunText(w, run, o) })
			golden(t, "run-"+name+".json", func(w io.Writer) error { return report.RunJSON(w, run) })
			res := report.NewResult(p, events, execute.Fold(p, events).Result(), r.exit, o.Now)
			golden(t, "result-"+name+".txt", func(w io.Writer) error { return report.ResultText(w, p, res, o) })
			golden(t, "result-"+name+".json", func(w io.Writer) error { return report.ResultJSON(w, res) })
		})
	}
}

func TestRunState(t *testing.T) {
	want := map[string]report.RunState{
		"new": report.RunNotBegun, "running": report.RunRunning, "interrupted": report.RunInterrupted,
		"killed": report.RunInterrupted, "done": report.RunDone, "held": report.RunHolding, "failed": report.RunFailed,
		"cancelled": report.RunCancelled, "warned": report.RunRunning,
	}
	for name, r := range runs() {
		if got := report.NewRun(move(t), story(t, r.story), r.alive).State; got != want[name] {
			t.Errorf("%s is %q, want %q", name, got, want[name])
		}
	}
}

// TestRunOfTwoZones: one zone fails, the other goes on.
func TestRunOfTwoZones(t *testing.T) {
	p := twoZones(t)
	events := story(t, twoZonesStory)
	o := report.Options{Now: made.Add(time.Hour)}
	golden(t, "run-zones.txt", func(w io.Writer) error { return report.RunText(w, report.NewRun(p, events, false), o) })
	res := report.NewResult(p, events, execute.Fold(p, events).Result(), 4, o.Now)
	golden(t, "result-zones.txt", func(w io.Writer) error { return report.ResultText(w, p, res, o) })
}

func twoZones(t testing.TB) *plan.Plan {
	return buildPlan(t, plan.Direct,
		site{zone: "example.net.", provider: "bind", live: "www 300 A 192.0.2.1", want: "www 300 A 203.0.113.1"},
		site{zone: "example.org.", provider: "cf", live: "www 300 A 192.0.2.1\nold 300 A 192.0.2.3", want: "www 300 A 203.0.113.1\nnew 300 A 203.0.113.9", prune: true},
	)
}

const twoZonesStory = `
	0s begin
	0s start s1
	1s done s1 example.net. data={"backup":"a.json"}
	1s done s1 example.org. data={"backup":"b.json"}
	1s start s2
	2s failed s2 example.net. error=switch_in_example.net.:_refused:_NOTAUTH data={"class":"refused"}
	3s done s2 example.org.
	3s start s2 undo
	4s done s2 example.net. undo data={"written":0}
	4s end
`

func TestRuns(t *testing.T) {
	o := report.Options{Now: made.Add(25 * time.Hour)}
	var list []report.Run
	for _, name := range []string{"running", "held", "done", "failed", "interrupted", "new"} {
		r := runs()[name]
		list = append(list, report.NewRun(move(t), story(t, r.story), r.alive))
	}
	list = append(list, report.NewRun(twoZones(t), story(t, twoZonesStory), false))
	golden(t, "runs.txt", func(w io.Writer) error { return report.RunsText(w, list, o) })
	golden(t, "runs.json", func(w io.Writer) error { return report.RunsJSON(w, list[:1]) })
	golden(t, "runs-none.txt", func(w io.Writer) error { return report.RunsText(w, nil, o) })
	golden(t, "runs-none.json", func(w io.Writer) error { return report.RunsJSON(w, nil) })
}

// TestRunOfUnknownSteps: a journal may hold what a newer dnsplan wrote.
func TestRunOfUnknownSteps(t *testing.T) {
	events := story(t, "0s begin\n0s start s99\n1s done s99 example.org.\n1s poked s1\n2s failed s98 example.com. undo error=x\n3s hold")
	for _, alive := range []bool{true, false} {
		run := report.NewRun(move(t), events, alive)
		_ = text(t, func(w io.Writer) error { return report.RunText(w, run, options()) })
		_ = text(t, func(w io.Writer) error { return report.RunJSON(w, run) })
	}
}

func TestNothing(t *testing.T) {
	r := report.Result{Outcome: report.OutcomeNothing, Began: made, Ended: made}
	golden(t, "result-nothing.txt", func(w io.Writer) error { return report.ResultText(w, nil, r, options()) })
	golden(t, "result-nothing.json", func(w io.Writer) error { return report.ResultJSON(w, r) })
}

// TestResultOfManyChanges would take minutes if each change walked all others.
func TestResultOfManyChanges(t *testing.T) {
	p := many(t, 20000)
	events := story(t, complete)
	res := execute.Result{Run: p.ID, Outcome: execute.OutcomeDone}
	for i := range p.Changes {
		res.Changes = append(res.Changes, execute.ChangeResult{Change: &p.Changes[i], Made: execute.Pending})
	}
	r := report.NewResult(p, events, res, 0, made)
	if n := len(r.Changes); n != 20000 || r.Changes[n-1].Live == nil || r.Changes[n-1].Live.TTL != 3600 {
		t.Errorf("%d changes, the last one %+v", n, r.Changes[n-1])
	}
	got := text(t, func(w io.Writer) error { return report.ResultText(w, p, r, options()) })
	if !strings.Contains(got, "... and 19950 more changes") {
		t.Errorf("the rest is not counted:\n%.500s", got)
	}
}
