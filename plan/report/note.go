package report

import (
	"io"
	"strings"
)

// Note writes a remark on a line of its own, freed of control characters.
func Note(w io.Writer, text string) error {
	_, err := io.WriteString(w, clean(text)+"\n")
	return err
}

// Note writes a remark while a run goes on: to w, or, on a terminal, above the
// block that is drawn anew in place. NewJSON's and NewPlain's output is as it
// would be without it.
func (p *Progress) Note(w io.Writer, text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f, live := p.face.(*liveFace); live {
		p.write(f.redraw(&p.now, []byte(clean(text)+"\n")))
		return p.err
	}
	return Note(w, text)
}

// Lines frees a text of several lines from control characters, as Note does. Line
// breaks and tabs stay.
func Lines(text string) string {
	var out strings.Builder
	for text != "" {
		i := strings.IndexAny(text, "\n\t")
		if i < 0 {
			i = len(text)
		}
		out.WriteString(clean(text[:i]))
		end := min(i+1, len(text))
		out.WriteString(text[i:end])
		text = text[end:]
	}
	return out.String()
}
