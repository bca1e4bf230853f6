package acme

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

// What tests of this package have seen come out of examinations: checks that fail with
// a remedy, and remedies; and of those what they have expected to be done, or pasted.
var broken, given, orders, pastes sync.Map

// Examined examines, and notes what is to be done about what was found.
func Examined(ctx context.Context, x *Examiner, subjects []*Subject, sel Selection) Found {
	found := x.Examine(ctx, subjects, sel)
	for _, f := range found.Findings {
		if f.Outcome == Fail && len(f.Remedies) > 0 {
			broken.Store(f.Check, true)
		}
		for _, r := range f.Remedies {
			given.Store(r, true)
		}
	}
	return found
}

// Offers expects each of the words in a remedy of the finding, in what is to be done
// or in what is to be pasted behind it.
func Offers(t *testing.T, f Finding, words ...string) {
	t.Helper()
	for _, w := range words {
		found := w == ""
		for _, r := range f.Remedies {
			if w == "" || !strings.Contains(r.text(), w) {
				continue
			}
			found = true
			do, paste := strings.Contains(r.Do, w), strings.Contains(r.Paste, w)
			if do || !paste { // or from one into the other
				orders.Store(r, true)
			}
			if paste || !do || r.Paste == "" {
				pastes.Store(r, true)
			}
		}
		if !found {
			t.Errorf("%s: no remedy holds %q: %q", f.Check, w, f.Remedies)
		}
	}
}

// text is all of a remedy, each part with a line's end.
func (r Remedy) text() string { return r.Do + "\n" + r.Paste + "\n" }

// TestMain holds, where all tests have run, that each check was seen to fail with a
// remedy, and that each remedy of the source has come out of an examination, and tests
// have expected both its parts: among them is something that breaks exactly that.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if code == 0 && wholeRun() {
		if unseen := unproven(); len(unseen) > 0 {
			fmt.Printf("FAIL: no test breaks what these are for:\n%s\n", strings.Join(unseen, "\n"))
			code = 1
		}
	}
	os.Exit(code)
}

// wholeRun tells whether no test was left out, neither by a flag nor because the machine
// lacks something.
func wholeRun() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return !testing.Short() && equipped.Load()
}

// equipped says that the machine has all that the tests of this package need.
var equipped atomic.Bool

// What is broken on servers and over IPv6 is seen where the machine has these.
func TestMachineIsEquipped(t *testing.T) {
	for program, debianPackage := range map[string]string{"nginx": "nginx", "apache2": "apache2-bin", "haproxy": "haproxy", "named": "bind9", "knotd": "knot"} {
		needs.Program(t, program, debianPackage)
	}
	needs.Address(t, "::1")
	equipped.Store(true)
}

// unproven are the checks and remedies that no test has broken anything for.
func unproven() (out []string) {
	for _, c := range Checks() {
		if _, ok := broken.Load(c.ID); !ok {
			out = append(out, "check "+string(c.ID))
		}
	}
	var proven, touched []Remedy
	given.Range(func(r, _ any) bool {
		_, do := orders.Load(r)
		_, paste := pastes.Load(r)
		if do && paste {
			proven = append(proven, r.(Remedy))
		}
		if do || paste {
			touched = append(touched, r.(Remedy))
		}
		return true
	})
	source := readSource()
	for _, text := range source.remedies() {
		if !text.among(proven) {
			out = append(out, "remedy at "+text.String())
		}
	}
	for _, text := range source.made() {
		part := regexp.MustCompile("(?s:" + text.do + ")")
		if !slices.ContainsFunc(touched, func(r Remedy) bool { return part.MatchString(r.text()) }) {
			out = append(out, "part of a remedy at "+text.String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// The reader of the source finds what there is to find: remedies by their numbers, and
// texts that are put together by variables, tables, lists and functions.
func TestTextsOfRemedies(t *testing.T) {
	all := readSource().remedies()
	if len(all) < 100 {
		t.Errorf("%d texts of remedies", len(all))
	}
	for _, want := range []Remedy{
		{Do: "On ns1: have the server answer NOERROR for types that it does not know (RFC 3597)."},
		{Do: "HAProxy: and a backend of its own:", Paste: "backend acme\n    mode http\n    server acme 192.0.2.1"},
		{Do: "Then look again:", Paste: "dnsplan check a.example --only D-CAA"},
		{Do: "Write into its record in the inventory, in zone a.example:", Paste: `owner   = "TEAM"`},
	} {
		if !slices.ContainsFunc(all, func(text remedyText) bool { return text.among([]Remedy{want}) }) {
			t.Errorf("no text is of %q", want)
		}
		want.Do += "!"
		for _, text := range all {
			if text.among([]Remedy{want}) {
				t.Errorf("%q is taken for %s", want, text)
			}
		}
	}
}
