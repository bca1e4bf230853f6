package report

import (
	"io"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme"
)

// FoundText writes, for each name, what is wrong with the remedies, each of them
// once, and once for each check what cannot be told; in a line each what is so
// because of another check, and what is well. A check is in one of these places.
// The last line counts checks: "Nothing is wrong with 2 names.", "3 errors and 1
// warning with www.example.org.", or the like. With detail it writes each finding,
// and who was asked; of one that is because of another only what is to be done besides.
func FoundText(w io.Writer, f acme.Found, detail bool, o Options) error {
	p := newPage(o)
	told := map[acme.Remedy]bool{}
	for _, s := range subjectsOf(f) {
		p.subjectFound(s, told, detail)
	}
	p.blank()
	p.foundLine(f)
	return p.writeTo(w)
}

// subjectFound is what was found about one name in one view.
type subjectFound struct {
	name     zone.Name
	view     string
	findings []acme.Finding
	made     []acme.ID // nil is all
}

// subjectsOf sorts the findings by name, in the order of the examination.
func subjectsOf(f acme.Found) (out []subjectFound) {
	for _, x := range f.Findings {
		i := slices.IndexFunc(out, func(s subjectFound) bool { return s.name == x.Name && s.view == x.View })
		if i < 0 {
			i, out = len(out), append(out, subjectFound{name: x.Name, view: x.View, made: f.Made})
		}
		out[i].findings = append(out[i].findings, x)
	}
	return out
}

func (p *page) subjectFound(s subjectFound, told map[acme.Remedy]bool, detail bool) {
	p.blank()
	head := []span{in(bold, s.name.Display())}
	if s.view != "" {
		head = append(head, in(dim, " (view "+s.view+")"))
	}
	p.row(2, "", head...)
	if detail {
		for _, x := range ranked(s.findings) {
			p.finding(x, s.own(x), detail)
		}
		return
	}
	for _, x := range s.open() {
		p.finding(x, fresh(x.Remedies, told), detail)
	}
	for _, f := range s.consequences() {
		p.checksRow(foundMark(f.worst), f.checks, "  as long as "+f.why())
	}
	if well := s.well(); len(well) > 0 {
		p.checksRow(mark{"✓", "*", "ok", green}, well, "")
	}
}

// own are the remedies of a finding without those that, where it is because of another,
// a finding that stands for itself has too.
func (s subjectFound) own(x acme.Finding) []acme.Remedy {
	if x.Because == "" {
		return x.Remedies
	}
	told := map[acme.Remedy]bool{}
	for _, y := range s.findings {
		if y.Because == "" {
			fresh(y.Remedies, told)
		}
	}
	return fresh(x.Remedies, told)
}

// fresh leaves out the remedies that were told already.
func fresh(all []acme.Remedy, told map[acme.Remedy]bool) (out []acme.Remedy) {
	for _, r := range all {
		if !told[r] {
			out = append(out, r)
		}
		told[r] = true
	}
	return out
}

// checksRow is a line for several checks.
func (p *page) checksRow(m mark, checks []acme.ID, more string) {
	p.row(foundIndent, "  ", span{padded(m.sign(p.o)+" "+m.word, foundIndent-2), m.style}, in(dim, spaced(checks)), in(dim, keep(more)))
}

func spaced(checks []acme.ID) string {
	words := make([]string, len(checks))
	for i, id := range checks {
		words[i] = string(id)
	}
	return strings.Join(words, " ")
}

// condensed leaves of what a check cannot tell the first alone, and says how many
// more there are: mostly it is the same of each address.
func condensed(list []acme.Finding) (out []acme.Finding) {
	more := map[acme.ID]int{}
	for _, x := range list {
		if x.Outcome != acme.Unknown {
			out = append(out, x)
			continue
		}
		if more[x.Check]++; more[x.Check] == 1 {
			out = append(out, x)
		}
	}
	for i := range out {
		if n := more[out[i].Check] - 1; out[i].Outcome == acme.Unknown && n > 0 {
			out[i].Summary += " (and " + number(n) + " more)"
		}
	}
	return out
}

// ranked puts what fails first, the gravest of it first, and what passes last;
// equals stay in the order of the table.
func ranked(list []acme.Finding) []acme.Finding {
	return slices.SortedStableFunc(slices.Values(list), func(a, b acme.Finding) int { return gravity(a) - gravity(b) })
}

// gravity is the lower the graver a finding is.
func gravity(x acme.Finding) int {
	switch x.Outcome {
	case acme.Fail:
		return -int(x.Severity)
	case acme.Unknown:
		return 1
	}
	return 2
}

// foundIndent is where lines are carried on: behind the sign and the severity.
const foundIndent = 14

// checkPad is the width of the column of checks.
const checkPad = len("D-RESERVED")

func (p *page) finding(x acme.Finding, remedies []acme.Remedy, detail bool) {
	m, hang := foundMark(x), foundIndent+checkPad+1
	p.row(hang, "  ", span{padded(m.sign(p.o)+" "+m.word, foundIndent-2), m.style},
		in(bold, padded(string(x.Check), checkPad)+noBreak), txt(x.Summary))
	for _, a := range x.Asked {
		if detail {
			p.row(hang+2, strings.Repeat(" ", hang), in(dim, a.Who+": "+a.Said))
		}
	}
	if detail && x.Because != "" {
		p.row(hang, strings.Repeat(" ", hang), in(dim, "because of "+string(x.Because)))
	}
	for _, r := range remedies {
		p.row(foundIndent+2, strings.Repeat(" ", foundIndent)+p.o.arrow()+" ", txt(r.Do))
		p.paste(r.Paste)
	}
}

// paste prints lines that are to be copied as they are: none is broken.
func (p *page) paste(text string) {
	for line := range strings.Lines(text) {
		p.whole(cyan, strings.Repeat(" ", foundIndent+4)+strings.TrimRight(line, "\r\n"))
	}
}

func foundMark(x acme.Finding) mark {
	switch {
	case x.Outcome == acme.Unknown:
		return mark{"?", "?", "unclear", yellow}
	case x.Outcome == acme.Pass:
		return mark{"✓", "*", "ok", green}
	case x.Severity >= acme.Error:
		return mark{"✕", "x", x.Severity.String(), red}
	case x.Severity == acme.Warning:
		return mark{"!", "!", "warning", yellow}
	}
	return mark{"·", ".", x.Severity.String(), dim}
}
