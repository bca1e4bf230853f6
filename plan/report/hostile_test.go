package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/acme/rehearse"
	"github.com/dnsplan/dnsplan/plan/report"
)

// hostile is what a server may say: sequences for terminals in either form, line
// breaks, a change of direction, bytes that are no text, and markup.
const hostile = "\x1b]0;owned\x07\x1b[2J\u009b31m\x9b1m\x7f\u202edrow\u2066 a\r\nb\n| c | `d` ```\n```\n<img src=x onerror=y>&amp;" +
	" **e** _f_ [g](javascript:h) @ops #1 $i$ https://evil.example/ ~~j~~ \\"

// hostileFound has it wherever an answer may get to.
func hostileFound() acme.Found {
	const name zone.Name = "_weird__name.example.org."
	finding := func(id acme.ID, o acme.Outcome) acme.Finding {
		return acme.Finding{
			Check: id, Name: name, View: "in_side", Outcome: o, Severity: acme.Error, Summary: hostile,
			Asked:    []acme.Asked{{Who: hostile, Said: hostile}},
			Remedies: []acme.Remedy{{Do: hostile, Paste: hostile + strings.Repeat("long ", 200) + "end"}},
		}
	}
	return acme.Found{
		Checked: made, Subjects: []zone.Name{name}, Made: []acme.ID{"H-TOKEN", "H-CDN", "D-APEX"},
		Findings: []acme.Finding{finding("H-TOKEN", acme.Fail), finding("H-CDN", acme.Unknown), finding("D-APEX", acme.Pass)},
	}
}

// forms are all that is written of findings and of a rehearsal.
func forms() map[string]func(io.Writer) error {
	f, r := hostileFound(), rehearsal()
	r.Authority, r.Place, r.Order = hostile, hostile, "https://ca.example.net/1"
	r.Problem = &rehearse.Problem{
		Stage: rehearse.Validating, Type: "urn:x:" + hostile, Detail: hostile,
		Subproblems: []rehearse.Problem{{Type: hostile, Detail: hostile}},
	}
	narrow := options()
	narrow.Width, narrow.ASCII = 40, true
	gone := errorText(hostile)
	return map[string]func(io.Writer) error{
		"text":               func(w io.Writer) error { return report.FoundText(w, f, false, options()) },
		"text, all":          func(w io.Writer) error { return report.FoundText(w, f, true, options()) },
		"text, narrow":       func(w io.Writer) error { return report.FoundText(w, f, true, narrow) },
		"checklist":          func(w io.Writer) error { return report.ChecklistText(w, f, options()) },
		"JSON":               func(w io.Writer) error { return report.FoundJSON(w, f, true, gone) },
		"Markdown":           func(w io.Writer) error { return report.FoundMarkdown(w, f, false, options()) },
		"Markdown checklist": func(w io.Writer) error { return report.FoundMarkdown(w, f, true, options()) },
		"rehearsal":          func(w io.Writer) error { return report.RehearsalText(w, r, options()) },
		"rehearsal JSON":     func(w io.Writer) error { return report.RehearsalJSON(w, r, gone) },
	}
}

type errorText string

func (e errorText) Error() string { return string(e) }

// What servers say moves no cursor, changes no color, and breaks no line.
func TestHostileToTerminals(t *testing.T) {
	for name, write := range forms() {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(b.Bytes()) {
			t.Errorf("%s: not UTF-8", name)
		}
		for _, r := range b.String() {
			if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%s: %U in\n%q", name, r, b.String())
				break
			}
		}
	}
}

// What JSON escapes is still what was said.
func TestHostileInJSON(t *testing.T) {
	var b bytes.Buffer
	var doc struct {
		Findings []acme.Asked
		Error    string
	}
	if err := forms()["JSON"](&b); err != nil {
		t.Fatal(err)
	}
	want := strings.ToValidUTF8(hostile, "\ufffd")
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil || doc.Error != want {
		t.Errorf("%v: %q, want %q", err, doc.Error, want)
	}
}

// In Markdown it makes no markup, no row and no end of a fence, and what is to be
// pasted is whole.
func TestHostileInMarkdown(t *testing.T) {
	for _, name := range []string{"Markdown", "Markdown checklist"} {
		var b bytes.Buffer
		if err := forms()[name](&b); err != nil {
			t.Fatal(err)
		}
		fence := ""
		for line := range strings.Lines(b.String()) {
			line = strings.TrimSuffix(line, "\n")
			bare := strings.TrimLeft(line, " ")
			switch {
			case fence != "" && bare == fence:
				fence = ""
			case fence != "":
			case strings.HasPrefix(bare, "```"):
				fence = bare
			default:
				plainMarkdown(t, name, line)
			}
		}
		if fence != "" {
			t.Errorf("%s: %s is not closed", name, fence)
		}
		if name == "Markdown" && !strings.Contains(b.String(), "long end\n") {
			t.Errorf("%s: what is to be pasted is cut", name)
		}
	}
}

// plainMarkdown finds markup in a line that its own is not.
func plainMarkdown(t *testing.T, form, line string) {
	t.Helper()
	text := strings.NewReplacer("`H-TOKEN`", "", "`H-CDN`", "", "`D-APEX`", "", `\\`, "").Replace(line)
	for _, mark := range []string{"`", "*", "_", "~", "[g", "]("} {
		if rest := strings.ReplaceAll(text, `\`+mark[:1], ""); strings.Contains(rest, mark) {
			t.Errorf("%s: %s in %s", form, mark, line)
		}
	}
	for _, mark := range []string{"<", "@", "#1", "$", "://"} {
		if strings.Contains(text, mark) {
			t.Errorf("%s: %s in %s", form, mark, line)
		}
	}
	if cells := strings.Count(strings.ReplaceAll(text, `\|`, ""), "|"); cells != 0 && cells != 4 {
		t.Errorf("%s: %d bars in %s", form, cells, line)
	}
}
