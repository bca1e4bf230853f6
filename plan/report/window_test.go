package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/report"
)

// issuance is the plan of an issuance window over www.example.org.
func issuance(t testing.TB, w plan.Window, live string) *plan.Plan {
	t.Helper()
	d := site{zone: "example.org.", provider: "cf", live: live}.diff(t)
	z := plan.WindowZone{Desired: d.Desired, Live: d.Live, Names: []zone.Name{"www.example.org."}, Proxy: true, Comments: true}
	p, err := plan.BuildWindow([]plan.WindowZone{z}, w, plan.Policy{Timeout: 600, By: "ops"}, plan.Origin{ID: planID, Created: made, Inventory: plan.Inventory{Path: "inventory.toml", SHA256: "00"}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const proxiedWWW = "www 300 A 192.0.2.1 proxied\nwww 300 AAAA 2001:db8::1 proxied"

var (
	certbot = plan.Window{Deadline: 1200, Ready: 60, Command: "certbot"}
	hooked  = plan.Window{Deadline: 1200, Ready: 60, Hook: true}
	// comparing has its certificates compared.
	comparing = plan.Window{Deadline: 1200, Ready: 60, Command: "certbot", Certificates: []plan.OriginCertificate{
		{Name: "www.example.org.", Address: netip.MustParseAddr("192.0.2.1"), Serial: "3a"},
		{Name: "www.example.org.", Address: netip.MustParseAddr("2001:db8::1"), Serial: "3a"},
	}}
)

const opened = `
	0s begin
	0s start s1
	1s done s1 example.org. data={"backup":".dnsplan/backups/20261123T060000Z-example.org.json"}
	1s start s2
	2s done s2 example.org. data={}
	2s start s3
	3s done s3 example.org. data={"written":2}
	3s start s4
	8s done s4 example.org.
	8s wait s5 example.org. until=1m10s
`

const ready = opened + `
	1m10s done s5 example.org.
`

const issued = ready + `
	1m10s start s6
	1m41s done s6 example.org. data={"exit_code":0}
	1m41s start s7
	1m42s done s7 example.org. data={"written":2}
	1m42s start s8
	1m47s done s8 example.org. data={"verified_by":["ns1.example.org.+192.0.2.53:53"]}
	1m47s end
`

// compared is the end of a run that compares certificates.
func compared(code string, certificates ...string) string {
	s := strings.NewReplacer(`"exit_code":0`, `"exit_code":`+code, "1m47s end", "1m47s start s9").Replace(issued)
	return s + "\n1m48s done s9 example.org. data={\"certificates\":[" + strings.Join(certificates, ",") + "]}\n1m48s end"
}

const (
	newA     = `{"name":"www.example.org.","address":"192.0.2.1","serial":"3b","not_after":"2027-02-20T10:00:00Z","issued":"new"}`
	sameAAAA = `{"name":"www.example.org.","address":"2001:db8::1","serial":"3a","not_after":"2026-12-20T10:00:00Z","issued":"same"}`
	deafAAAA = `{"name":"www.example.org.","address":"2001:db8::1","issued":"unknown","error":"ask_[2001:db8::1]:443_for_the_certificate_of_www.example.org:_connection_refused"}`
)

const closedAgain = `
	%s start s3 undo
	%s done s3 example.org. undo data={"written":2,"landed":["c1","c2"]}
	%s end
`

// closes is how a window closes at that time.
func closes(at string) string { return strings.ReplaceAll(closedAgain, "%s", at) }

// windowRuns are stories of issuance windows, looked at when they are over.
func windowRuns() map[string]struct {
	window plan.Window
	story  string
	at     string
	alive  bool
} {
	type run = struct {
		window plan.Window
		story  string
		at     string
		alive  bool
	}
	return map[string]run{
		"issued":          {certbot, issued, "1m47s", false},
		"renewed":         {comparing, compared("0", newA, deafAAAA), "1m48s", false},
		"renewed-perhaps": {comparing, compared("0", deafAAAA), "1m48s", false},
		"renewed-badly":   {comparing, compared("1", newA, deafAAAA), "1m48s", false},
		"not-renewed":     {comparing, compared("0", strings.ReplaceAll(sameAAAA, "2001:db8::1", "192.0.2.1"), sameAAAA), "1m48s", false},
		"renewed-in-part": {comparing, compared("0", newA, sameAAAA), "1m48s", false},
		"running":         {certbot, ready + "\n1m10s start s6", "2m", true},
		"missing":         {certbot, ready + "\n1m10s start s6\n1m10s failed s6 example.org. error=run_certbot:_executable_file_not_found_in_$PATH data={\"class\":\"refused\"}" + closes("1m11s"), "1m11s", false},
		"late": {
			certbot, ready + "\n1m10s start s6\n20m2s failed s6 example.org. error=the_deadline_of_the_issuance_window_(20m)_has_passed_before_certbot_had_ended:_it_was_stopped data={\"class\":\"late\"}" + closes("20m3s"), "20m3s", false,
		},
		"signalled": {certbot, ready + "\n1m10s start s6\n2m cancel message=interrupted:_the_issuance_window_closes" + closes("2m1s"), "2m1s", false},
		"killed":    {certbot, ready + "\n1m10s start s6", "5m", false},
		"recovered": {certbot, ready + "\n1m10s start s6\n5m resume" + closes("5m1s"), "5m1s", false},
		"theirs": {certbot, ready + "\n1m10s start s6\n1m41s done s6 example.org. data={\"exit_code\":1}\n1m41s start s7\n1m42s failed s7 example.org. error=moved data={\"class\":\"moved\"}\n" +
			"1m42s start s3 undo\n1m43s failed s3 example.org. undo error=left_as_it_is:_www.example.org._A_was_set_by_someone_else data={\"class\":\"moved\",\"written\":1,\"landed\":[\"c2\"],\"left\":[\"c1\"],\"live\":{\"c1\":{\"ttl\":60,\"values\":[\"198.51.100.7\"],\"proxied\":false}}}\n1m43s end", "1m43s", false},
		"deleted": {certbot, ready + "\n1m10s start s6\n1m41s done s6 example.org. data={\"exit_code\":0}\n1m41s start s7\n1m42s failed s7 example.org. error=moved data={\"class\":\"moved\"}\n" +
			"1m42s start s3 undo\n1m43s failed s3 example.org. undo error=left_as_it_is:_www.example.org._A_was_deleted_by_someone_else data={\"class\":\"moved\",\"written\":1,\"landed\":[\"c2\"],\"left\":[\"c1\"],\"live\":{\"c1\":null}}\n1m43s end", "1m43s", false},
		"failed":       {certbot, strings.Replace(issued, `"exit_code":0`, `"exit_code":7`, 1), "1m47s", false},
		"holding":      {certbot, ready + "\n1m10s cancel\n1m10s start s3 undo\n16m hold s3 example.org. undo error=the_provider_does_not_answer data={\"class\":\"unreachable\"}", "17m", false},
		"hook":         {hooked, ready, "5m", false},
		"expired":      {hooked, ready + "\n20m2s failed s6 example.org. error=the_deadline_of_the_issuance_window_(20m)_has_passed_before_it_was_told_to_close data={\"class\":\"late\"}" + closes("20m3s"), "20m3s", false},
		"expired-late": {hooked, ready + "\n3h2s failed s6 example.org. error=the_deadline_of_the_issuance_window_(20m)_has_passed_before_it_was_told_to_close data={\"class\":\"late\"}" + closes("3h3s"), "3h3s", false},
		"hooked":       {hooked, ready + "\n6m resume\n6m done s6 example.org.\n6m start s7\n6m1s done s7 example.org. data={\"written\":2}\n6m1s start s8\n6m2s done s8 example.org.\n6m2s end", "6m2s", false},
	}
}

func TestWindowRuns(t *testing.T) {
	for name, tt := range windowRuns() {
		p := issuance(t, tt.window, proxiedWWW)
		events := story(t, tt.story)
		at := made.Add(offset(t, tt.at))
		o := options()
		o.Now = at
		golden(t, "run-window-"+name+".txt", func(w io.Writer) error { return report.RunText(w, report.NewRun(p, events, tt.alive), o) })
		res := execute.Fold(p, events).Result()
		r := report.NewResult(p, events, res, 0, at)
		golden(t, "result-window-"+name+".txt", func(w io.Writer) error { return report.ResultText(w, p, r, o) })
	}
}

func TestWindowJSON(t *testing.T) {
	tt := windowRuns()["issued"]
	p, events := issuance(t, tt.window, proxiedWWW), story(t, tt.story)
	golden(t, "run-window-issued.json", func(w io.Writer) error { return report.RunJSON(w, report.NewRun(p, events, false)) })
	golden(t, "result-window-issued.json", func(w io.Writer) error {
		return report.ResultJSON(w, report.NewResult(p, events, execute.Fold(p, events).Result(), 0, made.Add(time.Hour)))
	})
}

// TestWindowRunStates: the states that scripts look at.
func TestWindowRunStates(t *testing.T) {
	want := map[string]report.RunState{
		"issued": report.RunDone, "renewed": report.RunDone, "renewed-perhaps": report.RunDone, "renewed-badly": report.RunDone, "not-renewed": report.RunDone, "renewed-in-part": report.RunDone, "running": report.RunRunning, "missing": report.RunFailed, "late": report.RunFailed,
		"signalled": report.RunCancelled, "killed": report.RunInterrupted, "recovered": report.RunCancelled,
		"theirs": report.RunFailed, "deleted": report.RunFailed, "failed": report.RunDone, "holding": report.RunHolding, "hook": report.RunOpen, "hooked": report.RunDone, "expired": report.RunDone, "expired-late": report.RunDone,
	}
	for name, tt := range windowRuns() {
		p := issuance(t, tt.window, proxiedWWW)
		events := story(t, tt.story)
		r := report.NewRun(p, events, tt.alive)
		if r.State != want[name] {
			t.Errorf("%s: %s, want %s", name, r.State, want[name])
		}
		if res := execute.Fold(p, events).Result(); !tt.alive && report.RunStateOf(res.Outcome) != r.State {
			t.Errorf("%s: the run is %s, and its result %s", name, r.State, res.Outcome)
		}
		for _, c := range r.Next {
			if strings.Contains(c.Command, "plan") && !strings.HasPrefix(c.Command, "dnsplan ") || strings.Contains(c.Command, "accept-live") {
				t.Errorf("%s: next is %q", name, c.Command)
			}
		}
	}
}

func TestWindowPlans(t *testing.T) {
	for name, p := range map[string]*plan.Plan{
		"issuance":       issuance(t, certbot, proxiedWWW),
		"issuance-hook":  issuance(t, hooked, proxiedWWW),
		"issuance-empty": issuance(t, certbot, "www 300 A 192.0.2.1"),
	} {
		golden(t, "plan-"+name+".txt", func(w io.Writer) error { return report.PlanText(w, p, options()) })
		golden(t, "plan-"+name+".md", func(w io.Writer) error { return report.PlanMarkdown(w, p, options()) })
	}
}

// TestWindowProgress: a pipe is told what is waited for, and until when.
func TestWindowProgress(t *testing.T) {
	p := issuance(t, certbot, proxiedWWW)
	golden(t, "plain-window.txt", func(w io.Writer) error {
		view := report.NewPlain(w, options())
		view.Begin(p, p.ID)
		for _, e := range story(t, issued) {
			view.Event(e)
			if e.Step == "s6" && e.Kind == "start" {
				view.Progress(execute.Progress{Step: "s6", Doing: "running certbot", Deadline: made.Add(20*time.Minute + 2*time.Second)})
			}
			if e.Kind == "wait" || e.Step == "s6" && e.Kind == "start" {
				view.Tick(e.At.Add(time.Minute))
			}
		}
		return view.End(report.NewResult(p, story(t, issued), execute.Fold(p, story(t, issued)).Result(), 0, made.Add(time.Hour)))
	})
}

// TestFailedCommandInAWindow: what a pipe is told of a command that fails is no tick.
func TestFailedCommandInAWindow(t *testing.T) {
	tt := windowRuns()["failed"]
	p, events := issuance(t, tt.window, proxiedWWW), story(t, tt.story)
	for name, view := range map[string]func(io.Writer, report.Options) *report.Progress{"a pipe": report.NewPlain, "a terminal": report.NewLive} {
		var b bytes.Buffer
		v := view(&b, options())
		v.Begin(p, p.ID)
		for _, e := range events {
			v.Event(e)
		}
		if text := b.String(); !strings.Contains(text, "✕ step s6 (command): failed after 31s, exit code 7") && !strings.Contains(text, "✕ s6 command in example.org: failed after 31s, exit code 7") {
			t.Errorf("%s is told:\n%s", name, text)
		}
	}
	golden(t, "runs-window-failed.txt", func(w io.Writer) error {
		return report.RunsText(w, []report.Run{report.NewRun(p, events, false)}, options())
	})
}

// TestWindowInTheStream: the last line has the window.
func TestWindowInTheStream(t *testing.T) {
	p, events := issuance(t, certbot, proxiedWWW), story(t, issued)
	var b bytes.Buffer
	view := report.NewJSON(&b)
	view.Begin(p, p.ID, events...)
	if err := view.End(report.NewResult(p, events, execute.Fold(p, events).Result(), 0, made.Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	var last struct {
		Result string        `json:"result"`
		Window report.Window `json:"window"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatal(err)
	}
	if w := last.Window; last.Result != "done" || w.Open || w.Command == nil || *w.Command.ExitCode != 0 || !w.Deadline.Equal(made.Add(20*time.Minute+2*time.Second)) {
		t.Errorf("%s", lines[len(lines)-1])
	}
}
