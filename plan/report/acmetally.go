package report

import (
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/dnsplan/dnsplan/plan/acme"
)

// foundLine is the last line.
func (p *page) foundLine(f acme.Found) {
	t := tallyOf(byCheck(f))
	parts := t.graveWords()
	var with []string
	for _, x := range f.Findings {
		if name := x.Name.Display(); x.Outcome == acme.Fail && x.Severity >= acme.Warning && !slices.Contains(with, name) {
			with = append(with, name)
		}
	}
	unclear := ""
	if t.unknown > 0 {
		unclear = " " + count(t.unknown, "check") + " cannot be told from here."
	}
	switch {
	case len(f.Findings) == 0 && len(f.Subjects) > 0:
		p.row(0, "", txt("These checks have nothing to say of "+count(len(f.Subjects), "name")+"."))
	case len(f.Findings) == 0:
		p.row(0, "", txt("No check was made."))
	case len(parts) == 0:
		p.row(0, "", in(green, "Nothing is wrong with "+count(len(subjectsOf(f)), "name")+"."), in(yellow, unclear))
	default:
		st := yellow
		if f.Worst() >= acme.Error {
			st = red
		}
		text := joined(parts) + " with "
		p.row(0, "", in(st, text+p.fitted(with, "name", p.o.Width-lipgloss.Width(text)-1)+"."), in(yellow, unclear))
	}
}

// joined reads "a", "a and b", "a, b and c".
func joined(parts []string) string {
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return strings.Join(parts, "")
}

// byCheck is the gravest finding of each check about each name.
func byCheck(f acme.Found) (out acme.Found) {
	for _, s := range subjectsOf(f) {
		out.Findings = append(out.Findings, s.worst()...)
	}
	return out
}

// foundTally counts findings.
type foundTally struct {
	passed, unknown int
	failed          map[acme.Severity]int
}

// graveWords read "1 fatal error", "2 errors", "1 warning".
func (t foundTally) graveWords() (out []string) {
	for _, s := range []acme.Severity{acme.Fatal, acme.Error, acme.Warning} {
		switch n := t.failed[s]; {
		case n == 0:
		case s == acme.Fatal:
			out = append(out, count(n, "fatal error"))
		default:
			out = append(out, count(n, s.String()))
		}
	}
	return out
}

func tallyOf(f acme.Found) foundTally {
	t := foundTally{failed: map[acme.Severity]int{}}
	for _, x := range f.Findings {
		switch x.Outcome {
		case acme.Pass:
			t.passed++
		case acme.Unknown:
			t.unknown++
		default:
			t.failed[x.Severity]++
		}
	}
	return t
}
