package acme

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// program begins a command of this program, and behind stands before one that comes
// behind others.
const (
	program = "dnsplan "
	behind  = "&& "
)

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
		before := ""
		words, found := strings.CutPrefix(line, program)
		if !found {
			if before, words, found = strings.Cut(line, behind+program); !found {
				continue
			}
			before += behind
		}
		if words == "" || words[0] < 'a' || words[0] > 'z' { // of a record that is called so: its TTL or its class
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

// apply is to write what the inventory says.
func (s *Subject) apply() Remedy {
	return Remedy{Do: "Have it written as the inventory says:", Paste: s.applied()}
}

// applied are the commands that plan the name alone, and apply that.
func (s *Subject) applied() string {
	name := inCommand(s.Name)
	return fmt.Sprintf("dnsplan plan -o %s.plan %s\ndnsplan apply %s.plan", name, name, name)
}

// again is to make a check once more.
func (s *Subject) again(c ID) Remedy {
	return Remedy{Do: "Then look again:", Paste: s.recheck(c)}
}

// recheck is the command that makes checks of the name.
func (s *Subject) recheck(checks ...ID) string {
	words := make([]string, len(checks))
	for i, c := range checks {
		words[i] = string(c)
	}
	return "dnsplan check " + inCommand(s.Name) + " --only " + strings.Join(words, ",")
}

// inCommand is a name as a shell takes it for one word.
func inCommand(n zone.Name) string { return inShell(n.Display()) }

// inShell is a text as a shell takes it for one word.
func inShell(text string) string {
	if text != "" && !strings.ContainsFunc(text, oddInPath) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// oddInPath tells what may mean something to a shell, or to a web server's
// configuration.
func oddInPath(r rune) bool {
	return oddInHost(r) && (r < 'A' || r > 'Z') && !strings.ContainsRune("/+:@%,", r)
}
