package main

import (
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// TestHelpFits: the help of each command but version has an example,
// says what the exit codes mean, and fits a terminal of 80 columns.
func TestHelpFits(t *testing.T) {
	root := newRoot(&app{env: func(string) (string, bool) { return "", false }, stderr: io.Discard})
	root.InitDefaultHelpCmd()
	all := append([]*cobra.Command{root}, root.Commands()...)
	for _, c := range root.Commands() {
		all = append(all, c.Commands()...)
	}
	for _, c := range all {
		if c.Name() == "help" {
			continue
		}
		var out strings.Builder
		c.SetOut(&out)
		if err := c.Help(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if w := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); w > 80 {
				t.Errorf("%s: %d columns: %s", c.CommandPath(), w, line)
			}
		}
		if !strings.Contains(out.String(), "Exit codes:") {
			t.Errorf("%s: no exit codes", c.CommandPath())
		}
		if c.Example == "" && c.Name() != "version" {
			t.Errorf("%s: no example", c.CommandPath())
		}
	}
}
