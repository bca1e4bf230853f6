package acme

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// broken are the checks that a test of this package has seen fail with a remedy.
var broken sync.Map

// Broken notes which checks of what was found have failed with a remedy.
func Broken(found []Finding) {
	for _, f := range found {
		if f.Outcome == Fail && len(f.Remedies) > 0 {
			broken.Store(f.Check, true)
		}
	}
}

// TestMain holds, where all tests have run, that each check was seen to fail with a
// remedy: something that breaks exactly that is among the tests.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	var unseen []string
	for _, c := range Checks() {
		if _, ok := broken.Load(c.ID); !ok {
			unseen = append(unseen, string(c.ID))
		}
	}
	if code == 0 && len(unseen) > 0 && wholeRun() {
		fmt.Printf("FAIL: no test breaks what these checks look at: %s\n", strings.Join(unseen, " "))
		code = 1
	}
	os.Exit(code)
}

// wholeRun tells whether no test was left out.
func wholeRun() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return !testing.Short()
}
