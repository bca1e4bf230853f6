package inventory

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// document is the text of a file and the place of everything in it. It is
// walked only when there is something to tell, since decoding alone is faster.
type document struct {
	path  string // as it was given
	data  []byte
	clean []byte          // data with what cannot be decoded blanked out
	bad   map[string]bool // paths that were blanked out, so that they are not missed too
}

// element is something in a document that has a place.
type element struct {
	path string // "zone[0].record[2].ttl"
	keys string // the same without indexes: "zone.record.ttl"
	name string // the last key, as it is written; empty for an element of a list
	kind unstable.Kind
	key  int // offset of the key, or of a table's header
	at   int // offset of the value
	expr int // index of the top-level expression
	// implicit is a table that a longer key only passes through.
	implicit bool
}

// expression is a top-level expression: a table's header or a key with a value.
type expression struct {
	start  int // offset of its first line
	header bool
}

// walker goes through a document in order. visit says whether to go into an
// element; for the header of a table it decides about all keys up to the next.
type walker struct {
	parser      unstable.Parser
	data        []byte
	visit       func(element) bool
	expressions []expression
	counts      map[string]int // elements so far of each list of tables
	path, keys  string         // of the table that is open
	skip        bool
}

// walk visits all elements and returns the expressions, and the first error of
// syntax with the offset at which it was found.
func walk(data []byte, visit func(element) bool) ([]expression, int, error) {
	w := &walker{data: data, visit: visit, counts: map[string]int{}}
	w.parser.Reset(data)
	for w.parser.NextExpression() {
		w.expression(w.parser.Expression())
	}
	err := w.parser.Error()
	if err == nil {
		return w.expressions, 0, nil
	}
	return w.expressions, w.errorOffset(err), err
}

func (w *walker) errorOffset(err error) int {
	perr, ok := errors.AsType[*unstable.ParserError](err)
	if !ok {
		return 0
	}
	offset := cap(w.data) - cap(perr.Highlight)
	if perr.Highlight == nil || offset < 0 || offset > len(w.data) {
		return 0
	}
	return offset
}

func (w *walker) expression(n *unstable.Node) {
	it := n.Key()
	it.Next()
	start := bytes.LastIndexByte(w.data[:it.Node().Raw.Offset], '\n') + 1
	header := n.Kind != unstable.KeyValue
	w.expressions = append(w.expressions, expression{start: start, header: header})
	if header {
		w.header(n)
	} else if !w.skip {
		w.keyValue(n, w.path, w.keys)
	}
}

func (w *walker) header(n *unstable.Node) {
	w.path, w.keys, w.skip = "", "", false
	first := true
	offset := 0
	for it := n.Key(); it.Next(); {
		k := it.Node()
		if first {
			offset = bytes.LastIndexByte(w.data[:k.Raw.Offset], '\n') + 1
			offset += len(w.data[offset:]) - len(bytes.TrimLeft(w.data[offset:], " \t"))
			first = false
		}
		kind := unstable.Table
		w.path, w.keys = join(w.path, k.Data), join(w.keys, k.Data)
		if it.IsLast() && n.Kind == unstable.ArrayTable {
			kind = n.Kind
			w.counts[w.path]++
		}
		if c := w.counts[w.path]; c > 0 && (kind == unstable.ArrayTable || !it.IsLast()) {
			w.path += "[" + strconv.Itoa(c-1) + "]"
		}
		e := element{path: w.path, keys: w.keys, name: string(k.Data), kind: kind, key: offset, at: offset, implicit: !it.IsLast()}
		if !w.emit(e) {
			w.skip = true
			return
		}
	}
}

func (w *walker) emit(e element) bool {
	e.expr = len(w.expressions) - 1
	return w.visit(e)
}

func (w *walker) keyValue(n *unstable.Node, path, keys string) {
	key, end := 0, 0
	var last element
	for it := n.Key(); it.Next(); {
		k := it.Node()
		if end == 0 {
			key = int(k.Raw.Offset)
		} else if !w.emit(last) {
			return
		}
		end = int(k.Raw.Offset + k.Raw.Length)
		path, keys = join(path, k.Data), join(keys, k.Data)
		last = element{path: path, keys: keys, name: string(k.Data), kind: unstable.Table, key: key, at: key, implicit: true}
	}
	last.implicit = false
	last.kind = n.Value().Kind
	last.at = w.valueOffset(end)
	if w.emit(last) {
		w.inside(n.Value(), last)
	}
}

// valueOffset returns where the value starts behind the key that ends at end.
func (w *walker) valueOffset(end int) int {
	rest := bytes.TrimLeft(w.data[end:], " \t")
	rest = bytes.TrimLeft(bytes.TrimPrefix(rest, []byte("=")), " \t")
	return len(w.data) - len(rest)
}

// inside visits the elements of a list and the keys of an inline table.
func (w *walker) inside(v *unstable.Node, of element) {
	switch v.Kind {
	case unstable.Array:
		i := 0
		for it := v.Children(); it.Next(); i++ {
			c := it.Node()
			e := element{path: of.path + "[" + strconv.Itoa(i) + "]", keys: of.keys + "[]", kind: c.Kind, key: of.at, at: of.at}
			if c.Raw.Length > 0 {
				e.key, e.at = int(c.Raw.Offset), int(c.Raw.Offset)
			}
			if w.emit(e) {
				w.inside(c, e)
			}
		}
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			w.keyValue(it.Node(), of.path, strings.TrimSuffix(of.keys, "[]"))
		}
	}
}

// join appends a key to a path. A key that is not bare is quoted, so that it
// never looks like several keys or an index.
func join(path string, key []byte) string {
	k := string(key)
	if k == "" || strings.ContainsFunc(k, func(r rune) bool { return !isBare(r) }) {
		k = strconv.Quote(k)
	}
	if path == "" {
		return k
	}
	return path + "." + k
}

// isBare tells whether r may stand in an unquoted key of TOML.
func isBare(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_'
}

// pathOf writes a path from keys (string) and indexes (int).
func pathOf(parts ...any) string {
	var b strings.Builder
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b.WriteString("[" + strconv.Itoa(p) + "]")
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(p)
		}
	}
	return b.String()
}

// parentOf cuts the last key or index off a path.
func parentOf(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

// place is where an element stands: offsets of its key and its value, or -1.
type place struct{ key, value int }

// locate finds the places of paths in one walk. A path that the document does
// not hold has the place of what it would lie in.
func (d *document) locate(paths []string) map[string]place {
	found := map[string]place{"": {-1, -1}}
	wanted := map[string]bool{}
	for _, p := range paths {
		for ; p != "" && !wanted[p]; p = parentOf(p) {
			wanted[p] = true
		}
	}
	text := d.clean
	if text == nil {
		text = d.data
	}
	_, _, _ = walk(text, func(e element) bool {
		if _, ok := found[e.path]; wanted[e.path] && !ok {
			found[e.path] = place{e.key, e.at}
		}
		return true
	})
	out := make(map[string]place, len(paths))
	for _, p := range paths {
		from := p
		for {
			if at, ok := found[from]; ok {
				out[p] = at
				break
			}
			from = parentOf(from)
		}
		if from != p { // missing: what should hold it is the place
			out[p] = place{out[p].key, out[p].key}
		}
	}
	return out
}

// lines holds the offset of each line of a text.
type lines []int

func linesOf(data []byte) lines {
	l := lines{0}
	for at := 0; ; {
		n := bytes.IndexByte(data[at:], '\n')
		if n < 0 {
			return l
		}
		at += n + 1
		l = append(l, at)
	}
}

// position turns an offset into a line and a column, both from 1; a negative
// offset has none.
func (l lines) position(offset int) (line, col int) {
	if offset < 0 {
		return 0, 0
	}
	line, exact := slices.BinarySearch(l, offset)
	if exact {
		line++
	}
	return line, offset - l[line-1] + 1
}
