package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/report"
)

// On a terminal a remark is broken at words and carried on two columns in, and what is
// to be pasted stays whole; elsewhere each line is one.
func TestFolded(t *testing.T) {
	long := "-i /etc/dnsplan/of/the/whole/company/inventory.toml"
	for _, tt := range []struct {
		text, want string
	}{
		{"dnsplan: short", "dnsplan: short\n"},
		{"dnsplan: warning: it is Monday, and the week is long", "dnsplan: warning: it is Monday, and the\n  week is long\n"},
		{"  two in: it is Monday, and the week is long enough", "  two in: it is Monday, and the week is\n    long enough\n"},
		{"dnsplan: warning: close it with: dnsplan recover " + long, "dnsplan: warning: close it with:\n  dnsplan recover " + long + "\n"},
		{"see: dnsplan show a; or it: dnsplan drop", "see: dnsplan show a; or it: dnsplan drop\n"},
		{"it: dnsplan plan -o move.plan a.example. " + long + ", and apply that", "it:\n  dnsplan plan -o move.plan a.example. " + long + ",\n  and apply that\n"},
		{"nothing to do (dnsplan cancel 01K5 -i 'a, b.toml' --state-dir c.d; or wait)", "nothing to do\n  (dnsplan cancel 01K5 -i 'a, b.toml' --state-dir c.d;\n  or wait)\n"},
		{"run: dnsplan window NAME... -- CMD, which is what dnsplan does with it all", "run: dnsplan window NAME... -- CMD,\n  which is what dnsplan does with it all\n"},
		{"paste:\n" + report.Paste("if (req.url ~ /well-known/) { proxy to 192.0.2.1 }"), "paste:\n      if (req.url ~ /well-known/) { proxy to 192.0.2.1 }\n"},
		{"one\n  two and more than fits on a line of 400\n", "one\n  two and more than fits on a line of\n    400\n"},
		{"said \x1b[2J by\ta server\r", "said ?[2J by a server\n"},
	} {
		if got := report.Lines(tt.text, report.Options{Width: 40, Fold: true}); got != tt.want {
			t.Errorf("%q is folded to\n%swant\n%s", tt.text, got, tt.want)
		}
		whole := report.Lines(tt.text, report.Options{Width: 40})
		if strings.Count(whole, "\n") != max(1, strings.Count(strings.TrimSuffix(tt.text, "\n"), "\n")+1) {
			t.Errorf("%q has other lines without a terminal:\n%s", tt.text, whole)
		}
	}
}

// A remark is one, whatever a server has put into it.
func TestNoteIsOne(t *testing.T) {
	for _, fold := range []bool{false, true} {
		var b bytes.Buffer
		if err := report.Note(&b, "dnsplan: refused\ndnsplan: done", report.Options{Fold: fold}); err != nil || b.String() != "dnsplan: refused dnsplan: done\n" {
			t.Errorf("%q, %v", b.String(), err)
		}
	}
}

// The lines of a run are folded behind the time, and say what they say in a pipe.
func TestPlainFolded(t *testing.T) {
	show := func(o report.Options) string {
		var b bytes.Buffer
		play(t, report.NewPlain(&b, o), move(t), held, 4, 8*time.Hour)
		return b.String()
	}
	folded := options()
	folded.Fold = true
	pipe, terminal := show(options()), show(folded)
	if a, b := strings.Fields(pipe), strings.Fields(terminal); strings.Join(a, " ") != strings.Join(b, " ") {
		t.Errorf("it says something else on a terminal:\n%s", terminal)
	}
	carried := 0
	for line := range strings.Lines(terminal) {
		if strings.HasPrefix(line, strings.Repeat(" ", len("06:00:00 UTC")+4)) {
			carried++
		}
	}
	if n := strings.Count(terminal, "\n") - strings.Count(pipe, "\n"); n == 0 || n != carried {
		t.Errorf("%d lines more, and %d are carried on:\n%s", n, carried, terminal)
	}
}
