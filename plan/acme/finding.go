package acme

import (
	"fmt"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// ID is a check's name, as "D-APEX".
type ID string

// Finding is what one check has found about one name.
type Finding struct {
	Check ID        `json:"check"`
	Name  zone.Name `json:"name"`
	// View is that of the name's zone; mostly empty.
	View    string  `json:"view,omitempty"`
	Outcome Outcome `json:"outcome"`
	// Severity is how grave it is, or, where the outcome is not Fail, would be.
	Severity Severity `json:"severity"`
	// Because is another check that is not well for the name, for as long as which
	// this one cannot be: "H-PORT80". Empty where the finding stands for itself.
	Because ID `json:"because,omitempty"`
	// Summary says in one sentence what was found, with the names and addresses
	// that it is about.
	Summary string `json:"summary"`
	// Asked are those who were asked and what they said, in a fixed order.
	Asked []Asked `json:"asked"`
	// Remedies are what to do, in the order in which to do it; none where nothing
	// is to be done.
	Remedies []Remedy `json:"remedies"`
}

// Asked is one who was asked, and the answer.
type Asked struct {
	// Who reads "ns1.example.org. (192.0.2.53:53)" or
	// "GET http://www.example.org/ at 203.0.113.11:80".
	Who  string `json:"who"`
	Said string `json:"said"`
}

// Remedy is one thing to do.
type Remedy struct {
	// Do says what, as an order: "Add the record to zone example.org:".
	Do string `json:"do"`
	// Paste is what to put there: lines of a zone file, of a server's
	// configuration, or a command, with the user's own names and addresses. Empty
	// where Do says it all.
	Paste string `json:"paste,omitempty"`
}

// Wrong tells whether the finding is one that exit code 2 is for.
func (f Finding) Wrong() bool { return f.Outcome == Fail && f.Severity >= Error }

// passed is a finding of what is as it should be.
func passed(asked []Asked, format string, args ...any) Finding {
	return Finding{Outcome: Pass, Summary: fmt.Sprintf(format, args...), Asked: asked}
}

// failed is a finding of what is wrong; its remedies are added by with.
func failed(asked []Asked, format string, args ...any) Finding {
	return Finding{Outcome: Fail, Summary: fmt.Sprintf(format, args...), Asked: asked}
}

// unclear is a finding of what cannot be told from here, and why.
func unclear(asked []Asked, format string, args ...any) Finding {
	return Finding{Outcome: Unknown, Summary: fmt.Sprintf(format, args...), Asked: asked}
}

// with returns f with remedies behind its own.
func (f Finding) with(r ...Remedy) Finding {
	f.Remedies = append(slices.Clone(f.Remedies), r...)
	return f
}

// at returns f with another severity than its row's.
func (f Finding) at(s Severity) Finding {
	f.Severity = s
	return f
}

// because returns f as a consequence of another check.
func (f Finding) because(id ID) Finding {
	f.Because = id
	return f
}

// asking returns f with who was asked.
func (f Finding) asking(a []Asked) Finding {
	f.Asked = a
	return f
}

// gathered puts what fails first, then what is unclear, and makes one finding of
// all that passes, whose summaries follow passes. No finding at all is one: without
// an address nothing can be told.
func (e *examination) gathered(all []Finding, passes string) []Finding {
	var bad, unsure []Finding
	var good []string
	var said []Asked
	for _, x := range all {
		switch x.Outcome {
		case Fail:
			bad = append(bad, x)
		case Unknown:
			unsure = append(unsure, x)
		default:
			good, said = append(good, x.Summary), append(said, x.Asked...)
		}
	}
	out := slices.Concat(bad, unsure)
	if len(good) > 0 {
		out = append(out, passed(said, "%s: %s", passes, joinedWords(good)))
	}
	if len(out) == 0 {
		out = append(out, unclear(nil, "%s has no address that can be asked", e.subject.Name.Display()).because(e.subject.existence()))
	}
	return out
}

// failFirst puts what fails first.
func failFirst(all []Finding) []Finding {
	rank := map[Outcome]int{Fail: 0, Unknown: 1, Pass: 2}
	slices.SortStableFunc(all, func(a, b Finding) int { return rank[a.Outcome] - rank[b.Outcome] })
	return all
}
