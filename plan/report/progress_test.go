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

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
	"github.com/dnsplan/dnsplan/plan/verify"
)

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

// TestPlainTakenUp: a run that is taken up has no whole length before it.
func TestPlainTakenUp(t *testing.T) {
	p := move(t)
	var b bytes.Buffer
	report.NewPlain(&b, options()).Begin(p, planID, story(t, switched)...)
	want := "run " + planID + ": 1 change, 12 steps, begun at "
	if !strings.Contains(b.String(), want) || strings.Contains(b.String(), "takes at least") {
		t.Errorf("begins with %q, want %q and no length", b.String(), want)
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

// TestTriesAgain: a wait before another try is no wait that is given up; a pipe
// is told at once, and of its length.
func TestTriesAgain(t *testing.T) {
	p := move(t)
	limited := execute.Progress{
		Step: "s1", Doing: "trying again: write example.org.: rate limited", Deadline: made.Add(10 * time.Minute), Then: execute.TriesAgain,
	}
	show := func(view *report.Progress) {
		view.Begin(p, planID)
		view.Event(journal.Event{At: made, Kind: journal.Start, Step: "s1"})
		view.Progress(limited)
		view.Progress(limited)
		view.Tick(made.Add(2 * time.Minute))
		view.Tick(made.Add(11 * time.Minute))
	}
	var plain, live bytes.Buffer
	show(report.NewPlain(&plain, options()))
	for _, want := range []string{
		"s1 backup: tries again at 06:10:00 UTC: write example.org.: rate limited\n",
		"s1 backup: tries again at 06:10:00 UTC: the same again\n",
		"still at s1 backup (2m of 10m, tries again at 06:10:00 UTC)\n",
		"still at s1 backup (11m)\n",
	} {
		if !strings.Contains(plain.String(), want) {
			t.Errorf("plain: no %q in\n%s", want, plain.String())
		}
	}
	show(report.NewLive(&live, options()))
	if got := live.String(); !strings.Contains(got, "8m left · tries again at 06:10:00 UTC") || strings.Contains(got, "gives up") {
		t.Errorf("live:\n%s", got)
	}
}
