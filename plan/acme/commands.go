package acme

import (
	"slices"
	"strings"
)

// program begins a command of this program.
const program = "dnsplan "

// WithCommands returns f with each command of this program in a remedy as command
// makes it out of its words, "plan www.example.org": with the inventory that it is
// about. A command that is run by it stays behind all of that.
func (f Found) WithCommands(command func(words string) string) Found {
	f.Findings = slices.Clone(f.Findings)
	for i := range f.Findings {
		x := &f.Findings[i]
		x.Remedies = slices.Clone(x.Remedies)
		for j := range x.Remedies {
			x.Remedies[j].Paste = commanded(x.Remedies[j].Paste, command)
		}
	}
	return f
}

// commanded is text with each line that is a command, or ends in one, as command
// makes it.
func commanded(text string, command func(words string) string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		before, words, found := strings.Cut(line, program)
		if !found || before != "" && !strings.HasSuffix(before, "&& ") {
			continue
		}
		words, run, runs := strings.Cut(words, " -- ")
		lines[i] = before + command(words)
		if runs {
			lines[i] += " -- " + run
		}
	}
	return strings.Join(lines, "\n")
}
