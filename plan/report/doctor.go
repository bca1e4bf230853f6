package report

import (
	"io"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Examination is what `dnsplan doctor` found.
type Examination struct {
	Checked time.Time
	Checks  []Check
}

// Check is one thing that was looked at: a provider's Finding, or one in the
// same words about something else.
type Check struct {
	// Subject is what was looked at: "provider", "resolver" or "state folder".
	Subject string
	// Name is the inventory's name of it; for a folder its path.
	Name string
	// View is that of the zone; mostly empty.
	View string
	providers.Finding
}

// Worst is the gravest verdict; Good where nothing was looked at.
func (e Examination) Worst() providers.Verdict {
	worst := providers.Good
	for _, c := range e.Checks {
		worst = max(worst, c.Verdict)
	}
	return worst
}

func (e Examination) with(v providers.Verdict) []Check {
	return slices.DeleteFunc(slices.Clone(e.Checks), func(c Check) bool { return c.Verdict != v })
}

// DoctorText writes a line for each check, with what to do about it on the next.
// A line that is wider than the page is carried on; WholeLines keeps it whole.
// Its last line is "All N checks are ok.", "Nothing is wrong, N of M checks are
// unclear." or "N of M checks are wrong: ...".
func DoctorText(w io.Writer, e Examination, o Options) error {
	p := newPage(o)
	subject := 0
	for _, c := range e.Checks {
		subject = max(subject, min(lipgloss.Width(c.subject()), maxSubject))
	}
	for _, c := range e.Checks {
		p.check(c, subject)
	}
	p.blank()
	p.examined(e)
	return p.writeTo(w)
}

// maxSubject is the widest column of subjects; one that is longer pushes the rest
// of its line on.
const maxSubject = 20

// checkIndent is where lines are carried on: behind the sign and the verdict.
const checkIndent = 10

func (p *page) check(c Check, subject int) {
	m := findingMark(c.Verdict)
	p.row(checkIndent, "",
		span{padded(m.sign(p.o)+" "+m.word, checkIndent), m.style},
		in(bold, padded(c.subject(), subject)+noBreak), txt(" "+c.topic()+": "+c.Detail))
	if c.Remedy != "" {
		p.row(checkIndent+2, strings.Repeat(" ", checkIndent)+p.o.arrow()+" ", txt(c.Remedy))
	}
}

// subject reads "provider cf".
func (c Check) subject() string { return keep(clean(strings.TrimSpace(c.Subject + " " + c.Name))) }

// topic reads "credentials", "zone example.org", "limits example.org (internal)".
func (c Check) topic() string {
	if c.Zone == "" {
		return keep(c.Topic)
	}
	out := c.Topic + " " + c.Zone.Display()
	if c.View != "" {
		out += " (" + c.View + ")"
	}
	return keep(out)
}

func findingMark(v providers.Verdict) mark {
	switch v {
	case providers.Good:
		return mark{"✓", "*", v.String(), green}
	case providers.Unclear:
		return mark{"?", "?", v.String(), yellow}
	}
	return mark{"✕", "x", v.String(), red}
}

// arrow points from what was found to what to do.
func (o Options) arrow() string {
	if o.ASCII {
		return ">"
	}
	return "→"
}

// examined is the last line.
func (p *page) examined(e Examination) {
	bad, unclear, all := e.with(providers.Bad), e.with(providers.Unclear), count(len(e.Checks), "check")
	switch {
	case len(bad) > 0:
		p.row(0, "", in(red, number(len(bad))+" of "+all+" "+verb(len(bad), "are", "is")+" wrong: "+strings.Join(subjects(bad), ", ")+"."))
	case len(unclear) > 0:
		p.row(0, "", in(yellow, "Nothing is wrong, "+number(len(unclear))+" of "+all+" "+verb(len(unclear), "are", "is")+" unclear."))
	case len(e.Checks) == 1:
		p.row(0, "", in(green, all+" is ok."))
	default:
		p.row(0, "", in(green, "All "+all+" are ok."))
	}
}

// subjects names what checks are about, each once.
func subjects(checks []Check) (names []string) {
	for _, c := range checks {
		if !slices.Contains(names, c.subject()) {
			names = append(names, c.subject())
		}
	}
	return names
}

// DoctorJSON writes the checks as one document. verdict is the gravest of them.
func DoctorJSON(w io.Writer, e Examination) error {
	doc := doctorDoc{FormatVersion: FormatVersion, Checked: e.Checked.UTC(), Verdict: e.Worst(), Checks: []checkDoc{}}
	for _, c := range e.Checks {
		doc.Checks = append(doc.Checks, checkDoc{c.Subject, c.Name, c.Topic, c.Zone, c.View, c.Verdict, c.Detail, c.Remedy})
	}
	doc.Summary.OK = len(e.with(providers.Good))
	doc.Summary.Unclear = len(e.with(providers.Unclear))
	doc.Summary.Wrong = len(e.with(providers.Bad))
	return writeJSON(w, doc)
}

type doctorDoc struct {
	FormatVersion int               `json:"format_version"`
	Checked       time.Time         `json:"checked"`
	Verdict       providers.Verdict `json:"verdict"`
	Checks        []checkDoc        `json:"checks"`
	Summary       struct {
		OK      int `json:"ok"`
		Unclear int `json:"unclear"`
		Wrong   int `json:"wrong"`
	} `json:"summary"`
}

type checkDoc struct {
	Subject string            `json:"subject"`
	Name    string            `json:"name"`
	Topic   string            `json:"topic"`
	Zone    zone.Name         `json:"zone,omitempty"`
	View    string            `json:"view,omitempty"`
	Verdict providers.Verdict `json:"verdict"`
	Detail  string            `json:"detail"`
	Remedy  string            `json:"remedy,omitempty"`
}
