package report

import (
	"io"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme"
)

// ChecklistText writes the operational checklist for each name: every item with
// its outcome and, where it is not well, why. Its last line counts them.
func ChecklistText(w io.Writer, f acme.Found, o Options) error {
	p := newPage(o)
	var passed, failed, unclear int
	for _, s := range subjectsOf(f) {
		p.blank()
		p.row(2, "", in(bold, nameInView(s)))
		told := map[acme.ID]int{}
		for _, i := range acme.Checklist() {
			outcome, why := s.decide(i)
			switch outcome {
			case acme.Pass:
				passed++
			case acme.Fail:
				failed++
			default:
				unclear++
			}
			p.item(i, s, outcome, why, told)
		}
	}
	p.blank()
	st := green
	if failed > 0 {
		st = red
	} else if unclear > 0 {
		st = yellow
	}
	p.row(0, "", in(st, count(passed, "item")+" ok, "+number(failed)+" not, "+number(unclear)+" cannot be told from here."))
	return p.writeTo(w)
}

// decide decides an item for the name in its view.
func (s subjectFound) decide(i acme.Item) (acme.Outcome, []acme.Finding) {
	return s.found().Decide(i, s.name)
}

func (s subjectFound) found() acme.Found {
	return acme.Found{Findings: s.findings, Made: s.made}
}

// silent says why nothing decides an item: checks were not made, or have nothing to
// say about the name.
func (s subjectFound) silent(i acme.Item) string {
	if missing := s.found().Missing(i.Checks); len(missing) > 0 {
		return "not checked: " + ids(missing)
	}
	return "nothing to tell of this name: " + ids(i.Checks)
}

func nameInView(s subjectFound) string {
	if s.view == "" {
		return s.name.Display()
	}
	return s.name.Display() + " (view " + s.view + ")"
}

func (p *page) item(i acme.Item, s subjectFound, outcome acme.Outcome, why []acme.Finding, told map[acme.ID]int) {
	m := itemMark(outcome)
	num := number(i.Number)
	prefix := "  "
	p.row(foundIndent+3, prefix, span{padded(m.sign(p.o)+" "+m.word, foundIndent-2), m.style},
		txt(strings.Repeat(noBreak, 2-len(num))+num+noBreak), txt(i.Text))
	if outcome == acme.Pass {
		return
	}
	for _, text := range s.reasons(why, told, i.Number) {
		p.row(foundIndent+5, strings.Repeat(" ", foundIndent+3), in(dim, text))
	}
	if len(why) == 0 {
		p.row(foundIndent+5, strings.Repeat(" ", foundIndent+3), in(dim, s.silent(i)))
	}
}

// reasons are what has decided against an item: a line for each finding, and one
// for each check that was told with an earlier item, by told, or that is so because
// of another one.
func (s subjectFound) reasons(why []acme.Finding, told map[acme.ID]int, item int) (out []string) {
	add := func(text string) {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for _, x := range condensed(why) {
		switch n := told[x.Check]; {
		case x.Because != "" && s.standing(x.Check):
			continue
		case n != 0 && n != item:
			add(string(x.Check) + ": see item " + number(n))
			continue
		case x.Because != "":
			add(string(x.Check) + ": as long as " + s.consequence(x).why())
		default:
			add(string(x.Check) + ": " + x.Summary)
		}
		told[x.Check] = item
	}
	return out
}

func ids(list []acme.ID) string {
	out := make([]string, len(list))
	for j, id := range list {
		out[j] = string(id)
	}
	return strings.Join(out, ", ")
}

func itemMark(o acme.Outcome) mark {
	switch o {
	case acme.Pass:
		return mark{"✓", "*", "ok", green}
	case acme.Fail:
		return mark{"✕", "x", "not ok", red}
	}
	return mark{"?", "?", "unclear", yellow}
}
