package acme

import (
	"context"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// What tests of this package have seen: checks that fail with a remedy, and what
// remedies say is to be done.
var broken, advised sync.Map

// Examined examines, and notes what is to be done about what was found.
func Examined(ctx context.Context, x *Examiner, subjects []*Subject, sel Selection) Found {
	found := x.Examine(ctx, subjects, sel)
	Broken(found.Findings)
	return found
}

// Offers expects each of the words in a remedy of the finding, in what is to be done
// or in what is to be pasted behind it.
func Offers(t *testing.T, f Finding, words ...string) {
	t.Helper()
	for _, w := range words {
		if !slices.ContainsFunc(f.Remedies, func(r Remedy) bool { return strings.Contains(r.text(), w) }) && w != "" {
			t.Errorf("%s: no remedy holds %q: %q", f.Check, w, f.Remedies)
		}
	}
}

// text is all of a remedy, each part with a line's end.
func (r Remedy) text() string { return r.Do + "\n" + r.Paste + "\n" }

// Broken notes which checks of what was found have failed with a remedy, and the
// remedies.
func Broken(found []Finding) {
	for _, f := range found {
		if f.Outcome == Fail && len(f.Remedies) > 0 {
			broken.Store(f.Check, true)
		}
		for _, r := range f.Remedies {
			advised.Store(r.Do, true)
		}
	}
}

// TestMain holds, where all tests have run, that each check was seen to fail with a
// remedy, and each remedy of the source to be given: something that breaks exactly
// that is among the tests.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if code == 0 && wholeRun() {
		var unseen []string
		for _, c := range Checks() {
			if _, ok := broken.Load(c.ID); !ok {
				unseen = append(unseen, "check "+string(c.ID))
			}
		}
		for at, text := range remedyTexts() {
			if !given(text) {
				unseen = append(unseen, "remedy at "+at+": "+text.String())
			}
		}
		if len(unseen) > 0 {
			fmt.Printf("FAIL: no test breaks what these are for:\n%s\n", strings.Join(unseen, "\n"))
			code = 1
		}
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

// given tells whether a remedy has said so.
func given(text *regexp.Regexp) (yes bool) {
	advised.Range(func(do, _ any) bool {
		yes = text.MatchString(do.(string))
		return !yes
	})
	return yes
}

// remedyTexts are what the package's source has for Remedy.Do, by where: a pattern
// with anything in place of what is filled in.
func remedyTexts() map[string]*regexp.Regexp {
	out, files := map[string]*regexp.Regexp{}, token.NewFileSet()
	names, _ := filepath.Glob("*.go") // the pattern is a good one
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			panic(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Do" {
					note(out, files, n.Value)
				}
			case *ast.AssignStmt:
				if to, ok := n.Lhs[0].(*ast.SelectorExpr); ok && to.Sel.Name == "Do" {
					note(out, files, n.Rhs[0])
				}
			}
			return true
		})
	}
	return out
}

func note(out map[string]*regexp.Regexp, files *token.FileSet, e ast.Expr) {
	if p := patternOf(e); p != anything {
		out[files.Position(e.Pos()).String()] = regexp.MustCompile("^(?s:" + p + ")$")
	}
}

// anything is the pattern of what only a run can tell.
const anything = ".*"

// patternOf is an expression of strings as a pattern.
func patternOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err != nil {
			panic(err)
		}
		return regexp.QuoteMeta(text)
	case *ast.BinaryExpr:
		return patternOf(e.X) + patternOf(e.Y)
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" {
			return regexp.MustCompile(`%[-+0-9.]*[a-z]`).ReplaceAllString(patternOf(e.Args[0]), anything)
		}
	}
	return anything
}
