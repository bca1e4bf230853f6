package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
	"github.com/dnsplan/dnsplan/plan/verify"
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

func answers(p *plan.Plan, newOnes int) execute.Progress {
	key := p.Changes[0].Key
	var lines []verify.Line
	for i := range 15 {
		l := verify.Line{
			Server: fmt.Sprintf("resolver%d", i), Address: fmt.Sprintf("198.51.100.%d:53", i+1), Resolver: i > 1, Name: key.Name, Type: key.Type,
			Verdict: verify.Differs, Status: "NOERROR", Values: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, TTL: 212, RTT: 12 * time.Millisecond,
		}
		if i < newOnes {
			l.Verdict, l.Values, l.TTL = verify.Agrees, []netip.Addr{netip.MustParseAddr("203.0.113.11")}, 300
		}
		lines = append(lines, l)
	}
	return execute.Progress{Step: "s10", Doing: "asking 15 servers", Deadline: made.Add(offset0("24h15m17s")), Lines: lines}
}

func offset0(s string) time.Duration {
	d, _ := time.ParseDuration(s)
	return d
}

// play shows a story, with a tick every so often and answers while verifying.
func play(t testing.TB, view *report.Progress, p *plan.Plan, text string, exit int, every time.Duration) {
	t.Helper()
	events := story(t, text)
	view.Begin(p, planID)
	for i, e := range events {
		view.Event(e)
		if e.Step == "s10" && e.Kind == journal.Start {
			view.Progress(answers(p, 3))
			view.Progress(answers(p, 14))
		}
		if i+1 == len(events) {
			break
		}
		for at := e.At.Add(every); at.Before(events[i+1].At); at = at.Add(every) {
			view.Tick(at)
		}
	}
	last := events[len(events)-1].At
	if err := view.End(report.NewResult(p, events, execute.Fold(p, events).Result(), exit, last)); err != nil {
		t.Error(err)
	}
}

func TestPlain(t *testing.T) {
	for name, s := range map[string]string{"done": complete, "held": held, "failed": rolledBack} {
		golden(t, "plain-"+name+".txt", func(w io.Writer) error {
			play(t, report.NewPlain(w, options()), move(t), s, 0, 8*time.Hour)
			return nil
		})
	}
}

// TestPlainHeartbeat: a line a minute while something is waited for, whatever
// the pace of ticks, and none when nothing is.
func TestPlainHeartbeat(t *testing.T) {
	var b bytes.Buffer
	view := report.NewPlain(&b, options())
	view.Begin(move(t), planID)
	view.Tick(made.Add(5 * time.Minute))
	if strings.Contains(b.String(), "still") {
		t.Errorf("a heartbeat although nothing runs:\n%s", b.String())
	}
	for _, e := range story(t, lowered) {
		view.Event(e)
	}
	b.Reset()
	for s := range 600 {
		view.Tick(made.Add(8*time.Second + time.Duration(s)*time.Second))
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 9 && len(lines) != 5 {
		t.Errorf("%d heartbeats in ten minutes:\n%s", len(lines), b.String())
	}
	const want = "still waiting for the old TTL of www.example.org. to pass (9m"
	if last := lines[len(lines)-1]; !strings.Contains(last, want) || !strings.Contains(last, "of 24h, ends Tue 24 Nov 06:00:10 UTC)") {
		t.Errorf("heartbeat %q", last)
	}
}

// TestEndInFull: what keeps a run from going on is told with all that is known.
func TestEndInFull(t *testing.T) {
	p := move(t)
	events := story(t, switched)
	r := report.NewResult(p, events, execute.Fold(p, events).Result(), 1, made.Add(25*time.Hour))
	r.Error = "append to journal .dnsplan/runs/01KAR5TQ6B8M2J4Z7XW9C3D5EF/journal.jsonl: no space left on device"
	var b bytes.Buffer
	view := report.NewPlain(&b, options())
	view.Begin(p, planID, events...)
	b.Reset()
	if err := view.End(r); err != nil {
		t.Fatal(err)
	}
	golden(t, "result-stopped.txt", func(w io.Writer) error {
		_, err := w.Write(b.Bytes())
		return err
	})
}

func TestJSONStream(t *testing.T) {
	for name, s := range map[string]string{"done": complete, "failed": rolledBack} {
		golden(t, "stream-"+name+".jsonl", func(w io.Writer) error {
			var b bytes.Buffer
			play(t, report.NewJSON(&b), move(t), s, 0, 8*time.Hour)
			last := ""
			for l := range strings.Lines(b.String()) {
				var e struct{ Type, Run string }
				if err := json.Unmarshal([]byte(l), &e); err != nil || e.Type == "" || e.Run != planID {
					t.Errorf("line %q: %+v, %v", l, e, err)
				}
				last = e.Type
			}
			if last != "summary" {
				t.Errorf("the last line is of type %q", last)
			}
			_, err := w.Write(b.Bytes())
			return err
		})
	}
}

// screen is what a terminal shows of what it was sent.
type screen struct {
	t     *testing.T
	lines []string
	row   int
	width int
}

func (s *screen) Write(b []byte) (int, error) {
	for rest := string(b); rest != ""; {
		switch {
		case strings.HasPrefix(rest, "\x1b["):
			i := strings.IndexFunc(rest[2:], func(r rune) bool { return r >= '@' }) + 2
			s.control(rest[2:i], rest[i])
			rest = rest[i+1:]
		case rest[0] == '\r':
			rest = rest[1:]
		default:
			i := strings.IndexAny(rest, "\n\x1b")
			if i < 0 {
				s.t.Fatalf("an open line: %q", rest)
			}
			s.put(rest[:i])
			if rest[i] == '\n' {
				s.row++
				i++
			}
			rest = rest[i:]
		}
	}
	return len(b), nil
}

func (s *screen) control(args string, final byte) {
	n := 1
	if args != "" {
		_, _ = fmt.Sscanf(args, "%d", &n)
	}
	switch final {
	case 'A':
		s.row -= n
		if s.row < 0 {
			s.t.Fatalf("the cursor leaves the screen")
		}
	case 'J':
		s.lines = s.lines[:min(s.row, len(s.lines))]
	case 'm':
	default:
		s.t.Fatalf("unknown control %q %c", args, final)
	}
}

func (s *screen) put(text string) {
	for len(s.lines) <= s.row {
		s.lines = append(s.lines, "")
	}
	s.lines[s.row] += text
	if n := len([]rune(s.lines[s.row])); n > s.width {
		s.t.Errorf("%d columns, the terminal would wrap: %s", n, s.lines[s.row])
	}
}

// TestLive plays stories on a terminal: what stays is the lines of steps, and
// at each moment a block of limited size stands below them.
func TestLive(t *testing.T) {
	for name, s := range map[string]string{"done": complete, "held": held, "failed": rolledBack} {
		for _, color := range []bool{false, true} {
			o := options()
			o.Color = color
			term := &screen{t: t, width: 80}
			play(t, report.NewLive(term, o), move(t), s, 0, time.Hour)
			golden(t, "live-"+name+".txt", func(w io.Writer) error {
				_, err := io.WriteString(w, strings.Join(term.lines, "\n")+"\n")
				return err
			})
		}
	}
}

// TestLiveBlock shows the block itself at two moments.
func TestLiveBlock(t *testing.T) {
	for name, s := range map[string]string{"wait": lowered, "verify": switched} {
		term := &screen{t: t, width: 80}
		view := report.NewLive(term, options())
		p := move(t)
		events := story(t, s)
		view.Begin(p, planID, events[:len(events)-1]...)
		view.Event(events[len(events)-1])
		if name == "verify" {
			view.Progress(answers(p, 10))
		}
		view.Tick(events[len(events)-1].At.Add(12 * time.Minute))
		if len(term.lines) > 24 {
			t.Errorf("%d lines", len(term.lines))
		}
		golden(t, "block-"+name+".txt", func(w io.Writer) error {
			_, err := io.WriteString(w, strings.Join(term.lines, "\n")+"\n")
			return err
		})
	}
}

type brokenWriter struct{ n int }

var errBroken = errors.New("broken pipe")

func (w *brokenWriter) Write([]byte) (int, error) {
	w.n++
	return 0, errBroken
}

// TestProgressBrokenPipe: nothing is written behind the first error, and End
// tells it.
func TestProgressBrokenPipe(t *testing.T) {
	for _, mk := range []func(io.Writer) *report.Progress{
		report.NewJSON,
		func(w io.Writer) *report.Progress { return report.NewPlain(w, options()) },
		func(w io.Writer) *report.Progress { return report.NewLive(w, options()) },
	} {
		w := &brokenWriter{}
		view := mk(w)
		view.Begin(move(t), planID)
		for _, e := range story(t, complete) {
			view.Event(e)
		}
		if err := view.End(report.Result{Run: planID, Outcome: execute.OutcomeDone}); !errors.Is(err, errBroken) || w.n != 1 {
			t.Errorf("error %v after %d writes", err, w.n)
		}
	}
}

func TestProgressConcurrent(t *testing.T) {
	p := move(t)
	events := story(t, complete)
	for _, view := range []*report.Progress{report.NewJSON(io.Discard), report.NewPlain(io.Discard, options()), report.NewLive(io.Discard, options())} {
		view.Begin(p, planID)
		var g sync.WaitGroup
		g.Go(func() {
			for _, e := range events {
				view.Event(e)
			}
		})
		g.Go(func() {
			for i := range 100 {
				view.Tick(made.Add(time.Duration(i) * time.Minute))
			}
		})
		g.Go(func() {
			for range 100 {
				view.Progress(answers(p, 2))
			}
		})
		g.Wait()
		if err := view.End(report.Result{}); err != nil {
			t.Error(err)
		}
	}
}

func TestNothing(t *testing.T) {
	r := report.Result{Outcome: report.OutcomeNothing, Began: made, Ended: made}
	golden(t, "result-nothing.txt", func(w io.Writer) error { return report.ResultText(w, nil, r, options()) })
	golden(t, "result-nothing.json", func(w io.Writer) error { return report.ResultJSON(w, r) })
}

func verification() report.Verification {
	www := zone.Key{Name: "www.example.org.", Type: zone.A}
	addr := netip.MustParseAddr
	mk := func(server, address string, resolver bool, v verify.Verdict, ttl zone.TTL, values ...netip.Addr) verify.Line {
		l := verify.Line{
			Server: server, Address: address, Resolver: resolver, Name: www.Name, Type: www.Type, Verdict: v, Status: "NOERROR", Values: values,
			TTL: ttl, RTT: 12 * time.Millisecond, At: made,
		}
		if len(values) == 0 {
			l.Values, l.Status, l.RTT = []netip.Addr{}, "timeout", 0
		}
		return l
	}
	silent := mk("quad9", "9.9.9.9:53", true, verify.Silent, 0)
	silent.Detail = "ask 9.9.9.9:53 over udp: no reply within 2s, three times in a row, and neither over tcp"
	missing := mk("cloudflare", "https://cloudflare-dns.com/dns-query", true, verify.Missing, 0)
	missing.Status, missing.RTT = "NXDOMAIN", 300*time.Microsecond
	return report.Verification{Checked: made, RRsets: []report.Verified{
		{
			Zone: plan.ZoneRef{Zone: "example.org.", View: "external"},
			Want: verify.Want{Key: www, Values: []netip.Addr{addr("203.0.113.11"), addr("203.0.113.12")}, TTL: 3600},
			Lines: []verify.Line{
				mk("google", "8.8.8.8:53", true, verify.Differs, 723, addr("192.0.2.1")), silent, missing,
				mk("ns1.example.org.", "192.0.2.53:53", false, verify.Agrees, 3600, addr("203.0.113.11"), addr("203.0.113.12")),
				mk("ns-2048.awsdns-64.example.com.", "[2001:db8:1111:2222::53]:53", false, verify.OldTTL, 86400, addr("203.0.113.11"), addr("203.0.113.12")),
			},
		},
		{
			Zone: plan.ZoneRef{Zone: "example.org."},
			Want: verify.Want{Key: zone.Key{Name: "v6.example.org.", Type: zone.AAAA}, Values: []netip.Addr{addr("2001:db8:1111:2222:3333:4444:5555:6666")}, Proxied: true},
			Lines: []verify.Line{
				mk("127.0.0.1:5353", "127.0.0.1:5353", false, verify.ByProxy, 300, addr("2001:db8:1111:2222:3333:4444:5555:6666")),
			},
		},
		{Zone: plan.ZoneRef{Zone: "example.org."}, Want: verify.Want{Key: zone.Key{Name: "gone.example.org.", Type: zone.A}}, Lines: []verify.Line{missing}},
	}}
}

func TestVerify(t *testing.T) {
	v := verification()
	golden(t, "verify-differs.txt", func(w io.Writer) error { return report.VerifyText(w, v, options()) })
	golden(t, "verify-differs.json", func(w io.Writer) error { return report.VerifyJSON(w, v) })
	good := report.Verification{Checked: made, RRsets: v.RRsets[1:2]}
	golden(t, "verify-agrees.txt", func(w io.Writer) error { return report.VerifyText(w, good, options()) })
	golden(t, "verify-none.txt", func(w io.Writer) error { return report.VerifyText(w, report.Verification{}, options()) })
	golden(t, "verify-none.json", func(w io.Writer) error { return report.VerifyJSON(w, report.Verification{}) })
}

// TestVerifyLastLine: it stays one line, however many servers differ.
func TestVerifyLastLine(t *testing.T) {
	v := verification()
	for i := range 40 {
		l := v.RRsets[0].Lines[0]
		l.Server = fmt.Sprintf("a-resolver-with-a-long-name-%d", i)
		v.RRsets[0].Lines = append(v.RRsets[0].Lines, l)
	}
	got := lastLine(text(t, func(w io.Writer) error { return report.VerifyText(w, v, options()) }))
	if !strings.HasPrefix(got, "45 of 47 answers differ: google, ") || !strings.HasSuffix(got, " more.") || len(got) > 80 {
		t.Errorf("last line %q", got)
	}
}

// TestASCII: with Options.ASCII nothing outside ASCII is written.
func TestASCII(t *testing.T) {
	o := options()
	o.ASCII = true
	p := move(t)
	var b bytes.Buffer
	for _, s := range []string{complete, held, rolledBack} {
		events := story(t, s)
		play(t, report.NewLive(&b, o), p, s, 0, time.Hour)
		play(t, report.NewPlain(&b, o), p, s, 0, time.Hour)
		b.WriteString(text(t, func(w io.Writer) error { return report.RunText(w, report.NewRun(p, events, false), o) }))
	}
	b.WriteString(text(t, func(w io.Writer) error { return report.VerifyText(w, verification(), o) }))
	for l := range strings.Lines(b.String()) {
		if i := strings.IndexFunc(l, func(r rune) bool { return r > '~' }); i >= 0 {
			t.Fatalf("not ASCII at %d: %q", i, l)
		}
	}
}
