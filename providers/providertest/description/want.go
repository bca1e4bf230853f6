package description

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Want fails the test where a request, "GET /zones?page=1", has not the one breach
// that holds want, or has one where want is empty. A table of all kinds of breaches
// shows that the check is blind to none.
func Want(t *testing.T, breaches Breaches, request, body, want string) {
	t.Helper()
	method, rest, _ := strings.Cut(request, " ")
	path, query, _ := strings.Cut(rest, "?")
	got := breaches(method, path, query, []byte(body))
	switch {
	case want == "" && len(got) > 0:
		t.Errorf("%q, want none", got)
	case want != "" && (len(got) != 1 || !strings.Contains(got[0], want)):
		t.Errorf("%q, want one with %q", got, want)
	}
}

// Ending is a test within a test: it ends when it is told to, and keeps its errors
// to itself.
type Ending struct {
	*testing.T
	Errors []string

	cleanups []func()
}

// Cleanup runs f in End.
func (e *Ending) Cleanup(f func()) { e.cleanups = append(e.cleanups, f) }

// Errorf adds to Errors.
func (e *Ending) Errorf(format string, args ...any) {
	e.Errors = append(e.Errors, fmt.Sprintf(format, args...))
}

// End ends the test.
func (e *Ending) End() {
	for _, f := range slices.Backward(e.cleanups) {
		f()
	}
}
