package acme

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// remedyText is what the source has for a remedy at one place: patterns of what is to
// be done and of what is to be pasted.
type remedyText struct{ at, do, paste string }

func (t remedyText) String() string { return t.at + ": " + t.do + " | " + t.paste }

// among tells whether one of the remedies is of the text.
func (t remedyText) among(all []Remedy) bool {
	do, paste := regexp.MustCompile("^(?s:"+t.do+")$"), regexp.MustCompile("^(?s:"+t.paste+")$")
	return slices.ContainsFunc(all, func(r Remedy) bool { return do.MatchString(r.Do) && paste.MatchString(r.Paste) })
}

// anything is the pattern of what only a run can tell.
const anything = ".*"

// sourceText is the package but its tests, of which texts are read without a
// compiler: what is not put together of constants is anything.
type sourceText struct {
	files  *token.FileSet
	all    []*ast.File
	funcs  map[string][]*ast.FuncDecl
	consts map[string]ast.Expr
	// calls are those of each function, cells what the tables of the package have in
	// each column.
	calls map[string][]call
	cells map[string][]ast.Expr
	// returns is what functions return that texts are made by.
	returns map[*ast.FuncDecl][]string
	// under are the variables that are being read.
	under map[string]bool
}

// call is a call within a function.
type call struct {
	by *ast.FuncDecl
	*ast.CallExpr
}

func readSource() *sourceText {
	s := &sourceText{
		files: token.NewFileSet(), funcs: map[string][]*ast.FuncDecl{}, consts: map[string]ast.Expr{},
		calls: map[string][]call{}, cells: map[string][]ast.Expr{}, returns: map[*ast.FuncDecl][]string{}, under: map[string]bool{},
	}
	names, _ := filepath.Glob("*.go") // the pattern is a good one
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(s.files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		s.all = append(s.all, file)
	}
	columns := s.columns()
	for _, file := range s.all {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				s.funcs[d.Name.Name] = append(s.funcs[d.Name.Name], d)
				s.index(d, columns)
			case *ast.GenDecl:
				s.constants(d)
			}
		}
	}
	return s
}

// columns are the names of the fields of each struct.
func (s *sourceText) columns() map[string][]string {
	out := map[string][]string{}
	for _, file := range s.all {
		ast.Inspect(file, func(n ast.Node) bool {
			if t, ok := n.(*ast.TypeSpec); ok {
				if of, ok := t.Type.(*ast.StructType); ok {
					for _, f := range of.Fields.List {
						for _, name := range f.Names {
							out[t.Name.Name] = append(out[t.Name.Name], name.Name)
						}
					}
				}
			}
			return true
		})
	}
	return out
}

func (s *sourceText) constants(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok && d.Tok == token.CONST {
			for i := range v.Values {
				s.consts[v.Names[i].Name] = v.Values[i]
			}
		}
	}
}

// index notes the calls and tables of a function.
func (s *sourceText) index(in *ast.FuncDecl, columns map[string][]string) {
	ast.Inspect(in, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			s.constants(n)
		case *ast.CallExpr:
			s.calls[callee(n)] = append(s.calls[callee(n)], call{in, n})
		case *ast.CompositeLit:
			of, ok := n.Type.(*ast.ArrayType)
			if !ok {
				break
			}
			for _, e := range n.Elts {
				row, ok := e.(*ast.CompositeLit)
				of, named := of.Elt.(*ast.Ident)
				if !ok || !named || len(row.Elts) != len(columns[of.Name]) {
					continue
				}
				for i, c := range columns[of.Name] {
					s.cells[c] = append(s.cells[c], row.Elts[i])
				}
			}
		}
		return true
	})
}

// callee is the name of the function that is called.
func callee(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// remedies are the texts of all remedies in the source. One whose parts may be several
// things, as by a variable, is several: each thing is to be seen.
func (s *sourceText) remedies() (out []remedyText) {
	for _, in := range slices.Concat(slices.Collect(maps.Values(s.funcs))...) {
		ast.Inspect(in, func(n ast.Node) bool {
			at, do, paste := "", []string{anything}, []string{anything}
			switch n := n.(type) {
			case *ast.CompositeLit:
				if e, ok := field(n, "Do"); ok {
					at, do, paste = s.at(n), s.patterns(in, e), []string{""}
				}
				if e, ok := field(n, "Paste"); ok {
					paste = s.patterns(in, e)
				}
			case *ast.AssignStmt:
				to, ok := n.Lhs[0].(*ast.SelectorExpr)
				switch {
				case ok && to.Sel.Name == "Do":
					at, do = s.at(n), s.patterns(in, n.Rhs[0])
				case ok && to.Sel.Name == "Paste" && n.Tok == token.ADD_ASSIGN:
					at, paste = s.at(n), product([]string{anything}, s.patterns(in, n.Rhs[0]))
				case ok && to.Sel.Name == "Paste":
					at, paste = s.at(n), s.patterns(in, n.Rhs[0])
				}
			}
			for _, d := range do {
				out = append(out, remedyText{at, d, anyOf(paste)})
			}
			for _, p := range paste {
				out = append(out, remedyText{at, anyOf(do), p})
			}
			return true
		})
	}
	return slices.DeleteFunc(out, func(t remedyText) bool { return t.at == "" || blank(t.do) && blank(t.paste) })
}

func (s *sourceText) at(n ast.Node) string { return s.files.Position(n.Pos()).String() }

// field is the value of a key in a literal.
func field(lit *ast.CompositeLit, name string) (ast.Expr, bool) {
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == name {
				return kv.Value, true
			}
		}
	}
	return nil, false
}

// patterns are what an expression of strings in a function may be.
func (s *sourceText) patterns(in *ast.FuncDecl, e ast.Expr) (out []string) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			out = []string{regexp.QuoteMeta(text)}
		}
	case *ast.BinaryExpr:
		out = product(s.patterns(in, e.X), s.patterns(in, e.Y))
	case *ast.Ident:
		out = s.values(in, e.Name, s.patterns)
	case *ast.SelectorExpr:
		out = s.selected(in, e)
	case *ast.CallExpr:
		switch f := callee(e); {
		case f == "Sprintf":
			out = s.formatted(in, e.Args)
		case f == "Join":
			out = product(product([]string{anything}, s.parts(in, e.Args[0])), []string{anything})
		case slices.Contains([]string{"String", "joinedWords", "listed", "clipped"}, f): // only a run can tell
		default:
			out = []string{s.returned(f)}
		}
	}
	if len(out) == 0 {
		return []string{anything}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// parts are what may be in a list of strings.
func (s *sourceText) parts(in *ast.FuncDecl, e ast.Expr) (out []string) {
	switch e := e.(type) {
	case *ast.CompositeLit:
		for _, x := range e.Elts {
			out = append(out, s.patterns(in, x)...)
		}
	case *ast.Ident:
		out = s.values(in, e.Name, s.parts)
	case *ast.CallExpr:
		f := callee(e)
		for i, x := range e.Args {
			switch {
			case f != "append":
			case i == 0 || e.Ellipsis.IsValid():
				out = append(out, s.parts(in, x)...)
			default:
				out = append(out, s.patterns(in, x)...)
			}
		}
		if len(s.funcs[f]) == 1 {
			for _, r := range results(s.funcs[f][0]) {
				out = append(out, s.parts(s.funcs[f][0], r)...)
			}
		}
	}
	return out
}

// values are what a name stands for: a constant, a parameter, or a variable of the
// function, each read by of.
func (s *sourceText) values(in *ast.FuncDecl, name string, of func(*ast.FuncDecl, ast.Expr) []string) (out []string) {
	if c, ok := s.consts[name]; ok {
		return of(in, c)
	}
	if key := in.Name.Name + "." + name; s.under[key] {
		return nil
	} else {
		s.under[key] = true
		defer delete(s.under, key)
	}
	given := func(params *ast.FieldList, calls []call) {
		i, variadic := parameter(params, name)
		for _, c := range calls {
			for j := i; i >= 0 && j < len(c.Args) && (j == i || variadic); j++ {
				if variadic && !c.Ellipsis.IsValid() {
					out = append(out, s.patterns(c.by, c.Args[j])...)
				} else {
					out = append(out, of(c.by, c.Args[j])...)
				}
			}
		}
	}
	given(in.Type.Params, s.calls[in.Name.Name])
	assigned(in, func(to string, tok token.Token, e ast.Expr) {
		f, local := e.(*ast.FuncLit)
		switch {
		case local:
			given(f.Type.Params, s.calls[to])
		case to == name && tok == token.ADD_ASSIGN:
			out = append(out, product([]string{anyOf(out)}, of(in, e))...)
		case to == name:
			out = append(out, of(in, e)...)
		}
	})
	return out
}

// assigned visits what is assigned to the variables of a function, one by one.
func assigned(in *ast.FuncDecl, visit func(to string, tok token.Token, e ast.Expr)) {
	ast.Inspect(in, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 0 {
			for _, to := range v.Names {
				visit(to.Name, token.ASSIGN, &ast.BasicLit{Kind: token.STRING, Value: `""`})
			}
		}
		a, ok := n.(*ast.AssignStmt)
		for i := 0; ok && i < len(a.Lhs); i++ {
			var e ast.Expr // none of a function's several
			if len(a.Lhs) == len(a.Rhs) {
				e = a.Rhs[i]
			}
			if to, ok := a.Lhs[i].(*ast.Ident); ok {
				visit(to.Name, a.Tok, e)
			}
		}
		return true
	})
}

// parameter is the place of a parameter, -1 where there is none of the name.
func parameter(params *ast.FieldList, name string) (at int, variadic bool) {
	i := 0
	for _, p := range params.List {
		for _, n := range p.Names {
			if n.Name == name {
				_, variadic = p.Type.(*ast.Ellipsis)
				return i, variadic
			}
			i++
		}
	}
	return -1, false
}

// selected are what a field stands for: that of a variable with a literal, or what is
// in its column of a table.
func (s *sourceText) selected(in *ast.FuncDecl, e *ast.SelectorExpr) (out []string) {
	x, ok := e.X.(*ast.Ident)
	if !ok {
		return nil
	}
	assigned(in, func(to string, _ token.Token, v ast.Expr) {
		if lit, ok := v.(*ast.CompositeLit); ok && to == x.Name {
			if value, ok := field(lit, e.Sel.Name); ok {
				out = append(out, s.patterns(in, value)...)
			}
		}
	})
	for _, cell := range s.cells[e.Sel.Name] {
		out = append(out, s.patterns(in, cell)...)
	}
	return out
}

// formatted are what Sprintf makes: strings are filled in, all else is anything.
func (s *sourceText) formatted(in *ast.FuncDecl, args []ast.Expr) []string {
	out := s.patterns(in, args[0])
	verbs := regexp.MustCompile(`%[-+0-9.]*[a-z]`)
	for _, arg := range args[1:] {
		with, filled := s.patterns(in, arg), []string(nil)
		for _, text := range out {
			at := verbs.FindStringIndex(text)
			if at == nil {
				return nil
			}
			if text[at[0]:at[1]] != "%s" {
				with = []string{anything}
			}
			for _, w := range with {
				filled = append(filled, text[:at[0]]+w+text[at[1]:])
			}
		}
		out = filled
	}
	return out
}

// returned is the pattern of what a function of the package returns: anything where
// there is none of the name, or several are.
func (s *sourceText) returned(name string) string {
	if len(s.funcs[name]) != 1 {
		return anything
	}
	f := s.funcs[name][0]
	if _, ok := s.returns[f]; !ok {
		s.returns[f] = nil // until it is known, as within itself
		var all []string
		for _, r := range results(f) {
			all = append(all, s.patterns(f, r)...)
		}
		slices.Sort(all)
		s.returns[f] = slices.Compact(all)
	}
	if len(s.returns[f]) == 0 {
		return anything
	}
	return anyOf(s.returns[f])
}

// results are what a function returns, of one thing.
func results(f *ast.FuncDecl) (out []ast.Expr) {
	ast.Inspect(f, func(n ast.Node) bool {
		if _, inner := n.(*ast.FuncLit); inner {
			return false
		}
		if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) == 1 {
			out = append(out, r.Results[0])
		}
		return true
	})
	return out
}

// made are the parts that functions of the package put into remedies.
func (s *sourceText) made() (out []remedyText) {
	for f, all := range s.returns {
		for _, text := range all {
			if !blank(text) {
				out = append(out, remedyText{s.at(f), text, ""})
			}
		}
	}
	return out
}

// blank tells whether a pattern has no text of its own.
func blank(pattern string) bool { return strings.Trim(pattern, ".*(?:|)") == "" }

// product is each of a before any of b, and any of a before each of b: what each may
// be is to be seen, and not all that they may be together.
func product(a, b []string) (out []string) {
	for _, x := range a {
		out = append(out, x+anyOf(b))
	}
	for _, y := range b {
		out = append(out, anyOf(a)+y)
	}
	return out
}

// anyOf is the pattern of any of all.
func anyOf(all []string) string {
	if len(all) == 1 {
		return all[0]
	}
	return "(?:" + strings.Join(all, "|") + ")"
}
