package report

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"charm.land/lipgloss/v2"
)

// style is how a piece of text looks where colour is allowed.
type style uint8

const (
	plain style = iota
	bold
	dim
	green
	red
	yellow
	blue
	cyan
)

func (s style) render(text string) string {
	st := lipgloss.NewStyle()
	switch s {
	case bold:
		st = st.Bold(true)
	case dim:
		st = st.Faint(true)
	case green:
		st = st.Foreground(lipgloss.Green)
	case red:
		st = st.Foreground(lipgloss.Red)
	case yellow:
		st = st.Foreground(lipgloss.Yellow)
	case blue:
		st = st.Foreground(lipgloss.Blue)
	case cyan:
		st = st.Foreground(lipgloss.Cyan)
	default:
		return text
	}
	return st.Render(text)
}

// span is text in one style. Blanks are where a line may be broken; noBreak
// stands for a blank where it may not.
type span struct {
	text  string
	style style
}

const noBreak = "\u00a0"

func txt(s string) span          { return span{clean(s), plain} }
func in(st style, s string) span { return span{clean(s), st} }
func keep(s string) string       { return strings.ReplaceAll(s, " ", noBreak) }
func padded(s string, n int) string {
	return keep(s + strings.Repeat(" ", max(0, n-lipgloss.Width(s))))
}

// clean makes text from outside safe to print: control characters and those
// that turn the direction of writing become question marks, line breaks blanks.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return '?'
		}
		return r
	}, s)
}

// page collects lines that fit its width.
type page struct {
	o Options
	// atWords breaks lines between words alone, also where one does not fit.
	atWords bool

	out  bytes.Buffer
	line []span
	col  int
}

func newPage(o Options) *page { return &page{o: o.filled()} }

// blank ends a paragraph; two never follow each other, and none comes first.
func (p *page) blank() {
	if b := p.out.Bytes(); len(b) > 0 && !bytes.HasSuffix(b, []byte("\n\n")) {
		p.out.WriteByte('\n')
	}
}

// row prints prefix as it is, then the words of flow, broken where the line is
// full and carried on at column hang.
func (p *page) row(hang int, prefix string, flow ...span) {
	p.emit(span{keep(prefix), plain})
	p.flow(hang, flow)
	p.flush()
}

// marked is row with a sign in front of its flow: "  ~ update   www ...".
func (p *page) marked(indent int, m mark, pad int, flow ...span) {
	p.markedAt(indent, indent+pad+3, m, pad, flow...)
}

// markedAt is marked with another column to carry on at.
func (p *page) markedAt(indent, hang int, m mark, pad int, flow ...span) {
	p.emit(span{strings.Repeat(noBreak, indent), plain})
	p.emit(span{padded(m.sign(p.o)+" "+m.word, pad+2) + noBreak, m.style})
	p.flow(hang, flow)
	p.flush()
}

// whole prints a line that is never broken, since others look for it as it is.
func (p *page) whole(st style, s string) {
	p.emit(span{keep(clean(s)), st})
	p.flush()
}

// heading starts a paragraph.
func (p *page) heading(s string) {
	p.blank()
	p.row(0, "", in(bold, s))
}

// leastFlow is how many columns a line that is carried on has at least, where
// the page is wide enough.
const leastFlow = 28

func (p *page) flow(hang int, flow []span) {
	hang = min(hang, max(p.o.Width-leastFlow, p.o.Width/2))
	start := true
	for _, w := range commands(words(flow)) {
		width := 0
		for _, piece := range w.pieces {
			width += lipgloss.Width(piece.text)
		}
		switch {
		case start:
		case p.col+1+width <= p.o.Width:
			p.emit(span{" ", p.between(w.pieces[0].style)})
		default:
			p.wrap(hang)
		}
		if start && p.col > hang && p.col+width > p.o.Width && width <= p.o.Width-hang {
			p.wrap(hang)
		}
		start = false
		for _, piece := range w.pieces {
			if w.whole || p.atWords {
				p.emit(piece)
			} else {
				p.put(hang, piece)
			}
		}
	}
}

// between is the style of a blank: that of both sides where they agree.
func (p *page) between(next style) style {
	if n := len(p.line); n > 0 && p.line[n-1].style == next {
		return next
	}
	return plain
}

// put prints a piece of a word, broken only where a whole line cannot hold it.
func (p *page) put(hang int, s span) {
	path := strings.Contains(s.text, "/")
	for p.col+lipgloss.Width(s.text) > p.o.Width {
		cut := breakAt(s.text, p.o.Width-p.col, path)
		if cut == 0 && p.col <= hang {
			break
		}
		p.emit(span{s.text[:cut], s.style})
		s.text = s.text[cut:]
		p.wrap(hang)
	}
	p.emit(s)
}

// breakAt returns how many bytes of s to keep within room columns: up to behind
// a dot, colon or comma where there is one in the second half. A path is broken
// behind a slash alone, so that its file name stays whole, even if that is wider
// than the line.
func breakAt(s string, room int, path bool) int {
	cut, width, nice := 0, 0, 0
	for i, r := range s {
		width += lipgloss.Width(string(r))
		if width > room {
			break
		}
		cut = i + utf8.RuneLen(r)
		if path && r == '/' || !path && strings.ContainsRune(".:,", r) && width*2 >= room {
			nice = cut
		}
	}
	if nice > 0 || path {
		return nice
	}
	return cut
}

func (p *page) wrap(hang int) {
	p.flush()
	p.emit(span{strings.Repeat(noBreak, hang), plain})
}

func (p *page) emit(s span) {
	if s.text == "" {
		return
	}
	p.col += lipgloss.Width(s.text)
	if n := len(p.line); n > 0 && p.line[n-1].style == s.style {
		p.line[n-1].text += s.text
		return
	}
	p.line = append(p.line, s)
}

// flush ends the line, without blanks at its end.
func (p *page) flush() {
	for n := len(p.line); n > 0; n-- {
		last := &p.line[n-1]
		last.text = strings.TrimRight(last.text, " "+noBreak)
		if last.text != "" {
			break
		}
		p.line = p.line[:n-1]
	}
	for _, s := range p.line {
		p.out.WriteString(p.paint(s))
	}
	p.out.WriteByte('\n')
	p.line, p.col = p.line[:0], 0
}

// paint colours what is between the blanks around a span.
func (p *page) paint(s span) string {
	text := strings.ReplaceAll(s.text, noBreak, " ")
	if !p.o.Color || s.style == plain {
		return text
	}
	core := strings.Trim(text, " ")
	at := strings.Index(text, core)
	return text[:at] + s.style.render(core) + text[at+len(core):]
}

func (p *page) writeTo(w io.Writer) error {
	_, err := w.Write(p.out.Bytes())
	return err
}

// words splits spans at blanks. A word may run over several spans.
func words(flow []span) (out [][]span) {
	var word []span
	for _, s := range flow {
		for i, part := range strings.Split(s.text, " ") {
			if i > 0 && word != nil {
				out, word = append(out, word), nil
			}
			if part != "" {
				word = append(word, span{part, s.style})
			}
		}
	}
	if word != nil {
		out = append(out, word)
	}
	return out
}
