package report

import (
	"io"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/acme/rehearse"
)

// Rehearsal is what `dnsplan rehearse` has come to.
type Rehearsal struct {
	rehearse.Result
	// Authority is what people call it.
	Authority string
}

// checks are those that look at what went wrong.
func (r Rehearsal) checks() []acme.ID {
	if r.Problem == nil {
		return nil
	}
	return rehearse.Explain(*r.Problem)
}

// RehearsalText writes how a rehearsal went, and what the authority has said where
// it has refused, with what to do next. Its last line is "A certificate for
// www.example.org would be issued.", or "No certificate ...".
func RehearsalText(w io.Writer, r Rehearsal, o Options) error {
	p := newPage(o)
	p.row(2, "", in(bold, r.Name), txt(" at "+r.Authority))
	p.stages(r)
	p.blank()
	if r.Problem == nil {
		p.row(0, "", in(green, "A certificate for "+r.Name+" would be issued."))
	} else {
		p.row(0, "", in(red, "No certificate for "+r.Name+" would be issued."))
	}
	return p.writeTo(w)
}

// rehearsalIndent is where lines are carried on: behind the sign and the stage.
const rehearsalIndent = 15

// stages writes a line for each stage that the order came to.
func (p *page) stages(r Rehearsal) {
	p.stage(r, rehearse.Ordering, orderText(r.Deactivated))
	p.stage(r, rehearse.Validating, "the token was found; it was placed in "+r.Place)
	issued := ""
	if f := r.Issued; f != nil {
		issued = "serial " + f.Serial + " by " + f.Issuer + ", valid until " + p.o.clock(f.NotAfter) + "; thrown away"
	}
	p.stage(r, rehearse.Issuing, issued)
}

func orderText(deactivated int) string {
	if deactivated == 0 {
		return "taken, to be validated afresh"
	}
	return "taken; the authority had validated the name before, which was given up so that it is done afresh"
}

// stage is one line, of a stage that went well or of that which failed.
func (p *page) stage(r Rehearsal, s rehearse.Stage, well string) {
	if r.Problem != nil && r.Problem.Stage == s {
		p.refusal(r)
		return
	}
	if s == rehearse.Ordering && r.Order != "" || s == rehearse.Validating && r.Validated || s == rehearse.Issuing && r.Issued != nil {
		p.stageRow(mark{"✓", "*", string(s), green}, txt(well))
	}
}

func (p *page) stageRow(m mark, flow ...span) {
	p.row(rehearsalIndent, "  ", append([]span{{padded(m.sign(p.o)+" "+m.word, rehearsalIndent-2), m.style}}, flow...)...)
}

// refusal is what the authority has said, and what to do about it.
func (p *page) refusal(r Rehearsal) {
	problem := r.Problem
	p.stageRow(mark{"✕", "x", string(problem.Stage), red}, in(bold, problem.Word()), txt(": "+problem.Detail))
	for _, s := range problem.Subproblems {
		p.row(rehearsalIndent+2, strings.Repeat(" ", rehearsalIndent), in(bold, s.Word()), txt(": "+s.Detail))
	}
	if problem.Stage == rehearse.Validating {
		p.row(rehearsalIndent+2, strings.Repeat(" ", rehearsalIndent), in(dim, "the token was placed in "+r.Place))
	}
	if problem.Word() == "caa" && r.Account != "" {
		p.row(rehearsalIndent+2, strings.Repeat(" ", rehearsalIndent),
			in(dim, "a CAA record that names an account (accounturi) does not permit that of a rehearsal, "+keep(r.Account)))
	}
	if ids := r.checks(); len(ids) > 0 {
		words := make([]string, len(ids))
		for i, id := range ids {
			words[i] = string(id)
		}
		p.row(rehearsalIndent+2, strings.Repeat(" ", rehearsalIndent)+p.o.arrow()+" ", txt("see why, and what to do:"))
		command, indent := p.o.Command("check "+r.Name+" --only "+strings.Join(words, ",")), rehearsalIndent+2
		if indent+len(command) > p.o.Width {
			indent = 4 // it is to be pasted, and so not broken
		}
		p.whole(plain, strings.Repeat(" ", indent)+command)
	}
}

// RehearsalJSON writes it as one document. checks are the ids of those that look
// at the problem; error is why it could not be tried, and is left out where it was.
func RehearsalJSON(w io.Writer, r Rehearsal, untried error) error {
	doc := rehearsalDoc{
		FormatVersion: FormatVersion, Authority: r.Authority, Issued: r.Issued != nil,
		Result: r.Result, Seconds: r.Elapsed.Seconds(), Checks: append([]acme.ID{}, r.checks()...),
	}
	if untried != nil {
		doc.Error = untried.Error()
	}
	return writeJSON(w, doc)
}

type rehearsalDoc struct {
	FormatVersion int    `json:"format_version"`
	Authority     string `json:"authority"`
	Issued        bool   `json:"issued"`
	rehearse.Result
	Seconds float64   `json:"seconds"`
	Checks  []acme.ID `json:"checks"`
	Error   string    `json:"error,omitempty"`
}
