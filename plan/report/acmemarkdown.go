package report

import (
	"io"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme"
)

// FoundMarkdown writes the findings as GitHub's Markdown: a table of what is not
// well for each name, the remedies below it; with the checklist, that of each name
// as a task list.
func FoundMarkdown(w io.Writer, f acme.Found, checklist bool, o Options) error {
	m := &markdown{o: o.filled()}
	t := tallyOf(f)
	m.lines("## dnsplan check: "+number(t.failed[acme.Fatal]+t.failed[acme.Error])+" wrong, "+
		count(t.failed[acme.Warning], "warning")+", "+number(t.unknown)+" unclear, "+number(t.passed)+" ok", "")
	for _, s := range subjectsOf(f) {
		m.lines("### "+cell(nameInView(s)), "")
		if checklist {
			m.tasks(s)
		} else {
			m.findings(s)
		}
	}
	_, err := w.Write(m.out.Bytes())
	return err
}

func (m *markdown) findings(s subjectFound) {
	var well, open []string
	for _, x := range ranked(condensed(s.findings)) {
		if x.Outcome == acme.Pass {
			well = append(well, code(string(x.Check)))
			continue
		}
		mark := foundMark(x)
		open = append(open, "| "+mark.symbol+" "+mark.word+" | "+code(string(x.Check))+" | "+cell(x.Summary)+" |")
	}
	if len(open) > 0 {
		m.lines("| | check | finding |", "|---|---|---|")
		m.lines(open...)
		m.lines("")
	}
	for _, x := range ranked(condensed(s.findings)) {
		m.remedies(x)
	}
	if len(well) > 0 {
		m.lines("✓ ok: "+strings.Join(well, " "), "")
	}
}

func (m *markdown) remedies(x acme.Finding) {
	for _, r := range x.Remedies {
		m.lines("- "+code(string(x.Check))+": "+cell(r.Do), "")
		if r.Paste == "" {
			continue
		}
		m.lines("  ```")
		for line := range strings.Lines(r.Paste) {
			m.lines("  " + fenced(strings.TrimRight(line, "\r\n")))
		}
		m.lines("  ```", "")
	}
}

func (m *markdown) tasks(s subjectFound) {
	for _, i := range acme.Checklist() {
		outcome, why := s.decide(i)
		box := "- [ ] "
		if outcome == acme.Pass {
			box = "- [x] "
		}
		line := box + number(i.Number) + ". " + i.Text
		if outcome == acme.Unknown {
			line += " (cannot be told from here)"
		}
		m.lines(line)
		for _, x := range condensed(why) {
			if outcome != acme.Pass {
				m.lines("  - " + code(string(x.Check)) + ": " + cell(x.Summary))
			}
		}
	}
	m.lines("")
}
