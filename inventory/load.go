package inventory

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// File is an inventory as it was written: decoded, not yet resolved. It must
// not be used by several goroutines at once.
type File struct {
	tables   tables
	src      *document
	sum      string
	settings map[string]string // path of a key -> environment variable that set it
	problems []*pending        // of decoding and overriding
}

// Load reads, decodes and resolves the file at path. The error is an Errors,
// with all findings, when the file was read but must not be used.
func Load(path string) (*Inventory, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read inventory: %w", err)
	}
	f, found := Decode(path, data)
	if f == nil {
		return nil, found.Err()
	}
	inv, found := f.Resolve()
	if err := found.Err(); err != nil {
		return nil, err
	}
	return inv, nil
}

// byteOrderMark is what some editors put in front of a UTF-8 text. Columns count
// from behind it, as those editors do.
const byteOrderMark = "\uFEFF"

// Decode reads the text of an inventory strictly: an unknown key, a key given
// twice and a value of the wrong type are errors. Where the text can be read at
// all, File holds what was right, so that Resolve finds further mistakes; it
// tells those of Decode again. With broken syntax File is nil. A byte order mark
// in front is skipped. Path is only used for messages and to find what the file
// refers to.
func Decode(path string, data []byte) (*File, Diagnostics) {
	sum := sha256.Sum256(data)
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	f := &File{
		src:      &document{path: path, data: data, bad: map[string]bool{}},
		sum:      hex.EncodeToString(sum[:]),
		settings: map[string]string{},
	}
	strict := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	if err := strict.Decode(&f.tables); err == nil && !hasUpperCaseKey(data) {
		return f, nil
	}
	r := &report{doc: f.src}
	expressions, ok := inspect(f.src, r)
	if !ok {
		return nil, r.finish()
	}
	ok = f.decodeClean(expressions, r)
	f.problems = slices.Clone(r.pending)
	found := r.finish()
	if !ok {
		return nil, found
	}
	return f, found
}

// maxDecodeErrors bounds how often a text is decoded again after something that
// only the decoder finds, such as a key given twice, was blanked out.
const maxDecodeErrors = 20

// decodeClean decodes what is left of the document, and blanks out what the
// decoder still refuses. It returns false when nothing could be decoded.
func (f *File) decodeClean(expressions []expression, r *report) bool {
	for range maxDecodeErrors {
		f.tables = tables{}
		err := toml.Unmarshal(f.src.clean, &f.tables)
		if err == nil {
			return true
		}
		offset := f.refused(err, r)
		i, exact := slices.BinarySearchFunc(expressions, offset, func(e expression, at int) int { return e.start - at })
		if !exact {
			i--
		}
		if i < 0 {
			return false
		}
		f.src.blank(expressions, i)
	}
	return false
}

// refused reports an error of the decoder and returns where it was.
func (f *File) refused(err error, r *report) int {
	code, offset := "bad-value", 0
	if decode, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, col := decode.Position()
		offset = linesOf(f.src.data)[line-1] + col - 1
	}
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "toml: "), "toml: ")
	if strings.Contains(text, "already") {
		code = "duplicate-key"
	}
	r.add(code, "", "%s", text).offset = offset
	return offset
}

// hasUpperCaseKey tells whether something in front of an equals sign or in a
// table's header may be a key with upper case letters, which the decoder would
// take for the lower case one. It may be wrong about text inside strings, in
// which case only time is lost.
func hasUpperCaseKey(data []byte) bool {
	for at := 0; ; {
		n := bytes.IndexByte(data[at:], '=')
		if n < 0 {
			break
		}
		at += n
		word := bytes.TrimRight(data[:at], " \t")
		for len(word) > 0 && (isBare(rune(word[len(word)-1])) || strings.IndexByte(`."'`, word[len(word)-1]) >= 0) {
			if c := word[len(word)-1]; 'A' <= c && c <= 'Z' {
				return true
			}
			word = word[:len(word)-1]
		}
		at++
	}
	for line := range bytes.Lines(data) {
		line = bytes.TrimLeft(line, " \t")
		if end := bytes.IndexByte(line, ']'); len(line) > 0 && line[0] == '[' && end > 0 && !bytes.Equal(line[:end], bytes.ToLower(line[:end])) {
			return true
		}
	}
	return false
}

// Resolve checks what the file means and returns it as an Inventory. The
// findings hold those of Decode too. The Inventory is nil if one is an error.
func (f *File) Resolve() (*Inventory, Diagnostics) {
	r := &report{doc: f.src}
	for _, p := range f.problems {
		again := *p
		r.pending = append(r.pending, &again)
	}
	inv := &Inventory{Path: f.src.path, Dir: filepath.Dir(f.src.path), SHA256: f.sum, text: f.src}
	res := &resolver{tables: &f.tables, inv: inv, report: r}
	res.run()
	for _, p := range r.pending {
		if name, ok := f.settings[p.Subject]; ok && p.setting == "" && p.offset < 0 {
			p.setting = name
		}
	}
	found := r.finish()
	if found.Failed() {
		return nil, found
	}
	inv.Warnings = found
	return inv, found
}
