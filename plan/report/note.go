package report

import (
	"io"
	"strings"

	"charm.land/lipgloss/v2"
)

// Note writes a remark on a line of its own, freed of control characters; where
// o.Fold is set, on as many as it needs.
func Note(w io.Writer, text string, o Options) error {
	_, err := io.WriteString(w, remark("", text, o))
	return err
}

// Note writes a remark while a run goes on: to w, or, on a terminal, above the
// block that is drawn anew in place. NewJSON's and NewPlain's output is as it
// would be without it.
func (p *Progress) Note(w io.Writer, text string, o Options) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f, live := p.face.(*liveFace); live {
		p.write(f.redraw(&p.now, []byte(remark("", text, o))))
		return p.err
	}
	return Note(w, text, o)
}

// pasteIndent is how many blanks a line begins with that is to be pasted.
const pasteIndent = 6

// Paste is a line that is to be pasted, for among those of Lines, which never breaks it.
func Paste(line string) string { return strings.Repeat(" ", pasteIndent) + line }

// Lines is a text of several lines, each as Note writes it.
func Lines(text string, o Options) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(remark("", strings.TrimSuffix(line, "\n"), o))
	}
	return out.String()
}

// remark is a line behind a prefix. Where it is broken, it is carried on two columns
// behind where it begins.
func remark(prefix, text string, o Options) string {
	text = clean(text)
	body := strings.TrimLeft(text, " ")
	indent := len(text) - len(body)
	if !o.Fold || indent >= pasteIndent {
		return prefix + text + "\n"
	}
	prefix += text[:indent]
	p := newPage(o)
	p.atWords = true // a path or a digest may be copied
	p.row(lipgloss.Width(prefix)+2, prefix, txt(body))
	return p.out.String()
}
