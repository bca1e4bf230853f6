package inventory

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// shape is what a key's value must look like.
type shape int

const (
	shapeTable shape = iota + 1
	shapeTables
	shapeString
	shapeStrings
	shapeBool
	shapeInt
	shapeSpan
	shapeQuorum
	shapeStatus
)

// wants says in words what a key of the shape holds.
func (s shape) wants() string {
	switch s {
	case shapeTable:
		return "a table, as in [%s]"
	case shapeTables:
		return "a list of tables, as in [[%s]]"
	case shapeString:
		return "a string in quotes"
	case shapeStrings:
		return "a list of strings"
	case shapeBool:
		return "true or false"
	case shapeInt:
		return "a whole number"
	case shapeSpan:
		return `a duration such as "1h30m", or whole seconds`
	case shapeStatus:
		return `a status such as 200, or a class such as "2xx"`
	default:
		return `"all", "majority" or a positive number`
	}
}

// takes tells whether a value of kind fits the shape.
func (s shape) takes(kind unstable.Kind) bool {
	switch s {
	case shapeTable:
		return kind == unstable.Table || kind == unstable.InlineTable
	case shapeTables:
		return kind == unstable.ArrayTable || kind == unstable.Array
	case shapeString:
		return kind == unstable.String
	case shapeStrings:
		return kind == unstable.Array
	case shapeBool:
		return kind == unstable.Bool
	case shapeInt:
		return kind == unstable.Integer
	default: // what is wrong with a number is told where it is parsed
		return kind == unstable.String || kind == unstable.Integer || kind == unstable.Float || kind == unstable.Bool
	}
}

// element returns the shape of one element of a list.
func (s shape) element() shape {
	if s == shapeTables {
		return shapeTable
	}
	return shapeString
}

// keyShapes returns the shape of every key of the format: "zone.record.ttl".
func keyShapes() map[string]shape {
	out := map[string]shape{}
	addShapes(out, "", reflect.TypeFor[tables]())
	return out
}

func addShapes(out map[string]shape, prefix string, t reflect.Type) {
	for f := range t.Fields() {
		path := join(prefix, []byte(f.Tag.Get("toml")))
		typ := f.Type
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		out[path] = shapeOf(typ)
		switch out[path] {
		case shapeTable:
			addShapes(out, path, typ)
		case shapeTables:
			addShapes(out, path, typ.Elem())
		}
	}
}

func shapeOf(t reflect.Type) shape {
	switch {
	case t == reflect.TypeFor[span]():
		return shapeSpan
	case t == reflect.TypeFor[quorum]():
		return shapeQuorum
	case t == reflect.TypeFor[status]():
		return shapeStatus
	case t.Kind() == reflect.Struct:
		return shapeTable
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return shapeTables
	case t.Kind() == reflect.Slice:
		return shapeStrings
	case t.Kind() == reflect.Bool:
		return shapeBool
	case t.Kind() == reflect.Int64:
		return shapeInt
	default:
		return shapeString
	}
}

// children returns the keys that a table may hold.
func children(shapes map[string]shape, table string) []string {
	var out []string
	for k := range shapes {
		if parentOf(k) == table {
			out = append(out, strings.TrimPrefix(k[len(table):], "."))
		}
	}
	slices.Sort(out)
	return out
}

// inspector finds unknown keys and values of the wrong shape.
type inspector struct {
	shapes map[string]shape
	doc    *document
	report *report
	drop   map[int]bool // expressions that cannot be decoded
}

// inspect walks the document, reports what the format does not allow, and
// leaves in doc.clean what can be decoded. It returns the expressions, and
// false when the syntax is broken and that is all that can be told.
func inspect(doc *document, r *report) ([]expression, bool) {
	in := &inspector{shapes: keyShapes(), doc: doc, report: r, drop: map[int]bool{}}
	expressions, offset, err := walk(doc.data, in.visit)
	if err != nil {
		r.pending = nil
		r.add("syntax", "", "%s", err).offset = offset
		return nil, false
	}
	doc.clean = slices.Clone(doc.data)
	for i := range in.drop {
		doc.blank(expressions, i)
	}
	return expressions, true
}

func (in *inspector) visit(e element) bool {
	list, isElement := strings.CutSuffix(e.keys, "[]")
	want, known := in.shapes[list]
	switch {
	case !known:
		in.unknown(e)
		return false
	case isElement:
		want = want.element()
	case want == shapeTables && e.kind == unstable.Table && strings.HasSuffix(e.path, "]"):
		return true // on the way to a table below the last element
	}
	if !want.takes(e.kind) {
		in.wrong(e, want)
		return false
	}
	return true
}

func (in *inspector) unknown(e element) {
	table := parentOf(e.keys)
	p := in.report.add("unknown-key", e.path, "unknown key %q", e.name).suggest(e.name, children(in.shapes, table))
	p.offset = e.key
}

func (in *inspector) wrong(e element, want shape) {
	text := strings.ReplaceAll(want.wants(), "%s", e.keys)
	name := e.name
	if name == "" {
		name = "an element of " + strings.TrimSuffix(e.keys[strings.LastIndexByte(e.keys, '.')+1:], "[]")
	}
	p := in.report.add("wrong-type", e.path, "%s is %s, but must be %s", name, kindName(e.kind), text)
	p.offset = e.at
	if e.implicit {
		p.Summary = fmt.Sprintf("no [[%s]] stands before what belongs in one", e.keys)
	}
	in.drop[e.expr] = true
	in.doc.bad[e.path] = true
	if strings.HasSuffix(e.keys, "[]") {
		in.doc.bad[parentOf(e.path)] = true
	}
}

func kindName(k unstable.Kind) string {
	switch k {
	case unstable.Table, unstable.InlineTable:
		return "a table"
	case unstable.ArrayTable:
		return "a list of tables"
	case unstable.Array:
		return "a list"
	case unstable.String:
		return "a string"
	case unstable.Bool:
		return "a boolean"
	case unstable.Integer:
		return "an integer"
	case unstable.Float:
		return "a float"
	default:
		return "a date or time"
	}
}

// blank overwrites the expression with index i by spaces; a table's header
// goes with all keys behind it. Offsets and line numbers stay as they are.
func (d *document) blank(expressions []expression, i int) {
	next := i + 1
	for expressions[i].header && next < len(expressions) && !expressions[next].header {
		next++
	}
	end := len(d.clean)
	if next < len(expressions) {
		end = expressions[next].start
	}
	part := d.clean[expressions[i].start:end]
	for j, c := range part {
		if c != '\n' {
			part[j] = ' '
		}
	}
}
