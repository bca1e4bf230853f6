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
	t := tallyOf(byCheck(f))
	m.lines("## dnsplan check: "+number(t.failed[acme.Fatal]+t.failed[acme.Error])+" wrong, "+
		count(t.failed[acme.Warning], "warning")+", "+number(t.unknown)+" unclear, "+number(t.passed)+" ok", "")
	told := map[acme.Remedy]bool{}
	for _, s := range subjectsOf(f) {
		m.lines("### "+cell(nameInView(s)), "")
		if checklist {
			m.tasks(s)
		} else {
			m.findings(s, told)
		}
	}
	_, err := w.Write(m.out.Bytes())
	return err
}

func (m *markdown) findings(s subjectFound, told map[acme.Remedy]bool) {
	var open []string
	row := func(m mark, checks []acme.ID, text string) {
		open = append(open, "| "+m.symbol+" "+m.word+" | "+codes(checks)+" | "+cell(text)+" |")
	}
	list := s.open()
	for _, x := range list {
		row(foundMark(x), []acme.ID{x.Check}, x.Summary)
	}
	for _, c := range s.consequences() {
		row(foundMark(c.worst), c.checks, "as long as "+c.why())
	}
	if len(open) > 0 {
		m.lines("| | check | finding |", "|---|---|---|")
		m.lines(open...)
		m.lines("")
	}
	for _, x := range list {
		m.remedies(x.Check, fresh(x.Remedies, told))
	}
	if well := s.well(); len(well) > 0 {
		m.lines("✓ ok: "+codes(well), "")
	}
}

func codes(checks []acme.ID) string {
	out := make([]string, len(checks))
	for i, id := range checks {
		out[i] = code(string(id))
	}
	return strings.Join(out, " ")
}

func (m *markdown) remedies(of acme.ID, all []acme.Remedy) {
	for _, r := range all {
		m.lines("- "+code(string(of))+": "+cell(r.Do), "")
		if r.Paste != "" {
			m.lines(strings.TrimPrefix(block(r.Paste), "\n"), "")
		}
	}
}

// fenceFor is a fence that no line of the text ends (CommonMark, 4.5).
func fenceFor(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence
}

func (m *markdown) tasks(s subjectFound) {
	told := map[acme.ID]int{}
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
		if outcome == acme.Pass {
			continue
		}
		for _, text := range s.reasons(why, told, i.Number) {
			m.lines("  - " + cell(text))
		}
		if len(why) == 0 {
			m.lines("  - " + cell(s.silent(i)))
		}
	}
	m.lines("")
}
