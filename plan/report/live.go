package report

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/verify"
)

// maxAnswers is how many answers the block of NewLive shows.
const maxAnswers = 12

// barWidth is the width of a wait's bar, in columns.
const barWidth = 16

// NewLive makes a Progress for a terminal that understands cursor movement
// (ECMA-48): what has happened scrolls by, and a small block below it, drawn
// anew in place, shows what runs now. The screen is not cleared, and the
// cursor stays visible.
func NewLive(w io.Writer, o Options) *Progress { return newProgress(w, o, &liveFace{}) }

type liveFace struct {
	drawn int // lines of the block on the screen
}

// redraw replaces the block by permanent lines and a new block.
func (f *liveFace) redraw(n *nowState, permanent []byte) []byte {
	var b bytes.Buffer
	if f.drawn > 0 {
		b.WriteString("\r\x1b[" + strconv.Itoa(f.drawn) + "A")
	}
	b.WriteString("\x1b[J") // erase from the cursor to the end of the screen
	b.Write(permanent)
	block := n.block()
	b.Write(block)
	f.drawn = bytes.Count(block, []byte("\n"))
	return b.Bytes()
}

func (f *liveFace) begin(n *nowState) []byte {
	p := newPage(n.o)
	p.row(2, "", in(bold, "Run "+n.run), txt(": "+count(len(n.plan.Changes), "change")+", "+count(len(n.plan.Steps), "step")+"."))
	p.row(2, "", in(dim, "Ctrl-C is safe, go on with: "+n.o.Command("resume "+n.run)))
	return f.redraw(n, p.out.Bytes())
}

// event keeps what ends a step, or is of lasting interest, above the block.
func (f *liveFace) event(n *nowState, e journal.Event) []byte {
	switch e.Kind {
	case journal.Done, journal.Failed, journal.Hold, journal.Warning, journal.Resume, journal.Accept, journal.Cancel, journal.Interrupted:
		all := n.eventText(e)
		if all == "" {
			break
		}
		p := newPage(n.o)
		sign, text, _ := strings.Cut(all, " ")
		p.row(4, "", in(dim, n.o.clock(e.At)+" "), in(eventStyle(e), sign), txt(" "+text))
		return f.redraw(n, p.out.Bytes())
	}
	return f.redraw(n, nil)
}

func eventStyle(e journal.Event) style {
	switch {
	case e.Kind == journal.Failed, e.Kind == journal.Done && failedCommand(e.Data):
		return stepMark(StepFailed).style
	case e.Kind == journal.Done:
		return stepMark(StepDone).style
	case e.Kind == journal.Hold, e.Kind == journal.Warning:
		return stepMark(StepNeedsYou).style
	}
	return plain
}

func (f *liveFace) progress(n *nowState, _ execute.Progress) []byte { return f.redraw(n, nil) }

func (f *liveFace) tick(n *nowState) []byte { return f.redraw(n, nil) }

func (f *liveFace) end(n *nowState, r Result) []byte {
	n.step = nil
	return f.redraw(n, n.endText(r))
}

// block is what runs now, at most about twenty lines, each within the width so
// that the terminal wraps none.
func (n *nowState) block() []byte {
	if n.step == nil {
		return nil
	}
	p := newPage(n.o)
	m := stepMark(StepRunning)
	p.oneLine(in(m.style, m.sign(n.o)+" "), in(bold, n.step.name()), txt("  "+n.sentence(n.step)))
	p.oneLine(txt("  " + n.how()))
	if n.doing.Doing != "" {
		p.oneLine(txt("  " + n.doing.Doing))
	}
	p.answers(n.doing.Lines)
	if next := n.next(); next != nil {
		p.oneLine(in(dim, "  then "+next.name()+": "+n.sentence(next)))
	}
	return p.out.Bytes()
}

// how is a bar with elapsed, end and remaining time, or the time so far.
func (n *nowState) how() string {
	elapsed := n.o.Now.Sub(n.step.started)
	until, word := n.deadline()
	if until.IsZero() {
		return "for " + duration(elapsed)
	}
	total := until.Sub(n.step.started)
	text := duration(elapsed) + " of " + duration(total)
	if left := until.Sub(n.o.Now); left > 0 {
		text += n.o.dot() + duration(left) + " left" + n.o.dot() + word + " " + n.o.soon(until, "15:04:05 MST")
	} else {
		text = duration(elapsed) + n.o.dot() + "was to end at " + n.o.clock(until)
	}
	filled := barWidth
	if total > 0 {
		filled = int(min(1, max(0, elapsed.Seconds()/total.Seconds())) * barWidth)
	}
	return n.o.bar(filled) + " " + text
}

func (o Options) bar(filled int) string {
	full, empty := "█", "░"
	if o.ASCII {
		full, empty = "#", "."
	}
	return "[" + strings.Repeat(full, filled) + strings.Repeat(empty, barWidth-filled) + "]"
}

// answers shows what servers say, those that are not good first.
func (p *page) answers(lines []verify.Line) {
	lines = slices.Clone(lines)
	slices.SortStableFunc(lines, func(a, b verify.Line) int {
		return cmp.Compare(rank(a.Verdict), rank(b.Verdict))
	})
	several := slices.ContainsFunc(lines, func(l verify.Line) bool { return l.Name != lines[0].Name || l.Type != lines[0].Type })
	for i, l := range lines {
		if i == maxAnswers {
			p.oneLine(in(dim, "  ... and "+count(len(lines)-i, "more answer")+"; "+agreement(lines)))
			return
		}
		m := verdictMark(l.Verdict)
		row := []span{txt("  "), in(m.style, padded(m.sign(p.o)+" "+m.word, 9)), txt(" " + padded(ttlLeft(l), 7) + " ")}
		if several {
			row = append(row, in(bold, l.Name.Display()+" "+l.Type.String()+" "))
		}
		p.oneLine(append(row, txt(answerText(l)+"  "), in(dim, serverText(l)))...)
	}
}

func rank(v verify.Verdict) int {
	if v.Good() {
		return 1
	}
	return 0
}

// oneLine prints spans on one line, cut where the width ends.
func (p *page) oneLine(spans ...span) {
	room := p.o.Width
	for _, s := range spans {
		if w := lipgloss.Width(s.text); w > room {
			s.text = cutTo(s.text, room)
		}
		room -= lipgloss.Width(s.text)
		p.emit(s)
	}
	p.flush()
}

// cutTo shortens s to width columns and says so with two dots.
func cutTo(s string, width int) string {
	const dots = ".."
	if width < len(dots) {
		return ""
	}
	used := 0
	for i, r := range s {
		used += lipgloss.Width(string(r))
		if used > width-len(dots) {
			return s[:i] + dots
		}
	}
	return s
}
