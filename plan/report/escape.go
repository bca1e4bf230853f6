package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/dnsplan/dnsplan/plan"
)

// writeJSON writes one document, which a terminal may be shown: see escaped.
func writeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(escaped(b.Bytes()))
	return err
}

// PlanJSON writes a plan as one document.
func PlanJSON(w io.Writer, p *plan.Plan) error {
	doc, err := plan.Marshal(p)
	if err != nil {
		return err
	}
	_, err = w.Write(escaped(doc))
	return err
}

// escaped writes those characters of a JSON text as \u009b that a terminal acts on or
// that turn the direction of writing, and that an encoder leaves as they are: DEL, the
// controls of ISO 6429 above it, and the bidirectional ones. They can only be in its
// strings, so that it means the same (RFC 8259, section 7).
func escaped(doc []byte) []byte {
	if bytes.IndexFunc(doc, acts) < 0 {
		return doc
	}
	var out bytes.Buffer
	for len(doc) > 0 {
		r, n := utf8.DecodeRune(doc)
		if acts(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.Write(doc[:n])
		}
		doc = doc[n:]
	}
	return out.Bytes()
}

func acts(r rune) bool {
	return r >= 0x7f && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}
