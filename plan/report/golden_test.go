package report_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/plan/report"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares what render writes with testdata/name.
func golden(t *testing.T, name string, render func(io.Writer) error) {
	t.Helper()
	var b bytes.Buffer
	if err := render(&b); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s differs (-want +got), run with -update to accept:\n%s", path, diff)
	}
}

func options() report.Options { return report.Options{Now: made} }

// TestGoldenShape looks at every golden file as a terminal would: no line is
// too wide, ends in a blank or holds an escape.
func TestGoldenShape(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("golden files: %d, %v", len(files), err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		n := 0
		for l := range strings.Lines(string(b)) {
			n++
			l = strings.TrimSuffix(l, "\n")
			if w := utf8.RuneCountInString(l); w > 80 && !strings.HasPrefix(name, "plain-") {
				t.Errorf("%s:%d: %d columns: %s", name, n, w, l)
			}
			if strings.TrimRight(l, " \t\u00a0") != l {
				t.Errorf("%s:%d: blanks at the end: %q", name, n, l)
			}
			if strings.ContainsAny(l, "\x1b\r\t\u00a0") {
				t.Errorf("%s:%d: control characters: %q", name, n, l)
			}
		}
		if strings.Contains(string(b), "\n\n\n") || strings.HasPrefix(string(b), "\n") {
			t.Errorf("%s: blank lines in a row, or at the start", name)
		}
	}
}
