package inventory

import (
	"fmt"
	"strings"
)

// report collects findings while a file is decoded and resolved. Their places
// are looked up once, at the end, and only if there are any.
type report struct {
	doc     *document
	pending []*pending
}

// pending is a finding whose place is not known yet.
type pending struct {
	Diagnostic
	offset  int    // place, when it is known; else -1
	atKey   bool   // the place is the key at Subject, not its value
	related string // path whose line Detail shall name in place of its %d
	setting string // the environment variable that holds the value
}

// add reports an error about the value at path.
func (r *report) add(code, path, format string, args ...any) *pending {
	p := &pending{
		Diagnostic: Diagnostic{Severity: SeverityError, Code: code, Subject: path, Summary: fmt.Sprintf(format, args...)},
		offset:     -1,
	}
	r.pending = append(r.pending, p)
	return p
}

// warn reports what is odd but allowed.
func (r *report) warn(code, path, format string, args ...any) *pending {
	p := r.add(code, path, format, args...)
	p.Severity = SeverityWarning
	return p
}

// fix adds what to do.
func (p *pending) fix(format string, args ...any) *pending {
	p.Fix = fmt.Sprintf(format, args...)
	return p
}

// suggest adds the nearest candidate, or else which ones there are.
func (p *pending) suggest(word string, candidates []string) *pending {
	p.Fix = didYouMean(word, candidates)
	if p.Fix == "" && len(candidates) > 0 && len(candidates) <= 12 {
		p.Fix = "known: " + strings.Join(candidates, ", ")
	}
	return p
}

// beside adds the line of the other half of a contradiction; detail holds %d.
func (p *pending) beside(detail, path string) *pending {
	p.Detail, p.related = detail, path
	return p
}

// key puts the finding at the key instead of its value.
func (p *pending) key() *pending {
	p.atKey = true
	return p
}

// finish looks up all places and returns the findings in order. Findings about
// values that could not be decoded were told already and are left out.
func (r *report) finish() Diagnostics {
	if len(r.pending) == 0 {
		return nil
	}
	var paths []string
	for _, p := range r.pending {
		paths = append(paths, p.Subject, p.related)
	}
	places := r.doc.locate(paths)
	text := linesOf(r.doc.data)
	var out Diagnostics
	for _, p := range r.pending {
		if p.offset < 0 && r.doc.bad[p.Subject] {
			continue
		}
		p.place(r.doc.path, text, places)
		out = append(out, p.Diagnostic)
	}
	return out.sorted()
}

func (p *pending) place(file string, text lines, places map[string]place) {
	if p.setting != "" {
		p.Summary = p.setting + ": " + p.Summary
		return
	}
	p.File = file
	if p.offset < 0 {
		p.offset = places[p.Subject].value
		if p.atKey {
			p.offset = places[p.Subject].key
		}
	}
	p.Line, p.Col = text.position(p.offset)
	if p.related != "" {
		line, _ := text.position(places[p.related].key)
		p.Detail = fmt.Sprintf(p.Detail, line)
	}
}
