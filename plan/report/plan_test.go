package report_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/report"
)

func TestPlan(t *testing.T) {
	for name, p := range plans(t) {
		t.Run(name, func(t *testing.T) {
			golden(t, "plan-"+name+".txt", func(w io.Writer) error { return report.PlanText(w, p, options()) })
			golden(t, "plan-"+name+".md", func(w io.Writer) error { return report.PlanMarkdown(w, p, options()) })
		})
	}
}

func TestPlanTextASCII(t *testing.T) {
	golden(t, "plan-kinds-ascii.txt", func(w io.Writer) error {
		o := options()
		o.ASCII = true
		return report.PlanText(w, plans(t)["kinds"], o)
	})
	b := text(t, func(w io.Writer) error {
		o := options()
		o.ASCII = true
		return report.PlanText(w, plans(t)["names"], o)
	})
	for i, r := range b {
		if r >= utf8.RuneSelf {
			t.Fatalf("%q at %d is not ASCII", r, i)
		}
	}
}

func text(t testing.TB, render func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := render(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	return lines[len(lines)-1]
}

func TestPlanTextLastLine(t *testing.T) {
	want := map[string]string{
		"move":      "Plan: 0 to create, 1 to update, 0 to delete.",
		"empty":     "No changes.",
		"unmanaged": "No changes.",
		"conflicts": "No changes.",
		"kinds":     "Plan: 3 to create, 6 to update, 1 to delete.",
		"large":     "Plan: 0 to create, 200 to update, 0 to delete.",
	}
	all := plans(t)
	for name, w := range want {
		got := lastLine(text(t, func(w io.Writer) error { return report.PlanText(w, all[name], options()) }))
		if got != w {
			t.Errorf("%s: last line %q, want %q", name, got, w)
		}
	}
}

// TestPlanTextWidths renders every plan at many widths: no line of it may
// exceed the width, or lose its text.
func TestPlanTextWidths(t *testing.T) {
	for name, p := range plans(t) {
		for _, width := range []int{1, 40, 60, 72, 100, 200} {
			o := options()
			o.Width = width
			got := text(t, func(w io.Writer) error { return report.PlanText(w, p, o) })
			for l := range strings.Lines(got) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(l, "\n")); n > max(width, 40) && !strings.HasPrefix(l, "Plan: ") {
					t.Errorf("%s at %d: %d columns: %s", name, width, n, l)
				}
			}
		}
	}
}

func TestPlanTextColor(t *testing.T) {
	for name, p := range plans(t) {
		o := options()
		bare := text(t, func(w io.Writer) error { return report.PlanText(w, p, o) })
		o.Color = true
		colored := text(t, func(w io.Writer) error { return report.PlanText(w, p, o) })
		if name != "empty" && !strings.Contains(colored, "\x1b[") {
			t.Errorf("%s: no colour", name)
		}
		if got := strip(colored); got != bare {
			t.Errorf("%s: colour changes the text:\n%s\nwant:\n%s", name, got, bare)
		}
	}
}

// strip removes SGR escapes.
func strip(s string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "\x1b[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, s, _ = strings.Cut(rest, "m")
	}
}

// TestHostileText: what comes from outside cannot move the cursor, turn the
// direction of writing, break a table or call somebody in a comment.
func TestHostileText(t *testing.T) {
	p := move(t)
	p.Changes[0].Comment = "a\x1b[2Jb\r\nc\u202ed | `x` @all <script> ```"
	p.Changes[0].Owner = "\u009b31m"
	p.Warnings = append(p.Warnings, plan.Warning{Code: "x", Message: "\x07bell\x00"})
	for _, render := range []func(io.Writer, *plan.Plan, report.Options) error{report.PlanText, report.PlanMarkdown} {
		got := text(t, func(w io.Writer) error { return render(w, p, options()) })
		if i := strings.IndexAny(got, "\x1b\r\x07\x00\u009b\u202e"); i >= 0 {
			t.Errorf("control character %q in:\n%s", got[i], got)
		}
	}
	md := text(t, func(w io.Writer) error { return report.PlanMarkdown(w, p, options()) })
	for _, bad := range []string{"<script>", "@all", " | `x`"} {
		if strings.Contains(md, bad) {
			t.Errorf("%q is not escaped in:\n%s", bad, md)
		}
	}
}

// Lines of a warning that are there to be pasted stay lines, and whole.
func TestWarningToPaste(t *testing.T) {
	p := move(t)
	long := "    proxy_pass " + strings.Repeat("x", 90) + ";"
	p.Warnings = []plan.Warning{{Code: plan.ACMEBridge, Name: "www.example.org.", Message: "have it pass them on, as nginx does by:\nlocation ^~ / {\n" + long + "\n}"}}
	got := text(t, func(w io.Writer) error { return report.PlanText(w, p, options()) })
	for _, want := range []string{"[acme-bridge]\n", "  location ^~ / {\n", long + "\n", "  }\n"} {
		if !strings.Contains(strings.ReplaceAll(got, "\u00a0", " "), want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	md := text(t, func(w io.Writer) error { return report.PlanMarkdown(w, p, options()) })
	if want := "as nginx does by:\n  ```\n  location ^~ / {\n  " + long + "\n  }\n  ```\n"; !strings.Contains(md, want) {
		t.Errorf("no %q in:\n%s", want, md)
	}
}

// TestPlanMarkdownSize: a comment stays under 60 KiB, whatever is in the plan.
func TestPlanMarkdownSize(t *testing.T) {
	p := many(t, 3000)
	for range 500 {
		p.Warnings = append(p.Warnings, plan.Warning{Code: "w", Message: strings.Repeat("long words ", 300)})
		p.Conflicts = append(p.Conflicts, plan.Conflict{Zone: "example.org.", Name: "x.example.org.", Type: zone.A, Reason: strings.Repeat("`|", 300)})
	}
	got := text(t, func(w io.Writer) error { return report.PlanMarkdown(w, p, options()) })
	if len(got) > 60<<10 {
		t.Errorf("%d bytes", len(got))
	}
	if !strings.HasPrefix(got, report.MarkdownMarker+"\n") {
		t.Errorf("first line is not the marker: %.60s", got)
	}
	for _, want := range []string{"more changes", "and 4", "Plan: 0 to create, 3000 to update, 0 to delete."} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := strings.Count(got, "```"); n%2 != 0 {
		t.Errorf("%d fences", n)
	}
}

// TestPlanTextOfManyGroups would take minutes if a step looked for its changes
// one by one.
func TestPlanTextOfManyGroups(t *testing.T) {
	p := many(t, 20000)
	for i := range p.Changes {
		p.Steps = append(p.Steps, plan.Step{ID: "x", Kind: plan.StepVerify, Changes: []string{p.Changes[i].ID}, After: []string{}})
	}
	got := text(t, func(w io.Writer) error { return report.PlanText(w, p, options()) })
	if !strings.Contains(got, "... and 19950 more changes (19950 update)") {
		t.Errorf("the rest is not counted:\n%s", got[max(0, len(got)-2000):])
	}
}

// FuzzPlanText: whatever an inventory says, the text is safe to print and ends
// as it should.
func FuzzPlanText(f *testing.F) {
	f.Add("new host", 80, true)
	f.Add("\x1b[31m\u202e\xff\u00a0", 40, false)
	f.Add(strings.Repeat("wide\u6f22\u5b57", 40), 41, true)
	p := move(f)
	f.Fuzz(func(t *testing.T, comment string, width int, ascii bool) {
		p.Changes[0].Comment, p.Changes[0].Owner = comment, comment
		o := options()
		o.Width, o.ASCII = min(width, 1000), ascii
		got := text(t, func(w io.Writer) error { return report.PlanText(w, p, o) })
		if i := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }); i >= 0 {
			t.Errorf("control character at %d of %q", i, got)
		}
		if last := lastLine(got); last != "Plan: 0 to create, 1 to update, 0 to delete." {
			t.Errorf("last line %q", last)
		}
		_ = text(t, func(w io.Writer) error { return report.PlanMarkdown(w, p, o) })
	})
}
