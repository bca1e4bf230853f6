package report

import "io"

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
