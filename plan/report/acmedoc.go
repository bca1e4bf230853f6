package report

import (
	"io"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme"
)

// FoundJSON writes the findings as one document; with the checklist, that of each
// name too. worst is the gravest severity of what fails, null where nothing does;
// error is why findings are missing, or cannot be told, and is left out where none is.
func FoundJSON(w io.Writer, f acme.Found, checklist bool, missing error) error {
	t := tallyOf(f)
	doc := foundDoc{FormatVersion: FormatVersion, Checked: f.Checked.UTC(), Names: []zone.Name{}, Findings: append([]acme.Finding{}, f.Findings...)}
	if worst := f.Worst(); worst > 0 {
		doc.Worst = &worst
	}
	for _, n := range f.Subjects {
		if !slices.Contains(doc.Names, n) { // in two views it is one name
			doc.Names = append(doc.Names, n)
		}
	}
	doc.Summary = foundSummary{
		Pass: t.passed, Unknown: t.unknown,
		Info: t.failed[acme.Info], Warning: t.failed[acme.Warning], Error: t.failed[acme.Error], Fatal: t.failed[acme.Fatal],
	}
	if missing != nil {
		doc.Error = missing.Error()
	}
	if checklist {
		doc.Checklist = checklistDocs(f)
	}
	return writeJSON(w, doc)
}

type foundDoc struct {
	FormatVersion int            `json:"format_version"`
	Checked       time.Time      `json:"checked"`
	Names         []zone.Name    `json:"names"`
	Findings      []acme.Finding `json:"findings"`
	Checklist     []itemDoc      `json:"checklist,omitempty"`
	Worst         *acme.Severity `json:"worst"`
	Summary       foundSummary   `json:"summary"`
	Error         string         `json:"error,omitempty"`
}

// foundSummary counts findings: those that pass, those that cannot be told, and
// those that fail by severity.
type foundSummary struct {
	Pass    int `json:"pass"`
	Unknown int `json:"unknown"`
	Info    int `json:"info"`
	Warning int `json:"warning"`
	Error   int `json:"error"`
	Fatal   int `json:"fatal"`
}

type itemDoc struct {
	Name zone.Name `json:"name"`
	View string    `json:"view,omitempty"`
	acme.Item
	Outcome acme.Outcome `json:"outcome"`
	// Why are the summaries of the findings that decided against it, or why none
	// decided.
	Why []string `json:"why"`
}

func checklistDocs(f acme.Found) []itemDoc {
	out := []itemDoc{}
	for _, s := range subjectsOf(f) {
		for _, i := range acme.Checklist() {
			outcome, why := s.decide(i)
			d := itemDoc{Name: s.name, View: s.view, Item: i, Outcome: outcome, Why: []string{}}
			for _, x := range why {
				if outcome != acme.Pass {
					d.Why = append(d.Why, string(x.Check)+": "+x.Summary)
				}
			}
			if outcome != acme.Pass && len(why) == 0 {
				d.Why = []string{s.silent(i)}
			}
			out = append(out, d)
		}
	}
	return out
}
