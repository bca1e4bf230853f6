package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// What is said beside a command's output fits a terminal of any width, but for what is
// to be pasted; in a pipe each line is one, and says the same.
func TestTerminalWidth(t *testing.T) {
	for _, line := range []string{
		"validate", "plan -v", "plan -o move.plan", "plan nowhere.example.org", "apply --auto-approve", "apply --auto-approve --strategy staged -v", "apply nofile.plan",
		"window www.example.org -- true", "window nowhere.example.org 192.0.2.1 *.example.org --deadline 1s -- nosuchcommand", "window close nowhere.example.org",
		"resume 01NONE", "rollback last --auto-approve", "cancel last", "recover", "recover --now", "check www.example.org", "rehearse www.example.org", "doctor", "drift",
		"verify www.example.org", "log --verify", "systemd --dir units", "restore nofile.json", "export --format cloudflare", "import example.org --provider nobody",
	} {
		t.Run(line, func(t *testing.T) {
			said := map[int]string{}
			for _, width := range []int{0, 80, 50} {
				p := newProgram(t, "")
				p.env["TERM"] = "dumb" // no block is drawn anew
				t.Chdir(p.dir)
				p.width = width
				got := p.run(strings.Fields(line)...)
				said[width] = strings.Join(strings.Fields(strings.ReplaceAll(got.stderr, p.dir, "DIR")), " ")
				for l := range strings.Lines(got.stderr) {
					l = strings.TrimSuffix(l, "\n")
					if n := utf8.RuneCountInString(l); width > 0 && n > width && !toPaste(l) {
						t.Errorf("%d columns: %s", n, l)
					}
				}
			}
			for _, width := range []int{80, 50} {
				if diff := cmp.Diff(said[0], said[width]); diff != "" {
					t.Errorf("it says something else on a terminal of %d columns:\n%s", width, diff)
				}
			}
		})
	}
}

// toPaste tells a line that is to be pasted, or a path or a digest alone.
func toPaste(line string) bool {
	text := strings.TrimLeft(line, " (")
	return strings.HasPrefix(text, "dnsplan ") || strings.HasPrefix(line, "      ") || !strings.Contains(text, " ")
}
